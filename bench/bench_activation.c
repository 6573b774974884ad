#include "bench_ops.h"
#include "cases/activation.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_activation, FMX__COUNT(fmx_cases_activation));
}

const fmx__bench fmx__bench_activation = {"activation", run};

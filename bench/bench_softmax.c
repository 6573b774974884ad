#include "bench_ops.h"
#include "cases/softmax.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_softmax, FMX__COUNT(fmx_cases_softmax));
}

const fmx__bench fmx__bench_softmax = {"softmax", run};

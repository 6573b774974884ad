#include "bench_ops.h"
#include "cases/norm.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_norm, FMX__COUNT(fmx_cases_norm));
}

const fmx__bench fmx__bench_norm = {"norm", run};

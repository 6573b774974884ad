#include "bench_ops.h"
#include "cases/flatten.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_flatten, FMX__COUNT(fmx_cases_flatten));
}

const fmx__bench fmx__bench_flatten = {"flatten", run};

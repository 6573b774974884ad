#include "bench_ops.h"
#include "cases/dropout.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_dropout, FMX__COUNT(fmx_cases_dropout));
}

const fmx__bench fmx__bench_dropout = {"dropout", run};

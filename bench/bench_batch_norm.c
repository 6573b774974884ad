#include "bench_ops.h"
#include "cases/batch_norm.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_batch_norm, FMX__COUNT(fmx_cases_batch_norm));
}

const fmx__bench fmx__bench_batch_norm = {"batch_norm", run};

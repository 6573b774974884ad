#include "bench_ops.h"
#include "cases/dense.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status =
        fmx__bench_ops(device, results, fmx_cases_dense, FMX__COUNT(fmx_cases_dense));
    if (status != FMX_OK)
        return status;
    return fmx__bench_ops(device, results, fmx_cases_dense_large,
                          FMX__COUNT(fmx_cases_dense_large));
}

const fmx__bench fmx__bench_dense = {"dense", run};

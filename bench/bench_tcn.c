#include "bench_ops.h"
#include "cases/tcn.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = fmx__bench_ops(device, results, fmx_cases_tcn, FMX__COUNT(fmx_cases_tcn));
    if (status == FMX_OK)
        status =
            fmx__bench_ops(device, results, fmx_cases_tcn_block, FMX__COUNT(fmx_cases_tcn_block));
    return status;
}

const fmx__bench fmx__bench_tcn = {"tcn", run};

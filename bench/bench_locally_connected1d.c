#include "bench_ops.h"
#include "cases/locally_connected1d.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_locally_connected1d,
                          FMX__COUNT(fmx_cases_locally_connected1d));
}

const fmx__bench fmx__bench_locally_connected1d = {"locally_connected1d", run};

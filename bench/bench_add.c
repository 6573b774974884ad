#include "bench_ops.h"
#include "cases/add.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_add, FMX__COUNT(fmx_cases_add));
}

const fmx__bench fmx__bench_add = {"add", run};

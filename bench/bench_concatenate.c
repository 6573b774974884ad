#include "bench_ops.h"
#include "cases/concatenate.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_concatenate,
                          FMX__COUNT(fmx_cases_concatenate));
}

const fmx__bench fmx__bench_concatenate = {"concatenate", run};

#include "bench_ops.h"
#include "cases/multiply.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_multiply, FMX__COUNT(fmx_cases_multiply));
}

const fmx__bench fmx__bench_multiply = {"multiply", run};

#include "bench_ops.h"
#include "cases/depthwise_conv1d.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    return fmx__bench_ops(device, results, fmx_cases_depthwise_conv1d,
                          FMX__COUNT(fmx_cases_depthwise_conv1d));
}

const fmx__bench fmx__bench_depthwise_conv1d = {"depthwise_conv1d", run};

#include <stdio.h>

#include "bench_ops.h"
#include "cases/conv1d.h"

/* Three products of equal size, each measured by itself. */

static fmx_status forward(void *user)
{
    fmx_op_run *run = user;
    return fmx__op_conv1d.forward(&run->call);
}

static fmx_status data(void *user)
{
    fmx_op_run *run = user;
    return fmx__conv1d_backward_data(&run->call);
}

static fmx_status weights(void *user)
{
    fmx_op_run *run = user;
    return fmx__conv1d_backward_weights(&run->call);
}

static const struct {
    const char *name;
    fmx__bench_step step;
} steps[] = {{"", forward}, {", data", data}, {", weights", weights}};

static fmx_status measure(fmx_device *device, fmx__bench_run *results, const fmx_op_case *c)
{
    char name[64];
    fmx_op_run run = {0};
    fmx_status status = fmx_op_run_open(device, c, 1, &run);
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(steps); ++i) {
        snprintf(name, sizeof name, "%s%s", c->name, steps[i].name);
        status = fmx__bench_measure(results, name, NULL, steps[i].step, &run);
    }
    fmx_op_run_close(&run);
    return status;
}

static fmx_status run_all(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_conv1d); ++i) {
        if (fmx_cases_conv1d[i].bench)
            status = measure(device, results, &fmx_cases_conv1d[i]);
    }
    return status;
}

const fmx__bench fmx__bench_conv1d = {"conv1d", run_all};

#include <stdio.h>

#include "bench_ops.h"
#include "cases/activation.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    size_t shape = FMX__COUNT(fmx_shapes_activation) - 1;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_activation); ++i) {
        const fmx_case_activation *f = &fmx_cases_activation[i];
        char name[64];
        snprintf(name, sizeof name, "%s, %s", f->name, fmx_shapes_activation[shape].name);
        const fmx_op_case c = {.name = name,
                               .op = f->op,
                               .batch = fmx_shapes_activation[shape].batch,
                               .in_count = 1,
                               .in = {fmx_shapes_activation[shape].in},
                               .bench = true};
        status = fmx__bench_op_with(device, results, &c, f->settings);
    }
    return status;
}

const fmx__bench fmx__bench_activation = {"activation", run};

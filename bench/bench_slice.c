#include <stdlib.h>

#include "bench_ops.h"
#include "cases/slice.h"
#include "op_options.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_slice); ++i) {
        fmx_op_case c = fmx_cases_slice[i].op;
        void *options =
            fmx_op_options(fmx__device_context(device), c.op, fmx_cases_slice[i].settings);
        if (options == NULL)
            return FMX_ERROR_INTERNAL;
        c.options = options;
        status = fmx__bench_ops(device, results, &c, 1);
        free(options);
    }
    return status;
}

const fmx__bench fmx__bench_slice = {"slice", run};

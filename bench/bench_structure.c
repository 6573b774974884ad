#include "bench_ops.h"
#include "cases/structure.h"

static fmx_status run(fmx_device *device, fmx__bench_run *results)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(fmx_cases_structure); ++i)
        status = fmx__bench_op_with(device, results, &fmx_cases_structure[i].op,
                                    fmx_cases_structure[i].settings);
    return status;
}

const fmx__bench fmx__bench_structure = {"structure", run};

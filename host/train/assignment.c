#include "assignment.h"

enum { GROUP = 64 };

fmx_status fmx__assignment_run(fmx_device *device, fmx__assignment_method method, size_t batch,
                               size_t n, fmx_buffer *costs, fmx_buffer *columns, fmx_buffer *totals)
{
    bool exhaustive = method == FMX__ASSIGNMENT_EXHAUSTIVE;
    bool wide = fmx__device_wide(device);
    size_t most = exhaustive ? FMX__ASSIGNMENT_EXHAUSTIVE_MOST : FMX__ASSIGNMENT_MOST;
    if (n == 0 || n > most)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_ARGUMENT,
                         "assignment: %zu rows, 1 to %zu can be assigned %s", n, most,
                         exhaustive ? "exhaustively" : "at all");
    size_t bytes = batch * n * n * sizeof(float);
    fmx__arg args[6] = {
        fmx__arg_buffer(columns, batch * n * sizeof(uint32_t)),
        fmx__arg_buffer(totals, batch * sizeof(float)),
        fmx__arg_buffer(costs, bytes),
        exhaustive ? fmx__arg_u64(batch) : fmx__arg_u32(n),
        exhaustive ? fmx__arg_u32(n)
        : wide     ? fmx__arg_u64(batch)
                   : fmx__arg_local((size_t)3 * FMX__ASSIGNMENT_MOST * sizeof(float)),
        fmx__arg_local(((size_t)3 * FMX__ASSIGNMENT_MOST + 1) * sizeof(uint32_t)),
    };
    fmx__launch job = {
        .stem = "assignment",
        .kernel = exhaustive ? "assignment_exhaustive"
                  : wide     ? "assignment_hungarian_wide"
                             : "assignment_hungarian",
        .arg = args,
        .arg_count = exhaustive || wide ? 5 : 6,
        .dims = 1,
        .local = {wide && !exhaustive ? 1 : GROUP},
        .flops = (double)bytes / sizeof(float) * (exhaustive ? 6 : 3 * (double)n),
        .bytes = (double)bytes,
    };
    *(exhaustive || wide ? job.global : job.groups) = batch;
    return fmx__launch_kernel(device, &job);
}

#include "limits.h"

#include "launch.h"

enum { GROUP = 64, CHAINS = 16, WIDTH = 16 };

fmx_status fmx__limits_copy(fmx_device *device, fmx_buffer *to, fmx_buffer *from, size_t floats)
{
    fmx__arg args[] = {
        fmx__arg_buffer(to, floats * sizeof(float)),
        fmx__arg_buffer(from, floats * sizeof(float)),
        fmx__arg_u32(floats / WIDTH),
    };
    fmx__launch job = {
        .stem = "limits",
        .kernel = "limits_copy",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {floats / WIDTH},
        .local = {GROUP},
        .bytes = 2.0 * (double)floats * sizeof(float),
    };
    if (floats % WIDTH != 0)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "limits: %zu floats are not a multiple of %d", floats, WIDTH);
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__limits_fma(fmx_device *device, fmx_buffer *out, size_t items, size_t steps, float a,
                           float b)
{
    fmx__arg args[] = {
        fmx__arg_buffer(out, items * WIDTH * sizeof(float)),
        fmx__arg_u32(items),
        fmx__arg_u32(steps),
        fmx__arg_f32(a),
        fmx__arg_f32(b),
    };
    fmx__launch job = {
        .stem = "limits",
        .kernel = "limits_fma",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {items},
        .local = {GROUP},
        .flops = 2.0 * CHAINS * WIDTH * (double)items * (double)steps,
        .bytes = (double)items * WIDTH * sizeof(float),
    };
    return fmx__launch_kernel(device, &job);
}

#include "line_fit.h"

enum { GROUP = 256, LEAST_POINTS = 4, MOST_POINTS = 1 << 24 };

fmx_status fmx__line_fit(fmx_device *device, fmx_buffer *lines, const fmx__line_fit_of *of)
{
    bool wide = fmx__device_wide(device);
    size_t rounds = of->rounds > 0 ? of->rounds : FMX__LINE_FIT_ROUNDS;
    size_t points = of->rows * of->points;
    size_t values = of->values > 0 ? of->values : FMX__LINE_VALUES;
    if (values > FMX__LINE_VALUES)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_ARGUMENT,
                         "line fit: %zu values of a line are wanted; it has %d", values,
                         FMX__LINE_VALUES);
    if (of->points < LEAST_POINTS || of->points > MOST_POINTS || of->rows == 0)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "line fit: %zu spectra of %zu points; at least one of %d to %d points is "
                         "needed",
                         of->rows, of->points, LEAST_POINTS, MOST_POINTS);
    fmx__arg args[9] = {
        fmx__arg_buffer(lines, of->rows * values * sizeof(float)),
        fmx__arg_buffer(of->spectra, points * sizeof(float)),
        wide ? fmx__arg_u32(of->rows) : fmx__arg_local(GROUP * 16 * sizeof(float)),
        fmx__arg_u32(of->points),
        fmx__arg_u32(of->shape == FMX__LINE_PSEUDO_VOIGT),
        fmx__arg_u32(rounds),
        fmx__arg_f32(of->least),
        fmx__arg_f32(of->step_hz),
        fmx__arg_u32(values),
    };
    fmx__launch job = {
        .stem = "line_fit",
        .kernel = wide ? "line_fit_wide" : "line_fit",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .local = {wide ? 1 : GROUP},
        .flops =
            (double)points * (double)(rounds + 1) * (of->shape == FMX__LINE_PSEUDO_VOIGT ? 90 : 36),
        .bytes = (double)points * sizeof(float),
    };
    *(wide ? job.global : job.groups) = of->rows;
    return fmx__launch_kernel(device, &job);
}

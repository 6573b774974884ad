#include "query_windows.h"

enum { GROUP = 64 };

fmx_status fmx__query_windows(fmx_device *device, fmx_buffer *out, const fmx__query_windows_of *of)
{
    bool wide = fmx__device_wide(device);
    size_t spectra = of->count * of->points * sizeof(float);
    size_t rows = of->queries * (FMX__QUERY_PARTS + 1);
    if (of->queries < 1 || of->count < 1 || of->points < 1 || of->points > INT32_MAX)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "query_windows: %zu queries, %zu spectra of %zu points; there must be at "
                         "least one of each",
                         of->queries, of->count, of->points);
    fmx__arg args[] = {
        fmx__arg_buffer(out, of->queries * FMX__QUERY_CHANNELS * FMX__QUERY_WINDOW * sizeof(float)),
        fmx__arg_buffer(of->spectra, spectra),
        fmx__arg_buffer(of->fitted, spectra),
        fmx__arg_buffer(of->heights, of->heights_count * sizeof(float)),
        fmx__arg_buffer(of->windows, of->queries * FMX__QUERY_PARTS * sizeof(fmx__query_window)),
        fmx__arg_buffer(of->numbers, of->queries * FMX__QUERY_WINDOW * sizeof(float)),
        fmx__arg_u32(of->queries),
        fmx__arg_u32(of->points),
    };
    double values = (double)rows * FMX__QUERY_WINDOW;
    fmx__launch job = {
        .stem = "query_windows",
        .kernel = wide ? "query_windows_wide" : "query_windows",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {wide ? 1 : FMX__QUERY_WINDOW, rows},
        .local = {wide ? 1 : GROUP, 1},
        /* two logarithms a position; of windows whose positions are one point each */
        .flops = 60 * values,
        .bytes = 6.0 * sizeof(float) * values,
    };
    return fmx__launch_kernel(device, &job);
}

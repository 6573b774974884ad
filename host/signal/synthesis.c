#include "synthesis.h"

#include <math.h>

enum { GROUP = 256 };

uint32_t fmx__synthesis_window(double low, double high, size_t points)
{
    const double block = FMX__SYNTHESIS_BLOCK;
    double first = floor(fmax(low, 0) / block);
    double end = floor(fmin(high, (double)points - 1) / block) + 1;
    return high < 0 || low > (double)points - 1 || !(end > first)
               ? 0
               : (uint32_t)first | (uint32_t)(end - first) << 16;
}

size_t fmx__synthesis_plan_bytes(size_t rows, size_t parts, size_t humps)
{
    return rows * sizeof(fmx__synthesis_head) + parts * sizeof(fmx__synthesis_part) +
           humps * sizeof(fmx__synthesis_hump);
}

static fmx_status check(fmx_device *device, const fmx__synthesis_of *of)
{
    fmx_context *ctx = fmx__device_context(device);
    if (of->rows < 1 || of->points < 1 || of->points > FMX__SYNTHESIS_MOST_POINTS)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "synthesis: %zu rows of %zu points; at least one of each, and at most %d "
                         "points",
                         of->rows, of->points, (int)FMX__SYNTHESIS_MOST_POINTS);
    if (!(of->reach >= 1 && of->reach <= 1e6) || !(of->cell >= 0.01 && of->cell <= 16))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "synthesis: reach is %g and cell %g; 1 to 1e6 half widths and 0.01 to 16 "
                         "points are possible",
                         of->reach, of->cell);
    return FMX_OK;
}

fmx_status fmx__synthesis(fmx_device *device, fmx_buffer *out, const fmx__synthesis_of *of)
{
    bool wide = fmx__device_wide(device);
    fmx_status status = check(device, of);
    if (status != FMX_OK)
        return status;
    size_t parts_at = of->rows * sizeof(fmx__synthesis_head) / sizeof(uint32_t);
    size_t humps_at = parts_at + of->parts * sizeof(fmx__synthesis_part) / sizeof(uint32_t);
    double values = (double)of->rows * (double)of->points;
    fmx__arg args[] = {
        fmx__arg_buffer(out, of->rows * of->points * sizeof(float)),
        fmx__arg_buffer(of->lines, of->line_count * sizeof(fmx__synthesis_line)),
        fmx__arg_buffer(of->plan, fmx__synthesis_plan_bytes(of->rows, of->parts, of->humps)),
        fmx__arg_local(wide ? sizeof(float) : GROUP * sizeof(float)),
        fmx__arg_u32(parts_at),
        fmx__arg_u32(humps_at),
        fmx__arg_u32(of->points),
        fmx__arg_f32(of->reach),
        fmx__arg_f32(of->cell / 2),
    };
    fmx__launch job = {
        .stem = "synthesis",
        .kernel = wide ? "synthesis_wide" : "synthesis",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {of->rows},
        .local = {wide ? 1 : GROUP},
        /* far from a line: its place, a square, a quotient, the series, the sum; near ones take
         * about three times that */
        .flops = 9 * of->work + 2 * values,
        .bytes = sizeof(float) * 2 * values,
    };
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__synthesis_sources(fmx_device *device, fmx_buffer *sources, fmx_buffer *rows,
                                  size_t row_count, fmx_buffer *facts, fmx_buffer *slot,
                                  size_t slots, size_t mixtures, size_t points)
{
    double values = (double)slots * (double)mixtures * (double)points;
    if (slots < 1 || mixtures < 1 || points < 1 || row_count < 1)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "synthesis: sources of %zu mixtures in %zu places, %zu points", mixtures,
                         slots, points);
    fmx__arg args[] = {
        fmx__arg_buffer(sources, slots * mixtures * points * sizeof(float)),
        fmx__arg_buffer(rows, row_count * points * sizeof(float)),
        fmx__arg_buffer(facts, mixtures * 2 * sizeof(float)),
        fmx__arg_buffer(slot, slots * mixtures * sizeof(fmx__synthesis_slot)),
        fmx__arg_u32(slots),
        fmx__arg_u32(mixtures),
        fmx__arg_u32(points),
    };
    fmx__launch job = {
        .stem = "synthesis",
        .kernel = "synthesis_sources",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(points + 3) / 4, slots * mixtures},
        .local = {64, 1},
        .flops = values,
        .bytes = sizeof(float) * 2 * values,
    };
    return fmx__launch_kernel(device, &job);
}

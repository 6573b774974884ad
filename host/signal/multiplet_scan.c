#include "multiplet_scan.h"

/* Pairs of a launch: none runs for long. */
enum { GROUP = 64, BATCH = 32768 };

static fmx_status check(fmx_context *ctx, const fmx__scan_of *of)
{
    if (of->count < 1 || of->pair_count < 1 || of->pair_count > UINT32_MAX)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "multiplet_scan: %zu pairs of %zu spectra; there must be at least one of "
                         "each",
                         of->pair_count, of->count);
    if (of->reach > FMX__SCAN_MOST_REACH)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "multiplet_scan: reach is %zu points, at most %d are possible", of->reach,
                         (int)FMX__SCAN_MOST_REACH);
    if (!(of->quantile >= 0 && of->quantile <= (float)FMX__SCAN_MOST_QUANTILE))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "multiplet_scan: quantile is %g, 0 to %g are possible",
                         (double)of->quantile, FMX__SCAN_MOST_QUANTILE);
    return FMX_OK;
}

/* Operations of a pair: the mean pattern's samples pass ten ranks at two each, its points take
 * seven for the correlation. */
static double work_of(const fmx__scan_of *of)
{
    const fmx__pattern_table *t = of->table;
    double patterns = (double)(t->widths * t->patterns);
    double samples = (double)t->samples_count / patterns;
    double points = (double)t->heights_count / patterns - FMX__PATTERN_PAD;
    return (2 * (double)of->reach + 1) * (21 * samples + 7 * points);
}

fmx_status fmx__multiplet_scan(fmx_device *device, fmx_buffer *hits, const fmx__scan_of *of)
{
    const fmx__pattern_table *t = of->table;
    bool wide = fmx__device_wide(device);
    size_t all = t->widths * t->patterns;
    size_t shifts = (2 * of->reach + 1 + 15) / 16 * 16;
    size_t length = FMX__PATTERN_MOST_POINTS + shifts + 16;
    fmx_status status = check(fmx__device_context(device), of);
    for (size_t first = 0; status == FMX_OK && first < of->pair_count; first += BATCH) {
        size_t pairs = of->pair_count - first < BATCH ? of->pair_count - first : BATCH;
        fmx__arg args[] = {
            fmx__arg_buffer(hits, of->pair_count * 2 * sizeof(fmx__scan_hit)),
            fmx__arg_buffer(of->spectra, of->count * t->axis.points * sizeof(float)),
            fmx__arg_buffer(t->records, all * sizeof(fmx__pattern)),
            fmx__arg_buffer(t->heights, t->heights_count * sizeof(float)),
            fmx__arg_buffer(t->shapes, all * sizeof(fmx__pattern_shape)),
            fmx__arg_buffer(t->samples, t->samples_count * sizeof(fmx__pattern_sample)),
            fmx__arg_buffer(of->width, of->count * sizeof(uint32_t)),
            fmx__arg_buffer(of->centre, of->count * sizeof(float)),
            fmx__arg_buffer(of->pairs, of->pair_count * 2 * sizeof(uint32_t)),
            fmx__arg_local(2 * (length + shifts) * sizeof(float)),
            fmx__arg_local(wide ? sizeof(float) : GROUP * sizeof(float)),
            fmx__arg_u32(first),
            fmx__arg_u32(t->axis.points),
            fmx__arg_u32(t->patterns),
            fmx__arg_u32(of->reach),
            fmx__arg_f32(of->quantile),
            fmx__arg_u32(length),
            fmx__arg_u32(shifts),
        };
        fmx__launch job = {
            .stem = "multiplet_scan",
            .kernel = wide ? "multiplet_scan_wide" : "multiplet_scan",
            .arg = args,
            .arg_count = FMX__COUNT(args),
            .dims = 1,
            .groups = {pairs},
            .local = {wide ? 1 : GROUP},
            .flops = (double)pairs * work_of(of),
            .bytes = (double)pairs * (sizeof(float) * 2.0 * (double)shifts + 80),
        };
        status = fmx__launch_kernel(device, &job);
    }
    return status;
}

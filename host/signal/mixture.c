#include "mixture.h"
#include "philox.h"

enum { GROUP = 256, MOST_POINTS = 1 << 24 };

size_t fmx__mixture_words(size_t most)
{
    return FMX__MIXTURE_HEAD_WORDS + most * (sizeof(fmx__mixture_part) / sizeof(uint32_t));
}

static fmx_status check(fmx_device *device, const fmx__mixture_of *of)
{
    fmx_context *ctx = fmx__device_context(device);
    if (of->most < 1 || of->most > FMX__MIXTURE_MOST)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "mixture: %zu parts; 1 to %d are possible",
                         of->most, (int)FMX__MIXTURE_MOST);
    if (of->count < 1 || of->points < 1 || of->library_rows < 1 || of->points > MOST_POINTS)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "mixture: %zu mixtures of %zu points from %zu spectra; there must be at "
                         "least one of each, and at most %d points",
                         of->count, of->points, of->library_rows, (int)MOST_POINTS);
    return FMX_OK;
}

fmx_status fmx__mixture(fmx_device *device, fmx_buffer *out, fmx_buffer *facts,
                        const fmx__mixture_of *of)
{
    bool wide = fmx__device_wide(device);
    fmx_status status = check(device, of);
    if (status != FMX_OK)
        return status;
    double points = (double)of->count * (double)of->points;
    double parts = of->parts > 0 ? (double)of->parts : (double)of->count * (double)of->most;
    fmx__arg args[] = {
        fmx__arg_buffer(out, of->count * of->points * sizeof(float)),
        fmx__arg_buffer(facts, of->count * 2 * sizeof(float)),
        fmx__arg_buffer(of->library, of->library_rows * of->points * sizeof(float)),
        fmx__arg_buffer(of->plan, of->count * fmx__mixture_words(of->most) * sizeof(uint32_t)),
        fmx__arg_local(wide ? sizeof(float) : GROUP * sizeof(float)),
        fmx__arg_u32(of->points),
        fmx__arg_u32(of->most),
        fmx__arg_u32(of->by_noise ? 2 : of->divide),
        fmx__arg_u32(fmx__random_key(of->seed)),
        fmx__arg_f32(of->smooth),
    };
    fmx__launch job = {
        .stem = "mixture",
        .kernel = wide ? "mixture_wide" : "mixture",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {of->count},
        .local = {wide ? 1 : GROUP},
        /* a product and a sum for each part, the comparison, the division; noise: Philox,
         * logarithm, sine, cosine, about 45 a sample, are not counted where there is none */
        .flops = 2 * parts * (double)of->points + 2 * points,
        .bytes = sizeof(float) * (parts * (double)of->points + points),
    };
    return fmx__launch_kernel(device, &job);
}

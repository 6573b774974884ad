#include "shift.h"

#include <math.h>

#include "launch.h"
#include "philox.h"

enum { GROUP = 64, WIDE = 256 }; /* as in the kernel file */

#define FMX_FIELD(name) offsetof(fmx__shift_options, name)
static const fmx__option option_table[] = {
    {"shift_ppm", FMX__OPTION_NUMBER, FMX_FIELD(shift_ppm), "ppm", 0, 100, NULL,
     "s: shift of the last step"},
    {"jitter_ppm", FMX__OPTION_NUMBER, FMX_FIELD(jitter_ppm), "ppm", 0, 100, NULL,
     "j: by how much s deviates at random, uniform on both sides"},
    {"steps", FMX__OPTION_INTEGER, FMX_FIELD(steps), "", 1, 1000000, NULL,
     "K: steps to each side; a spectrum becomes 2 K + 1"},
};
#undef FMX_FIELD

static const fmx__shift_options defaults = {0.05, 0.001, 4};

const fmx__option_group fmx__shift_group = {
    .name = "shift",
    .doc = "The published scheme: for k = 1 .. K every spectrum is rolled circularly by "
           "+-(s + U(-1, 1) j) k / K ppm.",
    .options = option_table,
    .option_count = FMX__COUNT(option_table),
    .defaults = &defaults,
    .options_size = sizeof defaults,
};

uint32_t fmx__shift_copies(const fmx__shift_options *options)
{
    return (uint32_t)(2 * options->steps + 1);
}

double fmx__shift_ppm(const fmx__shift_options *options, uint64_t seed, uint64_t item,
                      uint32_t copy)
{
    uint32_t words[4];
    if (copy == 0)
        return 0;
    uint32_t k = (copy + 1) / 2;
    fmx__random_words(words, seed, FMX__PURPOSE_SHIFT, item, copy, 0);
    double u = 2 * fmx__uniform(words[0]) - 1;
    double ppm =
        (options->shift_ppm + u * options->jitter_ppm) * (double)k / (double)options->steps;
    return copy % 2 == 1 ? ppm : -ppm;
}

uint32_t fmx__shift_points(double shift_ppm, size_t points, double ppm_step)
{
    /* the axis descends: towards high ppm is towards point 0 */
    double by = fmod(round(shift_ppm / fabs(ppm_step)), (double)points);
    return (uint32_t)(by < 0 ? by + (double)points : by);
}

fmx_status fmx__shift_apply(fmx_device *device, fmx_buffer *library, fmx_buffer *items,
                            size_t count, size_t points, fmx_buffer *out)
{
    bool wide = fmx__device_wide(device);
    size_t per_item = wide ? WIDE : 1;
    size_t row_bytes = points * sizeof(float);
    fmx__arg args[] = {
        fmx__arg_buffer(out, count * row_bytes),
        fmx__arg_buffer(library, row_bytes),
        fmx__arg_buffer(items, count * sizeof(fmx__shift_item)),
        fmx__arg_u32(count),
        fmx__arg_u32(fmx_buffer_bytes(library) / row_bytes),
        fmx__arg_u32(points),
    };
    fmx__launch job = {
        .stem = "shift",
        .kernel = wide ? "shift_wide" : "shift",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(points + per_item - 1) / per_item, count},
        .local = {wide ? 1 : GROUP},
        .bytes = 2.0 * (double)count * (double)row_bytes,
    };
    return fmx__launch_kernel(device, &job);
}

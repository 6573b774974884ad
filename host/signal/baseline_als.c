/* Baseline by asymmetric least squares. */
#include <math.h>
#include <stdlib.h>

#include "baseline_internal.h"

enum { GROUP = 64, LANES = 16, PARTS = 8 };

/* Longest wave, in blocks: lambda stays below (400 / 2 pi)^4 = 1.6e7, see the docs page. */
static const double most_blocks = 400;

typedef struct als {
    fmx_signal *signal;
    fmx__baseline_window *window;
    uint32_t *count; /* [row_lanes] */
    float *lambda;   /* [row_lanes] */
    fmx_buffer *work;
    size_t means; /* of the longest row */
    size_t row_lanes;
    bool wide;
} als;

static size_t part_floats(const als *a)
{
    return a->means * a->row_lanes;
}

/* Half of a wave of `length` blocks is left where lambda (2 pi / length)^4 = 1. Rounded to 16 bits:
 * the kernel wants its multiples to be exact. */
static float penalty(double length)
{
    int exponent = 0;
    double share = frexp(pow(length / (2 * 3.14159265358979323846), 4), &exponent);
    return (float)ldexp(round(ldexp(share, 16)), exponent - 16);
}

static fmx_status block_means(const als *a)
{
    const fmx_signal *signal = a->signal;
    double points = (double)signal->rows * (double)signal->points;
    fmx__arg args[] = {
        fmx__arg_buffer(a->work, part_floats(a) * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(a->window, signal->rows * sizeof *a->window),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(a->row_lanes),
        fmx__arg_u32(a->means),
    };
    fmx__launch job = {
        .stem = "baseline_als",
        .kernel = "baseline_als_means",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {a->means, a->row_lanes},
        .local = {GROUP},
        .flops = points,
        .bytes = (points + (double)part_floats(a)) * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status solve_round(const als *a, double asymmetry, bool is_first)
{
    double means = (double)part_floats(a);
    fmx__arg args[] = {
        fmx__arg_buffer(a->work, PARTS * part_floats(a) * sizeof(float)),
        fmx__arg_data(a->count, a->row_lanes * sizeof *a->count),
        fmx__arg_data(a->lambda, a->row_lanes * sizeof *a->lambda),
        fmx__arg_u32(a->row_lanes),
        fmx__arg_u32(a->means),
        fmx__arg_f32(asymmetry),
        fmx__arg_u32(is_first ? 1 : 0),
    };
    fmx__launch job = {
        .stem = "baseline_als",
        .kernel = "baseline_als_round",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {a->wide ? a->row_lanes / LANES : a->row_lanes},
        .local = {a->wide ? 1 : LANES},
        .flops = 260 * means, /* in floats: additions and products of pairs take 20 and 6 */
        .bytes = 15 * means * sizeof(float),
    };
    return fmx__launch_kernel(a->signal->device, &job);
}

static fmx_status prepare(als *a, const fmx_baseline *options)
{
    fmx_signal *signal = a->signal;
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_status status =
        fmx__alloc(ctx, signal->rows, sizeof *a->window, "baseline windows", &a->window);
    if (status == FMX_OK)
        status = fmx__baseline_windows(signal, options, options->length_ppm / most_blocks * 1.5,
                                       a->window, &a->means);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, a->row_lanes, sizeof *a->count, "baseline counts", &a->count);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, a->row_lanes, sizeof *a->lambda, "baseline penalties", &a->lambda);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        double block = a->window[i].block * fabs(signal->row[i].ppm_step);
        double length = options->length_ppm / block;
        a->count[i] = (uint32_t)a->window[i].count;
        a->lambda[i] = penalty(length < most_blocks ? length : most_blocks);
    }
    if (status == FMX_OK)
        status =
            fmx_buffer_create(signal->device, PARTS * part_floats(a) * sizeof(float), &a->work);
    return status;
}

fmx_status fmx__baseline_als(fmx_signal *signal, const fmx_baseline *options)
{
    als a = {
        .signal = signal,
        .row_lanes = (signal->rows + LANES - 1) / LANES * LANES,
        .wide = fmx__device_wide(signal->device),
    };
    fmx_status status = prepare(&a, options);
    if (status == FMX_OK)
        status = block_means(&a);
    for (int64_t i = 0; status == FMX_OK && i < options->als_rounds; ++i)
        status = solve_round(&a, options->asymmetry, i == 0);
    if (status == FMX_OK)
        status = fmx__baseline_subtract(
            signal, a.window, &(fmx__baseline_estimate){a.work, part_floats(&a), 1, a.row_lanes});
    fmx_buffer_release(a.work);
    free(a.lambda);
    free(a.count);
    free(a.window);
    return status;
}

#include "fidmix/baseline.h"

#include <math.h>
#include <stdlib.h>

#include "baseline_internal.h"

enum { GROUP = 256, SUBTRACT_GROUP = 64, LANES = 16 };
static const double block_ppm = 0.005; /* means of about this width */

static const char *const methods[] = {"percentile", "median", "als", "polynomial", NULL};

#define FMX_FIELD(name) offsetof(fmx_baseline, name)
static const fmx__option option_table[] = {
    {"method", FMX__OPTION_CHOICE, FMX_FIELD(method), "", 0, 0, methods, "how it is estimated"},
    {"window_ppm", FMX__OPTION_NUMBER, FMX_FIELD(window_ppm), "ppm", 0.01, 100, NULL,
     "percentile: width of the rolling window; wider than any multiplet"},
    {"percentile", FMX__OPTION_NUMBER, FMX_FIELD(percentile), "%", 0, 100, NULL,
     "percentile: which one"},
    {"iterations", FMX__OPTION_INTEGER, FMX_FIELD(iterations), "", 0, 20, NULL,
     "percentile: rounds of clipped means"},
    {"median_points", FMX__OPTION_INTEGER, FMX_FIELD(median_points), "points", 2, 4000, NULL,
     "median: width of the window less one"},
    {"smooth_points", FMX__OPTION_INTEGER, FMX_FIELD(smooth_points), "points", 1, 4000, NULL,
     "median: width of the smoothing kernel"},
    {"smooth_sigma", FMX__OPTION_NUMBER, FMX_FIELD(smooth_sigma), "points", 0.1, 1000, NULL,
     "median: standard deviation of the kernel's Gaussian"},
    {"length_ppm", FMX__OPTION_NUMBER, FMX_FIELD(length_ppm), "ppm", 0.05, 20, NULL,
     "als: a wave of this length is followed by half"},
    {"asymmetry", FMX__OPTION_NUMBER, FMX_FIELD(asymmetry), "", 0.001, 0.5, NULL,
     "als: weight of what lies above the baseline; one minus it below"},
    {"als_rounds", FMX__OPTION_INTEGER, FMX_FIELD(als_rounds), "", 1, 100, NULL,
     "als: rounds of reweighting"},
    {"order", FMX__OPTION_INTEGER, FMX_FIELD(order), "", 0, 9, NULL, "polynomial: its order"},
    {"clip_sigma", FMX__OPTION_NUMBER, FMX_FIELD(clip_sigma), "", 0.1, 1e6, NULL,
     "polynomial: points nearer than this many noise deviations count in full"},
    {"fit_rounds", FMX__OPTION_INTEGER, FMX_FIELD(fit_rounds), "", 1, 100, NULL,
     "polynomial: rounds of reweighting"},
};
#undef FMX_FIELD

static const fmx_baseline defaults = FMX_BASELINE_DEFAULT;
extern const fmx__stage fmx__stage_baseline;

static int32_t odd(double width, int32_t least)
{
    int32_t rounded = width < 1e6 ? (int32_t)(width + 0.5) : 1000000;
    rounded |= 1;
    return rounded < least ? least : rounded;
}

static fmx__baseline_window window_of(const fmx_row *row, size_t points,
                                      const fmx_baseline *options, double least_ppm)
{
    fmx__baseline_window w = {.block = 1};
    double step_ppm = fabs(row->ppm_step);
    double width_ppm = least_ppm > block_ppm ? least_ppm : block_ppm;
    while (w.block * 1.5 * step_ppm < width_ppm && (size_t)w.block * 2 <= points)
        w.block *= 2;
    w.count = (int32_t)((points + (size_t)w.block - 1) / (size_t)w.block);
    int32_t most = w.count | 1;
    w.wide = odd(options->window_ppm / (step_ppm * w.block), 9);
    w.wide = w.wide > most ? most : w.wide;
    w.narrow = (w.wide / 2) | 1;
    return w;
}

fmx_status fmx__baseline_windows(const fmx_signal *signal, const fmx_baseline *options,
                                 double least_ppm, fmx__baseline_window *window, size_t *longest)
{
    *longest = 0;
    for (size_t i = 0; i < signal->rows; ++i) {
        if (signal->row[i].ppm_step == 0 || !isfinite(signal->row[i].ppm_step))
            return fmx__fail(fmx__device_context(signal->device), FMX_ERROR_ARGUMENT,
                             "baseline: row %zu has no axis (ppm_step)", i);
        window[i] = window_of(&signal->row[i], signal->points, options, least_ppm);
        *longest = (size_t)window[i].count > *longest ? (size_t)window[i].count : *longest;
    }
    return FMX_OK;
}

static fmx_status estimate(fmx_signal *signal, const fmx_baseline *options, fmx_buffer *scratch,
                           const fmx__baseline_window *window, size_t stride, size_t pad)
{
    bool wide = fmx__device_wide(signal->device);
    fmx__arg args[] = {
        fmx__arg_buffer(scratch, signal->rows * FMX__BASELINE_PARTS * stride * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(window, signal->rows * sizeof *window),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(stride),
        fmx__arg_u32(pad),
        fmx__arg_f32(options->percentile),
        fmx__arg_local(GROUP * sizeof(float)),
    };
    double means = 0;
    double steps = 0;
    for (size_t i = 0; i < signal->rows; ++i) {
        means += window[i].count;
        steps += (double)window[i].count * window[i].wide * (2.0 * 32 + 1);
    }
    fmx__launch job = {
        .stem = "baseline",
        .kernel = "baseline_percentile",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {signal->rows},
        .local = {wide ? 1 : GROUP},
        .fixed_group = true,
        .flops = steps,
        .bytes = ((double)signal->rows * (double)signal->points + 2 * means) * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status refine(fmx_signal *signal, fmx_buffer *scratch,
                         const fmx__baseline_window *window, size_t stride, size_t pad)
{
    double means = 0;
    double steps = 0;
    fmx__arg args[] = {
        fmx__arg_buffer(scratch, signal->rows * FMX__BASELINE_PARTS * stride * sizeof(float)),
        fmx__arg_data(window, signal->rows * sizeof *window),
        fmx__arg_u32(stride),
        fmx__arg_u32(pad),
    };
    for (size_t i = 0; i < signal->rows; ++i) {
        means += window[i].count;
        steps += (double)window[i].count * (2.0 * window[i].wide + window[i].narrow + 12);
    }
    fmx__launch job = {
        .stem = "baseline",
        .kernel = "baseline_round",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {signal->rows},
        .local = {fmx__device_wide(signal->device) ? 1 : GROUP},
        .fixed_group = true,
        .flops = steps,
        .bytes = 10 * means * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

fmx_status fmx__baseline_subtract(fmx_signal *signal, const fmx__baseline_window *window,
                                  const fmx__baseline_estimate *estimate)
{
    bool wide = fmx__device_wide(signal->device);
    size_t stretches = 0;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_buffer(estimate->buffer, fmx_buffer_bytes(estimate->buffer)),
        fmx__arg_data(window, signal->rows * sizeof *window),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(estimate->row_step),
        fmx__arg_u32(estimate->step),
        fmx__arg_u32(estimate->start),
    };
    for (size_t i = 0; i < signal->rows; ++i)
        stretches = (size_t)window[i].count > stretches ? (size_t)window[i].count : stretches;
    double points = (double)signal->rows * (double)signal->points;
    fmx__launch job = {
        .stem = "baseline",
        .kernel = wide ? "baseline_subtract_wide" : "baseline_subtract",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {wide ? stretches + 1 : signal->points, signal->rows},
        .local = {SUBTRACT_GROUP},
        .flops = 6 * points,
        .bytes = 2 * points * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

fmx_status fmx__baseline_percentile(fmx_signal *signal, const fmx_baseline *options,
                                    const fmx__baseline_window *window, fmx_buffer **scratch,
                                    size_t *row_stride, size_t *row_pad)
{
    size_t widest = 0;
    size_t longest = 0;
    for (size_t i = 0; i < signal->rows; ++i) {
        widest = (size_t)window[i].wide > widest ? (size_t)window[i].wide : widest;
        longest = (size_t)window[i].count > longest ? (size_t)window[i].count : longest;
    }
    size_t pad = (widest / 2 + LANES) / LANES * LANES;
    size_t stride = (longest + 2 * pad + 2 * LANES) / LANES * LANES;
    *row_pad = pad;
    *row_stride = stride;
    fmx_status status = fmx_buffer_create(
        signal->device, signal->rows * FMX__BASELINE_PARTS * stride * sizeof(float), scratch);
    if (status == FMX_OK)
        status = estimate(signal, options, *scratch, window, stride, pad);
    for (int64_t i = 0; status == FMX_OK && i < options->iterations; ++i)
        status = refine(signal, *scratch, window, stride, pad);
    return status;
}

static fmx_status percentile(fmx_signal *signal, const fmx_baseline *options)
{
    fmx__baseline_window *window = NULL;
    fmx__baseline_estimate found = {.step = 1};
    size_t longest = 0;
    size_t stride = 0;
    fmx_status status = fmx__alloc(fmx__device_context(signal->device), signal->rows,
                                   sizeof *window, "baseline windows", &window);
    if (status == FMX_OK)
        status = fmx__baseline_windows(signal, options, 0, window, &longest);
    if (status == FMX_OK)
        status =
            fmx__baseline_percentile(signal, options, window, &found.buffer, &stride, &found.start);
    found.row_step = FMX__BASELINE_PARTS * stride;
    if (status == FMX_OK)
        status = fmx__baseline_subtract(signal, window, &found);
    fmx_buffer_release(found.buffer);
    free(window);
    return status;
}

/* In the order of fmx_baseline_method. */
static fmx_status (*const correct[])(fmx_signal *signal, const fmx_baseline *options) = {
    percentile,
    fmx__baseline_median,
    fmx__baseline_als,
    fmx__baseline_polynomial,
};

fmx_status fmx_correct_baseline(fmx_signal *signal, const fmx_baseline *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_status status = fmx__need(signal, "baseline", FMX_DOMAIN_FREQUENCY, false);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_baseline.group, options);
    if (status == FMX_OK)
        status = correct[options->method](signal, options);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_correct_baseline(signal, options);
}

const fmx__stage fmx__stage_baseline = {
    .group =
        {
            .name = "baseline",
            .doc = "Estimates what lies under the lines and subtracts it.",
            .options = option_table,
            .option_count = FMX__COUNT(option_table),
            .defaults = &defaults,
            .options_size = sizeof defaults,
        },
    .needs = FMX__NEEDS_FREQUENCY,
    .run = run,
};

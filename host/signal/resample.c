#include "fidmix/resample.h"

#include <math.h>
#include <stdlib.h>

#include "philox.h"
#include "signal_internal.h"

enum { GROUP = 64, WIDE = 16 }; /* items per group; new points per item of the wide variant */

static const char *const methods[] = {"linear", "cubic", "area", NULL};
static const char *const outsides[] = {"noise", "zero", "edge", NULL};

#define FMX_FIELD(name) offsetof(fmx_resample, name)
static const fmx__option option_table[] = {
    {"first_ppm", FMX__OPTION_NUMBER, FMX_FIELD(first_ppm), "ppm", -1e5, 1e5, NULL,
     "chemical shift of the first point"},
    {"last_ppm", FMX__OPTION_NUMBER, FMX_FIELD(last_ppm), "ppm", -1e5, 1e5, NULL,
     "chemical shift of the last point"},
    {"points", FMX__OPTION_INTEGER, FMX_FIELD(points), "points", 0, (double)FMX__MOST_POINTS, NULL,
     "points of the new axis; 0: the axis section's axis"},
    {"method", FMX__OPTION_CHOICE, FMX_FIELD(method), "", 0, 0, methods,
     "how values between points are found"},
    {"outside", FMX__OPTION_CHOICE, FMX_FIELD(outside), "", 0, 0, outsides,
     "what stands where the spectrum does not reach"},
};
#undef FMX_FIELD

/* in a recipe the axis section decides unless `points` is given */
static const fmx_resample defaults = {10.0, 0.0, 0, FMX_RESAMPLE_LINEAR, FMX_RESAMPLE_NOISE};

/* One row's positions, in 2^-32 points. */
typedef struct row_axis {
    int64_t start;
    int64_t step;
    float sigma;
    uint32_t item_low;
    uint32_t item_high;
    uint32_t unused;
} row_axis;

extern const fmx__stage fmx__stage_resample;

static double step_ppm(const fmx_resample *options)
{
    return (options->last_ppm - options->first_ppm) / (double)(options->points - 1);
}

static fmx_status axis_of(const fmx_signal *signal, size_t i, const fmx_resample *options,
                          row_axis *axis)
{
    static const double furthest = 1 << 30; /* points: positions must fit 32 bits and a fraction */
    fmx_context *ctx = fmx__device_context(signal->device);
    const fmx_row *row = &signal->row[i];
    double start = (options->first_ppm - row->ppm_first) / row->ppm_step;
    double step = step_ppm(options) / row->ppm_step;
    double last = start + step * (double)(options->points - 1);
    if (row->ppm_step == 0 || !(fabs(start) < furthest) || !(fabs(last) < furthest))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "resample: the axis of row %zu (%g ppm, then %g ppm a point) does not fit "
                         "the common one",
                         i, row->ppm_first, row->ppm_step);
    axis->start = (int64_t)llround(ldexp(start, 32));
    axis->step = (int64_t)llround(ldexp(step, 32));
    axis->sigma = row->noise_sigma > 0 ? row->noise_sigma : 0;
    axis->item_low = (uint32_t)row->item;
    axis->item_high = (uint32_t)(row->item >> 32);
    return FMX_OK;
}

static fmx_status launch(fmx_signal *signal, const fmx_resample *options, const row_axis *axis,
                         fmx_buffer *out)
{
    bool wide = fmx__device_wide(signal->device);
    size_t points = (size_t)options->points;
    size_t count = signal->rows * points;
    size_t per_item = wide ? WIDE : 1;
    double taps = options->method == FMX_RESAMPLE_CUBIC ? 4 : 2;
    double read = fmin((double)signal->rows * (double)signal->points, taps * (double)count);
    fmx__arg args[] = {
        fmx__arg_buffer(out, count * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(axis, signal->rows * sizeof *axis),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(points),
        fmx__arg_u32(signal->points),
        fmx__arg_u32((size_t)options->method + 4 * (size_t)options->outside),
        fmx__arg_u32(fmx__random_key(signal->seed)),
    };
    fmx__launch job = {
        .stem = "resample",
        .kernel = wide ? "resample_wide" : "resample",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .flops = (options->method == FMX_RESAMPLE_CUBIC ? 19 : 4) * (double)count,
        .bytes = sizeof(float) * ((double)count + read),
    };
    return fmx__launch_kernel(signal->device, &job);
}

/* Rows after resampling. */
static void set_axes(fmx_signal *signal, const fmx_resample *options)
{
    for (size_t i = 0; i < signal->rows; ++i) {
        fmx_row *row = &signal->row[i];
        double mhz = row->sf_mhz > 0 ? row->sf_mhz : row->obs_mhz;
        row->ppm_first = options->first_ppm;
        row->ppm_step = step_ppm(options);
        row->sw_hz = fabs(row->ppm_step) * mhz * (double)options->points;
        row->valid = (size_t)options->points;
    }
}

fmx_status fmx_resample_axis(fmx_signal *signal, const fmx_resample *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    row_axis *axis = NULL;
    fmx_buffer *out = NULL;
    size_t bytes = 0;
    fmx_status status = fmx__options_check(ctx, &fmx__stage_resample.group, options);
    if (status == FMX_OK && (options->points < 2 || options->first_ppm == options->last_ppm))
        status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                           "resample: the new axis needs 2 points or more, at different shifts");
    if (status == FMX_OK)
        status = fmx__signal_to_real(signal);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *axis, "resample axes", &axis);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i)
        status = axis_of(signal, i, options, &axis[i]);
    if (status == FMX_OK && !fmx__size_mul(signal->rows, (size_t)options->points * 4, &bytes))
        status = fmx__fail(ctx, FMX_ERROR_SHAPE, "resample: %zu rows of %lld points are too many",
                           signal->rows, (long long)options->points);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, bytes, &out);
    if (status == FMX_OK)
        status = launch(signal, options, axis, out);
    if (status == FMX_OK) {
        fmx__signal_replace(signal, out, FMX_DOMAIN_FREQUENCY, false, (size_t)options->points);
        out = NULL;
        set_axes(signal, options);
    }
    fmx_buffer_release(out);
    free(axis);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_resample_axis(signal, options);
}

const fmx__stage fmx__stage_resample = {
    .group = {.name = "resample",
              .doc = "Takes every spectrum to the common ppm axis.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_FREQUENCY,
    .run = run,
};

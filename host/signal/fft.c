#include "fidmix/fft.h"

#include <math.h>
#include <stdlib.h>

#include "fft_rows.h"
#include "signal_internal.h"

enum { GROUP = 64, WIDE = 16 }; /* items per group; points per item of the wide variant */

static const char *const scales[] = {"none", "1/N", "1/sqrt(N)", NULL};

static const fmx__option option_table[] = {
    {"scale", FMX__OPTION_CHOICE, offsetof(fmx_fft_options, scale), "", 0, 0, scales,
     "what the sum over the N points is multiplied by"},
};

static const fmx_fft_options defaults = FMX_FFT_DEFAULT;

extern const fmx__stage fmx__stage_fft;

static double forward_scale(const fmx_fft_options *options, size_t points)
{
    switch (options->scale) {
    case FMX_FFT_BY_POINTS:
        return 1.0 / (double)points;
    case FMX_FFT_BY_ROOT:
        return 1.0 / sqrt((double)points);
    default:
        return 1;
    }
}

/* Turns per point of k that take out a delay of so many points, in units of 2^-64, modulo one turn.
 * fmod is exact, and so is the product with a power of two; what is left is the rounding of the
 * quotient, 2^-53 of at most one turn: 1.5e-11 turns at k = 2^17. */
static uint64_t ramp_step(double delay, size_t points)
{
    double turns = fmod(delay, (double)points) / (double)points; /* -1 to 1 */
    if (turns < 0)
        turns += 1;
    return turns >= 1 ? 0 : (uint64_t)(turns * 0x1p64);
}

/* out = in in the spectrum's order, which also undoes itself. */
static fmx_status reorder(fmx_signal *signal, fmx_buffer *out, fmx_buffer *in,
                          const uint64_t *steps)
{
    fmx__arg args[] = {
        fmx__arg_buffer(out, fmx__signal_bytes(signal)),
        fmx__arg_buffer(in, fmx__signal_bytes(signal)),
        fmx__arg_data(steps, signal->rows * sizeof *steps),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
    };
    double points = (double)signal->rows * (double)signal->points;
    bool wide = fmx__device_wide(signal->device);
    size_t per_item = wide ? WIDE : 1;
    fmx__launch job = {
        .stem = "fft",
        .kernel = wide ? "fft_spectrum_wide" : "fft_spectrum",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(signal->points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP, 1},
        .flops = points * 30,
        .bytes = points * 4 * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status check_rows(const fmx_signal *signal)
{
    for (size_t i = 0; i < signal->rows; ++i) {
        const fmx_row *row = &signal->row[i];
        if (!(row->sw_hz > 0 && row->obs_mhz > 0 && row->sf_mhz > 0 && isfinite(row->sw_hz) &&
              isfinite(row->obs_mhz) && isfinite(row->sf_mhz) && isfinite(row->group_delay)))
            return fmx__fail(fmx__device_context(signal->device), FMX_ERROR_ARGUMENT,
                             "fft: row %zu needs a spectral width (sw_hz %g), frequencies (obs_mhz "
                             "%g, sf_mhz %g) and a finite group delay (%g)",
                             i, row->sw_hz, row->obs_mhz, row->sf_mhz, row->group_delay);
    }
    return FMX_OK;
}

/* The rows' facts once the spectrum is there. */
static void set_axis(fmx_signal *signal)
{
    double points = (double)signal->points;
    double first_k = ceil(points / 2) - 1;
    for (size_t i = 0; i < signal->rows; ++i) {
        fmx_row *row = &signal->row[i];
        double first_hz = first_k * row->sw_hz / points;
        row->ppm_first = ((row->obs_mhz - row->sf_mhz) * 1e6 + first_hz) / row->sf_mhz;
        row->ppm_step = -row->sw_hz / points / row->sf_mhz;
        row->group_delay = 0;
    }
}

fmx_status fmx_fft(fmx_signal *signal, const fmx_fft_options *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_buffer *fresh = NULL;
    uint64_t *steps = NULL;
    fmx_status status = fmx__need(signal, "fft", FMX_DOMAIN_TIME, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_fft.group, options);
    if (status == FMX_OK)
        status = check_rows(signal);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *steps, "group delays", &steps);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, fmx__signal_bytes(signal), &fresh);
    if (status != FMX_OK)
        goto out;
    for (size_t i = 0; i < signal->rows; ++i)
        steps[i] = ramp_step(signal->row[i].group_delay, signal->points);
    fmx__fft of = {.out = fresh,
                   .in = signal->data,
                   .rows = signal->rows,
                   .points = signal->points,
                   .scale = forward_scale(options, signal->points)};
    status = fmx__fft_rows(signal->device, &of);
    if (status == FMX_OK)
        status = reorder(signal, signal->data, fresh, steps);
    if (status != FMX_OK)
        goto out;
    signal->domain = FMX_DOMAIN_FREQUENCY;
    set_axis(signal);
out:
    fmx_buffer_release(fresh);
    free(steps);
    return status;
}

fmx_status fmx_fft_inverse(fmx_signal *signal, const fmx_fft_options *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_buffer *fresh = NULL;
    uint64_t *steps = NULL;
    fmx_status status = fmx__need(signal, "the inverse fft", FMX_DOMAIN_FREQUENCY, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_fft.group, options);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *steps, "group delays", &steps);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, fmx__signal_bytes(signal), &fresh);
    if (status == FMX_OK)
        status = reorder(signal, fresh, signal->data, steps);
    fmx__fft of = {.out = signal->data,
                   .in = fresh,
                   .rows = signal->rows,
                   .points = signal->points,
                   .inverse = true,
                   .scale = 1 / ((double)signal->points * forward_scale(options, signal->points))};
    if (status == FMX_OK)
        status = fmx__fft_rows(signal->device, &of);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        signal->domain = FMX_DOMAIN_TIME;
        signal->row[i].valid = signal->points;
        signal->row[i].ppm_first = 0;
        signal->row[i].ppm_step = 0;
    }
    fmx_buffer_release(fresh);
    free(steps);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_fft(signal, options);
}

const fmx__stage fmx__stage_fft = {
    .group = {.name = "fft",
              .doc = "Transforms the decay to a spectrum, high to low ppm; takes out what is left "
                     "of the group delay.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_TIME,
    .run = run,
};

#include "fidmix/phase.h"

#include <math.h>
#include <stdlib.h>

#include "phase_rows.h"
#include "signal_internal.h"

enum { GROUP = 64, WIDE = 8 }; /* items per group; complex points per item of the wide variant */

#define FMX_FIELD(name) offsetof(fmx_phase, name)
static const fmx__option option_table[] = {
    {"p0_deg", FMX__OPTION_NUMBER, FMX_FIELD(p0_deg), "degrees", -1e6, 1e6, NULL,
     "zero-order correction"},
    {"p1_deg", FMX__OPTION_NUMBER, FMX_FIELD(p1_deg), "degrees", -1e6, 1e6, NULL,
     "first-order correction over the whole width, from the high-ppm end"},
};
#undef FMX_FIELD

static const fmx_phase defaults = FMX_PHASE_DEFAULT;

/* An angle as the kernel takes it: fractions of a turn in units of 2^-64, whole turns dropped. */
typedef struct row_phase {
    uint64_t start;
    uint64_t step; /* per point */
} row_phase;

static uint64_t fraction_of_turn(double turns)
{
    turns -= floor(turns);
    return turns < 1 ? (uint64_t)ldexp(turns, 64) : 0; /* -1e-20 + 1 rounds to 1 */
}

fmx_status fmx__phase_rows(fmx_buffer *data, size_t rows, size_t points, const double *p0_deg,
                           const double *p1_deg, fmx_device *device)
{
    fmx_context *ctx = fmx__device_context(device);
    bool wide = fmx__device_wide(device);
    row_phase *phase = NULL;
    fmx_status status = fmx__alloc(ctx, rows, sizeof *phase, "phases", &phase);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i) {
        if (!isfinite(p0_deg[i]) || !isfinite(p1_deg[i]))
            status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                               "phase: row %zu: %g and %g degrees; both must be finite", i,
                               p0_deg[i], p1_deg[i]);
        else
            phase[i] = (row_phase){fraction_of_turn(p0_deg[i] / 360),
                                   fraction_of_turn(p1_deg[i] / 360 / (double)points)};
    }
    if (status != FMX_OK)
        goto out;
    double count = (double)rows * (double)points;
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(data, rows * points * 2 * sizeof(float)),
        fmx__arg_data(phase, rows * sizeof *phase),
        fmx__arg_u32(rows),
        fmx__arg_u32(points),
    };
    fmx__launch job = {
        .stem = "phase",
        .kernel = wide ? "phase_wide" : "phase",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(points + per_item - 1) / per_item, rows},
        .local = {GROUP},
        .flops = count * 30,
        .bytes = count * 4 * sizeof(float),
    };
    status = fmx__launch_kernel(device, &job);
out:
    free(phase);
    return status;
}

extern const fmx__stage fmx__stage_phase;

fmx_status fmx_apply_phase(fmx_signal *signal, const fmx_phase *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    double *angle = NULL; /* p0 of every row, then p1 */
    fmx_status status = fmx__need(signal, "phase", FMX_DOMAIN_FREQUENCY, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_phase.group, options);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 2 * signal->rows, sizeof *angle, "phases", &angle);
    if (status != FMX_OK)
        goto out;
    for (size_t i = 0; i < signal->rows; ++i) {
        angle[i] = options->p0_deg;
        angle[signal->rows + i] = options->p1_deg;
    }
    status = fmx__phase_rows(signal->data, signal->rows, signal->points, angle,
                             angle + signal->rows, signal->device);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        signal->row[i].p0_deg = remainder(signal->row[i].p0_deg + options->p0_deg, 360);
        signal->row[i].p1_deg += options->p1_deg;
    }
out:
    free(angle);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_apply_phase(signal, options);
}

const fmx__stage fmx__stage_phase = {
    .group = {.name = "phase",
              .doc = "Corrects the phase by given angles.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_COMPLEX,
    .run = run,
};

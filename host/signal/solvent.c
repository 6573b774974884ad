#include "fidmix/solvent.h"

#include <math.h>
#include <stdlib.h>

#include "signal_internal.h"

enum { GROUP = 64, WIDE = 8, BESSEL_GROUP = 256, PAD = 6 }; /* as in kernels/solvent.cl */

static const char *const modes[] = {"none", "low_pass", "bessel", "both", NULL};
static const char *const places[] = {"transmitter", "offset", "ppm", NULL};

#define FMX_FIELD(name) offsetof(fmx_solvent, name)
static const fmx__option option_table[] = {
    {"mode", FMX__OPTION_CHOICE, FMX_FIELD(mode), "", 0, 0, modes, "which filters run"},
    {"half_width", FMX__OPTION_INTEGER, FMX_FIELD(half_width), "points", 1, 256, NULL,
     "low pass: points on either side of the middle of the moving average"},
    {"corner_hz", FMX__OPTION_NUMBER, FMX_FIELD(corner_hz), "Hz", 1e-3, 1e5, NULL,
     "Bessel: corner of the high-pass"},
    {"rounds", FMX__OPTION_INTEGER, FMX_FIELD(rounds), "", 1, 8, NULL,
     "Bessel: how often the filter runs forward and backward"},
    {"at", FMX__OPTION_CHOICE, FMX_FIELD(at), "", 0, 0, places, "where the solvent lies"},
    {"offset_hz", FMX__OPTION_NUMBER, FMX_FIELD(offset_hz), "Hz", -1e6, 1e6, NULL,
     "distance of the solvent from the transmitter, positive to high ppm"},
    {"ppm", FMX__OPTION_NUMBER, FMX_FIELD(ppm), "ppm", -1e4, 1e4, NULL,
     "chemical shift of the solvent"},
};
#undef FMX_FIELD

static const fmx_solvent defaults = FMX_SOLVENT_DEFAULT;

extern const fmx__stage fmx__stage_solvent;

typedef struct high_pass {
    float pole;
    float gain;
} high_pass;

/* Per-row parameters of the kernels, and the buffers of a call. */
typedef struct plan {
    uint32_t *valid;
    high_pass *filter;
    uint64_t *turn; /* solvent's frequency in turns per point, times 2^64 */
    uint64_t *back; /* the opposite */
    bool turned;
    fmx_buffer *averaged;
    fmx_buffer *work;
} plan;

/* First-order Bessel (norm "phase": s / (s + 1), as Butterworth) by the bilinear transform with the
 * corner prewarped: y[n] = pole y[n - 1] + gain (x[n] - x[n - 1]). */
static high_pass design(double corner_hz, double sw_hz)
{
    double k = tan(3.14159265358979323846 * corner_hz / sw_hz);
    return (high_pass){(float)((1 - k) / (1 + k)), (float)(1 / (1 + k))};
}

static uint64_t turns(const fmx_row *row, const fmx_solvent *options)
{
    double hz = 0;
    if (options->at == FMX_SOLVENT_AT_OFFSET)
        hz = options->offset_hz;
    if (options->at == FMX_SOLVENT_AT_PPM)
        hz = options->ppm * row->sf_mhz - (row->obs_mhz - row->sf_mhz) * 1e6;
    double turn = hz / row->sw_hz;
    return (uint64_t)(int64_t)llround((turn - nearbyint(turn)) * 0x1p62) * 4;
}

static fmx_status plan_row(fmx_context *ctx, const fmx_signal *signal, size_t i,
                           const fmx_solvent *options, plan *p)
{
    const fmx_row *row = &signal->row[i];
    bool bessel = (options->mode & FMX_SOLVENT_BESSEL) != 0;
    if (!(row->sw_hz > 0))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "solvent: row %zu has no spectral width (sw_hz)",
                         i);
    if (options->at == FMX_SOLVENT_AT_PPM && !(row->sf_mhz > 0 && row->obs_mhz > 0))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "solvent: row %zu has no frequencies (obs_mhz, sf_mhz) for a place in ppm",
                         i);
    if (bessel && options->corner_hz >= row->sw_hz / 2)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "solvent: row %zu: corner_hz %g must be below sw_hz / 2 = %g", i,
                         options->corner_hz, row->sw_hz / 2);
    if (row->valid > signal->points || (bessel && row->valid <= PAD))
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "solvent: row %zu has %zu measured points of %zu; more than %d are needed",
                         i, row->valid, signal->points, (int)PAD);
    p->valid[i] = (uint32_t)row->valid;
    p->filter[i] = design(options->corner_hz, row->sw_hz);
    p->back[i] = turns(row, options);
    p->turn[i] = (uint64_t)0 - p->back[i];
    p->turned = p->turned || p->turn[i] != 0;
    return FMX_OK;
}

static void release(plan *p)
{
    fmx_buffer_release(p->work);
    fmx_buffer_release(p->averaged);
    free(p->back);
    free(p->turn);
    free(p->filter);
    free(p->valid);
}

static fmx_status prepare(const fmx_signal *signal, const fmx_solvent *options, plan *p)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    size_t rows = signal->rows;
    size_t work_bytes = rows * (signal->points + 2 * PAD) * 2 * sizeof(float);
    fmx_status status = fmx__alloc(ctx, rows, sizeof *p->valid, "solvent rows", &p->valid);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *p->filter, "solvent filters", &p->filter);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *p->turn, "solvent frequencies", &p->turn);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, rows, sizeof *p->back, "solvent frequencies", &p->back);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i)
        status = plan_row(ctx, signal, i, options, p);
    if (status == FMX_OK && (options->mode & FMX_SOLVENT_LOW_PASS) != 0)
        status = fmx_buffer_create(signal->device, fmx__signal_bytes(signal), &p->averaged);
    if (status == FMX_OK && (options->mode & FMX_SOLVENT_BESSEL) != 0)
        status = fmx_buffer_create(signal->device, work_bytes, &p->work);
    return status;
}

static double all_points(const fmx_signal *signal)
{
    return (double)signal->rows * (double)signal->points;
}

static fmx_status turn(fmx_signal *signal, const uint64_t *by)
{
    bool wide = fmx__device_wide(signal->device);
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(by, signal->rows * sizeof *by),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
    };
    fmx__launch job = {
        .stem = "solvent",
        .kernel = wide ? "solvent_turn_wide" : "solvent_turn",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(signal->points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .flops = all_points(signal) * 26,
        .bytes = all_points(signal) * 4 * sizeof(float),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status low_pass(fmx_signal *signal, const fmx_solvent *options, plan *p)
{
    bool wide = fmx__device_wide(signal->device);
    size_t per_item = wide ? WIDE : 1;
    size_t taps = 2 * (size_t)options->half_width + 1;
    fmx__arg args[] = {
        fmx__arg_buffer(p->averaged, fmx__signal_bytes(signal)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(p->valid, signal->rows * sizeof *p->valid),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32((size_t)options->half_width),
        fmx__arg_f32(1.0 / (double)taps),
    };
    fmx__launch job = {
        .stem = "solvent",
        .kernel = wide ? "solvent_low_pass_wide" : "solvent_low_pass",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(signal->points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .flops = all_points(signal) * 2 * (double)(taps + 2),
        .bytes = all_points(signal) * 4 * sizeof(float),
    };
    fmx_status status = fmx__launch_kernel(signal->device, &job);
    if (status == FMX_OK) {
        fmx__signal_replace(signal, p->averaged, FMX_DOMAIN_TIME, true, signal->points);
        p->averaged = NULL;
    }
    return status;
}

static fmx_status bessel(fmx_signal *signal, const fmx_solvent *options, plan *p)
{
    bool wide = fmx__device_wide(signal->device);
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_buffer(p->work, fmx_buffer_bytes(p->work)),
        fmx__arg_data(p->valid, signal->rows * sizeof *p->valid),
        fmx__arg_data(p->filter, signal->rows * sizeof *p->filter),
        fmx__arg_u32(signal->points),
        fmx__arg_u32((size_t)options->rounds),
    };
    double passes = 2 * (double)options->rounds;
    fmx__launch job = {
        .stem = "solvent",
        .kernel = wide ? "solvent_bessel_wide" : "solvent_bessel",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {signal->rows},
        .local = {wide ? 1 : BESSEL_GROUP},
        .fixed_group = true,
        .flops = all_points(signal) * 10 * passes, /* the recurrence itself, re and im */
        .bytes = all_points(signal) * 4 * sizeof(float) * passes,
    };
    return fmx__launch_kernel(signal->device, &job);
}

fmx_status fmx_suppress_solvent(fmx_signal *signal, const fmx_solvent *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    plan p = {0};
    fmx_status status = fmx__need(signal, "solvent", FMX_DOMAIN_TIME, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_solvent.group, options);
    if (status != FMX_OK || options->mode == FMX_SOLVENT_NONE)
        return status;
    status = prepare(signal, options, &p);
    if (status == FMX_OK && p.turned)
        status = turn(signal, p.turn);
    if (status == FMX_OK && p.averaged != NULL)
        status = low_pass(signal, options, &p);
    if (status == FMX_OK && p.work != NULL)
        status = bessel(signal, options, &p);
    if (status == FMX_OK && p.turned)
        status = turn(signal, p.back);
    release(&p);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_suppress_solvent(signal, options);
}

const fmx__stage fmx__stage_solvent = {
    .group = {.name = "solvent",
              .doc = "Takes the solvent's slow signal out of the decay.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_TIME,
    .run = run,
};

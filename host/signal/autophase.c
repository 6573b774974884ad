#include "fidmix/autophase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "autophase_internal.h"
#include "autophase_tries.h"
#include "phase_rows.h"
#include "quantile.h"

enum { GROUP = 64, START_GROUP = 256, LEAST_POINTS = 256 };

static const double point_hz = 0.25; /* of the decimated spectra, about */

static const char *const methods[] = {"lines", "negative_area", "acme", NULL};

#define FMX_FIELD(name) offsetof(fmx_autophase, name)
static const fmx__option option_table[] = {
    {"method", FMX__OPTION_CHOICE, FMX_FIELD(method), "", 0, 0, methods, "how the phase is found"},
    {"low_ppm", FMX__OPTION_NUMBER, FMX_FIELD(low_ppm), "ppm", -1e4, 1e4, NULL,
     "lower end of the region that is looked at"},
    {"high_ppm", FMX__OPTION_NUMBER, FMX_FIELD(high_ppm), "ppm", -1e4, 1e4, NULL,
     "upper end of the region that is looked at"},
    {"water_low", FMX__OPTION_NUMBER, FMX_FIELD(water_low), "ppm", -1e4, 1e4, NULL,
     "lower end of the part left out of it"},
    {"water_high", FMX__OPTION_NUMBER, FMX_FIELD(water_high), "ppm", -1e4, 1e4, NULL,
     "upper end of the part left out of it"},
    {"threshold", FMX__OPTION_NUMBER, FMX_FIELD(threshold), "sigmas", 1, 1000, NULL,
     "lines: least height of a line, first fit"},
    {"rounds", FMX__OPTION_INTEGER, FMX_FIELD(rounds), "", 1, 10, NULL,
     "lines: fits, the later ones with the lines that were missed"},
    {"iterations", FMX__OPTION_INTEGER, FMX_FIELD(iterations), "", 1, 200, NULL,
     "lines: steps of each fit"},
    {"prior_deg", FMX__OPTION_NUMBER, FMX_FIELD(prior_deg), "degrees", 0.1, 1e4, NULL,
     "lines: first order expected within +- this"},
};
#undef FMX_FIELD

static const fmx_autophase defaults = FMX_AUTOPHASE_DEFAULT;

/* Points of Z between two shifts, first <= k < end, clipped to 0 .. m. */
static void range_of(const fmx_row *row, double step_ppm, uint32_t m, double low_ppm,
                     double high_ppm, uint32_t *first, uint32_t *end)
{
    double a = ceil((high_ppm - row->ppm_first) / step_ppm);
    double b = floor((low_ppm - row->ppm_first) / step_ppm) + 1;
    *first = (uint32_t)fmin(fmax(a, 0), m);
    *end = (uint32_t)fmin(fmax(b, *first), m);
}

static uint32_t lag_of(double hz, double h_hz)
{
    return (uint32_t)fmax(1, round(hz / h_hz));
}

bool fmx__autophase_facts(const fmx_row *row, size_t points, const fmx_autophase *options,
                          fmx__autophase_row *out)
{
    if (!(row->sw_hz > 0) || !(row->ppm_step < 0) || !isfinite(row->sw_hz) ||
        !isfinite(row->ppm_step) || !isfinite(row->ppm_first))
        return false;
    double hz = row->sw_hz / (double)points;
    double dec = fmin(fmax(1, round(point_hz / hz)), (double)points);
    double h_hz = hz * dec;
    /* measured for T seconds, points closer than 1 / T are not independent; and a line lives in its
     * first tenths of a second, where apodisation leaves some 3 times the mean noise */
    double seconds = row->valid > 0 ? (double)row->valid / row->sw_hz : 1 / h_hz;
    fmx__autophase_row facts = {
        .dec = (uint32_t)dec,
        .m = (uint32_t)(points / (size_t)dec),
        .lag_coarse = lag_of(4.0, h_hz),
        .lag_fine = lag_of(2.2, h_hz),
        .apart = lag_of(1.0, h_hz),
        .apart_rest = lag_of(0.8, h_hz),
        .h_hz = (float)h_hz,
        .x_first = (float)((dec - 1) / 2 / (double)points),
        .x_step = (float)(dec / (double)points),
        .noise = (float)(3 * fmax(1, 1 / (seconds * h_hz))),
    };
    double step_ppm = row->ppm_step * dec;
    range_of(row, step_ppm, facts.m, options->low_ppm, options->high_ppm, &facts.first, &facts.end);
    range_of(row, step_ppm, facts.m, options->water_low, options->water_high, &facts.skip_first,
             &facts.skip_end);
    if (facts.end - facts.first < LEAST_POINTS || (facts.end - facts.first) < facts.m / 4) {
        facts.first = 0;
        facts.end = facts.m;
        facts.skip_first = facts.skip_end = 0;
    }
    *out = facts;
    return true;
}

static fmx_status make_buffers(fmx__autophase_work *work)
{
    const size_t line_bytes = work->rows * FMX__FIT_LINES * 8 * sizeof(float);
    const struct {
        fmx_buffer **buffer;
        size_t bytes;
    } wanted[] = {
        {&work->z, work->rows * work->most * 2 * sizeof(float)},
        {&work->rest, work->rows * work->most * 3 * sizeof(float)},
        {&work->state, work->rows * 4 * sizeof(float)},
        {&work->difference, work->rows * work->most * sizeof(float)},
        {&work->median, work->rows * sizeof(float)},
        {&work->moments, work->rows * work->blocks * 2 * sizeof(float)},
        {&work->centres, work->rows * FMX__FIT_LINES * sizeof(uint32_t)},
        {&work->count, work->rows * sizeof(uint32_t)},
        {&work->line[0], line_bytes},
        {&work->line[1], line_bytes},
        {&work->window, work->rows * FMX__FIT_LINES * 2 * FMX__FIT_WINDOW * sizeof(float)},
    };
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__COUNT(wanted); ++i)
        status = fmx_buffer_create(work->device, wanted[i].bytes, wanted[i].buffer);
    return status;
}

fmx_status fmx__autophase_open(const fmx_signal *signal, const fmx_autophase *options,
                               fmx__autophase_work *work)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    *work = (fmx__autophase_work){.device = signal->device,
                                  .rows = signal->rows,
                                  .points = signal->points,
                                  .data = signal->data};
    fmx_status status =
        fmx__alloc(ctx, work->rows, sizeof *work->param, "facts of rows", &work->param);
    for (size_t i = 0; status == FMX_OK && i < work->rows; ++i) {
        if (!fmx__autophase_facts(&signal->row[i], work->points, options, &work->param[i]))
            status =
                fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                          "autophase: row %zu has no spectral width or no descending ppm axis", i);
        else if (work->param[i].m > work->most)
            work->most = work->param[i].m;
    }
    work->blocks = (work->most + FMX__PHASE_BLOCK - 1) / FMX__PHASE_BLOCK;
    if (status == FMX_OK)
        status = fmx__autophase_taps(work);
    if (status == FMX_OK)
        status = make_buffers(work);
    if (status == FMX_OK)
        status = fmx__autophase_decimate(work);
    if (status == FMX_OK)
        status = fmx__autophase_difference(work, false);
    if (status == FMX_OK)
        status = fmx__autophase_start(work);
    if (status != FMX_OK)
        fmx__autophase_close(work);
    return status;
}

void fmx__autophase_close(fmx__autophase_work *work)
{
    fmx_buffer_release(work->window);
    fmx_buffer_release(work->rest);
    fmx_buffer_release(work->line[1]);
    fmx_buffer_release(work->line[0]);
    fmx_buffer_release(work->count);
    fmx_buffer_release(work->centres);
    fmx_buffer_release(work->moments);
    fmx_buffer_release(work->median);
    fmx_buffer_release(work->difference);
    fmx_buffer_release(work->state);
    fmx_buffer_release(work->z);
    free(work->taps);
    free(work->param);
    *work = (fmx__autophase_work){0};
}

static fmx__arg facts_of(const fmx__autophase_work *work)
{
    return fmx__arg_data(work->param, work->rows * sizeof *work->param);
}

fmx_status fmx__autophase_decimate(fmx__autophase_work *work)
{
    double points = (double)work->rows * (double)work->points;
    fmx__arg args[] = {
        fmx__arg_buffer(work->z, work->rows * work->most * 2 * sizeof(float)),
        fmx__arg_buffer(work->data, work->rows * work->points * 2 * sizeof(float)),
        facts_of(work),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->points),
        fmx__arg_u32(work->most),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_decimate",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 2,
                       .global = {work->most, work->rows},
                       .local = {GROUP},
                       .flops = 2 * points,
                       .bytes = 3 * points * sizeof(float)};
    return fmx__launch_kernel(work->device, &job);
}

fmx_status fmx__autophase_difference(fmx__autophase_work *work, bool fine)
{
    double points = (double)work->rows * (double)work->most;
    fmx__arg args[] = {
        fmx__arg_buffer(work->difference, work->rows * work->most * sizeof(float)),
        fmx__arg_buffer(work->z, work->rows * work->most * 2 * sizeof(float)),
        facts_of(work),
        fmx__arg_buffer(work->state, work->rows * 4 * sizeof(float)),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->most),
        fmx__arg_u32(fine),
    };
    fmx__launch job = {.stem = "autophase",
                       .kernel = "autophase_difference",
                       .arg = args,
                       .arg_count = FMX__COUNT(args),
                       .dims = 2,
                       .global = {work->most, work->rows},
                       .local = {GROUP},
                       .flops = (fine ? 36 : 9) * points,
                       .bytes = 3 * points * sizeof(float)};
    fmx_status status = fmx__launch_kernel(work->device, &job);
    const fmx__quantile_of of = {.data = work->difference,
                                 .rows = work->rows,
                                 .stride = work->most,
                                 .step = 1,
                                 .count = work->most,
                                 .absolute = fine};
    return status == FMX_OK ? fmx__quantile(work->median, &of, 0.5, work->device) : status;
}

fmx_status fmx__autophase_start(fmx__autophase_work *work)
{
    double points = (double)work->rows * (double)work->most;
    size_t moment_bytes = work->rows * work->blocks * 2 * sizeof(float);
    fmx__arg block_args[] = {
        fmx__arg_buffer(work->moments, moment_bytes),
        fmx__arg_buffer(work->z, work->rows * work->most * 2 * sizeof(float)),
        facts_of(work),
        fmx__arg_buffer(work->median, work->rows * sizeof(float)),
        fmx__arg_u32(work->rows),
        fmx__arg_u32(work->most),
        fmx__arg_u32(work->blocks),
    };
    fmx__launch blocks = {.stem = "autophase",
                          .kernel = "autophase_blocks",
                          .arg = block_args,
                          .arg_count = FMX__COUNT(block_args),
                          .dims = 2,
                          .global = {work->blocks, work->rows},
                          .local = {GROUP},
                          .flops = 12 * points,
                          .bytes = 2 * points * sizeof(float)};
    fmx__arg start_args[] = {
        fmx__arg_buffer(work->state, work->rows * 4 * sizeof(float)),
        fmx__arg_buffer(work->moments, moment_bytes),
        facts_of(work),
        fmx__arg_u32(work->blocks),
    };
    fmx__launch start = {.stem = "autophase",
                         .kernel = "autophase_start",
                         .arg = start_args,
                         .arg_count = FMX__COUNT(start_args),
                         .dims = 1,
                         .groups = {work->rows},
                         .local = {START_GROUP},
                         .fixed_group = true,
                         .flops = (double)work->rows * (double)work->blocks * 181 * 12,
                         .bytes = (double)moment_bytes};
    fmx_status status = fmx__launch_kernel(work->device, &blocks);
    return status == FMX_OK ? fmx__launch_kernel(work->device, &start) : status;
}

/* Reads the angles that were found, turns the rows back by them and notes it in the rows. */
static fmx_status apply(fmx_signal *signal, fmx__autophase_work *work)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    size_t rows = signal->rows;
    float *state = NULL;
    double *angle = NULL; /* p0 of every row, then p1 */
    fmx_status status = fmx__alloc(ctx, rows, 4 * sizeof *state, "phases", &state);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 2 * rows, sizeof *angle, "phases", &angle);
    if (status == FMX_OK)
        status = fmx_buffer_read(work->state, 0, state, rows * 4 * sizeof *state);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i) {
        bool usable = isfinite(state[4 * i]) && isfinite(state[4 * i + 1]);
        if (signal->row[i].phased || !usable)
            continue;
        angle[i] = -360.0 * (double)state[4 * i];
        angle[rows + i] = -360.0 * (double)state[4 * i + 1];
    }
    if (status == FMX_OK)
        status = fmx__phase_rows(signal->data, rows, signal->points, angle, angle + rows,
                                 signal->device);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i) {
        signal->row[i].p0_deg = remainder(signal->row[i].p0_deg + angle[i], 360);
        signal->row[i].p1_deg += angle[rows + i];
    }
    free(angle);
    free(state);
    return status;
}

extern const fmx__stage fmx__stage_autophase;

fmx_status fmx_find_phase(fmx_signal *signal, const fmx_autophase *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx__autophase_work work = {0};
    fmx_status status = fmx__need(signal, "autophase", FMX_DOMAIN_FREQUENCY, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_autophase.group, options);
    if (status == FMX_OK)
        status = fmx__autophase_open(signal, options, &work);
    if (status == FMX_OK && options->method == FMX_AUTOPHASE_NEGATIVE_AREA)
        status = fmx__autophase_negative_area(&work);
    else if (status == FMX_OK && options->method == FMX_AUTOPHASE_ACME)
        status = fmx__autophase_acme(&work);
    else if (status == FMX_OK)
        status = fmx__autophase_lines(&work, options);
    if (status == FMX_OK)
        status = apply(signal, &work);
    fmx__autophase_close(&work);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_find_phase(signal, options);
}

const fmx__stage fmx__stage_autophase = {
    .group = {.name = "autophase",
              .doc = "Finds the phase of each spectrum and corrects it.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_COMPLEX,
    .run = run,
};

#include "fidmix/reference.h"

#include <math.h>
#include <stdlib.h>

#include "signal_internal.h"

enum { GROUP = 128, LEAST_POINTS = 32 }; /* items per row; points that a window must have */

static const char *const compounds[] = {"none", "dss", "tsp", "tms", "peak", NULL};

#define FMX_FIELD(name) offsetof(fmx_reference, name)
static const fmx__option option_table[] = {
    {"compound", FMX__OPTION_CHOICE, FMX_FIELD(compound), "", 0, 0, compounds,
     "what the axis is referenced to; dss, tsp and tms are 0 ppm"},
    {"ppm", FMX__OPTION_NUMBER, FMX_FIELD(ppm), "ppm", -1000, 1000, NULL,
     "where the line belongs (peak only)"},
    {"window_ppm", FMX__OPTION_NUMBER, FMX_FIELD(window_ppm), "ppm", 1e-6, 1000, NULL,
     "the line is looked for within +- this much of its place"},
    {"threshold_sigma", FMX__OPTION_NUMBER, FMX_FIELD(threshold_sigma), "sigma", 0, 1e6, NULL,
     "least height of the line, in standard deviations of the window's noise"},
    {"most_width_hz", FMX__OPTION_NUMBER, FMX_FIELD(most_width_hz), "Hz", 1e-6, 1e6, NULL,
     "greatest full width at half height"},
    {"most_rival", FMX__OPTION_NUMBER, FMX_FIELD(most_rival), "", 0, 1, NULL,
     "greatest height of anything else in the window, as a part of the line's"},
    {"again", FMX__OPTION_BOOL, FMX_FIELD(again), "", 0, 0, NULL,
     "also spectra that were referenced already, by an earlier stage or by the user in the "
     "vendor's "
     "software"},
};
#undef FMX_FIELD

static const fmx_reference defaults = FMX_REFERENCE_DEFAULT;

/* What the kernel brings for one row. */
typedef struct row_found {
    float peak;   /* index in the window; -1: none */
    float offset; /* of the apex from there, points */
    float height; /* above base */
    float width;  /* points; -1: not whole */
    float base;
    float sigma;
    float rival; /* above base */
    float unused;
} row_found;

typedef struct row_window {
    uint32_t first;
    uint32_t count;
} row_window;

static double target_ppm(const fmx_reference *options)
{
    return options->compound == FMX_REFERENCE_PEAK ? options->ppm : 0;
}

/* The points of a row that lie within the window; none where the axis does not reach. */
static row_window window_of(const fmx_row *row, size_t points, const fmx_reference *options)
{
    double a = (target_ppm(options) - options->window_ppm - row->ppm_first) / row->ppm_step;
    double b = (target_ppm(options) + options->window_ppm - row->ppm_first) / row->ppm_step;
    double first = fmax(0, ceil(fmin(a, b)));
    double last = fmin((double)points - 1, floor(fmax(a, b)));
    if (!(last - first + 1 >= LEAST_POINTS))
        return (row_window){0};
    return (row_window){(uint32_t)first, (uint32_t)(last - first + 1)};
}

extern const fmx__stage fmx__stage_reference;

static fmx_status check(const fmx_signal *signal, const fmx_reference *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    if (signal->domain != FMX_DOMAIN_FREQUENCY)
        return fmx__need(signal, "reference", FMX_DOMAIN_FREQUENCY, signal->is_complex);
    for (size_t i = 0; i < signal->rows; ++i)
        if (!isfinite(signal->row[i].ppm_first) || !isfinite(signal->row[i].ppm_step) ||
            signal->row[i].ppm_step == 0)
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "reference: row %zu has no ppm axis", i);
    return fmx__options_check(ctx, &fmx__stage_reference.group, options);
}

static fmx_status launch(fmx_signal *signal, fmx_buffer *found, const row_window *window)
{
    double reached = 0;
    for (size_t i = 0; i < signal->rows; ++i)
        reached += window[i].count;
    fmx__arg args[] = {
        fmx__arg_buffer(found, signal->rows * sizeof(row_found)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(window, signal->rows * sizeof *window),
        fmx__arg_local(GROUP * sizeof(float)),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(signal->is_complex ? 2 : 1),
    };
    fmx__launch job = {
        .stem = "reference",
        .kernel = "reference",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {signal->rows},
        .local = {GROUP},
        .fixed_group = true,
        .flops = reached * 10,
        .bytes = reached * sizeof(float) * (signal->is_complex ? 2 : 1),
    };
    return fmx__launch_kernel(signal->device, &job);
}

/* Hz from one point of a row to the next. */
static double point_hz(const fmx_row *row)
{
    return fabs(row->ppm_step) * (row->sf_mhz > 0 ? row->sf_mhz : row->obs_mhz);
}

/* Why a row's line is not taken for the reference; NULL when it is. */
static const char *refusal(const row_found *found, row_window window, double width_hz,
                           const fmx_reference *options)
{
    if (window.count == 0)
        return "the axis does not cover the window";
    if (found->peak < 0)
        return "no line stands inside the window";
    if (!(found->height > 0) || !(found->height >= options->threshold_sigma * found->sigma))
        return "the highest line is within the noise";
    if (found->width < 0)
        return "the highest line is not whole inside the window";
    if (!(width_hz <= options->most_width_hz))
        return "the highest line is too broad";
    if (found->rival > options->most_rival * found->height)
        return "another line is nearly as high";
    return NULL;
}

/* Moves the axis of a row so that what stands at found_ppm stands at the target: the frequency of
 * 0 ppm changes, frequencies of points do not. Without that frequency the axis is only shifted. */
static void move_axis(fmx_row *row, double found_ppm, double target)
{
    row->shift_ppm += target - found_ppm;
    row->referenced = true;
    if (!(row->sf_mhz > 0)) {
        row->ppm_first += target - found_ppm;
        return;
    }
    double ratio = (1 + 1e-6 * target) / (1 + 1e-6 * found_ppm); /* old over new */
    row->sf_mhz /= ratio;
    row->ppm_first = row->ppm_first * ratio + 1e6 * (ratio - 1);
    row->ppm_step *= ratio;
}

static void apply(fmx_signal *signal, const fmx_reference *options, const row_window *window,
                  const row_found *found)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    for (size_t i = 0; i < signal->rows; ++i) {
        fmx_row *row = &signal->row[i];
        const char *name = row->name[0] != '\0' ? row->name : "a spectrum";
        double width_hz = found[i].width * point_hz(row);
        if (row->referenced && !options->again)
            continue;
        const char *why = refusal(&found[i], window[i], width_hz, options);
        if (why != NULL) {
            fmx__log(ctx, FMX_LOG_INFO, "%s: not referenced: %s", name, why);
            continue;
        }
        double at = (double)window[i].first + found[i].peak + found[i].offset;
        move_axis(row, row->ppm_first + at * row->ppm_step, target_ppm(options));
        row->line_width_hz = (float)width_hz;
    }
}

fmx_status fmx_reference_axis(fmx_signal *signal, const fmx_reference *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    row_window *window = NULL;
    row_found *found = NULL;
    fmx_buffer *results = NULL;
    fmx_status status = check(signal, options);
    if (status != FMX_OK || options->compound == FMX_REFERENCE_NONE)
        return status;
    status = fmx__alloc(ctx, signal->rows, sizeof *window, "reference windows", &window);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *found, "reference lines", &found);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i)
        if (options->again || !signal->row[i].referenced)
            window[i] = window_of(&signal->row[i], signal->points, options);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, signal->rows * sizeof *found, &results);
    if (status == FMX_OK)
        status = launch(signal, results, window);
    if (status == FMX_OK)
        status = fmx_buffer_read(results, 0, found, signal->rows * sizeof *found);
    if (status == FMX_OK)
        apply(signal, options, window, found);
    fmx_buffer_release(results);
    free(found);
    free(window);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_reference_axis(signal, options);
}

const fmx__stage fmx__stage_reference = {
    .group = {.name = "reference",
              .doc = "Moves the axis so that the reference line sits at its chemical shift.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_EITHER,
    .run = run,
};

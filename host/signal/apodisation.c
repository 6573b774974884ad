#include "fidmix/apodisation.h"

#include <math.h>
#include <stdlib.h>

#include "signal_internal.h"

enum { GROUP = 64, WIDE = 8 }; /* items per group; complex points per item of the wide variant */

static const char *const windows[] = {"exponential", "gaussian", "sine_bell", "lorentz_to_gauss",
                                      NULL};

#define FMX_FIELD(name) offsetof(fmx_apodisation, name)
static const fmx__option option_table[] = {
    {"window", FMX__OPTION_CHOICE, FMX_FIELD(window), "", 0, 0, windows, "shape of the window"},
    {"lb_hz", FMX__OPTION_NUMBER, FMX_FIELD(lb_hz), "Hz", 0, 1000, NULL,
     "line width added; taken away by lorentz_to_gauss"},
    {"gb_hz", FMX__OPTION_NUMBER, FMX_FIELD(gb_hz), "Hz", 0, 1000, NULL,
     "Gaussian line width of lorentz_to_gauss"},
    {"offset", FMX__OPTION_NUMBER, FMX_FIELD(offset), "half periods", 0, 1, NULL,
     "sine bell: start of the window"},
    {"end", FMX__OPTION_NUMBER, FMX_FIELD(end), "half periods", 0, 1, NULL,
     "sine bell: end of the window"},
    {"power", FMX__OPTION_INTEGER, FMX_FIELD(power), "", 1, 2, NULL, "sine bell: 1 or 2"},
};
#undef FMX_FIELD

static const fmx_apodisation defaults = FMX_APODISATION_DEFAULT;

/* The window of one row as w(n) = s(n) exp(rate u + curve u^2), u = n - start in points, where
 * s = |sin(pi (offset + (end - offset) u / length))|^power for the sine bell and 1 otherwise. */
typedef struct row_window {
    float start; /* points: where the decay begins */
    float rate;  /* per point */
    float curve; /* per point^2 */
    float turns; /* sine bell: half turns per point */
} row_window;

static row_window window_of(const fmx_row *row, const fmx_apodisation *options)
{
    const double pi = 3.14159265358979323846;
    double dwell_s = 1.0 / row->sw_hz;
    double gaussian = pi * dwell_s; /* exp(-(pi w t)^2 / (4 ln 2)) */
    row_window window = {.start = (float)row->group_delay};
    switch (options->window) {
    case FMX_APODISATION_EXPONENTIAL:
        window.rate = (float)(-pi * options->lb_hz * dwell_s);
        break;
    case FMX_APODISATION_GAUSSIAN:
        window.curve = (float)(-pow(gaussian * options->lb_hz, 2) / (4 * log(2)));
        break;
    case FMX_APODISATION_LORENTZ_TO_GAUSS:
        window.rate = (float)(pi * options->lb_hz * dwell_s);
        window.curve = (float)(-pow(gaussian * options->gb_hz, 2) / (4 * log(2)));
        break;
    default:
        window.turns = (float)((options->end - options->offset) /
                               fmax(1.0, (double)row->valid - row->group_delay));
        break;
    }
    return window;
}

extern const fmx__stage fmx__stage_apodisation;

fmx_status fmx_apodise(fmx_signal *signal, const fmx_apodisation *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    row_window *window = NULL;
    bool wide = fmx__device_wide(signal->device);
    bool bell = options->window == FMX_APODISATION_SINE_BELL;
    fmx_status status = fmx__need(signal, "apodisation", FMX_DOMAIN_TIME, true);
    if (status == FMX_OK)
        status = fmx__options_check(ctx, &fmx__stage_apodisation.group, options);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *window, "apodisation windows", &window);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        if (!(signal->row[i].sw_hz > 0))
            status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                               "apodisation: row %zu has no spectral width (sw_hz)", i);
        else
            window[i] = window_of(&signal->row[i], options);
    }
    if (status != FMX_OK)
        goto out;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(window, signal->rows * sizeof *window),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_f32(bell ? options->offset : 0.5),
        fmx__arg_u32(bell ? (size_t)options->power : 0),
    };
    double points = (double)signal->rows * (double)signal->points;
    size_t per_item = wide ? WIDE : 1;
    fmx__launch job = {
        .stem = "apodisation",
        .kernel = wide ? "apodisation_wide" : "apodisation",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(signal->points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .flops = points * (bell ? 36 : 18),
        .bytes = points * 4 * sizeof(float),
    };
    status = fmx__launch_kernel(signal->device, &job);
out:
    free(window);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_apodise(signal, options);
}

const fmx__stage fmx__stage_apodisation = {
    .group = {.name = "apodisation",
              .doc = "Multiplies the decay by a window.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_TIME,
    .run = run,
};

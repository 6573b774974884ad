#include "fidmix/normalise.h"

#include <math.h>
#include <stdlib.h>

#include "normalise_pqn.h"
#include "quantile.h"
#include "signal_internal.h"

enum { GROUP = 64, WIDE = 16, PARTS = 64 }; /* as in the kernel file */

static const char *const methods[] = {"max", "area", "pqn", NULL};

static const fmx__option option_table[] = {
    {"method", FMX__OPTION_CHOICE, offsetof(fmx_normalise, method), "", 0, 0, methods,
     "what every spectrum is divided by: its maximum, its area, or the median quotient to a "
     "reference (probabilistic quotient normalisation)"},
    {"reference", FMX__OPTION_TEXT, offsetof(fmx_normalise, reference), "", 0, 0, NULL,
     "pqn: path of a dataset on the same axis, made with method area; its median is the reference"},
};

/* Points that enter a quotient stand so far above the row's noise. */
static const double usual_threshold_sigma = 5;

static const fmx_normalise defaults = FMX_NORMALISE_DEFAULT;

extern const fmx__stage fmx__stage_normalise;

static double points_of(const fmx_signal *signal)
{
    return (double)signal->rows * (double)signal->points;
}

static fmx_status launch_measure(fmx_signal *signal, fmx_buffer *parts)
{
    fmx__arg args[] = {
        fmx__arg_buffer(parts, signal->rows * PARTS * 2 * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
    };
    fmx__launch job = {
        .stem = "normalise",
        .kernel = fmx__device_wide(signal->device) ? "normalise_measure_wide" : "normalise_measure",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {PARTS, signal->rows},
        .local = {16},
        .flops = 2 * points_of(signal),
        .bytes = sizeof(float) * points_of(signal),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status launch_divide(fmx_signal *signal, const float *factor)
{
    bool wide = fmx__device_wide(signal->device);
    size_t per_item = wide ? WIDE : 1;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(factor, signal->rows * sizeof *factor),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
    };
    fmx__launch job = {
        .stem = "normalise",
        .kernel = wide ? "normalise_divide_wide" : "normalise_divide",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(signal->points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .flops = points_of(signal),
        .bytes = 2 * sizeof(float) * points_of(signal),
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status launch_quotient(fmx_signal *signal, fmx_buffer *out, const float *reference,
                                  const float *level)
{
    fmx__arg args[] = {
        fmx__arg_buffer(out, fmx__signal_bytes(signal)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(reference, signal->points * sizeof *reference),
        fmx__arg_data(level, signal->rows * sizeof *level),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
    };
    fmx__launch job = {
        .stem = "normalise",
        .kernel = "normalise_quotient",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {signal->points, signal->rows},
        .local = {GROUP},
        .flops = points_of(signal),
        .bytes = 2 * sizeof(float) * points_of(signal),
    };
    return fmx__launch_kernel(signal->device, &job);
}

/* Divides rows by their factors and notes them; a factor that cannot divide becomes 0: no change.
 */
static fmx_status divide(fmx_signal *signal, float *factor)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    for (size_t i = 0; i < signal->rows; ++i) {
        const fmx_row *row = &signal->row[i];
        if (isnormal(factor[i]) && factor[i] > 0)
            continue;
        fmx__log(ctx, FMX_LOG_WARNING, "%s: not normalised: nothing positive to divide by",
                 row->name[0] != '\0' ? row->name : "a spectrum");
        factor[i] = 0;
    }
    fmx_status status = launch_divide(signal, factor);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        fmx_row *row = &signal->row[i];
        if (factor[i] == 0)
            continue;
        row->scale = (row->scale > 0 ? row->scale : 1) * (double)factor[i];
        row->noise_sigma /= factor[i];
    }
    return status;
}

/* One row's factor out of its parts, (largest, sum of magnitudes) each. */
static float factor_of(const fmx_row *row, const float *parts, int method)
{
    double largest = -INFINITY;
    double sum = 0;
    for (size_t p = 0; p < PARTS; ++p) {
        largest = fmax(largest, parts[2 * p]);
        sum += parts[2 * p + 1];
    }
    return (float)(method == FMX_NORMALISE_MAX ? largest : sum * fabs(row->ppm_step));
}

fmx_status fmx_normalise_rows(fmx_signal *signal, const fmx_normalise *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_buffer *buffer = NULL;
    float *parts = NULL;
    float *factor = NULL;
    size_t bytes = signal->rows * PARTS * 2 * sizeof *parts;
    fmx_status status = fmx__options_check(ctx, &fmx__stage_normalise.group, options);
    const float *reference = NULL;
    if (status == FMX_OK)
        status = fmx__signal_to_real(signal);
    if (status == FMX_OK && options->method == FMX_NORMALISE_PQN)
        status = fmx__normalise_reference_of(signal, options, &reference);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, bytes, 1, "normalise parts", &parts);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *factor, "normalise factors", &factor);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, bytes, &buffer);
    if (status == FMX_OK)
        status = launch_measure(signal, buffer);
    if (status == FMX_OK)
        status = fmx_buffer_read(buffer, 0, parts, bytes);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i)
        factor[i] = factor_of(&signal->row[i], parts + 2 * i * PARTS, options->method);
    if (status == FMX_OK)
        status = divide(signal, factor);
    if (status == FMX_OK && options->method == FMX_NORMALISE_PQN)
        status = fmx_normalise_quotient(signal, reference, usual_threshold_sigma);
    fmx_buffer_release(buffer);
    free(factor);
    free(parts);
    return status;
}

fmx_status fmx_normalise_reference(fmx_signal *signal, float *reference)
{
    fmx_buffer *median = NULL;
    size_t bytes = signal->points * sizeof *reference;
    fmx_status status = fmx__need(signal, "normalise", FMX_DOMAIN_FREQUENCY, false);
    /* the rows of the quantile are the points of the batch */
    fmx__quantile_of columns = {.data = signal->data,
                                .rows = signal->points,
                                .stride = 1,
                                .step = signal->points,
                                .count = signal->rows};
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, bytes, &median);
    if (status == FMX_OK)
        status = fmx__quantile(median, &columns, 0.5, signal->device);
    if (status == FMX_OK)
        status = fmx_buffer_read(median, 0, reference, bytes);
    fmx_buffer_release(median);
    return status;
}

fmx_status fmx_normalise_quotient(fmx_signal *signal, const float *reference,
                                  double threshold_sigma)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_buffer *quotients = NULL;
    fmx_buffer *median = NULL;
    float *factor = NULL;
    fmx__quantile_of rows = {
        .rows = signal->rows, .stride = signal->points, .step = 1, .count = signal->points};
    fmx_status status = fmx__need(signal, "normalise", FMX_DOMAIN_FREQUENCY, false);
    if (status == FMX_OK && !(threshold_sigma >= 0 && isfinite(threshold_sigma)))
        status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                           "normalise: threshold_sigma must be finite and not negative");
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *factor, "normalise factors", &factor);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i)
        factor[i] = (float)(threshold_sigma * signal->row[i].noise_sigma);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, fmx__signal_bytes(signal), &quotients);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, signal->rows * sizeof *factor, &median);
    if (status == FMX_OK)
        status = launch_quotient(signal, quotients, reference, factor);
    rows.data = quotients;
    if (status == FMX_OK)
        status = fmx__quantile(median, &rows, 0.5, signal->device);
    if (status == FMX_OK)
        status = fmx_buffer_read(median, 0, factor, signal->rows * sizeof *factor);
    if (status == FMX_OK)
        status = divide(signal, factor);
    fmx_buffer_release(median);
    fmx_buffer_release(quotients);
    free(factor);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_normalise_rows(signal, options);
}

const fmx__stage fmx__stage_normalise = {
    .group = {.name = "normalise",
              .doc = "Divides every spectrum by its maximum, its area or its median quotient.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_FREQUENCY,
    .run = run,
    .check = fmx__normalise_check,
};

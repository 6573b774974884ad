#include "fidmix/completion.h"

#include <math.h>
#include <stdlib.h>

#include "philox.h"
#include "signal_internal.h"

enum { FIT_GROUP = 64, GROUP = 64, BLOCK = 4, WIDE = 64, LEAST_POINTS = 3 };

static const char *const baselines[] = {"quadratic", "zero", NULL};

#define FMX_FIELD(name) offsetof(fmx_completion, name)
static const fmx__option option_table[] = {
    {"low_ppm", FMX__OPTION_NUMBER, FMX_FIELD(low_ppm), "ppm", -1e5, 1e5, NULL,
     "points below are replaced"},
    {"high_ppm", FMX__OPTION_NUMBER, FMX_FIELD(high_ppm), "ppm", -1e5, 1e5, NULL,
     "points above are replaced"},
    {"baseline", FMX__OPTION_CHOICE, FMX_FIELD(baseline), "", 0, 0, baselines,
     "what the noise is added to"},
    {"low_from_ppm", FMX__OPTION_NUMBER, FMX_FIELD(low_from_ppm), "ppm", -1e5, 1e5, NULL,
     "lower range of the fitted baseline: from"},
    {"low_to_ppm", FMX__OPTION_NUMBER, FMX_FIELD(low_to_ppm), "ppm", -1e5, 1e5, NULL,
     "lower range of the fitted baseline: to"},
    {"high_from_ppm", FMX__OPTION_NUMBER, FMX_FIELD(high_from_ppm), "ppm", -1e5, 1e5, NULL,
     "upper range of the fitted baseline: from"},
    {"high_to_ppm", FMX__OPTION_NUMBER, FMX_FIELD(high_to_ppm), "ppm", -1e5, 1e5, NULL,
     "upper range of the fitted baseline: to"},
    {"noise", FMX__OPTION_BOOL, FMX_FIELD(noise), "", 0, 0, NULL,
     "Gaussian noise of the measured standard deviation is added"},
};
#undef FMX_FIELD

static const fmx_completion defaults = FMX_COMPLETION_DEFAULT;

extern const fmx__stage fmx__stage_completion;

/* As in the kernel file. */
typedef struct row_plan {
    uint32_t low_first;
    uint32_t low_end;
    uint32_t high_first;
    uint32_t high_end;
    uint32_t keep_first;
    uint32_t keep_end;
    uint32_t item_low;
    uint32_t item_high;
    float scale;
    float offset;
    float least;
    float most;
    float q[6];
    float sigma;
    float unused;
} row_plan;

/* The points [first, end) whose shift lies within from..to, on an axis of either direction. */
static void range_of(const fmx_row *row, size_t points, double from_ppm, double to_ppm,
                     uint32_t *first, uint32_t *end)
{
    double a = (from_ppm - row->ppm_first) / row->ppm_step;
    double b = (to_ppm - row->ppm_first) / row->ppm_step;
    double n = (double)points;
    *first = (uint32_t)fmax(0, fmin(n, ceil(fmin(a, b) - 1e-9)));
    *end = (uint32_t)fmax(*first, fmin(n, floor(fmax(a, b) + 1e-9) + 1));
}

/* Orthonormal polynomials over the points of both ranges by Gram and Schmidt on moments of u. With
 * too few points, or all at one place, q stays zero and so does the baseline. */
static bool orthonormal(row_plan *p, double scale, double offset)
{
    double s[5] = {0};
    for (int side = 0; side < 2; ++side) {
        uint32_t end = side == 0 ? p->low_end : p->high_end;
        for (uint32_t j = side == 0 ? p->low_first : p->high_first; j < end; ++j) {
            double u = scale * j + offset;
            double power = 1;
            for (int k = 0; k < 5; ++k, power *= u)
                s[k] += power;
        }
    }
    if (s[0] < LEAST_POINTS)
        return false;
    double mean = s[1] / s[0];
    double v1 = s[2] - mean * s[1]; /* |u - mean|^2 */
    if (!(v1 > 1e-12 * s[0]))
        return false;
    /* u^2 - g (u - mean) - s2/s0, orthogonal to 1 and to u - mean */
    double g = (s[3] - mean * s[2]) / v1;
    double h = g * mean - s[2] / s[0];
    double v2 = s[4] - 2 * g * s[3] + (g * g + 2 * h) * s[2] - 2 * g * h * s[1] + h * h * s[0];
    if (!(v2 > 1e-12 * s[0]))
        return false;
    p->q[0] = (float)(1 / sqrt(s[0]));
    p->q[1] = (float)(1 / sqrt(v1));
    p->q[2] = (float)(-mean / sqrt(v1));
    p->q[3] = (float)(1 / sqrt(v2));
    p->q[4] = (float)(-g / sqrt(v2));
    p->q[5] = (float)(h / sqrt(v2));
    return true;
}

static void plan_row(const fmx_signal *signal, size_t i, const fmx_completion *o, row_plan *p)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    const fmx_row *row = &signal->row[i];
    const char *name = row->name[0] != '\0' ? row->name : "a spectrum";
    size_t n = signal->points;
    range_of(row, n, o->low_ppm, o->high_ppm, &p->keep_first, &p->keep_end);
    p->item_low = (uint32_t)row->item;
    p->item_high = (uint32_t)(row->item >> 32);
    p->sigma = o->noise && row->noise_sigma > 0 ? row->noise_sigma : 0;
    if (o->noise && !(row->noise_sigma > 0))
        fmx__log(ctx, FMX_LOG_WARNING,
                 "%s: its ends are completed without noise: put the stage noise before completion",
                 name);
    if (o->baseline != FMX_COMPLETION_QUADRATIC)
        return;
    range_of(row, n, o->low_from_ppm, o->low_to_ppm, &p->low_first, &p->low_end);
    range_of(row, n, o->high_from_ppm, o->high_to_ppm, &p->high_first, &p->high_end);
    /* ranges that overlap count once */
    if (p->low_first < p->high_end && p->high_first < p->low_end) {
        p->low_first = p->low_first < p->high_first ? p->low_first : p->high_first;
        p->low_end = p->low_end > p->high_end ? p->low_end : p->high_end;
        p->high_first = p->high_end = 0;
    }
    /* u = -1 and 1 at the outermost points of the ranges */
    double first = fmin(p->low_end > p->low_first ? p->low_first : n,
                        p->high_end > p->high_first ? p->high_first : n);
    double last = fmax(p->low_end > p->low_first ? p->low_end - 1.0 : 0,
                       p->high_end > p->high_first ? p->high_end - 1.0 : 0);
    double scale = last > first ? 2 / (last - first) : 0;
    double offset = -1 - scale * first;
    p->scale = (float)scale;
    p->offset = (float)offset;
    p->least = -1;
    p->most = 1;
    if (!orthonormal(p, scale, offset))
        fmx__log(ctx, FMX_LOG_WARNING,
                 "%s: its ends are completed around zero: its axis hardly covers the ranges of the "
                 "baseline",
                 name);
}

static fmx_status launch_fit(fmx_signal *signal, const row_plan *plan, fmx_buffer *fits)
{
    size_t parts = signal->is_complex ? 2 : 1;
    double fitted = 0;
    for (size_t i = 0; i < signal->rows; ++i)
        fitted += (double)parts *
                  (plan[i].low_end - plan[i].low_first + plan[i].high_end - plan[i].high_first);
    fmx__arg args[] = {
        fmx__arg_buffer(fits, signal->rows * parts * 4 * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(plan, signal->rows * sizeof *plan),
        fmx__arg_local(FIT_GROUP * sizeof(float)),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(parts),
    };
    fmx__launch job = {
        .stem = "completion",
        .kernel = "completion_fit",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {signal->rows * parts},
        .local = {FIT_GROUP},
        .fixed_group = true,
        .flops = 16 * fitted,
        .bytes = sizeof(float) * fitted,
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status launch_fill(fmx_signal *signal, const row_plan *plan, fmx_buffer *fits)
{
    bool wide = fmx__device_wide(signal->device);
    size_t parts = signal->is_complex ? 2 : 1;
    size_t per_item = wide ? WIDE : BLOCK;
    double filled = 0;
    for (size_t i = 0; i < signal->rows; ++i)
        filled += (double)parts * ((double)signal->points - plan[i].keep_end + plan[i].keep_first);
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_buffer(fits, signal->rows * parts * 4 * sizeof(float)),
        fmx__arg_data(plan, signal->rows * sizeof *plan),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(parts),
        fmx__arg_u32(fmx__random_key(signal->seed)),
    };
    fmx__launch job = {
        .stem = "completion",
        .kernel = wide ? "completion_fill_wide" : "completion_fill",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(signal->points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .flops = 60 * filled, /* Philox, logarithm, sine, cosine: about 45 a sample; baseline 15 */
        .bytes = sizeof(float) * filled,
    };
    return fmx__launch_kernel(signal->device, &job);
}

fmx_status fmx_complete_ends(fmx_signal *signal, const fmx_completion *options)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    row_plan *plan = NULL;
    fmx_buffer *fits = NULL;
    size_t parts = signal->is_complex ? 2 : 1;
    fmx_status status = FMX_OK;
    if (signal->domain != FMX_DOMAIN_FREQUENCY)
        return fmx__need(signal, "completion", FMX_DOMAIN_FREQUENCY, signal->is_complex);
    status = fmx__options_check(ctx, &fmx__stage_completion.group, options);
    if (status == FMX_OK && options->low_ppm >= options->high_ppm)
        status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                           "completion: low_ppm (%g) must be below high_ppm (%g)", options->low_ppm,
                           options->high_ppm);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *plan, "completion rows", &plan);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        if (isfinite(signal->row[i].ppm_first) && isnormal(signal->row[i].ppm_step))
            plan_row(signal, i, options, &plan[i]);
        else
            status = fmx__fail(ctx, FMX_ERROR_ARGUMENT, "completion: row %zu has no ppm axis", i);
    }
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, signal->rows * parts * 4 * sizeof(float), &fits);
    if (status == FMX_OK)
        status = launch_fit(signal, plan, fits);
    if (status == FMX_OK)
        status = launch_fill(signal, plan, fits);
    fmx_buffer_release(fits);
    free(plan);
    return status;
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    return fmx_complete_ends(signal, options);
}

const fmx__stage fmx__stage_completion = {
    .group = {.name = "completion",
              .doc = "Replaces both ends of a spectrum by its baseline and noise.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_EITHER,
    .run = run,
};

/* What a batch and all of them say of a separation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assignment.h"
#include "evaluation.h"
#include "philox.h"
#include "separation_internal.h"

enum {
    NETWORK = FMX__SEPARATION_NETWORK,
    LEAST_SQUARES = FMX__SEPARATION_LEAST_SQUARES,
    MIXTURE = FMX__SEPARATION_MIXTURE,
    METHODS = FMX__SEPARATION_METHODS,
    RESAMPLES = 1000,
};

static const char *const methods[METHODS] = {"network", "least squares", "the mixture"};

/* Below this energy (of spectra of height 1) is silence, as in the loss. */
static const double silence = 1e-8;

/* ---- a batch ----------------------------------------------------------------------------------
 */

static double squares(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static double squared_error(const float *x, const float *t, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
        sum += ((double)x[i] - (double)t[i]) * ((double)x[i] - (double)t[i]);
    return sum;
}

/* The formula of docs/training/loss.md, in dB, the more the better. */
static double si_snr(const float *x, const float *t, size_t n)
{
    double mean_x = 0;
    double mean_t = 0;
    double xt = 0;
    double tt = 0;
    double noise = 0;
    for (size_t i = 0; i < n; ++i) {
        mean_x += (double)x[i] / (double)n;
        mean_t += (double)t[i] / (double)n;
    }
    for (size_t i = 0; i < n; ++i) {
        xt += ((double)x[i] - mean_x) * ((double)t[i] - mean_t);
        tt += ((double)t[i] - mean_t) * ((double)t[i] - mean_t);
    }
    double a = (xt + silence) / (tt + silence);
    for (size_t i = 0; i < n; ++i) {
        double off = a * ((double)t[i] - mean_t) - ((double)x[i] - mean_x);
        noise += off * off;
    }
    return 10 * log10((a * a * tt + silence) / (noise + silence));
}

/* Which slot of the network holds which source: those with the least squared error in all. */
static fmx_status assign(fmx__separation *s, size_t count)
{
    size_t n = s->slots;
    memset(s->host_cost, 0, s->site.batch * n * n * sizeof *s->host_cost);
    for (size_t b = 0; b < count; ++b)
        for (size_t target = 0; target < n; ++target)
            for (size_t slot = 0; slot < n; ++slot)
                s->host_cost[(b * n + target) * n + slot] =
                    (float)squared_error(s->given + (b * n + slot) * s->points,
                                         s->wanted + (b * n + target) * s->points, s->points);
    fmx__assignment_method method = n <= FMX__ASSIGNMENT_EXHAUSTIVE_MOST
                                        ? FMX__ASSIGNMENT_EXHAUSTIVE
                                        : FMX__ASSIGNMENT_HUNGARIAN;
    fmx_status status =
        fmx_buffer_write(s->cost, 0, s->host_cost, s->site.batch * n * n * sizeof *s->host_cost);
    if (status == FMX_OK)
        status = fmx__assignment_run(s->device, method, s->site.batch, n, s->cost, s->columns,
                                     s->totals);
    if (status == FMX_OK)
        status = fmx_buffer_read(s->columns, 0, s->host_columns,
                                 s->site.batch * n * sizeof *s->host_columns);
    return status;
}

/* The spectrum of a class as least squares has it; false where it has none of it. */
static bool class_line(fmx__separation *s, size_t row, size_t class_index)
{
    const float *amount = s->ls.host_amounts + row * fmx__nnls_stride(s->ls.rows);
    bool any = false;
    memset(s->line, 0, s->points * sizeof *s->line);
    for (size_t r = 0; r < s->ls.rows; ++r) {
        if (s->ls.class_of[r] != class_index || !(amount[r] > 0))
            continue;
        any = true;
        for (size_t i = 0; i < s->points; ++i)
            s->line[i] += amount[r] * s->rows[r * s->points + i];
    }
    return any;
}

static void score_part(fmx__separation *s, fmx__separation_sums *sums, const float *spectrum[])
{
    const float *truth = spectrum[METHODS];
    sums->parts += 1;
    sums->energy += squares(truth, s->points);
    for (size_t m = 0; m < METHODS; ++m) {
        sums->snr[m] += si_snr(spectrum[m], truth, s->points);
        sums->error[m] += squared_error(spectrum[m], truth, s->points);
    }
}

/* The constituents of one mixture, then what was given to others. */
static void score_sources(fmx__separation *s, size_t row, fmx__separation_sums *sums)
{
    const float *label = s->label + row * s->most;
    const float *input = s->input + row * s->points;
    const float *wanted = s->wanted + row * s->slots * s->points;
    const float *given = s->given + row * s->slots * s->points;
    double given_energy = squares(given, s->slots * s->points);
    double lines_energy = 0;
    for (size_t c = 0; c < s->classes; ++c)
        lines_energy += class_line(s, row, c) ? squares(s->line, s->points) : 0;
    for (size_t k = 0; k < s->most; ++k) {
        if (label[k] < 0)
            continue;
        size_t c = (size_t)label[k];
        size_t target = s->by_class ? c : k;
        size_t slot = s->by_class ? c : s->host_columns[row * s->slots + target];
        const float *spectrum[METHODS + 1] = {given + slot * s->points, s->line, input,
                                              wanted + target * s->points};
        class_line(s, row, c);
        given_energy -= squares(spectrum[NETWORK], s->points);
        lines_energy -= squares(s->line, s->points);
        score_part(s, sums, spectrum);
    }
    sums->absent[NETWORK] = fmax(0, given_energy);
    sums->absent[LEAST_SQUARES] = fmax(0, lines_energy);
}

/* The first mixtures, for pictures: their largest constituents. */
static fmx_status keep_example(fmx__separation *s, size_t row)
{
    fmx__source_evaluation *out = s->site.out;
    fmx__source_parts *e = &out->mixture[out->mixtures];
    const float *label = s->label + row * s->most;
    bool taken[FMX__ASSIGNMENT_MOST] = {false};
    size_t floats = (1 + 2 * FMX__SOURCE_PARTS) * s->points;
    fmx_status status = fmx__alloc(s->ctx, floats, sizeof *e->spectrum, "an example", &e->spectrum);
    if (status != FMX_OK)
        return status;
    memcpy(e->spectrum, s->input + row * s->points, s->points * sizeof(float));
    for (e->parts = 0; e->parts < FMX__SOURCE_PARTS; ++e->parts) {
        size_t best = s->most;
        double most = 0;
        for (size_t k = 0; k < s->most && k < FMX__COUNT(taken); ++k) {
            size_t target = label[k] < 0 ? 0 : s->by_class ? (size_t)label[k] : k;
            double energy = squares(s->wanted + (row * s->slots + target) * s->points, s->points);
            if (label[k] >= 0 && !taken[k] && energy > most) {
                best = k;
                most = energy;
            }
        }
        if (best == s->most)
            break;
        taken[best] = true;
        size_t target = s->by_class ? (size_t)label[best] : best;
        size_t slot = s->by_class ? target : s->host_columns[row * s->slots + target];
        float *to = e->spectrum + (1 + 2 * e->parts) * s->points;
        e->class_index[e->parts] = (uint32_t)label[best];
        memcpy(to, s->wanted + (row * s->slots + target) * s->points, s->points * sizeof *to);
        memcpy(to + s->points, s->given + (row * s->slots + slot) * s->points,
               s->points * sizeof *to);
    }
    ++out->mixtures;
    return FMX_OK;
}

static fmx_status read_batch(fmx__separation *s, fmx__plan *plan, const fmx__source_batch *batch,
                             size_t first, size_t count)
{
    size_t names = count * s->classes * sizeof(float);
    size_t sources = count * s->slots * s->points * sizeof(float);
    fmx_status status =
        fmx_buffer_read(batch->input, 0, s->input, count * s->points * sizeof(float));
    if (status == FMX_OK)
        status = fmx_buffer_read(batch->target[s->target_classes], 0, s->truth + first * s->classes,
                                 names);
    if (status == FMX_OK)
        status = fmx_buffer_read(batch->target[s->target_labels], 0, s->label,
                                 count * s->most * sizeof(float));
    if (status == FMX_OK)
        status = fmx_buffer_read(fmx__plan_value(plan, s->head), 0,
                                 s->presence[NETWORK] + first * s->classes, names);
    if (status == FMX_OK && s->separates)
        status = fmx_buffer_read(batch->target[s->target_sources], 0, s->wanted, sources);
    if (status == FMX_OK && s->separates)
        status = fmx_buffer_read(fmx__plan_value(plan, s->layer), 0, s->given, sources);
    return status;
}

fmx_status fmx__separation_batch(fmx__separation *s, fmx__plan *plan,
                                 const fmx__source_batch *batch, size_t first, size_t count)
{
    fmx_status status = read_batch(s, plan, batch, first, count);
    if (status == FMX_OK)
        status =
            fmx__least_squares_run(&s->ls, s->input, count,
                                   s->presence[LEAST_SQUARES] + first * s->classes, s->proportion);
    if (status == FMX_OK && s->separates && !s->by_class)
        status = assign(s, count);
    for (size_t row = 0; status == FMX_OK && s->separates && row < count; ++row) {
        score_sources(s, row, &s->sums[first + row]);
        if (s->site.out->mixtures < FMX__SOURCE_EXAMPLES)
            status = keep_example(s, row);
    }
    return status;
}

/* ---- figures ----------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sum over the items of one field over that of another, with the interval of resampled items. */
static void add_ratio(fmx__separation *s, const char *name, size_t method, size_t top_at,
                      size_t below_at, bool share)
{
    double ratio[RESAMPLES];
    double sum[2] = {0, 0};
    size_t items = s->site.out->items;
    for (size_t r = 0; r <= RESAMPLES; ++r) { /* the last one: all items once */
        uint32_t word[4] = {0};
        sum[0] = sum[1] = 0;
        for (size_t i = 0; i < items; ++i) {
            if (i % 4 == 0 && r < RESAMPLES)
                fmx__random_words(word, s->site.out->seed, FMX__PURPOSE_BOOTSTRAP, r, 0,
                                  (uint32_t)(i / 4));
            size_t item = r < RESAMPLES ? fmx__random_below(word[i % 4], items) : i;
            const char *at = (const char *)&s->sums[item];
            sum[0] += *(const double *)(const void *)(at + top_at);
            sum[1] += *(const double *)(const void *)(at + below_at);
        }
        if (r < RESAMPLES)
            ratio[r] = sum[0] / sum[1];
    }
    qsort(ratio, RESAMPLES, sizeof *ratio, compare);
    const fmx__source_figure figure = {name,
                                       methods[method],
                                       sum[0] / sum[1],
                                       ratio[RESAMPLES / 40],
                                       ratio[RESAMPLES - 1 - RESAMPLES / 40],
                                       share};
    fmx__source_figure_add(s->site.out, &figure);
}

#define FIELD(name, method)                                                                        \
    (offsetof(fmx__separation_sums, name) + (size_t)(method) * sizeof(double))

static void add_separation(fmx__separation *s)
{
    for (size_t m = 0; m < METHODS; ++m)
        add_ratio(s, "si_snr_db", m, FIELD(snr, m), FIELD(parts, 0), false);
    for (size_t m = 0; m < METHODS; ++m)
        add_ratio(s, "relative_error", m, FIELD(error, m), FIELD(energy, 0), false);
    for (size_t m = 0; m < MIXTURE; ++m)
        add_ratio(s, "absent_energy", m, FIELD(absent, m), FIELD(energy, 0), false);
}

/* Names, as docs/training/evaluation.md has them. Least squares has the threshold that suits these
 * very mixtures best. */
static fmx_status add_names(fmx__separation *s, size_t method)
{
    static const fmx__figure_name shown[] = {
        FMX__FIGURE_F1_MICRO, FMX__FIGURE_PRECISION_MICRO, FMX__FIGURE_RECALL_MICRO,
        FMX__FIGURE_FALSE_POSITIVE_RATE, FMX__FIGURE_EXACT_MATCH};
    fmx__source_evaluation *out = s->site.out;
    fmx__evaluation_input input = {
        .method = methods[method],
        .mixtures = out->items,
        .classes = s->classes,
        .class_name = (const char *const *)s->site.source->class_name,
        .truth = s->truth,
        .presence = s->presence[method],
        .threshold = fmx__source_threshold(out),
        .seed = out->seed,
    };
    fmx_status status = FMX_OK;
    if (method == LEAST_SQUARES)
        status = fmx__evaluation_threshold(s->ctx, input.mixtures, input.classes, input.truth,
                                           input.presence, &input.threshold);
    if (status == FMX_OK)
        status = fmx__source_figures_of_names(s->ctx, &input, shown, FMX__COUNT(shown), out);
    return status;
}

fmx_status fmx__separation_figures(fmx__separation *s)
{
    fmx_status status = add_names(s, NETWORK);
    if (status == FMX_OK)
        status = add_names(s, LEAST_SQUARES);
    if (status == FMX_OK && s->separates)
        add_separation(s);
    return status;
}

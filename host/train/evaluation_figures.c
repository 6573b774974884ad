/* Every figure from weighted sums over mixtures, and its interval: percentiles of the figure over
 * resamples of the mixtures with replacement. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation_internal.h"
#include "philox.h"

/* The work of one resample (or, with every weight 1, of the mixtures as they are). */
typedef struct tally {
    uint32_t *weight;  /* [N] */
    double *group;     /* [component_count][FMX__SUM_COUNT] */
    double (*kind)[3]; /* [C]: hits, false positives, misses */
    double bin[3][FMX__EVALUATION_BINS];
} tally;

double fmx__precision(double hits, double falses, double misses)
{
    if (hits + falses > 0)
        return hits / (hits + falses);
    return misses > 0 ? 0 : (double)NAN;
}

double fmx__recall(double hits, double misses)
{
    return hits + misses > 0 ? hits / (hits + misses) : (double)NAN;
}

double fmx__f1(double hits, double falses, double misses)
{
    return hits + falses + misses > 0 ? 2 * hits / (2 * hits + falses + misses) : (double)NAN;
}

static double ratio(double above, double below)
{
    return below > 0 ? above / below : (double)NAN;
}

static void figures_of_sums(const double *sum, size_t classes, double *figure)
{
    double hits = sum[FMX__SUM_TRUE_POSITIVES];
    double falses = sum[FMX__SUM_FALSE_POSITIVES];
    double misses = sum[FMX__SUM_MISSES];
    double mixtures = sum[FMX__SUM_MIXTURES];
    double cells = mixtures * (double)classes;
    figure[FMX__FIGURE_TOP2_PAIRS] = ratio(sum[FMX__SUM_PAIR_TOP2], sum[FMX__SUM_PAIR_CELLS]);
    figure[FMX__FIGURE_TENTH_PAIRS] = ratio(sum[FMX__SUM_PAIR_TENTH], sum[FMX__SUM_PAIR_CELLS]);
    figure[FMX__FIGURE_DEVIATION_PAIRS] =
        ratio(sum[FMX__SUM_PAIR_DEVIATION], sum[FMX__SUM_PAIR_CELLS]);
    figure[FMX__FIGURE_TOP_K] = ratio(sum[FMX__SUM_TOP_K], sum[FMX__SUM_COMPONENTS]);
    figure[FMX__FIGURE_DEVIATION] = ratio(sum[FMX__SUM_DEVIATION], sum[FMX__SUM_COMPONENTS]);
    figure[FMX__FIGURE_DEVIATION_ALL] = ratio(sum[FMX__SUM_DEVIATION_ALL], cells);
    figure[FMX__FIGURE_EXACT_MATCH] = ratio(sum[FMX__SUM_EXACT], mixtures);
    figure[FMX__FIGURE_PRECISION_MICRO] = fmx__precision(hits, falses, misses);
    figure[FMX__FIGURE_RECALL_MICRO] = fmx__recall(hits, misses);
    figure[FMX__FIGURE_F1_MICRO] = fmx__f1(hits, falses, misses);
    figure[FMX__FIGURE_FALSE_POSITIVE_RATE] = ratio(falses, cells - hits - misses);
    figure[FMX__FIGURE_FALSE_POSITIVES] = ratio(falses, mixtures);
}

/* Mean of the defined values of one kind over classes. */
static void add_defined(double value, double *sum, double *count)
{
    if (!isnan(value)) {
        *sum += value;
        *count += 1;
    }
}

static void figures_of_classes(const tally *t, const fmx__roc *roc, const fmx__evaluation *sizes,
                               const uint32_t *weight, double *figure)
{
    double sum[4] = {0, 0, 0, 0};
    double count[4] = {0, 0, 0, 0};
    for (size_t c = 0; c < sizes->classes; ++c) {
        const double *kind = t->kind[c];
        add_defined(fmx__precision(kind[FMX__HIT], kind[FMX__FALSE], kind[FMX__MISS]), &sum[0],
                    &count[0]);
        add_defined(fmx__recall(kind[FMX__HIT], kind[FMX__MISS]), &sum[1], &count[1]);
        add_defined(fmx__f1(kind[FMX__HIT], kind[FMX__FALSE], kind[FMX__MISS]), &sum[2], &count[2]);
        if (kind[FMX__HIT] + kind[FMX__MISS] > 0)
            add_defined(fmx__roc_area(roc->by_class + c * sizes->mixtures, sizes->mixtures, weight),
                        &sum[3], &count[3]);
    }
    figure[FMX__FIGURE_PRECISION_MACRO] = ratio(sum[0], count[0]);
    figure[FMX__FIGURE_RECALL_MACRO] = ratio(sum[1], count[1]);
    figure[FMX__FIGURE_F1_MACRO] = ratio(sum[2], count[2]);
    figure[FMX__FIGURE_AUC_MACRO] = ratio(sum[3], count[3]);
    figure[FMX__FIGURE_AUC_MICRO] =
        fmx__roc_area(roc->all, sizes->mixtures * sizes->classes, weight);
}

/* sum over bins of (cells / all) |mean predicted - share present| */
static double calibration_error(const tally *t, bool probabilities)
{
    double cells = 0;
    double error = 0;
    for (size_t b = 0; b < FMX__EVALUATION_BINS; ++b) {
        cells += t->bin[0][b];
        error += fabs(t->bin[1][b] - t->bin[2][b]);
    }
    return probabilities ? ratio(error, cells) : (double)NAN;
}

static void add_row(const fmx__evaluation_rows *rows, const fmx__row_sums *row, double weight,
                    tally *t)
{
    double *group = t->group + row->group * FMX__SUM_COUNT;
    for (size_t i = 0; i < FMX__SUM_COUNT; ++i)
        group[i] += weight * row->sum[i];
    for (size_t i = 0; i < row->events; ++i) {
        const fmx__event *event = &rows->event[row->first_event + i];
        t->kind[event->of_class][event->kind] += weight;
    }
    for (size_t b = 0; b < FMX__EVALUATION_BINS; ++b) {
        t->bin[0][b] += weight * row->bin_cells[b];
        t->bin[1][b] += weight * row->bin_predicted[b];
        t->bin[2][b] += weight * row->bin_present[b];
    }
}

/* All figures of one weighting: overall, then of each group. */
static void figures_of(const fmx__evaluation_rows *rows, const fmx__roc *roc,
                       const fmx__evaluation *sizes, tally *t, double *figure)
{
    double all[FMX__SUM_COUNT] = {0};
    memset(t->group, 0, sizes->component_count * FMX__SUM_COUNT * sizeof *t->group);
    memset(t->kind, 0, sizes->classes * sizeof *t->kind);
    memset(t->bin, 0, sizeof t->bin);
    for (size_t m = 0; m < sizes->mixtures; ++m)
        if (t->weight[m] > 0)
            add_row(rows, &rows->row[m], t->weight[m], t);
    for (size_t g = 0; g < sizes->component_count; ++g) {
        const double *sum = t->group + g * FMX__SUM_COUNT;
        for (size_t i = 0; i < FMX__SUM_COUNT; ++i)
            all[i] += sum[i];
        figures_of_sums(sum, sizes->classes, figure + FMX__FIGURE_COUNT + g * FMX__FIGURE_SUMS);
    }
    figures_of_sums(all, sizes->classes, figure);
    figures_of_classes(t, roc, sizes, t->weight, figure);
    figure[FMX__FIGURE_CALIBRATION_ERROR] = calibration_error(t, rows->probabilities);
}

/* How often each mixture is drawn in resample r: N draws floor(word N / 2^32). */
static void draw(uint64_t seed, size_t resample, size_t mixtures, uint32_t *weight)
{
    uint32_t word[4];
    memset(weight, 0, mixtures * sizeof *weight);
    for (size_t i = 0; i < mixtures; ++i) {
        if (i % 4 == 0)
            fmx__random_words(word, seed, FMX__PURPOSE_BOOTSTRAP, resample, 0, (uint32_t)(i / 4));
        ++weight[fmx__random_below(word[i % 4], mixtures)];
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Percentile of ascending values with linear interpolation. */
static double percentile(const double *value, size_t count, double share)
{
    double at = share * (double)(count - 1);
    size_t below = (size_t)at;
    if (below + 1 >= count)
        return value[count - 1];
    return value[below] + (at - (double)below) * (value[below + 1] - value[below]);
}

/* The interval of figure f; resamples in which it is undefined are left out. */
static void interval(const double *sample, size_t width, size_t resamples, size_t f, double *room,
                     fmx__figure *figure)
{
    size_t count = 0;
    for (size_t r = 0; r < resamples; ++r)
        if (!isnan(sample[r * width + f]))
            room[count++] = sample[r * width + f];
    figure->low = figure->high = NAN;
    if (count == 0 || isnan(figure->value))
        return;
    qsort(room, count, sizeof *room, ascending);
    figure->low = percentile(room, count, 0.025);
    figure->high = percentile(room, count, 0.975);
}

/* Everything the bootstrap needs; zeroed where not allocated. */
typedef struct bootstrap {
    size_t width;   /* figures of one weighting, groups included */
    double *value;  /* [width] */
    double *sample; /* [resamples][width] */
    double *room;   /* [resamples] */
    tally t;
} bootstrap;

static fmx_status bootstrap_make(fmx_context *ctx, const fmx__evaluation *sizes, bootstrap *out)
{
    size_t samples = 0;
    out->width = FMX__FIGURE_COUNT + sizes->component_count * FMX__FIGURE_SUMS;
    if (!fmx__size_mul(out->width, sizes->resamples, &samples))
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "evaluation: %zu resamples are too many",
                         sizes->resamples);
    fmx_status status =
        fmx__alloc(ctx, samples, sizeof *out->sample, "bootstrap samples", &out->sample);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->width, sizeof *out->value, "figures", &out->value);
    if (status == FMX_OK)
        status =
            fmx__alloc(ctx, sizes->resamples, sizeof *out->room, "bootstrap order", &out->room);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, sizes->mixtures, sizeof *out->t.weight, "weights", &out->t.weight);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, sizes->component_count * FMX__SUM_COUNT, sizeof *out->t.group,
                            "sums of groups", &out->t.group);
    if (status == FMX_OK)
        status =
            fmx__alloc(ctx, sizes->classes, sizeof *out->t.kind, "sums of classes", &out->t.kind);
    return status;
}

static void bootstrap_clear(bootstrap *b)
{
    free(b->value);
    free(b->sample);
    free(b->room);
    free(b->t.weight);
    free(b->t.group);
    free(b->t.kind);
}

/* Figure f of a weighting in the result. */
static fmx__figure *figure_at(fmx__evaluation *out, size_t f)
{
    if (f < FMX__FIGURE_COUNT)
        return &out->figure[f];
    f -= FMX__FIGURE_COUNT;
    return &out->component[f / FMX__FIGURE_SUMS].figure[f % FMX__FIGURE_SUMS];
}

fmx_status fmx__evaluation_figures(fmx_context *ctx, const fmx__evaluation_rows *rows,
                                   const fmx__roc *roc, fmx__evaluation *out)
{
    bootstrap b = {0};
    fmx_status status = bootstrap_make(ctx, out, &b);
    if (status != FMX_OK)
        goto out;
    for (size_t m = 0; m < out->mixtures; ++m)
        b.t.weight[m] = 1;
    figures_of(rows, roc, out, &b.t, b.value);
    for (size_t r = 0; r < out->resamples; ++r) {
        status = fmx__check_interrupt(ctx);
        if (status != FMX_OK)
            goto out;
        draw(out->seed, r, out->mixtures, b.t.weight);
        figures_of(rows, roc, out, &b.t, b.sample + r * b.width);
    }
    for (size_t f = 0; f < b.width; ++f) {
        fmx__figure *figure = figure_at(out, f);
        figure->value = b.value[f];
        interval(b.sample, b.width, out->resamples, f, b.room, figure);
    }
out:
    bootstrap_clear(&b);
    return status;
}

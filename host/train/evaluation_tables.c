/* The tables behind the figures. */
#include <math.h>
#include <stdlib.h>

#include "evaluation_internal.h"

static const float *proportions_of(const fmx__evaluation_input *input, size_t m)
{
    return (input->proportion ? input->proportion : input->presence) + m * input->classes;
}

static fmx_status class_results(fmx_context *ctx, const fmx__evaluation_rows *rows,
                                const fmx__roc *roc, fmx__evaluation *out)
{
    fmx_status status = fmx__alloc(ctx, out->classes, sizeof *out->class_result,
                                   "results of classes", &out->class_result);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < rows->event_count; ++i) {
        fmx__class_result *result = &out->class_result[rows->event[i].of_class];
        result->true_positives += rows->event[i].kind == FMX__HIT;
        result->false_positives += rows->event[i].kind == FMX__FALSE;
        result->misses += rows->event[i].kind == FMX__MISS;
    }
    for (size_t c = 0; c < out->classes; ++c) {
        fmx__class_result *result = &out->class_result[c];
        double hits = (double)result->true_positives;
        double falses = (double)result->false_positives;
        double misses = (double)result->misses;
        result->present = result->true_positives + result->misses;
        result->precision = fmx__precision(hits, falses, misses);
        result->recall = fmx__recall(hits, misses);
        result->f1 = fmx__f1(hits, falses, misses);
        result->auc = fmx__roc_area(roc->by_class + c * out->mixtures, out->mixtures, NULL);
    }
    return FMX_OK;
}

static void reliability(const fmx__evaluation_rows *rows, fmx__evaluation *out)
{
    for (size_t b = 0; b < FMX__EVALUATION_BINS; ++b) {
        double cells = 0;
        double predicted = 0;
        double present = 0;
        for (size_t m = 0; m < out->mixtures; ++m) {
            cells += rows->row[m].bin_cells[b];
            predicted += rows->row[m].bin_predicted[b];
            present += rows->row[m].bin_present[b];
        }
        bool defined = cells > 0 && rows->probabilities;
        out->bin[b].cells = (size_t)cells;
        out->bin[b].predicted = defined ? predicted / cells : (double)NAN;
        out->bin[b].observed = defined ? present / cells : (double)NAN;
    }
}

/* Adds the mixtures of one compound to `confusion`, every mixture to `taken_for`. */
static void confusions(const fmx__evaluation_input *input, const fmx__evaluation_rows *rows,
                       fmx__evaluation *out)
{
    size_t classes = out->classes;
    for (size_t m = 0; m < out->mixtures; ++m) {
        const fmx__row_sums *row = &rows->row[m];
        const fmx__event *event = rows->event + row->first_event;
        const float *presence = input->presence + m * classes;
        const float *proportion = proportions_of(input, m);
        for (size_t i = 0; i < row->events; ++i) {
            if (event[i].kind == FMX__HIT)
                ++out->taken_for[event[i].of_class * (classes + 1)];
            for (size_t j = 0; event[i].kind == FMX__MISS && j < row->events; ++j)
                if (event[j].kind == FMX__FALSE)
                    ++out->taken_for[event[i].of_class * classes + event[j].of_class];
        }
        if (row->sum[FMX__SUM_COMPONENTS] != 1)
            continue;
        size_t best = 0;
        for (size_t c = 1; c < classes; ++c)
            if (presence[c] > presence[best] ||
                (presence[c] == presence[best] && proportion[c] > proportion[best]))
                best = c;
        for (size_t c = 0; c < classes; ++c)
            if (input->truth[m * classes + c] > 0)
                ++out->confusion[c * classes + best];
    }
}

static void add_pair_cell(const fmx__evaluation_input *input, size_t m, size_t i, size_t j,
                          fmx__evaluation *out)
{
    size_t at = i * out->classes + j;
    const float *presence = input->presence + m * out->classes;
    const float *proportion = proportions_of(input, m);
    out->pair_top2[at] += fmx__evaluation_is_top(presence, proportion, out->classes, i, 2);
    out->pair_tenth[at] += presence[i] >= 0.1f;
    out->pair_deviation[at] += proportion[i] - input->truth[m * out->classes + i];
}

/* The C x C tables; `times` [C][C] counts the mixtures of each cell. */
static void pair_tables(const fmx__evaluation_input *input, const fmx__evaluation_rows *rows,
                        uint32_t *times, fmx__evaluation *out)
{
    size_t classes = out->classes;
    for (size_t m = 0; m < out->mixtures; ++m) {
        const float *truth = input->truth + m * classes;
        size_t components = (size_t)rows->row[m].sum[FMX__SUM_COMPONENTS];
        size_t found[2] = {0, 0};
        size_t count = 0;
        if (!fmx__evaluation_is_pair(truth, classes, components))
            continue;
        for (size_t c = 0; c < classes && count < 2; ++c)
            if (truth[c] > 0)
                found[count++] = c;
        ++out->pairs;
        out->pair_cells += count;
        for (size_t k = 0; k < count; ++k) {
            size_t other = count == 2 ? found[1 - k] : found[k];
            ++times[found[k] * classes + other];
            add_pair_cell(input, m, found[k], other, out);
        }
    }
    for (size_t at = 0; at < classes * classes; ++at) {
        float mixtures = times[at] > 0 ? (float)times[at] : NAN;
        out->pair_top2[at] /= mixtures;
        out->pair_tenth[at] /= mixtures;
        out->pair_deviation[at] /= mixtures;
    }
}

/* Numbers of components that occur, ascending; sets each row's group. */
static fmx_status component_groups(fmx_context *ctx, fmx__evaluation_rows *rows,
                                   fmx__evaluation *out)
{
    size_t *group = NULL; /* [C + 1] mixtures with so many components, then their group */
    fmx_status status = fmx__alloc(ctx, out->classes + 1, sizeof *group, "groups", &group);
    if (status != FMX_OK)
        return status;
    for (size_t m = 0; m < out->mixtures; ++m)
        ++group[(size_t)rows->row[m].sum[FMX__SUM_COMPONENTS]];
    for (size_t k = 0; k <= out->classes; ++k)
        out->component_count += group[k] > 0;
    status = fmx__alloc(ctx, out->component_count, sizeof *out->component,
                        "results by number of components", &out->component);
    size_t next = 0;
    for (size_t k = 0; status == FMX_OK && k <= out->classes; ++k) {
        if (group[k] == 0)
            continue;
        out->component[next] = (fmx__component_result){.components = k, .mixtures = group[k]};
        group[k] = next++;
    }
    for (size_t m = 0; status == FMX_OK && m < out->mixtures; ++m)
        rows->row[m].group = group[(size_t)rows->row[m].sum[FMX__SUM_COMPONENTS]];
    free(group);
    return status;
}

fmx_status fmx__evaluation_tables(fmx_context *ctx, const fmx__evaluation_input *input,
                                  fmx__evaluation_rows *rows, const fmx__roc *roc,
                                  fmx__evaluation *out)
{
    uint32_t *times = NULL;
    size_t table = 0;
    if (!fmx__size_mul(out->classes, out->classes, &table))
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "evaluation: %zu classes are too many",
                         out->classes);
    fmx_status status = fmx__alloc(ctx, table, sizeof *times, "mixtures of cells", &times);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, table, sizeof *out->confusion, "confusion", &out->confusion);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, table, sizeof *out->taken_for, "confusion", &out->taken_for);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, table, sizeof *out->pair_top2, "pairs", &out->pair_top2);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, table, sizeof *out->pair_tenth, "pairs", &out->pair_tenth);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, table, sizeof *out->pair_deviation, "pairs", &out->pair_deviation);
    if (status == FMX_OK)
        status = component_groups(ctx, rows, out);
    if (status == FMX_OK)
        status = class_results(ctx, rows, roc, out);
    if (status == FMX_OK) {
        reliability(rows, out);
        confusions(input, rows, out);
        pair_tables(input, rows, times, out);
    }
    free(times);
    return status;
}

/* What every mixture adds to the figures. */
#include <math.h>
#include <stdlib.h>

#include "evaluation_internal.h"

bool fmx__evaluation_is_pair(const float *truth, size_t classes, size_t components)
{
    double most = 0;
    double least = INFINITY;
    if (components != 1 && components != 2)
        return false;
    for (size_t c = 0; c < classes; ++c) {
        if (truth[c] > 0) {
            most = fmax(most, truth[c]);
            least = fmin(least, truth[c]);
        }
    }
    return most - least <= 1e-3 * most; /* "equal": what is left of 0.5 and 0.5 in float */
}

bool fmx__evaluation_is_top(const float *presence, const float *proportion, size_t classes,
                            size_t c, size_t most)
{
    size_t before = 0;
    for (size_t other = 0; other < classes; ++other) {
        if (other == c)
            continue;
        before += presence[other] > presence[c] ||
                  (presence[other] == presence[c] && proportion[other] >= proportion[c]);
    }
    return before < most;
}

static fmx_status check_row(fmx_context *ctx, const fmx__evaluation_input *input, size_t m,
                            bool *probabilities)
{
    const float *proportion = input->proportion ? input->proportion : input->presence;
    for (size_t c = 0; c < input->classes; ++c) {
        size_t at = m * input->classes + c;
        float presence = input->presence[at];
        if (!isfinite(input->truth[at]) || input->truth[at] < 0)
            return fmx__fail(ctx, FMX_ERROR_FORMAT,
                             "evaluation: mixture %zu, class %s: the true proportion is %g; it "
                             "must be 0 (absent) or more",
                             m, input->class_name[c], (double)input->truth[at]);
        if (!isfinite(presence) || !isfinite(proportion[at]))
            return fmx__fail(ctx, FMX_ERROR_FORMAT,
                             "evaluation: mixture %zu, class %s: the prediction is %g (proportion "
                             "%g), no finite number; look for NaN in the spectrum or the model",
                             m, input->class_name[c], (double)presence, (double)proportion[at]);
        *probabilities = *probabilities && presence >= 0 && presence <= 1;
    }
    return FMX_OK;
}

static fmx_status add_event(fmx_context *ctx, fmx__evaluation_rows *rows, fmx__row_sums *row,
                            size_t c, bool present, bool called)
{
    uint32_t kind = present ? (called ? FMX__HIT : FMX__MISS) : FMX__FALSE;
    if (!present && !called)
        return FMX_OK;
    fmx_status status = fmx__grow(ctx, &rows->event, &rows->event_capacity, rows->event_count + 1,
                                  sizeof *rows->event, "evaluation events");
    if (status != FMX_OK)
        return status;
    rows->event[rows->event_count++] = (fmx__event){(uint32_t)c, kind};
    ++row->events;
    row->sum[FMX__SUM_TRUE_POSITIVES] += kind == FMX__HIT;
    row->sum[FMX__SUM_FALSE_POSITIVES] += kind == FMX__FALSE;
    row->sum[FMX__SUM_MISSES] += kind == FMX__MISS;
    return FMX_OK;
}

/* What constituent c adds to the scores (a), (b), (c) and their general forms. */
static void add_constituent(const fmx__evaluation_input *input, const float *presence,
                            const float *proportion, double deviation, size_t c, size_t components,
                            bool pair, double *sum)
{
    sum[FMX__SUM_TOP_K] +=
        fmx__evaluation_is_top(presence, proportion, input->classes, c, components);
    sum[FMX__SUM_DEVIATION] += deviation;
    if (!pair)
        return;
    sum[FMX__SUM_PAIR_CELLS] += 1;
    sum[FMX__SUM_PAIR_TOP2] += fmx__evaluation_is_top(presence, proportion, input->classes, c, 2);
    sum[FMX__SUM_PAIR_TENTH] += presence[c] >= 0.1f;
    sum[FMX__SUM_PAIR_DEVIATION] += deviation;
}

static void add_bin(fmx__row_sums *row, double presence, bool present)
{
    size_t bin = presence > 0 ? (size_t)(presence * FMX__EVALUATION_BINS) : 0;
    if (bin >= FMX__EVALUATION_BINS)
        bin = FMX__EVALUATION_BINS - 1;
    row->bin_cells[bin] += 1;
    row->bin_predicted[bin] += presence;
    row->bin_present[bin] += present;
}

static fmx_status walk_row(fmx_context *ctx, const fmx__evaluation_input *input, size_t m,
                           fmx__evaluation_rows *rows)
{
    size_t classes = input->classes;
    const float *truth = input->truth + m * classes;
    const float *presence = input->presence + m * classes;
    const float *proportion =
        (input->proportion ? input->proportion : input->presence) + m * classes;
    fmx__row_sums *row = &rows->row[m];
    size_t components = 0;
    fmx_status status = check_row(ctx, input, m, &rows->probabilities);
    for (size_t c = 0; c < classes; ++c)
        components += truth[c] > 0;
    bool pair = fmx__evaluation_is_pair(truth, classes, components);
    row->first_event = rows->event_count;
    for (size_t c = 0; status == FMX_OK && c < classes; ++c) {
        double deviation = fabs((double)proportion[c] - truth[c]);
        row->sum[FMX__SUM_DEVIATION_ALL] += deviation;
        if (truth[c] > 0)
            add_constituent(input, presence, proportion, deviation, c, components, pair, row->sum);
        add_bin(row, presence[c], truth[c] > 0);
        status = add_event(ctx, rows, row, c, truth[c] > 0, presence[c] >= input->threshold);
    }
    row->sum[FMX__SUM_MIXTURES] = 1;
    row->sum[FMX__SUM_COMPONENTS] = (double)components;
    row->sum[FMX__SUM_EXACT] =
        row->sum[FMX__SUM_FALSE_POSITIVES] == 0 && row->sum[FMX__SUM_MISSES] == 0;
    return status;
}

fmx_status fmx__evaluation_rows_make(fmx_context *ctx, const fmx__evaluation_input *input,
                                     fmx__evaluation_rows *out)
{
    *out = (fmx__evaluation_rows){.probabilities = true};
    fmx_status status =
        fmx__alloc(ctx, input->mixtures, sizeof *out->row, "evaluation rows", &out->row);
    for (size_t m = 0; status == FMX_OK && m < input->mixtures; ++m)
        status = walk_row(ctx, input, m, out);
    if (status != FMX_OK)
        fmx__evaluation_rows_clear(out);
    return status;
}

void fmx__evaluation_rows_clear(fmx__evaluation_rows *rows)
{
    free(rows->row);
    free(rows->event);
    *rows = (fmx__evaluation_rows){0};
}

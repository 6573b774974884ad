#include "evaluation.h"

#include <math.h>
#include <stdlib.h>

#include "evaluation_internal.h"

const fmx__figure_info fmx__figure_infos[] = {
#define FMX_FIGURE_INFO(name, key, title, share, better) {key, title, share, better},
    FMX__FIGURES(FMX_FIGURE_INFO)
#undef FMX_FIGURE_INFO
};

fmx_status fmx__evaluate(fmx_context *ctx, const fmx__evaluation_input *input, fmx__evaluation *out)
{
    fmx__evaluation_rows rows = {0};
    fmx__roc roc = {0};
    fmx__evaluation result = {
        .method = input->method,
        .mixtures = input->mixtures,
        .classes = input->classes,
        .class_name = input->class_name,
        .threshold = input->threshold,
        .seed = input->seed,
        .resamples = input->resamples > 0 ? input->resamples : FMX__EVALUATION_RESAMPLES,
    };
    if (input->mixtures == 0 || input->classes == 0)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "evaluation: %zu mixtures of %zu classes: nothing to evaluate",
                         input->mixtures, input->classes);
    if (input->mixtures > (size_t)1 << 30)
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "evaluation: %zu mixtures, at most 2^30 are handled",
                         input->mixtures);
    fmx_status status = fmx__evaluation_rows_make(ctx, input, &rows);
    if (status == FMX_OK)
        status = fmx__roc_make(ctx, input, &roc);
    if (status == FMX_OK)
        status = fmx__evaluation_tables(ctx, input, &rows, &roc, &result);
    if (status == FMX_OK)
        status = fmx__evaluation_figures(ctx, &rows, &roc, &result);
    if (status == FMX_OK)
        *out = result;
    else
        fmx__evaluation_clear(&result);
    fmx__evaluation_rows_clear(&rows);
    fmx__roc_clear(&roc);
    return status;
}

void fmx__evaluation_clear(fmx__evaluation *evaluation)
{
    if (evaluation == NULL)
        return;
    free(evaluation->class_result);
    free(evaluation->component);
    free(evaluation->confusion);
    free(evaluation->taken_for);
    free(evaluation->pair_top2);
    free(evaluation->pair_tenth);
    free(evaluation->pair_deviation);
    *evaluation = (fmx__evaluation){0};
}

typedef struct candidate {
    float score;
    bool present;
} candidate;

static int descending(const void *a, const void *b)
{
    float x = ((const candidate *)a)->score;
    float y = ((const candidate *)b)->score;
    return x > y ? -1 : x < y;
}

/* The threshold after the i-th candidate that gives the highest F1; all candidates of one score are
 * called together. */
static double best_threshold(const candidate *cell, size_t cells, size_t present)
{
    double best = -1;
    double threshold = INFINITY;
    size_t hits = 0;
    for (size_t i = 0; i < cells; ++i) {
        hits += cell[i].present;
        if (i + 1 < cells && cell[i + 1].score == cell[i].score)
            continue;
        double f1 = 2 * (double)hits / (double)(i + 1 + present);
        if (f1 > best) {
            best = f1;
            threshold = i + 1 < cells ? 0.5 * ((double)cell[i].score + cell[i + 1].score)
                                      : (double)cell[i].score;
        }
    }
    return threshold;
}

fmx_status fmx__evaluation_threshold(fmx_context *ctx, size_t mixtures, size_t classes,
                                     const float *truth, const float *presence, double *threshold)
{
    candidate *cell = NULL;
    size_t cells = 0;
    size_t present = 0;
    if (!fmx__size_mul(mixtures, classes, &cells) || cells == 0)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "threshold: %zu mixtures of %zu classes: nothing to choose from", mixtures,
                         classes);
    fmx_status status = fmx__alloc(ctx, cells, sizeof *cell, "candidates of the threshold", &cell);
    for (size_t i = 0; status == FMX_OK && i < cells; ++i) {
        cell[i] = (candidate){presence[i], truth[i] > 0};
        present += cell[i].present;
        if (!isfinite(presence[i]))
            status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                               "threshold: mixture %zu, class %zu: the score is no finite number",
                               i / classes, i % classes);
    }
    if (status == FMX_OK && present == 0)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "threshold: no mixture holds any of the classes; give mixtures with "
                           "known compounds");
    if (status == FMX_OK) {
        qsort(cell, cells, sizeof *cell, descending);
        *threshold = best_threshold(cell, cells, present);
    }
    free(cell);
    return status;
}

/* What the files of the evaluation share. */
#ifndef FIDMIX_EVALUATION_INTERNAL_H
#define FIDMIX_EVALUATION_INTERNAL_H

#include "evaluation.h"

/* What a mixture adds to the figures; sums of these, with the mixture's weight, give the figures of
 * a resample. */
enum {
    FMX__SUM_MIXTURES,
    FMX__SUM_COMPONENTS, /* constituents */
    FMX__SUM_PAIR_CELLS, /* constituents, in pairs only; so the next three */
    FMX__SUM_PAIR_TOP2,
    FMX__SUM_PAIR_TENTH,
    FMX__SUM_PAIR_DEVIATION,
    FMX__SUM_TOP_K,
    FMX__SUM_DEVIATION,
    FMX__SUM_DEVIATION_ALL,
    FMX__SUM_EXACT,
    FMX__SUM_TRUE_POSITIVES,
    FMX__SUM_FALSE_POSITIVES,
    FMX__SUM_MISSES,
    FMX__SUM_COUNT
};

enum { FMX__HIT = 0, FMX__FALSE = 1, FMX__MISS = 2 };

/* A cell that is present or called. */
typedef struct fmx__event {
    uint32_t of_class;
    uint32_t kind; /* FMX__HIT ... */
} fmx__event;

typedef struct fmx__row_sums {
    double sum[FMX__SUM_COUNT];
    double bin_cells[FMX__EVALUATION_BINS];
    double bin_predicted[FMX__EVALUATION_BINS];
    double bin_present[FMX__EVALUATION_BINS];
    size_t first_event; /* in fmx__evaluation_rows.event */
    size_t events;
    size_t group; /* index of its number of components among those that occur */
} fmx__row_sums;

typedef struct fmx__evaluation_rows {
    fmx__row_sums *row; /* [N] */
    fmx__event *event;
    size_t event_count;
    size_t event_capacity;
    bool probabilities; /* every presence is within [0, 1]: calibration is defined */
} fmx__evaluation_rows;

/* Cells in ascending order of their score: entry = mixture * 4 + last of equal scores * 2 +
 * present.
 */
typedef struct fmx__roc {
    uint32_t *all;      /* [N * C] */
    uint32_t *by_class; /* [C][N] */
} fmx__roc;

bool fmx__evaluation_is_pair(const float *truth, size_t classes, size_t components);

/* True when class c of a row is among the `most` highest scores; equal scores are ordered by
 * proportion, and what is equal in both counts against c. */
bool fmx__evaluation_is_top(const float *presence, const float *proportion, size_t classes,
                            size_t c, size_t most);

/* Walks the mixtures once. The result is released with fmx__evaluation_rows_clear. */
fmx_status fmx__evaluation_rows_make(fmx_context *ctx, const fmx__evaluation_input *input,
                                     fmx__evaluation_rows *out);
void fmx__evaluation_rows_clear(fmx__evaluation_rows *rows);

fmx_status fmx__roc_make(fmx_context *ctx, const fmx__evaluation_input *input, fmx__roc *out);
void fmx__roc_clear(fmx__roc *roc);

/* Area under the ROC curve of `count` entries, each counted weight[mixture] times (NULL: once);
 * NaN without positives or without negatives. */
double fmx__roc_area(const uint32_t *entry, size_t count, const uint32_t *weight);

/* The tables of the result, which has its sizes set and its pointers NULL; sets the rows' groups.
 */
fmx_status fmx__evaluation_tables(fmx_context *ctx, const fmx__evaluation_input *input,
                                  fmx__evaluation_rows *rows, const fmx__roc *roc,
                                  fmx__evaluation *out);

/* Values and intervals of every figure. */
fmx_status fmx__evaluation_figures(fmx_context *ctx, const fmx__evaluation_rows *rows,
                                   const fmx__roc *roc, fmx__evaluation *out);

/* tp / (tp + fp), 0 where nothing is called though it occurs, NaN where it neither occurs nor is
 * called; recall: NaN where it does not occur; F1: NaN where it neither occurs nor is called. */
double fmx__precision(double hits, double falses, double misses);
double fmx__recall(double hits, double misses);
double fmx__f1(double hits, double falses, double misses);

#endif

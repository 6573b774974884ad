/* How well a query model tells what is there, on queries whose answers are known. */
#ifndef FIDMIX_QUERY_FIGURES_H
#define FIDMIX_QUERY_FIGURES_H

#include "source_evaluation.h"

typedef struct fmx__query_judged {
    const float *truth;       /* [queries] 1 where the compound is there, otherwise 0 */
    const float *probability; /* [queries] */
    size_t queries;
    size_t a_mixture; /* queries of one mixture follow each other; the last may have fewer */
} fmx__query_judged;

/* Appends F1, precision, recall, false positive rate (all at the model's threshold), the area under
 * the ROC curve and the expected calibration error to out->figure, formulas as in
 * docs/training/evaluation.md, intervals from resampled mixtures. A mixture of fewer queries than
 * the others is left out unless it is the only one. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__query_figures(fmx_context *ctx, const fmx__query_judged *judged,
                              fmx__source_evaluation *out);

#endif

/* An evaluation as CSV, JSON and text for a terminal. The keys and columns are fixed in
 * docs/training/evaluation.md. */
#ifndef FIDMIX_EVALUATION_OUTPUT_H
#define FIDMIX_EVALUATION_OUTPUT_H

#include <cjson/cJSON.h>

#include "evaluation.h"

/* Writes `mixture,class,true,predicted`, one row per mixture and class: proportions, the true one 0
 * where the class is absent, with the fewest digits that read back to the same float. mixture_name:
 * [N], NULL: numbers from 1. Names with comma, quote or line break are quoted (RFC 4180). The file
 * appears whole or not at all. Errors: FMX_ERROR_WRITE, FMX_ERROR_EXISTS, FMX_ERROR_MEMORY. */
fmx_status fmx__evaluation_csv(fmx_context *ctx, const char *path, bool overwrite,
                               const fmx__evaluation_input *input, char *const *mixture_name);

/* One object: seed, mixtures, classes, method, threshold, every figure as {value, low, high} (null:
 * undefined), by number of components, by class, reliability; the evaluations behind the first are
 * in `baselines`. NULL when memory ran out; released with cJSON_Delete. */
cJSON *fmx__evaluation_json(const fmx__evaluation *const *evaluation, size_t count);

/* Lines for a terminal: the figures of all evaluations (of the same mixtures) side by side, then
 * those by number of components. *out is released with free(). Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__evaluation_text(fmx_context *ctx, const fmx__evaluation *const *evaluation,
                                size_t count, char **out);

#endif

/* A trained query model: is this compound in this spectrum? One file serves any library.
 * docs/query_model.md. */
#ifndef FIDMIX_QUERY_MODEL_H
#define FIDMIX_QUERY_MODEL_H

#include "model.h"
#include "query_chain.h"

/* Whether the model file at `path` is a query model: its recipe says train.source: queries. False
 * also where it cannot be read (fmx__model_open then says why). */
bool fmx__model_asks(fmx_context *ctx, const char *path);

typedef struct fmx__query_model fmx__query_model;

/* Errors: those of fmx__model_open, FMX_ERROR_FORMAT (no query model). */
fmx_status fmx__query_model_open(fmx_device *device, const char *path, fmx__query_model **out);
void fmx__query_model_close(fmx__query_model *model); /* NULL is allowed */

/* Its recipe: axis, process, `queries` (options of the chain). */
const fmx__recipe *fmx__query_model_recipe(const fmx__query_model *model);
const fmx__model_facts *fmx__query_model_describe(const fmx__query_model *model);

/* As fmx__model_set. */
fmx_status fmx__query_model_set(fmx__query_model *model, const char *assignment);

/* Calibrated logits of windows [queries][FMX__QUERY_CHANNELS][FMX__QUERY_WINDOW] as the chain
 * leaves them: probability = 1 / (1 + exp(-logit)); named from 0.5 on. Logits of one compound in
 * several spectra of a sample are averaged (a spectrum where it is no query counts as
 * FMX__QUERY_ABSENT). */
#define FMX__QUERY_ABSENT (-5.0f)
fmx_status fmx__query_model_ask(fmx__query_model *model, fmx_buffer *windows, size_t queries,
                                float *logit);

#endif

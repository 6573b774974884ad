/* A trained model: one safetensors file is all that is needed to run it. */
#ifndef FIDMIX_MODEL_H
#define FIDMIX_MODEL_H

#include "graph.h"
#include "model_file.h"
#include "plan.h"
#include "recipe.h"

/* What a network says of each class: which of its layers gives it. */
typedef struct fmx__model_heads {
    bool has_presence;   /* a sigmoid layer: probability of each class by itself */
    bool has_proportion; /* a softmax layer: shares that sum to 1 */
    size_t presence;     /* values of the graph */
    size_t proportion;
} fmx__model_heads;

/* Finds them among the layers that nobody reads. Errors: FMX_ERROR_RECIPE (none, or two of a kind).
 */
fmx_status fmx__model_find_heads(const fmx__graph *graph, fmx__model_heads *out);

/* A network's one input must have these channels and positions (a spectrum: one channel), real.
 * Errors: FMX_ERROR_RECIPE. */
fmx_status fmx__model_check_input(const fmx__graph *graph, size_t channels, size_t positions);

typedef struct fmx__model fmx__model;

/* Reads a model and makes it ready for batches of up to `batch` spectra. Errors:
 * FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT (not a model of fidmix, a weight missing or
 * of another shape: names it), FMX_ERROR_RECIPE, device errors. */
fmx_status fmx__model_open(fmx_device *device, const char *path, size_t batch, fmx__model **out);

/* NULL is allowed. */
void fmx__model_close(fmx__model *model);

/* Classes, axis, threshold, version, history (host/io/model_file.h). */
const fmx__model_facts *fmx__model_describe(const fmx__model *model);

/* The recipe that it was trained with. */
const fmx__recipe *fmx__model_recipe(const fmx__model *model);

/* Changes one value of it, "key=value" as in fmx__recipe_set, for what is done with the model from
 * here on: process, queries, evaluate.threshold. The file stays as it is. Errors: FMX_ERROR_RECIPE
 * (also: a key of what has been trained). */
fmx_status fmx__model_set(fmx__model *model, const char *assignment);

/* Its layers, for views of what they answer. */
const fmx__graph *fmx__model_graph(const fmx__model *model);

/* Refuses spectra on another axis or of another nucleus than the model's, saying both and what to
 * do (process again with the model's axis). Errors: FMX_ERROR_SHAPE. */
fmx_status fmx__model_fits(const fmx__model *model, const char *what, const char *nucleus,
                           const double *ppm, size_t points);

/* Runs `count` spectra [count][points] through the network, in batches; they are taken as they are,
 * so they must have been processed and normalised as those it was trained with. presence and
 * proportion are [count][classes]: a network with one head fills both (S1's softmax: presence is
 * the proportion). NaN in a spectrum: FMX_ERROR_FORMAT naming the row. */
fmx_status fmx__model_predict(fmx__model *model, const float *spectra, size_t count,
                              float *presence, float *proportion);

/* What one layer answers to one spectrum: [channels][positions] in an array released with free().
 */
fmx_status fmx__model_answer(fmx__model *model, const float *spectrum, size_t layer, float **out);

#endif

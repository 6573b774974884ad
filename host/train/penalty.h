/* Penalties on the weights of layers: what large weights add to the loss. docs/training/penalty.md.
 */
#ifndef FIDMIX_PENALTY_H
#define FIDMIX_PENALTY_H

#include "recipe.h"
#include "weights.h"

/* Options of a stage of the list `train.penalty`: l1 or l2. */
typedef struct fmx__penalty_options {
    char layers[FMX__TEXT_OPTION]; /* "a, b"; "": every layer that has such weights */
    double amount;
} fmx__penalty_options;

/* One tensor under a penalty: l1 sum |w| + l2 sum w^2. */
typedef struct fmx__penalty_tensor {
    size_t count;
    double l1;
    double l2;
    fmx_buffer *value;
    fmx_buffer *grad; /* NULL: not wanted */
} fmx__penalty_tensor;

/* All penalties of a training. */
typedef struct fmx__penalties {
    fmx_device *device;
    fmx__penalty_tensor *tensor;
    size_t count;
    size_t part_count;
    fmx_buffer *parts;
    fmx_buffer *total; /* float[1]: what they add to the loss of every item */
} fmx__penalties;

/* The stages of `train.penalty`; NULL past the last. */
const fmx__option_group *fmx__penalty_stage(size_t index);

/* The tensors that the recipe's penalties name: trainable ones of two dimensions or more whose name
 * begins with "weight", that is kernels, no biases and no factors of a normalisation. None where
 * the recipe has no penalties. Release with fmx__penalties_clear, also after an error.
 * Errors: FMX_ERROR_RECIPE (a layer that is not there or has no such weights), FMX_ERROR_MEMORY,
 * FMX_ERROR_DEVICE_MEMORY. */
fmx_status fmx__penalties_open(fmx_device *device, const fmx__recipe *recipe,
                               const fmx__weights *weights, const fmx__graph *graph,
                               fmx__penalties *out);

/* The same from a list of tensors, which is copied. */
fmx_status fmx__penalties_create(fmx_device *device, const fmx__penalty_tensor *tensor,
                                 size_t count, fmx__penalties *out);
void fmx__penalties_clear(fmx__penalties *penalties);

/* Enqueues: the total, and with `gradients` adds to the gradients, which backward has written.
 * Nothing where there are none. Sums have a fixed order. */
fmx_status fmx__penalties_run(const fmx__penalties *penalties, bool gradients);

#endif

/* Weights of a graph to and from safetensors files: models, and checkpoints with an optimiser's
 * state. */
#ifndef FIDMIX_WEIGHT_FILE_H
#define FIDMIX_WEIGHT_FILE_H

#include "model_file.h"
#include "weights.h"

enum { FMX__MOMENTS_MOST = 4 };

/* Slabs that go with the trainable slabs of the weights: the moments of an optimiser, averages. */
typedef struct fmx__moments {
    size_t count; /* 0 in a model; 2 for Adam (m, v), one more with averages */
    const char *name[FMX__MOMENTS_MOST];  /* "m": tensor "fidmix.m.NAME" */
    fmx_buffer **slab[FMX__MOMENTS_MOST]; /* [weights->slab_count]; NULL where not trainable */
} fmx__moments;

/* Writes all tensors of the weights (and their moments) with the facts and further metadata; an
 * older file of the name is replaced when the new one is complete. Waits. Errors: FMX_ERROR_WRITE,
 * FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__weight_file_write(fmx_context *ctx, const char *path, const fmx__weights *weights,
                                  const fmx__moments *moments, const fmx__model_facts *facts,
                                  const fmx__text_pair *more, size_t more_count);

/* Reads every tensor of the weights (and moments) from an open file. Errors: FMX_ERROR_SHAPE or
 * _NOT_FOUND naming the tensor that is missing or has another shape, FMX_ERROR_READ, device errors.
 */
fmx_status fmx__weight_file_read(fmx_context *ctx, fmx__safetensors *file,
                                 const fmx__weights *weights, const fmx__moments *moments);

#endif

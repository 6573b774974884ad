/* What stands around an optimiser's step: norms of gradients and sums of slabs. */
#ifndef FIDMIX_OPTIMISER_SLAB_H
#define FIDMIX_OPTIMISER_SLAB_H

#include "launch.h"

/* One tensor of the gradients. */
typedef struct fmx__norm_tensor {
    size_t slab;
    size_t offset; /* floats into the slab */
    size_t count;
} fmx__norm_tensor;

/* How a norm above the limit is brought down to it. */
typedef struct fmx__norm_clip {
    double limit;    /* 0: norms are only measured */
    double beside;   /* added to the norm: 1e-6 in PyTorch, 0 in Keras */
    bool per_tensor; /* each tensor by itself; otherwise all together */
} fmx__norm_clip;

typedef struct fmx__norms fmx__norms;

/* Tables and partial sums for these tensors; slabs are numbered as `grad` of fmx__norms_run.
 * Errors: FMX_ERROR_MEMORY, FMX_ERROR_DEVICE_MEMORY. */
fmx_status fmx__norms_create(fmx_device *device, const fmx__norm_tensor *tensor, size_t count,
                             const fmx__norm_clip *clip, fmx__norms **out);

/* NULL is allowed; a recording must have been destroyed before. */
void fmx__norms_destroy(fmx__norms *norms);

/* Enqueues: the norm of all gradients together into *fmx__norms_all, and the clip. Gradients
 * clipped each by itself are scaled in place; clipped together they are left as they are, and
 * fmx__norms_factor is what they must be multiplied by. grad: slabs, NULL where none of the
 * tensors lies. Sums have a fixed order. Waits for nothing. */
fmx_status fmx__norms_run(const fmx__norms *norms, fmx_buffer *const *grad, size_t slabs);

/* float[1]: the norm of all gradients of the last run, before the clip. */
fmx_buffer *fmx__norms_all(const fmx__norms *norms);

/* float[1] for fmx__optimiser_call.factor; NULL where nothing is to be multiplied. */
fmx_buffer *fmx__norms_factor(const fmx__norms *norms);

/* Enqueues y = a y + b x for `count` floats; a and b are read at every enqueue. Sums of gradients,
 * moving averages of weights. */
fmx_status fmx__slab_blend(fmx_device *device, size_t count, fmx_buffer *y, fmx_buffer *x,
                           const float *a, const float *b);

/* Enqueues: x and y change their contents. */
fmx_status fmx__slab_swap(fmx_device *device, size_t count, fmx_buffer *x, fmx_buffer *y);

#endif

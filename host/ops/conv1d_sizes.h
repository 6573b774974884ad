/* Sizes of a convolution, and its wide variant (conv1d_wide.c). */
#ifndef FIDMIX_CONV1D_SIZES_H
#define FIDMIX_CONV1D_SIZES_H

#include "conv1d_layer.h"

enum { FMX__CONV1D_WEIGHT = 0, FMX__CONV1D_BIAS = 1 };

typedef struct fmx__conv1d_sizes {
    size_t batch;
    size_t in_c;
    size_t in_n;
    size_t out_c;
    size_t out_n;
    size_t taps;
    size_t stride;
    size_t dilation;
    size_t reach;  /* positions that a filter spans */
    size_t left;   /* zeros in front of a row */
    size_t terms;  /* in_c taps */
    size_t steps;  /* blocks of positions, of all items together, whose sums make grad_weight */
    size_t slices; /* of them, summed apart */
} fmx__conv1d_sizes;

static inline size_t fmx__conv1d_in_bytes(const fmx__conv1d_sizes *s)
{
    return s->batch * s->in_c * s->in_n * sizeof(float);
}

static inline size_t fmx__conv1d_out_bytes(const fmx__conv1d_sizes *s)
{
    return s->batch * s->out_c * s->out_n * sizeof(float);
}

static inline size_t fmx__conv1d_weight_bytes(const fmx__conv1d_sizes *s)
{
    return s->out_c * s->terms * sizeof(float);
}

/* Of the product in one direction. */
static inline double fmx__conv1d_product_flops(const fmx__conv1d_sizes *s)
{
    return 2 * (double)s->batch * (double)s->out_c * (double)s->out_n * (double)s->terms;
}

/* Fills what follows from the rest: reach, terms, steps, slices. */
void fmx__conv1d_complete(fmx__conv1d_sizes *s);

/* The three products for sizes that need not come from options, as the way back of a transposed
 * convolution has them. `call` has the buffers, and options as fmx__conv1d_options. */
fmx_status fmx__conv1d_forward(const fmx__op_call *call, const fmx__conv1d_sizes *s);
fmx_status fmx__conv1d_grad_weight(const fmx__op_call *call, const fmx__conv1d_sizes *s);
fmx_status fmx__conv1d_grad_in(const fmx__op_call *call, const fmx__conv1d_sizes *s);

/* Scratch that they need; `training`: backward, too. */
size_t fmx__conv1d_scratch_bytes(const fmx_device *device, const fmx__conv1d_sizes *s,
                                 bool training);

/* Whether the wide variant serves these sizes on that device (NULL: no). */
bool fmx__conv1d_wide(const fmx_device *device, const fmx__conv1d_sizes *s);

/* What its calls need; `training`: backward, too. */
size_t fmx__conv1d_wide_scratch_bytes(const fmx__conv1d_sizes *s, bool training);

fmx_status fmx__conv1d_wide_forward(const fmx__op_call *call, const fmx__conv1d_sizes *s);

/* Masks grad_out where the fused relu cut. */
fmx_status fmx__conv1d_wide_mask(const fmx__op_call *call, const fmx__conv1d_sizes *s);

/* The bias' gradient, too, where call->options has one. */
fmx_status fmx__conv1d_wide_grad_weight(const fmx__op_call *call, const fmx__conv1d_sizes *s);
fmx_status fmx__conv1d_wide_grad_in(const fmx__op_call *call, const fmx__conv1d_sizes *s);

#endif

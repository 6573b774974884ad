/* Convolution along positions: options and its sizes; docs/ops/conv1d.md. */
#ifndef FIDMIX_CONV1D_LAYER_H
#define FIDMIX_CONV1D_LAYER_H

#include "op.h"

typedef enum fmx__padding {
    FMX__PADDING_SAME,  /* ceil(n / stride) positions, zeros on both sides, an odd one right: Keras
                         */
    FMX__PADDING_VALID, /* only where the whole kernel lies inside of the row */
} fmx__padding;

typedef struct fmx__conv1d_options {
    fmx__layer layer;
    int64_t filters;
    int64_t kernel;
    int64_t stride;
    int64_t dilation;
    int padding; /* fmx__padding */
    bool bias;
    int initialiser; /* fmx__initialiser, of the weight */
} fmx__conv1d_options;

extern const fmx__op fmx__op_conv1d;

/* The two halves of backward, in this order: masks grad_out where a relu is fused and gives the
 * gradients of weight and bias; then the gradient of the input, from the masked grad_out. */
fmx_status fmx__conv1d_backward_weights(const fmx__op_call *call);
fmx_status fmx__conv1d_backward_data(const fmx__op_call *call);

#endif

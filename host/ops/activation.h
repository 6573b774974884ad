/* Elementwise activations as buffer-level functions. */
#ifndef FIDMIX_ACTIVATION_H
#define FIDMIX_ACTIVATION_H

#include "op.h"

typedef enum fmx__activation {
    FMX__ACTIVATION_RELU,     /* max(x, 0) */
    FMX__ACTIVATION_SIGMOID,  /* 1 / (1 + exp(-x)) */
    FMX__ACTIVATION_COMPRESS, /* sign(x) ln(1 + |x| / scale) */
} fmx__activation;

/* out[i] = f(in[i]) for `count` floats; in place allowed. `scale` is that of compress. */
fmx_status fmx__activation_forward(fmx_device *device, fmx__activation kind, double scale,
                                   size_t count, fmx_buffer *in, fmx_buffer *out);

/* grad_in[i] = grad_out[i] f'(x), f' from out = f(x); in place allowed. */
fmx_status fmx__activation_backward(fmx_device *device, fmx__activation kind, double scale,
                                    size_t count, fmx_buffer *grad_out, fmx_buffer *out,
                                    fmx_buffer *grad_in);

#endif

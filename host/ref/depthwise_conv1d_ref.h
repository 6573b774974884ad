/* Twin of depthwise_conv1d: in [batch][channels][in_n], weight [channels][taps], out
 * [batch][channels][out_n]. `*_size`: the sum of the absolute values of what is added, for
 * tolerances. */
#ifndef FIDMIX_DEPTHWISE_CONV1D_REF_H
#define FIDMIX_DEPTHWISE_CONV1D_REF_H

#include <stddef.h>

typedef struct fmx_ref_depthwise {
    size_t batch;
    size_t channels;
    size_t in_n;
    size_t out_n;
    size_t taps;
    size_t stride;
    size_t dilation;
    size_t left; /* zeros in front of a row */
} fmx_ref_depthwise;

/* bias may be NULL. */
void fmx_ref_depthwise_forward(const fmx_ref_depthwise *d, double *out, double *out_size,
                               const double *in, const double *weight, const double *bias);

/* Overwrites all gradients; grad_bias and its size may be NULL. */
void fmx_ref_depthwise_backward(const fmx_ref_depthwise *d, double *grad_in, double *grad_in_size,
                                double *grad_weight, double *grad_weight_size, double *grad_bias,
                                double *grad_bias_size, const double *grad_out, const double *in,
                                const double *weight);

#endif

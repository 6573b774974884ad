/* Twin of the fused layers of a temporal convolutional network: x, y [batch][channels][positions].
 */
#ifndef FIDMIX_TCN_REF_H
#define FIDMIX_TCN_REF_H

#include "depthwise_conv1d_ref.h"

/* Depthwise convolution (d.taps 0: none), PReLU, normalisation of each item. */
typedef struct fmx_ref_tcn_norm {
    fmx_ref_depthwise d;
    double epsilon;
} fmx_ref_tcn_norm;

typedef struct fmx_ref_tcn_weights {
    double *weight; /* [channels][taps] */
    double *bias;   /* [channels], or NULL */
    double *slope;
    double *norm_weight; /* [channels], or NULL with norm_bias */
    double *norm_bias;
} fmx_ref_tcn_weights;

/* u: before the PReLU; mean, inverse: [batch]. */
void fmx_ref_tcn_norm_forward(const fmx_ref_tcn_norm *t, double *y, double *u, double *mean,
                              double *inverse, const double *x, const fmx_ref_tcn_weights *w);

/* From what forward left. `du` is a place for dL/du. */
void fmx_ref_tcn_norm_backward(const fmx_ref_tcn_norm *t, double *grad_x,
                               const fmx_ref_tcn_weights *grad, double *du, const double *grad_y,
                               const double *u, const double *mean, const double *inverse,
                               const double *x, const fmx_ref_tcn_weights *w);

/* A block: 1x1 convolution to `hidden` channels, PReLU and norm, depthwise convolution, PReLU and
 * norm, 1x1 convolution to the output. x [batch][channels][positions]. */
typedef struct fmx_ref_tcn_block {
    size_t channels;
    size_t skips;
    fmx_ref_tcn_norm first;  /* d.taps 0; d.channels: hidden */
    fmx_ref_tcn_norm second; /* with the depthwise convolution */
} fmx_ref_tcn_block;

typedef struct fmx_ref_tcn_block_weights {
    double *conv; /* [hidden][channels] */
    double *conv_bias;
    fmx_ref_tcn_weights first;
    fmx_ref_tcn_weights second;
    double *skip; /* [skips][hidden] */
    double *skip_bias;
} fmx_ref_tcn_block_weights;

/* inverse: [2][batch], of both norms. */
void fmx_ref_tcn_block_forward(const fmx_ref_tcn_block *t, double *out, double *inverse,
                               const double *x, const fmx_ref_tcn_block_weights *w);

void fmx_ref_tcn_block_backward(const fmx_ref_tcn_block *t, double *grad_x,
                                const fmx_ref_tcn_block_weights *grad, const double *grad_out,
                                const double *x, const fmx_ref_tcn_block_weights *w);

#endif

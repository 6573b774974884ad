/* Runs of layers of a temporal convolutional network as one op each; docs/ops/tcn.md. They stand in
 * no recipe: the plan puts them in the place of the layers (host/graph/plan_fusion.c). */
#ifndef FIDMIX_TCN_LAYER_H
#define FIDMIX_TCN_LAYER_H

#include "conv1d_layer.h"
#include "depthwise_layer.h"
#include "norm_layer.h"

/* [depthwise_conv1d], prelu, group_norm of one group. Weights, as far as there are any: weight and
 * bias of the convolution, the slope, weight and bias of the norm. */
typedef struct fmx__tcn_norm_options {
    fmx__layer layer;
    bool convolves;
    fmx__depthwise_options depthwise;
    fmx__norm_options norm;
} fmx__tcn_norm_options;

extern const fmx__op fmx__op_tcn_norm;

/* Whether the convolution and the norm can be part of the fused op, on rows of that shape; its
 * options NULL: there is none. */
bool fmx__tcn_norm_fits(const fmx__depthwise_options *depthwise, const fmx__norm_options *norm,
                        const fmx__shape *in);

/* A whole block, for small items: 1x1 convolution, prelu, group_norm, depthwise_conv1d, prelu,
 * group_norm, 1x1 convolution to the skip and, with `residual`, one whose sum with the input is the
 * output. Weights in this order, each with its bias. Without `residual` the output is the skip;
 * with it the skip is the call's `second`. */
typedef struct fmx__tcn_block_options {
    fmx__layer layer;
    fmx__conv1d_options conv;
    fmx__norm_options norm_1;
    fmx__depthwise_options depthwise;
    fmx__norm_options norm_2;
    fmx__conv1d_options skip;
    bool residual;
    fmx__conv1d_options back; /* the residual convolution */
} fmx__tcn_block_options;

extern const fmx__op fmx__op_tcn_block;

/* Whether layers with these options can be such a block, and items of that shape are so small that
 * it is faster. */
bool fmx__tcn_block_fits(const fmx__tcn_block_options *options, const fmx__shape *in);

#endif

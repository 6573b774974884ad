/* Depthwise convolution along positions: options and sizes; docs/ops/depthwise_conv1d.md. */
#ifndef FIDMIX_DEPTHWISE_LAYER_H
#define FIDMIX_DEPTHWISE_LAYER_H

#include "op.h"

enum { FMX__DEPTHWISE_WEIGHT = 0, FMX__DEPTHWISE_BIAS = 1, FMX__DEPTHWISE_PADDING = 16 };

typedef struct fmx__depthwise_options {
    fmx__layer layer;
    int64_t kernel;
    int64_t stride;
    int64_t dilation;
    char padding[FMX__DEPTHWISE_PADDING]; /* "same", "valid", "causal", or zeros on each side */
    bool bias;
    int initialiser; /* fmx__initialiser, of the weight */
} fmx__depthwise_options;

typedef struct fmx__depthwise_sizes {
    size_t batch;
    size_t channels;
    size_t in_n;
    size_t out_n;
    size_t taps;
    size_t stride;
    size_t dilation;
    size_t left; /* zeros in front of a row */
} fmx__depthwise_sizes;

extern const fmx__op fmx__op_depthwise_conv1d;

/* Sizes of a call; false where `padding` is not understood. out_n is 0 where nothing is left. */
bool fmx__depthwise_sizes_of(const fmx__depthwise_options *options, const fmx__shape *in,
                             size_t batch, fmx__depthwise_sizes *out);

#endif

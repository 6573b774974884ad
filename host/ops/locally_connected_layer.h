/* Locally connected layer along positions: options and sizes; docs/ops/locally_connected1d.md. */
#ifndef FIDMIX_LOCALLY_CONNECTED_LAYER_H
#define FIDMIX_LOCALLY_CONNECTED_LAYER_H

#include "conv1d_layer.h"

enum { FMX__LOCAL_WEIGHT = 0, FMX__LOCAL_BIAS = 1 };

typedef struct fmx__local_options {
    fmx__layer layer;
    int64_t filters;
    int64_t kernel;
    int padding; /* fmx__padding */
    bool bias;
    int initialiser; /* fmx__initialiser, of the weight */
} fmx__local_options;

typedef struct fmx__local_sizes {
    size_t batch;
    size_t channels;
    size_t filters;
    size_t taps;
    size_t in_n;
    size_t out_n;
    size_t left; /* zeros in front of a row */
} fmx__local_sizes;

extern const fmx__op fmx__op_locally_connected1d;

/* Sizes of a call; out_n is 0 where nothing is left. */
fmx__local_sizes fmx__local_sizes_of(const fmx__local_options *options, const fmx__shape *in,
                                     size_t batch);

#endif

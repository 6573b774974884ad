/* Options of the fully connected layer; docs/ops/dense.md. */
#ifndef FIDMIX_DENSE_LAYER_H
#define FIDMIX_DENSE_LAYER_H

#include "op.h"

typedef struct fmx__dense_options {
    fmx__layer layer;
    int64_t units;
    bool bias;
    int initialiser; /* fmx__initialiser, of the weight */
} fmx__dense_options;

extern const fmx__op fmx__op_dense;

#endif

/* Normalisations: options; docs/ops/norm.md. */
#ifndef FIDMIX_NORM_LAYER_H
#define FIDMIX_NORM_LAYER_H

#include "op.h"

enum { FMX__NORM_WEIGHT = 0, FMX__NORM_BIAS = 1 };

/* What is normalised together; as kernels/norm.cl counts. */
typedef enum fmx__norm_mode {
    FMX__NORM_GROUPS,     /* neighbouring channels of an item, all positions */
    FMX__NORM_POSITIONS,  /* the channels at one position */
    FMX__NORM_CUMULATIVE, /* the channels at all positions up to one */
} fmx__norm_mode;

typedef struct fmx__norm_options {
    fmx__layer layer;
    int64_t groups; /* of group_norm */
    double epsilon;
    bool affine;
    int mode; /* fmx__norm_mode: the op's, no option */
} fmx__norm_options;

extern const fmx__op fmx__op_group_norm;
extern const fmx__op fmx__op_global_layer_norm;
extern const fmx__op fmx__op_layer_norm;
extern const fmx__op fmx__op_cumulative_layer_norm;

#endif

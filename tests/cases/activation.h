/* Cases of activation, shared by test and benchmark: every function on every shape. */
#ifndef FMX_CASES_ACTIVATION_H
#define FMX_CASES_ACTIVATION_H

#include "op_run.h"

extern const fmx__op fmx__op_relu;
extern const fmx__op fmx__op_sigmoid;
extern const fmx__op fmx__op_compress;
extern const fmx__op fmx__op_leaky_relu;
extern const fmx__op fmx__op_elu;
extern const fmx__op fmx__op_selu;
extern const fmx__op fmx__op_relu6;
extern const fmx__op fmx__op_tanh;
extern const fmx__op fmx__op_gelu;
extern const fmx__op fmx__op_silu;
extern const fmx__op fmx__op_softplus;

/* A function, its options (fmx_op_options) and its parameters as numbers. */
typedef struct fmx_case_activation {
    const char *name;
    const fmx__op *op;
    const char *settings;
    double a;
    double b;
} fmx_case_activation;

static const fmx_case_activation fmx_cases_activation[] = {
    {"relu", &fmx__op_relu, ""},
    {"sigmoid", &fmx__op_sigmoid, ""},
    {"compress", &fmx__op_compress, "", 0.02},
    {"leaky_relu", &fmx__op_leaky_relu, "", 0.01},
    {"leaky_relu 0.3", &fmx__op_leaky_relu, "negative_slope=0.3", 0.3},
    {"elu", &fmx__op_elu, "", 1},
    {"elu 0.4", &fmx__op_elu, "alpha=0.4", 0.4},
    {"selu", &fmx__op_selu, ""},
    {"relu6", &fmx__op_relu6, ""},
    {"tanh", &fmx__op_tanh, ""},
    {"gelu", &fmx__op_gelu, ""},
    {"gelu tanh", &fmx__op_gelu, "approximate=tanh"},
    {"silu", &fmx__op_silu, ""},
    {"softplus", &fmx__op_softplus, "", 1, 20},
    {"softplus 3 2", &fmx__op_softplus, "beta=3 threshold=2", 3, 2},
};

/* The wide variant takes 16 values an item; 12 x 21800 is the published branch A. */
static const struct {
    const char *name;
    size_t batch;
    fmx__shape in;
    bool bench;
} fmx_shapes_activation[] = {
    {"one value", 1, {1, 1, false}, false}, {"tile - 1", 1, {3, 5, false}, false},
    {"tile", 2, {2, 4, false}, false},      {"tile + 1", 1, {1, 17, false}, false},
    {"prime", 3, {7, 101, false}, false},   {"published", 32, {12, 21800, false}, true},
};

#endif

/* Cases of activation, shared by test and benchmark. */
#ifndef FMX_CASES_ACTIVATION_H
#define FMX_CASES_ACTIVATION_H

#include "op_run.h"

extern const fmx__op fmx__op_relu;
extern const fmx__op fmx__op_sigmoid;
extern const fmx__op fmx__op_compress;

/* The wide variant takes 16 values an item; 12 x 21800 is the published branch A. */
static const fmx_op_case fmx_cases_activation[] = {
    {"relu, one value", &fmx__op_relu, NULL, 1, 1, {{1, 1, false}}, false, false, false},
    {"relu, tile - 1", &fmx__op_relu, NULL, 1, 1, {{3, 5, false}}, false, false, false},
    {"relu, tile", &fmx__op_relu, NULL, 2, 1, {{2, 4, false}}, false, false, false},
    {"relu, tile + 1", &fmx__op_relu, NULL, 1, 1, {{1, 17, false}}, false, false, false},
    {"relu, prime", &fmx__op_relu, NULL, 3, 1, {{7, 1009, false}}, false, false, false},
    {"sigmoid, tile - 1", &fmx__op_sigmoid, NULL, 1, 1, {{1, 15, false}}, false, false, false},
    {"sigmoid, prime", &fmx__op_sigmoid, NULL, 3, 1, {{7, 1009, false}}, false, false, false},
    {"compress, one value", &fmx__op_compress, NULL, 1, 1, {{1, 1, false}}, false, false, false},
    {"compress, tile - 1", &fmx__op_compress, NULL, 1, 1, {{1, 15, false}}, false, false, false},
    {"compress, tile", &fmx__op_compress, NULL, 1, 1, {{2, 8, false}}, false, false, false},
    {"compress, tile + 1", &fmx__op_compress, NULL, 1, 1, {{1, 17, false}}, false, false, false},
    {"compress, prime", &fmx__op_compress, NULL, 3, 1, {{7, 1009, false}}, false, false, false},
    {"compress, published",
     &fmx__op_compress,
     NULL,
     32,
     1,
     {{1, 21800, false}},
     false,
     false,
     true},
    {"relu, published", &fmx__op_relu, NULL, 32, 1, {{12, 21800, false}}, false, false, true},
    {"sigmoid, published", &fmx__op_sigmoid, NULL, 32, 1, {{12, 2180, false}}, false, false, true},
};

#endif

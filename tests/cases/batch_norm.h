/* Cases of batch_norm, shared by test and benchmark. */
#ifndef FMX_CASES_BATCH_NORM_H
#define FMX_CASES_BATCH_NORM_H

#include "op_run.h"

extern const fmx__op fmx__op_batch_norm;

/* The wide variant takes 16 positions at a time, the other a row in groups of 256. 12 x 21800 is
 * the published branch A, 1000 x 1 a layer of features. */
static const fmx_op_case fmx_cases_batch_norm[] = {
    {"one position", &fmx__op_batch_norm, NULL, 5, 1, {{3, 1, false}}, false, false, false},
    {"tile - 1", &fmx__op_batch_norm, NULL, 2, 1, {{3, 15, false}}, false, false, false},
    {"tile", &fmx__op_batch_norm, NULL, 3, 1, {{2, 16, false}}, false, false, false},
    {"tile + 1", &fmx__op_batch_norm, NULL, 3, 1, {{2, 17, false}}, false, false, false},
    {"relu, tile + 1", &fmx__op_batch_norm, NULL, 3, 1, {{2, 257, false}}, false, true, false},
    {"relu, prime", &fmx__op_batch_norm, NULL, 7, 1, {{5, 1009, false}}, false, true, false},
    {"one item", &fmx__op_batch_norm, NULL, 1, 1, {{5, 100, false}}, false, false, false},
    {"evaluation", &fmx__op_batch_norm, NULL, 3, 1, {{5, 100, false}}, true, false, false},
    {"evaluation, relu", &fmx__op_batch_norm, NULL, 3, 1, {{5, 37, false}}, true, true, false},
    {"features", &fmx__op_batch_norm, NULL, 32, 1, {{1000, 1, false}}, false, true, false},
    {"published, relu", &fmx__op_batch_norm, NULL, 32, 1, {{12, 21800, false}}, false, true, true},
};

#endif

/* Cases of softmax, shared by test and benchmark. */
#ifndef FMX_CASES_SOFTMAX_H
#define FMX_CASES_SOFTMAX_H

#include "op_run.h"

extern const fmx__op fmx__op_softmax;

/* Groups take 64 columns. */
static const fmx_op_case fmx_cases_softmax[] = {
    {"one class", &fmx__op_softmax, NULL, 3, 1, {{1, 1, false}}, false, false, false},
    {"tile - 1", &fmx__op_softmax, NULL, 63, 1, {{5, 1, false}}, false, false, false},
    {"tile", &fmx__op_softmax, NULL, 64, 1, {{2, 1, false}}, false, false, false},
    {"tile + 1", &fmx__op_softmax, NULL, 65, 1, {{3, 1, false}}, false, false, false},
    {"positions", &fmx__op_softmax, NULL, 3, 1, {{7, 37, false}}, false, false, false},
    {"published", &fmx__op_softmax, NULL, 32, 1, {{29, 1, false}}, false, false, true},
};

#endif

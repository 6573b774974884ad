/* Cases of dropout, shared by test and benchmark. */
#ifndef FMX_CASES_DROPOUT_H
#define FMX_CASES_DROPOUT_H

#include "op_run.h"

extern const fmx__op fmx__op_dropout;

/* An item takes four values, a group 256. */
static const fmx_op_case fmx_cases_dropout[] = {
    {"one value", &fmx__op_dropout, NULL, 1, 1, {{1, 1, false}}, false, false, false},
    {"tile - 1", &fmx__op_dropout, NULL, 2, 1, {{255, 1, false}}, false, false, false},
    {"tile", &fmx__op_dropout, NULL, 2, 1, {{128, 2, false}}, false, false, false},
    {"tile + 1", &fmx__op_dropout, NULL, 2, 1, {{257, 1, false}}, false, false, false},
    {"prime, complex", &fmx__op_dropout, NULL, 3, 1, {{1, 1009, true}}, false, false, false},
    {"evaluation", &fmx__op_dropout, NULL, 3, 1, {{1, 1009, false}}, true, false, false},
    {"published", &fmx__op_dropout, NULL, 32, 1, {{1000, 1, false}}, false, false, true},
};

#endif

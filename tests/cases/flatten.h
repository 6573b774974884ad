/* Cases of flatten, shared by test and benchmark. */
#ifndef FMX_CASES_FLATTEN_H
#define FMX_CASES_FLATTEN_H

#include "op_run.h"

extern const fmx__op fmx__op_flatten;

static const fmx_op_case fmx_cases_flatten[] = {
    {"one value", &fmx__op_flatten, NULL, 1, 1, {{1, 1, false}}, false, false, false},
    {"prime", &fmx__op_flatten, NULL, 3, 1, {{7, 1009, false}}, false, false, false},
    {"complex", &fmx__op_flatten, NULL, 2, 1, {{2, 8, true}}, false, false, false},
    {"published", &fmx__op_flatten, NULL, 32, 1, {{12, 21800, false}}, false, false, true},
};

#endif

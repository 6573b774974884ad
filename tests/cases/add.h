/* Cases of add, shared by test and benchmark. */
#ifndef FMX_CASES_ADD_H
#define FMX_CASES_ADD_H

#include "op_run.h"

extern const fmx__op fmx__op_add;

#define FMX_ADD_FOUR                                                                               \
    {3, 17, false}, {3, 17, false}, {3, 17, false},                                                \
    {                                                                                              \
        3, 17, false                                                                               \
    }

/* The wide variant takes 16 values an item. */
static const fmx_op_case fmx_cases_add[] = {
    {"one value", &fmx__op_add, NULL, 1, 2, {{1, 1, false}, {1, 1, false}}, false, false, false},
    {"tile - 1", &fmx__op_add, NULL, 1, 2, {{3, 5, false}, {3, 5, false}}, false, false, false},
    {"tile", &fmx__op_add, NULL, 2, 2, {{2, 4, false}, {2, 4, false}}, false, false, false},
    {"three, tile + 1",
     &fmx__op_add,
     NULL,
     1,
     3,
     {{1, 17, false}, {1, 17, false}, {1, 17, false}},
     false,
     false,
     false},
    {"most, vectors and a tail",
     &fmx__op_add,
     NULL,
     2,
     16,
     {FMX_ADD_FOUR, FMX_ADD_FOUR, FMX_ADD_FOUR, FMX_ADD_FOUR},
     false,
     false,
     false},
    {"complex, prime",
     &fmx__op_add,
     NULL,
     3,
     2,
     {{2, 1009, true}, {2, 1009, true}},
     false,
     false,
     false},
    {"published",
     &fmx__op_add,
     NULL,
     32,
     2,
     {{12, 21800, false}, {12, 21800, false}},
     false,
     false,
     true},
};

#endif

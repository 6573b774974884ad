/* Cases of pool, shared by test and benchmark. */
#ifndef FMX_CASES_POOL_H
#define FMX_CASES_POOL_H

#include "op_run.h"

extern const fmx__op fmx__op_max_pool;

/* A case and its options, see fmx_op_options. */
typedef struct fmx_case_pool {
    fmx_op_case op;
    const char *settings;
    size_t window;
    size_t stride;
    int same;
} fmx_case_pool;

#define FMX_POOL(name, batch, channels, positions, window, stride, same, bench)                    \
    {                                                                                              \
        {name, &fmx__op_max_pool, NULL, batch, 1, {{channels, positions, false}}, 0, 0, bench},    \
            "window=" #window " stride=" #stride " padding=" #same, window, stride,                \
            FMX_POOL_##same                                                                        \
    }
#define FMX_POOL_same 1
#define FMX_POOL_valid 0

/* Groups take 64 positions. */
static const fmx_case_pool fmx_cases_pool[] = {
    FMX_POOL("one value", 1, 1, 1, 1, 1, valid, 0),
    FMX_POOL("whole row", 2, 3, 5, 5, 5, valid, 0),
    FMX_POOL("tile - 1", 2, 3, 126, 2, 2, valid, 0),
    FMX_POOL("tile", 2, 3, 128, 2, 2, valid, 0),
    FMX_POOL("tile + 1", 2, 3, 130, 2, 2, valid, 0),
    FMX_POOL("prime, same", 3, 5, 1009, 7, 7, same, 0),
    FMX_POOL("even window, same", 2, 2, 37, 4, 4, same, 0),
    FMX_POOL("overlapping, same", 2, 2, 61, 5, 2, same, 0),
    FMX_POOL("gaps", 2, 2, 61, 2, 5, valid, 0),
    FMX_POOL("longer than the row, same", 2, 2, 4, 9, 9, same, 0),
    FMX_POOL("published 7", 32, 32, 21800, 7, 7, same, 1),
    FMX_POOL("published 9", 32, 64, 779, 9, 9, same, 1),
};

#endif

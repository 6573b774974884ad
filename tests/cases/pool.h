/* Cases of pool, shared by test and benchmark. */
#ifndef FMX_CASES_POOL_H
#define FMX_CASES_POOL_H

#include "op_run.h"

extern const fmx__op fmx__op_max_pool;
extern const fmx__op fmx__op_average_pool;
extern const fmx__op fmx__op_adaptive_max_pool;
extern const fmx__op fmx__op_adaptive_average_pool;

/* A case and its options, see fmx_op_options; the options as numbers, window 0: adaptive. */
typedef struct fmx_case_pool {
    fmx_op_case op;
    const char *settings;
    size_t window;
    size_t stride; /* adaptive: outputs */
    int same;
    int whole;
} fmx_case_pool;

#define FMX_POOL_OF(name, op, batch, channels, positions, bench)                                   \
    {                                                                                              \
        name, &fmx__op_##op, NULL, batch, 1, {{channels, positions, false}}, 0, 0, bench           \
    }
#define FMX_POOL(name, batch, channels, positions, window, stride, same, bench)                    \
    {                                                                                              \
        FMX_POOL_OF(name, max_pool, batch, channels, positions, bench),                            \
            "window=" #window " stride=" #stride " padding=" #same, window, stride,                \
            FMX_POOL_##same, 0                                                                     \
    }
#define FMX_POOL_AVERAGE(name, batch, channels, positions, window, stride, same, whole, bench)     \
    {                                                                                              \
        FMX_POOL_OF(name, average_pool, batch, channels, positions, bench),                        \
            "window=" #window " stride=" #stride " padding=" #same " count_padding=" #whole,       \
            window, stride, FMX_POOL_##same, whole                                                 \
    }
#define FMX_POOL_ADAPTIVE(name, kind, batch, channels, positions, outputs, bench)                  \
    {                                                                                              \
        FMX_POOL_OF(name, adaptive_##kind##_pool, batch, channels, positions, bench),              \
            "positions=" #outputs, 0, outputs, 0, 0                                                \
    }
#define FMX_POOL_same 1
#define FMX_POOL_valid 0

/* Groups take 64 positions; means of 64 places take vectors of 16, of 512 a group. */
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
    FMX_POOL_AVERAGE("average, one value", 1, 1, 1, 1, 1, valid, false, 0),
    FMX_POOL_AVERAGE("average, tile - 1", 2, 3, 126, 2, 2, valid, false, 0),
    FMX_POOL_AVERAGE("average, tile", 2, 3, 128, 2, 2, valid, false, 0),
    FMX_POOL_AVERAGE("average, tile + 1", 2, 3, 130, 2, 2, valid, false, 0),
    FMX_POOL_AVERAGE("average, prime, same", 3, 5, 1009, 7, 7, same, false, 0),
    FMX_POOL_AVERAGE("average, overlapping, same", 2, 2, 61, 5, 2, same, false, 0),
    FMX_POOL_AVERAGE("average, padding counts", 2, 2, 61, 5, 2, same, true, 0),
    FMX_POOL_AVERAGE("average, gaps", 2, 2, 61, 2, 5, valid, false, 0),
    FMX_POOL_AVERAGE("average, vectors - 1", 1, 2, 300, 63, 30, valid, false, 0),
    FMX_POOL_AVERAGE("average, vectors", 1, 2, 300, 64, 30, valid, false, 0),
    FMX_POOL_AVERAGE("average, vectors + 1", 1, 2, 300, 65, 30, same, false, 0),
    FMX_POOL_AVERAGE("average, group - 1", 2, 2, 1500, 511, 300, valid, false, 0),
    FMX_POOL_AVERAGE("average, group", 2, 2, 1500, 512, 300, same, false, 0),
    FMX_POOL_AVERAGE("average, longer than the row", 2, 2, 4, 9, 9, same, true, 0),
    FMX_POOL_AVERAGE("average, published 7", 32, 32, 21800, 7, 7, same, false, 1),
    FMX_POOL_ADAPTIVE("adaptive max, all", max, 2, 3, 101, 1, 0),
    FMX_POOL_ADAPTIVE("adaptive max, uneven", max, 2, 3, 61, 7, 0),
    FMX_POOL_ADAPTIVE("adaptive max, more than there are", max, 2, 3, 5, 8, 0),
    FMX_POOL_ADAPTIVE("adaptive average, one value", average, 1, 1, 1, 1, 0),
    FMX_POOL_ADAPTIVE("adaptive average, all", average, 2, 3, 1009, 1, 0),
    FMX_POOL_ADAPTIVE("adaptive average, even", average, 2, 3, 60, 6, 0),
    FMX_POOL_ADAPTIVE("adaptive average, uneven", average, 2, 3, 61, 7, 0),
    FMX_POOL_ADAPTIVE("adaptive average, more than there are", average, 2, 3, 5, 8, 0),
    FMX_POOL_ADAPTIVE("adaptive average, published", average, 32, 64, 21800, 1, 1),
};

#endif

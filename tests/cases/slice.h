/* Cases of slice, shared by test and benchmark. */
#ifndef FMX_CASES_SLICE_H
#define FMX_CASES_SLICE_H

#include "op_run.h"

extern const fmx__op fmx__op_slice;
extern const fmx__op fmx__op_split;

/* A case, its options (fmx_op_options), and the rows in floats that it cuts. */
typedef struct fmx_case_slice {
    fmx_op_case op;
    const char *settings;
    size_t whole;
    size_t part;
    size_t first;
} fmx_case_slice;

#define FMX_SLICE(name, op, settings, batch, channels, positions, whole, part, first, bench)       \
    {                                                                                              \
        {name, &fmx__op_##op, NULL, batch, 1, {{channels, positions, false}}, 0, 0, bench},        \
            settings, whole, part, first                                                           \
    }

/* Groups take 64 values, items of PoCL 1024 in vectors of 16. */
static const fmx_case_slice fmx_cases_slice[] = {
    FMX_SLICE("one value", slice, "", 1, 1, 1, 1, 1, 0, 0),
    FMX_SLICE("all", slice, "of=positions", 2, 3, 5, 5, 5, 0, 0),
    FMX_SLICE("channels", slice, "first=2 count=3", 2, 7, 37, 7 * 37, 3 * 37, 2 * 37, 0),
    FMX_SLICE("channels to the end", slice, "first=5", 2, 7, 37, 7 * 37, 2 * 37, 5 * 37, 0),
    FMX_SLICE("tile - 1", slice, "of=positions first=1 count=63", 2, 3, 65, 65, 63, 1, 0),
    FMX_SLICE("tile", slice, "of=positions first=1 count=64", 2, 3, 65, 65, 64, 1, 0),
    FMX_SLICE("tile + 1", slice, "of=positions first=0 count=65", 2, 3, 70, 70, 65, 0, 0),
    FMX_SLICE("run + 1", slice, "of=positions first=1021 count=1025", 1, 2, 3001, 3001, 1025, 1021,
              0),
    FMX_SLICE("prime", slice, "of=positions first=17 count=503", 3, 5, 1009, 1009, 503, 17, 0),
    FMX_SLICE("split, first", split, "parts=3 part=0", 2, 6, 11, 66, 22, 0, 0),
    FMX_SLICE("split, last", split, "parts=3 part=2", 2, 6, 11, 66, 22, 44, 0),
    FMX_SLICE("split, positions", split, "of=positions parts=2 part=1", 2, 3, 22, 22, 11, 11, 0),
    FMX_SLICE("split, published", split, "parts=3 part=1", 32, 192, 2048, 192 * 2048, 64 * 2048,
              64 * 2048, 1),
};

#endif

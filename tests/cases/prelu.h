/* Cases of prelu, shared by test and benchmark. */
#ifndef FMX_CASES_PRELU_H
#define FMX_CASES_PRELU_H

#include "op_run.h"

extern const fmx__op fmx__op_prelu;

/* A case and its options (fmx_op_options). */
typedef struct fmx_case_prelu {
    fmx_op_case op;
    const char *settings;
} fmx_case_prelu;

#define FMX_PRELU(name, slopes, batch, channels, positions, bench)                                 \
    {                                                                                              \
        {name, &fmx__op_prelu, NULL, batch, 1, {{channels, positions, false}}, 0, 0, bench},       \
            "slopes=" #slopes                                                                      \
    }

/* Vectors of 16, 64 of them in a block, groups of 256, rows of 4096 with one slope. */
static const fmx_case_prelu fmx_cases_prelu[] = {
    FMX_PRELU("one value", one, 1, 1, 1, 0),
    FMX_PRELU("one value, channel", channel, 1, 1, 1, 0),
    FMX_PRELU("flat, channel", channel, 5, 37, 1, 0),
    FMX_PRELU("vector - 1", channel, 2, 3, 15, 0),
    FMX_PRELU("vector", channel, 2, 3, 16, 0),
    FMX_PRELU("vector + 1", channel, 2, 3, 17, 0),
    FMX_PRELU("group - 1", channel, 1, 2, 255, 0),
    FMX_PRELU("group + 1", channel, 1, 2, 257, 0),
    FMX_PRELU("block + 1", channel, 1, 2, 1025, 0),
    FMX_PRELU("row - 1", one, 1, 1, 4095, 0),
    FMX_PRELU("row", one, 2, 1, 2048, 0),
    FMX_PRELU("row + 1", one, 1, 17, 241, 0),
    FMX_PRELU("prime", one, 3, 7, 1009, 0),
    FMX_PRELU("prime, channel", channel, 3, 7, 1009, 0),
    FMX_PRELU("published", one, 1, 128, 32768, 1),
    FMX_PRELU("published, channel", channel, 1, 128, 32768, 1),
};

#endif

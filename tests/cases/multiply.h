/* Cases of multiply, shared by test and benchmark. */
#ifndef FMX_CASES_MULTIPLY_H
#define FMX_CASES_MULTIPLY_H

#include "op_run.h"

extern const fmx__op fmx__op_multiply;

/* Two inputs, and a third one where c_channels is not 0. */
#define FMX_MULTIPLY(name, batch, a_channels, a_positions, b_channels, b_positions, c_channels,    \
                     c_positions, bench)                                                           \
    {                                                                                              \
        name, &fmx__op_multiply, NULL, batch, (c_channels) > 0 ? 3 : 2,                            \
            {{a_channels, a_positions, false},                                                     \
             {b_channels, b_positions, false},                                                     \
             {c_channels, c_positions, false}},                                                    \
            0, 0, bench                                                                            \
    }

/* Groups take 64 values, sums 256 items; PoCL vectors of 16 in runs of 1024. */
static const fmx_op_case fmx_cases_multiply[] = {
    FMX_MULTIPLY("one value", 1, 1, 1, 1, 1, 0, 0, 0),
    FMX_MULTIPLY("tile - 1", 2, 3, 21, 3, 21, 0, 0, 0),
    FMX_MULTIPLY("tile", 2, 4, 16, 4, 16, 0, 0, 0),
    FMX_MULTIPLY("tile + 1", 2, 5, 13, 5, 13, 0, 0, 0),
    FMX_MULTIPLY("run + 1", 1, 1, 1025, 1, 1025, 0, 0, 0),
    FMX_MULTIPLY("a number for each channel", 2, 7, 101, 7, 1, 0, 0, 0),
    FMX_MULTIPLY("a row for all channels", 2, 1, 101, 7, 101, 0, 0, 0),
    FMX_MULTIPLY("a row of 16", 2, 1, 16, 7, 16, 0, 0, 0),
    FMX_MULTIPLY("a number for all", 2, 1, 1, 7, 101, 0, 0, 0),
    FMX_MULTIPLY("channels times positions", 3, 7, 1, 1, 37, 0, 0, 0),
    FMX_MULTIPLY("flat, a number for all", 3, 37, 1, 1, 1, 0, 0, 0),
    FMX_MULTIPLY("three", 2, 5, 37, 5, 37, 5, 37, 0),
    FMX_MULTIPLY("three, of all kinds", 2, 5, 1, 1, 37, 5, 37, 0),
    FMX_MULTIPLY("prime", 3, 7, 1009, 7, 1009, 0, 0, 0),
    FMX_MULTIPLY("published", 8, 64, 4096, 64, 4096, 0, 0, 1),
    FMX_MULTIPLY("published, a number for each channel", 8, 64, 4096, 64, 1, 0, 0, 1),
};

#endif

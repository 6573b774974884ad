/* Cases of lstm and gru, shared by test and benchmark. */
#ifndef FMX_CASES_RECURRENT_H
#define FMX_CASES_RECURRENT_H

#include "op_run.h"
#include "recurrent_layer.h"

#define RECURRENT_OPTIONS(UNITS, LAYERS, BOTH, RETURNS, BIAS)                                      \
    &(const fmx__recurrent_options)                                                                \
    {                                                                                              \
        {"", ""}, UNITS, LAYERS, BOTH, RETURNS, BIAS, FMX__INIT_PYTORCH, FMX__INIT_PYTORCH         \
    }
#define RECURRENT_CASE(NAME, OP, BATCH, CHANNELS, STEPS, UNITS, LAYERS, BOTH, RETURNS, BIAS,       \
                       INFERENCE, BENCH)                                                           \
    {                                                                                              \
        NAME, &fmx__op_##OP, RECURRENT_OPTIONS(UNITS, LAYERS, BOTH, FMX__RETURNS_##RETURNS, BIAS), \
            BATCH, 1, {{CHANNELS, STEPS, false}}, INFERENCE, false, BENCH                          \
    }

/* A group holds 64 units, 16 columns of Wh in registers; wide: 16 units a vector, 4 vectors a
 * block, 4 items side by side from a batch of 8 on; products of 32 x 64 x 16; a launch takes 8192
 * steps, fewer above 64 units. */
#define RECURRENT_SHAPES(OP)                                                                       \
    RECURRENT_CASE(#OP ", one", OP, 1, 1, 1, 1, 1, false, SEQUENCE, true, false, false),           \
        RECURRENT_CASE(#OP ", tile - 1", OP, 7, 15, 31, 15, 1, false, SEQUENCE, true, false,       \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", tile", OP, 8, 16, 32, 16, 1, false, LAST, true, false, false),       \
        RECURRENT_CASE(#OP ", tile + 1", OP, 9, 17, 33, 17, 1, false, SEQUENCE, true, false,       \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", group - 1", OP, 2, 3, 11, 63, 1, false, SEQUENCE, true, false,       \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", group", OP, 2, 3, 11, 64, 1, true, LAST, true, false, false),        \
        RECURRENT_CASE(#OP ", group + 1", OP, 13, 5, 11, 65, 1, true, SEQUENCE, true, false,       \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", no bias", OP, 3, 4, 19, 24, 1, false, SEQUENCE, false, false,        \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", primes", OP, 11, 7, 53, 37, 1, false, SEQUENCE, true, false, false), \
        RECURRENT_CASE(#OP ", both directions", OP, 10, 2, 23, 20, 1, true, SEQUENCE, true, false, \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", three layers", OP, 3, 4, 17, 21, 3, false, LAST, true, false,        \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", two layers, both", OP, 9, 3, 13, 18, 2, true, SEQUENCE, true, false, \
                       false),                                                                     \
        RECURRENT_CASE(#OP ", two layers, both, last, no bias", OP, 2, 3, 13, 6, 2, true, LAST,    \
                       false, false, false),                                                       \
        RECURRENT_CASE(#OP ", few steps", OP, 1, 3, 4, 40, 1, false, LAST, true, false, false),    \
        RECURRENT_CASE(#OP ", few steps of a group + 1", OP, 1, 2, 3, 65, 1, false, SEQUENCE,      \
                       true, false, false),                                                        \
        RECURRENT_CASE(#OP ", few steps, two layers, both", OP, 1, 2, 3, 6, 2, true, SEQUENCE,     \
                       true, false, false),                                                        \
        RECURRENT_CASE(#OP ", inference", OP, 9, 4, 29, 50, 2, true, SEQUENCE, true, true, false), \
        RECURRENT_CASE(#OP ", several launches", OP, 1, 1, 391, 300, 1, false, SEQUENCE, true,     \
                       false, false),                                                              \
        RECURRENT_CASE(#OP "(50), 100 windows", OP, 32, 64, 100, 50, 1, false, LAST, true, false,  \
                       true)

static const fmx_op_case fmx_cases_recurrent[] = {
    RECURRENT_SHAPES(lstm),
    RECURRENT_SHAPES(gru),
    RECURRENT_CASE("lstm(50), 21800 x 1", lstm, 1, 1, 21800, 50, 1, false, SEQUENCE, true, false,
                   true),
    RECURRENT_CASE("lstm(50), 2180 x 32", lstm, 32, 1, 2180, 50, 1, false, SEQUENCE, true, false,
                   true),
    RECURRENT_CASE("lstm(50), 120 x 32", lstm, 32, 1, 120, 50, 1, false, SEQUENCE, true, false,
                   true),
    RECURRENT_CASE("gru(50), 2180 x 32", gru, 32, 1, 2180, 50, 1, false, SEQUENCE, true, false,
                   true),
};

#endif

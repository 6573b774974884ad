/* Cases of dense, shared by test and benchmark. */
#ifndef FMX_CASES_DENSE_H
#define FMX_CASES_DENSE_H

#include "dense_layer.h"
#include "op_run.h"

#define DENSE_OPTIONS(UNITS, BIAS)                                                                 \
    &(const fmx__dense_options)                                                                    \
    {                                                                                              \
        {"", ""}, UNITS, BIAS, FMX__INIT_GLOROT_UNIFORM                                            \
    }
#define DENSE_CASE(NAME, BATCH, FEATURES, UNITS, BIAS, RELU, BENCH)                                \
    {                                                                                              \
        NAME, &fmx__op_dense, DENSE_OPTIONS(UNITS, BIAS), BATCH, 1, {{FEATURES, 1, false}}, false, \
            RELU, BENCH                                                                            \
    }

/* Tiles: 32 x 64 outputs and 16 terms; the wide variant takes 12 units, 48 and 16 columns, shares
 * of 960 columns, slices of 4096 terms. The published branch A has 1000 units:
 * fmx_cases_dense_large, too large for the twin. */
static const fmx_op_case fmx_cases_dense[] = {
    DENSE_CASE("one", 1, 1, 1, true, false, false),
    DENSE_CASE("tile - 1", 31, 15, 63, true, true, false),
    DENSE_CASE("tile", 32, 16, 64, true, false, false),
    DENSE_CASE("tile + 1", 33, 17, 65, true, true, false),
    DENSE_CASE("no bias", 3, 40, 24, false, false, false),
    DENSE_CASE("no bias, relu", 3, 40, 24, false, true, false),
    DENSE_CASE("prime", 7, 1009, 101, true, true, false),
    DENSE_CASE("batch of 64", 64, 128, 31, true, false, false),
    DENSE_CASE("wide, 53 columns", 9, 53, 12, true, false, false),
    DENSE_CASE("wide, two slices", 8, 4101, 13, true, true, false),
    DENSE_CASE("wide, two shares", 33, 1945, 7, true, false, false),
    DENSE_CASE("one item", 1, 777, 50, true, true, false),
    DENSE_CASE("branch A, 3 units", 2, 261600, 3, true, true, false),
    DENSE_CASE("branch B", 32, 5568, 1000, true, true, true),
    DENSE_CASE("2000 to 1000", 32, 2000, 1000, true, true, true),
    DENSE_CASE("2000 to 256", 64, 2000, 256, true, true, true),
    DENSE_CASE("500 to 29", 32, 500, 29, true, false, true),
};

static const fmx_op_case fmx_cases_dense_large[] = {
    DENSE_CASE("branch A", 32, 261600, 1000, true, true, true),
};

#endif

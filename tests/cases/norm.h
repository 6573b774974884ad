/* Cases of norm, shared by test and benchmark. */
#ifndef FMX_CASES_NORM_H
#define FMX_CASES_NORM_H

#include "norm_layer.h"
#include "op_run.h"

#define NORM_CASE(NAME, OP, BATCH, CHANNELS, LENGTH, GROUPS, EPSILON, AFFINE, MODE, BENCH)         \
    {                                                                                              \
        NAME, &fmx__op_##OP,                                                                       \
            &(const fmx__norm_options){{"", ""}, GROUPS, EPSILON, AFFINE, FMX__NORM_##MODE},       \
            BATCH, 1, {{CHANNELS, LENGTH, false}}, false, false, BENCH                             \
    }
#define GROUP_CASE(NAME, BATCH, CHANNELS, LENGTH, NUMBER, BENCH)                                   \
    NORM_CASE(NAME, group_norm, BATCH, CHANNELS, LENGTH, NUMBER, 1e-5, true, GROUPS, BENCH)
#define LAYER_CASE(NAME, BATCH, CHANNELS, LENGTH, BENCH)                                           \
    NORM_CASE(NAME, layer_norm, BATCH, CHANNELS, LENGTH, 1, 1e-5, true, POSITIONS, BENCH)
#define CUMULATIVE_CASE(NAME, BATCH, CHANNELS, LENGTH, BENCH)                                      \
    NORM_CASE(NAME, cumulative_layer_norm, BATCH, CHANNELS, LENGTH, 1, 1e-5, true, CUMULATIVE,     \
              BENCH)

/* The wide variant takes 16 positions at a time, a group 256; a chunk of a set has at least 1024
 * values, a set at most 256 of them. The published block is 64 x 21. */
static const fmx_op_case fmx_cases_norm[] = {
    GROUP_CASE("group, one value", 1, 1, 1, 1, false),
    GROUP_CASE("group, features", 3, 24, 1, 4, false),
    GROUP_CASE("group, tile - 1", 2, 4, 15, 2, false),
    GROUP_CASE("group, tile", 2, 4, 16, 2, false),
    GROUP_CASE("group, tile + 1", 2, 4, 17, 1, false),
    GROUP_CASE("group, chunk", 2, 4, 256, 1, false),
    GROUP_CASE("group, chunk + 1", 1, 5, 205, 1, false),
    GROUP_CASE("group, each channel", 2, 5, 257, 5, false),
    GROUP_CASE("group, prime", 3, 7, 1009, 1, false),
    GROUP_CASE("group, toy", 4, 64, 21, 1, false),
    NORM_CASE("group, no weights", group_norm, 2, 6, 40, 3, 1e-5, false, GROUPS, false),
    NORM_CASE("global", global_layer_norm, 2, 5, 67, 1, 1e-8, true, GROUPS, false),
    LAYER_CASE("layer, one channel", 2, 1, 20, false),
    LAYER_CASE("layer, features", 3, 500, 1, false),
    LAYER_CASE("layer, tile - 1", 2, 5, 15, false),
    LAYER_CASE("layer, tile", 2, 5, 16, false),
    LAYER_CASE("layer, tile + 1", 2, 5, 17, false),
    LAYER_CASE("layer, prime", 2, 31, 257, false),
    NORM_CASE("layer, no weights", layer_norm, 2, 6, 40, 1, 1e-3, false, POSITIONS, false),
    CUMULATIVE_CASE("cumulative, one position", 3, 8, 1, false),
    CUMULATIVE_CASE("cumulative, tile - 1", 2, 5, 15, false),
    CUMULATIVE_CASE("cumulative, tile", 2, 5, 16, false),
    CUMULATIVE_CASE("cumulative, tile + 1", 2, 5, 17, false),
    CUMULATIVE_CASE("cumulative, prime", 2, 7, 257, false),
    NORM_CASE("cumulative, no weights", cumulative_layer_norm, 2, 6, 40, 1, 1e-3, false, CUMULATIVE,
              false),
    GROUP_CASE("group, 512 x 32768", 1, 512, 32768, 1, true),
    GROUP_CASE("group, 128 x 4096", 16, 128, 4096, 1, true),
    LAYER_CASE("layer, 128 x 4096", 16, 128, 4096, true),
    CUMULATIVE_CASE("cumulative, 128 x 1024", 16, 128, 1024, true),
};

#endif

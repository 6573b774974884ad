/* Cases of tcn, shared by test and benchmark. */
#ifndef FMX_CASES_TCN_H
#define FMX_CASES_TCN_H

#include "op_run.h"
#include "tcn_layer.h"

#define TCN_CASE(NAME, BATCH, CHANNELS, POSITIONS, CONVOLVES, TAPS, DILATION, PADDING, BIAS,       \
                 AFFINE, BENCH)                                                                    \
    {                                                                                              \
        NAME, &fmx__op_tcn_norm,                                                                   \
            &(const fmx__tcn_norm_options){{"", ""},                                               \
                                           CONVOLVES,                                              \
                                           {{"", ""}, TAPS, 1, DILATION, PADDING, BIAS, 0},        \
                                           {{"", ""}, 1, 1e-5, AFFINE, FMX__NORM_GROUPS}},         \
            BATCH, 1, {{CHANNELS, POSITIONS, false}}, false, false, BENCH                          \
    }

/* The wide variant takes segments of 2048 positions, 16 at a time, and taps that reach up to 1024
 * positions; the other a row in groups of 256. The published block is 64 x 21. */
static const fmx_op_case fmx_cases_tcn[] = {
    TCN_CASE("prelu, one value", 2, 1, 1, false, 1, 1, "same", false, true, false),
    TCN_CASE("prelu, tile - 1", 2, 3, 15, false, 1, 1, "same", false, true, false),
    TCN_CASE("prelu, tile", 2, 3, 16, false, 1, 1, "same", false, false, false),
    TCN_CASE("prelu, prime", 3, 5, 1009, false, 1, 1, "same", false, true, false),
    TCN_CASE("one position", 2, 5, 1, true, 3, 1, "same", true, true, false),
    TCN_CASE("tile - 1", 2, 3, 15, true, 3, 1, "same", true, true, false),
    TCN_CASE("tile", 2, 3, 16, true, 3, 2, "same", true, true, false),
    TCN_CASE("tile + 1", 2, 3, 17, true, 3, 4, "same", true, true, false),
    TCN_CASE("no bias", 2, 3, 100, true, 3, 8, "same", false, true, false),
    TCN_CASE("no weights of the norm", 2, 3, 100, true, 3, 8, "same", true, false, false),
    TCN_CASE("causal", 2, 4, 131, true, 3, 16, "causal", true, true, false),
    TCN_CASE("even taps", 2, 4, 131, true, 4, 3, "same", true, true, false),
    TCN_CASE("one tap", 2, 4, 131, true, 1, 3, "same", true, true, false),
    TCN_CASE("seven taps", 2, 4, 131, true, 7, 5, "same", true, true, false),
    TCN_CASE("taps beyond the row", 2, 4, 20, true, 3, 64, "same", true, true, false),
    TCN_CASE("segment", 1, 2, 2048, true, 3, 1, "same", true, true, false),
    TCN_CASE("segment + 1", 1, 2, 2049, true, 3, 128, "same", true, true, false),
    TCN_CASE("longest reach", 1, 2, 4500, true, 3, 512, "same", true, true, false),
    TCN_CASE("longest reach, causal", 1, 2, 4500, true, 5, 256, "causal", true, true, false),
    TCN_CASE("toy", 4, 64, 21, true, 3, 8, "same", true, true, false),
    TCN_CASE("512 x 32768", 1, 512, 32768, true, 3, 1, "same", true, true, true),
    TCN_CASE("128 x 4096, dilation 64", 16, 128, 4096, true, 3, 64, "same", true, true, true),
    TCN_CASE("prelu, 512 x 4096", 4, 512, 4096, false, 1, 1, "same", true, true, true),
};

#define TCN_BLOCK_CONV(FILTERS)                                                                    \
    {                                                                                              \
        {"", ""}, FILTERS, 1, 1, 1, FMX__PADDING_SAME, true, 0                                     \
    }
#define TCN_BLOCK_NORM                                                                             \
    {                                                                                              \
        {"", ""}, 1, 1e-5, true, FMX__NORM_GROUPS                                                  \
    }
#define TCN_BLOCK_CASE(NAME, BATCH, CHANNELS, HIDDEN, SKIPS, LENGTH, TAPS, DILATION, PADDING,      \
                       BENCH)                                                                      \
    {                                                                                              \
        NAME, &fmx__op_tcn_block,                                                                  \
            &(const fmx__tcn_block_options){                                                       \
                {"", ""},       TCN_BLOCK_CONV(HIDDEN),                                            \
                TCN_BLOCK_NORM, {{"", ""}, TAPS, 1, DILATION, PADDING, true, 0},                   \
                TCN_BLOCK_NORM, TCN_BLOCK_CONV(SKIPS),                                             \
                false,          TCN_BLOCK_CONV(CHANNELS)},                                         \
            BATCH, 1, {{CHANNELS, LENGTH, false}}, false, false, BENCH                             \
    }

/* Blocks whose output is the skip; those with a residual are in test_graph_tcn.c. Tiles: 16 or 32
 * channels, 7 positions; 16 items of the batch have parts of their own, 64 in the plain variant. */
static const fmx_op_case fmx_cases_tcn_block[] = {
    TCN_BLOCK_CASE("one position", 2, 16, 16, 16, 1, 3, 1, "same", false),
    TCN_BLOCK_CASE("tile - 1", 2, 16, 32, 16, 6, 3, 1, "same", false),
    TCN_BLOCK_CASE("tile", 3, 32, 16, 48, 7, 3, 2, "same", false),
    TCN_BLOCK_CASE("tile + 1", 2, 48, 48, 32, 8, 5, 1, "causal", false),
    TCN_BLOCK_CASE("slices + 1", 17, 16, 16, 16, 9, 3, 1, "same", false),
    TCN_BLOCK_CASE("plain slices + 1", 65, 16, 16, 16, 5, 2, 1, "same", false),
    TCN_BLOCK_CASE("prime", 2, 16, 64, 32, 101, 3, 16, "same", false),
    TCN_BLOCK_CASE("toy", 2, 16, 64, 16, 21, 3, 8, "same", false),
    TCN_BLOCK_CASE("toy, one item", 1, 16, 64, 16, 21, 3, 8, "same", true),
    TCN_BLOCK_CASE("toy, 256 items", 256, 16, 64, 16, 21, 3, 8, "same", true),
};

#endif

/* Cases of depthwise_conv1d, shared by test and benchmark. */
#ifndef FMX_CASES_DEPTHWISE_CONV1D_H
#define FMX_CASES_DEPTHWISE_CONV1D_H

#include "depthwise_layer.h"
#include "op_run.h"

#define DEPTHWISE_CASE(NAME, BATCH, CHANNELS, POSITIONS, TAPS, STRIDE, DILATION, PADDING, BIAS,    \
                       BENCH)                                                                      \
    {                                                                                              \
        NAME, &fmx__op_depthwise_conv1d,                                                           \
            &(const fmx__depthwise_options){{"", ""}, TAPS, STRIDE, DILATION, PADDING, BIAS, 0},   \
            BATCH, 1, {{CHANNELS, POSITIONS, false}}, false, false, BENCH                          \
    }

/* The wide variant takes 16 positions at a time, the other 64 a group and 256 a row's sum. The
 * published block is 64 x 21 with dilations 1, 2, 4, 8. */
static const fmx_op_case fmx_cases_depthwise_conv1d[] = {
    DEPTHWISE_CASE("one", 1, 1, 1, 1, 1, 1, "same", true, false),
    DEPTHWISE_CASE("one position, three taps", 2, 3, 1, 3, 1, 4, "same", true, false),
    DEPTHWISE_CASE("tile - 1", 2, 3, 15, 3, 1, 1, "same", true, false),
    DEPTHWISE_CASE("tile", 2, 3, 16, 1, 1, 1, "same", true, false),
    DEPTHWISE_CASE("tile + 1", 2, 3, 17, 3, 1, 1, "valid", true, false),
    DEPTHWISE_CASE("one vector inside", 2, 3, 18, 3, 1, 1, "same", true, false),
    DEPTHWISE_CASE("one vector inside and one position", 2, 3, 19, 3, 1, 1, "same", true, false),
    DEPTHWISE_CASE("no bias", 2, 5, 100, 3, 1, 2, "same", false, false),
    DEPTHWISE_CASE("five taps", 2, 5, 131, 5, 1, 3, "same", true, false),
    DEPTHWISE_CASE("even taps", 2, 5, 130, 4, 1, 3, "same", true, false),
    DEPTHWISE_CASE("nine taps, valid", 1, 4, 211, 9, 1, 2, "valid", true, false),
    DEPTHWISE_CASE("causal", 2, 4, 67, 3, 1, 8, "causal", true, false),
    DEPTHWISE_CASE("number", 2, 4, 67, 3, 1, 2, "1", true, false),
    DEPTHWISE_CASE("more zeros than the kernel reaches", 2, 4, 40, 3, 1, 1, "7", true, false),
    DEPTHWISE_CASE("kernel beyond the row", 2, 4, 9, 3, 1, 16, "same", true, false),
    DEPTHWISE_CASE("stride 2", 2, 4, 101, 3, 2, 1, "1", true, false),
    DEPTHWISE_CASE("stride 3, dilation 2, same", 2, 4, 100, 4, 3, 2, "same", true, false),
    DEPTHWISE_CASE("stride over the kernel", 2, 4, 50, 2, 5, 1, "valid", true, false),
    DEPTHWISE_CASE("prime", 3, 7, 1009, 3, 1, 32, "same", true, false),
    DEPTHWISE_CASE("toy, dilation 1", 4, 64, 21, 3, 1, 1, "same", true, false),
    DEPTHWISE_CASE("toy, dilation 8", 4, 64, 21, 3, 1, 8, "same", true, false),
    DEPTHWISE_CASE("512 x 32768", 1, 512, 32768, 3, 1, 1, "same", true, true),
    DEPTHWISE_CASE("128 x 4096, dilation 64", 16, 128, 4096, 3, 1, 64, "same", true, true),
};

#endif

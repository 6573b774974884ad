/* Cases of conv1d, shared by test and benchmark. */
#ifndef FMX_CASES_CONV1D_H
#define FMX_CASES_CONV1D_H

#include "conv1d_layer.h"
#include "op_run.h"

#define CONV1D_SAME FMX__PADDING_SAME
#define CONV1D_VALID FMX__PADDING_VALID
#define CONV1D_CASE(NAME, BATCH, IN_C, IN_N, OUT_C, TAPS, STRIDE, DILATION, PADDING, BIAS, RELU,   \
                    BENCH)                                                                         \
    {                                                                                              \
        NAME, &fmx__op_conv1d,                                                                     \
            &(const fmx__conv1d_options){{"", ""},         OUT_C, TAPS, STRIDE, DILATION,          \
                                         CONV1D_##PADDING, BIAS,  0},                              \
            BATCH, 1, {{IN_C, IN_N, false}}, false, RELU, BENCH                                    \
    }

/* Tiles: 32 channels x 64 positions, 16 terms. */
static const fmx_op_case fmx_cases_conv1d[] = {
    CONV1D_CASE("one", 1, 1, 1, 1, 1, 1, 1, SAME, true, false, false),
    CONV1D_CASE("tile - 1", 2, 5, 63, 31, 3, 1, 1, SAME, true, true, false),
    CONV1D_CASE("tile", 2, 4, 64, 32, 4, 1, 1, SAME, true, false, false),
    CONV1D_CASE("tile + 1", 2, 17, 65, 33, 1, 1, 1, SAME, true, true, false),
    CONV1D_CASE("pointwise, no bias", 3, 19, 211, 11, 1, 1, 1, VALID, false, false, false),
    CONV1D_CASE("no bias, relu", 3, 3, 50, 5, 3, 1, 1, SAME, false, true, false),
    CONV1D_CASE("even kernel, odd row", 2, 3, 101, 7, 6, 1, 1, SAME, true, true, false),
    CONV1D_CASE("even kernel, even row", 2, 3, 100, 7, 6, 1, 1, SAME, true, false, false),
    CONV1D_CASE("valid", 2, 3, 101, 9, 5, 1, 1, VALID, true, true, false),
    CONV1D_CASE("valid, one output", 2, 3, 5, 9, 5, 1, 1, VALID, true, false, false),
    CONV1D_CASE("stride 2, odd", 2, 3, 101, 8, 5, 2, 1, SAME, true, true, false),
    CONV1D_CASE("stride 2, even", 2, 3, 100, 8, 5, 2, 1, SAME, true, false, false),
    CONV1D_CASE("stride 4, valid", 2, 5, 203, 8, 9, 4, 1, VALID, true, true, false),
    CONV1D_CASE("stride over the kernel", 2, 4, 103, 6, 2, 5, 1, SAME, true, false, false),
    CONV1D_CASE("stride over the row", 2, 4, 7, 6, 3, 9, 1, SAME, true, false, false),
    CONV1D_CASE("dilation 3", 2, 3, 97, 6, 5, 1, 3, SAME, true, true, false),
    CONV1D_CASE("dilation 32, valid", 1, 2, 211, 4, 3, 1, 32, VALID, true, false, false),
    CONV1D_CASE("stride 3, dilation 2", 2, 3, 98, 6, 4, 3, 2, SAME, true, true, false),
    CONV1D_CASE("stride 2, dilation 2", 2, 3, 77, 6, 3, 2, 2, VALID, true, false, false),
    CONV1D_CASE("kernel longer than the row", 2, 3, 5, 6, 9, 1, 1, SAME, true, true, false),
    CONV1D_CASE("kernel beyond the row", 2, 2, 3, 4, 5, 2, 4, SAME, true, false, false),
    CONV1D_CASE("one position", 3, 20, 1, 10, 3, 1, 1, SAME, true, true, false),
    CONV1D_CASE("prime", 3, 13, 1009, 17, 7, 1, 1, SAME, true, true, false),
    CONV1D_CASE("wide, 49 positions", 2, 2, 49, 9, 3, 1, 1, SAME, true, true, false),
    CONV1D_CASE("wide, 16 positions", 2, 2, 16, 8, 3, 1, 1, SAME, false, true, false),
    CONV1D_CASE("wide, two ranges", 1, 4, 1001, 7, 5, 1, 2, SAME, true, true, false),
    CONV1D_CASE("wide, runs of one stride", 2, 3, 1555, 10, 3, 2, 1, SAME, true, false, false),
    CONV1D_CASE("wide, stride over the kernel", 2, 3, 333, 9, 2, 5, 1, VALID, true, true, false),
    CONV1D_CASE("wide, stride 4, dilation 6", 2, 3, 333, 9, 5, 4, 6, SAME, true, true, false),
    CONV1D_CASE("wide, pointwise, a panel + 1 each way", 2, 161, 163, 163, 1, 1, 1, SAME, true,
                true, false),
    CONV1D_CASE("wide, pointwise, three panels", 1, 331, 1107, 5, 1, 1, 1, SAME, true, false,
                false),
    CONV1D_CASE("stride too large for wide", 2, 3, 333, 9, 5, 17, 1, SAME, true, true, false),
    CONV1D_CASE("branch A", 32, 1, 21800, 12, 3, 1, 1, SAME, true, false, true),
    CONV1D_CASE("branch B, first", 32, 1, 21800, 32, 5, 1, 1, SAME, true, false, true),
    CONV1D_CASE("branch B, second", 32, 32, 3115, 64, 9, 4, 1, SAME, true, true, true),
    CONV1D_CASE("demo, first", 32, 1, 8192, 16, 9, 1, 1, SAME, true, false, true),
    CONV1D_CASE("demo, second", 32, 16, 2048, 32, 7, 1, 1, SAME, true, false, true),
    CONV1D_CASE("pointwise 64 to 64", 32, 64, 4096, 64, 1, 1, 1, SAME, true, false, true),
    CONV1D_CASE("pointwise 128 to 128", 32, 128, 4096, 128, 1, 1, 1, SAME, true, false, true),
};

#endif

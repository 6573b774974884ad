/* Cases of conv1d_transpose, shared by test and benchmark. */
#ifndef FMX_CASES_CONV1D_TRANSPOSE_H
#define FMX_CASES_CONV1D_TRANSPOSE_H

#include "op_run.h"

extern const fmx__op fmx__op_conv1d_transpose;

/* A case, its options (fmx_op_options), and those that its twin needs as numbers. */
typedef struct fmx_case_conv1d_transpose {
    fmx_op_case op;
    const char *settings;
    size_t stride;
    size_t dilation;
    size_t padding;
} fmx_case_conv1d_transpose;

#define FMX_CONV1D_TRANSPOSE(name, batch, channels, positions, filters, kernel, stride, padding,   \
                             added, dilation, bias, bench)                                         \
    {                                                                                              \
        {name, &fmx__op_conv1d_transpose, NULL, batch, 1, {{channels, positions, false}}, 0, 0,    \
         bench},                                                                                   \
            "filters=" #filters " kernel=" #kernel " stride=" #stride " padding=" #padding         \
            " output_padding=" #added " dilation=" #dilation " bias=" #bias,                       \
            stride, dilation, padding                                                              \
    }

/* Groups take 32 channels x 64 positions x 16 terms; PoCL vectors of 16 positions of the input from
 * 16 on. The last one is a decoder as in separation by masks: 128 encoded channels to one spectrum.
 */
static const fmx_case_conv1d_transpose fmx_cases_conv1d_transpose[] = {
    FMX_CONV1D_TRANSPOSE("one value", 1, 1, 1, 1, 1, 1, 0, 0, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("one input", 2, 3, 1, 2, 4, 2, 1, 0, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("stride 1", 2, 3, 20, 4, 3, 1, 1, 0, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("vector - 1", 2, 3, 15, 4, 4, 2, 1, 0, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("vector", 2, 3, 16, 4, 4, 2, 1, 0, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("vector + 1", 2, 3, 17, 4, 4, 2, 1, 1, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("tile - 1", 2, 31, 32, 31, 3, 2, 1, 0, 1, false, 0),
    FMX_CONV1D_TRANSPOSE("tile", 1, 32, 32, 32, 2, 2, 0, 0, 1, false, 0),
    FMX_CONV1D_TRANSPOSE("tile + 1", 1, 33, 33, 33, 2, 2, 0, 0, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("prime", 3, 5, 101, 7, 5, 3, 2, 2, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("gaps", 2, 3, 37, 2, 2, 5, 0, 4, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("dilation", 2, 3, 37, 4, 3, 1, 2, 0, 4, true, 0),
    FMX_CONV1D_TRANSPOSE("stride and dilation", 2, 3, 37, 4, 4, 2, 3, 1, 3, true, 0),
    FMX_CONV1D_TRANSPOSE("added below dilation", 2, 3, 37, 4, 3, 1, 0, 2, 3, true, 0),
    FMX_CONV1D_TRANSPOSE("all that the kernel adds is cut", 2, 3, 37, 4, 5, 1, 4, 0, 1, true, 0),
    FMX_CONV1D_TRANSPOSE("decoder", 2, 128, 2047, 1, 16, 8, 0, 0, 1, false, 1),
    FMX_CONV1D_TRANSPOSE("upsampling", 4, 32, 1024, 32, 4, 2, 1, 0, 1, true, 1),
};

#endif

/* Cases of mask, shared by test and benchmark. */
#ifndef FMX_CASES_MASK_H
#define FMX_CASES_MASK_H

#include "op_run.h"

extern const fmx__op fmx__op_mask;

/* A case, its options (fmx_op_options) and its activation's number. */
typedef struct fmx_case_mask {
    fmx_op_case op;
    const char *settings;
    int kind;
} fmx_case_mask;

#define FMX_MASK_none 0
#define FMX_MASK_sigmoid 1
#define FMX_MASK_relu 2
#define FMX_MASK_softmax 3
#define FMX_MASK(name, kind, batch, sources, channels, positions, bench)                           \
    {                                                                                              \
        {name, &fmx__op_mask,                                                                      \
         NULL, batch,                                                                              \
         2,    {{(sources) * (channels), positions, false}, {channels, positions, false}},         \
         0,    0,                                                                                  \
         bench},                                                                                   \
            "activation=" #kind, FMX_MASK_##kind                                                   \
    }

/* Items of PoCL take 16 values. Three sources of 64 channels x 21 positions are the published toy.
 */
static const fmx_case_mask fmx_cases_mask[] = {
    FMX_MASK("one value", sigmoid, 1, 1, 1, 1, 0),
    FMX_MASK("tile - 1", sigmoid, 2, 3, 3, 5, 0),
    FMX_MASK("tile", sigmoid, 2, 3, 2, 8, 0),
    FMX_MASK("tile + 1", sigmoid, 2, 3, 1, 17, 0),
    FMX_MASK("none", none, 2, 2, 3, 37, 0),
    FMX_MASK("relu", relu, 2, 4, 3, 37, 0),
    FMX_MASK("softmax, one source", softmax, 2, 1, 3, 37, 0),
    FMX_MASK("softmax", softmax, 3, 5, 3, 37, 0),
    FMX_MASK("prime", sigmoid, 3, 7, 11, 101, 0),
    FMX_MASK("toy", sigmoid, 64, 3, 64, 21, 1),
    FMX_MASK("mixture, softmax", softmax, 2, 8, 32, 4096, 1),
};

#endif

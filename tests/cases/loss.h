/* Cases of loss, shared by test and benchmark. */
#ifndef FMX_CASES_LOSS_H
#define FMX_CASES_LOSS_H

#include <stddef.h>

typedef struct fmx_case_loss {
    const char *name;
    size_t batch;
    size_t channels; /* classes, or sources */
    size_t positions;
    int bench;
} fmx_case_loss;

/* Groups take 64 columns; parts are of 4096 or 8192 values, sums of 256 or 16 lanes. */
static const fmx_case_loss fmx_cases_loss[] = {
    {"one row, one class", 1, 1, 1, 0},
    {"tile - 1", 63, 5, 1, 0},
    {"tile", 64, 3, 1, 0},
    {"tile + 1", 65, 2, 1, 0},
    {"prime", 7, 101, 1, 0},
    {"positions", 3, 5, 37, 0},
    {"square", 2, 3, 3, 0},
    {"part - 1", 2, 1, 4095, 0},
    {"part", 1, 1, 4096, 0},
    {"part + 1", 1, 1, 4097, 0},
    {"wide part + 1", 2, 1, 8193, 0},
    {"long", 1, 3, 6007, 0},
    {"published", 32, 29, 1, 1},
    {"spectra", 32, 1, 65536, 1},
    {"masks", 4, 8, 16384, 1},
    {"sources", 8, 20, 4096, 1},
};

#endif

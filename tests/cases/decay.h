/* Cases of decay, shared by test and benchmark. */
#ifndef FMX_CASES_DECAY_H
#define FMX_CASES_DECAY_H

#include <stddef.h>

typedef struct fmx_case_decay {
    const char *name;
    size_t rows;
    size_t points; /* at least 2, for the spectrum */
    int bench;
} fmx_case_decay;

/* Items own 4 points, groups 256. */
static const fmx_case_decay fmx_cases_decay[] = {
    {"one pair", 1, 2, 0},   {"block - 1", 3, 3, 0},     {"block + 1", 2, 5, 0},
    {"tile - 1", 2, 255, 0}, {"tile", 3, 256, 0},        {"tile + 1", 2, 257, 0},
    {"prime", 5, 1009, 0},   {"published", 50, 4000, 1},
};

#endif

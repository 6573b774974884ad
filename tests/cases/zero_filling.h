/* Cases of zero_filling, shared by test and benchmark. */
#ifndef FMX_CASES_ZERO_FILLING_H
#define FMX_CASES_ZERO_FILLING_H

#include "fidmix/zero_filling.h"

typedef struct fmx_case_zero_filling {
    const char *name;
    size_t rows;
    size_t points;
    size_t valid; /* of row 0; row i has i fewer */
    double group_delay;
    fmx_zero_filling options;
    size_t expected; /* points afterwards */
    int bench;
} fmx_case_zero_filling;

/* The wide variant takes 8 points an item; a group has 64 items. */
static const fmx_case_zero_filling fmx_cases_zero_filling[] = {
    {"one point", 1, 1, 1, 0, {0, 1, 1}, 1, 0},
    {"one point to 7", 1, 1, 1, 0, {7, 1, 0.5}, 7, 0},
    {"tile - 1", 2, 7, 7, 0, {0, 1, 1}, 8, 0},
    {"tile", 2, 8, 8, 0, {0, 1, 1}, 8, 0},
    {"tile + 1", 2, 9, 9, 0, {0, 2, 1}, 32, 0},
    {"half the first point", 3, 64, 64, 0, {0, 2, 0.5}, 128, 0},
    {"prime to prime", 3, 1009, 1009, 0, {2003, 2, 1}, 2003, 0},
    {"rows that are zero-filled already", 3, 300, 100, 0, {0, 1, 1}, 128, 0},
    {"delay of the filter", 3, 1009, 1009, 67.98, {0, 2, 0.5}, 2048, 0},
    {"delay, not a bit longer", 2, 1009, 1009, 67.98, {1009, 2, 0.5}, 1009, 0},
    {"delay, prime", 3, 211, 199, 13.5, {1013, 1, 1}, 1013, 0},
    {"fraction of a point", 2, 100, 100, 0.75, {0, 2, 0.5}, 256, 0},
    {"published", 64, 32768, 32768, 0, {0, 2, 1}, 65536, 1},
    {"published, with delay", 64, 16384, 16384, 67.98, {65536, 2, 1}, 65536, 1},
};

#endif

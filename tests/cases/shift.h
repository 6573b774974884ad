/* Cases of shift, shared by test and benchmark. */
#ifndef FMX_CASES_SHIFT_H
#define FMX_CASES_SHIFT_H

#include "../../host/signal/shift.h" /* this file has the same name */

typedef struct fmx_case_shift {
    const char *name;
    size_t rows;
    size_t points;
    fmx__shift_options options;
    int bench; /* measured by the benchmark */
} fmx_case_shift;

/* Blocks of 16 and tiles of 256 points; the published settings s 0.05 and 0.1, j 0, 0.001 and
 * 0.01, K 4 and 20, on 10 ppm. */
static const fmx_case_shift fmx_cases_shift[] = {
    {"one point", 2, 1, {0.05, 0.01, 3}, 0},
    {"two points", 2, 2, {20, 1, 3}, 0},
    {"block - 1", 3, 15, {3, 0, 4}, 0},
    {"block", 3, 16, {3, 0.1, 4}, 0},
    {"block + 1", 3, 17, {3, 0.1, 4}, 0},
    {"tile - 1", 3, 255, {5, 0.1, 4}, 0},
    {"tile", 3, 256, {10, 0.1, 4}, 0},
    {"tile + 1", 3, 257, {15, 0.1, 4}, 0},
    {"prime", 5, 4099, {0.1, 0.01, 20}, 0},
    {"s 0.05, K 4", 2, 21800, {0.05, 0, 4}, 0},
    {"s 0.1, j 0.01, K 4", 2, 21800, {0.1, 0.01, 4}, 0},
    {"published", 8, 21800, {0.05, 0.001, 4}, 1},
};

#endif

/* Cases of normalise, shared by test and benchmark. */
#ifndef FMX_CASES_NORMALISE_H
#define FMX_CASES_NORMALISE_H

#include "fidmix/normalise.h"

typedef struct fmx_case_normalise {
    const char *name;
    size_t rows;
    size_t points;
    int method; /* fmx_normalise_method; PQN: the quotient alone */
    int bench;  /* measured by the benchmark */
} fmx_case_normalise;

/* 64 parts of single points or blocks of 16: rows shorter than that, tiles of 16, 64 x 16 = 1024.
 */
static const fmx_case_normalise fmx_cases_normalise[] = {
    {"one point", 2, 1, FMX_NORMALISE_AREA, 0},
    {"tile - 1", 3, 15, FMX_NORMALISE_MAX, 0},
    {"tile", 3, 16, FMX_NORMALISE_AREA, 0},
    {"tile + 1", 3, 17, FMX_NORMALISE_MAX, 0},
    {"parts - 1", 2, 1023, FMX_NORMALISE_AREA, 0},
    {"parts + 1", 2, 1025, FMX_NORMALISE_MAX, 0},
    {"prime", 5, 4099, FMX_NORMALISE_AREA, 0},
    {"quotient, one row", 1, 1009, FMX_NORMALISE_PQN, 0},
    {"quotient, even", 6, 1009, FMX_NORMALISE_PQN, 0},
    {"quotient, odd", 7, 509, FMX_NORMALISE_PQN, 0},
    {"published", 64, 21800, FMX_NORMALISE_MAX, 1},
    {"area", 64, 21800, FMX_NORMALISE_AREA, 1},
    {"quotient", 64, 21800, FMX_NORMALISE_PQN, 1},
};

#endif

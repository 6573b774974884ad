/* Cases of real_part, shared by test and benchmark. */
#ifndef FMX_CASES_REAL_PART_H
#define FMX_CASES_REAL_PART_H

#include "fidmix/real_part.h"

typedef struct fmx_case_real_part {
    const char *name;
    size_t rows;
    size_t points;
    fmx_real_part options;
    int bench; /* measured by the benchmark */
} fmx_case_real_part;

/* The wide variant takes 16 points an item. */
static const fmx_case_real_part fmx_cases_real_part[] = {
    {"one point", 1, 1, {FMX_REAL_PART_REAL}, 0},
    {"tile - 1", 1, 15, {FMX_REAL_PART_REAL}, 0},
    {"tile", 1, 16, {FMX_REAL_PART_REAL}, 0},
    {"tile + 1", 1, 17, {FMX_REAL_PART_IMAGINARY}, 0},
    {"prime", 3, 1009, {FMX_REAL_PART_REAL}, 0},
    {"imaginary", 2, 4099, {FMX_REAL_PART_IMAGINARY}, 0},
    {"magnitude", 5, 4099, {FMX_REAL_PART_MAGNITUDE}, 0},
    {"published", 64, 65536, {FMX_REAL_PART_REAL}, 1},
    {"published, magnitude", 64, 65536, {FMX_REAL_PART_MAGNITUDE}, 1},
};

#endif

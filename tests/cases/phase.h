/* Cases of phase, shared by test and benchmark. */
#ifndef FMX_CASES_PHASE_H
#define FMX_CASES_PHASE_H

#include "fidmix/phase.h"

typedef struct fmx_case_phase {
    const char *name;
    size_t rows;
    size_t points;
    fmx_phase options;
    int bench; /* measured by the benchmark */
} fmx_case_phase;

/* The wide variant takes 8 points an item: 1, 7, 8, 9, a prime, and the lengths of real spectra. */
static const fmx_case_phase fmx_cases_phase[] = {
    {"one point", 1, 1, {30, 1000}, 0},
    {"tile - 1", 3, 7, {-90, 45}, 0},
    {"tile", 3, 8, {180, -45}, 0},
    {"tile + 1", 3, 9, {1e-17, -1e-17}, 0},
    {"nothing", 2, 100, {0, 0}, 0},
    {"prime", 5, 1009, {-123.456, 789.1}, 0},
    {"many turns", 2, 131072, {359.999, -24471.3}, 0},
    {"largest angles", 2, 131072, {-1e6, 1e6}, 0},
    {"published", 64, 65536, {-61.3, 87.2}, 1},
};

#endif

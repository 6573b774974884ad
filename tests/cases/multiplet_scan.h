/* Cases of multiplet_scan, shared by test and benchmark. */
#ifndef FMX_CASES_MULTIPLET_SCAN_H
#define FMX_CASES_MULTIPLET_SCAN_H

#include <stddef.h>

typedef struct fmx_case_multiplet_scan {
    const char *name;
    size_t entries; /* of the library; all its multiplets are looked for */
    size_t points;  /* of the axis, 10 to 0.5 ppm */
    size_t reach;
    double quantile;
    size_t count; /* spectra */
    int bench;    /* measured by the benchmark */
} fmx_case_multiplet_scan;

/* Shifts come in blocks of 16, groups of 64; a quantile of 0.15 takes ranks up to 9. */
static const fmx_case_multiplet_scan fmx_cases_multiplet_scan[] = {
    {"no shift", 4, 19001, 0, 0.15, 1, 0},
    {"block - 1", 6, 19001, 7, 0.15, 1, 0},
    {"block + 1", 6, 19001, 8, 0.15, 2, 0},
    {"group - 1", 6, 19001, 31, 0.1, 1, 0},
    {"group + 1", 6, 19001, 32, 0, 2, 0},
    {"coarse", 5, 1901, 20, 0.15, 3, 0},
    {"prime", 7, 9973, 53, 0.12, 3, 0},
    {"widest", 5, 19001, 255, 0.15, 1, 0},
    {"225 compounds", 225, 19001, 80, 0.15, 1, 1},
    {"225 compounds, 32 spectra", 225, 19001, 80, 0.15, 32, 1},
    {"1270 compounds", 1270, 19001, 80, 0.15, 1, 1},
};

#endif

/* Cases of fid_synthesis, shared by test and benchmark. */
#ifndef FMX_CASES_FID_SYNTHESIS_H
#define FMX_CASES_FID_SYNTHESIS_H

#include <stddef.h>

typedef struct fmx_case_fid_synthesis {
    const char *name;
    size_t rows;
    size_t points;
    size_t lines;
    double group_delay;
    double gaussian_hz;
    double p0_deg;
    double p1_deg;
    int bench; /* measured by the benchmark */
} fmx_case_fid_synthesis;

/* Tiles are 256 (wide) and 1024 points, chunks 16 lines; the filter of 67.98 points has settled at
 * point 135. */
static const fmx_case_fid_synthesis fmx_cases_fid_synthesis[] = {
    {"one point", 1, 1, 1, 0, 0, 0, 0, 0},
    {"no lines", 2, 300, 0, 67.98, 0, 0, 0, 0},
    {"tile - 1, chunk - 1", 2, 255, 15, 0, 0, 30, 0, 0},
    {"tile, chunk", 2, 256, 16, 0, 0.5, 30, -40, 0},
    {"tile + 1, chunk + 1", 3, 257, 17, 0, 0, -170, 90, 0},
    {"large tile - 1", 1, 1023, 5, 0, 0, 0, 0, 0},
    {"large tile + 1", 1, 1025, 5, 0, 2, 0, 0, 0},
    {"inside the onset", 2, 100, 7, 67.98, 0, 20, 45, 0},
    {"one point behind the onset", 2, 136, 7, 67.98, 0, 20, 45, 0},
    {"prime", 3, 1009, 13, 67.985595703125, 0.7, 123, -77, 0},
    {"whole delay", 2, 700, 9, 76, 0, 0, 0, 0},
    {"short delay", 2, 700, 9, 8, 0, 0, 360, 0},
    {"long delay", 1, 700, 9, 128, 0, 0, -360, 0},
    {"long", 1, 65536, 3, 0, 0, 10, 20, 0},
    {"a compound", 16, 32768, 128, 67.98, 0.3, 10, 20, 1},
    {"a mixture", 4, 32768, 4096, 67.98, 0.3, 10, 20, 1},
};

#endif

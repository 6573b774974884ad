/* Cases of line_fit, shared by test and benchmark. */
#ifndef FMX_CASES_LINE_FIT_H
#define FMX_CASES_LINE_FIT_H

#include <stddef.h>

typedef struct fmx_case_line_fit {
    const char *name;
    size_t rows;
    size_t points;
    int voigt;
    double step_hz;
    int bench;
} fmx_case_line_fit;

/* A group takes 256 points at a time, the wide variant 16. */
static const fmx_case_line_fit fmx_cases_line_fit[] = {
    {"short", 1, 21, 0, 1, 0},           {"tile - 1", 3, 255, 0, 0.5, 0},
    {"tile", 2, 256, 1, 1, 0},           {"tile + 1", 3, 257, 0, 2, 0},
    {"prime", 7, 1009, 1, 0.25, 0},      {"published", 50, 2000, 0, 1, 1},
    {"pseudo-Voigt", 50, 2000, 1, 1, 1},
};

#endif

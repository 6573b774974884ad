/* Cases of synthesis, shared by test and benchmark. */
#ifndef FMX_CASES_SYNTHESIS_H
#define FMX_CASES_SYNTHESIS_H

#include <stddef.h>

typedef struct fmx_case_synthesis {
    const char *name;
    size_t rows;
    size_t points;
    size_t parts;      /* multiplets of a row */
    size_t lines;      /* of a multiplet */
    size_t humps;      /* of a row */
    double half_width; /* points; part k has it times 1 + k / 4 */
    double cell;
    double gauss;
    double phase_deg;
    int divide;
    int bench;
} fmx_case_synthesis;

/* Blocks of 16 points; groups of 256. */
static const fmx_case_synthesis fmx_cases_synthesis[] = {
    {"one point", 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0},
    {"empty rows", 3, 50, 0, 1, 0, 1, 1, 0, 0, 1, 0},
    {"block - 1", 2, 15, 2, 3, 1, 0.5, 1, 0, 0, 0, 0},
    {"block", 3, 16, 1, 1, 0, 0.3, 1, 0, 0, 1, 0},
    {"block + 1", 3, 17, 2, 2, 1, 1.2, 1, 0, 0, 1, 0},
    {"group + 1", 2, 257, 3, 4, 0, 0.25, 1, 0, 0, 0, 0},
    {"prime", 5, 1009, 5, 7, 2, 0.6, 1, 0, 0, 1, 0},
    {"wide lines", 2, 777, 3, 3, 0, 20, 1, 0, 0, 0, 0},
    {"samples", 2, 512, 3, 3, 0, 1.5, 0.05, 0, 0, 0, 0},
    {"Voigt", 3, 1003, 4, 3, 1, 0.7, 1, 0.4, 0, 0, 0},
    {"Gauss alone", 1, 300, 2, 2, 0, 0.5, 1, 1, 0, 0, 0},
    {"phase", 3, 1003, 4, 3, 0, 0.7, 1, 0, 7, 0, 0},
    {"all of it", 3, 4096, 6, 8, 2, 0.5, 1, 0.2, -12, 1, 0},
    /* 64 mixtures of 12 compounds: 3.5 multiplets of 14 lines each, 600 MHz, 9 ppm */
    {"64 mixtures", 768, 4096, 4, 12, 0, 0.6, 1, 0, 0, 1, 1},
    {"64 mixtures, phase", 768, 4096, 4, 12, 0, 0.6, 1, 0, 3, 1, 1},
};

#endif

/* Cases of mixture, shared by test and benchmark. */
#ifndef FMX_CASES_MIXTURE_H
#define FMX_CASES_MIXTURE_H

#include <stddef.h>

typedef struct fmx_case_mixture {
    const char *name;
    size_t mixtures;
    size_t points;
    size_t library; /* rows */
    size_t most;    /* mixture m has m % (most + 1) parts, mixtures of a benchmark all of them */
    double noise;   /* in tallest peaks */
    int divide;     /* 2: by the noise */
    int bench;      /* measured by the benchmark */
    double smooth;
    double bias;
} fmx_case_mixture;

/* Items own blocks of 4 points; the wide variant takes 64, and 16 for the division. */
static const fmx_case_mixture fmx_cases_mixture[] = {
    {"one point", 1, 1, 1, 1, 0, 1, 0},
    {"block - 1", 3, 3, 2, 2, 0.1, 1, 0},
    {"tile - 1", 4, 63, 3, 2, 0.05, 1, 0},
    {"tile", 4, 64, 3, 3, 0.05, 0, 0},
    {"tile + 1", 5, 65, 4, 4, 0.05, 1, 0},
    {"group + 1", 7, 1025, 5, 6, 0, 1, 0},
    {"prime", 13, 4099, 11, 6, 0.02, 1, 0},
    {"most parts", 66, 257, 64, 64, 0.01, 1, 0},
    {"in units of the noise", 5, 1009, 7, 4, 0.01, 2, 0, 0.75, 1.5},
    {"noise alone", 1, 1009, 1, 1, 0.5, 1, 0},
    {"published", 435, 21800, 58, 2, 0, 1, 1},
    {"general", 64, 21800, 160, 6, 0.02, 1, 1},
    {"general, no noise", 64, 21800, 160, 6, 0, 1, 1},
};

#endif

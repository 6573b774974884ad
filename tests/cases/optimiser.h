/* Cases of optimiser, shared by test and benchmark. */
#ifndef FMX_CASES_OPTIMISER_H
#define FMX_CASES_OPTIMISER_H

#include <stddef.h>

typedef struct fmx_case_optimiser {
    const char *name;
    size_t count;
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
    int pytorch; /* convention */
    int bench;
} fmx_case_optimiser;

/* The wide variant takes 16 weights an item. */
static const fmx_case_optimiser fmx_cases_optimiser[] = {
    {"one weight", 1, 1e-3, 0.9, 0.999, 1e-7, 0, 0},
    {"tile - 1", 15, 1e-3, 0.9, 0.999, 1e-7, 0, 0},
    {"tile", 16, 1e-2, 0.9, 0.999, 1e-8, 1, 0},
    {"tile + 1", 17, 1e-2, 0.5, 0.9, 1e-3, 1, 0},
    {"prime, no memory", 1009, 1e-3, 0, 0, 1e-3, 0, 0},
    {"prime", 10007, 1e-3, 0.9, 0.999, 1e-7, 0, 0},
    {"adam", (size_t)1 << 26, 1e-3, 0.9, 0.999, 1e-7, 0, 1},
};

#endif

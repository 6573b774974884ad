/* Cases of penalty, shared by test and benchmark. */
#ifndef FMX_CASES_PENALTY_H
#define FMX_CASES_PENALTY_H

#include <stddef.h>

typedef struct fmx_case_penalty {
    const char *name;
    size_t count;
    double l1;
    double l2;
    int bench;
} fmx_case_penalty;

/* Parts are of 4096 or 16384 weights; S3's first layer has 4000 x 4000. */
static const fmx_case_penalty fmx_cases_penalty[] = {
    {"one", 1, 0.5, 0, 0},
    {"tile - 1", 4095, 1e-4, 0, 0},
    {"tile", 4096, 0, 0.01, 0},
    {"tile + 1", 4097, 0.25, 0.125, 0},
    {"prime", 15, 0, 3, 0},
    {"wide tile + 1", 16385, 0.01, 0.02, 0},
    {"published, 4000 x 4000", 16000000, 1e-4, 0, 1},
};

#endif

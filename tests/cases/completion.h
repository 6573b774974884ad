/* Cases of completion, shared by test and benchmark. */
#ifndef FMX_CASES_COMPLETION_H
#define FMX_CASES_COMPLETION_H

#include "fidmix/completion.h"

typedef struct fmx_case_completion {
    const char *name;
    size_t rows;
    size_t points; /* from 12 (and a little more) to -1 ppm */
    bool is_complex;
    fmx_completion options;
    int bench; /* measured by the benchmark */
} fmx_case_completion;

#define FMX_COMPLETION_KEEP(low, high, baseline, noise)                                            \
    {                                                                                              \
        low, high, baseline, 0.1, 0.5, 9.5, 10.0, noise                                            \
    }

/* Blocks of 4 points, 16 blocks an item of the wide variant. */
static const fmx_case_completion fmx_cases_completion[] = {
    {"one point", 1, 1, false, FMX_COMPLETION_KEEP(0.2, 10, FMX_COMPLETION_ZERO, true), 0},
    {"tile - 1", 2, 63, true, FMX_COMPLETION_KEEP(13, 14, FMX_COMPLETION_ZERO, true), 0},
    {"tile", 2, 64, false, FMX_COMPLETION_KEEP(13, 14, FMX_COMPLETION_ZERO, true), 0},
    {"tile + 1", 2, 65, false, FMX_COMPLETION_KEEP(13, 14, FMX_COMPLETION_ZERO, true), 0},
    {"prime", 5, 4099, false, FMX_COMPLETION_DEFAULT, 0},
    {"complex", 3, 4099, true, FMX_COMPLETION_DEFAULT, 0},
    {"no noise", 2, 1009, true, FMX_COMPLETION_KEEP(0.2, 10, FMX_COMPLETION_QUADRATIC, false), 0},
    {"ranges in one",
     2,
     1009,
     false,
     {2, 8, FMX_COMPLETION_QUADRATIC, 1.0, 6.0, 5.0, 9.0, true},
     0},
    {"published", 64, 65536, true, FMX_COMPLETION_DEFAULT, 1},
    {"published, real", 64, 65536, false, FMX_COMPLETION_DEFAULT, 1},
};

#endif

/* Cases of limits, shared by test and benchmark. */
#ifndef FMX_CASES_LIMITS_H
#define FMX_CASES_LIMITS_H

#include <stddef.h>

typedef struct fmx_case_limits {
    const char *name;
    size_t items; /* of 16 floats */
    size_t steps; /* of the fma chains */
    int bench;
} fmx_case_limits;

static const fmx_case_limits fmx_cases_limits[] = {
    {"one", 1, 1, 0},         {"group - 1", 63, 3, 0}, {"group", 64, 10, 0},
    {"group + 1", 65, 10, 0}, {"prime", 997, 2, 0},    {"64 MiB, 64 k chains", 1 << 20, 1 << 9, 1},
};

#endif

/* Cases of assignment, shared by test and benchmark. */
#ifndef FMX_CASES_ASSIGNMENT_H
#define FMX_CASES_ASSIGNMENT_H

#include <stddef.h>

typedef struct fmx_case_assignment {
    const char *name;
    size_t batch;
    size_t n;
    int bench;
} fmx_case_assignment;

/* Groups take 64 matrices (exhaustive), or 64 columns. */
static const fmx_case_assignment fmx_cases_assignment[] = {
    {"one row", 3, 1, 0},      {"two", 63, 2, 0},
    {"three, toy", 64, 3, 1},  {"four", 65, 4, 0},
    {"five", 7, 5, 0},         {"seven", 5, 7, 0},
    {"twelve", 3, 12, 0},      {"sixteen", 1, 16, 0},
    {"20 sources", 32, 20, 1}, {"tile - 1, prime", 2, 61, 0},
    {"tile", 2, 64, 1},
};

#endif

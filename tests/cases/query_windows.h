/* Cases of query_windows, shared by test and benchmark. */
#ifndef FMX_CASES_QUERY_WINDOWS_H
#define FMX_CASES_QUERY_WINDOWS_H

#include <stddef.h>

typedef struct fmx_case_query_windows {
    const char *name;
    size_t spectra;
    size_t points;
    size_t queries;
    unsigned step; /* of the first part; the others have more */
    int bench;
} fmx_case_query_windows;

/* Axes shorter than a window, as long, longer; windows that reach over both ends. */
static const fmx_case_query_windows fmx_cases_query_windows[] = {
    {"one point", 1, 1, 1, 1, 0},
    {"window - 1", 2, 191, 3, 1, 0},
    {"window", 2, 192, 2, 1, 0},
    {"window + 1", 3, 193, 5, 1, 0},
    {"two points a position", 2, 1009, 7, 2, 0},
    {"prime", 3, 4099, 31, 1, 0},
    {"identify", 2, 19001, 256, 1, 1},
};

#endif

/* Cases of quantile, shared by test and benchmark. */
#ifndef FMX_CASES_QUANTILE_H
#define FMX_CASES_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fmx_case_quantile {
    const char *name;
    size_t rows;
    size_t count;
    size_t first;
    size_t step;
    size_t lag;
    bool absolute;
    bool centred;
    bool limited;
    int values; /* 0: continuous; otherwise that many different values, so that many are equal */
    double q;
    int bench; /* measured by the benchmark */
} fmx_case_quantile;

/* A group has 256 items; the wide variant takes 16 elements at a time. */
static const fmx_case_quantile fmx_cases_quantile[] = {
    {"one element", 1, 1, 0, 1, 0, false, false, false, 0, 0.5, 0},
    {"two elements", 2, 2, 0, 1, 0, false, false, false, 0, 0.5, 0},
    {"three elements", 2, 3, 0, 1, 0, false, false, false, 0, 0.5, 0},
    {"wide tile - 1", 3, 15, 0, 1, 0, false, false, false, 0, 0.5, 0},
    {"wide tile", 3, 16, 0, 2, 0, false, false, false, 0, 0.5, 0},
    {"wide tile + 1", 3, 17, 0, 1, 0, false, false, false, 0, 0.25, 0},
    {"two wide tiles, step 3", 3, 32, 1, 3, 1, false, false, false, 0, 0.75, 0},
    {"group - 1", 3, 255, 0, 1, 0, true, false, false, 0, 0.5, 0},
    {"group", 3, 256, 1, 1, 0, false, false, false, 0, 0.5, 0},
    {"group + 1", 3, 257, 3, 1, 0, false, true, false, 0, 0.5, 0},
    {"prime, least", 5, 1009, 0, 1, 0, false, false, false, 0, 0, 0},
    {"prime, largest", 5, 1009, 0, 1, 0, false, false, false, 0, 1, 0},
    {"prime, 30 %", 5, 1009, 7, 1, 0, false, false, false, 0, 0.3, 0},
    {"real parts", 4, 2003, 2, 2, 0, true, true, false, 0, 0.5, 0},
    {"differences of complex points", 3, 4094, 0, 1, 2, true, false, false, 0, 0.5, 0},
    {"limited", 4, 3001, 0, 1, 0, true, false, true, 0, 0.5, 0},
    {"nothing below the limit", 2, 1, 0, 1, 0, true, false, true, 0, 0.5, 0},
    {"all equal", 3, 1000, 0, 1, 0, false, false, false, 1, 0.5, 0},
    {"two values", 3, 1000, 0, 1, 0, false, false, false, 2, 0.5, 0},
    {"few values", 3, 4099, 0, 1, 0, false, false, false, 7, 0.7, 0},
    {"many rows at a time", 257, 4099, 0, 1, 0, true, false, false, 0, 0.5, 0},
    {"published", 3, 65536, 0, 1, 0, true, false, false, 0, 0.5, 0},
    {"median of 64 x 65536", 64, 65536, 0, 1, 0, true, false, false, 0, 0.5, 1},
    {"64 x 32768, differences", 64, 32767, 0, 1, 1, true, false, false, 0, 0.5, 1},
};

#endif

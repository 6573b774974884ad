/* Cases of digital_filter, shared by test and benchmark. */
#ifndef FMX_CASES_DIGITAL_FILTER_H
#define FMX_CASES_DIGITAL_FILTER_H

#include "fidmix/digital_filter.h"

typedef struct fmx_case_digital_filter {
    const char *name;
    size_t rows;
    size_t points;
    size_t valid;       /* of row 0; row i has i fewer */
    double group_delay; /* of row 0; row i has i points more */
    fmx_digital_filter options;
    int bench;
} fmx_case_digital_filter;

#define FMX_SHIFT(start)                                                                           \
    {                                                                                              \
        FMX_DIGITAL_FILTER_TIME_SHIFT, start                                                       \
    }

static const fmx_case_digital_filter fmx_cases_digital_filter[] = {
    {"one point", 1, 1, 1, 0.4, FMX_SHIFT(FMX_DIGITAL_FILTER_CUT), 0},
    {"no delay", 1, 100, 100, 0, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 0},
    {"one row without", 3, 100, 100, 0, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 0},
    {"all but one point", 1, 64, 64, 63.5, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 0},
    {"short delays", 5, 65, 65, 2.9, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 0},
    {"longer delay than decay", 2, 100, 100, 70, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 0},
    {"prime, fold", 4, 1009, 1009, 67.98, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 0},
    {"prime, cut", 4, 1009, 1009, 67.98, FMX_SHIFT(FMX_DIGITAL_FILTER_CUT), 0},
    {"prime, wrap", 4, 1009, 1009, 67.98, FMX_SHIFT(FMX_DIGITAL_FILTER_WRAP), 0},
    {"tile + 1, padded, wrap", 2, 73, 57, 8, FMX_SHIFT(FMX_DIGITAL_FILTER_WRAP), 0},
    {"padded, fold", 3, 2048, 1500, 76, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 0},
    {"published", 64, 32768, 32768, 67.98, FMX_SHIFT(FMX_DIGITAL_FILTER_FOLD), 1},
};

#endif

/* Cases of apodisation, shared by test and benchmark. */
#ifndef FMX_CASES_APODISATION_H
#define FMX_CASES_APODISATION_H

#include "fidmix/apodisation.h"

typedef struct fmx_case_apodisation {
    const char *name;
    size_t rows;
    size_t points;
    double group_delay;
    fmx_apodisation options;
    int bench; /* measured by the benchmark */
} fmx_case_apodisation;

#define FMX_EXPONENTIAL(lb)                                                                        \
    {                                                                                              \
        FMX_APODISATION_EXPONENTIAL, lb, 0, 0, 1, 1                                                \
    }

/* The wide variant takes 8 points an item: 1, 7, 8, 9, a prime, and the lengths of real FIDs. */
static const fmx_case_apodisation fmx_cases_apodisation[] = {
    {"one point", 1, 1, 0, FMX_EXPONENTIAL(0.3), 0},
    {"tile - 1", 3, 7, 0, FMX_EXPONENTIAL(0.3), 0},
    {"tile", 3, 8, 0, FMX_EXPONENTIAL(5), 0},
    {"tile + 1", 3, 9, 0, FMX_EXPONENTIAL(5), 0},
    {"prime", 5, 1009, 67.98, FMX_EXPONENTIAL(2), 0},
    {"no window", 2, 100, 0, FMX_EXPONENTIAL(0), 0},
    {"gaussian", 3, 4099, 0, {FMX_APODISATION_GAUSSIAN, 1.5, 0, 0, 1, 1}, 0},
    {"sine bell", 3, 4099, 0, {FMX_APODISATION_SINE_BELL, 0, 0, 0.5, 1, 1}, 0},
    {"squared sine bell", 3, 513, 12.5, {FMX_APODISATION_SINE_BELL, 0, 0, 0.1, 0.95, 2}, 0},
    {"lorentz to gauss", 2, 16384, 0, {FMX_APODISATION_LORENTZ_TO_GAUSS, 1, 1.5, 0, 1, 1}, 0},
    {"published", 64, 32768, 0, FMX_EXPONENTIAL(0.3), 1},
    {"published, bell", 64, 32768, 0, {FMX_APODISATION_SINE_BELL, 0, 0, 0.5, 1, 2}, 1},
};

#endif

/* Cases of reference, shared by test and benchmark: one Lorentzian line per row on a slope with
 * noise, at a different place in every row. */
#ifndef FMX_CASES_REFERENCE_H
#define FMX_CASES_REFERENCE_H

#include "fidmix/reference.h"

typedef struct fmx_case_reference {
    const char *name;
    size_t rows;
    size_t points;
    bool is_complex;
    double step_ppm; /* from one point to the next, at 500 MHz; the axis is centred on the target */
    fmx_reference options;
    int bench; /* measured by the benchmark */
} fmx_case_reference;

#define FMX_REFERENCE_TO(compound, ppm, window)                                                    \
    {                                                                                              \
        compound, ppm, window, 30.0, 10.0, 0.4, true                                               \
    }

/* A group has 128 items and 16 blocks: windows of 32 points (the least), 127, 128, 129, a prime. */
static const fmx_case_reference fmx_cases_reference[] = {
    {"least window", 1, 33, false, 2e-3, FMX_REFERENCE_TO(FMX_REFERENCE_TSP, 0, 0.0321), 0},
    {"group - 1", 3, 127, false, 1e-3, FMX_REFERENCE_TO(FMX_REFERENCE_DSS, 0, 0.5), 0},
    {"group", 3, 128, false, 1e-3, FMX_REFERENCE_TO(FMX_REFERENCE_TMS, 0, 0.5), 0},
    {"group + 1", 3, 129, true, 1e-3, FMX_REFERENCE_TO(FMX_REFERENCE_TSP, 0, 0.5), 0},
    {"prime", 5, 4099, true, 5e-4, FMX_REFERENCE_TO(FMX_REFERENCE_PEAK, 1.33, 0.15), 0},
    {"published", 64, 65536, false, 2e-4, FMX_REFERENCE_DEFAULT, 1},
    {"published, complex", 64, 65536, true, 2e-4, FMX_REFERENCE_DEFAULT, 1},
};

#endif

/* Cases of autophase, shared by test and benchmark. */
#ifndef FMX_CASES_AUTOPHASE_H
#define FMX_CASES_AUTOPHASE_H

#include "fidmix/autophase.h"
#include "fidmix/phase.h"

typedef struct fmx_case_autophase {
    const char *name;
    size_t rows;
    size_t points;
    fmx_autophase options;
    int bench; /* measured by the benchmark */
} fmx_case_autophase;

/* Lengths around the windows of the fit (383 points and their margins), and those of real spectra.
 */
static const fmx_case_autophase fmx_cases_autophase[] = {
    {"one point", 2, 1, FMX_AUTOPHASE_DEFAULT, 0},
    {"below a window", 2, 386, FMX_AUTOPHASE_DEFAULT, 0},
    {"a window", 2, 387, FMX_AUTOPHASE_DEFAULT, 0},
    {"prime", 3, 16411, FMX_AUTOPHASE_DEFAULT, 0},
    {"published", 64, 65536, FMX_AUTOPHASE_DEFAULT, 1},
};

#endif

/* Cases of resample, shared by test and benchmark. */
#ifndef FMX_CASES_RESAMPLE_H
#define FMX_CASES_RESAMPLE_H

#include "fidmix/resample.h"

typedef struct fmx_case_resample {
    const char *name;
    size_t rows;
    size_t points; /* of the spectra, from 12 (and a little more) to -1 ppm */
    fmx_resample options;
    int bench; /* measured by the benchmark */
} fmx_case_resample;

/* The wide variant makes 16 points an item and leaves tiles at the ends to the scalar path. */
static const fmx_case_resample fmx_cases_resample[] = {
    {"one point", 2, 1, {12, 11, 2, FMX_RESAMPLE_CUBIC, FMX_RESAMPLE_EDGE}, 0},
    {"tile - 1", 3, 101, {10, 0, 15, FMX_RESAMPLE_LINEAR, FMX_RESAMPLE_ZERO}, 0},
    {"tile", 3, 101, {10, 0, 16, FMX_RESAMPLE_CUBIC, FMX_RESAMPLE_ZERO}, 0},
    {"tile + 1", 3, 101, {10, 0, 17, FMX_RESAMPLE_LINEAR, FMX_RESAMPLE_EDGE}, 0},
    {"prime", 5, 1009, {10, 0, 4099, FMX_RESAMPLE_CUBIC, FMX_RESAMPLE_NOISE}, 0},
    {"ascending", 3, 1009, {0, 10, 499, FMX_RESAMPLE_CUBIC, FMX_RESAMPLE_NOISE}, 0},
    {"noise on both sides", 4, 1009, {20, -10, 2003, FMX_RESAMPLE_LINEAR, FMX_RESAMPLE_NOISE}, 0},
    {"edges on both sides", 3, 509, {20, -10, 2003, FMX_RESAMPLE_AREA, FMX_RESAMPLE_EDGE}, 0},
    {"area", 3, 4099, {10, 0, 331, FMX_RESAMPLE_AREA, FMX_RESAMPLE_ZERO}, 0},
    {"area, beyond the ends", 2, 509, {13, -2, 100, FMX_RESAMPLE_AREA, FMX_RESAMPLE_EDGE}, 0},
    {"area, ascending", 2, 4099, {0, 10, 331, FMX_RESAMPLE_AREA, FMX_RESAMPLE_ZERO}, 0},
    {"published", 64, 65536, FMX_RESAMPLE_DEFAULT, 1},
    {"cubic", 64, 65536, {10, 0, 21800, FMX_RESAMPLE_CUBIC, FMX_RESAMPLE_NOISE}, 1},
    {"area, published axis", 64, 65536, {10, 0, 21800, FMX_RESAMPLE_AREA, FMX_RESAMPLE_NOISE}, 1},
};

#endif

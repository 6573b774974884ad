/* Cases of baseline, shared by test and benchmark. */
#ifndef FMX_CASES_BASELINE_H
#define FMX_CASES_BASELINE_H

#include "fidmix/baseline.h"

typedef struct fmx_case_baseline {
    const char *name;
    size_t rows;
    size_t points;
    double ppm_step; /* of the first row; every further one has 1.3 times that of the one before */
    fmx_baseline options;
    int bench;
} fmx_case_baseline;

#define FMX_PERCENTILE(window, percent, rounds)                                                    \
    {                                                                                              \
        FMX_BASELINE_PERCENTILE, window, percent, rounds, 24, 24, 5, 0.5, 0.01, 10, 5, 2, 5        \
    }

#define FMX_MEDIAN(window, smooth, sigma)                                                          \
    {                                                                                              \
        FMX_BASELINE_MEDIAN, 0.25, 30, 3, window, smooth, sigma, 0.5, 0.01, 10, 5, 2, 5            \
    }

#define FMX_ALS(length, asymmetry, rounds)                                                         \
    {                                                                                              \
        FMX_BASELINE_ALS, 0.25, 30, 3, 24, 24, 5, length, asymmetry, rounds, 5, 2, 5               \
    }

#define FMX_POLYNOMIAL(order, clip, rounds)                                                        \
    {                                                                                              \
        FMX_BASELINE_POLYNOMIAL, 0.25, 30, 3, 24, 24, 5, 0.5, 0.01, 10, order, clip, rounds        \
    }

/* Steps of 0.0003 ppm make blocks of 16 points, of 0.0002 of 32, 0.005 and more blocks of one. */
static const fmx_case_baseline fmx_cases_baseline[] = {
    {"one point", 1, 1, -0.0003, FMX_PERCENTILE(0.25, 30, 3), 0},
    {"one block", 2, 16, -0.0003, FMX_PERCENTILE(0.25, 30, 3), 0},
    {"block + 1", 2, 17, -0.0003, FMX_PERCENTILE(0.25, 30, 3), 0},
    {"blocks of one", 2, 255, -0.006, FMX_PERCENTILE(0.25, 30, 3), 0},
    {"16 blocks - 1", 2, 255, -0.0003, FMX_PERCENTILE(0.1, 30, 2), 0},
    {"16 blocks + 1", 2, 257, -0.0003, FMX_PERCENTILE(0.1, 30, 2), 0},
    {"prime", 3, 10007, -0.0003, FMX_PERCENTILE(0.25, 30, 3), 0},
    {"median, no rounds", 2, 4096, -0.0003, FMX_PERCENTILE(0.25, 50, 0), 0},
    {"highest", 2, 4096, -0.0003, FMX_PERCENTILE(0.05, 100, 1), 0},
    {"window wider than the row", 2, 1024, -0.0003, FMX_PERCENTILE(100, 30, 3), 0},
    {"published length", 2, 21800, -0.00046, FMX_PERCENTILE(0.25, 30, 3), 0},
    {"median: one point", 2, 1, -0.0003, FMX_MEDIAN(24, 24, 5), 0},
    {"median: two points", 2, 2, -0.0003, FMX_MEDIAN(24, 24, 5), 0},
    {"median: 15", 2, 15, -0.0003, FMX_MEDIAN(24, 24, 5), 0},
    {"median: group", 2, 256, -0.0003, FMX_MEDIAN(24, 24, 5), 0},
    {"median: group + 1", 2, 257, -0.0003, FMX_MEDIAN(15, 9, 3), 0},
    {"median: prime", 3, 10007, -0.0003, FMX_MEDIAN(24, 24, 5), 0},
    {"median: published length", 2, 21800, -0.00046, FMX_MEDIAN(24, 24, 5), 0},
    {"median: widest", 1, 300, -0.0003, FMX_MEDIAN(4000, 4000, 1000), 0},
    {"median: no smoothing", 2, 999, -0.0003, FMX_MEDIAN(2, 1, 0.1), 0},
    {"median: 64 x 65536", 64, 65536, -0.0002, FMX_MEDIAN(24, 24, 5), 1},
    {"als: one point", 2, 1, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"als: two blocks", 2, 17, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"als: three blocks", 2, 48, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"als: 63 blocks", 1, 1008, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"als: 64 blocks", 15, 1024, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"als: 65 blocks", 16, 1025, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"als: prime", 17, 10007, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"als: published length", 2, 21800, -0.00046, FMX_ALS(1, 0.01, 10), 0},
    {"als: one round", 3, 4099, -0.0003, FMX_ALS(1, 0.01, 1), 0},
    {"als: stiffest", 2, 65536, -0.0002, FMX_ALS(3, 0.01, 15), 0},
    {"als: steepest", 2, 4096, -0.0003, FMX_ALS(0.5, 0.001, 20), 0},
    {"als: symmetric, blocks of one", 2, 257, -0.006, FMX_ALS(0.3, 0.5, 3), 0},
    {"als: 64 x 65536", 64, 65536, -0.0002, FMX_ALS(1, 0.01, 10), 1},
    {"polynomial: one point", 2, 1, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: two blocks", 2, 17, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: three blocks", 2, 48, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: 63 blocks", 1, 1008, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: 64 blocks", 15, 1024, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: 65 blocks", 16, 1025, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: prime", 17, 10007, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: published length", 2, 21800, -0.00046, FMX_POLYNOMIAL(5, 2, 5), 0},
    {"polynomial: order 0", 2, 4099, -0.0003, FMX_POLYNOMIAL(0, 2, 5), 0},
    {"polynomial: order 9", 2, 32768, -0.0003, FMX_POLYNOMIAL(9, 2, 5), 0},
    {"polynomial: all points", 2, 4099, -0.0003, FMX_POLYNOMIAL(9, 1e6, 2), 0},
    {"polynomial: 64 x 65536", 64, 65536, -0.0002, FMX_POLYNOMIAL(5, 2, 5), 1},
    {"64 x 65536", 64, 65536, -0.0002, FMX_PERCENTILE(0.25, 30, 3), 1},
};

#endif

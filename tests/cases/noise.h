/* Cases of noise, shared by test and benchmark. */
#ifndef FMX_CASES_NOISE_H
#define FMX_CASES_NOISE_H

#include "fidmix/noise.h"

typedef struct fmx_case_noise {
    const char *name;
    size_t rows;
    size_t points;
    bool is_complex;
    size_t filled; /* zero filling: valid = points / filled */
    fmx_noise options;
    int bench;
} fmx_case_noise;

#define FMX_NOISE_BY(mode, points)                                                                 \
    {                                                                                              \
        mode, points, 8, 0.1, 0.5, 9.5, 10                                                         \
    }

/* A group has 256 items; blocks have 256 points or more. */
static const fmx_case_noise fmx_cases_noise[] = {
    {"robust, two points", 1, 2, false, 1, FMX_NOISE_DEFAULT, 0},
    {"robust, three points", 1, 3, true, 1, FMX_NOISE_DEFAULT, 0},
    {"robust, block - 1", 2, 511, false, 1, FMX_NOISE_DEFAULT, 0},
    {"robust, block", 2, 512, true, 1, FMX_NOISE_DEFAULT, 0},
    {"robust, block + 1", 2, 513, true, 4, FMX_NOISE_DEFAULT, 0},
    {"robust, prime", 3, 5003, true, 2, FMX_NOISE_DEFAULT, 0},
    {"robust, all blocks", 3, 20011, false, 2, FMX_NOISE_DEFAULT, 0},
    {"published, two points", 1, 2, false, 1, FMX_NOISE_BY(FMX_NOISE_PUBLISHED, 100), 0},
    {"published, group - 1", 2, 1009, false, 1, FMX_NOISE_BY(FMX_NOISE_PUBLISHED, 255), 0},
    {"published, group", 2, 1009, true, 1, FMX_NOISE_BY(FMX_NOISE_PUBLISHED, 256), 0},
    {"published, group + 1", 2, 1009, true, 1, FMX_NOISE_BY(FMX_NOISE_PUBLISHED, 257), 0},
    {"published", 3, 21800, false, 1, FMX_NOISE_BY(FMX_NOISE_PUBLISHED, 100), 0},
    {"edges, few points", 2, 201, true, 1, FMX_NOISE_BY(FMX_NOISE_EDGES, 100), 0},
    {"edges, prime", 3, 5003, true, 1, FMX_NOISE_BY(FMX_NOISE_EDGES, 100), 0},
    {"edges, many rows at a time", 61, 20011, true, 1, FMX_NOISE_BY(FMX_NOISE_EDGES, 100), 0},
    {"edges", 3, 65536, false, 1, FMX_NOISE_BY(FMX_NOISE_EDGES, 100), 0},
    {"robust, 64 x 65536", 64, 65536, true, 2, FMX_NOISE_DEFAULT, 1},
    {"published, 64 x 65536", 64, 65536, true, 2, FMX_NOISE_BY(FMX_NOISE_PUBLISHED, 100), 1},
    {"edges, 64 x 65536", 64, 65536, true, 2, FMX_NOISE_BY(FMX_NOISE_EDGES, 100), 1},
};

#endif

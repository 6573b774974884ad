/* Cases of solvent, shared by test and benchmark. */
#ifndef FMX_CASES_SOLVENT_H
#define FMX_CASES_SOLVENT_H

#include "fidmix/solvent.h"

typedef struct fmx_case_solvent {
    const char *name;
    size_t rows;
    size_t points;
    size_t valid; /* of row 0; row i has i fewer */
    fmx_solvent options;
    int bench;
} fmx_case_solvent;

#define FMX_LOW_PASS(half_width)                                                                   \
    {                                                                                              \
        FMX_SOLVENT_LOW_PASS, half_width, 60, 2, FMX_SOLVENT_AT_TRANSMITTER, 0, 0                  \
    }
#define FMX_BESSEL(corner_hz, rounds)                                                              \
    {                                                                                              \
        FMX_SOLVENT_BESSEL, 5, corner_hz, rounds, FMX_SOLVENT_AT_TRANSMITTER, 0, 0                 \
    }

/* The wide variants take 8 points a step; the Bessel's group runs 1024 steps (points and 12) at a
 * time. */
static const fmx_case_solvent fmx_cases_solvent[] = {
    {"low pass, one point", 1, 1, 1, FMX_LOW_PASS(5), 0},
    {"low pass, shorter than the window", 2, 9, 9, FMX_LOW_PASS(5), 0},
    {"low pass, tile - 1", 2, 31, 31, FMX_LOW_PASS(1), 0},
    {"low pass, tile", 2, 32, 32, FMX_LOW_PASS(5), 0},
    {"low pass, tile + 1", 2, 33, 33, FMX_LOW_PASS(8), 0},
    {"low pass, prime, padded", 3, 1009, 800, FMX_LOW_PASS(5), 0},
    {"low pass, widest", 2, 1009, 1009, FMX_LOW_PASS(256), 0},
    {"bessel, fewest points", 1, 7, 7, FMX_BESSEL(60, 2), 0},
    {"bessel, tile - 1", 2, 1011, 1011, FMX_BESSEL(60, 1), 0},
    {"bessel, tile", 1, 1012, 1012, FMX_BESSEL(60, 2), 0},
    {"bessel, tile + 1", 1, 1013, 1013, FMX_BESSEL(60, 2), 0},
    {"bessel, prime, padded", 3, 5003, 4099, FMX_BESSEL(20, 2), 0},
    {"bessel, low corner", 2, 4096, 4096, FMX_BESSEL(2, 1), 0},
    {"bessel, corner near the edge", 2, 513, 513, FMX_BESSEL(3900, 8), 0},
    {"both", 3, 2048, 2000, FMX_SOLVENT_DEFAULT, 0},
    {"both, away from the transmitter",
     3,
     2003,
     2003,
     {FMX_SOLVENT_BOTH, 5, 60, 2, FMX_SOLVENT_AT_OFFSET, 1234.5, 0},
     0},
    {"low pass at 4.7 ppm",
     2,
     1009,
     1009,
     {FMX_SOLVENT_LOW_PASS, 5, 60, 2, FMX_SOLVENT_AT_PPM, 0, 4.7},
     0},
    {"published, low pass", 64, 32768, 32768, FMX_LOW_PASS(5), 1},
    {"published, bessel", 64, 32768, 32768, FMX_BESSEL(60, 2), 1},
    {"published, both", 64, 32768, 32768, FMX_SOLVENT_DEFAULT, 1},
};

#endif

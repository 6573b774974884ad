/* Cases of nnls, shared by test and benchmark. */
#ifndef FMX_CASES_NNLS_H
#define FMX_CASES_NNLS_H

#include <stddef.h>

typedef struct fmx_case_nnls {
    const char *name;
    size_t rows; /* of the library */
    size_t points;
    size_t mixtures;
    int bench; /* measured by the benchmark */
} fmx_case_nnls;

/* Tiles are 64 x 64 outputs and 16 points, 4 x 4 outputs and 16 points for PoCL; partial sums end
 * after 256 points; amounts come in blocks of 16. */
static const fmx_case_nnls fmx_cases_nnls[] = {
    {"one", 1, 1, 1, 0},
    {"block - 1", 3, 15, 3, 0},
    {"block", 4, 16, 4, 0},
    {"block + 1", 5, 17, 5, 0},
    {"amounts - 1", 15, 255, 2, 0},
    {"amounts", 16, 256, 2, 0},
    {"amounts + 1", 17, 257, 3, 0},
    {"tile - 1", 63, 300, 63, 0},
    {"tile", 64, 320, 64, 0},
    {"tile + 1", 65, 513, 65, 0},
    {"prime", 131, 1009, 7, 0},
    {"more rows than points", 40, 9, 6, 0},
    {"published", 29, 21800, 435, 1},
    {"hundred compounds", 100, 21800, 2000, 1},
};

#endif

/* Twin of kernels/decay.cl. */
#ifndef FIDMIX_DECAY_REF_H
#define FIDMIX_DECAY_REF_H

#include <stddef.h>
#include <stdint.h>

/* amplitude sin(2 pi (phase + n step) / 2^32) exp(-rate n) + mean + sigma normal_n, stream (seed,
 * purpose, item, draw). */
typedef struct fmx_ref_decay_line {
    uint32_t phase;
    uint32_t step;
    double rate;
    double amplitude;
    uint64_t item;
    uint32_t draw;
} fmx_ref_decay_line;

void fmx_ref_decay(double *fid, size_t points, const fmx_ref_decay_line *line, double mean,
                   double sigma, uint64_t seed, uint32_t purpose);

/* |sum_n fid[n] exp(-2 pi i k n / points)| / points, k < points / 2. */
void fmx_ref_decay_magnitude(double *magnitude, const float *fid, size_t points);

#endif

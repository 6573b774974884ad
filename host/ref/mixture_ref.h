/* Twin of kernels/mixture.cl. */
#ifndef FIDMIX_MIXTURE_REF_H
#define FIDMIX_MIXTURE_REF_H

#include <stddef.h>
#include <stdint.h>

/* One mixture: out[j] = (sum_k weight[k] library[row[k]][(j + turn[k]) mod points] + sigma
 * normal_j) / max, j < points; normal is stream (seed, purpose, item, draw). sigma = noise times
 * the tallest peak of the sum, or noise where nothing is above zero. *sigma_out is sigma after the
 * division, *divisor what was divided by; with divide = 2 that is
 * sigma. */
void fmx_ref_mixture(double *out, double *sigma_out, double *divisor, const float *library,
                     size_t points, const uint32_t *row, const float *weight, const uint32_t *turn,
                     size_t parts, double noise, uint64_t seed, uint32_t purpose, uint64_t item,
                     uint32_t draw, int divide, double smooth, double bias);

#endif

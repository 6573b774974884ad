/* Gaussian samples of the one random stream, the twin of fmx_philox and fmx_normal4 in
 * kernels/common.clh. */
#ifndef FIDMIX_NORMAL_REF_H
#define FIDMIX_NORMAL_REF_H

#include <stdint.h>

/* Sample `index` of the stream (seed, purpose, item, draw): block index / 4, element index % 4. */
double fmx_ref_normal(uint64_t seed, uint32_t purpose, uint64_t item, uint32_t draw,
                      uint64_t index);

/* How far a device's sample may be from fmx_ref_normal: the radius sqrt(-2 log u) is at most 6.8;
 * sine and cosine are within 2e-7, logarithm and root within 2 and 1/2 units of 2^-23. */
#define FMX_REF_NORMAL_ERROR (6.8 * (2e-7 + 2.5 * 1.2e-7))

#endif

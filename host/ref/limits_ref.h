/* Plain C twin of kernels/limits.cl: the specification that tests compare with. Loops in the order
 * of the formula, double accumulation, no OpenCL, nothing shared with the host path. */
#ifndef FIDMIX_LIMITS_REF_H
#define FIDMIX_LIMITS_REF_H

#include <stddef.h>
#include <stdint.h>

/* limits_fma: out [items][16]. */
void fmx_ref_limits_fma(float *out, size_t items, size_t steps, float a, float b);

#endif

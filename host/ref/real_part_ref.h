/* Twin of kernels/real_part.cl. */
#ifndef FIDMIX_REAL_PART_REF_H
#define FIDMIX_REAL_PART_REF_H

#include <stddef.h>

/* in [count][2] (re, im), out [count]; part: 0 real, 1 imaginary, 2 magnitude. */
void fmx_ref_real_part(float *out, const float *in, size_t count, int part);

#endif

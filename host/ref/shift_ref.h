/* Plain C twin of kernels/shift.cl: the specification that tests compare with. */
#ifndef FIDMIX_SHIFT_REF_H
#define FIDMIX_SHIFT_REF_H

#include <stddef.h>

/* out[j] = in[j + by], indices modulo `points`; by may have any sign. */
void fmx_ref_shift(float *out, const float *in, size_t points, long by);

#endif

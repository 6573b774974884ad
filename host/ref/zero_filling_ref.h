/* Plain C twin of kernels/zero_filling.cl. */
#ifndef FIDMIX_ZERO_FILLING_REF_H
#define FIDMIX_ZERO_FILLING_REF_H

#include <stddef.h>

/* One row: in [valid][2] becomes out [points][2], zero behind the measured points. The first
 * `delay` points lie before the start of the decay: they go to the end of out. With delay 0 the
 * first point is multiplied by first_point. */
void fmx_ref_zero_filling(float *out, size_t points, const float *in, size_t valid, size_t delay,
                          double first_point);

#endif

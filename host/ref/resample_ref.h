/* Twin of kernels/resample.cl. */
#ifndef FIDMIX_RESAMPLE_REF_H
#define FIDMIX_RESAMPLE_REF_H

#include <stddef.h>

/* The value at position p (points, 0 <= p <= count - 1) of x. Method: 0 linear, 1 cubic, 2 area
 * over `width` points around p (linear where width <= 1). */
double fmx_ref_resample(const float *x, size_t count, double p, int method, double width);

#endif

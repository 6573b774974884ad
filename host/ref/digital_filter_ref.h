/* Plain C twin of the digital_filter stage (time shift); its copy is kernels/zero_filling.cl. */
#ifndef FIDMIX_DIGITAL_FILTER_REF_H
#define FIDMIX_DIGITAL_FILTER_REF_H

#include <stddef.h>

/* One row: in [points][2], of which `valid` were measured, with a delay of `delay` whole points;
 * start: 0 fold, 1 cut, 2 wrap. Returns the points that are left; out [points][2] is zero behind
 * them. */
size_t fmx_ref_digital_filter(float *out, const float *in, size_t points, size_t valid,
                              size_t delay, int start);

#endif

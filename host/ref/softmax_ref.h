/* Twin of softmax: one column of `channels` values, `step` apart. */
#ifndef FIDMIX_SOFTMAX_REF_H
#define FIDMIX_SOFTMAX_REF_H

#include <stddef.h>

void fmx_ref_softmax(double *y, const double *x, size_t channels, size_t step);

void fmx_ref_softmax_gradient(double *grad_x, const double *grad_y, const double *y,
                              size_t channels, size_t step);

#endif

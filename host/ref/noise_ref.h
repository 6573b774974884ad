/* Plain C twin of kernels/noise.cl, and of the robust estimate. */
#ifndef FIDMIX_NOISE_REF_H
#define FIDMIX_NOISE_REF_H

#include <stddef.h>

/* Sum of squares that the least-squares polynomial of that degree (0 to 2) leaves of the `count`
 * values y at the places x. */
double fmx_ref_noise_residual(const double *x, const double *y, size_t count, int degree);

/* The robust estimate of one row, data [points][parts] (parts 2: complex), of which `valid` points
 * were measured; docs/stages/noise.md. */
double fmx_ref_noise_robust(const float *data, size_t points, size_t parts, size_t valid);

#endif

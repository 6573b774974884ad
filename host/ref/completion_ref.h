/* Twin of kernels/completion.cl. */
#ifndef FIDMIX_COMPLETION_REF_H
#define FIDMIX_COMPLETION_REF_H

#include <stddef.h>

/* Least-squares quadratic c[0] + c[1] t + c[2] t^2, t[i] any abscissa, by the normal
 * equations in long double. Values x[i], i < count. */
void fmx_ref_completion_fit(double c[3], const double *t, const double *x, size_t count);

#endif

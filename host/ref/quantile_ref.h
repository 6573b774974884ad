/* Plain C twin of kernels/quantile.cl. */
#ifndef FIDMIX_QUANTILE_REF_H
#define FIDMIX_QUANTILE_REF_H

#include <stdbool.h>
#include <stddef.h>

/* One row: elements at[i step] - at[i step + lag] (lag > 0) or - centre, their
 * absolute value where asked; those <= limit take part. Returns the q-quantile as numpy.quantile
 * does; NaN when none takes part. */
double fmx_ref_quantile(const float *at, size_t step, size_t lag, size_t count, bool absolute,
                        float centre, float limit, double q);

#endif

/* Twin of flatten. */
#ifndef FIDMIX_FLATTEN_REF_H
#define FIDMIX_FLATTEN_REF_H

#include <stddef.h>

/* out[c * positions + n] = in[c][n]. */
void fmx_ref_flatten(const double *in, size_t channels, size_t positions, double *out);

#endif

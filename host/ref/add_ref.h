/* Twin of add. */
#ifndef FIDMIX_ADD_REF_H
#define FIDMIX_ADD_REF_H

#include <stddef.h>

/* out[i] = sum over t of in[t][i]. */
void fmx_ref_add(const double *const *in, size_t terms, size_t count, double *out);

#endif

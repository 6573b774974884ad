/* Twin of concatenate. */
#ifndef FIDMIX_CONCATENATE_REF_H
#define FIDMIX_CONCATENATE_REF_H

#include <stddef.h>

/* in[i] is [batch][floats[i]]; out [batch][sum of floats]. Of positions: a channel counts as an
 * item of the batch. */
void fmx_ref_concatenate(double *out, const double *const *in, const size_t *floats, size_t inputs,
                         size_t batch);

/* The way back. */
void fmx_ref_split(double *const *grad_in, const double *grad_out, const size_t *floats,
                   size_t inputs, size_t batch);

#endif

/* Twin of dense: in [batch][features], weight [units][features], bias [units] or NULL, out and
 * grad_out [batch][units]. `*_size`: the sum of the absolute values of what is added, for
 * tolerances. */
#ifndef FIDMIX_DENSE_REF_H
#define FIDMIX_DENSE_REF_H

#include <stddef.h>

typedef struct fmx_ref_dense {
    size_t batch;
    size_t features;
    size_t units;
} fmx_ref_dense;

void fmx_ref_dense_forward(const fmx_ref_dense *d, double *out, double *out_size, const double *in,
                           const double *weight, const double *bias);

void fmx_ref_dense_grad_in(const fmx_ref_dense *d, double *grad_in, double *grad_in_size,
                           const double *grad_out, const double *weight);

/* grad_bias and its size may be NULL. */
void fmx_ref_dense_grad_weight(const fmx_ref_dense *d, double *grad_weight,
                               double *grad_weight_size, double *grad_bias, double *grad_bias_size,
                               const double *grad_out, const double *in);

#endif

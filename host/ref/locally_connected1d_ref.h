/* Twin of locally_connected1d: in [batch][channels][in_n], weight [filters][channels][taps][out_n],
 * bias [filters][out_n], out [batch][filters][out_n]. `*_size`: the sum of the absolute values of
 * what is added, for tolerances. */
#ifndef FIDMIX_LOCALLY_CONNECTED1D_REF_H
#define FIDMIX_LOCALLY_CONNECTED1D_REF_H

#include <stddef.h>

typedef struct fmx_ref_local {
    size_t batch;
    size_t channels;
    size_t filters;
    size_t taps;
    size_t in_n;
    size_t out_n;
    size_t left; /* zeros in front of a row */
} fmx_ref_local;

/* bias may be NULL. */
void fmx_ref_local_forward(const fmx_ref_local *s, double *out, double *out_size, const double *in,
                           const double *weight, const double *bias);

/* Overwrites all gradients; grad_bias and its size may be NULL. */
void fmx_ref_local_backward(const fmx_ref_local *s, double *grad_in, double *grad_in_size,
                            double *grad_weight, double *grad_weight_size, double *grad_bias,
                            double *grad_bias_size, const double *grad_out, const double *in,
                            const double *weight);

#endif

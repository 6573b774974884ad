/* Twin of conv1d: in [batch][in_c][in_n], weight [out_c][in_c][taps], out [batch][out_c][out_n].
 * `*_size`: the sum of the absolute values of what is added, for tolerances. */
#ifndef FIDMIX_CONV1D_REF_H
#define FIDMIX_CONV1D_REF_H

#include <stddef.h>

typedef struct fmx_ref_conv1d {
    size_t batch;
    size_t in_c;
    size_t in_n;
    size_t out_c;
    size_t out_n;
    size_t taps;
    size_t stride;
    size_t dilation;
    size_t left; /* zeros in front of a row */
} fmx_ref_conv1d;

/* Positions of the output and zeros in front, for "same" as Keras pads, or "valid" (0 positions
 * where the kernel is longer than the row). */
void fmx_ref_conv1d_same(fmx_ref_conv1d *d);
void fmx_ref_conv1d_valid(fmx_ref_conv1d *d);

/* bias may be NULL. */
void fmx_ref_conv1d_forward(const fmx_ref_conv1d *d, double *out, double *out_size,
                            const double *in, const double *weight, const double *bias);

void fmx_ref_conv1d_grad_in(const fmx_ref_conv1d *d, double *grad_in, double *grad_in_size,
                            const double *grad_out, const double *weight);

void fmx_ref_conv1d_grad_weight(const fmx_ref_conv1d *d, double *grad_weight,
                                double *grad_weight_size, const double *grad_out, const double *in);

void fmx_ref_conv1d_grad_bias(const fmx_ref_conv1d *d, double *grad_bias, double *grad_bias_size,
                              const double *grad_out);

#endif

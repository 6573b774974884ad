/* Twin of conv1d_transpose: in [batch][in_c][in_n], weight [in_c][out_c][taps], out
 * [batch][out_c][out_n], out_n = (in_n - 1) stride - 2 padding + dilation (taps - 1) + added + 1.
 * ..._size: sums of the absolute terms. */
#ifndef FIDMIX_CONV1D_TRANSPOSE_REF_H
#define FIDMIX_CONV1D_TRANSPOSE_REF_H

#include <stddef.h>

typedef struct fmx_ref_conv1d_transpose {
    size_t batch;
    size_t in_c;
    size_t in_n;
    size_t out_c;
    size_t out_n;
    size_t taps;
    size_t stride;
    size_t dilation;
    size_t padding;
} fmx_ref_conv1d_transpose;

/* bias may be NULL. */
void fmx_ref_conv1d_transpose_forward(const fmx_ref_conv1d_transpose *d, double *out,
                                      double *out_size, const double *in, const double *weight,
                                      const double *bias);

void fmx_ref_conv1d_transpose_grad_in(const fmx_ref_conv1d_transpose *d, double *grad_in,
                                      double *grad_in_size, const double *grad_out,
                                      const double *weight);

void fmx_ref_conv1d_transpose_grad_weight(const fmx_ref_conv1d_transpose *d, double *grad_weight,
                                          double *grad_weight_size, const double *grad_out,
                                          const double *in);

void fmx_ref_conv1d_transpose_grad_bias(const fmx_ref_conv1d_transpose *d, double *grad_bias,
                                        double *grad_bias_size, const double *grad_out);

#endif

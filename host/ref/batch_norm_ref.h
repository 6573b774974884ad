/* Twin of batch_norm: x, y, gradients [batch][channels][positions]. */
#ifndef FIDMIX_BATCH_NORM_REF_H
#define FIDMIX_BATCH_NORM_REF_H

#include <stddef.h>

typedef struct fmx_ref_batch_norm {
    size_t batch;
    size_t channels;
    size_t positions;
    double epsilon;
} fmx_ref_batch_norm;

/* Mean and biased variance of each channel. */
void fmx_ref_batch_norm_statistics(const fmx_ref_batch_norm *n, const double *x, double *mean,
                                   double *variance);

void fmx_ref_batch_norm_forward(const fmx_ref_batch_norm *n, double *y, const double *x,
                                const double *mean, const double *variance, const double *weight,
                                const double *bias);

/* Of a training step, where mean and variance depend on x. */
void fmx_ref_batch_norm_backward(const fmx_ref_batch_norm *n, double *grad_x, double *grad_weight,
                                 double *grad_bias, const double *grad_y, const double *x,
                                 const double *mean, const double *variance, const double *weight);

#endif

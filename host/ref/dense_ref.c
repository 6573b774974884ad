#include "dense_ref.h"

#include <math.h>

void fmx_ref_dense_forward(const fmx_ref_dense *d, double *out, double *out_size, const double *in,
                           const double *weight, const double *bias)
{
    for (size_t b = 0; b < d->batch; ++b) {
        for (size_t u = 0; u < d->units; ++u) {
            double sum = bias != NULL ? bias[u] : 0;
            double size = fabs(sum);
            for (size_t f = 0; f < d->features; ++f) {
                double product = in[b * d->features + f] * weight[u * d->features + f];
                sum += product;
                size += fabs(product);
            }
            out[b * d->units + u] = sum;
            out_size[b * d->units + u] = size;
        }
    }
}

void fmx_ref_dense_grad_in(const fmx_ref_dense *d, double *grad_in, double *grad_in_size,
                           const double *grad_out, const double *weight)
{
    for (size_t b = 0; b < d->batch; ++b) {
        for (size_t f = 0; f < d->features; ++f) {
            double sum = 0;
            double size = 0;
            for (size_t u = 0; u < d->units; ++u) {
                double product = grad_out[b * d->units + u] * weight[u * d->features + f];
                sum += product;
                size += fabs(product);
            }
            grad_in[b * d->features + f] = sum;
            grad_in_size[b * d->features + f] = size;
        }
    }
}

void fmx_ref_dense_grad_weight(const fmx_ref_dense *d, double *grad_weight,
                               double *grad_weight_size, double *grad_bias, double *grad_bias_size,
                               const double *grad_out, const double *in)
{
    for (size_t u = 0; u < d->units; ++u) {
        double bias_sum = 0;
        double bias_size = 0;
        for (size_t b = 0; b < d->batch; ++b) {
            bias_sum += grad_out[b * d->units + u];
            bias_size += fabs(grad_out[b * d->units + u]);
        }
        if (grad_bias != NULL) {
            grad_bias[u] = bias_sum;
            grad_bias_size[u] = bias_size;
        }
        for (size_t f = 0; f < d->features; ++f) {
            double sum = 0;
            double size = 0;
            for (size_t b = 0; b < d->batch; ++b) {
                double product = grad_out[b * d->units + u] * in[b * d->features + f];
                sum += product;
                size += fabs(product);
            }
            grad_weight[u * d->features + f] = sum;
            grad_weight_size[u * d->features + f] = size;
        }
    }
}

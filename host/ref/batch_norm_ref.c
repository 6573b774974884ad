#include "batch_norm_ref.h"

#include <math.h>

static size_t at(const fmx_ref_batch_norm *n, size_t b, size_t c, size_t p)
{
    return (b * n->channels + c) * n->positions + p;
}

void fmx_ref_batch_norm_statistics(const fmx_ref_batch_norm *n, const double *x, double *mean,
                                   double *variance)
{
    double count = (double)n->batch * (double)n->positions;
    for (size_t c = 0; c < n->channels; ++c) {
        mean[c] = 0;
        variance[c] = 0;
        for (size_t b = 0; b < n->batch; ++b) {
            for (size_t p = 0; p < n->positions; ++p)
                mean[c] += x[at(n, b, c, p)] / count;
        }
        for (size_t b = 0; b < n->batch; ++b) {
            for (size_t p = 0; p < n->positions; ++p)
                variance[c] += pow(x[at(n, b, c, p)] - mean[c], 2) / count;
        }
    }
}

void fmx_ref_batch_norm_forward(const fmx_ref_batch_norm *n, double *y, const double *x,
                                const double *mean, const double *variance, const double *weight,
                                const double *bias)
{
    for (size_t b = 0; b < n->batch; ++b) {
        for (size_t c = 0; c < n->channels; ++c) {
            for (size_t p = 0; p < n->positions; ++p) {
                size_t i = at(n, b, c, p);
                y[i] = (x[i] - mean[c]) / sqrt(variance[c] + n->epsilon) * weight[c] + bias[c];
            }
        }
    }
}

void fmx_ref_batch_norm_backward(const fmx_ref_batch_norm *n, double *grad_x, double *grad_weight,
                                 double *grad_bias, const double *grad_y, const double *x,
                                 const double *mean, const double *variance, const double *weight)
{
    double count = (double)n->batch * (double)n->positions;
    for (size_t c = 0; c < n->channels; ++c) {
        double inverse = 1 / sqrt(variance[c] + n->epsilon);
        grad_bias[c] = 0;
        grad_weight[c] = 0;
        for (size_t b = 0; b < n->batch; ++b) {
            for (size_t p = 0; p < n->positions; ++p) {
                size_t i = at(n, b, c, p);
                grad_bias[c] += grad_y[i];
                grad_weight[c] += grad_y[i] * (x[i] - mean[c]) * inverse;
            }
        }
        for (size_t b = 0; b < n->batch; ++b) {
            for (size_t p = 0; p < n->positions; ++p) {
                size_t i = at(n, b, c, p);
                double xhat = (x[i] - mean[c]) * inverse;
                grad_x[i] = weight[c] * inverse *
                            (grad_y[i] - grad_bias[c] / count - xhat * grad_weight[c] / count);
            }
        }
    }
}

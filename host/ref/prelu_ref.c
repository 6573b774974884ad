#include "prelu_ref.h"

#include <math.h>

void fmx_ref_prelu_forward(const fmx_ref_prelu *p, double *y, const double *x, const double *w)
{
    for (size_t i = 0; i < p->batch * p->channels * p->positions; ++i) {
        size_t slope = i / p->positions % p->channels % p->slopes;
        y[i] = x[i] > 0 ? x[i] : w[slope] * x[i];
    }
}

void fmx_ref_prelu_backward(const fmx_ref_prelu *p, double *grad_x, double *grad_w, double *size,
                            const double *grad_y, const double *x, const double *w)
{
    for (size_t k = 0; k < p->slopes; ++k)
        grad_w[k] = size[k] = 0;
    for (size_t i = 0; i < p->batch * p->channels * p->positions; ++i) {
        size_t slope = i / p->positions % p->channels % p->slopes;
        grad_x[i] = grad_y[i] * (x[i] > 0 ? 1 : w[slope]);
        grad_w[slope] += x[i] > 0 ? 0 : grad_y[i] * x[i];
        size[slope] += x[i] > 0 ? 0 : fabs(grad_y[i] * x[i]);
    }
}

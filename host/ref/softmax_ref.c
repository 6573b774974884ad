#include "softmax_ref.h"

#include <math.h>

void fmx_ref_softmax(double *y, const double *x, size_t channels, size_t step)
{
    double most = x[0];
    double sum = 0;
    for (size_t c = 1; c < channels; ++c)
        most = fmax(most, x[c * step]);
    for (size_t c = 0; c < channels; ++c)
        sum += exp(x[c * step] - most);
    for (size_t c = 0; c < channels; ++c)
        y[c * step] = exp(x[c * step] - most) / sum;
}

void fmx_ref_softmax_gradient(double *grad_x, const double *grad_y, const double *y,
                              size_t channels, size_t step)
{
    double sum = 0;
    for (size_t c = 0; c < channels; ++c)
        sum += grad_y[c * step] * y[c * step];
    for (size_t c = 0; c < channels; ++c)
        grad_x[c * step] = y[c * step] * (grad_y[c * step] - sum);
}

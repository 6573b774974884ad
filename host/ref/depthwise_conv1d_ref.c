#include "depthwise_conv1d_ref.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Whether tap t of output n lies inside of the row, and where. */
static bool inside(const fmx_ref_depthwise *d, size_t n, size_t t, size_t *i)
{
    size_t padded = n * d->stride + t * d->dilation;
    *i = padded - d->left;
    return padded >= d->left && *i < d->in_n;
}

void fmx_ref_depthwise_forward(const fmx_ref_depthwise *d, double *out, double *out_size,
                               const double *in, const double *weight, const double *bias)
{
    size_t i;
    for (size_t row = 0; row < d->batch * d->channels; ++row) {
        size_t c = row % d->channels;
        for (size_t n = 0; n < d->out_n; ++n) {
            double sum = bias != NULL ? bias[c] : 0;
            double size = fabs(sum);
            for (size_t t = 0; t < d->taps; ++t) {
                if (!inside(d, n, t, &i))
                    continue;
                sum += weight[c * d->taps + t] * in[row * d->in_n + i];
                size += fabs(weight[c * d->taps + t] * in[row * d->in_n + i]);
            }
            out[row * d->out_n + n] = sum;
            out_size[row * d->out_n + n] = size;
        }
    }
}

static void add(double *sum, double *size, double term)
{
    *sum += term;
    *size += fabs(term);
}

void fmx_ref_depthwise_backward(const fmx_ref_depthwise *d, double *grad_in, double *grad_in_size,
                                double *grad_weight, double *grad_weight_size, double *grad_bias,
                                double *grad_bias_size, const double *grad_out, const double *in,
                                const double *weight)
{
    size_t i;
    size_t in_count = d->batch * d->channels * d->in_n;
    memset(grad_in, 0, in_count * sizeof *grad_in);
    memset(grad_in_size, 0, in_count * sizeof *grad_in_size);
    memset(grad_weight, 0, d->channels * d->taps * sizeof *grad_weight);
    memset(grad_weight_size, 0, d->channels * d->taps * sizeof *grad_weight_size);
    for (size_t c = 0; grad_bias != NULL && c < d->channels; ++c)
        grad_bias[c] = grad_bias_size[c] = 0;
    for (size_t row = 0; row < d->batch * d->channels; ++row) {
        size_t c = row % d->channels;
        for (size_t n = 0; n < d->out_n; ++n) {
            double g = grad_out[row * d->out_n + n];
            if (grad_bias != NULL)
                add(&grad_bias[c], &grad_bias_size[c], g);
            for (size_t t = 0; t < d->taps; ++t) {
                size_t w = c * d->taps + t;
                if (!inside(d, n, t, &i))
                    continue;
                i += row * d->in_n;
                add(&grad_in[i], &grad_in_size[i], g * weight[w]);
                add(&grad_weight[w], &grad_weight_size[w], g * in[i]);
            }
        }
    }
}

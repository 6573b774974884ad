#include "conv1d_ref.h"

#include <math.h>
#include <stdbool.h>

void fmx_ref_conv1d_same(fmx_ref_conv1d *d)
{
    size_t reach = (d->taps - 1) * d->dilation + 1;
    d->out_n = (d->in_n + d->stride - 1) / d->stride;
    size_t covered = (d->out_n - 1) * d->stride + reach;
    d->left = covered > d->in_n ? (covered - d->in_n) / 2 : 0;
}

void fmx_ref_conv1d_valid(fmx_ref_conv1d *d)
{
    size_t reach = (d->taps - 1) * d->dilation + 1;
    d->out_n = d->in_n >= reach ? (d->in_n - reach) / d->stride + 1 : 0;
    d->left = 0;
}

/* Whether tap t of output n lies inside of the row, and where. */
static bool inside(const fmx_ref_conv1d *d, size_t n, size_t t, size_t *i)
{
    size_t padded = n * d->stride + t * d->dilation;
    *i = padded - d->left;
    return padded >= d->left && *i < d->in_n;
}

static const double *row(const double *of, size_t channels, size_t positions, size_t b, size_t c)
{
    return of + (b * channels + c) * positions;
}

void fmx_ref_conv1d_forward(const fmx_ref_conv1d *d, double *out, double *out_size,
                            const double *in, const double *weight, const double *bias)
{
    size_t i;
    for (size_t b = 0; b < d->batch; ++b) {
        for (size_t o = 0; o < d->out_c; ++o) {
            for (size_t n = 0; n < d->out_n; ++n) {
                double sum = bias != NULL ? bias[o] : 0;
                double size = fabs(sum);
                for (size_t c = 0; c < d->in_c; ++c) {
                    const double *x = row(in, d->in_c, d->in_n, b, c);
                    const double *w = row(weight, d->in_c, d->taps, o, c);
                    for (size_t t = 0; t < d->taps; ++t) {
                        if (!inside(d, n, t, &i))
                            continue;
                        sum += w[t] * x[i];
                        size += fabs(w[t] * x[i]);
                    }
                }
                out[(b * d->out_c + o) * d->out_n + n] = sum;
                out_size[(b * d->out_c + o) * d->out_n + n] = size;
            }
        }
    }
}

void fmx_ref_conv1d_grad_in(const fmx_ref_conv1d *d, double *grad_in, double *grad_in_size,
                            const double *grad_out, const double *weight)
{
    size_t i;
    for (size_t k = 0; k < d->batch * d->in_c * d->in_n; ++k)
        grad_in[k] = grad_in_size[k] = 0;
    for (size_t b = 0; b < d->batch; ++b) {
        for (size_t o = 0; o < d->out_c; ++o) {
            const double *g = row(grad_out, d->out_c, d->out_n, b, o);
            for (size_t c = 0; c < d->in_c; ++c) {
                const double *w = row(weight, d->in_c, d->taps, o, c);
                size_t first = (b * d->in_c + c) * d->in_n;
                for (size_t n = 0; n < d->out_n; ++n) {
                    for (size_t t = 0; t < d->taps; ++t) {
                        if (!inside(d, n, t, &i))
                            continue;
                        grad_in[first + i] += w[t] * g[n];
                        grad_in_size[first + i] += fabs(w[t] * g[n]);
                    }
                }
            }
        }
    }
}

void fmx_ref_conv1d_grad_weight(const fmx_ref_conv1d *d, double *grad_weight,
                                double *grad_weight_size, const double *grad_out, const double *in)
{
    size_t i;
    for (size_t o = 0; o < d->out_c; ++o) {
        for (size_t c = 0; c < d->in_c; ++c) {
            for (size_t t = 0; t < d->taps; ++t) {
                double sum = 0;
                double size = 0;
                for (size_t b = 0; b < d->batch; ++b) {
                    const double *g = row(grad_out, d->out_c, d->out_n, b, o);
                    const double *x = row(in, d->in_c, d->in_n, b, c);
                    for (size_t n = 0; n < d->out_n; ++n) {
                        if (!inside(d, n, t, &i))
                            continue;
                        sum += g[n] * x[i];
                        size += fabs(g[n] * x[i]);
                    }
                }
                grad_weight[(o * d->in_c + c) * d->taps + t] = sum;
                grad_weight_size[(o * d->in_c + c) * d->taps + t] = size;
            }
        }
    }
}

void fmx_ref_conv1d_grad_bias(const fmx_ref_conv1d *d, double *grad_bias, double *grad_bias_size,
                              const double *grad_out)
{
    for (size_t o = 0; o < d->out_c; ++o) {
        double sum = 0;
        double size = 0;
        for (size_t b = 0; b < d->batch; ++b) {
            const double *g = row(grad_out, d->out_c, d->out_n, b, o);
            for (size_t n = 0; n < d->out_n; ++n) {
                sum += g[n];
                size += fabs(g[n]);
            }
        }
        grad_bias[o] = sum;
        grad_bias_size[o] = size;
    }
}

#include "conv1d_transpose_ref.h"

#include <math.h>
#include <stdbool.h>

/* Where in the output tap t of input i goes; false where it is cut off. */
static bool place(const fmx_ref_conv1d_transpose *d, size_t i, size_t t, size_t *n)
{
    size_t at = i * d->stride + t * d->dilation;
    *n = at - d->padding;
    return at >= d->padding && *n < d->out_n;
}

/* What products of a and b are added to. */
typedef struct sums {
    double *to;
    double *size;
    const double *a;
    const double *b;
} sums;

/* Calls `each` with the indices (of in, weight, out) of every product that there is. */
static void every_product(const fmx_ref_conv1d_transpose *d, const sums *s,
                          void (*each)(const sums *s, size_t in, size_t weight, size_t out))
{
    size_t n = 0;
    for (size_t b = 0; b < d->batch; ++b) {
        for (size_t c = 0; c < d->in_c; ++c) {
            for (size_t i = 0; i < d->in_n; ++i) {
                for (size_t f = 0; f < d->out_c; ++f) {
                    for (size_t t = 0; t < d->taps; ++t) {
                        if (place(d, i, t, &n))
                            each(s, (b * d->in_c + c) * d->in_n + i,
                                 (c * d->out_c + f) * d->taps + t,
                                 (b * d->out_c + f) * d->out_n + n);
                    }
                }
            }
        }
    }
}

static void add(const sums *s, size_t to, double term)
{
    s->to[to] += term;
    s->size[to] += fabs(term);
}

static void into_out(const sums *s, size_t in, size_t weight, size_t out)
{
    add(s, out, s->a[in] * s->b[weight]);
}

static void into_in(const sums *s, size_t in, size_t weight, size_t out)
{
    add(s, in, s->a[out] * s->b[weight]);
}

static void into_weight(const sums *s, size_t in, size_t weight, size_t out)
{
    add(s, weight, s->a[out] * s->b[in]);
}

static void clear(double *a, double *b, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        a[i] = b[i] = 0;
}

void fmx_ref_conv1d_transpose_forward(const fmx_ref_conv1d_transpose *d, double *out,
                                      double *out_size, const double *in, const double *weight,
                                      const double *bias)
{
    const sums s = {out, out_size, in, weight};
    for (size_t i = 0; i < d->batch * d->out_c * d->out_n; ++i) {
        out[i] = bias != NULL ? bias[i / d->out_n % d->out_c] : 0;
        out_size[i] = fabs(out[i]);
    }
    every_product(d, &s, into_out);
}

void fmx_ref_conv1d_transpose_grad_in(const fmx_ref_conv1d_transpose *d, double *grad_in,
                                      double *grad_in_size, const double *grad_out,
                                      const double *weight)
{
    const sums s = {grad_in, grad_in_size, grad_out, weight};
    clear(grad_in, grad_in_size, d->batch * d->in_c * d->in_n);
    every_product(d, &s, into_in);
}

void fmx_ref_conv1d_transpose_grad_weight(const fmx_ref_conv1d_transpose *d, double *grad_weight,
                                          double *grad_weight_size, const double *grad_out,
                                          const double *in)
{
    const sums s = {grad_weight, grad_weight_size, grad_out, in};
    clear(grad_weight, grad_weight_size, d->in_c * d->out_c * d->taps);
    every_product(d, &s, into_weight);
}

void fmx_ref_conv1d_transpose_grad_bias(const fmx_ref_conv1d_transpose *d, double *grad_bias,
                                        double *grad_bias_size, const double *grad_out)
{
    const sums s = {grad_bias, grad_bias_size, NULL, NULL};
    clear(grad_bias, grad_bias_size, d->out_c);
    for (size_t i = 0; i < d->batch * d->out_c * d->out_n; ++i)
        add(&s, i / d->out_n % d->out_c, grad_out[i]);
}

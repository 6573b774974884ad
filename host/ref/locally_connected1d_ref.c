#include "locally_connected1d_ref.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static void add(double *sum, double *size, double term)
{
    *sum += term;
    *size += fabs(term);
}

/* Whether tap t of output n lies inside of the row, and where. */
static bool inside(const fmx_ref_local *s, size_t n, size_t t, size_t *i)
{
    *i = n + t - s->left;
    return n + t >= s->left && *i < s->in_n;
}

static size_t weight_at(const fmx_ref_local *s, size_t f, size_t c, size_t t, size_t n)
{
    return ((f * s->channels + c) * s->taps + t) * s->out_n + n;
}

void fmx_ref_local_forward(const fmx_ref_local *s, double *out, double *out_size, const double *in,
                           const double *weight, const double *bias)
{
    size_t i;
    for (size_t row = 0; row < s->batch * s->filters; ++row) {
        size_t b = row / s->filters;
        size_t f = row % s->filters;
        for (size_t n = 0; n < s->out_n; ++n) {
            double sum = bias != NULL ? bias[f * s->out_n + n] : 0;
            double size = fabs(sum);
            for (size_t c = 0; c < s->channels; ++c)
                for (size_t t = 0; t < s->taps; ++t)
                    if (inside(s, n, t, &i))
                        add(&sum, &size,
                            weight[weight_at(s, f, c, t, n)] *
                                in[(b * s->channels + c) * s->in_n + i]);
            out[row * s->out_n + n] = sum;
            out_size[row * s->out_n + n] = size;
        }
    }
}

/* Of one output's gradient g, at (b, f, n). */
static void spread(const fmx_ref_local *s, size_t b, size_t f, size_t n, double g, double *grad_in,
                   double *grad_in_size, double *grad_weight, double *grad_weight_size,
                   const double *in, const double *weight)
{
    size_t i;
    for (size_t c = 0; c < s->channels; ++c) {
        for (size_t t = 0; t < s->taps; ++t) {
            size_t w = weight_at(s, f, c, t, n);
            if (!inside(s, n, t, &i))
                continue;
            i += (b * s->channels + c) * s->in_n;
            add(&grad_in[i], &grad_in_size[i], g * weight[w]);
            add(&grad_weight[w], &grad_weight_size[w], g * in[i]);
        }
    }
}

void fmx_ref_local_backward(const fmx_ref_local *s, double *grad_in, double *grad_in_size,
                            double *grad_weight, double *grad_weight_size, double *grad_bias,
                            double *grad_bias_size, const double *grad_out, const double *in,
                            const double *weight)
{
    size_t in_count = s->batch * s->channels * s->in_n;
    size_t weight_count = s->filters * s->channels * s->taps * s->out_n;
    memset(grad_in, 0, in_count * sizeof *grad_in);
    memset(grad_in_size, 0, in_count * sizeof *grad_in_size);
    memset(grad_weight, 0, weight_count * sizeof *grad_weight);
    memset(grad_weight_size, 0, weight_count * sizeof *grad_weight_size);
    for (size_t i = 0; grad_bias != NULL && i < s->filters * s->out_n; ++i)
        grad_bias[i] = grad_bias_size[i] = 0;
    for (size_t row = 0; row < s->batch * s->filters; ++row) {
        size_t f = row % s->filters;
        for (size_t n = 0; n < s->out_n; ++n) {
            double g = grad_out[row * s->out_n + n];
            if (grad_bias != NULL)
                add(&grad_bias[f * s->out_n + n], &grad_bias_size[f * s->out_n + n], g);
            spread(s, row / s->filters, f, n, g, grad_in, grad_in_size, grad_weight,
                   grad_weight_size, in, weight);
        }
    }
}

#include "tcn_ref.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t at(const fmx_ref_depthwise *d, size_t b, size_t c, size_t n)
{
    return (b * d->channels + c) * d->in_n + n;
}

static double prelu(double u, double slope)
{
    return u > 0 ? u : slope * u;
}

/* x at n of a row, 0 outside. */
static double value(const fmx_ref_depthwise *d, const double *x, size_t b, size_t c, size_t n,
                    size_t tap)
{
    size_t padded = n + tap * d->dilation;
    if (padded < d->left || padded - d->left >= d->in_n)
        return 0;
    return x[at(d, b, c, padded - d->left)];
}

void fmx_ref_tcn_norm_forward(const fmx_ref_tcn_norm *t, double *y, double *u, double *mean,
                              double *inverse, const double *x, const fmx_ref_tcn_weights *w)
{
    const fmx_ref_depthwise *d = &t->d;
    size_t floats = d->channels * d->in_n;
    for (size_t b = 0; b < d->batch; ++b) {
        double sum = 0;
        double squares = 0;
        for (size_t i = 0; i < floats; ++i) {
            size_t c = i / d->in_n;
            double *to = &u[b * floats + i];
            *to = d->taps == 0 ? x[b * floats + i] : w->bias != NULL ? w->bias[c] : 0;
            for (size_t k = 0; k < d->taps; ++k)
                *to += w->weight[c * d->taps + k] * value(d, x, b, c, i % d->in_n, k);
            sum += prelu(*to, *w->slope);
        }
        mean[b] = sum / (double)floats;
        for (size_t i = 0; i < floats; ++i)
            squares += pow(prelu(u[b * floats + i], *w->slope) - mean[b], 2);
        inverse[b] = 1 / sqrt(squares / (double)floats + t->epsilon);
        for (size_t i = 0; i < floats; ++i) {
            size_t c = i / d->in_n;
            double xhat = (prelu(u[b * floats + i], *w->slope) - mean[b]) * inverse[b];
            y[b * floats + i] =
                w->norm_weight != NULL ? xhat * w->norm_weight[c] + w->norm_bias[c] : xhat;
        }
    }
}

/* dL/du of an item, and the gradients of slope and norm. */
static void item_backward(const fmx_ref_tcn_norm *t, double *du, const fmx_ref_tcn_weights *grad,
                          const double *g, const double *u, double mean, double inverse,
                          const fmx_ref_tcn_weights *w)
{
    size_t floats = t->d.channels * t->d.in_n;
    double q_mean = 0;
    double q_xhat_mean = 0;
    for (size_t i = 0; i < floats; ++i) {
        size_t c = i / t->d.in_n;
        double xhat = (prelu(u[i], *w->slope) - mean) * inverse;
        double q = g[i] * (w->norm_weight != NULL ? w->norm_weight[c] : 1);
        q_mean += q / (double)floats;
        q_xhat_mean += q * xhat / (double)floats;
        if (grad->norm_weight != NULL) {
            grad->norm_weight[c] += g[i] * xhat;
            grad->norm_bias[c] += g[i];
        }
    }
    for (size_t i = 0; i < floats; ++i) {
        size_t c = i / t->d.in_n;
        double xhat = (prelu(u[i], *w->slope) - mean) * inverse;
        double q = g[i] * (w->norm_weight != NULL ? w->norm_weight[c] : 1);
        double dp = inverse * (q - q_mean - xhat * q_xhat_mean);
        du[i] = u[i] > 0 ? dp : *w->slope * dp;
        *grad->slope += u[i] > 0 ? 0 : dp * u[i];
    }
}

void fmx_ref_tcn_norm_backward(const fmx_ref_tcn_norm *t, double *grad_x,
                               const fmx_ref_tcn_weights *grad, double *du, const double *grad_y,
                               const double *u, const double *mean, const double *inverse,
                               const double *x, const fmx_ref_tcn_weights *w)
{
    const fmx_ref_depthwise *d = &t->d;
    size_t floats = d->channels * d->in_n;
    *grad->slope = 0;
    for (size_t c = 0; c < d->channels; ++c) {
        if (grad->norm_weight != NULL)
            grad->norm_weight[c] = grad->norm_bias[c] = 0;
        if (grad->bias != NULL)
            grad->bias[c] = 0;
        for (size_t k = 0; k < d->taps; ++k)
            grad->weight[c * d->taps + k] = 0;
    }
    for (size_t b = 0; b < d->batch; ++b)
        item_backward(t, du + b * floats, grad, grad_y + b * floats, u + b * floats, mean[b],
                      inverse[b], w);
    for (size_t i = 0; i < d->batch * floats; ++i)
        grad_x[i] = d->taps == 0 ? du[i] : 0;
    for (size_t i = 0; d->taps > 0 && i < d->batch * floats; ++i) {
        size_t b = i / floats;
        size_t c = i / d->in_n % d->channels;
        size_t n = i % d->in_n;
        if (grad->bias != NULL)
            grad->bias[c] += du[i];
        for (size_t k = 0; k < d->taps; ++k) {
            size_t padded = n + k * d->dilation;
            grad->weight[c * d->taps + k] += du[i] * value(d, x, b, c, n, k);
            if (padded >= d->left && padded - d->left < d->in_n)
                grad_x[at(d, b, c, padded - d->left)] += du[i] * w->weight[c * d->taps + k];
        }
    }
}

/* out[b][o][n] = bias[o] + sum_c weight[o][c] in[b][c][n]. */
static void pointwise(double *out, const double *in, const double *weight, const double *bias,
                      size_t batch, size_t outs, size_t ins, size_t positions)
{
    for (size_t i = 0; i < batch * outs * positions; ++i) {
        size_t b = i / (outs * positions);
        size_t o = i / positions % outs;
        out[i] = bias[o];
        for (size_t c = 0; c < ins; ++c)
            out[i] += weight[o * ins + c] * in[(b * ins + c) * positions + i % positions];
    }
}

static void pointwise_backward(double *grad_in, double *grad_weight, double *grad_bias,
                               const double *grad_out, const double *in, const double *weight,
                               size_t batch, size_t outs, size_t ins, size_t positions)
{
    memset(grad_in, 0, batch * ins * positions * sizeof *grad_in);
    memset(grad_weight, 0, outs * ins * sizeof *grad_weight);
    memset(grad_bias, 0, outs * sizeof *grad_bias);
    for (size_t i = 0; i < batch * outs * positions; ++i) {
        size_t b = i / (outs * positions);
        size_t o = i / positions % outs;
        grad_bias[o] += grad_out[i];
        for (size_t c = 0; c < ins; ++c) {
            size_t k = (b * ins + c) * positions + i % positions;
            grad_in[k] += weight[o * ins + c] * grad_out[i];
            grad_weight[o * ins + c] += in[k] * grad_out[i];
        }
    }
}

/* What forward makes on its way, and places for backward. */
typedef struct way {
    double *u1; /* behind the convolution */
    double *v1; /* before the first PReLU, as the norm leaves it */
    double *n1;
    double *v2;
    double *n2;
    double *d; /* gradients */
    double *e;
    double *mean;
    double *inverse;
} way;

static way new_way(size_t values, size_t batch)
{
    double *all = calloc(7 * values + 4 * batch, sizeof *all);
    return (way){all,
                 all + values,
                 all + 2 * values,
                 all + 3 * values,
                 all + 4 * values,
                 all + 5 * values,
                 all + 6 * values,
                 all + 7 * values,
                 all + 7 * values + 2 * batch};
}

static void go(const fmx_ref_tcn_block *t, const way *y, const double *x,
               const fmx_ref_tcn_block_weights *w)
{
    const fmx_ref_depthwise *d = &t->first.d;
    pointwise(y->u1, x, w->conv, w->conv_bias, d->batch, d->channels, t->channels, d->in_n);
    fmx_ref_tcn_norm_forward(&t->first, y->n1, y->v1, y->mean, y->inverse, y->u1, &w->first);
    fmx_ref_tcn_norm_forward(&t->second, y->n2, y->v2, y->mean + d->batch, y->inverse + d->batch,
                             y->n1, &w->second);
}

void fmx_ref_tcn_block_forward(const fmx_ref_tcn_block *t, double *out, double *inverse,
                               const double *x, const fmx_ref_tcn_block_weights *w)
{
    const fmx_ref_depthwise *d = &t->first.d;
    way y = new_way(d->batch * d->channels * d->in_n, d->batch);
    go(t, &y, x, w);
    pointwise(out, y.n2, w->skip, w->skip_bias, d->batch, t->skips, d->channels, d->in_n);
    memcpy(inverse, y.inverse, 2 * d->batch * sizeof *inverse);
    free(y.u1);
}

void fmx_ref_tcn_block_backward(const fmx_ref_tcn_block *t, double *grad_x,
                                const fmx_ref_tcn_block_weights *grad, const double *grad_out,
                                const double *x, const fmx_ref_tcn_block_weights *w)
{
    const fmx_ref_depthwise *d = &t->first.d;
    size_t values = d->batch * d->channels * d->in_n;
    double *du = calloc(values, sizeof *du);
    way y = new_way(values, d->batch);
    go(t, &y, x, w);
    pointwise_backward(y.d, grad->skip, grad->skip_bias, grad_out, y.n2, w->skip, d->batch,
                       t->skips, d->channels, d->in_n);
    fmx_ref_tcn_norm_backward(&t->second, y.e, &grad->second, du, y.d, y.v2, y.mean + d->batch,
                              y.inverse + d->batch, y.n1, &w->second);
    fmx_ref_tcn_norm_backward(&t->first, y.d, &grad->first, du, y.e, y.v1, y.mean, y.inverse, y.u1,
                              &w->first);
    pointwise_backward(grad_x, grad->conv, grad->conv_bias, y.d, x, w->conv, d->batch, d->channels,
                       t->channels, d->in_n);
    free(y.u1);
    free(du);
}

#include "recurrent_ref.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One layer in one direction for one item of the batch, in scan order. */
typedef struct scan {
    const fmx_ref_recurrent *n;
    uint64_t *random;
    size_t inputs;
    double *const *weight; /* ih, hh, bias ih, bias hh */
    double *const *grad_weight;
    double *x;    /* [steps][inputs] */
    double *gate; /* [steps][4][units]: i f g o, or r z n m (m: of the state, before the reset) */
    double *c;    /* [steps + 1][units]; lstm only */
    double *h;    /* [steps + 1][units] */
    double *grad_x;
    double *grad_h; /* [steps][units] */
} scan;

static size_t directions_of(const fmx_ref_recurrent *n)
{
    return n->bidirectional ? 2 : 1;
}

static size_t inputs_of(const fmx_ref_recurrent *n, size_t layer)
{
    return layer == 0 ? n->channels : directions_of(n) * n->units;
}

/* value, off by what a sum of `terms` terms of together `size` might be in float. */
static double rounded(const scan *s, double value, double size, size_t terms)
{
    if (s->n->rounding == 0)
        return value;
    *s->random = *s->random * 6364136223846793005u + 1442695040888963407u;
    double share = (double)(*s->random >> 11) * 0x1p-52 - 1;
    return value + share * s->n->rounding * sqrt((double)terms) * size;
}

static double sigma(double x)
{
    return 1 / (1 + exp(-x));
}

/* *sum += term, rounded as a running sum is. */
static void add(const scan *s, double *sum, double term)
{
    *sum = rounded(s, *sum + term, fabs(*sum) + fabs(term), 1);
}

/* b + W v for one row of W; bias may be NULL. */
static double row_product(const scan *s, const double *matrix, const double *bias, size_t row,
                          const double *v, size_t count)
{
    const double *w = matrix + row * count;
    double sum = bias != NULL ? bias[row] : 0;
    double size = fabs(sum);
    for (size_t k = 0; k < count; ++k)
        sum += w[k] * v[k];
    for (size_t k = 0; s->n->rounding > 0 && k < count; ++k)
        size += fabs(w[k] * v[k]);
    return rounded(s, sum, size, count + 2);
}

static void step_forward(scan *s, size_t t)
{
    const fmx_ref_recurrent *n = s->n;
    size_t U = n->units;
    const double *x = s->x + t * s->inputs;
    const double *h = s->h + t * U;
    double *gate = s->gate + t * 4 * U;
    const double *b_ih = n->bias ? s->weight[2] : NULL;
    const double *b_hh = n->bias ? s->weight[3] : NULL;
    for (size_t u = 0; u < U; ++u) {
        double of_x[4] = {0};
        double of_h[4] = {0};
        for (size_t q = 0; q < (n->gru ? 3u : 4u); ++q) {
            of_x[q] = row_product(s, s->weight[0], b_ih, q * U + u, x, s->inputs);
            of_h[q] = row_product(s, s->weight[1], b_hh, q * U + u, h, U);
        }
        double *h_next = &s->h[(t + 1) * U + u];
        if (n->gru) {
            double r = rounded(s, sigma(of_x[0] + of_h[0]), 1, 4);
            double z = rounded(s, sigma(of_x[1] + of_h[1]), 1, 4);
            double new = rounded(s, tanh(of_x[2] + r * of_h[2]), 1, 4);
            *h_next = rounded(s, (1 - z) * new + z *h[u], 1, 3);
            gate[u] = r;
            gate[U + u] = z;
            gate[2 * U + u] = new;
            gate[3 * U + u] = of_h[2];
        } else {
            double i = rounded(s, sigma(of_x[0] + of_h[0]), 1, 4);
            double f = rounded(s, sigma(of_x[1] + of_h[1]), 1, 4);
            double g = rounded(s, tanh(of_x[2] + of_h[2]), 1, 4);
            double o = rounded(s, sigma(of_x[3] + of_h[3]), 1, 4);
            double c = f * s->c[t * U + u] + i * g;
            c = rounded(s, c, fabs(c) + 1, 2);
            s->c[(t + 1) * U + u] = c;
            *h_next = rounded(s, o * tanh(c), 1, 4);
            gate[u] = i;
            gate[U + u] = f;
            gate[2 * U + u] = g;
            gate[3 * U + u] = o;
        }
    }
}

/* Gradients of the four blocks of z (for gru: r, z, n of the input, n of the state) from dh; dc:
 * what reaches c (gru: h) of the step before past the gates. */
static void step_slopes(scan *s, size_t t, const double *dh, double *dc, double *slope)
{
    size_t U = s->n->units;
    const double *gate = s->gate + t * 4 * U;
    for (size_t u = 0; u < U; ++u) {
        if (s->n->gru) {
            double r = gate[u];
            double z = gate[U + u];
            double new = gate[2 * U + u];
            double m = gate[3 * U + u];
            double dn = dh[u] * (1 - z) * (1 - new *new);
            slope[u] = dn * m * r * (1 - r);
            slope[U + u] = dh[u] * (s->h[t * U + u] - new) * z * (1 - z);
            slope[2 * U + u] = dn;
            slope[3 * U + u] = dn * r;
            dc[u] = dh[u] * z;
        } else {
            double i = gate[u];
            double f = gate[U + u];
            double g = gate[2 * U + u];
            double o = gate[3 * U + u];
            double tanh_c = tanh(s->c[(t + 1) * U + u]);
            double all = dc[u] + dh[u] * o * (1 - tanh_c * tanh_c);
            slope[u] = all * g * i * (1 - i);
            slope[U + u] = all * s->c[t * U + u] * f * (1 - f);
            slope[2 * U + u] = all * i * (1 - g * g);
            slope[3 * U + u] = dh[u] * tanh_c * o * (1 - o);
            dc[u] = all * f;
        }
        for (size_t q = 0; q < 4; ++q)
            slope[q * U + u] = rounded(s, slope[q * U + u], fabs(slope[q * U + u]), 8);
        dc[u] = rounded(s, dc[u], fabs(dc[u]), 3);
    }
}

/* grad_v += W^T slope, over the gates of W; and W's gradient. `block`: which slopes a gate of W
 * has. */
static void step_products(scan *s, size_t which, const size_t *block, const double *slope,
                          const double *v, double *grad_v, size_t count)
{
    size_t U = s->n->units;
    size_t gates = s->n->gru ? 3 : 4;
    double *grad_matrix = s->grad_weight[which];
    for (size_t q = 0; q < gates; ++q) {
        for (size_t u = 0; u < U; ++u) {
            double d = slope[block[q] * U + u];
            const double *w = s->weight[which] + (q * U + u) * count;
            double *grad_w = grad_matrix + (q * U + u) * count;
            for (size_t k = 0; k < count; ++k) {
                add(s, &grad_v[k], w[k] * d);
                add(s, &grad_w[k], d * v[k]);
            }
            if (s->n->bias)
                add(s, &s->grad_weight[which + 2][q * U + u], d);
        }
    }
}

static int scan_backward(scan *s)
{
    static const size_t of_x[4] = {0, 1, 2, 3};
    const size_t of_h[4] = {0, 1, s->n->gru ? 3 : 2, 3};
    size_t U = s->n->units;
    double *work = calloc(6 * U, sizeof *work);
    if (work == NULL)
        return -1;
    double *dh = work;
    double *dc = work + U;
    double *slope = work + 2 * U;
    for (size_t t = s->n->steps; t-- > 0;) {
        for (size_t u = 0; u < U; ++u)
            dh[u] += s->grad_h[t * U + u] + (s->n->gru ? dc[u] : 0);
        step_slopes(s, t, dh, dc, slope);
        memset(dh, 0, U * sizeof *dh);
        step_products(s, 0, of_x, slope, s->x + t * s->inputs, s->grad_x + t * s->inputs,
                      s->inputs);
        step_products(s, 1, of_h, slope, s->h + t * U, dh, U);
    }
    free(work);
    return 0;
}

/* Tensors of every layer and direction of one item of the batch. */
typedef struct network {
    scan scan[16];
    size_t count;
    uint64_t random;
} network;

static void network_clear(network *w)
{
    for (size_t i = 0; i < w->count; ++i) {
        free(w->scan[i].x);
        free(w->scan[i].gate);
        free(w->scan[i].c);
        free(w->scan[i].h);
        free(w->scan[i].grad_x);
        free(w->scan[i].grad_h);
    }
}

static int network_make(const fmx_ref_recurrent *n, network *w, double *const *weight,
                        double *const *grad_weight)
{
    size_t directions = directions_of(n);
    size_t tensors = n->bias ? 4 : 2;
    size_t T = n->steps;
    w->count = n->layers * directions;
    for (size_t i = 0; i < w->count; ++i) {
        scan *s = &w->scan[i];
        s->n = n;
        s->random = &w->random;
        s->inputs = inputs_of(n, i / directions);
        s->weight = weight + i * tensors;
        s->grad_weight = grad_weight != NULL ? grad_weight + i * tensors : NULL;
        s->x = calloc(T * s->inputs, sizeof *s->x);
        s->gate = calloc(T * 4 * n->units, sizeof *s->gate);
        s->c = calloc((T + 1) * n->units, sizeof *s->c);
        s->h = calloc((T + 1) * n->units, sizeof *s->h);
        s->grad_x = calloc(T * s->inputs, sizeof *s->grad_x);
        s->grad_h = calloc(T * n->units, sizeof *s->grad_h);
        if (s->x == NULL || s->gate == NULL || s->c == NULL || s->h == NULL || s->grad_x == NULL ||
            s->grad_h == NULL)
            return -1;
    }
    return 0;
}

/* Position of step s. */
static size_t turn(const fmx_ref_recurrent *n, size_t s, size_t direction)
{
    return direction == 1 ? n->steps - 1 - s : s;
}

static void item_forward(const fmx_ref_recurrent *n, network *w, const double *in)
{
    size_t directions = directions_of(n);
    for (size_t i = 0; i < w->count; ++i) {
        scan *s = &w->scan[i];
        size_t layer = i / directions;
        for (size_t t = 0; t < n->steps; ++t) {
            size_t at = turn(n, t, i % directions);
            for (size_t k = 0; k < s->inputs; ++k) {
                size_t e = k / n->units; /* direction of the layer below */
                s->x[t * s->inputs + k] =
                    layer == 0 ? in[k * n->steps + at]
                               : w->scan[(layer - 1) * directions + e]
                                     .h[(turn(n, at, e) + 1) * n->units + k % n->units];
            }
            step_forward(s, t);
        }
    }
}

static void item_out(const fmx_ref_recurrent *n, const network *w, double *out)
{
    size_t directions = directions_of(n);
    size_t positions = n->last ? 1 : n->steps;
    for (size_t d = 0; d < directions; ++d) {
        const scan *s = &w->scan[(n->layers - 1) * directions + d];
        for (size_t u = 0; u < n->units; ++u) {
            for (size_t t = 0; t < positions; ++t) {
                size_t step = n->last ? n->steps - 1 : turn(n, t, d);
                out[(d * n->units + u) * positions + t] = s->h[(step + 1) * n->units + u];
            }
        }
    }
}

static int item_backward(const fmx_ref_recurrent *n, network *w, double *grad_in,
                         const double *grad_out)
{
    size_t directions = directions_of(n);
    size_t U = n->units;
    size_t positions = n->last ? 1 : n->steps;
    for (size_t d = 0; d < directions; ++d) {
        scan *s = &w->scan[(n->layers - 1) * directions + d];
        for (size_t u = 0; u < U; ++u) {
            for (size_t t = 0; t < positions; ++t) {
                size_t step = n->last ? n->steps - 1 : turn(n, t, d);
                s->grad_h[step * U + u] = grad_out[(d * U + u) * positions + t];
            }
        }
    }
    for (size_t i = w->count; i-- > 0;) {
        scan *s = &w->scan[i];
        size_t layer = i / directions;
        if (scan_backward(s) != 0)
            return -1;
        for (size_t t = 0; t < n->steps; ++t) {
            size_t at = turn(n, t, i % directions);
            for (size_t k = 0; k < s->inputs; ++k) {
                size_t e = k / U;
                double *to =
                    layer == 0
                        ? &grad_in[k * n->steps + at]
                        : &w->scan[(layer - 1) * directions + e].grad_h[turn(n, at, e) * U + k % U];
                add(s, to, s->grad_x[t * s->inputs + k]);
            }
        }
    }
    return 0;
}

int fmx_ref_recurrent_forward(const fmx_ref_recurrent *n, double *out, const double *in,
                              double *const *weight)
{
    size_t out_each = directions_of(n) * n->units * (n->last ? 1 : n->steps);
    for (size_t b = 0; b < n->batch; ++b) {
        network w = {.random = n->seed + b};
        int failed = network_make(n, &w, weight, NULL);
        if (failed == 0) {
            item_forward(n, &w, in + b * n->channels * n->steps);
            item_out(n, &w, out + b * out_each);
        }
        network_clear(&w);
        if (failed != 0)
            return failed;
    }
    return 0;
}

int fmx_ref_recurrent_backward(const fmx_ref_recurrent *n, double *grad_in,
                               double *const *grad_weight, const double *grad_out, const double *in,
                               double *const *weight)
{
    size_t directions = directions_of(n);
    size_t gates = (n->gru ? 3 : 4) * n->units;
    size_t each = n->channels * n->steps;
    size_t out_each = directions * n->units * (n->last ? 1 : n->steps);
    for (size_t i = 0; i < n->layers * directions; ++i) {
        const size_t columns[4] = {inputs_of(n, i / directions), n->units, 1, 1};
        size_t tensors = n->bias ? 4 : 2;
        for (size_t k = 0; k < tensors; ++k)
            memset(grad_weight[i * tensors + k], 0, gates * columns[k] * sizeof(double));
    }
    memset(grad_in, 0, n->batch * each * sizeof *grad_in);
    for (size_t b = 0; b < n->batch; ++b) {
        network w = {.random = n->seed + b};
        int failed = network_make(n, &w, weight, grad_weight);
        if (failed == 0) {
            item_forward(n, &w, in + b * each);
            failed = item_backward(n, &w, grad_in + b * each, grad_out + b * out_each);
        }
        network_clear(&w);
        if (failed != 0)
            return failed;
    }
    return 0;
}

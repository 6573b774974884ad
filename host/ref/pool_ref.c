#include "pool_ref.h"

void fmx_ref_pool_same(fmx_ref_pool *p)
{
    p->out_n = (p->in_n + p->stride - 1) / p->stride;
    size_t total = (p->out_n - 1) * p->stride + p->window;
    p->left = total > p->in_n ? (total - p->in_n) / 2 : 0;
}

void fmx_ref_pool_valid(fmx_ref_pool *p)
{
    p->out_n = p->in_n < p->window ? 0 : (p->in_n - p->window) / p->stride + 1;
    p->left = 0;
}

/* Which x of the row is the largest of window j. */
static size_t largest(const fmx_ref_pool *p, const double *row, size_t j)
{
    size_t best = p->in_n;
    for (size_t t = 0; t < p->window; ++t) {
        size_t place = j * p->stride + t;
        if (place < p->left || place - p->left >= p->in_n)
            continue;
        if (best == p->in_n || row[place - p->left] > row[best])
            best = place - p->left;
    }
    return best;
}

void fmx_ref_pool_max(const fmx_ref_pool *p, double *y, const double *x)
{
    for (size_t r = 0; r < p->rows; ++r) {
        for (size_t j = 0; j < p->out_n; ++j)
            y[r * p->out_n + j] = x[r * p->in_n + largest(p, x + r * p->in_n, j)];
    }
}

void fmx_ref_pool_max_gradient(const fmx_ref_pool *p, double *grad_x, const double *grad_y,
                               const double *x)
{
    for (size_t i = 0; i < p->rows * p->in_n; ++i)
        grad_x[i] = 0;
    for (size_t r = 0; r < p->rows; ++r) {
        for (size_t j = 0; j < p->out_n; ++j)
            grad_x[r * p->in_n + largest(p, x + r * p->in_n, j)] += grad_y[r * p->out_n + j];
    }
}

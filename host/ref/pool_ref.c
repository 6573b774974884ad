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

void fmx_ref_pool_places(const fmx_ref_pool *p, size_t j, size_t *first, size_t *end)
{
    if (p->window == 0) { /* PyTorch: floor and ceiling */
        *first = j * p->in_n / p->out_n;
        *end = ((j + 1) * p->in_n + p->out_n - 1) / p->out_n;
        return;
    }
    *first = p->in_n;
    *end = 0;
    for (size_t place = j * p->stride; place < j * p->stride + p->window; ++place) {
        if (place < p->left || place - p->left >= p->in_n)
            continue;
        *first = place - p->left < *first ? place - p->left : *first;
        *end = place - p->left + 1;
    }
}

/* Which x of the row is the largest of window j. */
static size_t largest(const fmx_ref_pool *p, const double *row, size_t j)
{
    size_t best = 0;
    size_t end = 0;
    fmx_ref_pool_places(p, j, &best, &end);
    for (size_t n = best + 1; n < end; ++n) {
        if (row[n] > row[best])
            best = n;
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

void fmx_ref_pool_average(const fmx_ref_pool *p, double *y, const double *x)
{
    for (size_t r = 0; r < p->rows; ++r) {
        for (size_t j = 0; j < p->out_n; ++j) {
            size_t first = 0;
            size_t end = 0;
            double sum = 0;
            fmx_ref_pool_places(p, j, &first, &end);
            for (size_t n = first; n < end; ++n)
                sum += x[r * p->in_n + n];
            y[r * p->out_n + j] = sum / (double)(p->whole ? p->window : end - first);
        }
    }
}

void fmx_ref_pool_average_gradient(const fmx_ref_pool *p, double *grad_x, const double *grad_y)
{
    for (size_t i = 0; i < p->rows * p->in_n; ++i)
        grad_x[i] = 0;
    for (size_t r = 0; r < p->rows; ++r) {
        for (size_t j = 0; j < p->out_n; ++j) {
            size_t first = 0;
            size_t end = 0;
            fmx_ref_pool_places(p, j, &first, &end);
            double count = (double)(p->whole ? p->window : end - first);
            for (size_t n = first; n < end; ++n)
                grad_x[r * p->in_n + n] += grad_y[r * p->out_n + j] / count;
        }
    }
}

#include "mask_ref.h"

#include <math.h>

double fmx_ref_mask_value(const fmx_ref_mask *m, const double *a, size_t s, size_t i)
{
    double value = a[s * m->n + i];
    double sum = 0;
    if (m->kind == 1)
        return 1 / (1 + exp(-value));
    if (m->kind == 2)
        return value > 0 ? value : 0;
    for (size_t k = 0; k < m->sources; ++k)
        sum += exp(a[k * m->n + i] - value);
    return m->kind == 3 ? 1 / sum : value;
}

void fmx_ref_mask_forward(const fmx_ref_mask *m, double *out, const double *a, const double *x)
{
    for (size_t b = 0; b < m->batch; ++b) {
        const double *item = a + b * m->sources * m->n;
        for (size_t s = 0; s < m->sources; ++s) {
            for (size_t i = 0; i < m->n; ++i)
                *out++ = fmx_ref_mask_value(m, item, s, i) * x[b * m->n + i];
        }
    }
}

void fmx_ref_mask_backward(const fmx_ref_mask *m, double *grad_a, double *grad_x, double *size,
                           const double *grad, const double *a, const double *x)
{
    for (size_t at = 0; at < m->batch * m->n; ++at) {
        size_t first = at / m->n * m->sources * m->n;
        size_t i = at % m->n;
        grad_x[at] = size[at] = 0;
        for (size_t s = 0; s < m->sources; ++s) {
            double term = grad[first + s * m->n + i] * fmx_ref_mask_value(m, a + first, s, i);
            grad_x[at] += term;
            size[at] += fabs(term);
        }
        for (size_t s = 0; s < m->sources; ++s) {
            double g = grad[first + s * m->n + i];
            double mask = fmx_ref_mask_value(m, a + first, s, i);
            double slope = m->kind == 1 ? mask * (1 - mask) : m->kind == 2 ? mask > 0 : 1;
            if (m->kind == 3) /* sum over k of g_k dm_k/da_s, dm_k/da_s = m_k ((s == k) - m_s) */
                grad_a[first + s * m->n + i] = x[at] * mask * (g - grad_x[at]);
            else
                grad_a[first + s * m->n + i] = g * x[at] * slope;
        }
    }
}

#include "multiply_ref.h"

#include <math.h>

/* Where input i has what value n of the output takes. */
static size_t place(const fmx_ref_multiply *m, size_t i, size_t n)
{
    size_t p = n % m->positions;
    size_t c = n / m->positions % m->channels;
    size_t b = n / m->positions / m->channels;
    c = m->in_channels[i] > 1 ? c : 0;
    p = m->in_positions[i] > 1 ? p : 0;
    return (b * m->in_channels[i] + c) * m->in_positions[i] + p;
}

void fmx_ref_multiply_forward(const fmx_ref_multiply *m, double *out, const double *const *in)
{
    for (size_t n = 0; n < m->batch * m->channels * m->positions; ++n) {
        out[n] = 1;
        for (size_t i = 0; i < m->inputs; ++i)
            out[n] *= in[i][place(m, i, n)];
    }
}

void fmx_ref_multiply_backward(const fmx_ref_multiply *m, size_t i, double *grad_in, double *size,
                               const double *grad_out, const double *const *in)
{
    for (size_t n = 0; n < m->batch * m->in_channels[i] * m->in_positions[i]; ++n)
        grad_in[n] = size[n] = 0;
    for (size_t n = 0; n < m->batch * m->channels * m->positions; ++n) {
        double term = grad_out[n];
        for (size_t k = 0; k < m->inputs; ++k)
            term *= k == i ? 1 : in[k][place(m, k, n)];
        grad_in[place(m, i, n)] += term;
        size[place(m, i, n)] += fabs(term);
    }
}

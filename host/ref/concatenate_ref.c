#include "concatenate_ref.h"

void fmx_ref_concatenate(double *out, const double *const *in, const size_t *floats, size_t inputs,
                         size_t batch)
{
    for (size_t b = 0; b < batch; ++b) {
        for (size_t i = 0; i < inputs; ++i) {
            for (size_t n = 0; n < floats[i]; ++n)
                *out++ = in[i][b * floats[i] + n];
        }
    }
}

void fmx_ref_split(double *const *grad_in, const double *grad_out, const size_t *floats,
                   size_t inputs, size_t batch)
{
    for (size_t b = 0; b < batch; ++b) {
        for (size_t i = 0; i < inputs; ++i) {
            for (size_t n = 0; n < floats[i]; ++n)
                grad_in[i][b * floats[i] + n] = *grad_out++;
        }
    }
}

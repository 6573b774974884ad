#include "slice_ref.h"

void fmx_ref_slice(size_t rows, size_t whole, size_t part, size_t first, double *out,
                   const double *in)
{
    for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < part; ++i)
            out[r * part + i] = in[r * whole + first + i];
    }
}

void fmx_ref_slice_gradient(size_t rows, size_t whole, size_t part, size_t first, double *grad_in,
                            const double *grad_out)
{
    for (size_t i = 0; i < rows * whole; ++i)
        grad_in[i] = 0;
    for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < part; ++i)
            grad_in[r * whole + first + i] = grad_out[r * part + i];
    }
}

#include "structure_ref.h"

void fmx_ref_swap_axes(size_t rows, size_t a, size_t b, size_t n, const double *from, double *to)
{
    for (size_t row = 0; row < rows; ++row) {
        for (size_t i = 0; i < a; ++i) {
            for (size_t j = 0; j < b; ++j) {
                for (size_t k = 0; k < n; ++k)
                    to[((row * b + j) * a + i) * n + k] = from[((row * a + i) * b + j) * n + k];
            }
        }
    }
}

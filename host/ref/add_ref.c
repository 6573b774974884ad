#include "add_ref.h"

void fmx_ref_add(const double *const *in, size_t terms, size_t count, double *out)
{
    for (size_t i = 0; i < count; ++i) {
        out[i] = 0;
        for (size_t t = 0; t < terms; ++t)
            out[i] += in[t][i];
    }
}

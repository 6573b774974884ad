#include "flatten_ref.h"

void fmx_ref_flatten(const double *in, size_t channels, size_t positions, double *out)
{
    for (size_t c = 0; c < channels; ++c) {
        for (size_t n = 0; n < positions; ++n)
            out[c * positions + n] = in[c * positions + n];
    }
}

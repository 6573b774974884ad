#include "real_part_ref.h"

#include <math.h>

void fmx_ref_real_part(float *out, const float *in, size_t count, int part)
{
    for (size_t i = 0; i < count; ++i) {
        double re = in[2 * i];
        double im = in[2 * i + 1];
        out[i] = (float)(part == 0 ? re : part == 1 ? im : sqrt(re * re + im * im));
    }
}

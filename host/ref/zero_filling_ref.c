#include "zero_filling_ref.h"

void fmx_ref_zero_filling(float *out, size_t points, const float *in, size_t valid, size_t delay,
                          double first_point)
{
    for (size_t j = 0; j < 2 * points; ++j)
        out[j] = 0;
    for (size_t n = 0; n < valid; ++n) {
        size_t j = (n + points - delay) % points;
        double weight = n == 0 && delay == 0 ? first_point : 1;
        out[2 * j] = (float)(in[2 * n] * weight);
        out[2 * j + 1] = (float)(in[2 * n + 1] * weight);
    }
}

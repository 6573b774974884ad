#include "limits_ref.h"

void fmx_ref_limits_fma(float *out, size_t items, size_t steps, float a, float b)
{
    for (size_t item = 0; item < items; ++item) {
        double sum = 0;
        for (int chain = 0; chain < 16; ++chain) {
            double x = (double)item / 1048576.0 + chain;
            for (size_t s = 0; s < steps; ++s)
                x = x * a + b;
            sum += x;
        }
        for (int lane = 0; lane < 16; ++lane)
            out[16 * item + (size_t)lane] = (float)sum;
    }
}

#include "initialise_ref.h"

#include <math.h>

double fmx_ref_initialise_uniform(uint32_t word, double a)
{
    return a * ((double)(word >> 8) / 8388608.0 - 1);
}

double fmx_ref_initialise_normal(const double draw[8], double a)
{
    for (int i = 0; i < 8; ++i) {
        if (fabs(draw[i]) <= 2)
            return draw[i] * a;
    }
    return draw[7] > 0 ? 2 * a : -2 * a;
}

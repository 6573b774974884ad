#include "activation_ref.h"

#include <math.h>

double fmx_ref_activation(double x, int kind)
{
    if (kind == 0)
        return x > 0 ? x : 0;
    return 1 / (1 + exp(-x));
}

double fmx_ref_activation_slope(double x, int kind)
{
    if (kind == 0)
        return x > 0 ? 1 : 0;
    double y = fmx_ref_activation(x, kind);
    return y * (1 - y);
}

#include "activation_ref.h"

#include <math.h>

double fmx_ref_activation(double x, int kind, double scale)
{
    if (kind == 0)
        return x > 0 ? x : 0;
    if (kind == 2)
        return copysign(log1p(fabs(x) / scale), x);
    return 1 / (1 + exp(-x));
}

double fmx_ref_activation_slope(double x, int kind, double scale)
{
    if (kind == 0)
        return x > 0 ? 1 : 0;
    if (kind == 2)
        return 1 / (scale + fabs(x));
    double y = fmx_ref_activation(x, kind, scale);
    return y * (1 - y);
}

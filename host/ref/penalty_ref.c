#include "penalty_ref.h"

#include <math.h>

double fmx_ref_penalty(double *grad, const double *w, size_t count, double l1, double l2)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i) {
        sum += l1 * fabs(w[i]) + l2 * w[i] * w[i];
        grad[i] += l1 * (double)((w[i] > 0) - (w[i] < 0)) + 2 * l2 * w[i];
    }
    return sum;
}

#include "completion_ref.h"

#include <math.h>

void fmx_ref_completion_fit(double c[3], const double *t, const double *x, size_t count)
{
    /* normal equations, right-hand side in column 3 */
    long double a[3][4] = {{0}};
    for (size_t i = 0; i < count; ++i) {
        long double power[3] = {1, t[i], (long double)t[i] * t[i]};
        for (int r = 0; r < 3; ++r) {
            for (int k = 0; k < 3; ++k)
                a[r][k] += power[r] * power[k];
            a[r][3] += power[r] * x[i];
        }
    }
    /* Gauss and Jordan; the matrix is positive definite, so no pivots are needed */
    for (int r = 0; r < 3; ++r) {
        long double pivot = a[r][r];
        for (int k = 0; k < 4; ++k)
            a[r][k] /= pivot;
        for (int other = 0; other < 3; ++other) {
            long double factor = a[other][r];
            for (int k = 0; other != r && k < 4; ++k)
                a[other][k] -= factor * a[r][k];
        }
    }
    for (int r = 0; r < 3; ++r)
        c[r] = (double)a[r][3];
}

#include "noise_ref.h"

#include <math.h>
#include <stdlib.h>

#include "quantile_ref.h"

/* Modified Gram-Schmidt over 1, x, x^2, on x taken from the middle so that powers stay apart. */
double fmx_ref_noise_residual(const double *x, const double *y, size_t count, int degree)
{
    double *basis = malloc(4 * count * sizeof *basis);
    double squares = 0;
    if (basis == NULL)
        return NAN;
    double *rest = basis + 3 * count;
    double low = x[0];
    double high = x[0];
    for (size_t i = 0; i < count; ++i) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
        rest[i] = y[i];
    }
    for (int k = 0; k <= degree; ++k) {
        double *f = basis + (size_t)k * count;
        for (size_t i = 0; i < count; ++i)
            f[i] = pow(x[i] - (low + high) / 2, k);
        for (int j = 0; j < k; ++j) {
            double dot = 0;
            for (size_t i = 0; i < count; ++i)
                dot += f[i] * basis[(size_t)j * count + i];
            for (size_t i = 0; i < count; ++i)
                f[i] -= dot * basis[(size_t)j * count + i];
        }
        double norm = 0;
        double dot = 0;
        for (size_t i = 0; i < count; ++i)
            norm += f[i] * f[i];
        for (size_t i = 0; i < count; ++i) {
            f[i] /= sqrt(norm);
            dot += f[i] * rest[i];
        }
        for (size_t i = 0; i < count; ++i)
            rest[i] -= dot * f[i];
    }
    for (size_t i = 0; i < count; ++i)
        squares += rest[i] * rest[i];
    free(basis);
    return squares;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

double fmx_ref_noise_robust(const float *data, size_t points, size_t parts, size_t valid)
{
    size_t blocks = points / 256 > 64 ? 64 : points / 256 > 0 ? points / 256 : 1;
    size_t block = points / blocks;
    size_t filled = (size_t)fmax(1, floor((double)points / (double)valid + 0.5));
    size_t lag = 16 * filled > block / 4 ? block / 4 : 16 * filled;
    lag = lag > 0 ? lag : 1;
    size_t count = parts * (block - lag);
    double sigma[64];
    size_t known = 0;
    for (size_t b = 0; b < blocks; ++b) {
        double median = fmx_ref_quantile(data + b * block * parts, 1, parts * lag, count, true, 0,
                                         INFINITY, 0.5);
        if (median > 0)
            sigma[known++] = median / (0.674489750196 * sqrt(2));
    }
    if (known == 0)
        return 0;
    qsort(sigma, known, sizeof *sigma, ascending);
    double apart = (double)count / (lag / 16 > 1 ? (double)(lag / 16) : 1);
    double spread = 1.3 * 1.166 / sqrt(fmax(apart, 4));
    double fifth = sigma[(known - 1) / 5];
    if (known > 4)
        fifth /= 1 - 0.84 * spread;
    size_t quiet = 0;
    while (quiet < known && sigma[quiet] <= fifth * (1 + 2.5 * spread))
        ++quiet;
    return (sigma[(quiet - 1) / 2] + sigma[quiet / 2]) / 2;
}

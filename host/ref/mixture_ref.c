#include "mixture_ref.h"

#include <math.h>

#include "normal_ref.h"

static double tallest(const double *x, size_t points)
{
    double top = 0;
    for (size_t j = 0; j < points; ++j)
        top = fmax(top, x[j]);
    return top;
}

void fmx_ref_mixture(double *out, double *sigma_out, double *divisor, const float *library,
                     size_t points, const uint32_t *row, const float *weight, const uint32_t *turn,
                     size_t parts, double noise, uint64_t seed, uint32_t purpose, uint64_t item,
                     uint32_t draw, int divide, double smooth, double bias)
{
    for (size_t j = 0; j < points; ++j) {
        out[j] = 0;
        for (size_t k = 0; k < parts; ++k)
            out[j] += (double)weight[k] * library[row[k] * points + (j + turn[k]) % points];
    }
    double top = tallest(out, points);
    double sigma = noise * (top > 0 ? top : 1);
    for (size_t j = 0; noise > 0 && j < points; ++j) {
        double before = j > 0 ? fmx_ref_normal(seed, purpose, item, draw, j - 1) : 0;
        double normal = fmx_ref_normal(seed, purpose, item, draw, j);
        out[j] += sigma * ((normal + smooth * before) / sqrt(1 + smooth * smooth) + bias);
    }
    top = tallest(out, points);
    double by = divide == 2 ? sigma : top;
    *divisor = divide && by > 0 ? by : 1;
    *sigma_out = sigma / *divisor;
    for (size_t j = 0; j < points; ++j)
        out[j] /= *divisor;
}

#include "fft_ref.h"

#include <math.h>
#include <stdlib.h>

static const double turn = 6.283185307179586476925286766559;

void fmx_ref_dft(double *out, const double *in, size_t points, bool inverse)
{
    for (size_t k = 0; k < points; ++k) {
        double re = 0;
        double im = 0;
        for (size_t n = 0; n < points; ++n) {
            double angle = (inverse ? turn : -turn) * (double)(k * n % points) / (double)points;
            re += in[2 * n] * cos(angle) - in[2 * n + 1] * sin(angle);
            im += in[2 * n] * sin(angle) + in[2 * n + 1] * cos(angle);
        }
        out[2 * k] = re;
        out[2 * k + 1] = im;
    }
}

/* The p interleaved parts x[p m + r] have the transforms Y_r, and X[k] = sum_r Y_r[k mod points /
 * p] exp(-2 pi i k r / points). step: from one element of in to the next. */
static void split(double *out, const double *in, size_t points, size_t step, double sign)
{
    size_t p = 2;
    while (p < points && points % p != 0)
        p = p * p > points ? points : p + 1;
    size_t part = points / (points > 1 ? p : 1);
    double *parts = points > 1 ? malloc(2 * points * sizeof *parts) : NULL;
    if (points == 1) {
        out[0] = in[0];
        out[1] = in[1];
        return;
    }
    if (parts == NULL)
        abort();
    for (size_t r = 0; r < p; ++r)
        split(parts + 2 * r * part, in + 2 * r * step, part, step * p, sign);
    for (size_t k = 0; k < points; ++k) {
        double re = 0;
        double im = 0;
        for (size_t r = 0; r < p; ++r) {
            double angle = sign * turn * (double)(k * r % points) / (double)points;
            const double *y = parts + 2 * (r * part + k % part);
            re += y[0] * cos(angle) - y[1] * sin(angle);
            im += y[0] * sin(angle) + y[1] * cos(angle);
        }
        out[2 * k] = re;
        out[2 * k + 1] = im;
    }
    free(parts);
}

void fmx_ref_fft(double *out, const double *in, size_t points, bool inverse)
{
    split(out, in, points, 1, inverse ? 1 : -1);
}

void fmx_ref_fft_spectrum(double *out, const float *in, size_t points, double delay, double scale)
{
    double *x = malloc(4 * points * sizeof *x);
    if (x == NULL)
        abort();
    double *transform = x + 2 * points;
    for (size_t i = 0; i < 2 * points; ++i)
        x[i] = in[i];
    fmx_ref_fft(transform, x, points, false);
    for (size_t j = 0; j < points; ++j) {
        double k = (double)((points + 1) / 2) - 1 - (double)j;
        const double *z = transform + 2 * (k < 0 ? (size_t)(k + (double)points) : (size_t)k);
        double angle = turn * fmod(k * delay / (double)points, 1);
        out[2 * j] = scale * (z[0] * cos(angle) - z[1] * sin(angle));
        out[2 * j + 1] = scale * (z[0] * sin(angle) + z[1] * cos(angle));
    }
    free(x);
}

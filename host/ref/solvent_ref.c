#include "solvent_ref.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAD = 6 };
static const double pi = 3.14159265358979323846;

int fmx_ref_solvent_low_pass(double *data, size_t valid, size_t half_width)
{
    double *x = malloc(2 * valid * sizeof *x);
    if (x == NULL)
        return -1;
    memcpy(x, data, 2 * valid * sizeof *x);
    for (size_t n = 0; n < valid; ++n) {
        for (size_t c = 0; c < 2; ++c) {
            double sum = 0;
            for (size_t i = 0; i < valid; ++i) {
                if (i + half_width >= n && i <= n + half_width)
                    sum += x[2 * i + c];
            }
            data[2 * n + c] = x[2 * n + c] - sum / (2 * (double)half_width + 1);
        }
    }
    free(x);
    return 0;
}

/* y[n] = pole y[n-1] + gain (x[n] - x[n-1]) along x, in place, step floats from point to point. It
 * starts settled on the first value: y[-1] = 0, x[-1] = x[0]. */
static void high_pass(double *x, ptrdiff_t step, size_t count, double pole, double gain)
{
    double before = x[0];
    double y = 0;
    for (size_t n = 0; n < count; ++n) {
        double now = x[(ptrdiff_t)n * step];
        y = pole * y + gain * (now - before);
        x[(ptrdiff_t)n * step] = y;
        before = now;
    }
}

int fmx_ref_solvent_bessel(double *data, size_t valid, double corner_hz, double sw_hz)
{
    /* H(s) = s / (s + w), w = 2 fs tan(pi corner / fs); bilinear: s = 2 fs (1 - 1/z) / (1 + 1/z) */
    double k = tan(pi * corner_hz / sw_hz);
    double pole = (1 - k) / (1 + k);
    double gain = 1 / (1 + k);
    size_t count = valid + 2 * PAD;
    double *x = malloc(count * sizeof *x);
    if (x == NULL)
        return -1;
    for (size_t c = 0; c < 2; ++c) {
        for (size_t n = 0; n < valid; ++n)
            x[PAD + n] = data[2 * n + c];
        for (size_t j = 1; j <= PAD; ++j) {
            x[PAD - j] = 2 * x[PAD] - x[PAD + j];
            x[PAD + valid - 1 + j] = 2 * x[PAD + valid - 1] - x[PAD + valid - 1 - j];
        }
        high_pass(x, 1, count, pole, gain);
        high_pass(x + count - 1, -1, count, pole, gain);
        for (size_t n = 0; n < valid; ++n)
            data[2 * n + c] = x[PAD + n];
    }
    free(x);
    return 0;
}

void fmx_ref_solvent_turn(double *data, size_t valid, double hz, double sw_hz)
{
    for (size_t n = 0; n < valid; ++n) {
        double angle = 2 * pi * fmod((double)n * (hz / sw_hz), 1.0);
        double re = data[2 * n];
        double im = data[2 * n + 1];
        data[2 * n] = re * cos(angle) - im * sin(angle);
        data[2 * n + 1] = re * sin(angle) + im * cos(angle);
    }
}

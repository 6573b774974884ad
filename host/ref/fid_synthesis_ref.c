#include "fid_synthesis_ref.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;
enum { RATIO = 8 }; /* converter's points per point of the FID */

/* The decay t points after its start; phases are those that the correction p0 + p1 (1/2 - f / sw)
 * undoes, except for the slope, which is a delay. */
static double complex decay_at(double t, double sw_hz, const fmx_ref_line *line, size_t lines,
                               double gaussian_hz, double p0_deg, double p1_deg)
{
    double s = t / sw_hz;
    double complex sum = 0;
    for (size_t l = 0; l < lines; ++l) {
        double phase = pi / 180 * (line[l].phase_deg - p0_deg - 0.5 * p1_deg);
        sum += line[l].amplitude * exp(-pi * line[l].width_hz * s) *
               cexp(I * (phase + 2 * pi * line[l].hz * s));
    }
    return sum * exp(-pow(pi * gaussian_hz * s, 2) / (4 * log(2)));
}

static double bessel_i0(double x) /* integral representation, by the trapezium rule */
{
    double sum = 0;
    for (int k = 0; k < 400; ++k)
        sum += exp(x * cos(pi * (k + 0.5) / 400));
    return sum / 400;
}

/* Kaiser-windowed sinc, v in points of the FID. */
static double filter_at(double v, double half)
{
    if (fabs(v) >= half)
        return 0;
    double sinc = fabs(v) < 1e-12 ? 1 : sin(pi * v) / (pi * v);
    return sinc * bessel_i0(8 * sqrt(1 - v * v / (half * half))) / bessel_i0(8);
}

void fmx_ref_fid_synthesis(double *out, size_t points, double sw_hz, double group_delay,
                           const fmx_ref_line *line, size_t lines, double gaussian_hz,
                           double p0_deg, double p1_deg)
{
    double delay = group_delay - p1_deg / 360;
    double half = floor(group_delay) - 1;
    if (group_delay == 0) {
        for (size_t n = 0; n < points; ++n) {
            double complex value =
                decay_at((double)n - delay, sw_hz, line, lines, gaussian_hz, p0_deg, p1_deg);
            out[2 * n] = creal(value);
            out[2 * n + 1] = cimag(value);
        }
        return;
    }
    /* the converter's points, and the filter at every distance that occurs */
    size_t fine = RATIO * (points + (size_t)(2 * half) + 8);
    double complex *x = calloc(fine, sizeof *x);
    long least = -(long)fine;
    long count = 2 * (long)fine + 8 * RATIO; /* the whole filter, for its sum */
    double *h = calloc((size_t)count, sizeof *h);
    double gain = 0;
    for (size_t j = 0; x != NULL && j < fine; ++j)
        x[j] = decay_at(((double)j + 0.5) / RATIO, sw_hz, line, lines, gaussian_hz, p0_deg, p1_deg);
    for (long i = 0; h != NULL && i < count; ++i) { /* i + least = RATIO n - j */
        h[i] = filter_at(((double)(i + least) - 0.5) / RATIO - delay, half);
        gain += h[i];
    }
    for (size_t n = 0; x != NULL && h != NULL && n < points; ++n) {
        double complex sum = 0;
        for (size_t j = 0; j < fine; ++j)
            sum += h[RATIO * (long)n - (long)j - least] * x[j];
        out[2 * n] = creal(sum / gain);
        out[2 * n + 1] = cimag(sum / gain);
    }
    free(x);
    free(h);
}

/* Philox4x32-10. */
static void philox(uint32_t x[4], uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; ++round) {
        uint64_t a = (uint64_t)0xD2511F53u * x[0];
        uint64_t b = (uint64_t)0xCD9E8D57u * x[2];
        uint32_t y0 = (uint32_t)(b >> 32) ^ x[1] ^ k0;
        uint32_t y2 = (uint32_t)(a >> 32) ^ x[3] ^ k1;
        x[1] = (uint32_t)b;
        x[3] = (uint32_t)a;
        x[0] = y0;
        x[2] = y2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
}

void fmx_ref_fid_noise(double *out, size_t points, uint64_t seed, uint64_t item)
{
    for (size_t n = 0; n < points; ++n) {
        uint32_t w[4] = {(uint32_t)item, (uint32_t)(item >> 32), 0, (uint32_t)(n / 2)};
        philox(w, (uint32_t)(seed ^ (seed >> 32)), 1);
        uint32_t first = w[n % 2 * 2];
        uint32_t second = w[n % 2 * 2 + 1];
        double u = fmin(((double)first + 0.5) / 4294967296.0, 1 - 0x1p-24);
        double radius = sqrt(-2 * log(u));
        double angle = 2 * pi * (double)(second >> 8) / 16777216.0;
        out[2 * n] = radius * cos(angle);
        out[2 * n + 1] = radius * sin(angle);
    }
}

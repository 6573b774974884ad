#include "augmentation_ref.h"

#include <math.h>
#include <stdlib.h>

#include "normal_ref.h"

static const double pi = 3.14159265358979323846;
static const uint32_t purpose_augment = 7;

/* Catmull-Rom at i + t, y(i - 1) .. y(i + 2) given. */
static double catmull_rom(const double y[4], double t)
{
    return y[1] + 0.5 * t *
                      (y[2] - y[0] +
                       t * (2 * y[0] - 5 * y[1] + 4 * y[2] - y[3] +
                            t * (3 * (y[1] - y[2]) + y[3] - y[0])));
}

/* A curve through evenly spaced knots, the first at point 0, the last at the last point; beyond
 * the ends the end knots are repeated. */
static double curve(const double *knot, size_t knots, double j, size_t points)
{
    double u = points > 1 ? j * (double)(knots - 1) / (double)(points - 1) : 0;
    double k = fmin(floor(u), (double)knots - 2);
    double y[4];
    for (int i = 0; i < 4; ++i)
        y[i] = knot[(size_t)fmax(0, fmin(k - 1 + i, (double)knots - 1))];
    return catmull_rom(y, u - k);
}

double fmx_ref_augment_displacement(double j, size_t points, double ppm_step,
                                    const fmx_ref_augmentation *a)
{
    double d = a->shift_ppm / ppm_step + a->stretch * (j - 0.5 * (double)(points - 1));
    if (a->warp_knots > 0)
        d += curve(a->warp_ppm, a->warp_knots, j, points) / ppm_step;
    return d;
}

static double circular(const double *x, size_t points, double i)
{
    double n = (double)points;
    return x[(size_t)(i - n * floor(i / n))];
}

static double read_at(const double *x, size_t points, double p, int interpolation)
{
    double i = floor(interpolation == 0 ? p + 0.5 : p);
    double t = p - i;
    double y[4];
    for (int k = 0; k < 4; ++k)
        y[k] = circular(x, points, i - 1 + k);
    if (interpolation == 0)
        return y[1];
    return interpolation == 1 ? y[1] + t * (y[2] - y[1]) : catmull_rom(y, t);
}

/* Sample of white noise at point j: 64 points take 16 blocks of four. */
static double white(size_t j, const fmx_ref_augmentation *a)
{
    uint64_t position = 16 * (j / 64) + j % 16;
    return fmx_ref_normal(a->seed, purpose_augment, a->item, a->draw, 4 * position + (j % 64) / 16);
}

static double extra(double j, size_t points, double ppm_step, const double *slow,
                    const fmx_ref_augmentation *a)
{
    double u = points > 1 ? -1 + 2 * j / (double)(points - 1) : -1;
    double e = 0;
    for (int k = 0; k < FMX_REF_BASELINE; ++k)
        e += a->baseline[k] * pow(u, k);
    e += a->ripple * sin(2 * pi * (a->ripple_turns + j * ppm_step * a->ripple_per_ppm));
    if (a->slow_noise != 0)
        e += a->slow_noise * curve(slow, a->slow_knots, j, points);
    if (a->noise != 0)
        e += a->noise * white((size_t)j, a);
    return e;
}

void fmx_ref_augment(double *out, const float *x, size_t points, double ppm_step,
                     const fmx_ref_augmentation *a, double *divisor)
{
    double *source = calloc(points, sizeof *source);
    double slow[64];
    double most = 0;
    double by = 1;
    for (size_t j = 0; j < points; ++j) {
        source[j] = x[j];
        most = fmax(most, x[j]);
    }
    if (a->lorentzian_ppm > 0 || a->gaussian_ppm > 0 || a->p0_turns != 0 || a->p1_turns != 0)
        fmx_ref_augment_spectral(source, x, points, ppm_step, a);
    for (size_t k = 0; k < a->slow_knots; ++k)
        slow[k] = fmx_ref_normal(a->seed, purpose_augment, a->item, a->draw, 4 * (1ull << 30) + k);
    double largest = -INFINITY;
    double sum = 0;
    for (size_t j = 0; j < points; ++j) {
        double d = fmx_ref_augment_displacement((double)j, points, ppm_step, a);
        double y = read_at(source, points, (double)j + d, a->interpolation);
        out[j] = a->amplitude * (y + most * extra((double)j, points, ppm_step, slow, a));
        largest = fmax(largest, out[j]);
        sum += fabs(out[j]);
    }
    if (a->normalise == 1)
        by = largest;
    if (a->normalise == 2)
        by = sum * ppm_step;
    for (size_t j = 0; by > 0 && j < points; ++j)
        out[j] /= by;
    if (divisor != NULL)
        *divisor = by > 0 ? by : 1;
    free(source);
}

void fmx_ref_augment_spectral(double *out, const float *x, size_t points, double ppm_step,
                              const fmx_ref_augmentation *a)
{
    size_t n = 2;
    while (n < points + points / 8)
        n *= 2;
    double *wide = calloc(n, sizeof *wide);
    double *re = calloc(n, sizeof *re);
    double *im = calloc(n, sizeof *im);
    for (size_t k = 0; k < n; ++k)
        wide[k] = k < points
                      ? x[k]
                      : x[points - 1] + ((double)x[0] - x[points - 1]) * (double)(k - points + 1) /
                                            (double)(n - points + 1);
    for (size_t t = 0; t <= n / 2; ++t) {
        /* the decay, 1 / n of the forward transform, half of it kept and doubled */
        double half_turn = pi * (double)t / ((double)n * ppm_step);
        double w = (t == 0 || t == n / 2 ? 1.0 : 2.0) / (double)n;
        w *= exp(-a->lorentzian_ppm * half_turn -
                 pow(a->gaussian_ppm * half_turn, 2) / (4 * log(2)));
        for (size_t k = 0; k < n; ++k) {
            double angle = 2 * pi * (double)(k * t % n) / (double)n;
            re[t] += w * wide[k] * cos(angle);
            im[t] -= w * wide[k] * sin(angle);
        }
    }
    for (size_t j = 0; j < points; ++j) {
        double phi = 2 * pi * (a->p0_turns + a->p1_turns * (double)j / (double)points);
        double real = 0;
        double imaginary = 0;
        for (size_t t = 0; t <= n / 2; ++t) {
            double angle = 2 * pi * (double)(j * t % n) / (double)n;
            real += re[t] * cos(angle) - im[t] * sin(angle);
            imaginary += re[t] * sin(angle) + im[t] * cos(angle);
        }
        out[j] = real * cos(phi) - imaginary * sin(phi);
    }
    free(im);
    free(re);
    free(wide);
}

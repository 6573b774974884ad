#include "baseline_ref.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Value at i of an array whose ends go on for ever. */
static double at(const double *a, size_t m, long i)
{
    return a[i < 0 ? 0 : i >= (long)m ? (long)m - 1 : i];
}

static double boxcar(const double *a, size_t m, size_t i, size_t width)
{
    double sum = 0;
    for (long k = -(long)(width / 2); k <= (long)(width / 2); ++k)
        sum += at(a, m, (long)i + k);
    return sum / (double)width;
}

static double order_statistic(double *values, size_t count, size_t rank)
{
    qsort(values, count, sizeof *values, ascending);
    return values[rank];
}

static double noise_of(const double *y, size_t m)
{
    double *steps = malloc((m - 1) * sizeof *steps);
    for (size_t i = 0; i + 1 < m; ++i)
        steps[i] = fabs(y[i + 1] - y[i]);
    double median = order_statistic(steps, m - 1, (m - 2) / 2);
    free(steps);
    return median / (0.6745 * sqrt(2));
}

static void clipped_mean(double *b, const double *y, size_t m, size_t wide, size_t narrow,
                         double noise, double *mr, double *mw, double *t)
{
    for (size_t i = 0; i < m; ++i) {
        double r = y[i] - b[i];
        double weight = noise > 0 ? 3 - fabs(r) / noise : 1;
        weight = weight < 0 ? 0 : weight > 1 ? 1 : weight;
        mr[i] = weight * r;
        mw[i] = weight;
    }
    for (size_t i = 0; i < m; ++i)
        t[i] = boxcar(mr, m, i, wide) / (boxcar(mw, m, i, wide) + 0.05);
    for (size_t i = 0; i < m; ++i)
        b[i] += boxcar(t, m, i, narrow);
}

/* y [ceil(points / block)] */
static void means_of(double *y, const float *x, size_t points, size_t block)
{
    for (size_t i = 0; i * block < points; ++i) {
        size_t end = (i + 1) * block < points ? (i + 1) * block : points;
        double sum = 0;
        for (size_t n = i * block; n < end; ++n)
            sum += x[n];
        y[i] = sum / (double)(end - i * block);
    }
}

/* Straight lines between the centres of blocks. */
static void subtract(float *x, size_t points, const double *b, size_t m, size_t block)
{
    for (size_t n = 0; n < points; ++n) {
        double p = ((double)n - 0.5 * ((double)block - 1)) / (double)block;
        long i = (long)floor(p);
        double left = at(b, m, i);
        double right = at(b, m, i + 1);
        x[n] = (float)(x[n] - (left + (right - left) * (p - (double)i)));
    }
}

double fmx_ref_baseline(float *x, size_t points, size_t block, size_t wide, size_t narrow,
                        double percentile, int iterations, double *work)
{
    size_t m = (points + block - 1) / block;
    double *b = work;
    double *y = b + m;
    double *t = y + m;
    double *mr = t + m;
    double *mw = mr + m;
    double *window = malloc(wide * sizeof *window);
    means_of(y, x, points, block);
    double noise = m > 1 ? noise_of(y, m) : 0;
    size_t rank = (size_t)(percentile / 100 * (double)wide);
    rank = rank > wide - 1 ? wide - 1 : rank;
    for (size_t i = 0; i < m; ++i) {
        for (size_t k = 0; k < wide; ++k)
            window[k] = at(y, m, (long)i + (long)k - (long)(wide / 2));
        t[i] = order_statistic(window, wide, rank);
    }
    free(window);
    for (size_t i = 0; i < m; ++i)
        b[i] = boxcar(t, m, i, wide);
    for (int k = 0; k < iterations; ++k)
        clipped_mean(b, y, m, wide, narrow, noise, mr, mw, t);
    subtract(x, points, b, m, block);
    return noise;
}

static size_t mirrored(long i, long points)
{
    while (points > 1 && (i < 0 || i >= points))
        i = i < 0 ? -i : 2 * (points - 1) - i;
    return points > 1 ? (size_t)i : 0;
}

void fmx_ref_baseline_median(float *x, size_t points, size_t size, size_t taps, double sigma,
                             double *t)
{
    double *window = malloc(size * sizeof *window);
    for (size_t i = 0; i < points; ++i) {
        for (size_t k = 0; k < size; ++k)
            window[k] = x[mirrored((long)i - (long)(size / 2) + (long)k, (long)points)];
        t[i] = order_statistic(window, size, size / 2);
    }
    for (size_t i = 0; i < points; ++i) {
        double sum = 0;
        double weight = 0;
        for (size_t k = 0; k < taps; ++k) {
            double u = ((double)k - ((double)taps - 1) / 2) / sigma;
            long from = (long)i + (long)((taps - 1) / 2) - (long)k;
            if (from < 0 || from >= (long)points)
                continue;
            sum += exp(-u * u / 2) * t[from];
            weight += exp(-u * u / 2);
        }
        x[i] = (float)(x[i] - sum / weight);
    }
    free(window);
}

/* b minimises sum w (y - b)^2 + lambda sum (b'')^2: three diagonals of the matrix, eliminated. */
static void smooth(double *b, const double *y, const double *w, size_t m, double lambda,
                   double *diagonal, double *first, double *second)
{
    for (size_t i = 0; i < m; ++i) {
        diagonal[i] = w[i];
        first[i] = 0; /* between i and i + 1 */
        second[i] = 0;
        b[i] = w[i] * y[i];
    }
    for (size_t k = 0; k + 2 < m; ++k) {
        diagonal[k] += lambda;
        diagonal[k + 1] += 4 * lambda;
        diagonal[k + 2] += lambda;
        first[k] -= 2 * lambda;
        first[k + 1] -= 2 * lambda;
        second[k] += lambda;
    }
    for (size_t i = 0; i + 1 < m; ++i) {
        double factor = first[i] / diagonal[i];
        diagonal[i + 1] -= factor * first[i];
        b[i + 1] -= factor * b[i];
        if (i + 2 < m) {
            double further = second[i] / diagonal[i];
            first[i + 1] -= further * first[i];
            diagonal[i + 2] -= further * second[i];
            b[i + 2] -= further * b[i];
        }
    }
    for (size_t i = m; i-- > 0;) {
        if (i + 1 < m)
            b[i] -= first[i] * b[i + 1];
        if (i + 2 < m)
            b[i] -= second[i] * b[i + 2];
        b[i] /= diagonal[i];
    }
}

double fmx_ref_baseline_als(float *x, size_t points, size_t block, double lambda, double asymmetry,
                            int rounds, double *work)
{
    size_t m = (points + block - 1) / block;
    double *b = work;
    double *y = b + m;
    double *w = y + m;
    means_of(y, x, points, block);
    for (int k = 0; k < rounds; ++k) {
        for (size_t i = 0; i < m; ++i)
            w[i] = k == 0 ? 1 : y[i] > b[i] ? asymmetry : 1 - asymmetry;
        smooth(b, y, w, m, lambda, w + m, w + 2 * m, w + 3 * m);
    }
    subtract(x, points, b, m, block);
    return m > 1 ? noise_of(y, m) : 0;
}

enum { MOST_TERMS = 10 };

static double chebyshev(int n, double u)
{
    return cos(n * acos(u < -1 ? -1 : u > 1 ? 1 : u));
}

/* Gauss without exchange, for a positive definite a; a and r are destroyed. */
static void eliminate(double a[MOST_TERMS][MOST_TERMS], double *r, int terms, double *solution)
{
    for (int j = 0; j < terms; ++j) {
        for (int k = j + 1; k < terms; ++k) {
            double factor = a[j][j] > 0 ? a[k][j] / a[j][j] : 0;
            for (int n = j; n < terms; ++n)
                a[k][n] -= factor * a[j][n];
            r[k] -= factor * r[j];
        }
    }
    for (int j = terms; j-- > 0;) {
        double sum = r[j];
        for (int k = j + 1; k < terms; ++k)
            sum -= a[j][k] * solution[k];
        solution[j] = a[j][j] > 0 ? sum / a[j][j] : 0;
    }
}

static double series(const double *c, int order, double u)
{
    double sum = 0;
    for (int n = 0; n <= order; ++n)
        sum += c[n] * chebyshev(n, u);
    return sum;
}

/* Adds delta, the fit to r with weights w, to c; returns the root mean square that is left. */
static double fit(double *c, int order, const double *u, const double *r, const double *w, size_t m)
{
    double a[MOST_TERMS][MOST_TERMS] = {{0}};
    double right[MOST_TERMS] = {0};
    double delta[MOST_TERMS];
    double weights = 0;
    double rest = 0;
    for (size_t i = 0; i < m; ++i) {
        weights += w[i];
        for (int j = 0; j <= order; ++j) {
            right[j] += w[i] * r[i] * chebyshev(j, u[i]);
            for (int k = 0; k <= order; ++k)
                a[j][k] += w[i] * chebyshev(j, u[i]) * chebyshev(k, u[i]);
        }
    }
    for (int n = 0; n <= order; ++n)
        a[n][n] += ldexp(weights, -17);
    eliminate(a, right, order + 1, delta);
    for (size_t i = 0; i < m; ++i)
        rest += w[i] * pow(r[i] - series(delta, order, u[i]), 2);
    for (int n = 0; n <= order; ++n)
        c[n] += delta[n];
    return weights > 0 ? sqrt(rest / weights) : 0;
}

void fmx_ref_baseline_polynomial(float *x, size_t points, size_t block, const double *b,
                                 const double *y, double noise, int order, double clip, int rounds)
{
    size_t m = (points + block - 1) / block;
    double c[MOST_TERMS] = {0};
    double sigma = noise;
    order = order > (int)(m / 4) ? (int)(m / 4) : order;
    double span = points > 1 ? (double)(points - 1) : 1;
    double *u = malloc(3 * m * sizeof *u);
    double *r = u + m;
    double *w = r + m;
    for (int round = 0; round < rounds; ++round) {
        for (size_t i = 0; i < m; ++i) {
            size_t end = (i + 1) * block < points ? (i + 1) * block : points;
            u[i] = (double)(i * block + end - 1) / span - 1;
            r[i] = y[i] - series(c, order, u[i]);
            double distance = fabs(round == 0 ? y[i] - b[i] : r[i]);
            double weight = clip + 1 - (sigma > 0 ? distance / sigma : 0);
            w[i] = weight > 1 ? 1 : weight > 0 ? weight : 0;
        }
        double spread = fit(c, order, u, r, w, m);
        sigma = spread > noise ? spread : noise;
    }
    for (size_t n = 0; n < points; ++n)
        x[n] = (float)(x[n] - series(c, order, points > 1 ? 2 * (double)n / span - 1 : -1));
    free(u);
}

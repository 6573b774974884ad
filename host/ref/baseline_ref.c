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
    for (size_t i = 0; i < m; ++i) {
        size_t end = (i + 1) * block < points ? (i + 1) * block : points;
        double sum = 0;
        for (size_t n = i * block; n < end; ++n)
            sum += x[n];
        y[i] = sum / (double)(end - i * block);
    }
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
    for (size_t n = 0; n < points; ++n) {
        double p = ((double)n - 0.5 * ((double)block - 1)) / (double)block;
        long i = (long)floor(p);
        double left = at(b, m, i);
        double right = at(b, m, i + 1);
        x[n] = (float)(x[n] - (left + (right - left) * (p - (double)i)));
    }
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

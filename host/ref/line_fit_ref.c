#include "line_fit_ref.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;
static const double ln2 = 0.69314718055994530942;

/* Lowest value on the way from the peak to the next higher point, or to the end. */
static float lowest(const float *y, size_t points, size_t peak, int direction)
{
    float low = y[peak];
    for (long i = (long)peak; i >= 0 && i < (long)points && y[i] <= y[peak]; i += direction)
        low = y[i] < low ? y[i] : low;
    return low;
}

size_t fmx_ref_line_peak(const float *y, size_t points, double least)
{
    size_t highest = 0;
    for (size_t i = 1; i < points; ++i)
        highest = y[i] > y[highest] ? i : highest;
    for (size_t i = 1; i + 1 < points; ++i) {
        size_t end = i;
        if (!(y[i - 1] < y[i]))
            continue;
        while (end + 1 < points && y[end + 1] == y[i])
            ++end;
        if (end + 1 == points || !(y[end + 1] < y[i]))
            continue;
        size_t peak = (i + end) / 2;
        float left = lowest(y, points, peak, -1);
        float right = lowest(y, points, peak, 1);
        if (y[peak] - (left > right ? left : right) >= (float)least)
            return peak;
    }
    return highest;
}

double fmx_ref_line_value(const double line[4], double x, bool voigt, double by[4])
{
    double u = x - line[0];
    double area = line[1];
    double gamma = line[2];
    double eta = voigt ? line[3] : 0;
    double d = u * u + gamma * gamma;
    double l = gamma / (pi * d);
    double g = sqrt(ln2 / pi) / fabs(gamma) * exp(-ln2 * u * u / (gamma * gamma));
    double lx = 2 * u * l / d;
    double gx = 2 * ln2 * u / (gamma * gamma) * g;
    double lg = (u * u - gamma * gamma) / (pi * d * d);
    double gg = g * (2 * ln2 * u * u / (gamma * gamma) - 1) / gamma;
    by[0] = area * ((1 - eta) * lx + eta * gx);
    by[1] = (1 - eta) * l + eta * g;
    by[2] = area * ((1 - eta) * lg + eta * gg);
    by[3] = voigt ? area * (g - l) : 0;
    return area * by[1];
}

/* Sum of squares of a line; the normal equations of the next step. */
static double pass(const double line[4], const float *y, size_t points, bool voigt, double a[4][4],
                   double b[4])
{
    double sum = 0;
    memset(a, 0, 16 * sizeof(double));
    memset(b, 0, 4 * sizeof(double));
    for (size_t k = 0; k < points; ++k) {
        double by[4];
        double r = (double)y[k] - fmx_ref_line_value(line, (double)k, voigt, by);
        sum += r * r;
        for (int i = 0; i < 4; ++i) {
            b[i] += by[i] * r;
            for (int j = 0; j < 4; ++j)
                a[i][j] += by[i] * by[j];
        }
    }
    if (!voigt)
        a[3][3] = 1;
    return sum;
}

/* Gauss with pivots. */
static void solve(double a[4][4], double b[4], double x[4])
{
    for (int c = 0; c < 4; ++c) {
        int pivot = c;
        for (int r = c + 1; r < 4; ++r)
            pivot = fabs(a[r][c]) > fabs(a[pivot][c]) ? r : pivot;
        for (int k = 0; k < 4; ++k) {
            double kept = a[c][k];
            a[c][k] = a[pivot][k];
            a[pivot][k] = kept;
        }
        double kept = b[c];
        b[c] = b[pivot];
        b[pivot] = kept;
        for (int r = c + 1; r < 4; ++r) {
            double f = a[r][c] / a[c][c];
            for (int k = c; k < 4; ++k)
                a[r][k] -= f * a[c][k];
            b[r] -= f * b[c];
        }
    }
    for (int r = 3; r >= 0; --r) {
        x[r] = b[r];
        for (int k = r + 1; k < 4; ++k)
            x[r] -= a[r][k] * x[k];
        x[r] /= a[r][r];
    }
}

/* Half the width at half height as the kernel finds it. */
static double start_width(const float *y, size_t points, size_t peak)
{
    size_t left = peak;
    size_t right = peak;
    while (left > 0 && y[left] > 0.5f * y[peak])
        --left;
    while (right + 1 < points && y[right] > 0.5f * y[peak])
        ++right;
    return fmax(0.5, 0.25 * (double)(right - left));
}

double fmx_ref_line_fit(double line[4], const float *y, size_t points, double step, double least,
                        bool voigt)
{
    enum { ROUNDS = 400 };
    size_t peak = fmx_ref_line_peak(y, points, least);
    double gamma = start_width(y, points, peak);
    double best[4] = {(double)peak, pi * gamma * (double)y[peak], gamma, 0};
    double a[4][4];
    double b[4];
    double damping = 1e-2;
    double sum = pass(best, y, points, voigt, a, b);
    for (int round = 0; round < ROUNDS; ++round) {
        double damped[4][4];
        double next_a[4][4];
        double right[4];
        double next_b[4];
        double x[4];
        memcpy(damped, a, sizeof damped);
        memcpy(right, b, sizeof right);
        for (int i = 0; i < 4; ++i)
            damped[i][i] *= 1 + damping;
        solve(damped, right, x);
        for (int i = 0; i < 4; ++i)
            x[i] += best[i];
        double next = pass(x, y, points, voigt, next_a, next_b);
        if (next < sum) {
            memcpy(best, x, sizeof best);
            memcpy(a, next_a, sizeof a);
            memcpy(b, next_b, sizeof b);
            sum = next;
            damping = fmax(damping * 0.2, 1e-12);
        } else {
            damping = fmin(damping * 8, 1e12);
        }
    }
    double sign = best[2] < 0 ? -1 : 1;
    line[0] = best[0] * step;
    line[1] = sign * best[1] * step;
    line[2] = sign * best[2] * step;
    line[3] = voigt ? best[3] : 0;
    return sum;
}

#include "simulate_height.h"

#include <complex.h>
#include <math.h>

static const double pi = 3.14159265358979323846;

/* integral over 0..T of exp(-(a + i d) t), real part; T in points, a and d per point. */
static double lorentzian(double a, double d, double t)
{
    double complex k = a + I * d;
    if (cabs(k) * t < 1e-9)
        return t;
    return creal((1 - cexp(-k * t)) / k);
}

/* The same with exp(-c t^2), by Simpson's rule: 512 steps over the part that is not yet gone,
 * enough within some widths of the line. */
static double voigt(double a, double c, double d, double t)
{
    enum { STEPS = 512 };
    double end = fmin(t, 6 / sqrt(c));
    end = a > 0 ? fmin(end, 40 / a) : end;
    double h = end / STEPS;
    double sum = 0;
    for (int i = 0; i <= STEPS; ++i) {
        double x = h * i;
        double weight = i == 0 || i == STEPS ? 1 : i % 2 == 1 ? 4 : 2;
        sum += weight * exp(-(a + c * x) * x) * cos(d * x);
    }
    return sum * h / 3;
}

static double reach_of(const fmx__height_of *of, const fmx_synthesis_line *line)
{
    return fmax(10, 30 * (line->width_hz + of->window_hz + of->gaussian_hz));
}

/* Height at hz of the lines from `first` on. exact: with the Gaussian part of near lines (tails
 * have none); otherwise with a Lorentzian of the same width. */
static double height_from(const fmx__height_of *of, const fmx_synthesis_line *line, size_t lines,
                          size_t first, double hz, double reach, bool exact)
{
    double sum = 0;
    double gaussian = pi * of->gaussian_hz / of->sw_hz;
    double curve = gaussian * gaussian / (4 * log(2));
    for (size_t i = first; i < lines && line[i].hz <= hz + reach; ++i) {
        if (line[i].hz < hz - reach)
            continue;
        double width = line[i].width_hz + of->window_hz;
        double d = 2 * pi * (hz - line[i].hz) / of->sw_hz;
        bool near = fabs(hz - line[i].hz) < 5 * (width + of->gaussian_hz);
        if (exact && near && curve > 0)
            sum += line[i].amplitude * voigt(pi * width / of->sw_hz, curve, d, of->points);
        else if (exact)
            sum += line[i].amplitude * lorentzian(pi * width / of->sw_hz, d, of->points);
        else
            sum += line[i].amplitude *
                   lorentzian(pi * (width + of->gaussian_hz) / of->sw_hz, d, of->points);
    }
    return sum;
}

double fmx__height_at(const fmx__height_of *of, const fmx_synthesis_line *line, size_t lines,
                      double hz)
{
    return lines == 0 ? 0 : height_from(of, line, lines, 0, hz, reach_of(of, line), true);
}

double fmx__height_largest(const fmx__height_of *of, const fmx_synthesis_line *line, size_t lines)
{
    if (lines == 0)
        return 0;
    /* the best line and the maximum around it, by golden sections, from cheap heights */
    double reach = reach_of(of, line);
    double best = -INFINITY;
    size_t at = 0;
    size_t first = 0;
    for (size_t i = 0; i < lines; ++i) {
        while (line[first].hz < line[i].hz - reach)
            ++first;
        double height = height_from(of, line, lines, first, line[i].hz, reach, false);
        if (height > best) {
            best = height;
            at = i;
        }
    }
    double span = line[at].width_hz + of->window_hz + of->gaussian_hz;
    double low = line[at].hz - span;
    double high = line[at].hz + span;
    const double golden = 0.6180339887498949;
    for (int step = 0; step < 24; ++step) {
        double x = high - golden * (high - low);
        double y = low + golden * (high - low);
        if (height_from(of, line, lines, 0, x, reach, false) >
            height_from(of, line, lines, 0, y, reach, false))
            high = y;
        else
            low = x;
    }
    return fmax(fmx__height_at(of, line, lines, 0.5 * (low + high)),
                fmx__height_at(of, line, lines, line[at].hz));
}

double fmx__height_noise(double sw_hz, size_t points, double window_hz)
{
    double sum = 0;
    for (size_t n = 0; n < points; ++n)
        sum += exp(-2 * pi * window_hz * (double)n / sw_hz);
    return sqrt(sum);
}

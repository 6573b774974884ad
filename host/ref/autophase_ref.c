#include "autophase_ref.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>

enum { POINTS = 2 * FMX_REF_HALF + 1 };

static const double pi = 3.14159265358979323846;

static double complex point(const float *z, size_t k)
{
    return z[2 * k] + z[2 * k + 1] * I;
}

static double complex turned(double turns)
{
    return cexp(2 * pi * turns * I);
}

static double x_of(const fmx_ref_autophase_row *row, size_t k)
{
    return row->x_first + row->x_step * (double)k;
}

static double complex second(const float *z, size_t k, size_t lag)
{
    return 2 * point(z, k) - point(z, k + lag) - point(z, k - lag);
}

bool fmx_ref_autophase_used(const fmx_ref_autophase_row *row, size_t k, size_t margin)
{
    return k >= row->first && k < row->end && !(k >= row->skip_first && k < row->skip_end) &&
           k >= margin && k + margin < row->m;
}

void fmx_ref_autophase_decimate(double *z, const float *data, const fmx_ref_autophase_row *row)
{
    for (size_t k = 0; k < row->m; ++k) {
        double complex sum = 0;
        for (size_t i = 0; i < row->dec; ++i)
            sum += point(data, k * row->dec + i);
        z[2 * k] = creal(sum) / (double)row->dec;
        z[2 * k + 1] = cimag(sum) / (double)row->dec;
    }
}

void fmx_ref_autophase_difference(double *out, const float *z, const fmx_ref_autophase_row *row,
                                  const double *turns)
{
    size_t lag = turns ? row->lag_fine : row->lag_coarse;
    for (size_t k = 0; k < row->m; ++k) {
        if (!fmx_ref_autophase_used(row, k, lag))
            out[k] = NAN;
        else if (turns)
            out[k] = creal(second(z, k, lag) * turned(-turns[0] - turns[1] * x_of(row, k)));
        else
            out[k] = cabs(second(z, k, lag));
    }
}

void fmx_ref_autophase_blocks(double *moments, const float *z, double median, size_t blocks,
                              const fmx_ref_autophase_row *row)
{
    double s = median / 1.1774;
    for (size_t b = 0; b < blocks; ++b) {
        double complex sum = 0;
        for (size_t k = 32 * b; k < 32 * (b + 1); ++k) {
            if (!fmx_ref_autophase_used(row, k, row->lag_coarse))
                continue;
            double complex g = second(z, k, row->lag_coarse);
            double over = creal(g * conj(g)) - 16 * s * s;
            sum += over > 0 ? sqrt(over) * g : 0;
        }
        moments[2 * b] = creal(sum);
        moments[2 * b + 1] = cimag(sum);
    }
}

void fmx_ref_autophase_start(double turns[2], const float *moments, size_t blocks,
                             const fmx_ref_autophase_row *row)
{
    double best = -INFINITY;
    double total = 0;
    turns[0] = turns[1] = 0;
    for (size_t b = 0; b < blocks; ++b)
        total += cabs(point(moments, b));
    for (int degrees = -180; total > 0 && degrees <= 180; degrees += 2) {
        double complex sum = 0;
        for (size_t b = 0; b < blocks; ++b) {
            double x = row->x_first + row->x_step * (32 * (double)b + 15.5);
            sum += point(moments, b) * turned(-degrees / 360.0 * x);
        }
        double score = cabs(sum) / total - 0.02 * pow(degrees / 80.0, 2);
        if (score > best) {
            best = score;
            turns[0] = carg(sum) / (2 * pi);
            turns[1] = degrees / 360.0;
        }
    }
}

static bool is_peak(const float *d, const fmx_ref_autophase_row *row, size_t k, double least,
                    size_t apart)
{
    if (!(d[k] > least) || !fmx_ref_autophase_used(row, k, FMX_REF_HALF + 2))
        return false;
    for (size_t i = 1; i <= apart; ++i) {
        if ((k >= i && d[k - i] >= d[k]) || (k + i < row->m && d[k + i] > d[k]))
            return false;
    }
    return true;
}

/* Drops the lowest of n peaks, all of them when several are equally low. */
static size_t drop_lowest(size_t *centres, size_t n, const float *d)
{
    float lowest = d[centres[0]];
    size_t kept = 0;
    for (size_t i = 1; i < n; ++i)
        lowest = d[centres[i]] < lowest ? d[centres[i]] : lowest;
    for (size_t i = 0; i < n; ++i) {
        if (d[centres[i]] > lowest)
            centres[kept++] = centres[i];
    }
    return kept;
}

size_t fmx_ref_autophase_peaks(size_t *centres, const float *d, double least, size_t apart,
                               const fmx_ref_autophase_row *row)
{
    size_t n = 0;
    for (size_t k = 0; k < row->m; ++k) {
        if (is_peak(d, row, k, least, apart))
            centres[n++] = k;
        if (n > FMX_REF_LINES)
            n = drop_lowest(centres, n, d);
    }
    return n;
}

/* Takes mean and slope out of a window. */
static void level(double complex *v)
{
    double complex mean = 0;
    double complex slope = 0;
    double norm = 0;
    for (int n = 0; n < POINTS; ++n) {
        double at = n - FMX_REF_HALF;
        mean += v[n] / POINTS;
        slope += at * v[n];
        norm += at * at;
    }
    for (int n = 0; n < POINTS; ++n)
        v[n] -= mean + slope / norm * (n - FMX_REF_HALF);
}

static double complex product(const double complex *a, const double complex *b)
{
    double complex sum = 0;
    for (int n = 0; n < POINTS; ++n)
        sum += conj(a[n]) * b[n];
    return sum;
}

void fmx_ref_autophase_window(double *window, fmx_ref_line *line, const float *z, size_t centre,
                              const double turns[2], const fmx_ref_autophase_row *row)
{
    double complex v[POINTS];
    double complex g[POINTS];
    *line = (fmx_ref_line){.w_hz = 0.6, .variance = 1e6};
    line->turns = turns[0] + turns[1] * x_of(row, centre);
    for (int n = 0; n < POINTS; ++n) {
        v[n] = point(z, centre + (size_t)n - FMX_REF_HALF);
        g[n] = 1 / (line->w_hz + (FMX_REF_HALF - n) * row->h_hz * I);
    }
    level(v);
    for (int n = 0; n < POINTS; ++n) {
        window[2 * n] = creal(v[n]);
        window[2 * n + 1] = cimag(v[n]);
        v[n] *= turned(-line->turns);
    }
    level(g);
    double a = creal(product(g, v)) / creal(product(g, g));
    line->a = 0.7 * fmax(a, 0);
}

static double clipped(double x, double most)
{
    return fmin(fmax(x, -most), most);
}

fmx_ref_line fmx_ref_autophase_fit(const fmx_ref_line *line, const size_t *centres, size_t n,
                                   size_t i, const double *window, double noise, bool moves,
                                   const fmx_ref_autophase_row *row)
{
    double complex r[POINTS];
    double complex g[POINTS];
    double complex g2[POINTS];
    fmx_ref_line own = line[i];
    double reach = floor(90 / row->h_hz);
    for (int p = 0; p < POINTS; ++p) {
        double f = (FMX_REF_HALF - p) * row->h_hz;
        r[p] = window[2 * p] + window[2 * p + 1] * I;
        for (size_t j = 0; j < n; ++j) {
            double apart = (double)centres[j] - (double)centres[i];
            double complex z = line[j].w_hz + (f + row->h_hz * apart - line[j].f_hz) * I;
            if (fabs(apart) <= reach)
                r[p] -= line[j].a * turned(line[j].turns) / z;
        }
        r[p] *= turned(-own.turns);
        g[p] = 1 / (own.w_hz + (f - own.f_hz) * I);
        g2[p] = g[p] * g[p];
    }
    level(r);
    level(g);
    level(g2);
    double gg = 1.02 * creal(product(g, g));
    double hh = 1.02 * creal(product(g2, g2));
    double complex gh = product(g, g2);
    double complex gr = product(g, r);
    double complex hr = product(g2, r);
    double determinant = gg * hh - creal(gh * conj(gh));
    double complex alpha = (hh * gr - gh * hr) / determinant;
    double complex beta = (gg * hr - conj(gh) * gr) / determinant;
    double inverse = own.a > 0 ? 1 / own.a : 0;
    double information = determinant / hh * own.a * own.a;
    double spread = noise * noise + 1.5 * creal(product(r, r)) / POINTS;
    own.error_rad = clipped(cimag(alpha) * inverse, 1);
    own.variance = 1e6;
    if (information > 0)
        own.variance = fmin(spread / information + pow(0.4 * pi / 180, 2), 1e6);
    own.a = fmax(own.a + 0.7 * creal(alpha), 0);
    if (moves) {
        own.f_hz = clipped(own.f_hz + 0.7 * clipped(cimag(beta) * inverse, 0.2), 1);
        own.w_hz = fmin(fmax(own.w_hz - 0.7 * clipped(creal(beta) * inverse, 0.2), 0.25), 3);
    }
    return own;
}

void fmx_ref_autophase_update(double turns[2], const fmx_ref_line *line, const size_t *centres,
                              size_t n, double prior_rad, const fmx_ref_autophase_row *row)
{
    double sum = 0;
    double x_mean = 0;
    double e_mean = 0;
    double xx = 0;
    double xe = 0;
    if (n == 0)
        return;
    for (int pass = 0; pass < 2; ++pass) {
        for (size_t i = 0; i < n; ++i) {
            double x = x_of(row, centres[i]);
            double e = line[i].error_rad;
            double weight = 21 / ((20 + e * e / line[i].variance) * line[i].variance);
            weight /= 1 + exp((2 - 1 / sqrt(line[i].variance)) / 0.3);
            if (pass == 0) {
                sum += weight;
                x_mean += weight * x;
                e_mean += weight * e;
            } else {
                xx += weight * (x - x_mean) * (x - x_mean);
                xe += weight * (x - x_mean) * e;
            }
        }
        x_mean /= pass == 0 ? sum : 1;
        e_mean /= pass == 0 ? sum : 1;
    }
    double prior = 1 / (prior_rad * prior_rad);
    double slope = (xe - 2 * pi * turns[1] * prior) / (xx + prior);
    turns[0] += 0.7 * (e_mean - slope * x_mean) / (2 * pi);
    turns[1] += 0.7 * slope / (2 * pi);
}

void fmx_ref_autophase_rest(double *rest, const float *z, const fmx_ref_line *line,
                            const size_t *centres, size_t n, const fmx_ref_autophase_row *row)
{
    for (size_t k = 0; k < row->m; ++k) {
        double complex v = point(z, k);
        double near = 0;
        for (size_t i = 0; i < n; ++i) {
            double f = row->h_hz * ((double)centres[i] - (double)k);
            v -= line[i].a * turned(line[i].turns) / (line[i].w_hz + (f - line[i].f_hz) * I);
            near += line[i].a / (1 + f * f / 25);
        }
        rest[k] = creal(v);
        rest[k + row->m] = cimag(v);
        rest[k + 2 * row->m] = near;
    }
}

/* Normal equations of amplitude, mean and slope, mean and slope eliminated. */
void fmx_ref_autophase_seek(double *out, const float *rest, size_t stride, const double turns[2],
                            const fmx_ref_autophase_row *row)
{
    enum { HALF = FMX_REF_TAPS_HALF, COUNT = 2 * HALF + 1 };
    for (size_t k = 0; k < row->m; ++k) {
        double complex r_mean = 0, r_slope = 0, g_mean = 0, g_slope = 0, gr = 0;
        double gg = 0, squares = 0;
        out[k] = NAN;
        if (!fmx_ref_autophase_used(row, k, HALF))
            continue;
        for (int n = -HALF; n <= HALF; ++n) {
            size_t at = (size_t)((long)k + n);
            double complex r = rest[at] + rest[at + stride] * I;
            double complex g = 1 / (0.7 - n * row->h_hz * I);
            r_mean += r / COUNT;
            r_slope += n * r;
            g_mean += g / COUNT;
            g_slope += n * g;
            gr += conj(g) * r;
            gg += creal(g * conj(g));
            squares += n * n;
        }
        gr -= COUNT * conj(g_mean) * r_mean + conj(g_slope) * r_slope / squares;
        gg -= COUNT * creal(g_mean * conj(g_mean)) + creal(g_slope * conj(g_slope)) / squares;
        gr *= turned(-turns[0] - turns[1] * x_of(row, k));
        out[k] = creal(gr) / gg - 0.02 * rest[k + 2 * stride];
    }
}

double fmx_ref_autophase_cubes(const float *z, const double turns[2],
                               const fmx_ref_autophase_row *row)
{
    double sum = 0;
    for (size_t k = 0; k < row->m; ++k) {
        if (fmx_ref_autophase_used(row, k, row->lag_coarse))
            sum += pow(
                creal(second(z, k, row->lag_coarse) * turned(-turns[0] - turns[1] * x_of(row, k))),
                3);
    }
    return sum;
}

double fmx_ref_autophase_acme(const float *z, size_t n, const double turns[2])
{
    double total = 0;
    double entropy = 0;
    double penalty = 0;
    double largest = -INFINITY;
    for (int pass = 0; pass < 2; ++pass) {
        double before = 0;
        for (size_t j = 0; j < n; ++j) {
            double x = (double)j / (double)n;
            double re = creal(point(z, j) * turned(-turns[0] - turns[1] * x));
            double d = j > 0 ? fabs(re - before) / 2 : 0;
            before = re;
            if (pass == 0) {
                total += d;
                penalty += re < 0 ? re * re : 0;
                largest = fmax(largest, re);
            } else if (d > 0) {
                entropy -= d / total * log(d / total);
            }
        }
    }
    return (entropy + 1000 * penalty) / (double)n / largest;
}

double fmx_ref_autophase_negative(const float *z, const double turns[2],
                                  const fmx_ref_autophase_row *row)
{
    double sum = 0;
    for (size_t k = row->first; k < row->end; ++k)
        sum -= fmin(creal(point(z, k) * turned(-turns[0] - turns[1] * x_of(row, k))), 0);
    return sum;
}

void fmx_ref_autophase_leveled(double *out, const float *z, double median,
                               const fmx_ref_autophase_row *row)
{
    double s = median / 1.1774;
    for (size_t k = 0; k < row->m; ++k) {
        double complex sum = 0;
        double weights = 0;
        size_t block = k / 32;
        size_t from = block < 9 ? 0 : 32 * (block - 9);
        bool used = fmx_ref_autophase_used(row, k, row->lag_coarse);
        for (size_t i = from; used && i < row->m && i < 32 * (block + 10); ++i) {
            if (!fmx_ref_autophase_used(row, i, row->lag_coarse))
                continue;
            double g = cabs(second(z, i, row->lag_coarse)) / (3 * s);
            double w = 1 / pow(1 + g * g, 2);
            sum += w * point(z, i);
            weights += w;
        }
        double complex value = used ? point(z, k) - sum / weights : 0;
        out[2 * k] = creal(value);
        out[2 * k + 1] = cimag(value);
    }
}

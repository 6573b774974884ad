#include "line_match.h"

#include <math.h>
#include <stdlib.h>

static const double reach_ppm = 0.04;      /* to either side */
static const double quantile = 0.15;       /* of the ratios */
static const double least_sigmas = 6;      /* that a multiplet must rise above the noise */
static const double bandwidth_ppm = 0.002; /* of the histogram of places */
static const double single_weight = 0.3;
static const double clear_mode = 2;       /* of the mean */
static const double expected_sigmas = 10; /* from which on a multiplet must be seen, */
static const double seen_sigmas = 4;      /* and what must be there of it */

/* What a search over one spectrum needs. */
struct fmx__line_search {
    const fmx__line_library *library;
    const float *spectrum;
    double *top;   /* [points] each the highest of a point and its two neighbours */
    double *ratio; /* [points] */
    double *amplitude;
    size_t reach; /* points to either side; amplitude[2 reach + 1] */
    double sigma;
};

/* ---- one multiplet in one spectrum ------------------------------------------------------------
 */

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Standard deviation of the noise: most of a spectrum is baseline, so the median distance from the
 * median tells; zeros stand for what was cut out. Uses s->ratio. */
static double noise_of(const fmx__line_search *s, const float *spectrum)
{
    size_t n = 0;
    for (size_t j = 0; j < s->library->points; ++j) {
        if (spectrum[j] != 0)
            s->ratio[n++] = (double)spectrum[j];
    }
    if (n == 0)
        return 0;
    qsort(s->ratio, n, sizeof *s->ratio, ascending);
    double middle = s->ratio[n / 2];
    for (size_t j = 0; j < n; ++j)
        s->ratio[j] = fabs(s->ratio[j] - middle);
    qsort(s->ratio, n, sizeof *s->ratio, ascending);
    return s->ratio[n / 2] / 0.6745;
}

void fmx__line_search_close(fmx__line_search *s)
{
    if (s == NULL)
        return;
    free(s->top);
    free(s->ratio);
    free(s->amplitude);
    free(s);
}

static fmx_status fill_search(fmx_context *ctx, const fmx__line_library *l, const float *spectrum,
                              fmx__line_search *s)
{
    *s = (fmx__line_search){
        .library = l, .spectrum = spectrum, .reach = (size_t)(reach_ppm / l->step_ppm)};
    fmx_status status = fmx__alloc(ctx, l->points, sizeof *s->top, "a spectrum", &s->top);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, l->points, sizeof *s->ratio, "a spectrum", &s->ratio);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 2 * s->reach + 1, sizeof *s->amplitude, "shifts", &s->amplitude);
    if (status != FMX_OK)
        return status;
    s->sigma = noise_of(s, spectrum);
    for (size_t j = 0; j < l->points; ++j) {
        size_t before = j > 0 ? j - 1 : 0;
        size_t behind = j + 1 < l->points ? j + 1 : j;
        s->top[j] = (double)fmaxf(fmaxf(spectrum[before], spectrum[behind]), spectrum[j]);
    }
    return FMX_OK;
}

fmx_status fmx__line_search_open(fmx_context *ctx, const fmx__line_library *library,
                                 const float *spectrum, fmx__line_search **out)
{
    fmx__line_search *s = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *s, "a search", &s);
    if (status == FMX_OK)
        status = fill_search(ctx, library, spectrum, s);
    if (status == FMX_OK)
        *out = s;
    else
        fmx__line_search_close(s);
    return status;
}

/* Amplitude of a multiplet whose points lie `up` points higher in ppm. */
static double amplitude_at(const fmx__line_search *s, const fmx__multiplet *m, ptrdiff_t up)
{
    const fmx__line_library *l = s->library;
    size_t n = 0;
    for (size_t i = 0; i < m->count; ++i) {
        double height = l->height[m->first + i];
        ptrdiff_t at = (ptrdiff_t)(m->point + i) - up;
        bool there = at >= 0 && (size_t)at < l->points;
        if (height > FMX__LINE_COUNTED * m->highest)
            s->ratio[n++] = there ? s->top[at] / height : 0;
    }
    qsort(s->ratio, n, sizeof *s->ratio, ascending);
    return s->ratio[(size_t)(quantile * (double)(n - 1))];
}

/* Weight of a multiplet at a place: the eighth power of its correlation with the spectrum. */
static double weight_at(const fmx__line_search *s, const fmx__multiplet *m, ptrdiff_t up)
{
    const fmx__line_library *l = s->library;
    double n = 0;
    double x = 0;
    double y = 0;
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (size_t i = 0; i < m->count; ++i) {
        ptrdiff_t at = (ptrdiff_t)(m->point + i) - up;
        if (at < 0 || (size_t)at >= l->points)
            continue;
        double a = l->height[m->first + i];
        double b = (double)s->spectrum[at];
        n += 1;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    double spread = (n * xx - x * x) * (n * yy - y * y);
    double r = spread > 0 ? (n * xy - x * y) / sqrt(spread) : 0;
    return r > 0 ? pow(r, 8) : 0;
}

static double no_prior(double shift_ppm)
{
    (void)shift_ppm;
    return 1;
}

static double usual_prior(double shift_ppm)
{
    double near = shift_ppm / 0.006;
    double far = shift_ppm / 0.022;
    return 0.65 / 0.006 * exp(-0.5 * near * near) + 0.35 / 0.022 * exp(-0.5 * far * far);
}

/* Where a multiplet lies, with its weight; false where it does not rise above the noise. */
static bool place(const fmx__line_search *s, const fmx__multiplet *m, double (*prior)(double),
                  double *shift_ppm, double *weight)
{
    const fmx__line_library *l = s->library;
    size_t count = 2 * s->reach + 1;
    size_t best = 0;
    for (size_t k = 0; k < count; ++k) {
        ptrdiff_t up = (ptrdiff_t)k - (ptrdiff_t)s->reach;
        s->amplitude[k] = amplitude_at(s, m, up) * prior((double)up * l->step_ppm);
        if (s->amplitude[k] > s->amplitude[best])
            best = k;
    }
    ptrdiff_t up = (ptrdiff_t)best - (ptrdiff_t)s->reach;
    if (!(amplitude_at(s, m, up) * m->highest > least_sigmas * s->sigma) ||
        !(s->amplitude[best] > 0))
        return false;
    double between = 0;
    if (best > 0 && best + 1 < count) {
        double a = s->amplitude[best - 1];
        double b = s->amplitude[best];
        double c = s->amplitude[best + 1];
        double curve = a - 2 * b + c;
        between = curve < 0 ? 0.5 * (a - c) / curve : 0;
    }
    *shift_ppm = ((double)up + between) * l->step_ppm;
    *weight = weight_at(s, m, up) * (m->lines ? 1 : single_weight);
    return true;
}

/* ---- a spectrum -------------------------------------------------------------------------------
 */

/* The mode of weighted places, on a grid of a quarter of the bandwidth, and its ratio to the mean.
 */
static double mode_of(const double *at, const double *weight, size_t count, double *ratio)
{
    double best = 0;
    double most = 0;
    double sum = 0;
    size_t steps = (size_t)(8 * reach_ppm / bandwidth_ppm);
    for (size_t k = 0; k <= steps; ++k) {
        double x = -reach_ppm + 2 * reach_ppm * (double)k / (double)steps;
        double density = 0;
        for (size_t i = 0; i < count; ++i) {
            double d = (at[i] - x) / bandwidth_ppm;
            density += weight[i] * exp(-0.5 * d * d);
        }
        sum += density;
        if (density > most) {
            most = density;
            best = x;
        }
    }
    *ratio = sum > 0 ? most * (double)(steps + 1) / sum : 0;
    return best;
}

fmx_status fmx__line_offset(fmx_context *ctx, const fmx__line_library *library,
                            const float *spectrum, double *offset_ppm, bool *clear)
{
    fmx__line_search *s = NULL;
    double *at = NULL;
    double *weight = NULL;
    size_t count = 0;
    double ratio = 0;
    *offset_ppm = 0;
    *clear = false;
    fmx_status status = fmx__alloc(ctx, library->multiplets, sizeof *at, "places", &at);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, library->multiplets, sizeof *weight, "places", &weight);
    if (status == FMX_OK)
        status = fmx__line_search_open(ctx, library, spectrum, &s);
    for (size_t i = 0; status == FMX_OK && i < library->multiplets; ++i) {
        const fmx__multiplet *m = &library->multiplet[i];
        count += place(s, m, no_prior, &at[count], &weight[count]);
    }
    if (status == FMX_OK && count > 0) {
        double mode = mode_of(at, weight, count, &ratio);
        *clear = ratio >= clear_mode;
        *offset_ppm = *clear ? mode : 0;
    }
    fmx__line_search_close(s);
    free(weight);
    free(at);
    return status;
}

void fmx__line_shifts(fmx__line_search *search, const size_t *wanted, size_t wanted_count,
                      double *shift_ppm)
{
    const fmx__line_library *library = search->library;
    for (size_t w = 0; w < wanted_count; ++w) {
        double sum = 0;
        double area = 0;
        for (size_t i = 0; i < library->multiplets; ++i) {
            const fmx__multiplet *m = &library->multiplet[i];
            double shift = 0;
            double weight = 0;
            if (m->compound != wanted[w] || !place(search, m, usual_prior, &shift, &weight))
                continue;
            sum += shift * m->area * weight;
            area += m->area * weight;
        }
        shift_ppm[w] = area > 0 ? sum / area : NAN;
    }
}

/* The largest amplitude of a multiplet within reach of its place. */
static double strongest(const fmx__line_search *s, const fmx__multiplet *m)
{
    double most = 0;
    for (size_t k = 0; k < 2 * s->reach + 1; ++k)
        most = fmax(most, amplitude_at(s, m, (ptrdiff_t)k - (ptrdiff_t)s->reach));
    return most;
}

/* Sum of the points above the noise. */
static double signal_of(const fmx__line_search *s)
{
    double sum = 0;
    for (size_t j = 0; j < s->library->points; ++j)
        sum += (double)s->spectrum[j] > 5 * s->sigma ? (double)s->spectrum[j] : 0;
    return sum;
}

static fmx__line_support support_of(const fmx__line_search *s, size_t compound, double signal)
{
    const fmx__line_library *l = s->library;
    const fmx__multiplet *tallest = NULL;
    fmx__line_support out = {0};
    double area = 0;
    for (size_t i = 0; i < l->multiplets; ++i) {
        const fmx__multiplet *m = &l->multiplet[i];
        if (m->compound != compound)
            continue;
        ++out.multiplets;
        out.single_line = out.multiplets == 1 && !m->lines;
        area += m->area;
        if (tallest == NULL || m->highest > tallest->highest)
            tallest = m;
    }
    double amount = tallest != NULL ? strongest(s, tallest) : 0;
    for (size_t i = 0; i < l->multiplets; ++i) {
        const fmx__multiplet *m = &l->multiplet[i];
        if (m->compound != compound || m == tallest ||
            !(amount * m->highest > expected_sigmas * s->sigma))
            continue;
        out.lacking += strongest(s, m) * m->highest < seen_sigmas * s->sigma;
    }
    out.explained = signal > 0 ? amount * area / signal : 0;
    return out;
}

void fmx__line_supports(fmx__line_search *search, const size_t *wanted, size_t wanted_count,
                        fmx__line_support *support)
{
    double signal = signal_of(search);
    for (size_t w = 0; w < wanted_count; ++w)
        support[w] = support_of(search, wanted[w], signal);
}

void fmx__line_move(float *spectrum, size_t points, double step_ppm, double offset_ppm)
{
    double up = offset_ppm / step_ppm; /* point j becomes what lay at j - up */
    double whole = floor(-up);
    double rest = -up - whole;
    ptrdiff_t by = (ptrdiff_t)whole;
    for (size_t k = 0; k < points; ++k) {
        size_t j = by >= 0 ? k : points - 1 - k; /* what is read has not been written yet */
        ptrdiff_t from = (ptrdiff_t)j + by;
        bool here = from >= 0 && (size_t)from < points;
        bool next = from + 1 >= 0 && (size_t)(from + 1) < points;
        double a = here ? (double)spectrum[from] : 0;
        double b = next ? (double)spectrum[from + 1] : 0;
        spectrum[j] = (float)(a + rest * (b - a));
    }
}

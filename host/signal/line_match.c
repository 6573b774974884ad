#include "line_match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fidmix/dataset.h"
#include "fidmix/library.h"
#include "labels.h"
#include "library_file.h"

static const double gap_ppm = 0.025;       /* between multiplets */
static const double reach_ppm = 0.04;      /* to either side */
static const double counted = 0.3;         /* of the highest point */
static const double signal_from = 0.02;    /* of a library spectrum's highest point */
static const double quantile = 0.15;       /* of the ratios */
static const double least_sigmas = 6;      /* that a multiplet must rise above the noise */
static const double bandwidth_ppm = 0.002; /* of the histogram of places */
static const double single_weight = 0.3;
static const double clear_mode = 2;     /* of the mean */
static const double line_hz = 1.3;      /* width of lines drawn from a library */
static const double margin_ppm = 0.006; /* around a multiplet, for its correlation */

/* What a search over one spectrum needs. */
typedef struct search {
    const fmx__line_library *library;
    const float *spectrum;
    double *top;   /* [points] each the highest of a point and its two neighbours */
    double *ratio; /* [points] */
    double *amplitude;
    size_t reach; /* points to either side; amplitude[2 reach + 1] */
    double sigma;
} search;

/* ---- the library ------------------------------------------------------------------------------
 */

void fmx__line_library_clear(fmx__line_library *library)
{
    free(library->multiplet);
    free(library->height);
    *library = (fmx__line_library){0};
}

/* The multiplet of points [first, end) of a compound's spectrum. */
static fmx_status add_multiplet(fmx_context *ctx, fmx__line_library *l, size_t compound,
                                const double *x, size_t first, size_t end)
{
    size_t margin = (size_t)(margin_ppm / l->step_ppm);
    size_t from = first > margin ? first - margin : 0;
    size_t to = end + margin < l->points ? end + margin : l->points;
    size_t lines = 0;
    fmx__multiplet m = {
        .compound = compound, .point = from, .count = to - from, .first = l->heights};
    fmx_status status = FMX_OK;
    if (l->heights + m.count > l->height_capacity)
        status = fmx__grow(ctx, &l->height, &l->height_capacity, 2 * (l->heights + m.count),
                           sizeof *l->height, "the lines of a library");
    if (status == FMX_OK && l->multiplets == l->multiplet_capacity)
        status = fmx__grow(ctx, &l->multiplet, &l->multiplet_capacity, 2 * l->multiplets + 64,
                           sizeof *l->multiplet, "the multiplets of a library");
    if (status != FMX_OK)
        return status;
    memcpy(l->height + l->heights, x + from, m.count * sizeof *x);
    l->heights += m.count;
    for (size_t j = first; j < end; ++j) {
        m.highest = fmax(m.highest, x[j]);
        m.area += x[j];
    }
    for (size_t j = from; j < to; ++j) {
        bool above = x[j] > counted * m.highest;
        m.counted += above;
        lines += above && (j == from || x[j] > x[j - 1]) && (j + 1 == to || x[j] >= x[j + 1]);
    }
    m.lines = lines > 1;
    l->multiplet[l->multiplets++] = m;
    return FMX_OK;
}

static fmx_status cut(fmx_context *ctx, fmx__line_library *l, size_t compound, const double *x)
{
    size_t gap = (size_t)(gap_ppm / l->step_ppm) + 1;
    double top = 0;
    fmx_status status = FMX_OK;
    for (size_t j = 0; j < l->points; ++j)
        top = fmax(top, x[j]);
    for (size_t j = 0; status == FMX_OK && top > 0 && j < l->points;) {
        if (!(x[j] > signal_from * top)) {
            ++j;
            continue;
        }
        size_t end = j + 1; /* behind the last point with signal */
        for (size_t k = end; k < l->points && k < end + gap; ++k)
            end = x[k] > signal_from * top ? k + 1 : end;
        status = add_multiplet(ctx, l, compound, x, j, end);
        j = end;
    }
    return status;
}

static fmx_status check_axis(fmx_context *ctx, const char *path, const fmx_dataset_info *set,
                             const double *ppm, size_t points)
{
    double step = fabs(ppm[0] - ppm[points - 1]) / (double)(points - 1);
    if (set->points == points && fabs(set->ppm[0] - ppm[0]) < 0.5 * step &&
        fabs(set->ppm[points - 1] - ppm[points - 1]) < 0.5 * step)
        return FMX_OK;
    return fmx__fail(ctx, FMX_ERROR_FORMAT,
                     "%s: %zu points, %g to %g ppm, but the model's axis has %zu, %g to %g ppm; "
                     "process the library's FIDs with the model's recipe",
                     path, set->points, set->points > 0 ? set->ppm[0] : 0.0,
                     set->points > 0 ? set->ppm[set->points - 1] : 0.0, points, ppm[0],
                     ppm[points - 1]);
}

/* Adds row `row` to sum[points], its highest point as 1. */
static fmx_status add_row(fmx_dataset *dataset, size_t row, size_t points, float *spectrum,
                          double *sum)
{
    float top = 0;
    fmx_status status = fmx_dataset_read_spectra(dataset, row, 1, spectrum);
    for (size_t j = 0; status == FMX_OK && j < points; ++j)
        top = fmaxf(top, spectrum[j]);
    for (size_t j = 0; status == FMX_OK && top > 0 && j < points; ++j)
        sum[j] += (double)spectrum[j] / (double)top;
    return status;
}

static fmx_status read_compounds(fmx_context *ctx, fmx_dataset *dataset, const char *const *name,
                                 fmx__line_library *out)
{
    const fmx_dataset_info *set = fmx_dataset_describe(dataset);
    char **row_name = NULL;
    float *spectrum = NULL;
    double *sum = NULL;
    fmx_status status = fmx__alloc(ctx, out->points, sizeof *spectrum, "a spectrum", &spectrum);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->points, sizeof *sum, "a spectrum", &sum);
    if (status == FMX_OK)
        status = fmx_dataset_read_text(dataset, "name", 0, set->rows, &row_name);
    for (size_t c = 0; status == FMX_OK && c < out->compounds; ++c) {
        memset(sum, 0, out->points * sizeof *sum);
        for (size_t row = 0; status == FMX_OK && row < set->rows; ++row) {
            if (strcmp(row_name[row], name[c]) == 0)
                status = add_row(dataset, row, out->points, spectrum, sum);
        }
        if (status == FMX_OK)
            status = cut(ctx, out, c, sum);
    }
    free(sum);
    free(spectrum);
    free(row_name);
    return status;
}

/* ---- from lines -------------------------------------------------------------------------------
 */

/* The entry of a compound; NULL: there is none. */
static const fmx_library_entry *entry_of(const fmx_library *from, const char *name)
{
    size_t compound = 0;
    if (fmx_library_find(from, name, &compound))
        return &from->entry[from->compound[compound].first_entry];
    for (size_t i = 0; i < from->entries; ++i) {
        if (fmx__same_compound(name, from->entry[i].name, strlen(from->entry[i].name)))
            return &from->entry[i];
    }
    return NULL;
}

/* Adds a Lorentzian, as far as it is above a thousandth of its height, to x[points]. */
static void add_line(double *x, size_t points, double centre, double half_width, double height)
{
    double reach = 32 * half_width;
    double from = fmax(0, ceil(centre - reach));
    double to = fmin((double)points - 1, floor(centre + reach));
    if (!(from <= to))
        return;
    for (size_t j = (size_t)from; j <= (size_t)to; ++j) {
        double d = ((double)j - centre) / half_width;
        x[j] += height / (1 + d * d);
    }
}

static void draw_entry(const fmx_library *from, const fmx_library_entry *entry, double first_ppm,
                       const fmx__line_library *l, double *x)
{
    double half_width = 0.5 * line_hz / from->field_mhz / l->step_ppm;
    memset(x, 0, l->points * sizeof *x);
    for (size_t m = 0; m < entry->multiplet_count; ++m) {
        const fmx_library_multiplet *multiplet = &from->multiplet[entry->first_multiplet + m];
        for (size_t k = 0; k < multiplet->line_count; ++k) {
            size_t line = multiplet->first_line + k;
            add_line(x, l->points, (first_ppm - from->line_ppm[line]) / l->step_ppm, half_width,
                     (double)from->line_protons[line]);
        }
    }
}

static fmx_status read_lines(fmx_context *ctx, const char *path, const char *const *name,
                             double first_ppm, fmx__line_library *out)
{
    fmx_library *from = NULL;
    double *x = NULL;
    fmx_status status = fmx_library_read(ctx, path, &from);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->points, sizeof *x, "a spectrum", &x);
    for (size_t c = 0; status == FMX_OK && c < out->compounds; ++c) {
        const fmx_library_entry *entry = entry_of(from, name[c]);
        if (entry == NULL)
            continue;
        draw_entry(from, entry, first_ppm, out, x);
        status = cut(ctx, out, c, x);
    }
    free(x);
    fmx_library_release(from);
    return status;
}

fmx_status fmx__line_library_read(fmx_context *ctx, const char *path, const char *const *name,
                                  size_t compounds, const double *ppm, size_t points,
                                  fmx__line_library *out)
{
    fmx_dataset *dataset = NULL;
    *out = (fmx__line_library){.compounds = compounds,
                               .points = points,
                               .step_ppm = fabs(ppm[0] - ppm[points - 1]) / (double)(points - 1)};
    bool lines = fmx__library_is(ctx, path);
    fmx_context_clear(ctx); /* what else it is shows below */
    fmx_status status =
        lines ? read_lines(ctx, path, name, ppm[0], out) : fmx_dataset_open(ctx, path, &dataset);
    if (status == FMX_OK && !lines)
        status = check_axis(ctx, path, fmx_dataset_describe(dataset), ppm, points);
    if (status == FMX_OK && !lines)
        status = read_compounds(ctx, dataset, name, out);
    fmx_dataset_close(dataset);
    if (status == FMX_OK && out->multiplets == 0)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: none of the %zu compounds that the model knows; give a library "
                           "(fidmix library) or a dataset of pure spectra with their names",
                           path, compounds);
    return status;
}

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
static double noise_of(const search *s, const float *spectrum)
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

static void close_search(search *s)
{
    free(s->top);
    free(s->ratio);
    free(s->amplitude);
}

static fmx_status open_search(fmx_context *ctx, const fmx__line_library *l, const float *spectrum,
                              search *s)
{
    *s = (search){.library = l, .spectrum = spectrum, .reach = (size_t)(reach_ppm / l->step_ppm)};
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

/* Amplitude of a multiplet whose points lie `up` points higher in ppm. */
static double amplitude_at(const search *s, const fmx__multiplet *m, ptrdiff_t up)
{
    const fmx__line_library *l = s->library;
    size_t n = 0;
    for (size_t i = 0; i < m->count; ++i) {
        double height = l->height[m->first + i];
        ptrdiff_t at = (ptrdiff_t)(m->point + i) - up;
        bool there = at >= 0 && (size_t)at < l->points;
        if (height > counted * m->highest)
            s->ratio[n++] = there ? s->top[at] / height : 0;
    }
    qsort(s->ratio, n, sizeof *s->ratio, ascending);
    return s->ratio[(size_t)(quantile * (double)(n - 1))];
}

/* Weight of a multiplet at a place: the eighth power of its correlation with the spectrum. */
static double weight_at(const search *s, const fmx__multiplet *m, ptrdiff_t up)
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
static bool place(const search *s, const fmx__multiplet *m, double (*prior)(double),
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
    search s = {0};
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
        status = open_search(ctx, library, spectrum, &s);
    for (size_t i = 0; status == FMX_OK && i < library->multiplets; ++i) {
        const fmx__multiplet *m = &library->multiplet[i];
        count += place(&s, m, no_prior, &at[count], &weight[count]);
    }
    if (status == FMX_OK && count > 0) {
        double mode = mode_of(at, weight, count, &ratio);
        *clear = ratio >= clear_mode;
        *offset_ppm = *clear ? mode : 0;
    }
    close_search(&s);
    free(weight);
    free(at);
    return status;
}

fmx_status fmx__line_shifts(fmx_context *ctx, const fmx__line_library *library,
                            const float *spectrum, const size_t *wanted, size_t wanted_count,
                            double *shift_ppm)
{
    search s = {0};
    fmx_status status = open_search(ctx, library, spectrum, &s);
    for (size_t w = 0; status == FMX_OK && w < wanted_count; ++w) {
        double sum = 0;
        double area = 0;
        for (size_t i = 0; i < library->multiplets; ++i) {
            const fmx__multiplet *m = &library->multiplet[i];
            double shift = 0;
            double weight = 0;
            if (m->compound != wanted[w] || !place(&s, m, usual_prior, &shift, &weight))
                continue;
            sum += shift * m->area * weight;
            area += m->area * weight;
        }
        shift_ppm[w] = area > 0 ? sum / area : NAN;
    }
    close_search(&s);
    return status;
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

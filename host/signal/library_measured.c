/* Measured spectra of pure compounds as entries of a library: each point above the noise becomes a
 * narrow line, and the entry remembers how wide its lines are already. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base.h"
#include "library_file.h"
#include "library_pen.h"

/* What counts as signal: as many sigmas of the noise, and this share of the highest point (foot of
 * tall lines, impurities). */
static const double least_sigmas = 5;
static const double least_height = 0.002;

/* A multiplet of a smaller share of the area is left out: satellites of 13C are 0.55 % of their
 * line each. */
static const double least_share = 0.01;

/* Lines that widths are measured of are this many times the threshold. */
static const double sure = 5;

static const double usual_gap_ppm = 0.025;
static const double widest_coupling_hz = 18;
static const double field_tolerance = 0.01;

/* The CH2 groups of DSS, two protons each beside the nine at 0 ppm. */
static const double dss_ppm[] = {0.627, 1.755, 2.909};
static const double dss_near_ppm = 0.03;
static const double dss_share = 2.0 / 9;

/* A spectrum cut into multiplets: its points by rising ppm. */
typedef struct cut {
    double *ppm; /* [lines] */
    double *area;
    size_t lines;
    size_t *first; /* [multiplets + 1], of lines */
    size_t multiplets;
    double width_hz;
    double scale;    /* protons of an area of 1 */
    size_t compound; /* of the library to be */
} cut;               /* without lines: left out */

typedef struct merge {
    fmx_context *ctx;
    const fmx_library *base; /* NULL: none */
    const fmx_library_spectrum *spectrum;
    size_t count;
    const fmx_library_measured *options;
    double field_mhz;
    double gap_ppm;
    cut *cut;          /* [count] */
    const char **name; /* [compounds] */
    size_t compounds;
} merge;

/* ---- cutting --------------------------------------------------------------------------------- */

static bool is_left_out(const fmx_library_measured *o, double ppm)
{
    for (size_t i = 0; i < o->left_out_count; ++i) {
        if (ppm >= o->left_out[i].low_ppm && ppm <= o->left_out[i].high_ppm)
            return true;
    }
    return false;
}

/* Above this a point is signal; 0 where there is none. */
static double threshold_of(const merge *m, const fmx_library_spectrum *s)
{
    double top = 0;
    for (size_t i = 0; i < s->points; ++i) {
        if ((double)s->value[i] > top && !is_left_out(m->options, s->ppm[i]))
            top = (double)s->value[i];
    }
    double least = fmax(least_sigmas * s->noise_sigma, least_height * top);
    return top > least ? least : 0;
}

/* From the top at `i` to where the line has fallen to half on one side, in points; below 0 where it
 * rises above the top before that. */
static double half_way(const fmx_library_spectrum *s, size_t i, int step)
{
    double half = (double)s->value[i] / 2;
    size_t at = i;
    while ((step > 0 ? at + 1 < s->points : at > 0)) {
        size_t next = step > 0 ? at + 1 : at - 1;
        double here = (double)s->value[at];
        double there = (double)s->value[next];
        if (there > (double)s->value[i])
            return -1;
        if (there <= half)
            return fabs((double)next - (double)i) - (half - there) / (here - there);
        at = next;
    }
    return -1;
}

static int rising(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Full width at half height that a quarter of the lines stay below: overlapped ones are wider. */
static fmx_status measure_width(const merge *m, const fmx_library_spectrum *s, double threshold,
                                double *out)
{
    double *width = NULL;
    size_t count = 0;
    fmx_status status = fmx__alloc(m->ctx, s->points, sizeof *width, "line widths", &width);
    for (size_t i = 1; status == FMX_OK && i + 1 < s->points; ++i) {
        const float *v = s->value + i;
        if ((double)v[0] <= sure * threshold || v[0] <= v[-1] || v[0] < v[1] ||
            is_left_out(m->options, s->ppm[i]))
            continue;
        double left = half_way(s, i, -1);
        double right = half_way(s, i, 1);
        if (left > 0 && right > 0)
            width[count++] = (left + right) * (s->ppm[i - 1] - s->ppm[i + 1]) / 2 * m->field_mhz;
    }
    if (status == FMX_OK && count > 1)
        qsort(width, count, sizeof *width, rising);
    if (status == FMX_OK)
        *out = count > 0 ? width[count / 4] : 2 * (s->ppm[0] - s->ppm[1]) * m->field_mhz;
    free(width);
    return status;
}

/* Area of the reference's line at 0 ppm. */
static double reference_area(const fmx_library_spectrum *s, double threshold)
{
    double sum = 0;
    for (size_t i = 0; i < s->points; ++i) {
        if (fabs(s->ppm[i]) <= dss_near_ppm && (double)s->value[i] > threshold)
            sum += (double)s->value[i];
    }
    return sum;
}

/* Whether a multiplet is one of the reference's: at its place and no larger than it must be (part
 * of a weak one lies below the threshold). */
static bool is_reference(double centre, double area, double reference)
{
    for (size_t i = 0; i < FMX__COUNT(dss_ppm); ++i) {
        if (fabs(centre - dss_ppm[i]) <= dss_near_ppm)
            return area <= 1.5 * dss_share * reference;
    }
    return false;
}

/* The points above the threshold, by rising ppm, in multiplets; small ones are dropped. */
static void split(const merge *m, const fmx_library_spectrum *s, double threshold, cut *c)
{
    double reference = reference_area(s, threshold);
    double total = 0;
    size_t kept = 0;
    size_t multiplets = 0;
    for (size_t i = s->points; i-- > 0;) {
        if (!((double)s->value[i] > threshold) || is_left_out(m->options, s->ppm[i]))
            continue;
        if (c->lines == 0 || s->ppm[i] - c->ppm[c->lines - 1] > m->gap_ppm)
            c->first[c->multiplets++] = c->lines;
        c->ppm[c->lines] = s->ppm[i];
        c->area[c->lines++] = (double)s->value[i];
        total += (double)s->value[i];
    }
    c->first[c->multiplets] = c->lines;
    for (size_t k = 0; k < c->multiplets; ++k) {
        size_t end = c->first[k + 1];
        size_t start = c->first[k];
        double sum = 0;
        double moment = 0;
        for (size_t i = start; i < end; ++i) {
            sum += c->area[i];
            moment += c->area[i] * c->ppm[i];
        }
        if (sum < least_share * total || is_reference(moment / sum, sum, reference))
            continue;
        c->first[multiplets++] = kept; /* never beyond what is still to be read */
        for (size_t i = start; i < end; ++i, ++kept) {
            c->ppm[kept] = c->ppm[i];
            c->area[kept] = c->area[i];
        }
    }
    c->multiplets = multiplets;
    c->lines = kept;
    c->first[multiplets] = kept;
}

static fmx_status check_spectrum(const merge *m, const fmx_library_spectrum *s)
{
    bool good = s->points >= 3 && s->points < FMX__LIBRARY_MOST_LINES && s->noise_sigma >= 0 &&
                s->protons >= 0 && s->protons < 1e6;
    for (size_t i = 0; good && i < s->points; ++i)
        good = isfinite(s->value[i]) && fabs(s->ppm[i]) <= 1000 &&
               (i == 0 || s->ppm[i] < s->ppm[i - 1]);
    if (!good)
        return fmx__fail(m->ctx, FMX_ERROR_FORMAT,
                         "%s: %s: not a spectrum of finite values on a falling axis", s->source,
                         s->name);
    if (s->field_mhz > 0 && !(fabs(s->field_mhz / m->field_mhz - 1) <= field_tolerance))
        return fmx__fail(m->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: %s was measured at %.6g MHz, the library is for %.6g MHz; couplings "
                         "do not scale: make it with --field-mhz %.6g",
                         s->source, s->name, s->field_mhz, m->field_mhz, s->field_mhz);
    return FMX_OK;
}

static fmx_status cut_spectrum(const merge *m, const fmx_library_spectrum *s, cut *c)
{
    fmx_status status = check_spectrum(m, s);
    if (status == FMX_OK)
        status = fmx__alloc(m->ctx, s->points, sizeof *c->ppm, "lines", &c->ppm);
    if (status == FMX_OK)
        status = fmx__alloc(m->ctx, s->points, sizeof *c->area, "lines", &c->area);
    if (status == FMX_OK)
        status = fmx__alloc(m->ctx, s->points + 1, sizeof *c->first, "multiplets", &c->first);
    if (status != FMX_OK)
        return status;
    double threshold = threshold_of(m, s);
    if (threshold > 0)
        split(m, s, threshold, c);
    if (c->lines == 0)
        return fmx__fail(m->ctx, FMX_ERROR_FORMAT,
                         "%s: %s: nothing above the noise outside of the regions left out",
                         s->source, s->name);
    return measure_width(m, s, threshold, &c->width_hz);
}

/* Cuts all; those that cannot be used are left out with a warning. */
static fmx_status cut_all(const merge *m, size_t *missing)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < m->count; ++i) {
        status = cut_spectrum(m, &m->spectrum[i], &m->cut[i]);
        if (status != FMX_ERROR_FORMAT)
            continue;
        m->cut[i].lines = 0;
        if (++*missing < m->count) {
            fmx__log(m->ctx, FMX_LOG_WARNING, "%s; left out", fmx_context_message(m->ctx));
            status = FMX_OK;
        }
    }
    return status;
}

/* ---- which compound ---------------------------------------------------------------------------
 */

/* Index of a measured compound's name; a new one is appended. */
static size_t compound_named(merge *m, const char *name, size_t before)
{
    for (size_t k = before; k < m->compounds; ++k) {
        if (strcasecmp(m->name[k], name) == 0)
            return k;
    }
    m->name[m->compounds] = name;
    return m->compounds++;
}

static fmx_status find_compounds(merge *m)
{
    const fmx_library *base = m->base;
    size_t before = base != NULL ? base->compounds : 0;
    fmx_status status =
        fmx__alloc(m->ctx, before + m->count, sizeof *m->name, "compounds", &m->name);
    for (size_t i = 0; status == FMX_OK && i < before; ++i)
        m->name[m->compounds++] = base->compound[i].name;
    for (size_t i = 0; status == FMX_OK && i < m->count; ++i) {
        cut *c = &m->cut[i];
        const fmx_library_spectrum *s = &m->spectrum[i];
        double protons = s->protons;
        double sum = 0;
        if (c->lines == 0)
            continue;
        if (base == NULL || !fmx_library_find(base, s->name, &c->compound))
            c->compound = compound_named(m, s->name, before);
        else if (!(protons > 0))
            protons = base->entry[base->compound[c->compound].first_entry].protons;
        for (size_t k = 0; k < c->lines; ++k)
            sum += c->area[k];
        c->scale = (protons > 0 ? protons : 1) / sum;
    }
    return status;
}

/* ---- putting together -------------------------------------------------------------------------
 */

static fmx_status add_measured(const merge *m, fmx__library_pen *pen, size_t index)
{
    const fmx_library_spectrum *s = &m->spectrum[index];
    const cut *c = &m->cut[index];
    char *name = NULL;
    fmx_status status = fmx__format(m->ctx, &name, "%s (measured)", s->name);
    if (status == FMX_OK)
        status = fmx__library_pen_entry(pen, name, s->name, s->source, c->width_hz);
    for (size_t k = 0; status == FMX_OK && k < c->multiplets; ++k) {
        status = fmx__library_pen_multiplet(pen);
        for (size_t i = c->first[k]; status == FMX_OK && i < c->first[k + 1]; ++i)
            status = fmx__library_pen_line(pen, c->ppm[i], c->area[i] * c->scale);
    }
    free(name);
    return status;
}

static fmx_status add_compound(const merge *m, fmx__library_pen *pen, size_t c)
{
    const fmx_library_compound *from =
        m->base != NULL && c < m->base->compounds ? &m->base->compound[c] : NULL;
    fmx_status status = fmx__library_pen_compound(pen, m->name[c], strlen(m->name[c]),
                                                  from != NULL ? from->also : "");
    for (size_t e = 0; from != NULL && status == FMX_OK && e < from->entry_count; ++e)
        status = fmx__library_pen_copy(pen, m->base, &m->base->entry[from->first_entry + e]);
    for (size_t i = 0; status == FMX_OK && i < m->count; ++i) {
        if (m->cut[i].lines > 0 && m->cut[i].compound == c)
            status = add_measured(m, pen, i);
    }
    return status;
}

static fmx_status assemble(const merge *m, fmx__library_pen *pen)
{
    fmx_status status = fmx__library_pen_open(m->ctx, m->field_mhz, m->gap_ppm, pen);
    for (size_t c = 0; status == FMX_OK && c < m->compounds; ++c)
        status = add_compound(m, pen, c);
    if (status == FMX_OK)
        fmx__library_sum(pen->to);
    return status;
}

static fmx_status check(fmx_context *ctx, const fmx_library *base, size_t count,
                        const fmx_library_measured *o)
{
    if (count == 0)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "no measured spectra for a library");
    if (base == NULL && !(o->field_mhz >= 1 && o->field_mhz <= 3000))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "measured spectra: field_mhz is %g, 1 to 3000 are possible", o->field_mhz);
    if (!(o->gap_ppm >= 0 && o->gap_ppm <= 100))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "measured spectra: gap_ppm is %g, 0 to 100 are possible", o->gap_ppm);
    return FMX_OK;
}

fmx_status fmx_library_add_measured(fmx_context *ctx, const fmx_library *base,
                                    const fmx_library_spectrum *spectrum, size_t count,
                                    const fmx_library_measured *options, fmx_library **out,
                                    size_t *left_out)
{
    merge m = {.ctx = ctx, .base = base, .spectrum = spectrum, .count = count, .options = options};
    fmx__library_pen pen = {.ctx = ctx};
    size_t missing = 0;
    *out = NULL;
    fmx_status status = check(ctx, base, count, options);
    if (status != FMX_OK)
        return status;
    m.field_mhz = base != NULL ? base->field_mhz : options->field_mhz;
    m.gap_ppm = base != NULL           ? base->gap_ppm
                : options->gap_ppm > 0 ? options->gap_ppm
                                       : fmax(usual_gap_ppm, widest_coupling_hz / m.field_mhz);
    status = fmx__alloc(ctx, count, sizeof *m.cut, "measured spectra", &m.cut);
    if (status == FMX_OK)
        status = cut_all(&m, &missing);
    if (left_out != NULL)
        *left_out = missing;
    if (status == FMX_OK)
        status = find_compounds(&m);
    if (status == FMX_OK)
        status = assemble(&m, &pen);
    for (size_t i = 0; m.cut != NULL && i < count; ++i) {
        free(m.cut[i].ppm);
        free(m.cut[i].area);
        free(m.cut[i].first);
    }
    free(m.cut);
    free(m.name);
    if (status != FMX_OK)
        fmx_library_release(pen.to);
    else
        *out = pen.to;
    return status;
}

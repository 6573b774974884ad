#include "multiplet_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/multiplet_scan.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "multiplet_scan_ref.h"
#include "scan_fixture.h"

/* A scan and all that belongs to it, on the host too. */
typedef struct job {
    const fmx_test *test;
    const char *name;
    fmx_library *library;
    fmx__pattern_table table;
    float *heights;
    fmx__pattern_shape *shapes;
    fmx__pattern_sample *samples;
    float *spectra;
    uint32_t *width;
    float *centre;
    uint32_t *pairs;
    fmx__scan_hit *hits;
    fmx_buffer *found;
    fmx__scan_of of;
} job;

static void *download(const job *j, fmx_buffer *buffer)
{
    void *to = malloc(fmx_buffer_bytes(buffer));
    cr_assert_not_null(to);
    fmx_test_ok(j->test, fmx_buffer_read(buffer, 0, to, fmx_buffer_bytes(buffer)), "read");
    return to;
}

static fmx_buffer *copy_of(const job *j, const void *data, size_t bytes)
{
    fmx_buffer *buffer = NULL;
    fmx_test_ok(j->test, fmx_buffer_create_copy(j->test->device, data, bytes, &buffer), "copy");
    return buffer;
}

static void open_table(job *j, const fmx__multiplet_axis *axis)
{
    static const double width_hz[] = {1, 2};
    fmx_test_ok(
        j->test,
        fmx__pattern_table_create(j->test->device, j->library, axis, width_hz, 2, &j->table),
        "table");
    j->heights = download(j, j->table.heights);
    j->shapes = download(j, j->table.shapes);
    j->samples = download(j, j->table.samples);
}

/* Every third multiplet, shifted by up to 12 points around `centre`, noise of sigma 1 and, in the
 * first spectrum, a slope. Widths and centres vary from spectrum to spectrum. */
static void make_spectra(job *j, const fmx_case_multiplet_scan *c)
{
    j->spectra = fmx_test_random(c->count * c->points, 3);
    j->width = calloc(c->count, sizeof *j->width);
    j->centre = calloc(c->count, sizeof *j->centre);
    for (size_t m = 0; m < c->count; ++m) {
        float *to = j->spectra + m * c->points;
        j->width[m] = m % 2;
        j->centre[m] = (float)m * 3.37F - 2.25F;
        for (size_t i = 0; i < c->points; ++i)
            to[i] = 1.7F * to[i] + (m == 0 ? 1e-3F * (float)i : 0);
        for (size_t i = m % 3; i < j->table.patterns; i += 3) {
            const fmx__pattern *p = &j->table.pattern[j->width[m] * j->table.patterns + i];
            long at = p->base + (long)(i * 7 % 25) - 12 + lroundf(j->centre[m]);
            for (size_t k = 0; k < p->count; ++k) {
                if (at + (long)k >= 0 && at + (long)k < (long)c->points)
                    to[at + (long)k] += (float)(5 + i % 400) * j->heights[p->first + k];
            }
        }
    }
}

static void scan(const job *j, fmx__scan_hit *to)
{
    fmx_test_ok(j->test, fmx__multiplet_scan(j->test->device, j->found, &j->of), j->name);
    fmx_test_ok(j->test, fmx_buffer_read(j->found, 0, to, j->of.pair_count * 2 * sizeof *to),
                "read");
}

/* All patterns in all spectra. */
static void list_pairs(job *j, size_t count)
{
    j->of.pair_count = count * j->table.patterns;
    j->pairs = malloc(j->of.pair_count * 2 * sizeof *j->pairs);
    for (size_t i = 0; i < j->of.pair_count; ++i) {
        j->pairs[2 * i] = (uint32_t)(i / j->table.patterns);
        j->pairs[2 * i + 1] = (uint32_t)(i % j->table.patterns);
    }
}

static void upload(job *j, size_t count, size_t reach, double quantile)
{
    size_t points = j->table.axis.points;
    j->of.spectra = copy_of(j, j->spectra, count * points * sizeof(float));
    j->of.count = count;
    j->of.table = &j->table;
    j->of.width = copy_of(j, j->width, count * sizeof(uint32_t));
    j->of.centre = copy_of(j, j->centre, count * sizeof(float));
    j->of.pairs = copy_of(j, j->pairs, j->of.pair_count * 2 * sizeof(uint32_t));
    j->of.reach = reach;
    j->of.quantile = (float)quantile;
    fmx_test_ok(
        j->test,
        fmx_buffer_create(j->test->device, j->of.pair_count * 2 * sizeof(fmx__scan_hit), &j->found),
        "hits");
    j->hits = malloc(j->of.pair_count * 2 * sizeof *j->hits);
}

static void close_job(job *j)
{
    fmx_buffer_release(j->found);
    fmx_buffer_release(j->of.spectra);
    fmx_buffer_release(j->of.width);
    fmx_buffer_release(j->of.centre);
    fmx_buffer_release(j->of.pairs);
    fmx__pattern_table_clear(&j->table);
    fmx_library_release(j->library);
    free(j->heights);
    free(j->shapes);
    free(j->samples);
    free(j->spectra);
    free(j->width);
    free(j->centre);
    free(j->pairs);
    free(j->hits);
}

static void open_case(const fmx_test *test, const fmx_case_multiplet_scan *c, job *j)
{
    const fmx__multiplet_axis axis = {10, 0.5, c->points};
    *j = (job){.test = test, .name = c->name, .library = fmx_scan_library(c->entries, 600, 5)};
    cr_assert_not_null(j->library);
    open_table(j, &axis);
    make_spectra(j, c);
    list_pairs(j, c->count);
    upload(j, c->count, c->reach, c->quantile);
}

/* ---- against the twin ------------------------------------------------------------------------ */

/* One pair and what the twin says of it. */
typedef struct pair {
    fmx_ref_scan scan;
    uint32_t sample[FMX__PATTERN_SAMPLES];
    double *quantile;
    double *prior;
    double *correlation;
    double *height;
} pair;

static pair open_pair(const job *j, size_t index)
{
    uint32_t m = j->pairs[2 * index];
    size_t points = j->table.axis.points;
    size_t at = j->width[m] * j->table.patterns + j->pairs[2 * index + 1];
    const fmx__pattern *p = &j->table.pattern[at];
    size_t tried = 2 * j->of.reach + 1;
    pair out = {.scan = {.obs = j->spectra + m * points,
                         .points = points,
                         .height = j->heights + p->first,
                         .count = p->count,
                         .base = p->base,
                         .samples = j->shapes[at].samples,
                         .quantile = j->of.quantile,
                         .centre = (double)j->centre[m],
                         .reach = j->of.reach}};
    for (size_t k = 0; k < out.scan.samples; ++k)
        out.sample[k] = j->samples[j->shapes[at].first + k].point;
    out.quantile = calloc(4 * tried, sizeof *out.quantile);
    out.prior = out.quantile + tried;
    out.correlation = out.prior + tried;
    out.height = out.correlation + tried;
    return out;
}

static double window_mean(const fmx_ref_scan *s, int64_t first, size_t used)
{
    double sum = 0;
    for (int64_t i = first; i < first + (int64_t)used; ++i)
        sum += i >= 0 && i < (int64_t)s->points ? s->obs[i] : 0;
    return sum / (double)used;
}

/* Rounding of a correlation at shift i: sums of `count` terms, a random walk of six standard
 * deviations; the mean is subtracted from sums around the window's mean (the kernels' windows
 * differ by up to 15 points), which magnifies by the ratio of both sums of squares. */
static double correlation_error(const fmx_ref_scan *s, size_t i)
{
    size_t shifts = (2 * s->reach + 16) / 16 * 16;
    int64_t first = s->base + (int64_t)rint(s->centre) - (int64_t)s->reach;
    double pivots[] = {window_mean(s, first, s->count + 2 * s->reach),
                       window_mean(s, first, (s->count + shifts - 1) / 16 * 16)};
    double mean = window_mean(s, first + (int64_t)i, s->count);
    double spread = 0;
    double off = fmax(fabs(pivots[0] - mean), fabs(pivots[1] - mean));
    for (size_t k = 0; k < s->count; ++k) {
        int64_t at = first + (int64_t)(i + k);
        spread += pow((at >= 0 && at < (int64_t)s->points ? s->obs[at] : 0) - mean, 2);
    }
    return spread > 0 ? 6 * sqrt((double)s->count) * FMX_TEST_EPS *
                            (2 + (double)s->count * off * off / spread)
                      : 1;
}

/* Quantiles are products of two rounded numbers and the inverse of a third; the prior's exponents
 * are floats, the wide Gaussian's is the larger where it counts. */
static double score_error(const fmx_ref_scan *s, size_t i)
{
    double d = (double)i - (double)s->reach;
    return FMX_TEST_EPS * (10 + d * d / 1000);
}

/* What a hit says beyond its place, and the parabola through `value` and its neighbours, which are
 * known to `error`. */
static void check_hit(const job *j, const pair *p, const fmx__scan_hit *hit, size_t i,
                      const double *value, double error, double highest, const char *what)
{
    double first = rint(p->scan.centre) - (double)p->scan.reach;
    double allowed = 2 * error;
    double expected = 0;
    cr_assert_leq(fabs(hit->amplitude * highest - p->quantile[i]),
                  6 * FMX_TEST_EPS * p->quantile[i], "%s, %s: amplitude %g for %g", j->name, what,
                  (double)hit->amplitude * highest, p->quantile[i]);
    cr_assert_leq(fabs(hit->correlation - p->correlation[i]), correlation_error(&p->scan, i),
                  "%s, %s: correlation %g for %g", j->name, what, (double)hit->correlation,
                  p->correlation[i]);
    cr_assert_eq(hit->height, (float)p->height[i], "%s, %s: height", j->name, what);
    if (i > 0 && i < 2 * p->scan.reach && p->quantile[i] > 0) {
        double bend = value[i - 1] - 2 * value[i] + value[i + 1];
        expected = bend < 0 ? 0.5 * (value[i - 1] - value[i + 1]) / bend : 0;
        expected = fmax(-0.499, fmin(0.499, expected));
        allowed = 3 * error / fmax(fabs(bend), 1e-30);
    }
    /* and a float of up to 300 points */
    cr_assert_leq(fabs(hit->shift - first - (double)i - expected), allowed + 2e-5,
                  "%s, %s: shift %g for %g", j->name, what, (double)hit->shift,
                  first + (double)i + expected);
}

static size_t whole_shift(const pair *p, const fmx__scan_hit *hit)
{
    double i = rint((double)hit->shift) - rint(p->scan.centre) + (double)p->scan.reach;
    cr_assert(i >= 0 && i <= 2 * (double)p->scan.reach, "shift %g", (double)hit->shift);
    return (size_t)i;
}

static void check_pair(const job *j, size_t index)
{
    pair p = open_pair(j, index);
    p.scan.sample = p.sample;
    const fmx__scan_hit *hit = &j->hits[2 * index];
    uint32_t pattern = j->pairs[2 * index + 1];
    size_t tried = 2 * j->of.reach + 1;
    double highest =
        j->table.pattern[j->width[j->pairs[2 * index]] * j->table.patterns + pattern].highest;
    double score[2 * FMX__SCAN_MOST_REACH + 1];
    double best = 0;
    double best_near = -2;
    cr_assert_eq(fmx_ref_multiplet_scan(p.quantile, p.prior, p.correlation, p.height, &p.scan), 0);
    size_t at = whole_shift(&p, &hit[0]);
    size_t near = whole_shift(&p, &hit[1]);
    for (size_t i = 0; i < tried; ++i) {
        score[i] = p.quantile[i] * p.prior[i];
        best = fmax(best, score[i] * (1 - score_error(&p.scan, i)));
        if (p.quantile[i] >= 0.6 * p.quantile[at] * (1 + 12 * FMX_TEST_EPS))
            best_near = fmax(best_near, p.correlation[i] - correlation_error(&p.scan, i));
    }
    cr_assert_geq(score[at] * (1 + score_error(&p.scan, at)), best, "%s, pair %zu: shift %zu",
                  j->name, index, at);
    if (best > 0) {
        cr_assert_geq(p.quantile[near], 0.6 * p.quantile[at] * (1 - 12 * FMX_TEST_EPS));
        cr_assert_geq(p.correlation[near] + correlation_error(&p.scan, near), best_near,
                      "%s, pair %zu: correlation at %zu", j->name, index, near);
    } else {
        cr_assert(at == j->of.reach && near == j->of.reach, "%s: nothing found", j->name);
    }
    check_hit(j, &p, &hit[0], at, score, score_error(&p.scan, at) * score[at], highest,
              "amplitude's");
    check_hit(j, &p, &hit[1], near, p.correlation, correlation_error(&p.scan, near), highest,
              "correlation's");
    free(p.quantile);
}

Test(multiplet_scan, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_multiplet_scan / sizeof *fmx_cases_multiplet_scan;
         ++i) {
        if (fmx_cases_multiplet_scan[i].bench)
            continue;
        job j;
        open_case(&test, &fmx_cases_multiplet_scan[i], &j);
        scan(&j, j.hits);
        for (size_t k = 0; k < j.of.pair_count; ++k)
            check_pair(&j, k);
        close_job(&j);
    }
    fmx_test_close(&test);
}

/* A library of the golden's lines, as many compounds as multiplets. */
static fmx_library *golden_library(void)
{
    size_t floats = 0;
    fmx_library *l = fmx_scan_library(14, 600, 1);
    float *row = fmx_test_golden("multiplet_scan_lines.npy", &floats);
    cr_assert(floats % 3 == 0 && floats / 3 < 200);
    l->multiplets = 14;
    l->lines = floats / 3;
    memset(l->multiplet, 0, 14 * sizeof *l->multiplet);
    for (size_t i = 0; i < l->lines; ++i) {
        fmx_library_multiplet *m = &l->multiplet[(size_t)row[3 * i]];
        if (m->line_count++ == 0)
            m->first_line = i;
        l->line_ppm[i] = row[3 * i + 1];
        l->line_protons[i] = row[3 * i + 2];
        m->ppm += l->line_ppm[i] * row[3 * i + 2];
        m->protons += row[3 * i + 2];
    }
    for (size_t i = 0; i < 14; ++i) {
        l->multiplet[i].ppm /= l->multiplet[i].protons;
        l->entry[i].first_multiplet = i;
        l->entry[i].multiplet_count = 1;
    }
    free(row);
    return l;
}

/* tests/golden/make_multiplet_scan.py: every best place there is at least 4e-4 better than the
 * next, more than the difference between heights drawn in float and in double: 3e-5 of the top,
 * that is 1e-4 where they are counted. Tops of parabolas are flat, so that their places vary by
 * more. */
Test(multiplet_scan, golden)
{
    static const double width_hz = 1.5;
    const fmx__multiplet_axis axis = {4.2, 3.0, 2401};
    fmx_test test = fmx_test_open();
    size_t floats = 0;
    job j = {.test = &test, .name = "golden", .library = golden_library()};
    fmx_test_ok(&test,
                fmx__pattern_table_create(test.device, j.library, &axis, &width_hz, 1, &j.table),
                "table");
    j.spectra = fmx_test_golden("multiplet_scan_spectra.npy", &floats);
    cr_assert_eq(floats, 2 * 2401);
    float *expected = fmx_test_golden("multiplet_scan_hits.npy", &floats);
    cr_assert_eq(floats, 2 * 14 * 2 * 4);
    j.width = calloc(2, sizeof *j.width);
    j.centre = calloc(2, sizeof *j.centre);
    j.centre[0] = 0.3F;
    j.centre[1] = 6.4F;
    list_pairs(&j, 2);
    upload(&j, 2, 40, 0.15);
    scan(&j, j.hits);
    for (size_t i = 0; i < 2 * 2 * 14; ++i) {
        const float *e = expected + 4 * i;
        const fmx__scan_hit *h = &j.hits[i];
        cr_assert_float_eq(h->shift, e[0], 0.01, "hit %zu: %g for %g", i, (double)h->shift,
                           (double)e[0]);
        cr_assert_float_eq(h->amplitude, e[1], 2e-4F * e[1], "hit %zu: %g for %g", i,
                           (double)h->amplitude, (double)e[1]);
        cr_assert_float_eq(h->correlation, e[2], 1e-4, "hit %zu: %g for %g", i,
                           (double)h->correlation, (double)e[2]);
        cr_assert_eq(h->height, e[3], "hit %zu: height", i);
    }
    free(expected);
    close_job(&j);
    fmx_test_close(&test);
}

/* The second run, and the list backwards, give the same bits. */
Test(multiplet_scan, repeats)
{
    fmx_test test = fmx_test_open();
    job j;
    open_case(&test, &fmx_cases_multiplet_scan[6], &j);
    size_t pairs = j.of.pair_count;
    fmx__scan_hit *again = malloc(pairs * 2 * sizeof *again);
    uint32_t *backwards = malloc(pairs * 2 * sizeof *backwards);
    scan(&j, j.hits);
    scan(&j, again);
    cr_assert_eq(memcmp(again, j.hits, pairs * 2 * sizeof *again), 0);
    for (size_t i = 0; i < pairs; ++i)
        memcpy(backwards + 2 * i, j.pairs + 2 * (pairs - 1 - i), 2 * sizeof *backwards);
    fmx_test_ok(&test, fmx_buffer_write(j.of.pairs, 0, backwards, pairs * 2 * sizeof *backwards),
                "write");
    scan(&j, again);
    for (size_t i = 0; i < pairs; ++i)
        cr_assert_eq(memcmp(again + 2 * i, j.hits + 2 * (pairs - 1 - i), 2 * sizeof *again), 0);
    free(again);
    free(backwards);
    close_job(&j);
    fmx_test_close(&test);
}

/* Spectra of zeros, and patterns beyond the axis. */
Test(multiplet_scan, nothing)
{
    fmx_test test = fmx_test_open();
    job j;
    open_case(&test, &fmx_cases_multiplet_scan[6], &j);
    size_t points = j.table.axis.points;
    fmx_test_ok(&test, fmx_buffer_zero(j.of.spectra, 0, j.of.count * points * sizeof(float)),
                "zero");
    scan(&j, j.hits);
    for (size_t i = 0; i < 2 * j.of.pair_count; ++i) {
        cr_assert_eq(j.hits[i].shift, rintf(j.centre[j.pairs[i / 2 * 2]]));
        cr_assert(j.hits[i].amplitude == 0 && j.hits[i].correlation == 0 && j.hits[i].height == 0);
    }
    close_job(&j);
    fmx_test_close(&test);
}

Test(multiplet_scan, outside)
{
    fmx_test test = fmx_test_open();
    const fmx__multiplet_axis axis = {3, 2, 2001};
    job j = {.test = &test, .name = "outside", .library = fmx_scan_library(12, 600, 5)};
    open_table(&j, &axis);
    j.spectra = fmx_test_random(axis.points, 3);
    j.width = calloc(1, sizeof *j.width);
    j.centre = calloc(1, sizeof *j.centre);
    list_pairs(&j, 1);
    upload(&j, 1, 20, 0.15);
    scan(&j, j.hits);
    size_t outside = 0;
    for (size_t i = 0; i < j.of.pair_count; ++i) {
        if (j.table.pattern[i].count > 0) {
            check_pair(&j, i);
            continue;
        }
        ++outside;
        cr_assert(j.hits[2 * i].amplitude == 0 && j.hits[2 * i].correlation == 0 &&
                  j.hits[2 * i].shift == 0);
        cr_assert_eq(memcmp(&j.hits[2 * i], &j.hits[2 * i + 1], sizeof *j.hits), 0);
    }
    cr_assert(outside > 0 && outside < j.of.pair_count);
    close_job(&j);
    fmx_test_close(&test);
}

Test(multiplet_scan, refused)
{
    fmx_test test = fmx_test_open();
    job j;
    open_case(&test, &fmx_cases_multiplet_scan[0], &j);
    fmx__scan_of of = j.of;
    of.reach = FMX__SCAN_MOST_REACH + 1;
    fmx_test_refused(&test, fmx__multiplet_scan(test.device, j.found, &of), FMX_ERROR_ARGUMENT,
                     "256 points");
    of = j.of;
    of.quantile = 0.16F;
    fmx_test_refused(&test, fmx__multiplet_scan(test.device, j.found, &of), FMX_ERROR_ARGUMENT,
                     "quantile is 0.16");
    of.quantile = NAN;
    fmx_test_refused(&test, fmx__multiplet_scan(test.device, j.found, &of), FMX_ERROR_ARGUMENT,
                     "quantile");
    of = j.of;
    of.pair_count = 0;
    fmx_test_refused(&test, fmx__multiplet_scan(test.device, j.found, &of), FMX_ERROR_SHAPE,
                     "0 pairs");
    of = j.of;
    of.pair_count += 1;
    fmx_test_refused(&test, fmx__multiplet_scan(test.device, j.found, &of), FMX_ERROR_SHAPE, "");
    close_job(&j);
    fmx_test_close(&test);
}

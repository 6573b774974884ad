#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain_fixture.h"
#include "fmx_golden.h"

static void end(fmx_test *test, fmx_explain_job *j, fmx_explain_run *r)
{
    fmx_explain_run_close(r);
    fmx_explain_clear(j);
    fmx_test_close(test);
}

/* How far float may be from the twin. The residual is changed by each sweep: a random walk of
 * roundings of the tallest point. Least squares average such errors, and amounts of columns that
 * look alike share them out as 1 / (1 - cosine^2). */
typedef struct tolerance {
    double residual;
    double spread; /* 1 / (1 - cosine^2), the worst of the spectrum */
    double fitted;
} tolerance;

/* relative rounding of a sum over the points of a column, six deviations of a random walk */
#define SUM (6 * 40 * FMX_TEST_EPS)

static tolerance tolerance_of(const fmx_explain_job *j, const fmx_explain_twin *t, size_t m)
{
    fmx__explain_options o = fmx__explain_defaults();
    double sweeps = (double)o.first_sweeps;
    double top = 0;
    tolerance e = {.spread = 1};
    for (size_t i = 0; i < o.rounds; ++i)
        sweeps += (double)o.round[i].sweeps;
    for (size_t p = 0; p < j->points; ++p)
        top = fmax(top, fabs(j->spectra[m * j->points + p]));
    for (size_t k = 0; k < j->head[m].columns; ++k) {
        double cosine = t->column[j->head[m].first_column + k].fact[FMX__EXPLAIN_COLLINEARITY];
        e.spread = fmax(e.spread, 1 / fmax(1 - cosine * cosine, 1e-3));
    }
    e.residual = FMX_TEST_EPS * sqrt(sweeps) * top;
    e.fitted = 6 * e.residual * e.spread;
    return e;
}

static void near(double got, double expected, double off, const char *what, const char *name,
                 size_t index)
{
    cr_assert_leq(fabs(got - expected), off, "%s, %s %zu: %.9g for %.9g, allowed %g", name, what,
                  index, got, expected, off);
}

static void check_part(const fmx_explain_run *r, const fmx_explain_twin *t, size_t i,
                       const tolerance *e, double amount, double amount_off, const char *name)
{
    const float *got = r->part_fact[i];
    const double *want = t->part[i].fact;
    double highest = t->part[i].pattern->highest;
    double height = amount * highest;
    near(r->part[i].shift, t->part[i].shift, 0, "shift", name, i);
    /* 1 + residual / height */
    if (amount > amount_off)
        near(got[FMX__EXPLAIN_RATIO], want[FMX__EXPLAIN_RATIO],
             (e->fitted + fabs(want[FMX__EXPLAIN_RATIO]) * amount_off * highest) / height + SUM,
             "ratio", name, i);
    near(got[FMX__EXPLAIN_ROOT], want[FMX__EXPLAIN_ROOT], e->fitted + SUM * want[FMX__EXPLAIN_ROOT],
         "root", name, i);
    /* noise 1: what correlates has a deviation of that at least, and its mean is at most ten times
     * that where a pattern is seen */
    near(got[FMX__EXPLAIN_CORRELATION], want[FMX__EXPLAIN_CORRELATION], 10 * SUM + e->fitted,
         "correlation", name, i);
    /* shares: relative to what is there, at least the noise */
    near(got[FMX__EXPLAIN_OTHERS], want[FMX__EXPLAIN_OTHERS], SUM + 5 * e->fitted, "others", name,
         i);
}

static void check_column(const fmx_explain_run *r, const fmx_explain_twin *t, size_t c,
                         const tolerance *e, const char *name)
{
    const fmx_explain_job *j = r->job;
    const float *got = r->fact[c];
    const double *want = t->column[c].fact;
    double low = INFINITY;
    for (size_t i = 0; i < t->column[c].parts; ++i)
        low = fmin(low, t->column[c].part[i].pattern->highest);
    double amount = want[FMX__EXPLAIN_AMOUNT];
    double off = e->fitted / low + SUM * amount;
    double square = want[FMX__EXPLAIN_RESIDUAL];
    double square_off = sqrt(square) * e->fitted + e->fitted * e->fitted + SUM * square;
    near(got[FMX__EXPLAIN_AMOUNT], amount, off, "amount", name, c);
    /* where parts disagree: a norm of differences of amplitudes */
    near(got[FMX__EXPLAIN_SD], want[FMX__EXPLAIN_SD],
         want[FMX__EXPLAIN_SD] * (square_off + SUM * e->spread) + e->fitted / low, "sd", name, c);
    /* a quadratic form of the amount; where data lie above, up to 1 / above flatter */
    near(got[FMX__EXPLAIN_GAIN], want[FMX__EXPLAIN_GAIN],
         8 * want[FMX__EXPLAIN_GAIN] * off / fmax(amount, off) +
             SUM * (1 + want[FMX__EXPLAIN_GAIN]),
         "gain", name, c);
    near(got[FMX__EXPLAIN_COLLINEARITY], want[FMX__EXPLAIN_COLLINEARITY], SUM, "collinearity", name,
         c);
    near(got[FMX__EXPLAIN_RESIDUAL], square, square_off, "residual", name, c);
    near(got[FMX__EXPLAIN_EXPLAINED], want[FMX__EXPLAIN_EXPLAINED], SUM + 5 * e->fitted,
         "explained", name, c);
    near(got[FMX__EXPLAIN_FLAG], 0, 0, "flag", name, c);
    for (size_t i = 0; i < t->column[c].parts; ++i)
        check_part(r, t, j->column[c].first_part + i, e, amount, off, name);
    if (amount > off) {
        double least = INFINITY;
        for (size_t i = 0; i < t->column[c].parts; ++i)
            if (r->part_fact[j->column[c].first_part + i][FMX__EXPLAIN_RATIO] != 0)
                least = fmin(least, r->part_fact[j->column[c].first_part + i][FMX__EXPLAIN_RATIO]);
        near(got[FMX__EXPLAIN_LEAST], isfinite(least) ? least : 0, 0, "least", name, c);
    }
}

static void check_case(const fmx_test *test, const fmx_case_explain *c,
                       const fmx__explain_options *options, uint64_t seed)
{
    const fmx_explain_mix mix = {.present = 0.5, .shift = 4, .noise = 1, .seed = seed};
    fmx_explain_job j = fmx_explain_make(c, &mix);
    fmx_explain_run r = fmx_explain_run_open(test, &j);
    fmx_explain_fit(test, &r, options);
    fmx_explain_twin t = fmx_explain_twin_fit(&j, options);
    for (size_t m = 0; m < j.count; ++m) {
        tolerance e = tolerance_of(&j, &t, m);
        for (size_t k = 0; k < j.head[m].columns; ++k)
            check_column(&r, &t, j.head[m].first_column + k, &e, c->name);
        for (size_t p = 0; p < j.points; ++p)
            near(r.fitted[m * j.points + p], t.fitted[m * j.points + p], e.fitted, "fitted",
                 c->name, p);
    }
    fmx_explain_twin_clear(&t);
    fmx_explain_run_close(&r);
    fmx_explain_clear(&j);
}

Test(explain, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_explain / sizeof *fmx_cases_explain; ++i)
        if (fmx_cases_explain[i].count < 10 &&
            (getenv("FIDMIX_SMALL_CASES") == NULL || fmx_cases_explain[i].columns < 5))
            check_case(&test, &fmx_cases_explain[i], NULL, 3 + i);
    fmx_test_close(&test);
}

Test(explain, twin_with_other_options)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"options", 2, 900, 6, 3, 0};
    fmx__explain_options o = fmx__explain_defaults();
    o.floor = 1;
    o.share = 0.05;
    o.near = 0.1;
    o.far = 0.2;
    o.above = 1;
    o.relax = 1;
    o.low_first = 300;
    o.low_end = 420;
    o.low_weight = 0.1;
    o.prior = 5;
    o.round[1].steps = 0; /* sweeps only */
    check_case(&test, &c, &o, 21);
    o.above = 0.05;
    o.knee = 2;
    o.rounds = 0;
    check_case(&test, &c, &o, 22);
    fmx_test_close(&test);
}

/* Amounts come back. What noise 1 does to an amount: its standard deviation times 4; a pattern ends
 * 8 half widths from its lines, where the tail that is left (1 / 65 of the height) is up to 2 % of
 * the amount, of this and of a stronger neighbour's; interpolation between points, 1 %. */
Test(explain, known_mixtures)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"known", 8, 19001, 40, 6, 0};
    const fmx_explain_mix mix = {.present = 0.5, .shift = 4, .noise = 1, .seed = 77};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    size_t within = 0;
    fmx_explain_fit(&test, &r, NULL);
    for (size_t k = 0; k < j.columns; ++k) {
        const float *fact = r.fact[k];
        double off = fabs(fact[FMX__EXPLAIN_AMOUNT] - j.amount[k]);
        double allowed = 4 * fact[FMX__EXPLAIN_SD] + 0.03 * j.amount[k];
        cr_assert_leq(off, allowed, "column %zu: %g for %g, allowed %g", k,
                      (double)fact[FMX__EXPLAIN_AMOUNT], j.amount[k], allowed);
        within += off <= 1.96 * fact[FMX__EXPLAIN_SD];
    }
    /* the interval's own promise */
    cr_assert_geq((double)within, 0.95 * (double)j.columns, "%zu of %zu", within, j.columns);
    end(&test, &j, &r);
}

/* What lies on top of a multiplet and belongs to nobody does not draw the amount up by more than
 * its interval; the lower the knee, the less: beyond it data above the model count as their
 * distance, not as its square. */
Test(explain, unknown_signals_on_top)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"on top", 4, 6000, 6, 4, 0};
    const fmx_explain_mix mix = {.present = 1, .shift = 0, .noise = 0.5, .seed = 5};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    /* a foreign line on a flank of every compound's first multiplet, as tall as that */
    for (size_t m = 0; m < j.count; ++m)
        for (size_t k = 0; k < c.columns; ++k) {
            const fmx__explain_column *column = &j.column[j.head[m].first_column + k];
            const fmx_explain_multiplet *at = &j.multiplet[j.part[column->first_part].pattern];
            double height = j.amount[j.head[m].first_column + k] *
                            j.pattern[j.part[column->first_part].pattern].highest;
            double place = at->place + at->offset[0] - 5;
            for (size_t p = 0; p < j.points; ++p)
                j.spectra[m * j.points + p] +=
                    (float)(height / (1 + pow(((double)p - place) / 2, 2)));
        }
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    fmx__explain_options pass_options[3];
    for (int pass = 0; pass < 3; ++pass) {
        pass_options[pass] = fmx__explain_defaults();
        pass_options[pass].rounds = 0;
        pass_options[pass].first_sweeps = 200;
    }
    pass_options[1].knee = 0.5;
    pass_options[1].above = 0.1;
    pass_options[2].above = 1;
    double sum[3] = {0, 0, 0};
    for (int pass = 0; pass < 3; ++pass) {
        fmx_explain_fit(&test, &r, &pass_options[pass]);
        for (size_t k = 0; k < j.columns; ++k) {
            double amount = r.fact[k][FMX__EXPLAIN_AMOUNT];
            if (j.column[k].parts < 2) /* a single line and one on top: nobody could tell */
                continue;
            sum[pass] += fabs(log(fmax(amount, 1e-3) / j.amount[k]));
            cr_assert(pass > 0 || fabs(amount - j.amount[k]) <= 1.96 * r.fact[k][FMX__EXPLAIN_SD],
                      "column %zu: %g for %g", k, amount, j.amount[k]);
        }
    }
    cr_assert_lt(sum[0], sum[2], "defaults %g, least squares %g", sum[0], sum[2]);
    cr_assert_lt(sum[1], 2.0 / 3 * sum[2], "robust %g, least squares %g", sum[1], sum[2]);
    end(&test, &j, &r);
}

/* A compound of which one multiplet fits to the point and the other is missing gets next to
 * nothing, whoever comes first. */
Test(explain, mimics)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"mimic", 6, 3000, 2, 2, 0};
    for (size_t order = 0; order < 2; ++order) {
        const fmx_explain_mix mix = {.present = 0, .shift = 0, .noise = 1, .seed = 8};
        fmx_explain_job j = fmx_explain_make(&c, &mix);
        /* four parts a spectrum: a at 600 and 1400 is there, b at 600 and 2200 is not */
        j.parts = 0;
        for (size_t i = 0; i < 3; ++i) {
            j.multiplet[i] = (fmx_explain_multiplet){
                .place = 600 + 800 * (double)i, .weight = {1}, .lines = 1, .half = 2, .protons = 2};
        }
        j.heights_count = FMX__PATTERN_PAD;
        memset(j.heights, 0, 256 * 4 * sizeof(float));
        j.patterns = 3;
        for (size_t i = 0; i < 3; ++i)
            fmx_explain_pattern(&j, i);
        j.table.patterns = 3;
        j.table.heights_count = j.heights_count;
        for (size_t k = 0; k < j.columns; ++k) {
            uint32_t mimic = k % 2 == order;
            j.column[k] = (fmx__explain_column){(uint32_t)j.parts, 2, (uint32_t)(k / 2), 0};
            for (uint32_t i = 0; i < 2; ++i)
                j.part[j.parts++] = (fmx__explain_part){i * (1 + mimic), 0, 0, (uint32_t)k};
        }
        for (size_t m = 0; m < j.count; ++m)
            for (size_t i = 0; i < 2; ++i)
                for (size_t p = 0; p < j.points; ++p)
                    j.spectra[m * j.points + p] +=
                        (float)(500 * fmx_explain_height(&j.multiplet[i], 0, (double)p));
        fmx_explain_run r = fmx_explain_run_open(&test, &j);
        fmx_explain_fit(&test, &r, NULL);
        for (size_t k = 0; k < j.columns; ++k) {
            const float *fact = r.fact[k];
            double allowed = 4 * fact[FMX__EXPLAIN_SD] + 0.03 * 500;
            double expected = k % 2 == order ? 0 : 500;
            cr_assert_leq(fabs(fact[FMX__EXPLAIN_AMOUNT] - expected), allowed, "column %zu: %g", k,
                          (double)fact[FMX__EXPLAIN_AMOUNT]);
            /* half of each is shared: the cosine of (1, 1, 0) and (1, 0, 1) times what weighs the
             * points, much less where signals are strong than where there are none */
            cr_assert(fact[FMX__EXPLAIN_COLLINEARITY] > 0.05 &&
                      fact[FMX__EXPLAIN_COLLINEARITY] < 0.5);
            cr_assert_lt(k % 2 == order ? fact[FMX__EXPLAIN_AMOUNT] : 0, 0.02 * 500);
        }
        fmx_explain_run_close(&r);
        fmx_explain_clear(&j);
    }
    fmx_test_close(&test);
}

/* The same spectrum gives the same bits wherever it stands in a batch, and twice. */
Test(explain, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"batch", 5, 2000, 9, 4, 0};
    const fmx_explain_mix mix = {.present = 0.5, .shift = 4, .noise = 1, .seed = 12};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    size_t parts = j.parts / j.count;
    memcpy(j.spectra + 4 * j.points, j.spectra, j.points * sizeof(float));
    memcpy(j.part + 4 * parts, j.part, parts * sizeof *j.part);
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    fmx_explain_fit(&test, &r, NULL);
    cr_assert_arr_eq(r.fact[0], r.fact[4 * c.columns], c.columns * sizeof *r.fact);
    cr_assert_arr_eq(r.part_fact[0], r.part_fact[4 * parts], parts * sizeof *r.part_fact);
    cr_assert_arr_eq(r.fitted, r.fitted + 4 * j.points, j.points * sizeof(float));
    fmx_explain_run again = fmx_explain_run_open(&test, &j);
    fmx_explain_fit(&test, &again, NULL);
    cr_assert_arr_eq(r.fact, again.fact, j.columns * sizeof *r.fact);
    cr_assert_arr_eq(r.part, again.part, j.parts * sizeof *r.part);
    fmx_explain_run_close(&again);
    /* alone */
    j.count = 1;
    j.columns = c.columns;
    j.parts = parts;
    again = fmx_explain_run_open(&test, &j);
    fmx_explain_fit(&test, &again, NULL);
    cr_assert_arr_eq(r.fact, again.fact, c.columns * sizeof *r.fact);
    cr_assert_arr_eq(r.part_fact, again.part_fact, parts * sizeof *r.part_fact);
    fmx_explain_run_close(&again);
    end(&test, &j, &r);
}

Test(explain, hostile_tables_and_spectra)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"hostile", 4, 500, 4, 3, 0};
    const fmx_explain_mix mix = {.present = 1, .shift = 2, .noise = 1, .seed = 31};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    j.spectra[7] = NAN;
    j.spectra[j.points + 499] = -INFINITY;
    uint32_t bad = (uint32_t)(2 * c.columns); /* columns of spectrum 2 */
    j.part[j.column[bad].first_part].pattern = UINT32_MAX;
    j.column[bad + 1].parts = UINT32_MAX;
    j.part[j.column[bad + 2].first_part].shift = NAN;
    j.pattern[j.part[j.column[bad + 3].first_part].pattern].count = 0;
    j.head[3].columns = UINT32_MAX; /* no column is fitted */
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    fmx_explain_fit(&test, &r, NULL);
    for (size_t k = 0; k < j.columns; ++k)
        for (size_t i = 0; i < FMX__EXPLAIN_FACTS; ++i)
            cr_assert(isfinite(r.fact[k][i]) || k / c.columns == 3, "column %zu, fact %zu: %g", k,
                      i, (double)r.fact[k][i]);
    for (size_t k = 0; k < 2 * c.columns; ++k) {
        cr_assert_eq(r.fact[k][FMX__EXPLAIN_AMOUNT], 0);
        cr_assert_eq(r.fact[k][FMX__EXPLAIN_FLAG], 1);
    }
    for (size_t p = 0; p < 2 * j.points; ++p)
        cr_assert_eq(r.fitted[p], 0);
    for (size_t p = 2 * j.points; p < 4 * j.points; ++p)
        cr_assert(isfinite(r.fitted[p]));
    for (size_t p = 3 * j.points; p < 4 * j.points; ++p)
        cr_assert_eq(r.fitted[p], 0);
    cr_assert_eq(r.fact[bad + 1][FMX__EXPLAIN_AMOUNT], 0);
    end(&test, &j, &r);
}

/* Spectra without columns, columns without parts, an empty table. */
Test(explain, nothing_to_fit)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"empty", 2, 300, 2, 2, 0};
    const fmx_explain_mix mix = {.present = 1, .shift = 0, .noise = 1, .seed = 1};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    j.head[0].columns = 0;
    j.column[2].parts = 0;
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    fmx_explain_fit(&test, &r, NULL);
    for (size_t p = 0; p < j.points; ++p)
        cr_assert_eq(r.fitted[p], 0);
    cr_assert_eq(r.fact[2][FMX__EXPLAIN_AMOUNT], 0);
    cr_assert_eq(r.fact[2][FMX__EXPLAIN_SD], 0);
    cr_assert_gt(r.fact[3][FMX__EXPLAIN_AMOUNT], 0);
    fmx__pattern_table empty = {.widths = 1};
    fmx__explain_of none = r.of;
    for (size_t m = 0; m < j.count; ++m)
        j.head[m].columns = 0;
    none.table = &empty;
    none.column_count = none.part_count = 0;
    none.columns = none.parts = NULL;
    fmx_test_ok(&test,
                fmx_buffer_write(r.buffer[FMX_EXPLAIN_HEADS], 0, j.head, j.count * sizeof *j.head),
                "heads");
    fmx_test_ok(&test, fmx__explain(test.device, NULL, NULL, r.buffer[FMX_EXPLAIN_FITTED], &none),
                "explain");
    fmx_test_ok(&test,
                fmx_buffer_read(r.buffer[FMX_EXPLAIN_FITTED], 0, r.fitted,
                                j.count * j.points * sizeof(float)),
                "fitted");
    for (size_t p = 0; p < j.count * j.points; ++p)
        cr_assert_eq(r.fitted[p], 0);
    end(&test, &j, &r);
}

typedef struct attempt {
    const fmx_test *test;
    fmx_explain_run *run;
} attempt;

static fmx_status explain_once(void *user)
{
    attempt *a = user;
    fmx_buffer **b = a->run->buffer;
    return fmx__explain(a->test->device, b[FMX_EXPLAIN_FACTS], b[FMX_EXPLAIN_PART_FACTS],
                        b[FMX_EXPLAIN_FITTED], &a->run->of);
}

Test(explain, refusals_and_failures)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"refused", 1, 300, 2, 2, 0};
    const fmx_explain_mix mix = {.present = 1, .shift = 0, .noise = 1, .seed = 1};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    attempt a = {&test, &r};
    fmx__explain_options o = fmx__explain_defaults();
    fmx__explain_of of = r.of;
    fmx_test_each_failure(&test, explain_once, &a);
    r.of.options = &o;
    o.above = 0;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_ARGUMENT, "above");
    o = fmx__explain_defaults();
    o.relax = NAN;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_ARGUMENT, "relax");
    o = fmx__explain_defaults();
    o.rounds = FMX__EXPLAIN_ROUNDS + 1;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_ARGUMENT, "rounds");
    o = fmx__explain_defaults();
    o.round[2].steps = 32;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_ARGUMENT, "round 2");
    r.of = of;
    r.of.count = 0;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_SHAPE, "at least one");
    r.of = of;
    r.of.points = FMX__EXPLAIN_MOST_POINTS + 1;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_SHAPE, "points");
    r.of = of;
    r.of.part_count = 0;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_SHAPE, "columns need");
    r.of = of;
    r.of.column_count = FMX__EXPLAIN_MOST_COLUMNS + 1;
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_SHAPE, "too many");
    r.of = of;
    r.of.points = 301; /* the spectra's buffer holds 300 */
    fmx_test_refused(&test, explain_once(&a), FMX_ERROR_SHAPE, "explain");
    end(&test, &j, &r);
}

/* Signals of 50000 times the noise, beside which data dip below zero (phase, baseline) where the
 * pattern has weak outer lines: those must not forbid what the strong ones say. */
Test(explain, strong_signals_with_dips)
{
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"dips", 1, 4000, 1, 1, 0};
    const fmx_explain_mix mix = {.noise = 1, .seed = 2};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    j.multiplet[0] = (fmx_explain_multiplet){.place = 2000,
                                             .offset = {-220, -8, 8, 220},
                                             .weight = {1, 300, 300, 1},
                                             .lines = 4,
                                             .half = 2,
                                             .protons = 4};
    free(j.heights);
    j.heights = calloc(1024, sizeof *j.heights);
    j.heights_count = FMX__PATTERN_PAD;
    fmx_explain_pattern(&j, 0);
    j.table.heights_count = j.heights_count;
    double amount = 50000 / j.pattern[0].highest;
    for (size_t p = 0; p < j.points; ++p) {
        double away = (fabs((double)p - 2000) - 200) / 60;
        j.spectra[p] += (float)(amount * fmx_explain_height(&j.multiplet[0], 0, (double)p) -
                                400 * exp(-away * away));
    }
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    fmx_explain_fit(&test, &r, NULL);
    cr_assert_leq(fabs(r.fact[0][FMX__EXPLAIN_AMOUNT] / amount - 1), 0.1, "%g for %g",
                  (double)r.fact[0][FMX__EXPLAIN_AMOUNT], amount);
    fmx__explain_options o = fmx__explain_defaults();
    o.far = 0;
    fmx_explain_fit(&test, &r, &o);
    cr_assert_lt(r.fact[0][FMX__EXPLAIN_AMOUNT], 0.7 * amount, "%g of %g: nothing to guard against",
                 (double)r.fact[0][FMX__EXPLAIN_AMOUNT], amount);
    end(&test, &j, &r);
}

/* scipy.optimize.nnls with the same weights: tests/golden/make_explain.py. The scaled Gram matrices
 * have conditions up to 95; what float leaves of the weighted data (the products are sums
 * over 240 points) is shared out by that. 400 sweeps are enough for it. */
Test(explain, golden)
{
    enum { SPECTRA = 3, COLUMNS = 10, PARTS = 3, HEIGHTS = 80, POINTS = 1200 };
    const double condition = 95;
    fmx_test test = fmx_test_open();
    const fmx_case_explain c = {"golden", SPECTRA, POINTS, COLUMNS, PARTS, 0};
    const fmx_explain_mix mix = {.seed = 1};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    size_t floats = 0;
    float *heights = fmx_test_golden("explain_heights.npy", &floats);
    cr_assert_eq(floats, COLUMNS * PARTS * HEIGHTS);
    float *places = fmx_test_golden("explain_places.npy", &floats);
    cr_assert_eq(floats, COLUMNS * PARTS * 2);
    float *spectra = fmx_test_golden("explain_spectra.npy", &floats);
    cr_assert_eq(floats, SPECTRA * POINTS);
    float *amounts = fmx_test_golden("explain_amounts.npy", &floats);
    cr_assert_eq(floats, SPECTRA * COLUMNS);
    memset(j.heights, 0, COLUMNS * PARTS * 256 * sizeof(float));
    j.patterns = j.table.patterns = COLUMNS * PARTS;
    j.heights_count = FMX__PATTERN_PAD;
    for (size_t i = 0; i < COLUMNS * PARTS; ++i) {
        j.pattern[i] = (fmx__pattern){.first = (uint32_t)j.heights_count,
                                      .count = HEIGHTS,
                                      .base = (int32_t)places[2 * i],
                                      .highest = places[2 * i + 1]};
        memcpy(j.heights + j.heights_count, heights + i * HEIGHTS, HEIGHTS * sizeof(float));
        j.heights_count += HEIGHTS + FMX__PATTERN_PAD;
    }
    j.table.heights_count = j.heights_count;
    j.parts = SPECTRA * COLUMNS * PARTS;
    for (size_t k = 0; k < SPECTRA * COLUMNS; ++k)
        j.column[k] =
            (fmx__explain_column){(uint32_t)(k * PARTS), PARTS, (uint32_t)(k / COLUMNS), 0};
    for (size_t i = 0; i < j.parts; ++i)
        j.part[i] = (fmx__explain_part){(uint32_t)(i % (COLUMNS * PARTS)), 0, 0, 0};
    memcpy(j.spectra, spectra, SPECTRA * POINTS * sizeof(float));
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    fmx__explain_options o = fmx__explain_defaults();
    o.floor = 2;
    o.share = 0.1;
    o.near = 0.04;
    o.far = 0;
    o.above = 1;
    o.rounds = 0;
    o.first_sweeps = 400;
    fmx_explain_fit(&test, &r, &o);
    double top = 0;
    for (size_t k = 0; k < j.columns; ++k)
        top = fmax(top, amounts[k]);
    for (size_t k = 0; k < j.columns; ++k) {
        double got = r.fact[k][FMX__EXPLAIN_AMOUNT];
        cr_assert_leq(fabs(got - amounts[k]), condition * SUM * top, "column %zu: %g for %g", k,
                      got, (double)amounts[k]);
    }
    fmx_explain_run_close(&r);
    free(heights);
    free(places);
    free(spectra);
    free(amounts);
    fmx_explain_clear(&j);
    fmx_test_close(&test);
}

/* A table as the library makes it: two compounds at 600 MHz, found again where they were put. */
Test(explain, pattern_table)
{
    fmx_test test = fmx_test_open();
    double ppm[] = {1.00, 1.01, 1.02, 3.50, 2.20, 2.21, 3.51};
    float protons[] = {0.75F, 1.5F, 0.75F, 2, 1, 1, 3};
    char name[] = "a";
    char other[] = "b";
    fmx_library_multiplet multiplet[] = {{1.01, 1.00, 1.02, 3, 0, 3},
                                         {3.50, 3.50, 3.50, 2, 3, 1},
                                         {2.205, 2.20, 2.21, 2, 4, 2},
                                         {3.51, 3.51, 3.51, 3, 6, 1}};
    fmx_library_entry entry[] = {
        {.name = name, .protons = 5, .multiplet_count = 2},
        {.name = other, .compound = 1, .protons = 5, .first_multiplet = 2, .multiplet_count = 2}};
    fmx_library_compound compound[] = {{.name = name, .first_entry = 0, .entry_count = 1},
                                       {.name = other, .first_entry = 1, .entry_count = 1}};
    fmx_library library = {.field_mhz = 600,
                           .gap_ppm = 0.025,
                           .compound = compound,
                           .compounds = 2,
                           .entry = entry,
                           .entries = 2,
                           .multiplet = multiplet,
                           .multiplets = 4,
                           .line_ppm = ppm,
                           .line_protons = protons,
                           .lines = 7};
    const fmx__multiplet_axis axis = {10, 0.5, 19001};
    const double width_hz = 1.2;
    fmx__pattern_table table;
    fmx_test_ok(&test,
                fmx__pattern_table_create(test.device, &library, &axis, &width_hz, 1, &table),
                "table");
    const fmx_case_explain c = {"library", 1, 19001, 2, 2, 0};
    const fmx_explain_mix mix = {.noise = 1, .seed = 4};
    fmx_explain_job j = fmx_explain_make(&c, &mix);
    const double amount[] = {700, 400};
    const double shift[] = {7.3, -4.6, 2.5, 11};
    double half = width_hz / 600 / 0.0005 / 2;
    for (uint32_t i = 0; i < 4; ++i) {
        j.column[i / 2] = (fmx__explain_column){i / 2 * 2, 2, 0, 0};
        j.part[i] = (fmx__explain_part){i, 0, 0, i / 2};
        for (size_t n = 0; n < multiplet[i].line_count; ++n)
            for (size_t p = 0; p < j.points; ++p) {
                double place = (10 - ppm[multiplet[i].first_line + n]) / 0.0005 + shift[i];
                j.spectra[p] +=
                    (float)(amount[i / 2] * protons[multiplet[i].first_line + n] /
                            (half * 3.141592653589793) / (1 + pow(((double)p - place) / half, 2)));
            }
    }
    j.parts = 4;
    fmx_explain_run r = fmx_explain_run_open(&test, &j);
    r.of.table = &table;
    fmx_explain_fit(&test, &r, NULL);
    for (size_t k = 0; k < 2; ++k)
        cr_assert_leq(fabs(r.fact[k][FMX__EXPLAIN_AMOUNT] - amount[k]), 0.03 * amount[k], "%g",
                      (double)r.fact[k][FMX__EXPLAIN_AMOUNT]);
    for (size_t i = 0; i < 4; ++i) /* places are tried every quarter of a point */
        cr_assert_leq(fabs(r.part[i].shift - shift[i]), 0.25, "part %zu: %g", i,
                      (double)r.part[i].shift);
    fmx_explain_run_close(&r);
    fmx_explain_clear(&j);
    fmx__pattern_table_clear(&table);
    fmx_test_close(&test);
}

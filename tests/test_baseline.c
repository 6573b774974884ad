#include <math.h>
#include <stdlib.h>

#include "baseline_data.h"
#include "baseline_ref.h"

typedef struct allowed {
    const float *before;
    const double *limit; /* [rows] */
    size_t points;
} allowed;

/* Rounding of the subtraction, plus that of the baseline (limit). */
static double tolerance(const void *user, size_t i)
{
    const allowed *a = user;
    return 2 * FMX_TEST_EPS * fabs((double)a->before[i]) + a->limit[i / a->points];
}

static void check_case(const fmx_test *test, const fmx_case_baseline *c)
{
    size_t count = c->rows * c->points;
    float *before = spectra(c->rows, c->points, 5);
    float *expected = spectra(c->rows, c->points, 5);
    float *got = spectra(c->rows, c->points, 6);
    double *work = calloc(5 * c->points, sizeof *work);
    double *limit = calloc(c->rows, sizeof *limit);
    fmx_signal signal = batch(test, c, before);
    for (size_t row = 0; row < c->rows; ++row) {
        size_t block = 0;
        size_t wide = 0;
        blocks_of(c, row, 0.005, &block, &wide);
        double noise =
            fmx_ref_baseline(expected + row * c->points, c->points, block, wide, (wide / 2) | 1,
                             c->options.percentile, (int)c->options.iterations, work);
        double highest = 0;
        for (size_t i = 0; i < (c->points + block - 1) / block; ++i)
            highest = fmax(highest, fabs(work[i]));
        /* An order statistic moves no further than its values, which are sums of `block` floats; a
         * boxcar adds `wide` roundings of the baseline's size. The clipped mean then multiplies an
         * error by at most 4 (slope of m r at 3 s) a round, and where hardly any mean is near the
         * baseline by 1 / 0.05 once more. */
        double rounding = FMX_TEST_EPS * ((double)(block + wide) * (highest + 3 * noise));
        limit[row] = rounding * (1 + 20.0 * (double)c->options.iterations);
    }
    fmx_test_ok(test, fmx_correct_baseline(&signal, &c->options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    fmx_test_close_to(got, expected, count, tolerance, &(allowed){before, limit, c->points},
                      c->name);
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
    free(work);
    free(limit);
}

Test(baseline, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_baseline / sizeof *fmx_cases_baseline; ++i) {
        if (!fmx_cases_baseline[i].bench &&
            fmx_cases_baseline[i].options.method == FMX_BASELINE_PERCENTILE)
            check_case(&test, &fmx_cases_baseline[i]);
    }
    fmx_test_close(&test);
}

/* A known smooth baseline under noise and lines comes off to a fraction of the noise. */
Test(baseline, removes_a_known_baseline)
{
    enum { POINTS = 32768 };
    fmx_test test = fmx_test_open();
    fmx_case_baseline c = {"known", 1, POINTS, -0.0003, FMX_BASELINE_DEFAULT, 0};
    float *x = fmx_test_random(POINTS, 3);
    float *noise = fmx_test_random(POINTS, 3);
    double sum = 0;
    for (size_t i = 0; i < POINTS; ++i)
        x[i] += (float)(12 * sin((double)i * 5 / POINTS) + 4);
    fmx_signal signal = batch(&test, &c, x);
    fmx_test_ok(&test, fmx_correct_baseline(&signal, &c.options), "baseline");
    fmx_test_ok(&test, fmx_signal_read(&signal, x), "read");
    for (size_t i = 0; i < POINTS; ++i)
        sum += pow((double)x[i] - noise[i], 2);
    double rms = sqrt(sum / POINTS);
    /* standard deviation of the noise: 1 / sqrt(3) */
    cr_assert_lt(rms, 0.15 / sqrt(3), "baseline off by %g of rms", rms);
    fmx_signal_clear(&signal);
    free(x);
    free(noise);
    fmx_test_close(&test);
}

Test(baseline, rows_do_not_touch_each_other)
{
    enum { POINTS = 5000 };
    fmx_test test = fmx_test_open();
    fmx_case_baseline c = {"rows", 3, POINTS, -0.0003, FMX_BASELINE_DEFAULT, 0};
    float *x = spectra(3, POINTS, 2);
    float *got = spectra(3, POINTS, 1);
    float *alone = spectra(3, POINTS, 1);
    for (size_t i = 0; i < POINTS; ++i) {
        x[POINTS + i] = i == 77 ? NAN : x[POINTS + i];
        x[2 * POINTS + i] = 0;
    }
    fmx_signal all = batch(&test, &c, x);
    c.rows = 1;
    fmx_signal first = batch(&test, &c, x);
    fmx_test_ok(&test, fmx_correct_baseline(&all, &c.options), "three rows");
    fmx_test_ok(&test, fmx_correct_baseline(&first, &c.options), "one row");
    fmx_test_ok(&test, fmx_signal_read(&all, got), "read");
    fmx_test_ok(&test, fmx_signal_read(&first, alone), "read");
    cr_assert_arr_eq(got, alone, POINTS * sizeof *got);
    for (size_t i = 0; i < POINTS; ++i)
        cr_assert_eq(got[2 * POINTS + i], 0, "a row of zeros stays one");
    cr_assert(isnan(got[POINTS + 77]));
    fmx_signal_clear(&all);
    fmx_signal_clear(&first);
    free(x);
    free(got);
    free(alone);
    fmx_test_close(&test);
}

static fmx_status correct(void *user)
{
    fmx_baseline options = FMX_BASELINE_DEFAULT;
    return fmx_correct_baseline(user, &options);
}

Test(baseline, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_case_baseline c = {"refusals", 2, 100, -0.0003, FMX_BASELINE_DEFAULT, 0};
    float *x = spectra(2, 100, 2);
    fmx_signal signal = batch(&test, &c, x);
    fmx_test_each_failure(&test, correct, &signal);
    signal.row[1].ppm_step = 0;
    fmx_test_refused(&test, correct(&signal), FMX_ERROR_ARGUMENT, "row 1");
    signal.domain = FMX_DOMAIN_TIME;
    fmx_test_refused(&test, correct(&signal), FMX_ERROR_SHAPE, "real spectrum");
    signal.domain = FMX_DOMAIN_FREQUENCY;
    c.options.window_ppm = NAN;
    fmx_test_refused(&test, fmx_correct_baseline(&signal, &c.options), FMX_ERROR_ARGUMENT,
                     "window_ppm");
    fmx_signal_clear(&signal);
    free(x);
    fmx_test_close(&test);
}

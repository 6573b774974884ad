/* The other methods of baseline: twins, other programs' results, rows that do not touch. */
#include "baseline_data.h"
#include "baseline_ref.h"
#include "fmx_golden.h"

enum { GOLDEN_ROWS = 2, GOLDEN_POINTS = 600 };

typedef struct allowed {
    const float *before;
    double relative; /* of the point */
    double absolute;
} allowed;

static double tolerance(const void *user, size_t i)
{
    const allowed *a = user;
    return a->relative * fabs((double)a->before[i]) + a->absolute;
}

static double highest(const float *x, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; ++i)
        most = fmax(most, fabs((double)x[i]));
    return most;
}

/* Medians are exact; a smoothed one is a sum of `taps` products of the size of the highest point,
 * with weights of sum one that are rounded themselves. */
static allowed allow_median(const fmx_case_baseline *c, const float *before)
{
    double most = highest(before, c->rows * c->points);
    return (allowed){before, 2 * FMX_TEST_EPS,
                     FMX_TEST_EPS * ((double)c->options.smooth_points + 6) * most};
}

static void check_median(const fmx_test *test, const fmx_case_baseline *c)
{
    size_t count = c->rows * c->points;
    float *before = spectra(c->rows, c->points, 5);
    float *expected = spectra(c->rows, c->points, 5);
    float *got = spectra(c->rows, c->points, 6);
    double *work = calloc(c->points, sizeof *work);
    fmx_signal signal = batch(test, c, before);
    for (size_t row = 0; row < c->rows; ++row)
        fmx_ref_baseline_median(expected + row * c->points, c->points,
                                (size_t)c->options.median_points + 1,
                                (size_t)c->options.smooth_points, c->options.smooth_sigma, work);
    fmx_test_ok(test, fmx_correct_baseline(&signal, &c->options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    allowed a = allow_median(c, before);
    fmx_test_close_to(got, expected, count, tolerance, &a, c->name);
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
    free(work);
}

Test(baseline_methods, twins)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_baseline / sizeof *fmx_cases_baseline; ++i) {
        const fmx_case_baseline *c = &fmx_cases_baseline[i];
        if (!c->bench && c->options.method == FMX_BASELINE_MEDIAN)
            check_median(&test, c);
    }
    fmx_test_close(&test);
}

/* Corrects the golden spectra; the result is released with free(). */
static float *corrected(const fmx_test *test, const fmx_baseline *options, const float *input,
                        double ppm_step)
{
    fmx_case_baseline c = {"golden", GOLDEN_ROWS, GOLDEN_POINTS, ppm_step, *options, 0};
    fmx_signal signal = batch(test, &c, input);
    float *got = fmx_test_random((size_t)GOLDEN_ROWS * GOLDEN_POINTS, 1);
    for (size_t i = 0; i < GOLDEN_ROWS; ++i)
        signal.row[i].ppm_step = ppm_step;
    fmx_test_ok(test, fmx_correct_baseline(&signal, options), "golden");
    fmx_test_ok(test, fmx_signal_read(&signal, got), "read");
    fmx_signal_clear(&signal);
    return got;
}

static float *golden(const char *name)
{
    size_t floats = 0;
    float *data = fmx_test_golden(name, &floats);
    cr_assert_eq(floats, GOLDEN_ROWS * GOLDEN_POINTS, "%s: %zu values", name, floats);
    return data;
}

/* nmrglue's smoothing takes what is beyond the ends for zero; its baseline there, divided by the
 * weight of what is inside, is ours. */
static void check_nmrglue(const fmx_test *test, const fmx_baseline *options, const char *name)
{
    float *input = golden("baseline_input.npy");
    float *baseline = golden(name);
    float *got = corrected(test, options, input, -0.001);
    long taps = (long)options->smooth_points;
    double most = highest(input, (size_t)GOLDEN_ROWS * GOLDEN_POINTS);
    for (long i = 0; i < GOLDEN_ROWS * GOLDEN_POINTS; ++i) {
        double all = 0;
        double inside = 0;
        for (long k = 0; k < taps; ++k) {
            double u = ((double)k - 0.5 * ((double)taps - 1)) / options->smooth_sigma;
            long from = i % GOLDEN_POINTS + (taps - 1) / 2 - k;
            all += exp(-0.5 * u * u);
            inside += from >= 0 && from < GOLDEN_POINTS ? exp(-0.5 * u * u) : 0;
        }
        double expected = (double)input[i] - (double)baseline[i] * all / inside;
        /* the sum of `taps` roundings; the golden and the division by its weight, at least 0.4 */
        double limit = FMX_TEST_EPS * (double)(taps + 10) * most;
        cr_assert_leq(fabs((double)got[i] - expected), limit, "%s, value %ld: got %.9g, not %.9g",
                      name, i, (double)got[i], expected);
    }
    free(input);
    free(baseline);
    free(got);
}

Test(baseline_methods, median_is_nmrglues)
{
    fmx_test test = fmx_test_open();
    fmx_baseline options = FMX_BASELINE_DEFAULT;
    options.method = FMX_BASELINE_MEDIAN;
    check_nmrglue(&test, &options, "baseline_median.npy");
    options.median_points = 15;
    options.smooth_points = 9;
    options.smooth_sigma = 3;
    check_nmrglue(&test, &options, "baseline_median_15_9_3.npy");
    fmx_test_close(&test);
}

static const fmx_case_baseline methods[] = {
    {"median", 3, 3001, -0.0003, FMX_MEDIAN(24, 24, 5), 0},
};
enum { METHODS = sizeof methods / sizeof *methods };

/* Rows: random, one with a NaN, zeros. The first is the same to the bit alone and again. */
static void check_rows(const fmx_test *test, const fmx_case_baseline *c)
{
    size_t points = c->points;
    fmx_case_baseline single = *c;
    float *x = spectra(3, points, 2);
    float *got = spectra(3, points, 1);
    float *alone = spectra(1, points, 1);
    single.rows = 1;
    x[points + 77] = NAN;
    memset(x + 2 * points, 0, points * sizeof *x);
    for (int again = 0; again < 2; ++again) {
        fmx_signal all = batch(test, c, x);
        fmx_signal first = batch(test, &single, x);
        fmx_test_ok(test, fmx_correct_baseline(&all, &c->options), c->name);
        fmx_test_ok(test, fmx_correct_baseline(&first, &c->options), c->name);
        fmx_test_ok(test, fmx_signal_read(&all, got), c->name);
        if (again == 0)
            fmx_test_ok(test, fmx_signal_read(&first, alone), c->name);
        fmx_signal_clear(&all);
        fmx_signal_clear(&first);
        cr_assert_arr_eq(got, alone, points * sizeof *got, "%s: run %d", c->name, again);
    }
    for (size_t i = 0; i < points; ++i)
        cr_assert_eq(got[2 * points + i], 0, "%s: a row of zeros stays one", c->name);
    cr_assert(isnan(got[points + 77]), "%s: NaN", c->name);
    free(x);
    free(got);
    free(alone);
}

Test(baseline_methods, rows_do_not_touch_each_other)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < METHODS; ++i)
        check_rows(&test, &methods[i]);
    fmx_test_close(&test);
}

typedef struct correction {
    fmx_signal signal;
    fmx_baseline options;
} correction;

static fmx_status correct(void *user)
{
    correction *c = user;
    return fmx_correct_baseline(&c->signal, &c->options);
}

Test(baseline_methods, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < METHODS; ++i) {
        float *x = spectra(methods[i].rows, methods[i].points, 2);
        correction c = {batch(&test, &methods[i], x), methods[i].options};
        fmx_test_each_failure(&test, correct, &c);
        fmx_signal_clear(&c.signal);
        free(x);
    }
    fmx_test_close(&test);
}

typedef struct refusal {
    const char *key;
    fmx_baseline options;
} refusal;

Test(baseline_methods, refusals)
{
    fmx_test test = fmx_test_open();
    const refusal refusals[] = {
        {"median_points", FMX_MEDIAN(1, 24, 5)},    {"median_points", FMX_MEDIAN(4001, 24, 5)},
        {"smooth_points", FMX_MEDIAN(24, 0, 5)},    {"smooth_points", FMX_MEDIAN(24, 4001, 5)},
        {"smooth_sigma", FMX_MEDIAN(24, 24, 0.05)}, {"smooth_sigma", FMX_MEDIAN(24, 24, NAN)},
    };
    float *x = spectra(methods[0].rows, methods[0].points, 2);
    fmx_signal signal = batch(&test, &methods[0], x);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i)
        fmx_test_refused(&test, fmx_correct_baseline(&signal, &refusals[i].options),
                         FMX_ERROR_ARGUMENT, refusals[i].key);
    fmx_signal_clear(&signal);
    free(x);
    fmx_test_close(&test);
}

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

/* What a twin makes of row `row`, in place, and the error that is allowed beyond the rounding of
 * the point itself. */
typedef double (*twin)(const fmx_case_baseline *c, size_t row, float *x, double *work);

/* Medians are exact; a smoothed one is a sum of `taps` products of the size of the highest point,
 * with weights of sum one that are rounded themselves. */
static double median_twin(const fmx_case_baseline *c, size_t row, float *x, double *work)
{
    double most = highest(x, c->points);
    (void)row;
    fmx_ref_baseline_median(x, c->points, (size_t)c->options.median_points + 1,
                            (size_t)c->options.smooth_points, c->options.smooth_sigma, work);
    return FMX_TEST_EPS * ((double)c->options.smooth_points + 6) * most;
}

/* The penalty of the docs page, 16 bits of it. */
static double penalty(double length_ppm, double block_ppm)
{
    double length = fmin(length_ppm / block_ppm, 400);
    int exponent = 0;
    double share = frexp(pow(length / (2 * acos(-1)), 4), &exponent);
    return ldexp(round(ldexp(share, 16)), exponent - 16);
}

/* Means are sums of `block` floats. Pairs of floats are good to 2^-44 of the matrix's largest
 * entry, 16 lambda, which an eigenvalue of one (first round: all weights are one) turns into that
 * share of the baseline. Afterwards a mean within rounding of the baseline may get the other
 * weight: what that does must stay below a hundredth of the noise. */
static double als_twin(const fmx_case_baseline *c, size_t row, float *x, double *work)
{
    double most = highest(x, c->points);
    size_t block = 0;
    size_t wide = 0;
    double step = fabs(c->ppm_step) * pow(1.3, (double)row);
    blocks_of(c, row, fmax(0.005, c->options.length_ppm / 400 * 1.5), &block, &wide);
    double lambda = penalty(c->options.length_ppm, step * (double)block);
    double noise = fmx_ref_baseline_als(x, c->points, block, lambda, c->options.asymmetry,
                                        (int)c->options.als_rounds, work);
    double rounding = most * (FMX_TEST_EPS * (double)(block + 8) + (1 + 16 * lambda) * 0x1p-44);
    return c->options.als_rounds == 1 ? rounding : rounding + 0.01 * noise;
}

/* As fit rounds mend each other, what is left is the rounding of the means, of the series (order +
 * 1 terms, twice) and of u, 2^-24, times the series' slope, order^2 at most; and what a weight
 * makes of that: below a hundredth of the noise. */
static double polynomial_twin(const fmx_case_baseline *c, size_t row, float *x, double *work)
{
    double most = highest(x, c->points);
    size_t block = 0;
    size_t wide = 0;
    blocks_of(c, row, 0.005, &block, &wide);
    size_t m = (c->points + block - 1) / block;
    float *copy = calloc(c->points, sizeof *copy);
    memcpy(copy, x, c->points * sizeof *copy);
    double noise = fmx_ref_baseline(copy, c->points, block, wide, (wide / 2) | 1,
                                    c->options.percentile, (int)c->options.iterations, work);
    double order = (double)c->options.order;
    free(copy);
    fmx_ref_baseline_polynomial(x, c->points, block, work, work + m, noise, (int)order,
                                c->options.clip_sigma, (int)c->options.fit_rounds);
    return FMX_TEST_EPS * ((double)block + 4 * order + order * order + 8) * most + 0.01 * noise;
}

static const twin twin_of[] = {NULL, median_twin, als_twin, polynomial_twin};

static void check_case(const fmx_test *test, const fmx_case_baseline *c)
{
    float *before = spectra(c->rows, c->points, 5);
    float *expected = spectra(c->rows, c->points, 5);
    float *got = spectra(c->rows, c->points, 6);
    double *work = calloc(6 * c->points, sizeof *work);
    fmx_signal signal = batch(test, c, before);
    fmx_test_ok(test, fmx_correct_baseline(&signal, &c->options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t row = 0; row < c->rows; ++row) {
        size_t first = row * c->points;
        double limit = twin_of[c->options.method](c, row, expected + first, work);
        allowed a = {before + first, 2 * FMX_TEST_EPS, limit};
        fmx_test_close_to(got + first, expected + first, c->points, tolerance, &a, c->name);
    }
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
    free(work);
}

static void check_method(int method)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_baseline / sizeof *fmx_cases_baseline; ++i) {
        if (!fmx_cases_baseline[i].bench && fmx_cases_baseline[i].options.method == method)
            check_case(&test, &fmx_cases_baseline[i]);
    }
    fmx_test_close(&test);
}

Test(baseline_methods, median_twin)
{
    check_method(FMX_BASELINE_MEDIAN);
}

Test(baseline_methods, als_twin)
{
    check_method(FMX_BASELINE_ALS);
}

Test(baseline_methods, polynomial_twin)
{
    check_method(FMX_BASELINE_POLYNOMIAL);
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

/* |input - got - golden| within `limit`. */
static void check_golden(const fmx_test *test, const fmx_baseline *options, const char *name,
                         double limit)
{
    float *input = golden("baseline_input.npy");
    float *baseline = golden(name);
    float *got = corrected(test, options, input, -0.006); /* blocks of one point */
    for (size_t i = 0; i < (size_t)GOLDEN_ROWS * GOLDEN_POINTS; ++i)
        cr_assert_leq(fabs((double)input[i] - (double)got[i] - (double)baseline[i]), limit,
                      "%s, value %zu: got %.9g from %.9g, baseline %.9g", name, i, (double)got[i],
                      (double)input[i], (double)baseline[i]);
    free(input);
    free(baseline);
    free(got);
}

/* A hundredth of the noise, which is one there; the rounding of points up to 400 is below that. */
Test(baseline_methods, als_is_scipys)
{
    fmx_test test = fmx_test_open();
    double length_ppm = 2 * acos(-1) * pow(2, 18.0 / 4) * 0.006; /* lambda = 2^18 */
    fmx_baseline options = FMX_ALS(length_ppm, 0.01, 20);
    check_golden(&test, &options, "baseline_als.npy", 0.01);
    fmx_test_close(&test);
}

/* As polynomial_twin: rounding of series up to 400. */
Test(baseline_methods, polynomial_is_numpys)
{
    fmx_test test = fmx_test_open();
    fmx_baseline options = FMX_POLYNOMIAL(7, 1e6, 3);
    check_golden(&test, &options, "baseline_polynomial.npy", FMX_TEST_EPS * (4 * 7 + 49 + 9) * 400);
    fmx_test_close(&test);
}

static const fmx_case_baseline methods[] = {
    {"median", 3, 3001, -0.0003, FMX_MEDIAN(24, 24, 5), 0},
    {"als", 3, 3001, -0.0003, FMX_ALS(1, 0.01, 10), 0},
    {"polynomial", 3, 3001, -0.0003, FMX_POLYNOMIAL(5, 2, 5), 0},
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

/* Copies of one row, enough for every thread of the device at once, come out the same. */
Test(baseline_methods, copies_stay_equal)
{
    enum { COPIES = 96 };
    fmx_test test = fmx_test_open();
    fmx_case_baseline c = {"percentile", COPIES, 3001, -0.0003, FMX_BASELINE_DEFAULT, 0};
    float *x = spectra(COPIES, c.points, 4);
    for (size_t i = 1; i < COPIES; ++i)
        memcpy(x + i * c.points, x, c.points * sizeof *x);
    for (int method = 0; method <= FMX_BASELINE_POLYNOMIAL; ++method) {
        c.options.method = method;
        fmx_signal signal = batch(&test, &c, x);
        float *got = spectra(COPIES, c.points, 1);
        for (size_t i = 0; i < COPIES; ++i)
            signal.row[i].ppm_step = c.ppm_step;
        fmx_test_ok(&test, fmx_correct_baseline(&signal, &c.options), c.name);
        fmx_test_ok(&test, fmx_signal_read(&signal, got), c.name);
        for (size_t i = 1; i < COPIES; ++i)
            cr_assert_arr_eq(got, got + i * c.points, c.points * sizeof *got, "method %d, row %zu",
                             method, i);
        fmx_signal_clear(&signal);
        free(got);
    }
    free(x);
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
        {"length_ppm", FMX_ALS(0.01, 0.01, 10)},    {"length_ppm", FMX_ALS(NAN, 0.01, 10)},
        {"asymmetry", FMX_ALS(1, 0, 10)},           {"asymmetry", FMX_ALS(1, 0.6, 10)},
        {"als_rounds", FMX_ALS(1, 0.01, 0)},        {"als_rounds", FMX_ALS(1, 0.01, 101)},
        {"order", FMX_POLYNOMIAL(-1, 2, 5)},        {"order", FMX_POLYNOMIAL(10, 2, 5)},
        {"clip_sigma", FMX_POLYNOMIAL(5, 0, 5)},    {"fit_rounds", FMX_POLYNOMIAL(5, 2, 0)},
    };
    float *x = spectra(methods[0].rows, methods[0].points, 2);
    fmx_signal signal = batch(&test, &methods[0], x);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; ++i)
        fmx_test_refused(&test, fmx_correct_baseline(&signal, &refusals[i].options),
                         FMX_ERROR_ARGUMENT, refusals[i].key);
    signal.row[1].ppm_step = 0;
    for (size_t i = 1; i < METHODS; ++i) /* the median counts points */
        fmx_test_refused(&test, fmx_correct_baseline(&signal, &methods[i].options),
                         FMX_ERROR_ARGUMENT, "row 1");
    fmx_signal_clear(&signal);
    free(x);
    fmx_test_close(&test);
}

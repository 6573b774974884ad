#include <math.h>
#include <stdlib.h>

#include "cases/noise.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "noise_ref.h"

/* The stage by its twins, one row; *most becomes the largest value looked at. */
static double reference(const fmx_noise *options, const fmx_row *row, const float *data,
                        size_t points, size_t parts, double *most)
{
    *most = 0;
    if (options->mode == FMX_NOISE_ROBUST)
        return fmx_ref_noise_robust(data, points, parts, row->valid);
    double *x = malloc(2 * points * sizeof *x);
    double *y = x + points;
    size_t count = 0;
    bool published = options->mode == FMX_NOISE_PUBLISHED;
    cr_assert_not_null(x);
    for (size_t i = 0; i < points; ++i) {
        double ppm = row->ppm_first + (double)i * row->ppm_step;
        double on = 1e-6 * fabs(row->ppm_step); /* a point on an end counts */
        bool low = ppm >= options->low_from_ppm - on && ppm <= options->low_to_ppm + on;
        bool high = ppm >= options->high_from_ppm - on && ppm <= options->high_to_ppm + on;
        if (published ? i < (size_t)options->first_points : low || high) {
            x[count] = (double)i;
            y[count++] = data[i * parts];
            *most = fmax(*most, fabs(data[i * parts]));
        }
    }
    double squares = fmx_ref_noise_residual(x, y, count, published ? 0 : 2);
    free(x);
    return published ? sqrt(squares / (double)count) / options->divisor
                     : sqrt(squares / ((double)count - 3));
}

/* Robust: the medians are exact order statistics or the middle of two (4 roundings), scaled, and
 * the choice of blocks is the same unless one lies on its limit to that accuracy. The others: every
 * residual rounds like the values (8 roundings of the largest, `most`, of which sums of squares
 * average the signs away, so once), a sum of count squares rounds relative to itself by one unit
 * per addition that an item and the tree make. */
static double tolerance(const fmx_noise *options, double sigma, double most, size_t points)
{
    if (options->mode == FMX_NOISE_ROBUST)
        return 8 * FMX_TEST_EPS * sigma;
    double additions = (double)points / 256 + 16;
    return 8 * FMX_TEST_EPS * most + additions * FMX_TEST_EPS * sigma;
}

static void check_case(const fmx_test *test, const fmx_case_noise *c)
{
    size_t parts = c->is_complex ? 2 : 1;
    size_t floats = parts * c->points;
    fmx_signal signal = fmx_test_spectra(test, c->is_complex, c->rows, c->points, 9);
    float *data = fmx_test_random(c->rows * floats, 9);
    for (size_t i = 0; i < c->rows; ++i) {
        signal.row[i].valid = c->points / c->filled;
        for (size_t n = 0; n < floats; ++n) /* a baseline, and strong lines at places */
            data[i * floats + n] += 10 + (float)n / (float)floats + (n % 1000 < 50 ? 1000 : 0);
    }
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, data, c->rows * floats * 4), c->name);
    for (int run = 0; run < 2; ++run) {
        float first = signal.row[0].noise_sigma;
        fmx_test_ok(test, fmx_estimate_noise(&signal, &c->options), c->name);
        cr_assert(run == 0 || first == signal.row[0].noise_sigma, "%s: second run", c->name);
        for (size_t i = 0; i < c->rows; ++i) {
            double most = 0;
            const fmx_row *row = &signal.row[i];
            double expected =
                reference(&c->options, row, data + i * floats, c->points, parts, &most);
            cr_assert(fabs(row->noise_sigma - expected) <=
                          tolerance(&c->options, expected, most, c->points),
                      "%s, row %zu: got %.9g, expected %.9g", c->name, i, row->noise_sigma,
                      expected);
        }
    }
    fmx_signal_clear(&signal);
    free(data);
}

Test(noise, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_noise / sizeof *fmx_cases_noise; ++i) {
        if (!fmx_cases_noise[i].bench)
            check_case(&test, &fmx_cases_noise[i]);
    }
    fmx_test_close(&test);
}

/* numpy's std, its quadratic, and the robust estimate written in numpy. */
Test(noise, golden)
{
    fmx_test test = fmx_test_open();
    const int modes[] = {FMX_NOISE_PUBLISHED, FMX_NOISE_EDGES, FMX_NOISE_ROBUST};
    size_t points = 0;
    size_t count = 0;
    float *in = fmx_test_golden("noise_input.npy", &points);
    float *expected = fmx_test_golden("noise_expected.npy", &count);
    fmx_signal signal = fmx_test_spectra(&test, false, 1, points, 1);
    cr_assert_eq(count, 3);
    fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, in, points * sizeof *in), "in");
    signal.row[0].ppm_first = 12;
    signal.row[0].ppm_step = -13.0 / (double)(points - 1);
    for (size_t i = 0; i < count; ++i) {
        fmx_noise options = FMX_NOISE_DEFAULT;
        options.mode = modes[i];
        double most = 0;
        fmx_test_ok(&test, fmx_estimate_noise(&signal, &options), "noise");
        reference(&options, &signal.row[0], in, points, 1, &most);
        double allowed = tolerance(&options, expected[i], most, points) + FMX_TEST_EPS;
        cr_assert(fabs((double)signal.row[0].noise_sigma - expected[i]) <= allowed,
                  "mode %d: got %.9g, expected %.9g", modes[i], signal.row[0].noise_sigma,
                  expected[i]);
    }
    fmx_signal_clear(&signal);
    free(in);
    free(expected);
    fmx_test_close(&test);
}

/* Adds 60 Lorentzian lines to noise of standard deviation 1 (sums of 12 uniform numbers). */
static float *crowded(size_t points)
{
    float *u = fmx_test_random(12 * points + 120, 21);
    float *y = fmx_test_random(points, 1);
    for (size_t i = 0; i < points; ++i) {
        y[i] = 0;
        for (size_t k = 0; k < 12; ++k)
            y[i] += 0.5f * u[12 * i + k]; /* variance 1/3 each, times 1/4, times 12 */
        for (size_t k = 0; k < 60; ++k) {
            float at = (0.5f + 0.35f * u[12 * points + 2 * k]) * (float)points;
            float x = ((float)i - at) / (5 + 4 * u[12 * points + 2 * k + 1]);
            y[i] += 300 / (1 + x * x);
        }
    }
    free(u);
    return y;
}

/* What the estimate is for: a spectrum full of lines, its noise known. 64 blocks of 512 points, of
 * which at least a third hold tails only: 3 % of tails (measured on such spectra) and three
 * standard errors of a median of 20 blocks, 1.166 / sqrt(20 * 496) each. */
Test(noise, robust_against_lines)
{
    fmx_test test = fmx_test_open();
    enum { POINTS = 32768 };
    fmx_noise options = FMX_NOISE_DEFAULT;
    fmx_signal signal = fmx_test_spectra(&test, false, 1, POINTS, 1);
    float *y = crowded(POINTS);
    fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, y, POINTS * sizeof *y), "in");
    fmx_test_ok(&test, fmx_estimate_noise(&signal, &options), "noise");
    double error = signal.row[0].noise_sigma - 1;
    cr_assert_leq(fabs(error), 0.03 + 3 * 1.166 / sqrt(20 * 496), "off by %g", error);
    fmx_signal_clear(&signal);
    free(y);
    fmx_test_close(&test);
}

Test(noise, zeros_are_not_known)
{
    fmx_test test = fmx_test_open();
    for (int mode = FMX_NOISE_ROBUST; mode <= FMX_NOISE_EDGES; ++mode) {
        fmx_noise options = FMX_NOISE_DEFAULT;
        fmx_signal signal = fmx_test_spectra(&test, true, 2, 1000, 1);
        options.mode = mode;
        fmx_test_ok(&test, fmx_buffer_zero(signal.data, 0, 2 * 2 * 1000 * sizeof(float)), "zero");
        signal.row[1].noise_sigma = 5;
        fmx_test_ok(&test, fmx_estimate_noise(&signal, &options), "noise");
        cr_assert_eq(signal.row[1].noise_sigma, 0);
        fmx_signal_clear(&signal);
    }
    fmx_test_close(&test);
}

Test(noise, refusals)
{
    fmx_test test = fmx_test_open();
    const fmx_noise good = FMX_NOISE_DEFAULT;
    fmx_noise options = good;
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    options.mode = 3;
    fmx_test_refused(&test, fmx_estimate_noise(&signal, &options), FMX_ERROR_ARGUMENT, "mode");
    options = good;
    options.first_points = 1;
    fmx_test_refused(&test, fmx_estimate_noise(&signal, &options), FMX_ERROR_ARGUMENT,
                     "first_points");
    options = good;
    options.divisor = 0;
    fmx_test_refused(&test, fmx_estimate_noise(&signal, &options), FMX_ERROR_ARGUMENT, "divisor");
    options = good;
    options.mode = FMX_NOISE_EDGES; /* 64 points over 13 ppm: 4 in the stretches */
    fmx_test_refused(&test, fmx_estimate_noise(&signal, &options), FMX_ERROR_SHAPE, "row 0");
    options.high_from_ppm = NAN;
    fmx_test_refused(&test, fmx_estimate_noise(&signal, &options), FMX_ERROR_ARGUMENT,
                     "high_from_ppm");
    options = good;
    signal.domain = FMX_DOMAIN_TIME;
    fmx_test_refused(&test, fmx_estimate_noise(&signal, &options), FMX_ERROR_SHAPE, "spectrum");
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_signal_clear(&signal);
    signal = fmx_test_spectra(&test, false, 2, 1, 1);
    fmx_test_refused(&test, fmx_estimate_noise(&signal, &options), FMX_ERROR_SHAPE, "one point");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

typedef struct mode_call {
    fmx_signal signal;
    int mode;
} mode_call;

static fmx_status estimate(void *user)
{
    mode_call *call = user;
    fmx_noise options = FMX_NOISE_DEFAULT;
    options.mode = call->mode;
    return fmx_estimate_noise(&call->signal, &options);
}

Test(noise, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    mode_call call = {fmx_test_spectra(&test, true, 2, 640, 1), FMX_NOISE_ROBUST};
    for (; call.mode <= FMX_NOISE_EDGES; ++call.mode)
        fmx_test_each_failure(&test, estimate, &call);
    fmx_signal_clear(&call.signal);
    fmx_test_close(&test);
}

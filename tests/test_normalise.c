#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases/normalise.h"
#include "fmx_test.h"
#include "normalise_ref.h"

/* The quotient's median is held against the reference that the device made, so that both errors are
 * seen apart. */
static double factor_of(const fmx_case_normalise *c, const float *x, const float *reference,
                        double step)
{
    if (c->method == FMX_NORMALISE_MAX)
        return fmx_ref_normalise_max(x, c->points);
    if (c->method == FMX_NORMALISE_AREA)
        return fmx_ref_normalise_area(x, c->points, step);
    return fmx_ref_normalise_quotient(x, reference, c->points, 0.1);
}

/* Maximum: exact. Area: up to points / 64 additions in a part and 16 more, at most half a unit
 * each. Quotient: a division and the mean of two. Then the division of the point. */
static double tolerance(const fmx_case_normalise *c)
{
    double sum = c->method == FMX_NORMALISE_AREA ? (double)c->points / 64 + 17 : 0;
    return (sum + 4) * FMX_TEST_EPS;
}

static void make_reference(const fmx_test *test, const fmx_case_normalise *c, fmx_signal *signal,
                           const float *x, float *reference)
{
    double *expected = malloc(c->points * sizeof *expected);
    cr_assert_not_null(expected);
    fmx_ref_normalise_reference(expected, x, c->rows, c->points);
    fmx_test_ok(test, fmx_normalise_reference(signal, reference), c->name);
    for (size_t j = 0; j < c->points; ++j) /* the mean of two: one subtraction, fma or less */
        cr_assert_leq(fabs(reference[j] - expected[j]), 4 * FMX_TEST_EPS, "%s, reference %zu",
                      c->name, j);
    free(expected);
    fmx_test_ok(test, fmx_normalise_quotient(signal, reference, 5), c->name);
}

static void check_case(const fmx_test *test, const fmx_case_normalise *c)
{
    fmx_signal signal = fmx_test_spectra(test, false, c->rows, c->points, 6);
    float *x = fmx_test_random(c->rows * c->points, 6);
    float *got = fmx_test_random(c->rows * c->points, 1);
    float *reference = fmx_test_random(c->points, 1);
    /* one bulk of spectra, positive so that a median of quotients is */
    for (size_t i = 0; c->method == FMX_NORMALISE_PQN && i < c->rows * c->points; ++i)
        x[i] = 1.5f + x[i];
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, x, c->rows * c->points * sizeof *x),
                "write");
    for (size_t i = 0; i < c->rows; ++i)
        signal.row[i].noise_sigma = 0.02f;
    if (c->method == FMX_NORMALISE_PQN)
        make_reference(test, c, &signal, x, reference);
    else {
        fmx_normalise options = {.method = c->method};
        fmx_test_ok(test, fmx_normalise_rows(&signal, &options), c->name);
    }
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < c->rows; ++i) {
        const float *row = x + i * c->points;
        double factor = factor_of(c, row, reference, signal.row[i].ppm_step);
        if (factor <= 0) { /* a row of one negative point has no maximum to divide by */
            cr_assert_eq(signal.row[i].scale, 0);
            factor = 1;
        } else {
            cr_assert_float_eq(signal.row[i].scale, factor, tolerance(c) * factor);
            cr_assert_float_eq(signal.row[i].noise_sigma, 0.02 / factor,
                               tolerance(c) * 0.02 / factor);
        }
        for (size_t j = 0; j < c->points; ++j)
            cr_assert_leq(fabs(got[i * c->points + j] - row[j] / factor),
                          tolerance(c) * fabs(row[j] / factor), "%s, row %zu, point %zu: %g %g",
                          c->name, i, j, got[i * c->points + j], row[j] / factor);
    }
    fmx_signal_clear(&signal);
    free(x);
    free(got);
    free(reference);
}

Test(normalise, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_normalise / sizeof *fmx_cases_normalise; ++i)
        check_case(&test, &fmx_cases_normalise[i]);
    fmx_test_close(&test);
}

/* Rows that are multiples of one spectrum, a few of them with a huge line more, become equal to the
 * bit of rounding outside that line, however they are dealt to batches: what PQN is for. */
Test(normalise, quotients_see_through_one_line)
{
    fmx_test test = fmx_test_open();
    enum { ROWS = 9, POINTS = 1009 };
    fmx_normalise area = {.method = FMX_NORMALISE_AREA};
    float *base = fmx_test_random(POINTS, 3);
    float *x = fmx_test_random((size_t)ROWS * POINTS, 1);
    float *whole = fmx_test_random((size_t)ROWS * POINTS, 1);
    float *alone = fmx_test_random(POINTS, 1);
    float *reference = fmx_test_random(POINTS, 1);
    for (size_t i = 0; i < ROWS; ++i)
        for (size_t j = 0; j < POINTS; ++j)
            x[i * POINTS + j] = (2 + base[j]) * (float)(1 + i) + (i % 4 == 1 && j < 50 ? 1e3f : 0);
    fmx_signal signal = fmx_test_spectra(&test, false, ROWS, POINTS, 1);
    for (size_t i = 0; i < ROWS; ++i)
        signal.row[i].ppm_step = -0.01;
    fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, x, ROWS * POINTS * sizeof *x), "write");
    fmx_test_ok(&test, fmx_normalise_rows(&signal, &area), "area");
    fmx_test_ok(&test, fmx_normalise_reference(&signal, reference), "reference");
    fmx_test_ok(&test, fmx_normalise_quotient(&signal, reference, 5), "quotient");
    fmx_test_ok(&test, fmx_signal_read(&signal, whole), "read");
    for (size_t i = 1; i < ROWS; ++i)
        for (size_t j = 50; j < POINTS;
             ++j) /* two divisions, a reference and a median on each side */
            cr_assert_float_eq(whole[i * POINTS + j], whole[j], 16 * FMX_TEST_EPS * whole[j]);
    fmx_signal one = fmx_test_spectra(&test, false, 1, POINTS, 1);
    one.row[0].ppm_step = -0.01;
    fmx_test_ok(&test, fmx_buffer_write(one.data, 0, x + 5 * POINTS, POINTS * sizeof *x), "write");
    fmx_test_ok(&test, fmx_normalise_rows(&one, &area), "area");
    fmx_test_ok(&test, fmx_normalise_quotient(&one, reference, 5), "quotient");
    fmx_test_ok(&test, fmx_signal_read(&one, alone), "read");
    cr_assert_arr_eq(alone, whole + 5 * POINTS, POINTS * sizeof *alone);
    fmx_signal_clear(&one);
    fmx_signal_clear(&signal);
    free(base);
    free(x);
    free(whole);
    free(alone);
    free(reference);
    fmx_test_close(&test);
}

static void keep_line(void *user, fmx_log_level level, const char *text)
{
    (void)level;
    snprintf(user, 256, "%s", text);
}

Test(normalise, rows_of_zeros_stay)
{
    fmx_test test = fmx_test_open();
    char text[256] = "";
    fmx_context_set_log(test.ctx, keep_line, text, FMX_LOG_WARNING);
    fmx_normalise options = FMX_NORMALISE_DEFAULT;
    float *got = fmx_test_random(2 * 100, 1);
    fmx_signal signal = fmx_test_spectra(&test, false, 2, 100, 1);
    fmx_test_ok(&test, fmx_buffer_zero(signal.data, 0, 100 * sizeof(float)), "zero");
    fmx_test_ok(&test, fmx_normalise_rows(&signal, &options), "normalise");
    fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
    cr_assert_eq(got[50], 0);
    cr_assert(signal.row[0].scale == 0 && signal.row[1].scale > 0);
    cr_assert(strstr(text, "not normalised") != NULL, "%s", text);
    fmx_signal_clear(&signal);
    free(got);
    fmx_test_close(&test);
}

Test(normalise, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_normalise options = {.method = 5};
    float reference[64] = {0};
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    fmx_test_refused(&test, fmx_normalise_rows(&signal, &options), FMX_ERROR_ARGUMENT, "method");
    fmx_test_refused(&test, fmx_normalise_reference(&signal, reference), FMX_ERROR_SHAPE,
                     "real spectrum");
    fmx_test_refused(&test, fmx_normalise_quotient(&signal, reference, 5), FMX_ERROR_SHAPE,
                     "real spectrum");
    signal.is_complex = false;
    fmx_test_refused(&test, fmx_normalise_quotient(&signal, reference, NAN), FMX_ERROR_ARGUMENT,
                     "threshold_sigma");
    fmx_signal_clear(&signal);
    signal = fmx_test_decays(&test, 1, 64, 1);
    options.method = FMX_NORMALISE_AREA;
    fmx_test_refused(&test, fmx_normalise_rows(&signal, &options), FMX_ERROR_SHAPE, "spectrum");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status all_of_it(void *user)
{
    fmx_signal *signal = user;
    float reference[1000];
    fmx_normalise options = {.method = FMX_NORMALISE_AREA};
    fmx_status status = fmx_normalise_rows(signal, &options);
    if (status == FMX_OK)
        status = fmx_normalise_reference(signal, reference);
    return status == FMX_OK ? fmx_normalise_quotient(signal, reference, 5) : status;
}

Test(normalise, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 1000, 1);
    fmx_test_each_failure(&test, all_of_it, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

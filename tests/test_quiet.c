/* How loud a spectrum is where nothing is in it. */
#include <math.h>
#include <stdlib.h>

#include "base.h"
#include "fmx_test.h"
#include "quiet.h"

enum { POINTS = 20001, WINDOW = 400 };

/* 10 to 0 ppm. */
static double *axis(size_t points)
{
    double *ppm = malloc(points * sizeof *ppm);
    cr_assert_not_null(ppm);
    for (size_t i = 0; i < points; ++i)
        ppm[i] = 10 - 0.0005 * (double)i;
    return ppm;
}

static double deviation(const float *spectrum, const double *ppm, size_t points)
{
    fmx_test test = fmx_test_open_host();
    double sigma = -1;
    fmx_test_ok(&test, fmx__quiet_deviation(test.ctx, spectrum, ppm, points, 4.5, 5.1, &sigma),
                "quiet");
    fmx_test_close(&test);
    return sigma;
}

/* Uniform noise on -1 to 1 has a median absolute deviation of 0.5, known from n values to a
 * relative 1 / sqrt(n) (median of a uniform distribution); the tenth from below of 46 windows is
 * 1.3 of that too low, and 4 of it are allowed. */
static const double of_uniform = 0.5 * 1.4826;
static const double allowed = 4;

Test(quiet, noise_alone_and_with_lines)
{
    double *ppm = axis(POINTS);
    float *spectrum = fmx_test_random(POINTS, 3);
    double tolerance = allowed / sqrt(WINDOW) * of_uniform;
    cr_assert_float_eq(deviation(spectrum, ppm, POINTS), of_uniform, tolerance);
    /* lines in three quarters of the windows, and an offset as a baseline leaves it */
    for (size_t i = 0; i < POINTS; ++i)
        spectrum[i] = spectrum[i] + 30 + (i < POINTS / 4 * 3 ? 500 * sinf(0.05F * (float)i) : 0);
    cr_assert_float_eq(deviation(spectrum, ppm, POINTS), of_uniform, tolerance);
    free(spectrum);
    free(ppm);
}

/* A wave everywhere, of many periods a window: a median absolute deviation of height / sqrt(2); the
 * noise of a tenth of it adds less than a tenth. */
Test(quiet, what_is_everywhere_counts)
{
    double *ppm = axis(POINTS);
    float *spectrum = fmx_test_random(POINTS, 4);
    for (size_t i = 0; i < POINTS; ++i)
        spectrum[i] += 10 * sinf(0.2F * (float)i);
    double expected = 10 / sqrt(2) * 1.4826;
    cr_assert_float_eq(deviation(spectrum, ppm, POINTS), expected, 0.1 * expected);
    free(spectrum);
    free(ppm);
}

/* Quiet only where the water was cut away: that is not looked at. */
Test(quiet, water_is_left_out)
{
    double *ppm = axis(POINTS);
    float *spectrum = fmx_test_random(POINTS, 5);
    for (size_t i = 0; i < POINTS; ++i)
        if (ppm[i] > 4.5 && ppm[i] < 5.1)
            spectrum[i] = 0;
    cr_assert_float_eq(deviation(spectrum, ppm, POINTS), of_uniform,
                       allowed / sqrt(WINDOW) * of_uniform);
    /* a window that only begins in it counts: three quarters of its points are zero */
    cr_assert_eq(deviation(spectrum + 9700, ppm + 9700, 2 * WINDOW), 0);
    free(spectrum);
    free(ppm);
}

Test(quiet, nothing_to_look_at)
{
    double *ppm = axis(WINDOW);
    float *spectrum = fmx_test_random(WINDOW, 6);
    cr_assert_eq(deviation(spectrum, ppm, WINDOW - 2), 0);
    cr_assert_eq(deviation(spectrum, ppm, 1), 0);
    cr_assert_eq(deviation(spectrum, ppm, 0), 0);
    double coarse[] = {3, 2, 1}; /* ppm: a window is less than two points */
    cr_assert_eq(deviation(spectrum, coarse, 3), 0);
    free(spectrum);
    free(ppm);
}

Test(quiet, its_allocation_may_fail)
{
    fmx_test test = fmx_test_open_host();
    double ppm[] = {2, 1.9, 1.8, 1.7, 1.6};
    float spectrum[] = {1, 2, 3, 4, 5};
    double sigma = -1;
    fmx__fail_allocation(test.ctx, 1);
    fmx_status status = fmx__quiet_deviation(test.ctx, spectrum, ppm, 5, 4, 5, &sigma);
    fmx__fail_allocation(test.ctx, 0);
    fmx_test_refused(&test, status, FMX_ERROR_MEMORY, "windows");
    fmx_test_close(&test);
}

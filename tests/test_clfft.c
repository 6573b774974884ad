/* Lengths that go through clFFT. Its plans take seconds to make, so these are few. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clfft_plan.h"
#include "fft_ref.h"
#include "fft_rows.h"
#include "fmx_test.h"

/* Relative rms of the error, all rows together. */
static double error_of(const float *got, const float *in, size_t rows, size_t points, size_t stride,
                       bool inverse, double scale)
{
    double *x = malloc(4 * points * sizeof *x);
    cr_assert_not_null(x);
    double *expected = x + 2 * points;
    double difference = 0;
    double sum = 0;
    for (size_t row = 0; row < rows; ++row) {
        for (size_t i = 0; i < 2 * points; ++i)
            x[i] = in[2 * row * stride + i];
        fmx_ref_fft(expected, x, points, inverse);
        for (size_t i = 0; i < 2 * points; ++i) {
            difference += pow(got[2 * row * stride + i] - scale * expected[i], 2);
            sum += pow(scale * expected[i], 2);
        }
    }
    free(x);
    return sqrt(difference / sum);
}

/* Twiddles and butterflies of radices up to 16 round about twice as often as those of radix 2; the
 * rest is as in test_fft.c. */
static double allowed(size_t points)
{
    return 2 * FMX_TEST_EPS * sqrt(1 + log2((double)points));
}

Test(clfft, lengths_that_it_knows)
{
    cr_assert(fmx__clfft_knows(1));
    cr_assert(fmx__clfft_knows(2 * 3 * 5 * 7 * 11 * 13));
    cr_assert(fmx__clfft_knows(1 << 24));
    cr_assert_not(fmx__clfft_knows(0));
    cr_assert_not(fmx__clfft_knows(17));
    cr_assert_not(fmx__clfft_knows(21800));
    cr_assert_not(fmx__clfft_knows(1 << 25));
}

Test(clfft, twin)
{
    fmx_test test = fmx_test_open();
    enum { ROWS = 3, POINTS = 3 * 5 * 7 * 4, STRIDE = POINTS + 5, FLOATS = 2 * ROWS * STRIDE };
    float *in = fmx_test_random(FLOATS, 1);
    float *got = fmx_test_random(FLOATS, 2);
    float *again = fmx_test_random(FLOATS, 3);
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    fmx__clfft_of of = {
        .rows = ROWS, .points = POINTS, .out_stride = STRIDE, .in_stride = STRIDE, .scale = 0.5};
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, in, FLOATS * 4, &of.in), "in");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, in, FLOATS * 4, &of.out), "out");
    fmx_test_ok(&test, fmx_device_profile(test.device, true), "profile");
    fmx_test_ok(&test, fmx__clfft(test.device, &of), "forward");
    fmx_test_ok(&test, fmx_device_profile_rows(test.device, &rows, &count), "profile");
    cr_assert_eq(count, 1);
    cr_assert_str_eq(rows[0].kernel, "clfft");
    free(rows);
    fmx_test_ok(&test, fmx_buffer_read(of.out, 0, got, FLOATS * 4), "read");
    cr_assert_leq(error_of(got, in, ROWS, POINTS, STRIDE, false, 0.5), allowed(POINTS));
    fmx_test_ok(&test, fmx__clfft(test.device, &of), "again, with the plan that is there");
    fmx_test_ok(&test, fmx_buffer_read(of.out, 0, again, FLOATS * 4), "read");
    cr_assert_arr_eq(got, again, FLOATS * 4, "a second run differs");
    fmx_buffer *out = of.out;
    of.out = of.in;
    of.inverse = true;
    fmx_test_ok(&test, fmx__clfft(test.device, &of), "inverse, in place");
    fmx_test_ok(&test, fmx_buffer_read(of.out, 0, got, FLOATS * 4), "read");
    cr_assert_leq(error_of(got, in, ROWS, POINTS, STRIDE, true, 0.5), allowed(POINTS));
    of.points = 17;
    fmx_test_refused(&test, fmx__clfft(test.device, &of), FMX_ERROR_SHAPE, "other factors");
    of.points = POINTS;
    of.rows = 4;
    fmx_test_refused(&test, fmx__clfft(test.device, &of), FMX_ERROR_SHAPE, "do not fit");
    fmx_buffer_release(out);
    fmx_buffer_release(of.in);
    free(again);
    free(got);
    free(in);
    fmx_test_close(&test);
}

/* One row beyond the own kernels: 2^21 points. */
Test(clfft, longer_than_the_own_kernels)
{
    fmx_test test = fmx_test_open();
    size_t points = (size_t)1 << 21;
    float *in = fmx_test_random(2 * points, 1);
    float *got = fmx_test_random(2 * points, 2);
    fmx__fft of = {.rows = 1, .points = points, .scale = 1};
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, in, points * 8, &of.in), "in");
    fmx_test_ok(&test, fmx_buffer_create(test.device, points * 8, &of.out), "out");
    fmx_status status = fmx__fft_rows(test.device, &of);
    if (strstr(fmx_device_describe(test.device)->platform, "Intel(R) OpenCL") != NULL) {
        /* its compiler refuses clFFT's source for this length */
        fmx_test_refused(&test, status, FMX_ERROR_BUILD, "does not compile");
    } else {
        fmx_test_ok(&test, status, "fft");
        fmx_test_ok(&test, fmx_buffer_read(of.out, 0, got, points * 8), "read");
        cr_assert_leq(error_of(got, in, 1, points, points, false, 1), allowed(points));
    }
    of.in_first = 1;
    of.points = points / 2 * 3;
    fmx_test_refused(&test, fmx__fft_rows(test.device, &of), FMX_ERROR_SHAPE, "start");
    fmx_buffer_release(of.in);
    fmx_buffer_release(of.out);
    free(got);
    free(in);
    fmx_test_close(&test);
}

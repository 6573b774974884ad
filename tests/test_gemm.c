#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "clblast_gemm.h"
#include "fmx_test.h"

typedef struct gemm_case {
    size_t m;
    size_t n;
    size_t k;
    double beta;
} gemm_case;

/* One, tiles of 16 and 64 and around them, primes, thin ones, and one of the networks' shapes.
 * CLBlast changes its way at about 512^3, so that both ways are here. */
static const gemm_case cases[] = {
    {1, 1, 1, 0},       {1, 17, 5, 0.5},   {15, 16, 17, 0},    {16, 16, 16, 1},
    {31, 33, 64, -0.5}, {63, 64, 65, 0},   {101, 103, 107, 2}, {1, 1009, 300, 0},
    {1009, 1, 300, 1},  {512, 200, 50, 0}, {640, 512, 577, 0}, {520, 640, 512, 0.25},
};

/* The twin: literally, in double. a [m][k] or [k][m], b [k][n] or [n][k]; |.| sums in `size`. */
static void product(const gemm_case *c, bool ta, bool tb, const float *a, const float *b,
                    const float *before, double *out, double *size)
{
    for (size_t i = 0; i < c->m; ++i) {
        for (size_t j = 0; j < c->n; ++j) {
            double sum = 0;
            double absolute = 0;
            for (size_t l = 0; l < c->k; ++l) {
                double term = (double)(ta ? a[l * c->m + i] : a[i * c->k + l]) *
                              (tb ? b[j * c->k + l] : b[l * c->n + j]);
                sum += term;
                absolute += fabs(term);
            }
            double old = c->beta != 0 ? c->beta * before[i * c->n + j] : 0;
            out[i * c->n + j] = 1.5 * sum + old;
            size[i * c->n + j] = 1.5 * absolute + fabs(old);
        }
    }
}

static void check_case(const fmx_test *test, const gemm_case *c, bool ta, bool tb)
{
    size_t count = c->m * c->n;
    float *a = fmx_test_random(c->m * c->k, 1);
    float *b = fmx_test_random(c->k * c->n, 2);
    float *before = fmx_test_random(count, 3);
    float *got = fmx_test_random(count, 4);
    float *again = fmx_test_random(count, 5);
    double *expected = malloc(2 * count * sizeof *expected);
    cr_assert_not_null(expected);
    double *size = expected + count;
    product(c, ta, tb, a, b, before, expected, size);
    fmx__gemm_of of = {.m = c->m,
                       .n = c->n,
                       .k = c->k,
                       .transpose_a = ta,
                       .transpose_b = tb,
                       .alpha = 1.5,
                       .beta = c->beta};
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, a, c->m * c->k * 4, &of.a), "a");
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, b, c->k * c->n * 4, &of.b), "b");
    for (int run = 0; run < 2; ++run) {
        /* with beta = 0 C starts as NaN, which must not get into the result */
        fmx_test_ok(test, fmx_buffer_create(test->device, count * 4, &of.c), "c");
        if (c->beta != 0)
            fmx_test_ok(test, fmx_buffer_write(of.c, 0, before, count * 4), "c");
        fmx_test_ok(test, fmx__gemm(test->device, &of), "gemm");
        fmx_test_ok(test, fmx_buffer_read(of.c, 0, run ? again : got, count * 4), "read");
        fmx_buffer_release(of.c);
    }
    cr_assert_arr_eq(got, again, count * 4, "a second run differs");
    for (size_t i = 0; i < count; ++i) {
        /* k sums in whatever order, k products, alpha, beta: each rounds once */
        double allowed = ((double)c->k + 3) * FMX_TEST_EPS * size[i];
        cr_assert(fabs(got[i] - expected[i]) <= allowed,
                  "%zu x %zu x %zu, %d %d, value %zu: got %.9g, expected %.9g", c->m, c->n, c->k,
                  ta, tb, i, got[i], expected[i]);
    }
    fmx_buffer_release(of.a);
    fmx_buffer_release(of.b);
    free(expected);
    free(again);
    free(got);
    free(before);
    free(b);
    free(a);
}

Test(gemm, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        check_case(&test, &cases[i], false, false);
        check_case(&test, &cases[i], i % 2 == 0, i % 2 == 1);
        check_case(&test, &cases[i], true, true);
    }
    fmx_test_close(&test);
}

/* A matrix inside a larger one: what lies around C stays. */
Test(gemm, strides)
{
    fmx_test test = fmx_test_open();
    float *data = fmx_test_random(40 * 50, 1);
    float *got = fmx_test_random(40 * 50, 2);
    fmx__gemm_of of = {.m = 20,
                       .n = 30,
                       .k = 25,
                       .a_first = 3,
                       .b_first = 5,
                       .c_first = 7,
                       .a_stride = 50,
                       .b_stride = 50,
                       .c_stride = 50,
                       .alpha = 1};
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, 40 * 50 * 4, &of.a), "a");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, 40 * 50 * 4, &of.b), "b");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, 40 * 50 * 4, &of.c), "c");
    fmx_test_ok(&test, fmx__gemm(test.device, &of), "gemm");
    fmx_test_ok(&test, fmx_buffer_read(of.c, 0, got, 40 * 50 * 4), "read");
    for (size_t at = 0; at < 40 * 50; ++at) {
        size_t i = (at - 7) / 50;
        size_t j = (at - 7) % 50;
        double expected = data[at];
        double size = 0;
        if (at >= 7 && i < of.m && j < of.n) {
            expected = 0;
            for (size_t l = 0; l < of.k; ++l) {
                double term = (double)data[3 + i * 50 + l] * data[5 + l * 50 + j];
                expected += term;
                size += fabs(term);
            }
        }
        cr_assert(fabs(got[at] - expected) <= 28 * FMX_TEST_EPS * size, "element %zu", at);
    }
    fmx_buffer_release(of.a);
    fmx_buffer_release(of.b);
    fmx_buffer_release(of.c);
    free(got);
    free(data);
    fmx_test_close(&test);
}

Test(gemm, profile)
{
    fmx_test test = fmx_test_open();
    float *data = fmx_test_random(64 * 64, 1);
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    fmx__gemm_of of = {.m = 64, .n = 64, .k = 64, .alpha = 1};
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, 64 * 64 * 4, &of.a), "a");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, 64 * 64 * 4, &of.b), "b");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, 64 * 64 * 4, &of.c), "c");
    fmx_test_ok(&test, fmx_device_profile(test.device, true), "profile");
    fmx_test_ok(&test, fmx__gemm(test.device, &of), "gemm");
    fmx_test_ok(&test, fmx_device_profile_rows(test.device, &rows, &count), "rows");
    cr_assert_eq(count, 1);
    cr_assert_str_eq(rows[0].stem, "gemm");
    cr_assert_eq(rows[0].flops, 2.0 * 64 * 64 * 64);
    cr_assert_gt(rows[0].milliseconds, 0);
    fmx_buffer_release(of.a);
    fmx_buffer_release(of.b);
    fmx_buffer_release(of.c);
    free(rows);
    free(data);
    fmx_test_close(&test);
}

Test(gemm, refusals)
{
    fmx_test test = fmx_test_open();
    float zero[64] = {0};
    fmx__gemm_of of = {.m = 8, .n = 8, .k = 8, .alpha = 1};
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, zero, sizeof zero, &of.a), "a");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, zero, sizeof zero, &of.b), "b");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, zero, sizeof zero, &of.c), "c");
    fmx__gemm_of bad = of;
    bad.m = 0;
    fmx_test_refused(&test, fmx__gemm(test.device, &bad), FMX_ERROR_SHAPE, "impossible");
    bad = of;
    bad.b_stride = 7;
    fmx_test_refused(&test, fmx__gemm(test.device, &bad), FMX_ERROR_SHAPE, "B of");
    bad = of;
    bad.c_first = 1;
    fmx_test_refused(&test, fmx__gemm(test.device, &bad), FMX_ERROR_SHAPE, "larger buffer");
    bad = of;
    bad.a = NULL;
    fmx_test_refused(&test, fmx__gemm(test.device, &bad), FMX_ERROR_SHAPE, "A of");
    bad = of;
    bad.k = (size_t)1 << 40;
    fmx_test_refused(&test, fmx__gemm(test.device, &bad), FMX_ERROR_SHAPE, "more than");
    fmx_buffer_release(of.a);
    fmx_buffer_release(of.b);
    fmx_buffer_release(of.c);
    fmx_test_close(&test);
}

#include "quantile.h"

#include <math.h>
#include <stdlib.h>

#include "cases/quantile.h"
#include "fmx_test.h"
#include "launch.h"
#include "quantile_ref.h"

static size_t stride_of(const fmx_case_quantile *c)
{
    return c->first + (c->count - 1) * c->step + c->lag + 1 + 5; /* 5 that belong to no row */
}

/* Values over 20 decades of both signs, or few different ones. */
static float *case_data(const fmx_case_quantile *c)
{
    size_t floats = c->rows * stride_of(c);
    float *data = fmx_test_random(floats, 3);
    for (size_t i = 0; i < floats; ++i) {
        if (c->values > 0)
            data[i] = floorf((data[i] + 1) * 0.5f * (float)c->values) - 1;
        else if (i % 3 == 0)
            data[i] *= powf(10, 10 * data[(i + 1) % floats]);
    }
    return data;
}

typedef struct buffers {
    fmx_buffer *out;
    fmx_buffer *data;
    fmx_buffer *centre;
    fmx_buffer *limit;
} buffers;

static void check_case(const fmx_test *test, const fmx_case_quantile *c)
{
    size_t floats = c->rows * stride_of(c);
    float *data = case_data(c);
    float *centre = fmx_test_random(c->rows, 5);
    float *limit = fmx_test_random(c->rows, 6);
    float *got = fmx_test_random(c->rows, 7);
    float *again = fmx_test_random(c->rows, 8);
    for (size_t row = 0; row < c->rows; ++row)
        limit[row] = c->count > 1 ? 0.1f + fabsf(limit[row]) : -1;
    buffers b = {0};
    fmx_test_ok(test, fmx_buffer_create(test->device, c->rows * 4, &b.out), c->name);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, data, floats * 4, &b.data), c->name);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, centre, c->rows * 4, &b.centre), "c");
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, limit, c->rows * 4, &b.limit), "l");
    fmx__quantile_of of = {.data = b.data,
                           .rows = c->rows,
                           .stride = stride_of(c),
                           .first = c->first,
                           .step = c->step,
                           .count = c->count,
                           .lag = c->lag,
                           .absolute = c->absolute,
                           .centre = c->centred ? b.centre : NULL,
                           .limit = c->limited ? b.limit : NULL,
                           .limit_factor = 0.5};
    fmx_test_ok(test, fmx__quantile(b.out, &of, c->q, test->device), c->name);
    fmx_test_ok(test, fmx_buffer_read(b.out, 0, got, c->rows * 4), c->name);
    fmx_test_ok(test, fmx__quantile(b.out, &of, c->q, test->device), c->name);
    fmx_test_ok(test, fmx_buffer_read(b.out, 0, again, c->rows * 4), c->name);
    cr_assert_arr_eq(got, again, c->rows * 4, "%s: a second run differs", c->name);
    for (size_t row = 0; row < c->rows; ++row) {
        float most = c->limited ? 0.5f * limit[row] : INFINITY;
        double expected =
            fmx_ref_quantile(data + row * stride_of(c) + c->first, c->step, c->lag, c->count,
                             c->absolute, c->centred ? centre[row] : 0, most, c->q);
        /* the two order statistics are exact; between them: rounding of their difference, of the
         * fraction (also its 2^-38 steps), of the product and of the sum */
        double tolerance = c->q == 0 || c->q == 1 ? 0 : 4 * FMX_TEST_EPS * fabs(expected);
        cr_assert(isnan(expected) ? isnan(got[row]) : fabs(got[row] - expected) <= tolerance,
                  "%s, row %zu: got %.9g, expected %.9g", c->name, row, got[row], expected);
    }
    fmx_buffer_release(b.limit);
    fmx_buffer_release(b.centre);
    fmx_buffer_release(b.data);
    fmx_buffer_release(b.out);
    free(data);
    free(centre);
    free(limit);
    free(got);
    free(again);
}

Test(quantile, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_quantile / sizeof *fmx_cases_quantile; ++i) {
        if (!fmx_cases_quantile[i].bench)
            check_case(&test, &fmx_cases_quantile[i]);
    }
    fmx_test_close(&test);
}

/* Overlapping blocks of complex rows, each with its own centre. */
Test(quantile, blocks)
{
    enum { ROWS = 3, STRIDE = 1000, BLOCKS = 7, APART = 101, COUNT = 173 };
    fmx_test test = fmx_test_open();
    float *data = fmx_test_random((size_t)ROWS * STRIDE, 4);
    float *centre = fmx_test_random((size_t)ROWS * BLOCKS, 5);
    float got[ROWS * BLOCKS];
    buffers b = {0};
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof got, &b.out), "out");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, data, ROWS * STRIDE * 4, &b.data), "d");
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, centre, sizeof got, &b.centre), "c");
    fmx__quantile_of of = {.data = b.data,
                           .rows = ROWS,
                           .stride = STRIDE,
                           .blocks = BLOCKS,
                           .block_stride = APART,
                           .first = 3,
                           .step = 2,
                           .count = COUNT,
                           .absolute = true,
                           .centre = b.centre};
    fmx_test_ok(&test, fmx__quantile(b.out, &of, 0.5, test.device), "blocks");
    fmx_test_ok(&test, fmx_buffer_read(b.out, 0, got, sizeof got), "read");
    for (size_t o = 0; o < ROWS * BLOCKS; ++o) {
        const float *at = data + o / BLOCKS * STRIDE + o % BLOCKS * APART + 3;
        double expected = fmx_ref_quantile(at, 2, 0, COUNT, true, centre[o], INFINITY, 0.5);
        cr_assert_eq(got[o], expected); /* an odd count: one element itself */
    }
    of.blocks = 8; /* the last one reaches past the last row */
    of.block_stride = 123;
    fmx_test_refused(&test, fmx__quantile(b.out, &of, 0.5, test.device), FMX_ERROR_SHAPE, "buffer");
    fmx_buffer_release(b.centre);
    fmx_buffer_release(b.data);
    fmx_buffer_release(b.out);
    free(data);
    free(centre);
    fmx_test_close(&test);
}

/* Infinities are values, NaN are not, both zeros are equal. */
Test(quantile, special_values)
{
    fmx_test test = fmx_test_open();
    const float rows[4][5] = {
        {NAN, 3, NAN, 1, 2},
        {INFINITY, -INFINITY, 5, INFINITY, -INFINITY},
        {-0.0f, 0.0f, -0.0f, 0.0f, 0.0f},
        {NAN, NAN, NAN, NAN, NAN},
    };
    float got[4];
    fmx_buffer *data = NULL;
    fmx_buffer *out = NULL;
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, rows, sizeof rows, &data), "data");
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof got, &out), "out");
    fmx__quantile_of of = {.data = data, .rows = 4, .stride = 5, .step = 1, .count = 5};
    fmx_test_ok(&test, fmx__quantile(out, &of, 0.5, test.device), "median");
    fmx_test_ok(&test, fmx_buffer_read(out, 0, got, sizeof got), "read");
    cr_assert_eq(got[0], 2);
    cr_assert_eq(got[1], 5);
    cr_assert_eq(got[2], 0);
    cr_assert(isnan(got[3]));
    fmx_buffer_release(data);
    fmx_buffer_release(out);
    fmx_test_close(&test);
}

Test(quantile, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *data = NULL;
    fmx_buffer *out = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 400, &data), "data");
    fmx_test_ok(&test, fmx_buffer_create(test.device, 40, &out), "out");
    fmx__quantile_of good = {.data = data, .rows = 10, .stride = 10, .step = 1, .count = 10};
    fmx__quantile_of of = good;
    fmx_test_refused(&test, fmx__quantile(out, &of, NAN, test.device), FMX_ERROR_ARGUMENT, "q is");
    fmx_test_refused(&test, fmx__quantile(out, &of, 1.5, test.device), FMX_ERROR_ARGUMENT, "q is");
    of.count = 0;
    fmx_test_refused(&test, fmx__quantile(out, &of, 0.5, test.device), FMX_ERROR_SHAPE, "elements");
    of = good;
    of.count = 11; /* one float past the end of the last row */
    fmx_test_refused(&test, fmx__quantile(out, &of, 0.5, test.device), FMX_ERROR_SHAPE, "buffer");
    of = good;
    of.step = SIZE_MAX / 4;
    fmx_test_refused(&test, fmx__quantile(out, &of, 0.5, test.device), FMX_ERROR_SHAPE, "step");
    of = good;
    of.lag = 1;
    of.centre = out;
    fmx_test_refused(&test, fmx__quantile(out, &of, 0.5, test.device), FMX_ERROR_SHAPE, "centre");
    fmx_buffer_release(data);
    fmx_buffer_release(out);
    fmx_test_close(&test);
}

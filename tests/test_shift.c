#include <math.h>
#include <stdlib.h>

#include "cases/shift.h"
#include "fmx_test.h"
#include "philox.h"
#include "shift_ref.h"

static const uint64_t seed = 0xfeedfacecafe1234ull;

static double step_of(size_t points)
{
    return points > 1 ? 10.0 / (double)(points - 1) : 1;
}

/* The published formula once more, from the words themselves: step k, sign +1 or -1. */
static double published(const fmx__shift_options *o, uint64_t item, int k, int sign)
{
    uint32_t words[4];
    fmx__random_words(words, seed, FMX__PURPOSE_SHIFT, item,
                      (uint32_t)(sign > 0 ? 2 * k - 1 : 2 * k), 0);
    double u = 2 * (words[0] / 4294967296.0) - 1;
    return sign * (o->shift_ppm + u * o->jitter_ppm) * k / (double)o->steps;
}

static void apply(const fmx_test *test, const fmx_case_shift *c, const float *library,
                  const fmx__shift_item *item, size_t count, float *out)
{
    fmx_buffer *in = NULL;
    fmx_buffer *items = NULL;
    fmx_buffer *made = NULL;
    size_t row_bytes = c->points * sizeof(float);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, library, c->rows * row_bytes, &in),
                c->name);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, item, count * sizeof *item, &items),
                c->name);
    fmx_test_ok(test, fmx_buffer_create(test->device, count * row_bytes, &made), c->name);
    fmx_test_ok(test, fmx__shift_apply(test->device, in, items, count, c->points, made), c->name);
    fmx_test_ok(test, fmx_buffer_read(made, 0, out, count * row_bytes), c->name);
    fmx_buffer_release(made);
    fmx_buffer_release(items);
    fmx_buffer_release(in);
}

static void check_case(const fmx_test *test, const fmx_case_shift *c)
{
    size_t copies = fmx__shift_copies(&c->options);
    size_t count = c->rows * copies;
    float *library = fmx_test_random(c->rows * c->points, 3);
    float *out = fmx_test_random(count * c->points, 4);
    float *expected = fmx_test_random(c->points, 5);
    fmx__shift_item *item = calloc(count, sizeof *item);
    for (size_t i = 0; i < count; ++i)
        item[i] =
            (fmx__shift_item){(uint32_t)(i / copies),
                              fmx__shift_points(fmx__shift_ppm(&c->options, seed, 40 + i / copies,
                                                               (uint32_t)(i % copies)),
                                                c->points, -step_of(c->points))};
    apply(test, c, library, item, count, out);
    cr_assert_eq(copies, 2 * (size_t)c->options.steps + 1);
    for (size_t i = 0; i < count; ++i) {
        size_t copy = i % copies;
        int k = (int)(copy + 1) / 2;
        double ppm =
            copy == 0 ? 0 : published(&c->options, 40 + i / copies, k, copy % 2 == 1 ? 1 : -1);
        fmx_ref_shift(expected, library + i / copies * c->points, c->points,
                      lround(ppm / step_of(c->points)));
        /* nothing is calculated: equal to the bit */
        cr_assert_arr_eq(out + i * c->points, expected, c->points * sizeof(float), "%s, copy %zu",
                         c->name, i);
    }
    free(item);
    free(expected);
    free(out);
    free(library);
}

Test(shift, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_shift / sizeof *fmx_cases_shift; ++i)
        check_case(&test, &fmx_cases_shift[i]);
    fmx_test_close(&test);
}

/* A line at 5 ppm, rolled by +0.05 ppm of 218 points a ppm, stands at 5.05 ppm. */
Test(shift, direction_and_size)
{
    fmx__shift_options o = {0.1, 0, 4};
    cr_assert_float_eq(fmx__shift_ppm(&o, 1, 0, 0), 0, 0);
    cr_assert_float_eq(fmx__shift_ppm(&o, 1, 0, 1), 0.025, 1e-15);
    cr_assert_float_eq(fmx__shift_ppm(&o, 1, 0, 2), -0.025, 1e-15);
    cr_assert_float_eq(fmx__shift_ppm(&o, 1, 0, 7), 0.1, 1e-15);
    cr_assert_float_eq(fmx__shift_ppm(&o, 1, 0, 8), -0.1, 1e-15);
    /* out[j] = in[j + 11]: point 1000 - 11 takes what stood at 1000, 0.05 ppm lower */
    cr_assert_eq(fmx__shift_points(0.05, 2181, -10.0 / 2180), 11);
    cr_assert_eq(fmx__shift_points(-0.05, 2181, -10.0 / 2180), 2181 - 11);
    cr_assert_eq(fmx__shift_points(0.00229, 2181, -10.0 / 2180), 0); /* 0.499 points */
    cr_assert_eq(fmx__shift_points(0.00230, 2181, -10.0 / 2180), 1);
    cr_assert_eq(fmx__shift_points(10.0 + 10.0 / 2180, 2181, -10.0 / 2180), 0); /* once around */
}

/* U is uniform on [-1, 1): Kolmogorov-Smirnov over 4000 rows; 1.95 / sqrt(n) is exceeded with
 * probability 1e-3, and the seed is fixed. */
static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

Test(shift, jitter_is_uniform)
{
    enum { COUNT = 4000 };
    fmx__shift_options o = {1, 0.25, 1};
    static double u[COUNT];
    double worst = 0;
    for (int i = 0; i < COUNT; ++i)
        u[i] = (fmx__shift_ppm(&o, 99, (uint64_t)i, 1) - 0.75) / 0.5;
    qsort(u, COUNT, sizeof *u, compare);
    for (int i = 0; i < COUNT; ++i)
        worst = fmax(worst, fmax(fabs(u[i] - (double)i / COUNT), fabs(u[i] - (i + 1.0) / COUNT)));
    cr_assert_leq(worst, 1.95 / sqrt(COUNT));
}

Test(shift, a_buffer_too_small)
{
    fmx_test test = fmx_test_open();
    fmx_buffer *one = NULL;
    fmx_test_ok(&test, fmx_buffer_create(test.device, 64, &one), "buffer");
    fmx_test_refused(&test, fmx__shift_apply(test.device, one, one, 2, 16, one), FMX_ERROR_SHAPE,
                     "shift");
    fmx_buffer_release(one);
    fmx_test_close(&test);
}

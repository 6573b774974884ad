#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augmentation_ref.h"
#include "cases/augmentation.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "normal_ref.h"
#include "recording.h"

static const uint64_t seed = 0x123456789abcdefull;
static const float field_mhz = 600;

/* One run of a case: everything that goes in and comes out. */
typedef struct run {
    const fmx_case_augmentation *c;
    fmx__augmentation_options options;
    double ppm_step; /* positive */
    fmx__augmentation_item *item;
    float *library;
    float *out;
} run;

/* 10 ppm over the row, but steps as coarse as 1/20 ppm for short ones, so that shifts count. */
static double step_of(size_t points)
{
    return points > 1 ? fmin(10.0 / (double)(points - 1), 0.02) : 0.02;
}

static void apply(const fmx_test *test, run *r, size_t first, size_t count, float *out)
{
    fmx__augmentation *a = NULL;
    fmx_buffer *library = NULL;
    fmx_buffer *items = NULL;
    fmx_buffer *made = NULL;
    const fmx_case_augmentation *c = r->c;
    size_t row_bytes = c->points * sizeof(float);
    fmx_test_ok(
        test,
        fmx__augmentation_create(test->device, &r->options, c->points, -r->ppm_step, count, &a),
        c->name);
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, r->library, c->rows * row_bytes, &library),
                c->name);
    fmx_test_ok(
        test,
        fmx_buffer_create_copy(test->device, r->item + first, count * sizeof *r->item, &items),
        c->name);
    fmx_test_ok(test, fmx_buffer_create(test->device, count * row_bytes, &made), c->name);
    fmx_test_ok(test, fmx__augmentation_apply(a, library, items, count, made), c->name);
    fmx_test_ok(test, fmx_buffer_read(made, 0, out, count * row_bytes), c->name);
    fmx_buffer_release(made);
    fmx_buffer_release(items);
    fmx_buffer_release(library);
    fmx__augmentation_release(a);
}

static run prepare(const fmx_case_augmentation *c)
{
    run r = {.c = c, .options = fmx_case_options(c), .ppm_step = step_of(c->points)};
    r.library = fmx_test_random(c->rows * c->points, 21);
    r.out = fmx_test_random(c->items * c->points, 22);
    r.item = calloc(c->items, sizeof *r.item);
    for (size_t i = 0; i < c->items; ++i) {
        fmx__augmentation_draw(&r.options, seed, i + (1ull << 33), (uint32_t)(i % 3), field_mhz,
                               &r.item[i]);
        r.item[i].row = (uint32_t)((7 * i + 1) % c->rows);
    }
    return r;
}

static void clear(run *r)
{
    free(r->library);
    free(r->out);
    free(r->item);
}

static fmx_ref_augmentation ref_of(const run *r, size_t i)
{
    const fmx__augmentation_item *item = &r->item[i];
    fmx_ref_augmentation a = {
        .shift_ppm = item->shift_ppm,
        .stretch = item->stretch,
        .warp_knots = r->c->what & FMX_AUGMENT_WARP ? (size_t)r->options.warp_knots : 0,
        .lorentzian_ppm = item->lorentzian_ppm,
        .gaussian_ppm = item->gaussian_ppm,
        .p0_turns = item->p0_turns,
        .p1_turns = item->p1_turns,
        .ripple = item->ripple,
        .ripple_per_ppm = item->ripple_per_ppm,
        .ripple_turns = item->ripple_turns,
        .noise = item->noise,
        .slow_noise = item->slow_noise,
        .slow_knots = (size_t)r->options.slow_noise_knots,
        .amplitude = item->amplitude,
        .interpolation = r->options.interpolation,
        .normalise = r->options.normalise,
        .seed = seed,
        .item = i + (1ull << 33),
        .draw = (uint32_t)(i % 3),
    };
    for (size_t k = 0; k < FMX_REF_WARP; ++k)
        a.warp_ppm[k] = item->warp_ppm[k];
    for (size_t k = 0; k < FMX_REF_BASELINE; ++k)
        a.baseline[k] = item->baseline[k];
    return a;
}

/* Rounding, for |x| and M at most 1 (the library is uniform on [-1, 1)), before the division:
 * - the displacement's parts are rounded a few times each, relative; the spectrum's slope is at
 *   most 2 a point, twice that with Catmull-Rom, whose weights lose 8 roundings of 1.25;
 * - through the time domain log2(n) stages lose about 4 roundings of the row's norm, sqrt(points)
 *   at most, of which a random walk gives each point 1; the phase doubles it (two parts);
 * - baseline: 12 roundings of each term (u too); ripple: the sine's 2e-7 and 3 roundings of its
 *   argument in turns; noise: FMX_REF_NORMAL_ERROR, through Catmull-Rom 1.25 of it and 16 roundings
 *   of knots up to 6.8. */
static double tolerance(const run *r, const fmx_ref_augmentation *a, double j)
{
    const double eps = FMX_TEST_EPS;
    size_t points = r->c->points;
    double middle = 0.5 * (double)(points - 1);
    double warp = 0;
    double baseline = 0;
    for (size_t k = 0; k < FMX_REF_WARP; ++k)
        warp = fmax(warp, fabs(a->warp_ppm[k]));
    for (size_t k = 0; k < FMX_REF_BASELINE; ++k)
        baseline += fabs(a->baseline[k]);
    double place = 4 * fabs(a->shift_ppm) / r->ppm_step + 4 * fabs(a->stretch * (j - middle)) +
                   (24 + 6 * (double)a->warp_knots) * warp / r->ppm_step;
    double t = 4 * place * eps + 10 * eps;
    if (r->item->spectral)
        t += 2 * 4 * log2(2.0 * (double)points) * eps;
    t += 12 * baseline * eps;
    t +=
        fabs(a->ripple) * (2e-7 + 2 * 3.1416 * 3 * eps * (1 + j * r->ppm_step * a->ripple_per_ppm));
    t += a->noise * FMX_REF_NORMAL_ERROR;
    t += a->slow_noise *
         (1.25 * FMX_REF_NORMAL_ERROR + 6.8 * eps * (16 + 6 * (double)a->slow_knots));
    return a->amplitude * t;
}

/* The division adds the divisor's own error (the largest of the errors, or their sum) and two
 * roundings; the sum of n values in 1024 parts loses n / 1024 + 10 roundings. */
static void check_item(const run *r, size_t i, double *expected)
{
    const fmx_case_augmentation *c = r->c;
    fmx_ref_augmentation a = ref_of(r, i);
    double divisor = 1;
    fmx_ref_augment(expected, r->library + r->item[i].row * c->points, c->points, r->ppm_step, &a,
                    &divisor);
    double worst = 0;
    for (size_t j = 0; j < c->points; ++j)
        worst = fmax(worst, tolerance(r, &a, (double)j));
    double relative = 3 * FMX_TEST_EPS;
    if (c->normalise == FMX__AUGMENTATION_MAX)
        relative += worst / divisor;
    if (c->normalise == FMX__AUGMENTATION_AREA)
        relative += worst * r->ppm_step * (double)c->points / divisor +
                    ((double)c->points / 1024 + 12) * FMX_TEST_EPS;
    if (c->normalise == FMX__AUGMENTATION_AS_IS)
        relative = 0;
    for (size_t j = 0; j < c->points; ++j) {
        double got = r->out[i * c->points + j];
        double allowed = tolerance(r, &a, (double)j) / divisor + relative * fabs(expected[j]);
        cr_assert_leq(fabs(got - expected[j]), allowed + 1e-38,
                      "%s, item %zu, point %zu: got %.9g, expected %.9g, allowed %.3g", c->name, i,
                      j, got, expected[j], allowed);
    }
}

Test(augmentation, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t k = 0; k < sizeof fmx_cases_augmentation / sizeof *fmx_cases_augmentation; ++k) {
        const fmx_case_augmentation *c = &fmx_cases_augmentation[k];
        /* the twin's transforms are plain sums */
        if (c->bench == 2)
            continue;
        run r = prepare(c);
        double *expected = calloc(c->points, sizeof *expected);
        apply(&test, &r, 0, c->items, r.out);
        size_t checked = c->points > 10000 ? 3 : c->items;
        for (size_t i = 0; i < checked; ++i)
            check_item(&r, i, expected);
        free(expected);
        clear(&r);
    }
    fmx_test_close(&test);
}

/* The same bits again, and whatever batch an item comes in. */
Test(augmentation, bits_do_not_depend_on_the_batch)
{
    static const fmx_case_augmentation c = {"batches", 5, 1500, 9, FMX_AUGMENT_ALL, 2, 2, 0};
    fmx_test test = fmx_test_open();
    run r = prepare(&c);
    float *again = fmx_test_random(c.items * c.points, 1);
    apply(&test, &r, 0, c.items, r.out);
    apply(&test, &r, 0, c.items, again);
    cr_assert_arr_eq(r.out, again, c.items * c.points * sizeof(float), "run twice");
    apply(&test, &r, 0, 4, again);
    apply(&test, &r, 4, 1, again + 4 * c.points);
    apply(&test, &r, 5, 4, again + 5 * c.points);
    cr_assert_arr_eq(r.out, again, c.items * c.points * sizeof(float), "batches of 4, 1 and 4");
    free(again);
    clear(&r);
    fmx_test_close(&test);
}

/* The same bits when the launches were recorded and run later. */
Test(augmentation, recorded)
{
    static const fmx_case_augmentation c = {"recorded", 5, 700, 9, FMX_AUGMENT_ALL, 2, 1, 0};
    fmx_test test = fmx_test_open();
    run r = prepare(&c);
    size_t row_bytes = c.points * sizeof(float);
    float *again = fmx_test_random(c.items * c.points, 1);
    fmx__augmentation *a = NULL;
    fmx__recording *recording = NULL;
    fmx_buffer *library = NULL;
    fmx_buffer *items = NULL;
    fmx_buffer *made = NULL;
    apply(&test, &r, 0, c.items, r.out);
    fmx_test_ok(
        &test,
        fmx__augmentation_create(test.device, &r.options, c.points, -r.ppm_step, c.items, &a),
        c.name);
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, r.library, c.rows * row_bytes, &library),
                "");
    fmx_test_ok(&test, fmx_buffer_create(test.device, c.items * sizeof *r.item, &items), "");
    fmx_test_ok(&test, fmx_buffer_create(test.device, c.items * row_bytes, &made), "");
    fmx_test_ok(&test, fmx__recording_begin(test.device, &recording), "begin");
    fmx_test_ok(&test, fmx__augmentation_apply(a, library, items, c.items, made), "apply");
    fmx_test_ok(&test, fmx__recording_end(test.device), "end");
    fmx_test_ok(&test, fmx_buffer_write(items, 0, r.item, c.items * sizeof *r.item), "items");
    fmx_test_ok(&test, fmx__recording_run(recording), "run");
    fmx_test_ok(&test, fmx_buffer_read(made, 0, again, c.items * row_bytes), "read");
    cr_assert_arr_eq(r.out, again, c.items * row_bytes);
    fmx__recording_destroy(recording);
    fmx_buffer_release(made);
    fmx_buffer_release(items);
    fmx_buffer_release(library);
    fmx__augmentation_release(a);
    free(again);
    clear(&r);
    fmx_test_close(&test);
}

static void set_range(fmx__augmentation_range *out, double low, double high)
{
    out->range.value[0] = low;
    out->range.value[1] = high;
}

/* Items of one library row with given options. */
static run made_by_hand(const fmx_test *test, const fmx_case_augmentation *c,
                        const fmx__augmentation_options *options, float *library)
{
    run r = {.c = c, .options = *options, .ppm_step = step_of(c->points), .library = library};
    r.out = fmx_test_random(c->items * c->points, 22);
    r.item = calloc(c->items, sizeof *r.item);
    for (size_t i = 0; i < c->items; ++i)
        fmx__augmentation_draw(options, seed, i, 0, field_mhz, &r.item[i]);
    apply(test, &r, 0, c->items, r.out);
    return r;
}

/* 64 rows of white noise around 1: mean, variance, kurtosis, neighbours and rows together, each
 * within 4.9 standard errors (exceeded with probability 1e-6; the seed is fixed). */
Test(augmentation, noise_is_white_and_normal)
{
    static const fmx_case_augmentation c = {"noise", 1, 4096, 64, 0, 2, 0, 0};
    fmx_test test = fmx_test_open();
    fmx__augmentation_options options = fmx_case_options(&c);
    float *library = fmx_test_random(c.points, 1);
    for (size_t j = 0; j < c.points; ++j)
        library[j] = 1;
    set_range(&options.noise, 1, 1);
    run r = made_by_hand(&test, &c, &options, library);
    double n = (double)(c.items * c.points);
    double sum[6] = {0};
    for (size_t i = 0; i < c.items; ++i) {
        for (size_t j = 0; j < c.points; ++j) {
            double x = r.out[i * c.points + j] - 1.0;
            double near = r.out[i * c.points + (j + 1) % c.points] - 1.0;
            double far = r.out[i * c.points + (j + 16) % c.points] - 1.0;
            double other = r.out[(i + 1) % c.items * c.points + j] - 1.0;
            double terms[6] = {x, x * x, x * x * x * x, x * near, x * far, x * other};
            for (int k = 0; k < 6; ++k)
                sum[k] += terms[k] / n;
        }
    }
    cr_assert_leq(fabs(sum[0]), 4.9 / sqrt(n), "mean %g", sum[0]);
    cr_assert_leq(fabs(sum[1] - 1), 4.9 * sqrt(2 / n), "variance %g", sum[1]);
    cr_assert_leq(fabs(sum[2] - 3), 4.9 * sqrt(96 / n), "fourth moment %g", sum[2]);
    for (int k = 3; k < 6; ++k)
        cr_assert_leq(fabs(sum[k]), 4.9 / sqrt(n), "products %d: %g", k, sum[k]);
    clear(&r);
    fmx_test_close(&test);
}

/* A line of half width h points (half height) in the middle of 4096, complex, as `fidmix process`
 * makes it: 1 / (1 + i (middle - j) / h). */
static void line_at(double j, double h, double *re, double *im)
{
    double x = (2047 - j) / h;
    *re = 1 / (1 + x * x);
    *im = -x / (1 + x * x);
}

/* The tails beyond the row and their bridge are what is missing: h / 2048 of the height. */
Test(augmentation, phase_is_that_of_a_complex_spectrum)
{
    static const fmx_case_augmentation c = {"phase", 1, 4096, 1, 0, 2, 0, 0};
    fmx_test test = fmx_test_open();
    fmx__augmentation_options options = fmx_case_options(&c);
    float *library = fmx_test_random(c.points, 1);
    const double h = 4;
    double re = 0;
    double im = 0;
    for (size_t j = 0; j < c.points; ++j) {
        line_at((double)j, h, &re, &im);
        library[j] = (float)re;
    }
    set_range(&options.p0, 30, 30);
    set_range(&options.p1, 90, 90);
    run r = made_by_hand(&test, &c, &options, library);
    for (size_t j = 1800; j < 2300; ++j) {
        double phi = 3.14159265358979 / 180 * (30 + 90 * (double)j / 4096);
        line_at((double)j, h, &re, &im);
        cr_assert_float_eq(r.out[j], re * cos(phi) - im * sin(phi), h / 2048, "point %zu", j);
    }
    clear(&r);
    fmx_test_close(&test);
}

/* Lorentzian widths add, variances of Gaussians do. Full widths at half height in Hz at 600 MHz. */
Test(augmentation, widths_add_up)
{
    static const fmx_case_augmentation c = {"widths", 1, 4096, 1, 0, 2, 0, 0};
    fmx_test test = fmx_test_open();
    double hz = step_of(c.points) * (double)field_mhz; /* of a point */
    const double h = 4;
    for (int gaussian = 0; gaussian < 2; ++gaussian) {
        fmx__augmentation_options options = fmx_case_options(&c);
        float *library = fmx_test_random(c.points, 1);
        double added = 12 * hz;
        double wide = gaussian ? sqrt(8 * 8 + 12 * 12) / 2 : (8 + 12) / 2.0;
        set_range(gaussian ? &options.gaussian : &options.lorentzian, added, added);
        for (size_t j = 0; j < c.points; ++j) {
            double x = ((double)j - 2047) / h;
            library[j] = (float)(gaussian ? exp2(-x * x) : 1 / (1 + x * x));
        }
        run r = made_by_hand(&test, &c, &options, library);
        for (size_t j = 1800; j < 2300; ++j) {
            double x = ((double)j - 2047) / wide;
            double expected = h / wide * (gaussian ? exp2(-x * x) : 1 / (1 + x * x));
            cr_assert_float_eq(r.out[j], expected, h / 2048, "point %zu: %g, not %g", j,
                               (double)r.out[j], expected);
        }
        clear(&r);
    }
    fmx_test_close(&test);
}

/* Another runtime's result: within 4 ulp of the row's largest value (no transform is involved). */
Test(augmentation, other_devices_agree)
{
    enum { ROWS = 3, POINTS = 500, COPIES = 3 };
    static const fmx_case_augmentation c = {"golden",           ROWS, POINTS, ROWS * COPIES,
                                            FMX_AUGMENT_DIRECT, 2,    2,      0};
    fmx_test test = fmx_test_open();
    size_t floats = 0;
    run r = {.c = &c, .options = fmx_case_options(&c), .ppm_step = 10.0 / (POINTS - 1)};
    r.library = fmx_test_golden("augmentation_input.npy", &floats);
    cr_assert_eq(floats, ROWS * POINTS);
    float *expected = fmx_test_golden("augmentation.npy", &floats);
    cr_assert_eq(floats, ROWS * COPIES * POINTS);
    /* what make_augmentation.py asks for */
    set_range(&r.options.shift, -0.3, 0.3);
    set_range(&r.options.warp, -0.1, 0.1);
    r.out = fmx_test_random(floats, 2);
    r.item = calloc(c.items, sizeof *r.item);
    for (size_t i = 0; i < c.items; ++i) {
        fmx__augmentation_draw(&r.options, 11, i / COPIES, (uint32_t)(i % COPIES), 0, &r.item[i]);
        r.item[i].row = (uint32_t)(i / COPIES);
    }
    apply(&test, &r, 0, c.items, r.out);
    for (size_t i = 0; i < c.items; ++i) {
        double most = 0;
        for (size_t j = 0; j < POINTS; ++j)
            most = fmax(most, fabs(expected[i * POINTS + j]));
        for (size_t j = 0; j < POINTS; ++j)
            cr_assert_float_eq(r.out[i * POINTS + j], expected[i * POINTS + j],
                               4 * 2 * FMX_TEST_EPS * most, "item %zu, point %zu: %.9g, not %.9g",
                               i, j, (double)r.out[i * POINTS + j],
                               (double)expected[i * POINTS + j]);
    }
    free(expected);
    clear(&r);
    fmx_test_close(&test);
}

Test(augmentation, refusals)
{
    static const fmx_case_augmentation c = {"refusals", 2, 100, 3, FMX_AUGMENT_ALL, 2, 1, 0};
    fmx_test test = fmx_test_open();
    fmx__augmentation_options options = fmx_case_options(&c);
    fmx__augmentation *a = NULL;
    fmx_buffer *small = NULL;
    fmx_buffer *items = NULL;
    fmx_test_refused(&test, fmx__augmentation_create(test.device, &options, 0, -0.1, 3, &a),
                     FMX_ERROR_ARGUMENT, "0 points");
    fmx_test_refused(&test, fmx__augmentation_create(test.device, &options, 100, 0, 3, &a),
                     FMX_ERROR_ARGUMENT, "0 ppm");
    fmx_test_refused(&test, fmx__augmentation_create(test.device, &options, 100, NAN, 3, &a),
                     FMX_ERROR_ARGUMENT, "nan");
    fmx_test_refused(&test, fmx__augmentation_create(test.device, &options, 100, -0.1, 0, &a),
                     FMX_ERROR_ARGUMENT, "0 spectra");
    options.noise.range.value[1] = 1e9;
    fmx_test_refused(&test, fmx__augmentation_create(test.device, &options, 100, -0.1, 3, &a),
                     FMX_ERROR_ARGUMENT, "noise");
    set_range(&options.noise, 0.1, 0.01);
    fmx_test_refused(&test, fmx__augmentation_create(test.device, &options, 100, -0.1, 3, &a),
                     FMX_ERROR_RECIPE, "noise");
    set_range(&options.noise, 0.01, 0.1);
    cr_assert_null(a);
    fmx_test_ok(&test, fmx__augmentation_create(test.device, &options, 100, -0.1, 3, &a), "create");
    fmx_test_ok(&test, fmx_buffer_create(test.device, 300 * sizeof(float), &small), "buffer");
    fmx_test_ok(&test, fmx_buffer_create(test.device, 4 * sizeof(fmx__augmentation_item), &items),
                "items");
    fmx_test_refused(&test, fmx__augmentation_apply(a, small, items, 4, small), FMX_ERROR_SHAPE,
                     "1 to 3");
    fmx_test_refused(&test, fmx__augmentation_apply(a, small, items, 0, small), FMX_ERROR_SHAPE,
                     "1 to 3");
    fmx_test_refused(&test, fmx__augmentation_apply(a, small, small, 3, items), FMX_ERROR_SHAPE,
                     "bytes");
    fmx_buffer_release(items);
    fmx_buffer_release(small);
    fmx__augmentation_release(a);
    fmx__augmentation_release(NULL);
    fmx_test_close(&test);
}

static fmx_status create_and_release(void *user)
{
    static const fmx_case_augmentation c = {"allocations", 2, 100, 3, FMX_AUGMENT_ALL, 2, 1, 0};
    fmx__augmentation_options options = fmx_case_options(&c);
    fmx__augmentation *a = NULL;
    fmx_status status = fmx__augmentation_create(user, &options, 100, -0.1, 3, &a);
    fmx__augmentation_release(a);
    return status;
}

Test(augmentation, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_test_each_failure(&test, create_and_release, test.device);
    fmx_test_close(&test);
}

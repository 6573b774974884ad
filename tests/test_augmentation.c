#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augmentation_ref.h"
#include "cases/augmentation.h"
#include "fmx_test.h"
#include "normal_ref.h"

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

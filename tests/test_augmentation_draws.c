/* The scalars of augmentation: their distributions, and that nothing else decides them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augmentation.h"
#include "fmx_test.h"

enum { COUNT = 4000 };

static fmx__augmentation_options plain(void)
{
    fmx__augmentation_options o;
    memcpy(&o, fmx__augmentation_group.defaults, sizeof o);
    return o;
}

static void set(fmx__augmentation_range *out, double low, double high, int distribution)
{
    out->range.value[0] = low;
    out->range.value[1] = high;
    out->distribution = distribution;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Distance of a sample from its distribution function at most 1.95 / sqrt(n) (Kolmogorov-Smirnov,
 * exceeded with probability 1e-3; the seed is fixed). */
static void follows(double *x, double (*of)(double x, double low, double high), double low,
                    double high, const char *what)
{
    double worst = 0;
    qsort(x, COUNT, sizeof *x, compare);
    for (int i = 0; i < COUNT; ++i) {
        double f = of(x[i], low, high);
        worst = fmax(worst, fmax(fabs(f - (double)i / COUNT), fabs(f - (i + 1.0) / COUNT)));
    }
    cr_assert_leq(worst, 1.95 / sqrt(COUNT), "%s: %g", what, worst);
}

static double uniform(double x, double low, double high)
{
    return (x - low) / (high - low);
}

static double normal(double x, double low, double high)
{
    return 0.5 * erfc(-(x - 0.5 * (low + high)) / (0.25 * (high - low) * sqrt(2)));
}

static double log_uniform(double x, double low, double high)
{
    return log(x / low) / log(high / low);
}

/* The fields that a single range decides, with what makes the range of the field. */
static const struct {
    const char *name;
    size_t range; /* in the options */
    size_t field; /* in the item */
    double scale; /* field = scale * drawn */
} quantities[] = {
    {"shift", offsetof(fmx__augmentation_options, shift),
     offsetof(fmx__augmentation_item, shift_ppm), 1},
    {"warp 0", offsetof(fmx__augmentation_options, warp),
     offsetof(fmx__augmentation_item, warp_ppm), 1},
    {"warp 3", offsetof(fmx__augmentation_options, warp),
     offsetof(fmx__augmentation_item, warp_ppm) + 3 * sizeof(float), 1},
    {"lorentzian", offsetof(fmx__augmentation_options, lorentzian),
     offsetof(fmx__augmentation_item, lorentzian_ppm), 1 / 500.0},
    {"gaussian", offsetof(fmx__augmentation_options, gaussian),
     offsetof(fmx__augmentation_item, gaussian_ppm), 1 / 500.0},
    {"p0", offsetof(fmx__augmentation_options, p0), offsetof(fmx__augmentation_item, p0_turns),
     1 / 360.0},
    {"p1", offsetof(fmx__augmentation_options, p1), offsetof(fmx__augmentation_item, p1_turns),
     1 / 360.0},
    {"ripple", offsetof(fmx__augmentation_options, ripple),
     offsetof(fmx__augmentation_item, ripple), 1},
    {"noise", offsetof(fmx__augmentation_options, noise), offsetof(fmx__augmentation_item, noise),
     1},
    {"slow noise", offsetof(fmx__augmentation_options, slow_noise),
     offsetof(fmx__augmentation_item, slow_noise), 1},
    {"amplitude", offsetof(fmx__augmentation_options, amplitude),
     offsetof(fmx__augmentation_item, amplitude), 1},
};
enum { QUANTITIES = sizeof quantities / sizeof *quantities };

static double field_of(const fmx__augmentation_item *item, size_t k)
{
    float value = 0;
    memcpy(&value, (const char *)item + quantities[k].field, sizeof value);
    return value / quantities[k].scale;
}

Test(augmentation_draws, follow_their_distributions)
{
    static double (*const function[])(double, double, double) = {uniform, normal, log_uniform};
    static double x[QUANTITIES][COUNT];
    /* 2 to 4, so that a normal distribution (4 standard deviations wide) stays away from 0 */
    for (int distribution = 0; distribution < 3; ++distribution) {
        fmx__augmentation_options o = plain();
        for (size_t k = 0; k < QUANTITIES; ++k)
            set((fmx__augmentation_range *)(void *)((char *)&o + quantities[k].range), 2, 4,
                distribution);
        for (size_t i = 0; i < COUNT; ++i) {
            fmx__augmentation_item item;
            fmx__augmentation_draw(&o, 17, i, 3, 500, &item);
            for (size_t k = 0; k < QUANTITIES; ++k)
                x[k][i] = field_of(&item, k);
        }
        /* two quantities have nothing to do with each other: correlation within 4.9 standard
         * errors */
        for (size_t k = 1; k < QUANTITIES; ++k) {
            double a[5] = {0};
            for (size_t i = 0; i < COUNT; ++i) {
                double u = function[distribution](x[k][i], 2, 4) - 0.5;
                double v = function[distribution](x[k - 1][i], 2, 4) - 0.5;
                a[0] += u * v;
                a[1] += u * u;
                a[2] += v * v;
            }
            cr_assert_leq(fabs(a[0] / sqrt(a[1] * a[2])), 4.9 / sqrt(COUNT),
                          "%s and the one before", quantities[k].name);
        }
        for (size_t k = 0; k < QUANTITIES; ++k)
            follows(x[k], function[distribution], 2, 4, quantities[k].name);
    }
}

Test(augmentation_draws, stretch_and_period)
{
    static double x[COUNT];
    static double y[COUNT];
    fmx__augmentation_options o = plain();
    set(&o.stretch, -0.015, 0.015, FMX__AUGMENTATION_UNIFORM);
    set(&o.ripple_ppm, 0.5, 2, FMX__AUGMENTATION_UNIFORM);
    for (size_t i = 0; i < COUNT; ++i) {
        fmx__augmentation_item item;
        fmx__augmentation_draw(&o, 17, i, 3, 500, &item);
        x[i] = 1 / (1 + (double)item.stretch) - 1;
        y[i] = 1 / (double)item.ripple_per_ppm;
    }
    follows(x, uniform, -0.015, 0.015, "stretch");
    follows(y, uniform, 0.5, 2, "period");
}

Test(augmentation_draws, nothing_is_drawn_by_default)
{
    fmx__augmentation_options o = plain();
    fmx__augmentation_item item;
    fmx_test test = fmx_test_open_host();
    fmx_test_ok(&test, fmx__options_check(test.ctx, &fmx__augmentation_group, &o), "defaults");
    fmx_test_ok(&test, fmx__augmentation_check(test.ctx, &o), "defaults");
    cr_assert_not(fmx__augmentation_needs_field(&o));
    fmx__augmentation_draw(&o, 1, 2, 3, 600, &item);
    for (size_t k = 0; k + 1 < QUANTITIES; ++k)
        cr_assert_eq(field_of(&item, k), 0, "%s", quantities[k].name);
    cr_assert_eq(item.amplitude, 1);
    cr_assert_eq(item.stretch, 0);
    cr_assert_eq(item.spectral, 0);
    for (size_t k = 0; k < FMX__AUGMENTATION_COEFFICIENTS; ++k)
        cr_assert_eq(item.baseline[k], 0);
    fmx_test_close(&test);
}

Test(augmentation_draws, seed_item_and_draw_decide)
{
    fmx__augmentation_options o = plain();
    fmx__augmentation_item a;
    fmx__augmentation_item b;
    set(&o.shift, -1, 1, FMX__AUGMENTATION_UNIFORM);
    fmx__augmentation_draw(&o, 5, 1ull << 40, 6, 600, &a);
    fmx__augmentation_draw(&o, 5, 1ull << 40, 6, 600, &b);
    cr_assert_arr_eq(&a, &b, sizeof a);
    const uint64_t other[3][3] = {{6, 1ull << 40, 6}, {5, 1ull << 41, 6}, {5, 1ull << 40, 7}};
    for (int k = 0; k < 3; ++k) {
        fmx__augmentation_draw(&o, other[k][0], other[k][1], (uint32_t)other[k][2], 600, &b);
        cr_assert_neq(a.shift_ppm, b.shift_ppm);
    }
}

/* With every coefficient c, the Legendre polynomials add up to (order + 1) c at the last point and
 * to c or 0 at the first (they are 1 and +-1 there); at the middle to c P_k(0). */
Test(augmentation_draws, baselines_are_legendre_polynomials)
{
    static const double at_zero[] = {1, 0, -0.5, 0, 0.375, 0};
    double middle = 0;
    for (int order = 0; order < FMX__AUGMENTATION_COEFFICIENTS; ++order) {
        fmx__augmentation_options o = plain();
        fmx__augmentation_item item;
        double last = 0;
        double first = 0;
        set(&o.baseline, 0.25, 0.25, FMX__AUGMENTATION_UNIFORM);
        o.baseline_order = order;
        fmx__augmentation_draw(&o, 5, 1, 6, 600, &item);
        for (int k = 0; k < FMX__AUGMENTATION_COEFFICIENTS; ++k) {
            last += item.baseline[k];
            first += k % 2 == 0 ? item.baseline[k] : -item.baseline[k];
        }
        middle += 0.25 * at_zero[order];
        cr_assert_float_eq(last, 0.25 * (order + 1), 1e-6);
        cr_assert_float_eq(first, order % 2 == 0 ? 0.25 : 0, 1e-6);
        cr_assert_float_eq(item.baseline[0], middle, 1e-6);
    }
}

Test(augmentation_draws, widths_need_a_field)
{
    fmx__augmentation_options o = plain();
    fmx__augmentation_item item;
    set(&o.lorentzian, 0, 2, FMX__AUGMENTATION_UNIFORM);
    cr_assert(fmx__augmentation_needs_field(&o));
    fmx__augmentation_draw(&o, 5, 1, 6, 0, &item);
    cr_assert_eq(item.lorentzian_ppm, 0);
    cr_assert_eq(item.spectral, 0);
    fmx__augmentation_draw(&o, 5, 1, 6, 600, &item);
    cr_assert_gt(item.lorentzian_ppm, 0);
    cr_assert_leq(item.lorentzian_ppm, 2.0f / 600);
    cr_assert_eq(item.spectral, 1);
}

Test(augmentation_draws, a_normal_width_is_never_negative)
{
    fmx__augmentation_options o = plain();
    int zeros = 0;
    set(&o.lorentzian, 0, 1, FMX__AUGMENTATION_NORMAL);
    for (uint64_t i = 0; i < COUNT; ++i) {
        fmx__augmentation_item item;
        fmx__augmentation_draw(&o, 5, i, 0, 600, &item);
        cr_assert_geq(item.lorentzian_ppm, 0);
        zeros += item.lorentzian_ppm == 0;
    }
    /* 2.3 % lie below two standard deviations; 4.9 standard errors of a count */
    cr_assert_float_eq(zeros, 0.02275 * COUNT, 4.9 * sqrt(0.02275 * COUNT));
}

Test(augmentation_draws, ranges_are_checked)
{
    fmx_test test = fmx_test_open_host();
    fmx__augmentation_options o = plain();
    set(&o.shift, 1, -1, FMX__AUGMENTATION_UNIFORM);
    fmx_test_refused(&test, fmx__augmentation_check(test.ctx, &o), FMX_ERROR_RECIPE, "shift_ppm");
    o = plain();
    o.p0.range.count = 1;
    fmx_test_refused(&test, fmx__augmentation_check(test.ctx, &o), FMX_ERROR_RECIPE, "p0_deg");
    o = plain();
    set(&o.noise, 0, 1, FMX__AUGMENTATION_LOG_UNIFORM);
    fmx_test_refused(&test, fmx__augmentation_check(test.ctx, &o), FMX_ERROR_RECIPE, "above 0");
    fmx_test_close(&test);
}

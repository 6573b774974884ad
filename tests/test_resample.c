#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/resample.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "normal_ref.h"
#include "philox.h"
#include "resample_ref.h"

static const float sigma = 0.25f;

/* Position j errs by (j + 1) 2^-33 points (start and step are rounded to 2^-32) and its fraction by
 * 2^-25; values in [-1, 1] change by at most 4 per point (cubic: slope 2 + overshoot). Arithmetic:
 * the cubic's terms reach 12, four roundings each; the area's sum of `width` values, relative 2^-24
 * each.
 */
static double tolerance(size_t j, double width)
{
    double position = ((double)j + 1) * 0x1p-33 + 0x1p-25;
    return 4 * position + (48 + fmax(width, 1)) * FMX_TEST_EPS;
}

static void check_row(const fmx_case_resample *c, size_t row, const fmx_row *axis, uint64_t seed,
                      const float *x, const float *got)
{
    const fmx_resample *o = &c->options;
    double step_ppm = (o->last_ppm - o->first_ppm) / (double)(o->points - 1);
    double width = fabs(step_ppm / axis->ppm_step);
    double end = (double)c->points - 1;
    for (size_t j = 0; j < (size_t)o->points; ++j) {
        double p = (o->first_ppm + (double)j * step_ppm - axis->ppm_first) / axis->ppm_step;
        double beyond = fmax(-p, p - end);
        double expected = 0;
        if (fabs(beyond - 0x1p-10) < 1e-5)
            continue; /* whether it counts as the end point is a matter of rounding */
        if (beyond < 0x1p-10)
            expected = fmx_ref_resample(x, c->points, fmax(0, fmin(end, p)), o->method, width);
        else if (o->outside == FMX_RESAMPLE_EDGE)
            expected = p < 0 ? x[0] : x[c->points - 1];
        else if (o->outside == FMX_RESAMPLE_NOISE)
            expected = sigma * fmx_ref_normal(seed, FMX__PURPOSE_COMPLETION, axis->item, 2, j);
        cr_assert_leq(fabs(got[j] - expected),
                      tolerance(j, width) + sigma * FMX_REF_NORMAL_ERROR * (beyond > 0),
                      "%s, row %zu, point %zu at %.9g: got %.9g, expected %.9g", c->name, row, j, p,
                      got[j], expected);
    }
}

static void check_case(const fmx_test *test, const fmx_case_resample *c)
{
    fmx_signal signal = fmx_test_spectra(test, false, c->rows, c->points, 9);
    size_t to = (size_t)c->options.points;
    float *x = fmx_test_random(c->rows * c->points, 9);
    float *got = fmx_test_random(c->rows * to, 1);
    fmx_row *axis = malloc(c->rows * sizeof *axis);
    cr_assert_not_null(axis);
    signal.seed = UINT64_C(0x123456789abcdef);
    for (size_t i = 0; i < c->rows; ++i) {
        signal.row[i].noise_sigma = sigma;
        signal.row[i].item = 5 + (i << 33);
    }
    memcpy(axis, signal.row, c->rows * sizeof *axis);
    fmx_test_ok(test, fmx_resample_axis(&signal, &c->options), c->name);
    cr_assert_eq(signal.points, to);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < c->rows; ++i) {
        check_row(c, i, &axis[i], signal.seed, x + i * c->points, got + i * to);
        cr_assert_eq(signal.row[i].ppm_first, c->options.first_ppm);
        cr_assert_float_eq(signal.row[i].ppm_first + (double)(to - 1) * signal.row[i].ppm_step,
                           c->options.last_ppm, 1e-12);
    }
    fmx_signal_clear(&signal);
    free(axis);
    free(x);
    free(got);
}

Test(resample, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_resample / sizeof *fmx_cases_resample; ++i)
        check_case(&test, &fmx_cases_resample[i]);
    fmx_test_close(&test);
}

/* numpy.interp and scipy's Hermite spline with central differences (golden/make_resample.py): 700
 * points from 11 to -1 ppm onto 400 from 10 to 0. */
Test(resample, as_numpy_and_scipy)
{
    fmx_test test = fmx_test_open();
    static const char *const names[] = {"resample_linear.npy", "resample_cubic.npy"};
    for (int method = 0; method < 2; ++method) {
        size_t from = 0;
        size_t to = 0;
        float *x = fmx_test_golden("resample_input.npy", &from);
        float *expected = fmx_test_golden(names[method], &to);
        float *got = fmx_test_random(to, 1);
        fmx_resample options = {10, 0, (int64_t)to, method, FMX_RESAMPLE_ZERO};
        fmx_signal signal = fmx_test_spectra(&test, false, 1, from, 1);
        fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, x, from * sizeof *x), "write");
        signal.row[0].ppm_first = 11;
        signal.row[0].ppm_step = -12.0 / (double)(from - 1);
        fmx_test_ok(&test, fmx_resample_axis(&signal, &options), "resample");
        fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
        for (size_t j = 0; j < to; ++j) /* values reach 100, and goldens are rounded to float */
            cr_assert_leq(fabs((double)got[j] - expected[j]), 100 * tolerance(j, 1),
                          "%s, %zu: %g %g", names[method], j, got[j], expected[j]);
        fmx_signal_clear(&signal);
        free(x);
        free(expected);
        free(got);
    }
    fmx_test_close(&test);
}

/* A narrow line keeps its area on an axis five times coarser, wherever it lies, with `area`; the
 * error is that of cutting the tails and the sum's rounding. */
Test(resample, area_keeps_areas)
{
    fmx_test test = fmx_test_open();
    enum { POINTS = 10001, TO = 2001 };
    fmx_resample options = {12, -1, TO, FMX_RESAMPLE_AREA, FMX_RESAMPLE_ZERO};
    float *x = fmx_test_random(POINTS, 1);
    float *got = fmx_test_random(TO, 1);
    for (int shift = 0; shift < 5; ++shift) {
        fmx_signal signal = fmx_test_spectra(&test, false, 1, POINTS, 1);
        double area = 0;
        double sum = 0;
        for (size_t j = 0; j < POINTS; ++j) {
            double u = (double)j - 5000 - shift;
            x[j] = (float)exp(-u * u);
            area += x[j] * 13.0 / (POINTS - 1);
        }
        fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, x, POINTS * sizeof *x), "write");
        fmx_test_ok(&test, fmx_resample_axis(&signal, &options), "resample");
        fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
        for (size_t j = 0; j < TO; ++j)
            sum += got[j] * 13.0 / (TO - 1);
        cr_assert_float_eq(sum, area, 1e-6 * area);
        fmx_signal_clear(&signal);
    }
    free(x);
    free(got);
    fmx_test_close(&test);
}

Test(resample, repeats_to_the_bit_and_takes_the_real_part)
{
    fmx_test test = fmx_test_open();
    enum { TO = 2003, ROWS = 3 };
    fmx_resample options = {13, 0, TO, FMX_RESAMPLE_CUBIC, FMX_RESAMPLE_NOISE};
    float *got[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = fmx_test_spectra(&test, true, ROWS, 1009, 4);
        for (size_t i = 0; i < ROWS; ++i)
            signal.row[i].noise_sigma = 1;
        got[run] = fmx_test_random((size_t)TO * ROWS, 1);
        fmx_test_ok(&test, fmx_resample_axis(&signal, &options), "resample");
        cr_assert(!signal.is_complex);
        fmx_test_ok(&test, fmx_signal_read(&signal, got[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], (size_t)TO * ROWS * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

Test(resample, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_resample options = FMX_RESAMPLE_DEFAULT;
    fmx_signal signal = fmx_test_spectra(&test, false, 2, 64, 1);
    options.first_ppm = NAN;
    fmx_test_refused(&test, fmx_resample_axis(&signal, &options), FMX_ERROR_ARGUMENT, "first_ppm");
    options.first_ppm = options.last_ppm;
    fmx_test_refused(&test, fmx_resample_axis(&signal, &options), FMX_ERROR_ARGUMENT, "2 points");
    options.first_ppm = 10;
    options.points = 1;
    fmx_test_refused(&test, fmx_resample_axis(&signal, &options), FMX_ERROR_ARGUMENT, "2 points");
    options.points = 100;
    signal.row[1].ppm_step = 0;
    fmx_test_refused(&test, fmx_resample_axis(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.row[1].ppm_step = 1e-12;
    fmx_test_refused(&test, fmx_resample_axis(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    fmx_signal_clear(&signal);
    signal = fmx_test_decays(&test, 1, 64, 1);
    fmx_test_refused(&test, fmx_resample_axis(&signal, &options), FMX_ERROR_SHAPE, "spectrum");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status resample_default(void *user)
{
    fmx_resample options = FMX_RESAMPLE_DEFAULT;
    return fmx_resample_axis(user, &options);
}

Test(resample, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 1000, 1);
    fmx_test_each_failure(&test, resample_default, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

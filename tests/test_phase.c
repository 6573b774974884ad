#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cases/phase.h"
#include "fmx_test.h"
#include "phase_ref.h"
#include "phase_rows.h"

/* Angle: 9 2^-32 + 2^-25 turns, 2e-7 from sine and cosine each, two products and a sum; all
 * relative to the point's magnitude (|re| + |im| bounds it). */
static double tolerance(const float *z)
{
    const double two_pi = 6.283185307179586;
    double angle = two_pi * (9 * 0x1p-32 + 0x1p-25);
    return (fabs(z[0]) + fabs(z[1])) * (angle + 2e-7 + 3 * FMX_TEST_EPS);
}

static void check_point(const float *got, const float *expected, const float *before,
                        const char *name, size_t i)
{
    for (int part = 0; part < 2; ++part)
        cr_assert_leq(fabs((double)got[part] - expected[part]), tolerance(before),
                      "%s, point %zu, part %d: got %.9g, expected %.9g", name, i, part, got[part],
                      expected[part]);
}

static void check_case(const fmx_test *test, const fmx_case_phase *c)
{
    fmx_signal signal = fmx_test_spectra(test, true, c->rows, c->points, 5);
    size_t count = c->rows * c->points;
    float *before = fmx_test_random(2 * count, 5);
    float *expected = fmx_test_random(2 * count, 5);
    float *got = fmx_test_random(2 * count, 6);
    for (size_t row = 0; row < c->rows; ++row)
        fmx_ref_phase(expected + 2 * row * c->points, c->points, c->options.p0_deg,
                      c->options.p1_deg);
    fmx_test_ok(test, fmx_apply_phase(&signal, &c->options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < count; ++i)
        check_point(got + 2 * i, expected + 2 * i, before + 2 * i, c->name, i);
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
}

Test(phase, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_phase / sizeof *fmx_cases_phase; ++i)
        check_case(&test, &fmx_cases_phase[i]);
    fmx_test_close(&test);
}

/* Sign and order by themselves: +90 degrees takes 1 to i; p1 acts on the low-ppm end. */
Test(phase, sign_and_order)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal;
    float z[8] = {1, 0, 1, 0, 1, 0, 1, 0};
    fmx_test_ok(&test, fmx_signal_create(test.device, FMX_DOMAIN_FREQUENCY, true, 1, 4, &signal),
                "create");
    fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, z, sizeof z), "write");
    fmx_phase options = {90, 180};
    fmx_test_ok(&test, fmx_apply_phase(&signal, &options), "phase");
    fmx_test_ok(&test, fmx_signal_read(&signal, z), "read");
    const double root = 0.70710678118654752;
    const double expected[8] = {0, 1, -root, root, -1, 0, -root, -root};
    for (int i = 0; i < 8; ++i)
        cr_assert_float_eq(z[i], expected[i], 1e-6, "value %d is %g", i, z[i]);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

Test(phase, angles_add_up)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 100, 1);
    fmx_phase options = {170, -40};
    fmx_test_ok(&test, fmx_apply_phase(&signal, &options), "phase");
    fmx_test_ok(&test, fmx_apply_phase(&signal, &options), "phase");
    cr_assert_float_eq(signal.row[1].p0_deg, -20, 1e-9);
    cr_assert_float_eq(signal.row[1].p1_deg, -80, 1e-9);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

Test(phase, each_row_its_own)
{
    fmx_test test = fmx_test_open();
    enum { ROWS = 3, POINTS = 37 };
    const double p0[ROWS] = {10, -20, 200};
    const double p1[ROWS] = {0, 90, -1000};
    float *before = fmx_test_random(2 * ROWS * POINTS, 9);
    float *expected = fmx_test_random(2 * ROWS * POINTS, 9);
    float *got = fmx_test_random(2 * ROWS * POINTS, 9);
    fmx_signal signal = fmx_test_spectra(&test, true, ROWS, POINTS, 9);
    fmx_test_ok(&test, fmx__phase_rows(signal.data, ROWS, POINTS, p0, p1, test.device), "rows");
    fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
    for (size_t row = 0; row < ROWS; ++row)
        fmx_ref_phase(expected + 2 * row * POINTS, POINTS, p0[row], p1[row]);
    for (size_t i = 0; i < (size_t)ROWS * POINTS; ++i)
        check_point(got + 2 * i, expected + 2 * i, before + 2 * i, "rows", i);
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
    fmx_test_close(&test);
}

/* nmrglue's ps, tests/golden/make_phase.py. */
Test(phase, golden)
{
    fmx_test test = fmx_test_open();
    FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/phase.txt", "r");
    cr_assert_not_null(file);
    fmx_phase options;
    size_t points = 0;
    int sets = 0;
    cr_assert_eq(fscanf(file, "%*[^\n]"), 0);
    while (fscanf(file, "%lf %lf %zu", &options.p0_deg, &options.p1_deg, &points) == 3) {
        float z[64];
        float expected[64];
        float got[64];
        fmx_signal signal = fmx_test_spectra(&test, true, 1, points, 1);
        cr_assert_leq(points, 32);
        for (size_t i = 0; i < points; ++i)
            cr_assert_eq(fscanf(file, "%f %f %f %f", &z[2 * i], &z[2 * i + 1], &expected[2 * i],
                                &expected[2 * i + 1]),
                         4);
        fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, z, points * 8), "write");
        fmx_test_ok(&test, fmx_apply_phase(&signal, &options), "phase");
        fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
        for (size_t i = 0; i < points; ++i)
            check_point(got + 2 * i, expected + 2 * i, z + 2 * i, "golden", i);
        fmx_signal_clear(&signal);
        ++sets;
    }
    cr_assert_eq(sets, 3);
    fclose(file);
    fmx_test_close(&test);
}

Test(phase, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    enum { COUNT = 2 * 3 * 4099 };
    fmx_phase options = {12.3, 456.7};
    float *got[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = fmx_test_spectra(&test, true, 3, 4099, 11);
        got[run] = fmx_test_random(COUNT, 1);
        fmx_test_ok(&test, fmx_apply_phase(&signal, &options), "phase");
        fmx_test_ok(&test, fmx_signal_read(&signal, got[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], COUNT * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

Test(phase, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_phase options = FMX_PHASE_DEFAULT;
    const double bad[2] = {0, INFINITY};
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    options.p0_deg = NAN;
    fmx_test_refused(&test, fmx_apply_phase(&signal, &options), FMX_ERROR_ARGUMENT, "p0_deg");
    options.p0_deg = 0;
    options.p1_deg = 2e6;
    fmx_test_refused(&test, fmx_apply_phase(&signal, &options), FMX_ERROR_ARGUMENT, "p1_deg");
    options.p1_deg = 0;
    fmx_test_refused(&test, fmx__phase_rows(signal.data, 2, 64, bad, bad, test.device),
                     FMX_ERROR_ARGUMENT, "row 1");
    signal.domain = FMX_DOMAIN_TIME;
    fmx_test_refused(&test, fmx_apply_phase(&signal, &options), FMX_ERROR_SHAPE,
                     "complex spectrum");
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status phase_by_ten(void *user)
{
    fmx_phase options = {10, 10};
    return fmx_apply_phase(user, &options);
}

Test(phase, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    fmx_test_each_failure(&test, phase_by_ten, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

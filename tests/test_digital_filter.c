#include <math.h>
#include <stdlib.h>

#include "cases/digital_filter.h"
#include "digital_filter_ref.h"
#include "fmx_golden.h"
#include "fmx_test.h"

static void check_case(const fmx_test *test, const fmx_case_digital_filter *c)
{
    fmx_signal signal = fmx_test_decays(test, c->rows, c->points, 5);
    size_t row_floats = 2 * c->points;
    float *before = fmx_test_random(c->rows * row_floats, 5);
    float *expected = fmx_test_random(c->rows * row_floats, 1);
    float *got = fmx_test_random(c->rows * row_floats, 2);
    size_t left[8];
    for (size_t i = 0; i < c->rows; ++i) {
        size_t valid = c->valid - i;
        for (size_t n = 2 * valid; n < row_floats; ++n)
            before[i * row_floats + n] = 0;
        signal.row[i].valid = valid;
        signal.row[i].group_delay = c->group_delay + (double)i;
        left[i] =
            fmx_ref_digital_filter(expected + i * row_floats, before + i * row_floats, c->points,
                                   valid, (size_t)signal.row[i].group_delay, c->options.start);
    }
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, before, c->rows * row_floats * 4), "in");
    fmx_test_ok(test, fmx_remove_digital_filter(&signal, &c->options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < c->rows * row_floats; ++i)
        cr_assert(got[i] == expected[i], "%s, value %zu: got %.9g, expected %.9g", c->name, i,
                  got[i], expected[i]); /* copies and single additions: no tolerance */
    for (size_t i = 0; i < c->rows; ++i) {
        cr_assert_eq(signal.row[i].group_delay, 0);
        cr_assert_eq(signal.row[i].valid, left[i], "%s: %zu points left, expected %zu", c->name,
                     signal.row[i].valid, left[i]);
    }
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
}

Test(digital_filter, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_digital_filter / sizeof *fmx_cases_digital_filter;
         ++i) {
        if (!fmx_cases_digital_filter[i].bench)
            check_case(&test, &fmx_cases_digital_filter[i]);
    }
    fmx_test_close(&test);
}

/* nmrglue's rm_dig_filter, twice. It shifts by two Fourier transforms in double, which rounds far
 * below float; the input was float, so one float addition and the golden's own rounding remain. */
Test(digital_filter, golden)
{
    fmx_test test = fmx_test_open();
    size_t floats = 0;
    size_t left = 0;
    float *in = fmx_test_golden("time_domain_input.npy", &floats);
    float *expected = fmx_test_golden("time_domain_digital_filter.npy", &left);
    float *got = fmx_test_random(floats, 1);
    fmx_digital_filter options = {FMX_DIGITAL_FILTER_TIME_SHIFT, FMX_DIGITAL_FILTER_FOLD};
    for (int repeat = 0; repeat < 2; ++repeat) {
        fmx_signal signal = fmx_test_decays(&test, 1, floats / 2, 1);
        signal.row[0].group_delay = 67.9842;
        fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, in, floats * sizeof *in), "in");
        fmx_test_ok(&test, fmx_remove_digital_filter(&signal, &options), "shift");
        fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
        cr_assert_eq(2 * signal.row[0].valid, left);
        for (size_t i = 0; i < left; ++i)
            cr_assert_leq(fabs((double)got[i] - expected[i]),
                          2 * FMX_TEST_EPS * fabs(expected[i]) + 1e-11, "value %zu: %.9g, %.9g", i,
                          got[i], expected[i]);
        fmx_signal_clear(&signal);
    }
    free(in);
    free(expected);
    free(got);
    fmx_test_close(&test);
}

/* The phase ramp is left to later stages: neither data nor row change. */
Test(digital_filter, phase_ramp_keeps_the_delay)
{
    fmx_test test = fmx_test_open();
    fmx_digital_filter options = FMX_DIGITAL_FILTER_DEFAULT;
    fmx_signal signal = fmx_test_decays(&test, 2, 200, 3);
    float *before = fmx_test_random(2 * 2 * 200, 3);
    float *got = fmx_test_random(2 * 2 * 200, 4);
    signal.row[1].group_delay = 67.98;
    fmx_test_ok(&test, fmx_remove_digital_filter(&signal, &options), "phase ramp");
    fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
    cr_assert_arr_eq(got, before, 2 * 2 * 200 * sizeof *got);
    cr_assert_eq(signal.row[1].group_delay, 67.98);
    cr_assert_eq(signal.row[1].valid, 200);
    fmx_signal_clear(&signal);
    free(before);
    free(got);
    fmx_test_close(&test);
}

Test(digital_filter, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_digital_filter options = FMX_DIGITAL_FILTER_DEFAULT;
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    options.mode = 2;
    fmx_test_refused(&test, fmx_remove_digital_filter(&signal, &options), FMX_ERROR_ARGUMENT,
                     "mode");
    options.mode = FMX_DIGITAL_FILTER_TIME_SHIFT;
    options.start = -1;
    fmx_test_refused(&test, fmx_remove_digital_filter(&signal, &options), FMX_ERROR_ARGUMENT,
                     "start");
    options.start = FMX_DIGITAL_FILTER_CUT;
    signal.row[1].group_delay = -1;
    fmx_test_refused(&test, fmx_remove_digital_filter(&signal, &options), FMX_ERROR_ARGUMENT,
                     "row 1");
    signal.row[1].group_delay = 64;
    fmx_test_refused(&test, fmx_remove_digital_filter(&signal, &options), FMX_ERROR_ARGUMENT,
                     "row 1");
    signal.row[1].group_delay = 1;
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_test_refused(&test, fmx_remove_digital_filter(&signal, &options), FMX_ERROR_SHAPE,
                     "complex decay");
    signal.domain = FMX_DOMAIN_TIME;
    cr_assert_eq(signal.row[1].group_delay, 1);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status shift(void *user)
{
    fmx_signal *signal = user;
    fmx_digital_filter options = {FMX_DIGITAL_FILTER_TIME_SHIFT, FMX_DIGITAL_FILTER_CUT};
    signal->row[0].group_delay = 3;
    return fmx_remove_digital_filter(signal, &options);
}

Test(digital_filter, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_decays(&test, 2, 640, 1);
    fmx_test_each_failure(&test, shift, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

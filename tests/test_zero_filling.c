#include <math.h>
#include <stdlib.h>

#include "cases/zero_filling.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "zero_filling_ref.h"

/* Points behind a row's measured ones hold rubbish here: the stage must not copy them. */
static void check_case(const fmx_test *test, const fmx_case_zero_filling *c)
{
    fmx_signal signal = fmx_test_decays(test, c->rows, c->points, 5);
    float *before = fmx_test_random(2 * c->rows * c->points, 5);
    float *expected = fmx_test_random(2 * c->rows * c->expected, 1);
    float *got = fmx_test_random(2 * c->rows * c->expected, 2);
    for (size_t i = 0; i < c->rows; ++i) {
        size_t valid = c->valid - i;
        size_t delay = (size_t)c->group_delay;
        signal.row[i].valid = valid;
        signal.row[i].group_delay = c->group_delay;
        fmx_ref_zero_filling(expected + 2 * i * c->expected, c->expected,
                             before + 2 * i * c->points, valid, delay, c->options.first_point);
    }
    fmx_test_ok(test, fmx_zero_fill(&signal, &c->options), c->name);
    cr_assert_eq(signal.points, c->expected, "%s: %zu points", c->name, signal.points);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < 2 * c->rows * c->expected; ++i)
        cr_assert(got[i] == expected[i], "%s, value %zu: got %.9g, expected %.9g", c->name, i,
                  got[i], expected[i]); /* copies, and one product: no tolerance */
    for (size_t i = 0; i < c->rows; ++i) {
        cr_assert_eq(signal.row[i].group_delay, c->group_delay - floor(c->group_delay));
        cr_assert_eq(signal.row[i].valid, c->valid - i);
    }
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
}

Test(zero_filling, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_zero_filling / sizeof *fmx_cases_zero_filling; ++i) {
        if (!fmx_cases_zero_filling[i].bench)
            check_case(&test, &fmx_cases_zero_filling[i]);
    }
    fmx_test_close(&test);
}

/* nmrglue's zf_size, and copies repeat to the bit. */
Test(zero_filling, golden)
{
    fmx_test test = fmx_test_open();
    size_t floats = 0;
    size_t filled = 0;
    float *in = fmx_test_golden("time_domain_apodisation.npy", &floats);
    float *expected = fmx_test_golden("time_domain_zero_filling.npy", &filled);
    float *got = fmx_test_random(filled, 1);
    fmx_zero_filling options = {(int64_t)filled / 2, 1, 1.0};
    for (int repeat = 0; repeat < 2; ++repeat) {
        fmx_signal signal = fmx_test_decays(&test, 1, floats / 2, 1);
        fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, in, floats * sizeof *in), "in");
        fmx_test_ok(&test, fmx_zero_fill(&signal, &options), "zero_fill");
        fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
        cr_assert_arr_eq(got, expected, filled * sizeof *got);
        fmx_signal_clear(&signal);
    }
    free(in);
    free(expected);
    free(got);
    fmx_test_close(&test);
}

Test(zero_filling, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_zero_filling options = FMX_ZERO_FILLING_DEFAULT;
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    options.points = 63;
    fmx_test_refused(&test, fmx_zero_fill(&signal, &options), FMX_ERROR_SHAPE, "64 measured");
    options.points = 0;
    options.factor = 0;
    fmx_test_refused(&test, fmx_zero_fill(&signal, &options), FMX_ERROR_ARGUMENT, "factor");
    options.factor = 2;
    options.first_point = NAN;
    fmx_test_refused(&test, fmx_zero_fill(&signal, &options), FMX_ERROR_ARGUMENT, "first_point");
    options.first_point = 1;
    signal.row[1].group_delay = 64;
    fmx_test_refused(&test, fmx_zero_fill(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.row[1].group_delay = NAN;
    fmx_test_refused(&test, fmx_zero_fill(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.row[1].group_delay = 0;
    signal.row[1].valid = 65;
    fmx_test_refused(&test, fmx_zero_fill(&signal, &options), FMX_ERROR_SHAPE, "row 1");
    signal.row[1].valid = 64;
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_test_refused(&test, fmx_zero_fill(&signal, &options), FMX_ERROR_SHAPE, "complex decay");
    signal.domain = FMX_DOMAIN_TIME;
    cr_assert_eq(signal.points, 64);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status fill(void *user)
{
    fmx_zero_filling options = {64, 1, 1.0};
    return fmx_zero_fill(user, &options);
}

Test(zero_filling, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    fmx_test_each_failure(&test, fill, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

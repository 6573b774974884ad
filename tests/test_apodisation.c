#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "apodisation_ref.h"
#include "cases/apodisation.h"
#include "fmx_test.h"

/* Rounding of the weight: 2 ulp of exp plus the rounding of its argument a, which three products
 * make (relative 2^-24 each, so |a| eps each), plus the bell's absolute 2e-7 (twice when squared),
 * plus the product with the point. */
static double tolerance(double point, double weight, bool bell)
{
    double argument = weight > 0 ? fabs(log(weight)) : 0;
    double relative = (8 + 6 * argument) * FMX_TEST_EPS;
    return fabs(point) * (weight * relative + (bell ? 4e-7 : 0)) + 1e-38;
}

static void check_case(const fmx_test *test, const fmx_case_apodisation *c)
{
    fmx_signal signal = fmx_test_decays(test, c->rows, c->points, 7);
    size_t count = 2 * c->rows * c->points;
    bool bell = c->options.window == FMX_APODISATION_SINE_BELL;
    float *before = fmx_test_random(count, 7);
    float *expected = fmx_test_random(count, 7);
    float *got = fmx_test_random(count, 8);
    for (size_t row = 0; row < c->rows; ++row) {
        signal.row[row].group_delay = c->group_delay;
        fmx_ref_apodisation(expected + 2 * row * c->points, c->points, signal.row[row].sw_hz,
                            c->group_delay, c->points, c->options.window, c->options.lb_hz,
                            c->options.gb_hz, c->options.offset, c->options.end,
                            (int)c->options.power);
    }
    fmx_test_ok(test, fmx_apodise(&signal, &c->options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < count; ++i) {
        double weight = before[i] != 0 ? fabs(expected[i] / before[i]) : 0;
        cr_assert_leq(fabs((double)got[i] - expected[i]), tolerance(before[i], weight, bell),
                      "%s, value %zu: got %.9g, expected %.9g from %.9g", c->name, i, got[i],
                      expected[i], before[i]);
    }
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
}

Test(apodisation, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_apodisation / sizeof *fmx_cases_apodisation; ++i)
        check_case(&test, &fmx_cases_apodisation[i]);
    fmx_test_close(&test);
}

Test(apodisation, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    fmx_apodisation options = FMX_APODISATION_DEFAULT;
    float *got[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = fmx_test_decays(&test, 3, 4099, 11);
        got[run] = fmx_test_random((size_t)2 * 3 * 4099, 1);
        fmx_test_ok(&test, fmx_apodise(&signal, &options), "apodise");
        fmx_test_ok(&test, fmx_signal_read(&signal, got[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], (size_t)2 * 3 * 4099 * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

Test(apodisation, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_apodisation options = FMX_APODISATION_DEFAULT;
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    options.lb_hz = NAN;
    fmx_test_refused(&test, fmx_apodise(&signal, &options), FMX_ERROR_ARGUMENT, "lb_hz");
    options.lb_hz = 1;
    options.power = 3;
    fmx_test_refused(&test, fmx_apodise(&signal, &options), FMX_ERROR_ARGUMENT, "power");
    options.power = 1;
    options.end = NAN;
    fmx_test_refused(&test, fmx_apodise(&signal, &options), FMX_ERROR_ARGUMENT, "end");
    options.end = 1;
    signal.row[1].sw_hz = 0;
    fmx_test_refused(&test, fmx_apodise(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.row[1].sw_hz = 1000;
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_test_refused(&test, fmx_apodise(&signal, &options), FMX_ERROR_SHAPE, "complex decay");
    signal.domain = FMX_DOMAIN_TIME;
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status apodise_default(void *user)
{
    fmx_apodisation options = FMX_APODISATION_DEFAULT;
    return fmx_apodise(user, &options);
}

Test(apodisation, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    fmx_test_each_failure(&test, apodise_default, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

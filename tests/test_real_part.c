#include <math.h>
#include <stdlib.h>

#include "cases/real_part.h"
#include "fmx_test.h"
#include "real_part_ref.h"
#include "signal_internal.h"

/* Copies are exact; the magnitude rounds two squares, a sum and the root (halved by the root:
 * 1.5 eps) plus the root itself (OpenCL allows 3 ulp). */
static double tolerance(int part, double expected)
{
    return part == FMX_REAL_PART_MAGNITUDE ? (1.5 + 2 * 3) * FMX_TEST_EPS * expected : 0;
}

static void check_case(const fmx_test *test, const fmx_case_real_part *c)
{
    fmx_signal signal = fmx_test_spectra(test, true, c->rows, c->points, 3);
    size_t count = c->rows * c->points;
    float *before = fmx_test_random(2 * count, 3);
    float *expected = fmx_test_random(count, 0);
    float *got = fmx_test_random(count, 1);
    fmx_ref_real_part(expected, before, count, c->options.part);
    fmx_test_ok(test, fmx_to_real(&signal, &c->options), c->name);
    cr_assert(!signal.is_complex, "%s", c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < count; ++i)
        cr_assert_leq(fabs((double)got[i] - expected[i]), tolerance(c->options.part, expected[i]),
                      "%s, point %zu: got %.9g, expected %.9g", c->name, i, got[i], expected[i]);
    fmx_signal_clear(&signal);
    free(before);
    free(expected);
    free(got);
}

Test(real_part, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_real_part / sizeof *fmx_cases_real_part; ++i)
        check_case(&test, &fmx_cases_real_part[i]);
    fmx_test_close(&test);
}

Test(real_part, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    enum { COUNT = 3 * 1009 };
    fmx_real_part options = {FMX_REAL_PART_MAGNITUDE};
    float *got[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = fmx_test_spectra(&test, true, 3, 1009, 5);
        got[run] = fmx_test_random(COUNT, 1);
        fmx_test_ok(&test, fmx_to_real(&signal, &options), "to real");
        fmx_test_ok(&test, fmx_signal_read(&signal, got[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], COUNT * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

Test(real_part, a_real_batch_stays)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, false, 2, 10, 1);
    fmx_buffer *data = signal.data;
    fmx_test_ok(&test, fmx__signal_to_real(&signal), "to real");
    cr_assert_eq(signal.data, data);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

Test(real_part, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_real_part options = FMX_REAL_PART_DEFAULT;
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    fmx_test_refused(&test, fmx_to_real(&signal, &options), FMX_ERROR_SHAPE, "complex spectrum");
    signal.domain = FMX_DOMAIN_FREQUENCY;
    options.part = 3;
    fmx_test_refused(&test, fmx_to_real(&signal, &options), FMX_ERROR_ARGUMENT, "part");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status to_real(void *user)
{
    fmx_real_part options = FMX_REAL_PART_DEFAULT;
    return fmx_to_real(user, &options);
}

Test(real_part, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    fmx_test_each_failure(&test, to_real, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

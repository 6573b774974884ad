/* The stages of the time domain one after the other, against nmrglue and scipy. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fmx_golden.h"
#include "fmx_test.h"

static const double sw_hz = 6000;
static const double delay = 67.9842;

static fmx_signal golden_decay(const fmx_test *test, double *most)
{
    size_t floats = 0;
    float *in = fmx_test_golden("time_domain_input.npy", &floats);
    fmx_signal signal = fmx_test_decays(test, 1, floats / 2, 1);
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, in, floats * sizeof *in), "in");
    signal.row[0].sw_hz = sw_hz;
    signal.row[0].group_delay = delay;
    *most = 0;
    for (size_t i = 0; i < floats; ++i)
        *most = fmax(*most, fabs(in[i]));
    free(in);
    return signal;
}

/* The published chain: every stage in turn is compared with the golden's same stage. Each golden
 * was made from the unrounded result before it, so errors add along the chain. */
Test(time_domain, published_chain)
{
    fmx_test test = fmx_test_open();
    double most = 0;
    fmx_signal signal = golden_decay(&test, &most);
    fmx_digital_filter shift = {FMX_DIGITAL_FILTER_TIME_SHIFT, FMX_DIGITAL_FILTER_FOLD};
    fmx_solvent low_pass = FMX_SOLVENT_DEFAULT;
    fmx_solvent bessel = FMX_SOLVENT_DEFAULT;
    fmx_apodisation window = FMX_APODISATION_DEFAULT;
    fmx_zero_filling fill = {4096, 1, 1.0};
    low_pass.mode = FMX_SOLVENT_LOW_PASS;
    bessel.mode = FMX_SOLVENT_BESSEL;
    double k = tan(3.14159265358979323846 * bessel.corner_hz / sw_hz);
    double pole = (1 - k) / (1 + k);
    /* units of 2^-24 of the largest value: one addition; a sum of 11, a product, a difference; four
     * passes of three roundings each relative to four times that value, which fade with the pole;
     * the window's 8 and its product; copies. One more each for the golden's rounding. */
    const double units[] = {2, 14, 4 * 3 * 4 / (1 - pole) + 1, 10, 1};
    const char *const names[] = {"digital_filter", "low_pass", "bessel", "apodisation",
                                 "zero_filling"};
    double sum = 0;
    for (size_t stage = 0; stage < 5; ++stage) {
        char file[64];
        size_t floats = 0;
        fmx_status status = stage == 0   ? fmx_remove_digital_filter(&signal, &shift)
                            : stage == 1 ? fmx_suppress_solvent(&signal, &low_pass)
                            : stage == 2 ? fmx_suppress_solvent(&signal, &bessel)
                            : stage == 3 ? fmx_apodise(&signal, &window)
                                         : fmx_zero_fill(&signal, &fill);
        fmx_test_ok(&test, status, names[stage]);
        snprintf(file, sizeof file, "time_domain_%s.npy", names[stage]);
        float *expected = fmx_test_golden(file, &floats);
        float *got = fmx_test_random(2 * signal.points, 1);
        fmx_test_ok(&test, fmx_signal_read(&signal, got), names[stage]);
        sum += units[stage];
        cr_assert(floats <= 2 * signal.points);
        for (size_t i = 0; i < 2 * signal.points; ++i) {
            double wanted = i < floats ? expected[i] : 0; /* rows keep their length */
            cr_assert(fabs(got[i] - wanted) <= sum * FMX_TEST_EPS * most,
                      "%s, value %zu: got %.9g, expected %.9g, allowed %.3g", names[stage], i,
                      got[i], wanted, sum * FMX_TEST_EPS * most);
        }
        free(expected);
        free(got);
    }
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

/* Phase ramp, zero filling and fft against numpy's transform of the decay as it came times the ramp
 * of the whole delay: once with zero filling, which moves 67 points to the end, and once on rows
 * that were long enough already, where fft takes out all 67.98. */
Test(time_domain, ramp_spectrum)
{
    fmx_test test = fmx_test_open();
    size_t floats = 0;
    float *expected = fmx_test_golden("time_domain_ramp_spectrum.npy", &floats);
    float *got = fmx_test_random(floats, 1);
    size_t points = floats / 2;
    double largest = 0;
    for (size_t i = 0; i < floats; ++i)
        largest = fmax(largest, fabs(expected[i]));
    for (int filled_before = 0; filled_before < 2; ++filled_before) {
        double most = 0;
        fmx_signal signal = golden_decay(&test, &most);
        fmx_digital_filter ramp = FMX_DIGITAL_FILTER_DEFAULT;
        fmx_zero_filling fill = {(int64_t)points, 1, 0.5};
        fmx_fft_options transform = FMX_FFT_DEFAULT;
        double norm = most * sqrt((double)signal.points); /* at least the decay's 2-norm */
        if (filled_before) {
            signal.row[0].group_delay = 0;
            fill.first_point = 1;
            fmx_test_ok(&test, fmx_zero_fill(&signal, &fill), "long rows");
            signal.row[0].group_delay = delay;
        }
        fmx_test_ok(&test, fmx_remove_digital_filter(&signal, &ramp), "digital_filter");
        if (!filled_before)
            fmx_test_ok(&test, fmx_zero_fill(&signal, &fill), "zero_fill");
        fmx_test_ok(&test, fmx_fft(&signal, &transform), "fft");
        fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
        /* a transform's error is about log2 N units of the 2-norm, spread over all points; the
         * ramp's phase is within 2 2e-7, and its product rounds three times */
        double allowed =
            FMX_TEST_EPS * log2((double)points) * norm + (4e-7 + 3 * FMX_TEST_EPS) * largest;
        for (size_t i = 0; i < floats; ++i)
            cr_assert(fabs((double)got[i] - expected[i]) <= allowed,
                      "value %zu: got %.9g, expected %.9g, allowed %.3g", i, got[i], expected[i],
                      allowed);
        cr_assert_eq(signal.row[0].group_delay, 0);
        fmx_signal_clear(&signal);
    }
    free(expected);
    free(got);
    fmx_test_close(&test);
}

/* With the phase ramp the decay keeps its time axis until zero filling takes the whole points out.
 */
Test(time_domain, delay_goes_through_the_chain)
{
    fmx_test test = fmx_test_open();
    double most = 0;
    fmx_signal signal = golden_decay(&test, &most);
    fmx_digital_filter ramp = FMX_DIGITAL_FILTER_DEFAULT;
    fmx_apodisation window = FMX_APODISATION_DEFAULT;
    fmx_zero_filling fill = {4096, 1, 0.5};
    size_t floats = 2 * signal.points;
    float *before = fmx_test_random(floats, 1);
    float *got = fmx_test_random((size_t)2 * 4096, 1);
    fmx_test_ok(&test, fmx_signal_read(&signal, before), "in");
    fmx_test_ok(&test, fmx_remove_digital_filter(&signal, &ramp), "digital_filter");
    fmx_test_ok(&test, fmx_apodise(&signal, &window), "apodise");
    fmx_test_ok(&test, fmx_zero_fill(&signal, &fill), "zero_fill");
    fmx_test_ok(&test, fmx_signal_read(&signal, got), "out");
    cr_assert_leq(fabs(signal.row[0].group_delay - 0.9842), 1e-12);
    for (size_t i = 0; i < floats; ++i) {
        size_t n = i / 2;
        size_t j = n >= 67 ? n - 67 : 4096 + n - 67;
        double t = ((double)n - delay) / sw_hz;
        double wanted = before[i] * exp(-3.14159265358979323846 * 0.3 * t);
        cr_assert(fabs(got[2 * j + i % 2] - wanted) <= 16 * FMX_TEST_EPS * fabs(wanted),
                  "point %zu: got %.9g, expected %.9g", n, got[2 * j + i % 2], wanted);
    }
    fmx_signal_clear(&signal);
    free(before);
    free(got);
    fmx_test_close(&test);
}

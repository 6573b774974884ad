#include <math.h>
#include <stdlib.h>

#include "cases/solvent.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "solvent_ref.h"

/* What a value may be off, for values up to `most`:
 * - low pass: a sum of 2 h + 1 values rounds as often, then a product and a difference;
 * - Bessel: every step rounds three times relative to values below 4 most (prolonged ends reach 3
 *   most, the gain of a pass is at most 2), old errors shrink by the pole, so 1 / (1 - pole) steps
 *   count, as for the float rounding of the pole itself; at most doubled by each pass that follows,
 *   but on noise-like errors a high-pass does not amplify: passes add;
 * - turning there and back: phases to 2^-24 turns and 2e-7, twice. */
static double tolerance(const fmx_solvent *options, double sw_hz, double most)
{
    double units = 0;
    if (options->mode & FMX_SOLVENT_LOW_PASS)
        units += 2 * (double)options->half_width + 3;
    if (options->mode & FMX_SOLVENT_BESSEL) {
        double k = tan(3.14159265358979323846 * options->corner_hz / sw_hz);
        double pole = fabs((1 - k) / (1 + k));
        units += 2 * (double)options->rounds * 3 * 4 / (1 - pole);
    }
    if (options->at != FMX_SOLVENT_AT_TRANSMITTER)
        units += 2 * (6.3 + 4);
    return units * FMX_TEST_EPS * most;
}

static double offset_hz(const fmx_solvent *options, const fmx_row *row)
{
    if (options->at == FMX_SOLVENT_AT_PPM)
        return options->ppm * row->sf_mhz - (row->obs_mhz - row->sf_mhz) * 1e6;
    return options->at == FMX_SOLVENT_AT_OFFSET ? options->offset_hz : 0;
}

/* The stage by its twins, one row. */
static void reference(const fmx_solvent *options, const fmx_row *row, double *data, size_t valid)
{
    double hz = offset_hz(options, row);
    fmx_ref_solvent_turn(data, valid, -hz, row->sw_hz);
    if (options->mode & FMX_SOLVENT_LOW_PASS)
        cr_assert_eq(fmx_ref_solvent_low_pass(data, valid, (size_t)options->half_width), 0);
    for (int64_t i = 0; (options->mode & FMX_SOLVENT_BESSEL) && i < options->rounds; ++i)
        cr_assert_eq(fmx_ref_solvent_bessel(data, valid, options->corner_hz, row->sw_hz), 0);
    fmx_ref_solvent_turn(data, valid, hz, row->sw_hz);
}

static void check_row(const fmx_case_solvent *c, const fmx_row *row, const float *before,
                      const float *got)
{
    size_t valid = row->valid;
    double *expected = malloc((2 * c->points + 1) * sizeof *expected);
    cr_assert_not_null(expected);
    double most = 0;
    for (size_t n = 0; n < 2 * valid; ++n) {
        expected[n] = before[n];
        most = fmax(most, fabs(before[n]));
    }
    reference(&c->options, row, expected, valid);
    for (size_t n = 2 * valid; n < 2 * c->points; ++n)
        expected[n] = 0;
    double allowed = tolerance(&c->options, row->sw_hz, most);
    for (size_t n = 0; n < 2 * c->points; ++n)
        cr_assert(fabs(got[n] - expected[n]) <= (n < 2 * valid ? allowed : 0),
                  "%s, row of %zu, value %zu: got %.9g, expected %.9g, allowed %.3g", c->name,
                  valid, n, got[n], expected[n], allowed);
    free(expected);
}

static void check_case(const fmx_test *test, const fmx_case_solvent *c)
{
    size_t floats = 2 * c->points;
    fmx_signal signal = fmx_test_decays(test, c->rows, c->points, 9);
    float *before = fmx_test_random(c->rows * floats, 9);
    float *got[2];
    for (size_t i = 0; i < c->rows; ++i) {
        signal.row[i].valid = c->valid - i;
        for (size_t n = 0; n < 2 * signal.row[i].valid; ++n)
            before[i * floats + n] += n % 2 ? 20 : -30; /* the solvent, at the transmitter */
        for (size_t n = 2 * signal.row[i].valid; n < floats; ++n)
            before[i * floats + n] = 0;
    }
    for (int run = 0; run < 2; ++run) {
        got[run] = fmx_test_random(c->rows * floats, 2);
        fmx_test_ok(test, fmx_buffer_write(signal.data, 0, before, c->rows * floats * 4), "in");
        fmx_test_ok(test, fmx_suppress_solvent(&signal, &c->options), c->name);
        fmx_test_ok(test, fmx_signal_read(&signal, got[run]), c->name);
    }
    cr_assert_arr_eq(got[0], got[1], c->rows * floats * 4, "%s: a second run differs", c->name);
    for (size_t i = 0; i < c->rows; ++i)
        check_row(c, &signal.row[i], before + i * floats, got[0] + i * floats);
    fmx_signal_clear(&signal);
    free(before);
    free(got[0]);
    free(got[1]);
}

Test(solvent, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_solvent / sizeof *fmx_cases_solvent; ++i) {
        if (!fmx_cases_solvent[i].bench)
            check_case(&test, &fmx_cases_solvent[i]);
    }
    fmx_test_close(&test);
}

/* One filter on what nmrglue or scipy made before it, against what they made of it. */
static void check_golden(const fmx_test *test, const char *from, const char *to, int mode)
{
    size_t floats = 0;
    size_t same = 0;
    float *in = fmx_test_golden(from, &floats);
    float *expected = fmx_test_golden(to, &same);
    float *got = fmx_test_random(floats, 1);
    fmx_solvent options = FMX_SOLVENT_DEFAULT;
    fmx_signal signal = fmx_test_decays(test, 1, floats / 2, 1);
    double most = 0;
    cr_assert_eq(floats, same);
    for (size_t i = 0; i < floats; ++i)
        most = fmax(most, fabs(in[i]));
    options.mode = mode;
    signal.row[0].sw_hz = 6000;
    /* the golden went on from unrounded values: half a unit of its input, and of its result */
    double allowed = tolerance(&options, 6000, most) + 2 * FMX_TEST_EPS * most;
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, in, floats * sizeof *in), "in");
    fmx_test_ok(test, fmx_suppress_solvent(&signal, &options), to);
    fmx_test_ok(test, fmx_signal_read(&signal, got), to);
    for (size_t i = 0; i < floats; ++i)
        cr_assert(fabs((double)got[i] - expected[i]) <= allowed,
                  "%s, value %zu: got %.9g, expected %.9g, allowed %.3g", to, i, got[i],
                  expected[i], allowed);
    fmx_signal_clear(&signal);
    free(in);
    free(expected);
    free(got);
}

Test(solvent, golden)
{
    fmx_test test = fmx_test_open();
    check_golden(&test, "time_domain_digital_filter.npy", "time_domain_low_pass.npy",
                 FMX_SOLVENT_LOW_PASS);
    check_golden(&test, "time_domain_low_pass.npy", "time_domain_bessel.npy", FMX_SOLVENT_BESSEL);
    fmx_test_close(&test);
}

Test(solvent, none_changes_nothing)
{
    fmx_test test = fmx_test_open();
    fmx_solvent options = FMX_SOLVENT_DEFAULT;
    fmx_signal signal = fmx_test_decays(&test, 2, 300, 4);
    float *before = fmx_test_random(1200, 4);
    float *got = fmx_test_random(1200, 5);
    options.mode = FMX_SOLVENT_NONE;
    fmx_test_ok(&test, fmx_suppress_solvent(&signal, &options), "none");
    fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
    cr_assert_arr_eq(got, before, 1200 * sizeof *got);
    fmx_signal_clear(&signal);
    free(before);
    free(got);
    fmx_test_close(&test);
}

Test(solvent, refusals)
{
    fmx_test test = fmx_test_open();
    const fmx_solvent good = FMX_SOLVENT_DEFAULT;
    fmx_solvent options = good;
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    options.mode = 4;
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_ARGUMENT, "mode");
    options = good;
    options.half_width = 0;
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_ARGUMENT,
                     "half_width");
    options = good;
    options.corner_hz = NAN;
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_ARGUMENT,
                     "corner_hz");
    options.corner_hz = 4050; /* row 0 has 8000 Hz */
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_ARGUMENT, "row 0");
    options = good;
    options.at = FMX_SOLVENT_AT_PPM;
    signal.row[1].sf_mhz = 0;
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_ARGUMENT, "sf_mhz");
    signal.row[1].sf_mhz = 500;
    options = good;
    signal.row[1].valid = 6;
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_SHAPE, "row 1");
    signal.row[1].valid = 64;
    signal.row[1].sw_hz = 0;
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.row[1].sw_hz = 8000;
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_test_refused(&test, fmx_suppress_solvent(&signal, &options), FMX_ERROR_SHAPE,
                     "complex decay");
    signal.domain = FMX_DOMAIN_TIME;
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status suppress(void *user)
{
    fmx_solvent options = FMX_SOLVENT_DEFAULT;
    options.at = FMX_SOLVENT_AT_OFFSET;
    options.offset_hz = 10;
    return fmx_suppress_solvent(user, &options);
}

Test(solvent, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    fmx_test_each_failure(&test, suppress, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

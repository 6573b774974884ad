#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/fid_synthesis.h"
#include "fid_synthesis_ref.h"
#include "fidmix/fid_synthesis.h"
#include "fmx_test.h"
#include "launch.h"
#include "philox.h"

static const double pi = 3.14159265358979323846;
static const double sw_hz = 4807.7;

static double draw(uint64_t item, uint32_t which, double low, double high)
{
    uint32_t words[4];
    fmx__random_words(words, 5, FMX__PURPOSE_TEST, item, which, 0);
    return low + (high - low) * fmx__uniform(words[0]);
}

/* Lines within 92 % of the width: the digital filter passes them. */
static fmx_synthesis_line *random_lines(size_t count, uint64_t seed)
{
    fmx_synthesis_line *line = calloc(count + 1, sizeof *line);
    for (size_t i = 0; i < count; ++i)
        line[i] = (fmx_synthesis_line){
            draw(seed * 1000003 + i, 0, -0.46, 0.46) * sw_hz, draw(seed * 1000003 + i, 1, 0.1, 1),
            draw(seed * 1000003 + i, 2, 0.5, 30), draw(seed * 1000003 + i, 3, -180, 180)};
    return line;
}

static fmx_signal batch(const fmx_test *test, size_t rows, size_t points, double group_delay)
{
    fmx_signal signal = fmx_test_decays(test, rows, points, 3);
    signal.seed = 0x123456789abcdefull;
    for (size_t r = 0; r < rows; ++r) {
        signal.row[r].sw_hz = sw_hz;
        signal.row[r].group_delay = group_delay;
        signal.row[r].item = 77 + r;
    }
    return signal;
}

/* Per line: 2e-7 of the sine, 1e-7 of its argument (24 bits of a turn, and what 2^-33 turns per
 * point and tile add up to), eight roundings, the relative error of exp's argument, and one
 * rounding of the sum for each line after it; the filter adds the roundings of its taps (their
 * absolute sum is below 8), of which a random walk keeps sqrt(1000) / 2. */
static double tolerance(const fmx_synthesis_line *line, size_t lines, bool filtered, size_t points)
{
    double sum = 0;
    double tiles = (double)points / 256 + 64;
    for (size_t i = 0; i < lines; ++i)
        sum += fabs(line[i].amplitude);
    double each = 3e-7 + 2 * pi * 0x1p-33 * tiles + (12 + (double)lines) * FMX_TEST_EPS;
    return sum * each * (filtered ? 8 : 1) + 1e-30;
}

static void check_row(const fmx_case_fid_synthesis *c, const fmx_synthesis *row, const float *got)
{
    double *expected = calloc(2 * c->points, sizeof *expected);
    fmx_ref_fid_synthesis(expected, c->points, sw_hz, c->group_delay,
                          (const fmx_ref_line *)(const void *)row->line, row->count,
                          row->gaussian_hz, row->p0_deg, row->p1_deg);
    double allowed = tolerance(row->line, row->count, c->group_delay > 0, c->points);
    for (size_t i = 0; i < 2 * c->points; ++i)
        cr_assert_leq(fabs(got[i] - expected[i]), allowed,
                      "%s, value %zu: got %.9g, expected %.9g (allowed %.3g)", c->name, i, got[i],
                      expected[i], allowed);
    free(expected);
}

static void check_case(const fmx_test *test, const fmx_case_fid_synthesis *c)
{
    fmx_signal signal = batch(test, c->rows, c->points, c->group_delay);
    fmx_synthesis *row = calloc(c->rows, sizeof *row);
    fmx_synthesis_line **line = calloc(c->rows, sizeof *line);
    float *got = fmx_test_random(2 * c->rows * c->points, 8);
    for (size_t r = 0; r < c->rows; ++r) {
        size_t count = c->lines > r ? c->lines - r : c->lines; /* rows of different length */
        line[r] = random_lines(count, r + 1);
        row[r] = (fmx_synthesis){.line = line[r],
                                 .count = count,
                                 .gaussian_hz = c->gaussian_hz,
                                 .p0_deg = c->p0_deg + (double)r,
                                 .p1_deg = c->p1_deg};
    }
    fmx_test_ok(test, fmx_synthesise(&signal, row), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t r = 0; r < c->rows; ++r) {
        check_row(c, &row[r], got + 2 * r * c->points);
        cr_assert_eq(signal.row[r].valid, c->points);
        free(line[r]);
    }
    fmx_signal_clear(&signal);
    free(line);
    free(row);
    free(got);
}

Test(fid_synthesis, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_fid_synthesis / sizeof *fmx_cases_fid_synthesis; ++i) {
        if (!fmx_cases_fid_synthesis[i].bench)
            check_case(&test, &fmx_cases_fid_synthesis[i]);
    }
    fmx_test_close(&test);
}

/* One row of the batch, noise included, in `out`. */
static void make_one(const fmx_test *test, const fmx_synthesis *row, size_t points,
                     double group_delay, float *out)
{
    fmx_signal signal = batch(test, 1, points, group_delay);
    fmx_test_ok(test, fmx_synthesise(&signal, row), "synthesise");
    fmx_test_ok(test, fmx_signal_read(&signal, out), "read");
    fmx_signal_clear(&signal);
}

/* The transform of a raw FID at one frequency, after the delay that the file states is removed and
 * the stated correction applied; scaled to the area of time. */
static double complex spectrum_at(const float *fid, size_t points, double group_delay, double hz,
                                  double p0_deg, double p1_deg)
{
    double complex sum = 0;
    for (size_t n = 0; n < points; ++n)
        sum += (fid[2 * n] + I * fid[2 * n + 1]) *
               cexp(-2 * pi * I * hz / sw_hz * ((double)n - group_delay));
    double j = 0.5 - hz / sw_hz;
    return sum / sw_hz * cexp(I * pi / 180 * (p0_deg + p1_deg * j));
}

/* Removing the stated delay and applying the stated correction gives absorptive Lorentzian lines:
 * on the lines, beside them and far from any. */
Test(fid_synthesis, the_stated_correction_makes_it_absorptive)
{
    fmx_test test = fmx_test_open();
    const size_t points = 8192;
    const double group_delay = 67.9842071533203;
    float *got = fmx_test_random(2 * points, 1);
    fmx_synthesis_line line[] = {{-1900, 1, 5, 0}, {-300.3, 0.5, 8, 0}, {1201.7, 2, 6, 0}};
    const double errors[][2] = {{0, 0}, {70, 0}, {-170, 90}, {15, -90}, {0, 360}};
    for (size_t e = 0; e < sizeof errors / sizeof *errors; ++e) {
        fmx_synthesis row = {
            .line = line, .count = 3, .p0_deg = errors[e][0], .p1_deg = errors[e][1]};
        make_one(&test, &row, points, group_delay, got);
        for (double hz = -2200; hz < 2200; hz += 36.7) {
            double complex expected = 0;
            for (size_t l = 0; l < 3; ++l) {
                double complex lambda = -pi * line[l].width_hz + 2 * pi * I * (line[l].hz - hz);
                expected += line[l].amplitude / -lambda;
            }
            double complex x = spectrum_at(got, points, group_delay, hz, row.p0_deg, row.p1_deg);
            /* the filter's ripple (80 dB), the end of the decay (exp(-pi 5 1.69 s)), float sums */
            cr_assert_leq(cabs(x - expected), 1e-3 * cabs(expected) + 2e-6,
                          "p0 %g, p1 %g, %.1f Hz: %g + %gi, expected %g + %gi", row.p0_deg,
                          row.p1_deg, hz, creal(x), cimag(x), creal(expected), cimag(expected));
        }
    }
    free(got);
    fmx_test_close(&test);
}

/* Before the group delay there is the filter's oscillation and nothing else. */
Test(fid_synthesis, onset)
{
    fmx_test test = fmx_test_open();
    float got[512];
    fmx_synthesis_line line = {10, 1, 0, 0};
    fmx_synthesis row = {.line = &line, .count = 1};
    make_one(&test, &row, 256, 67.98, got);
    cr_assert_lt(fabs(got[0]), 1e-3);
    cr_assert_lt(fabs(got[2 * 60]), 0.05);
    double before = fabs(got[2 * 66]);
    cr_assert(before > 0.03 && before < 0.12, "%g", before);
    cr_assert_float_eq(got[2 * 68], 0.5, 0.03); /* half way up at the delay itself */
    cr_assert_gt(got[2 * 69], 1.03);            /* and overshoots */
    fmx_test_close(&test);
}

/* The relative error of log near 1 and one ulp of u there: r^2 = -2 log u is off by e. */
Test(fid_synthesis, noise)
{
    fmx_test test = fmx_test_open();
    const size_t points = 1001;
    const double sigma = 3.5;
    float *got = fmx_test_random(2 * points, 1);
    double *expected = calloc(2 * points, sizeof *expected);
    fmx_synthesis row = {.noise_sigma = sigma};
    make_one(&test, &row, points, 0, got);
    fmx_ref_fid_noise(expected, points, 0x123456789abcdefull, 77);
    for (size_t n = 0; n < points; ++n) {
        double r = hypot(expected[2 * n], expected[2 * n + 1]);
        double e = 4 * 0x1p-24 + 8 * FMX_TEST_EPS * r * r;
        double allowed = sigma * (e / (r + sqrt(e)) + r * 1e-6);
        for (size_t k = 0; k < 2; ++k)
            cr_assert_leq(fabs(got[2 * n + k] - sigma * expected[2 * n + k]), allowed,
                          "point %zu: %g, expected %g", n, got[2 * n + k],
                          sigma * expected[2 * n + k]);
    }
    free(expected);
    free(got);
    fmx_test_close(&test);
}

Test(fid_synthesis, errors_of_the_first_points)
{
    fmx_test test = fmx_test_open();
    float got[256];
    fmx_synthesis row = {.error = {{1, 2}, {3, 4}, {5, 6}, {7, 8}}};
    make_one(&test, &row, 128, 67.98, got);
    for (size_t i = 0; i < 8; ++i)
        cr_assert_eq(got[2 * 68 + i], (float)(i + 1));
    cr_assert_eq(got[2 * 72], 0);
    cr_assert_eq(got[2 * 67], 0);
    fmx_test_close(&test);
}

/* A row is the same in every batch and every time. */
Test(fid_synthesis, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    const size_t points = 1500;
    fmx_synthesis row[3];
    fmx_synthesis_line *line[3];
    for (size_t r = 0; r < 3; ++r) {
        line[r] = random_lines(10 * r + 3, r);
        row[r] =
            (fmx_synthesis){.line = line[r], .count = 10 * r + 3, .noise_sigma = 0.1, .p1_deg = 33};
    }
    float *all[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = batch(&test, 3, points, 67.98);
        all[run] = fmx_test_random(6 * points, 1);
        fmx_test_ok(&test, fmx_synthesise(&signal, row), "synthesise");
        fmx_test_ok(&test, fmx_signal_read(&signal, all[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(all[0], all[1], 6 * points * sizeof(float));
    fmx_signal alone = batch(&test, 1, points, 67.98);
    alone.row[0].item = 79;
    fmx_test_ok(&test, fmx_synthesise(&alone, &row[2]), "synthesise");
    fmx_test_ok(&test, fmx_signal_read(&alone, all[1]), "read");
    cr_assert_arr_eq(all[0] + 4 * points, all[1], 2 * points * sizeof(float));
    fmx_signal_clear(&alone);
    for (size_t r = 0; r < 3; ++r)
        free(line[r]);
    free(all[0]);
    free(all[1]);
    fmx_test_close(&test);
}

/* More lines than one launch may take: equal lines add up to one. */
Test(fid_synthesis, many_lines_in_several_launches)
{
    fmx_test test = fmx_test_open();
    const size_t points = 32768;
    const size_t lines = 16000;
    fmx_synthesis_line *line = calloc(lines, sizeof *line);
    for (size_t i = 0; i < lines; ++i)
        line[i] = (fmx_synthesis_line){123.4, 1.0 / (double)lines, 1, 0};
    float *got = fmx_test_random(2 * points, 1);
    float *one = fmx_test_random(2 * points, 2);
    fmx_synthesis row = {.line = line, .count = lines};
    make_one(&test, &row, points, 0, got);
    line[0].amplitude = 1;
    row.count = 1;
    make_one(&test, &row, points, 0, one);
    for (size_t i = 0; i < 2 * points; ++i)
        cr_assert_leq(fabs(got[i] - one[i]), (double)lines * FMX_TEST_EPS, "value %zu: %g and %g",
                      i, got[i], one[i]);
    free(line);
    free(got);
    free(one);
    fmx_test_close(&test);
}

Test(fid_synthesis, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = batch(&test, 2, 64, 0);
    fmx_synthesis_line line = {0, 1, 1, 0};
    fmx_synthesis row[2] = {{.line = &line, .count = 1}, {.line = &line, .count = 1}};
    line.hz = 0.51 * sw_hz;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_ARGUMENT, "line 0");
    line.hz = NAN;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_ARGUMENT, "line 0");
    line.hz = 0;
    line.width_hz = sw_hz;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_ARGUMENT, "wide");
    line.width_hz = 1;
    row[1].p1_deg = 400;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_ARGUMENT, "row 1");
    row[1].p1_deg = 0;
    row[0].noise_sigma = -1;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_ARGUMENT, "noise_sigma");
    row[0].noise_sigma = 0;
    signal.row[1].sw_hz += 1;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_ARGUMENT, "another sw_hz");
    signal.row[1].sw_hz -= 1;
    signal.row[0].group_delay = signal.row[1].group_delay = 3;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_ARGUMENT, "group_delay");
    signal.row[0].group_delay = signal.row[1].group_delay = 0;
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_test_refused(&test, fmx_synthesise(&signal, row), FMX_ERROR_SHAPE, "decay");
    signal.domain = FMX_DOMAIN_TIME;
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status synthesise_default(void *user)
{
    fmx_synthesis_line line = {10, 1, 1, 0};
    fmx_synthesis row[2] = {{.line = &line, .count = 1}, {.line = &line, .count = 1}};
    return fmx_synthesise(user, row);
}

Test(fid_synthesis, allocations)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = batch(&test, 2, 256, 67.98);
    fmx_test_each_failure(&test, synthesise_default, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

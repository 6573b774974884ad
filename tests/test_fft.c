#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases/fft.h"
#include "fft_ref.h"
#include "fft_rows.h"
#include "fmx_test.h"
#include "launch.h"

/* Standard deviation of the error over that of the transform. A value passes log2 N butterflies of
 * two points and a last scale, each of which rounds a product and a sum; roundings are uniform
 * within half an ulp (0.3 to 0.6 eps) and as good as independent, so that their squares add up: eps
 * sqrt(1 + log2 N) lies a little above all of it. A chirp makes two transforms of up to 4 N points
 * and a third (its response), with products between. */
static double deviation(size_t points)
{
    bool power = points > 1 && (points & (points - 1)) == 0;
    if (power)
        return FMX_TEST_EPS * sqrt(1 + log2((double)points));
    return FMX_TEST_EPS * sqrt(3 * (1 + log2(4 * (double)points)) + 4);
}

/* The worst of up to 2^21 values lies within 6 standard deviations. */
static double tolerance(size_t points)
{
    return 6 * deviation(points);
}

static double rms(const double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += x[i] * x[i];
    return sqrt(sum / (double)(count > 0 ? count : 1));
}

static void check_row(const char *name, const float *got, const double *expected, size_t points)
{
    double allowed = tolerance(points) * rms(expected, 2 * points) + 1e-30;
    double sum = 0;
    for (size_t i = 0; i < 2 * points; ++i) {
        double difference = fabs(got[i] - expected[i]);
        cr_assert(difference <= allowed,
                  "%s, %zu points, value %zu: got %.9g, expected %.9g, "
                  "allowed %.3g",
                  name, points, i, got[i], expected[i], allowed);
        sum += difference * difference;
    }
    cr_assert_leq(sqrt(sum / (double)(2 * points)),
                  deviation(points) * rms(expected, 2 * points) + 1e-30, "%s, %zu points", name,
                  points);
}

static double scale_of(int scale, size_t points)
{
    return scale == FMX_FFT_BY_POINTS ? 1.0 / (double)points
           : scale == FMX_FFT_BY_ROOT ? 1 / sqrt((double)points)
                                      : 1;
}

static double *to_double(const float *x, size_t count)
{
    double *wide = malloc(count * sizeof *wide);
    cr_assert_not_null(wide);
    for (size_t i = 0; i < count; ++i)
        wide[i] = x[i];
    return wide;
}

Test(fft, twin_is_the_sum)
{
    static const size_t lengths[] = {1, 2, 3, 4, 6, 7, 12, 30, 49, 109, 128, 210};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        size_t n = lengths[i];
        float *x = fmx_test_random(2 * n, n);
        double *in = to_double(x, 2 * n);
        double *sum = to_double(x, 2 * n);
        double *fast = to_double(x, 2 * n);
        for (int inverse = 0; inverse < 2; ++inverse) {
            fmx_ref_dft(sum, in, n, inverse);
            fmx_ref_fft(fast, in, n, inverse);
            for (size_t k = 0; k < 2 * n; ++k) /* n products of double each */
                cr_assert_float_eq(sum[k], fast[k], 1e-14 * (double)n, "%zu points, value %zu", n,
                                   k);
        }
        free(fast);
        free(sum);
        free(in);
        free(x);
    }
}

static void check_case(const fmx_test *test, const fmx_case_fft *c)
{
    size_t rows = c->rows;
    size_t count = 2 * rows * c->points;
    fmx_fft_options options = {.scale = c->scale};
    float *before = fmx_test_random(count, 5);
    float *got = fmx_test_random(count, 6);
    double *expected = to_double(before, 2 * c->points);
    fmx_signal signal = fmx_test_decays(test, rows, c->points, 5);
    for (size_t row = 0; row < rows; ++row)
        signal.row[row].group_delay = c->group_delay + 0.01 * (double)row;
    fmx_test_ok(test, fmx_fft(&signal, &options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t row = 0; row<rows; row += rows> 20 ? 21 : 1) {
        fmx_ref_fft_spectrum(expected, before + 2 * row * c->points, c->points,
                             c->group_delay + 0.01 * (double)row, scale_of(c->scale, c->points));
        check_row(c->name, got + 2 * row * c->points, expected, c->points);
        cr_assert_eq(signal.row[row].group_delay, 0);
    }
    cr_assert_eq(signal.domain, FMX_DOMAIN_FREQUENCY);
    fmx_signal_clear(&signal);
    free(expected);
    free(got);
    free(before);
}

Test(fft, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_fft / sizeof *fmx_cases_fft; ++i) {
        bool large = fmx_cases_fft[i].rows * fmx_cases_fft[i].points > 1100;
        if (large && getenv("FIDMIX_SMALL_CASES") != NULL) /* under Oclgrind, hours */
            continue;
        check_case(&test, &fmx_cases_fft[i]);
    }
    fmx_test_close(&test);
}

/* tests/golden/fft.txt, made by scipy (make_fft.py beside it). */
Test(fft, golden)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {21800, 32768};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        size_t n = lengths[i];
        fmx_fft_options options = FMX_FFT_DEFAULT;
        fmx_signal signal = fmx_test_decays(&test, 1, n, 1);
        float *x = fmx_test_random(2 * n, 1);
        for (uint64_t t = 0; t < 2 * n; ++t)
            x[t] = (float)((double)((t * t * 7919 + t * 104729) % 65521) / 65521 - 0.5);
        fmx_test_ok(&test, fmx_buffer_write(signal.data, 0, x, 2 * n * sizeof *x), "write");
        fmx_test_ok(&test, fmx_fft(&signal, &options), "fft");
        fmx_test_ok(&test, fmx_signal_read(&signal, x), "read");
        double *wide = to_double(x, 2 * n);
        double allowed = tolerance(n) * rms(wide, 2 * n);
        FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/fft.txt", "r");
        cr_assert_not_null(file);
        size_t points = 0;
        long k = 0;
        double re = 0;
        double im = 0;
        size_t seen = 0;
        while (fscanf(file, "%zu %ld %lf %lf", &points, &k, &re, &im) == 4) {
            size_t j = n / 2 - 1 - (size_t)k;
            if (points != n)
                continue;
            cr_assert_float_eq(x[2 * j], re, allowed, "%zu points, k = %ld", n, k);
            cr_assert_float_eq(x[2 * j + 1], im, allowed, "%zu points, k = %ld", n, k);
            ++seen;
        }
        fclose(file);
        cr_assert_eq(seen, 64);
        free(wide);
        free(x);
        fmx_signal_clear(&signal);
    }
    fmx_test_close(&test);
}

/* ---- sign, order, scale: each alone -----------------------------------------------------------
 */

/* x[n] = exp(+2 pi i k n / N) for one k: X is N at that k and 0 elsewhere. */
static fmx_signal tone(const fmx_test *test, size_t points, double k)
{
    fmx_signal signal = fmx_test_decays(test, 1, points, 1);
    float *x = fmx_test_random(2 * points, 1);
    for (size_t n = 0; n < points; ++n) {
        double angle = 2 * acos(-1) * k * (double)n / (double)points;
        x[2 * n] = (float)cos(angle);
        x[2 * n + 1] = (float)sin(angle);
    }
    fmx_test_ok(test, fmx_buffer_write(signal.data, 0, x, 2 * points * sizeof *x), "tone");
    free(x);
    return signal;
}

/* Index of the largest point, and its value in `peak`. */
static size_t largest(const fmx_test *test, fmx_signal *signal, float peak[2])
{
    float *got = fmx_test_random(2 * signal->points, 2);
    size_t best = 0;
    fmx_test_ok(test, fmx_signal_read(signal, got), "read");
    for (size_t j = 1; j < signal->points; ++j) {
        if (hypotf(got[2 * j], got[2 * j + 1]) > hypotf(got[2 * best], got[2 * best + 1]))
            best = j;
    }
    memcpy(peak, got + 2 * best, 2 * sizeof *peak);
    free(got);
    return best;
}

Test(fft, order)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {8, 9, 256, 257, 1000};
    fmx_fft_options options = FMX_FFT_DEFAULT;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        long n = (long)lengths[i];
        long highest = (n + 1) / 2 - 1;
        const long ks[] = {highest, 1, 0, -1, highest - n + 1};
        for (size_t t = 0; t < sizeof ks / sizeof *ks; ++t) {
            fmx_signal signal = tone(&test, lengths[i], (double)ks[t]);
            float peak[2];
            fmx_test_ok(&test, fmx_fft(&signal, &options), "fft");
            cr_assert_eq(largest(&test, &signal, peak), (size_t)(highest - ks[t]),
                         "%ld points, k = %ld", n, ks[t]);
            fmx_signal_clear(&signal);
        }
    }
    fmx_test_close(&test);
}

Test(fft, axis)
{
    fmx_test test = fmx_test_open();
    fmx_fft_options options = FMX_FFT_DEFAULT;
    for (size_t points = 256; points < 258; ++points) {
        fmx_signal signal = fmx_test_decays(&test, 2, points, 1);
        signal.row[1].obs_mhz = 600.0028;
        signal.row[1].sf_mhz = 600.0;
        signal.row[1].sw_hz = 12000;
        fmx_test_ok(&test, fmx_fft(&signal, &options), "fft");
        for (size_t i = 0; i < 2; ++i) {
            const fmx_row *row = &signal.row[i];
            /* k = 0 is the transmitter */
            double centre = row->ppm_first + row->ppm_step * (double)((points + 1) / 2 - 1);
            double expected = (row->obs_mhz - row->sf_mhz) / row->sf_mhz * 1e6;
            cr_assert_float_eq(centre, expected, 1e-9, "row %zu", i);
            cr_assert_float_eq(row->ppm_step * (double)points, -row->sw_hz / row->sf_mhz, 1e-9);
        }
        fmx_signal_clear(&signal);
    }
    fmx_test_close(&test);
}

Test(fft, sign)
{
    fmx_test test = fmx_test_open();
    fmx_fft_options options = FMX_FFT_DEFAULT;
    /* a decay of positive frequency is above the transmitter, and its phase is that of its start */
    fmx_signal signal = tone(&test, 256, 32);
    float peak[2];
    fmx_test_ok(&test, fmx_fft(&signal, &options), "fft");
    size_t at = largest(&test, &signal, peak);
    double hz = (double)(127 - (long)at) / 256 * signal.row[0].sw_hz;
    cr_assert_float_eq(hz, 1000, 1e-6);
    cr_assert_gt(peak[0], 255);
    cr_assert_lt(fabsf(peak[1]), 1);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

Test(fft, scale)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {64, 100, 1024};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        for (int scale = 0; scale < 3; ++scale) {
            fmx_fft_options options = {.scale = scale};
            fmx_signal signal = tone(&test, lengths[i], 5);
            float peak[2];
            fmx_test_ok(&test, fmx_fft(&signal, &options), "fft");
            largest(&test, &signal, peak);
            double expected = (double)lengths[i] * scale_of(scale, lengths[i]);
            cr_assert_float_eq(peak[0], expected, tolerance(lengths[i]) * expected,
                               "%zu points, scale %d: %g", lengths[i], scale, peak[0]);
            fmx_signal_clear(&signal);
        }
    }
    fmx_test_close(&test);
}

/* A delay of d whole points, taken out by the ramp, equals shifting the decay by d points. */
Test(fft, group_delay_is_a_shift)
{
    fmx_test test = fmx_test_open();
    fmx_fft_options options = FMX_FFT_DEFAULT;
    static const size_t lengths[] = {256, 300, 131072};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        size_t n = lengths[i];
        size_t delay = 70;
        fmx_signal late = fmx_test_decays(&test, 1, n, 3);
        fmx_signal early = fmx_test_decays(&test, 1, n, 3);
        float *x = fmx_test_random(2 * n, 3);
        float *got = fmx_test_random(2 * n, 4);
        float *shifted = fmx_test_random(2 * n, 5);
        for (size_t j = 0; j < n; ++j)
            memcpy(shifted + 2 * j, x + 2 * ((j + delay) % n), 2 * sizeof *x);
        fmx_test_ok(&test, fmx_buffer_write(early.data, 0, shifted, 2 * n * sizeof *x), "shift");
        late.row[0].group_delay = (double)delay;
        fmx_test_ok(&test, fmx_fft(&late, &options), "late");
        fmx_test_ok(&test, fmx_fft(&early, &options), "early");
        fmx_test_ok(&test, fmx_signal_read(&late, got), "read");
        fmx_test_ok(&test, fmx_signal_read(&early, shifted), "read");
        double *expected = to_double(shifted, 2 * n);
        check_row("shifted", got, expected, n);
        free(expected);
        free(shifted);
        free(got);
        free(x);
        fmx_signal_clear(&early);
        fmx_signal_clear(&late);
    }
    fmx_test_close(&test);
}

/* ---- rows of buffers --------------------------------------------------------------------------
 */

enum { GAP = 3 }; /* complex elements between rows that belong to none */

typedef struct rows_case {
    size_t rows;
    size_t points;
    bool inverse;
    bool in_place;
} rows_case;

/* Transforms `c` with gaps, checks rows, gaps and the input, and returns all of the output. */
static float *transform(const fmx_test *test, const rows_case *c, const float *in, bool check)
{
    size_t stride = c->points + GAP;
    size_t bytes = (1 + c->rows * stride) * 2 * sizeof(float);
    float *got = fmx_test_random(bytes / sizeof(float), 9);
    fmx_buffer *from = NULL;
    fmx_buffer *to = NULL;
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, in, bytes, &from), "in");
    if (!c->in_place)
        fmx_test_ok(test, fmx_buffer_create_copy(test->device, in, bytes, &to), "out");
    fmx__fft of = {.out = c->in_place ? from : to,
                   .in = from,
                   .rows = c->rows,
                   .points = c->points,
                   .out_first = 1,
                   .out_stride = stride,
                   .in_first = 1,
                   .in_stride = stride,
                   .inverse = c->inverse,
                   .scale = c->inverse ? 1.0 / (double)c->points : 1};
    fmx_test_ok(test, fmx__fft_rows(test->device, &of), "fft");
    if (!c->in_place) {
        fmx_test_ok(test, fmx_buffer_read(from, 0, got, bytes), "read");
        cr_assert_arr_eq(got, in, bytes, "%zu points: the input changed", c->points);
    }
    fmx_test_ok(test, fmx_buffer_read(of.out, 0, got, bytes), "read");
    fmx_buffer_release(from);
    fmx_buffer_release(to);
    for (size_t row = 0; check && row<c->rows; row += c->rows> 3 ? c->rows - 1 : 1) {
        const float *x = in + 2 * (1 + row * stride);
        double *wide = to_double(x, 2 * c->points);
        double *expected = to_double(x, 2 * c->points);
        fmx_ref_fft(expected, wide, c->points, c->inverse);
        for (size_t i = 0; i < 2 * c->points; ++i)
            expected[i] *= of.scale;
        check_row(c->inverse ? "inverse" : "forward", got + 2 * (1 + row * stride), expected,
                  c->points);
        cr_assert_arr_eq(got + 2 * (1 + row * stride + c->points), x + 2 * c->points,
                         GAP * 2 * sizeof *got, "%zu points: wrote between rows", c->points);
        free(expected);
        free(wide);
    }
    return got;
}

static void check_rows_case(const fmx_test *test, rows_case c)
{
    size_t bytes = (1 + c.rows * (c.points + GAP)) * 2 * sizeof(float);
    float *in = fmx_test_random(bytes / sizeof(float), c.points);
    float *first = transform(test, &c, in, true);
    float *again = transform(test, &c, in, false);
    cr_assert_arr_eq(first, again, bytes, "%zu points: a second run differs", c.points);
    free(again);
    c.in_place = true;
    float *in_place = transform(test, &c, in, false);
    cr_assert_arr_eq(first, in_place, bytes, "%zu points: in place differs", c.points);
    free(in_place);
    free(first);
    free(in);
}

/* Every power of two, in few rows and (while that is quick) in many, both ways. */
Test(fft, powers_of_two)
{
    fmx_test test = fmx_test_open();
    for (size_t points = 2; points <= 1u << 20; points *= 2) {
        size_t rows = points <= 1u << 17 ? 3 : 1;
        bool inverse = (points & 0x55555555) != 0;
        check_rows_case(&test, (rows_case){rows, points, inverse, false});
        if (points <= 1u << 14)
            check_rows_case(&test, (rows_case){points < 512 ? 37 : 17, points, !inverse, false});
    }
    fmx_test_close(&test);
}

/* Lengths of small factors, primes, squares of primes, and the longest. */
Test(fft, other_lengths)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {1,    3,    5,    6,    7,    9,     11,    13,    15,
                                     105,  121,  169,  210,  420,  997,   1000,  2187,  3375,
                                     4095, 4097, 6720, 2039, 9216, 16385, 21800, 30030, 65520};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        bool inverse = (i & 1) != 0;
        check_rows_case(&test, (rows_case){3, lengths[i], inverse, false});
        if (lengths[i] < 1000)
            check_rows_case(&test, (rows_case){19, lengths[i], !inverse, false});
    }
    check_rows_case(&test, (rows_case){1, 1000000 / 2, false, false});
    fmx_test_close(&test);
}

Test(fft, impulse_and_linearity)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {64, 4096, 32768, 2100};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        size_t n = lengths[i];
        size_t count = 2 * (1 + 3 * (n + GAP));
        rows_case c = {3, n, false, false};
        float *in = fmx_test_random(count, 3);
        float *second = in + 2 * (1 + n + GAP);
        float *third = second + 2 * (n + GAP);
        memset(in, 0, 2 * (1 + n) * sizeof *in);
        in[2] = 1; /* row 0: an impulse at point 0, whose transform is 1 everywhere */
        for (size_t k = 0; k < 2 * n; ++k) /* row 2 is twice row 1, exactly */
            third[k] = 2 * second[k];
        float *got = transform(&test, &c, in, true);
        double allowed = tolerance(n);
        for (size_t k = 0; k < n; ++k) {
            cr_assert_float_eq(got[2 + 2 * k], 1, allowed, "%zu points, %zu", n, k);
            cr_assert_float_eq(got[3 + 2 * k], 0, allowed, "%zu points, %zu", n, k);
            size_t one = 2 * (1 + n + GAP + k);
            /* a power of two scales without rounding */
            cr_assert_eq(got[one + 2 * (n + GAP)], 2 * got[one], "%zu points, %zu", n, k);
        }
        free(got);
        free(in);
    }
    fmx_test_close(&test);
}

/* x[n - s] has the transform X[k] exp(-2 pi i k s / N). */
Test(fft, shift_theorem)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {128, 8192, 21800};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        size_t n = lengths[i];
        size_t shift = n / 3;
        rows_case c = {2, n, false, false};
        float *in = fmx_test_random(2 * (1 + 2 * (n + GAP)), 3);
        float *moved = in + 2 * (1 + n + GAP);
        for (size_t k = 0; k < n; ++k)
            memcpy(moved + 2 * ((k + shift) % n), in + 2 + 2 * k, 2 * sizeof *in);
        float *got = transform(&test, &c, in, false);
        double *expected = to_double(got + 2, 2 * n);
        for (size_t k = 0; k < n; ++k) {
            double angle = -2 * acos(-1) * (double)(k * shift % n) / (double)n;
            double re = expected[2 * k] * cos(angle) - expected[2 * k + 1] * sin(angle);
            double im = expected[2 * k] * sin(angle) + expected[2 * k + 1] * cos(angle);
            expected[2 * k] = re;
            expected[2 * k + 1] = im;
        }
        check_row("shifted", got + 2 * (1 + n + GAP), expected, n);
        free(expected);
        free(got);
        free(in);
    }
    fmx_test_close(&test);
}

/* A row's bits do not depend on the rows beside it, nor on how many there are. */
Test(fft, rows_are_independent)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {32, 1024, 16384, 1001};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        size_t n = lengths[i];
        rows_case many = {21, n, false, false};
        rows_case one = {1, n, false, false};
        float *in = fmx_test_random(2 * (1 + 21 * (n + GAP)), 3);
        float *all = transform(&test, &many, in, false);
        float *alone = transform(&test, &one, in, false);
        cr_assert_arr_eq(all, alone, 2 * (1 + n) * sizeof *in, "%zu points", n);
        free(alone);
        free(all);
        free(in);
    }
    fmx_test_close(&test);
}

/* ---- there and back ---------------------------------------------------------------------------
 */

Test(fft, inverse_undoes)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {1, 2, 63, 64, 999, 8192};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        for (int scale = 0; scale < 3; ++scale) {
            size_t n = lengths[i];
            fmx_fft_options options = {.scale = scale};
            fmx_signal signal = fmx_test_decays(&test, 3, n, 8);
            float *before = fmx_test_random(6 * n, 8);
            float *got = fmx_test_random(6 * n, 9);
            fmx_test_ok(&test, fmx_fft(&signal, &options), "fft");
            fmx_test_ok(&test, fmx_fft_inverse(&signal, &options), "inverse");
            fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
            cr_assert_eq(signal.domain, FMX_DOMAIN_TIME);
            /* two transforms, so twice the error of one */
            for (size_t k = 0; k < 6 * n; ++k)
                cr_assert_float_eq(got[k], before[k], 2 * tolerance(n), "%zu points, %zu", n, k);
            free(got);
            free(before);
            fmx_signal_clear(&signal);
        }
    }
    fmx_test_close(&test);
}

Test(fft, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    fmx_fft_options options = FMX_FFT_DEFAULT;
    float *got[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = fmx_test_decays(&test, 3, 4096, 11);
        got[run] = fmx_test_random((size_t)6 * 4096, 1);
        signal.row[1].group_delay = 3.3;
        fmx_test_ok(&test, fmx_fft(&signal, &options), "fft");
        fmx_test_ok(&test, fmx_signal_read(&signal, got[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], (size_t)6 * 4096 * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

Test(fft, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_fft_options options = FMX_FFT_DEFAULT;
    fmx_signal signal = fmx_test_decays(&test, 2, 64, 1);
    options.scale = 3;
    fmx_test_refused(&test, fmx_fft(&signal, &options), FMX_ERROR_ARGUMENT, "scale");
    options.scale = 0;
    signal.row[1].sw_hz = 0;
    fmx_test_refused(&test, fmx_fft(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.row[1].sw_hz = 8000;
    signal.row[0].sf_mhz = 0;
    fmx_test_refused(&test, fmx_fft(&signal, &options), FMX_ERROR_ARGUMENT, "sf_mhz");
    signal.row[0].sf_mhz = 500;
    signal.row[0].group_delay = NAN;
    fmx_test_refused(&test, fmx_fft(&signal, &options), FMX_ERROR_ARGUMENT, "group delay");
    signal.row[0].group_delay = 0;
    fmx_test_refused(&test, fmx_fft_inverse(&signal, &options), FMX_ERROR_SHAPE,
                     "complex spectrum");
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_test_refused(&test, fmx_fft(&signal, &options), FMX_ERROR_SHAPE, "complex decay");
    fmx__fft of = {.out = signal.data, .in = signal.data, .rows = 1, .points = 0, .scale = 1};
    fmx_test_refused(&test, fmx__fft_rows(test.device, &of), FMX_ERROR_SHAPE, "0 points");
    of.points = (1u << 20) + 1;
    fmx_test_refused(&test, fmx__fft_rows(test.device, &of), FMX_ERROR_SHAPE, "points");
    of.points = 32;
    of.rows = 5; /* the batch holds 128 points */
    fmx_test_refused(&test, fmx__fft_rows(test.device, &of), FMX_ERROR_SHAPE, "buffer of");
    of.rows = 0;
    fmx_test_refused(&test, fmx__fft_rows(test.device, &of), FMX_ERROR_SHAPE, "impossible");
    of.rows = 2;
    of.out_first = 16;
    fmx_test_refused(&test, fmx__fft_rows(test.device, &of), FMX_ERROR_SHAPE, "overwrite");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status there(void *user)
{
    fmx_fft_options options = FMX_FFT_DEFAULT;
    fmx_signal *signal = user;
    fmx_status status = fmx_fft(signal, &options);
    cr_assert_eq(signal->domain, status == FMX_OK ? FMX_DOMAIN_FREQUENCY : FMX_DOMAIN_TIME);
    signal->domain = FMX_DOMAIN_TIME;
    return status;
}

Test(fft, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    static const size_t lengths[] = {64, 8192, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) {
        fmx_signal signal = fmx_test_decays(&test, 2, lengths[i], 1);
        fmx_test_each_failure(&test, there, &signal);
        fmx_signal_clear(&signal);
    }
    fmx_test_close(&test);
}

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autophase_internal.h"
#include "autophase_ref.h"
#include "autophase_tries.h"
#include "cases/autophase.h"
#include "fmx_test.h"
#include "philox.h"

static const double pi = 3.14159265358979323846;

static double draw(size_t item, uint32_t position, double low, double high)
{
    uint32_t words[4];
    fmx__random_words(words, 5, FMX__PURPOSE_TEST, item, position, 0);
    return low + (high - low) * fmx__uniform(words[0]);
}

static double normal(size_t item, uint32_t position)
{
    uint32_t words[4];
    fmx__random_words(words, 6, FMX__PURPOSE_TEST, item, position, 0);
    return sqrt(-2 * log(fmx__uniform(words[0]) + 0x1p-33)) * cos(2 * pi * fmx__uniform(words[1]));
}

typedef struct known {
    size_t lines;
    double noise;   /* standard deviation per component; the tallest lines are about 1 */
    double water;   /* height of a line at 4.7 ppm */
    bool no_signal; /* noise only */
} known;

enum { REFERENCE = 0 }; /* the first line lies at 0 ppm */

static const double sw_hz = 8000;
static const double obs_mhz = 500;

/* Frequency of a line from the transmitter, which is at 4.7 ppm. */
static double line_hz(size_t seed, size_t line)
{
    double ppm = line == REFERENCE ? 0 : draw(seed, 10 + (uint32_t)line, 0.8, 4.3);
    if (line % 3 == 1)
        ppm += 4.6;
    return (ppm - 4.7) * obs_mhz;
}

/* One row of Lorentzian lines, turned by p0 and p1 (so that -p0, -p1 corrects it). */
static void make_row(float *row, size_t points, size_t seed, const known *k, double p0, double p1)
{
    for (size_t j = 0; j < points; ++j) {
        double f = (0.5 * (double)points - 1 - (double)j) * sw_hz / (double)points;
        double re = 0;
        double im = 0;
        for (size_t l = 0; l <= k->lines && !k->no_signal; ++l) {
            bool water = l == k->lines;
            double w = water ? 2.5 : draw(seed, 1000 + (uint32_t)l, 0.4, 0.9);
            double height = water ? k->water : draw(seed, 2000 + (uint32_t)l, 0.2, 1);
            double x = f - (water ? 0 : line_hz(seed, l));
            re += height * w * w / (w * w + x * x);
            im -= height * w * x / (w * w + x * x);
        }
        re += k->noise * normal(seed, (uint32_t)(3000 + 2 * j));
        im += k->noise * normal(seed, (uint32_t)(3001 + 2 * j));
        double angle = pi / 180 * (p0 + p1 * (double)j / (double)points);
        row[2 * j] = (float)(re * cos(angle) - im * sin(angle));
        row[2 * j + 1] = (float)(re * sin(angle) + im * cos(angle));
    }
}

static fmx_signal make_signal(const fmx_test *test, size_t rows, size_t points)
{
    fmx_signal signal;
    fmx_test_ok(test,
                fmx_signal_create(test->device, FMX_DOMAIN_FREQUENCY, true, rows, points, &signal),
                "create");
    for (size_t i = 0; i < rows; ++i)
        signal.row[i] = (fmx_row){.item = i,
                                  .sw_hz = sw_hz,
                                  .obs_mhz = obs_mhz,
                                  .sf_mhz = obs_mhz,
                                  .valid = points,
                                  .ppm_first = 4.7 + (0.5 - 1.0 / (double)points) * sw_hz / obs_mhz,
                                  .ppm_step = -sw_hz / obs_mhz / (double)points};
    return signal;
}

static void write_row(const fmx_test *test, fmx_signal *signal, size_t row, const float *data)
{
    size_t bytes = signal->points * 2 * sizeof(float);
    fmx_test_ok(test, fmx_buffer_write(signal->data, row * bytes, data, bytes), "write");
}

static fmx_ref_autophase_row ref_row(const fmx__autophase_row *p)
{
    return (fmx_ref_autophase_row){
        p->dec,      p->m,     p->first, p->end,     p->skip_first, p->skip_end, p->lag_coarse,
        p->lag_fine, p->apart, p->h_hz,  p->x_first, p->x_step,     p->noise,    p->apart_rest};
}

static void *read_buffer(const fmx_test *test, fmx_buffer *buffer)
{
    void *out = malloc(fmx_buffer_bytes(buffer));
    fmx_test_ok(test, fmx_buffer_read(buffer, 0, out, fmx_buffer_bytes(buffer)), "read");
    return out;
}

static void close_to(double got, double expected, double tolerance, const char *what, size_t i)
{
    if (isnan(expected))
        cr_assert(isnan(got), "%s %zu: got %.9g, expected NaN", what, i, got);
    else
        cr_assert_leq(fabs(got - expected), tolerance, "%s %zu: got %.9g, expected %.9g", what, i,
                      got, expected);
}

enum { ROWS = 2, POINTS = 16411 };

static fmx_signal two_rows(const fmx_test *test)
{
    const known k = {12, 0.01, 100, false};
    fmx_signal signal = make_signal(test, ROWS, POINTS);
    float *row = malloc((size_t)POINTS * 2 * sizeof(float));
    for (size_t i = 0; i < ROWS; ++i) {
        make_row(row, POINTS, i, &k, 40 - 100 * (double)i, 60);
        write_row(test, &signal, i, row);
    }
    free(row);
    signal.row[1].sw_hz = 12000; /* another decimation */
    return signal;
}

/* Largest point: what rounding errors are relative to. */
static double largest(const float *z, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; ++i)
        most = fmax(most, fabs(z[i]));
    return most;
}

/* Z is a mean of at most 4 points; G sums three points of it and turns them (2e-7 of the angle,
 * and 2^-24 of up to one turn): 16 eps of the largest point cover each. */
static void check_front(const fmx_test *test, fmx__autophase_work *work, const float *data)
{
    float *z = read_buffer(test, work->z);
    double *expected = malloc(work->most * 2 * sizeof *expected);
    for (int fine = 0; fine < 2; ++fine) {
        fmx_test_ok(test, fmx__autophase_difference(work, fine != 0), "difference");
        float *d = read_buffer(test, work->difference);
        float *state = read_buffer(test, work->state);
        for (size_t r = 0; r < work->rows; ++r) {
            fmx_ref_autophase_row row = ref_row(&work->param[r]);
            double scale = largest(z + r * work->most * 2, 2 * row.m);
            double turns[2] = {state[4 * r], state[4 * r + 1]};
            fmx_ref_autophase_decimate(expected, data + r * POINTS * 2, &row);
            for (size_t i = 0; i < 2 * row.m; ++i)
                close_to(z[r * work->most * 2 + i], expected[i], 16 * FMX_TEST_EPS * scale, "z", i);
            fmx_ref_autophase_difference(expected, z + r * work->most * 2, &row,
                                         fine ? turns : NULL);
            for (size_t i = 0; i < row.m; ++i)
                close_to(d[r * work->most + i], expected[i], 64 * FMX_TEST_EPS * scale, "G", i);
        }
        free(d);
        free(state);
    }
    free(expected);
    free(z);
}

/* A moment sums up to 32 products of G with its size: 32 * 64 eps scale^2 * 8; the start's try must
 * be the same, its angle within the rounding of 500 additions. */
static void check_start(const fmx_test *test, fmx__autophase_work *work)
{
    fmx_test_ok(test, fmx__autophase_difference(work, false), "difference");
    fmx_test_ok(test, fmx__autophase_start(work), "start");
    float *z = read_buffer(test, work->z);
    float *median = read_buffer(test, work->median);
    float *moments = read_buffer(test, work->moments);
    float *state = read_buffer(test, work->state);
    double *expected = malloc(work->blocks * 2 * sizeof *expected);
    for (size_t r = 0; r < work->rows; ++r) {
        fmx_ref_autophase_row row = ref_row(&work->param[r]);
        double turns[2];
        fmx_ref_autophase_blocks(expected, z + r * work->most * 2, median[r], work->blocks, &row);
        double scale = largest(z + r * work->most * 2, 2 * row.m);
        for (size_t i = 0; i < 2 * work->blocks; ++i)
            close_to(moments[r * work->blocks * 2 + i], expected[i],
                     32 * 64 * 8 * FMX_TEST_EPS * scale * scale, "moment", i);
        fmx_ref_autophase_start(turns, moments + r * work->blocks * 2, work->blocks, &row);
        close_to(state[4 * r + 1], turns[1], 1e-6, "start's a1", r);
        close_to(state[4 * r], turns[0], 500 * FMX_TEST_EPS, "start's a0", r);
    }
    free(expected);
    free(z);
    free(median);
    free(moments);
    free(state);
}

typedef struct fitted {
    fmx_ref_line line[ROWS][FMX_REF_LINES];
    size_t centres[ROWS][FMX_REF_LINES];
    size_t count[ROWS];
    double *window; /* [ROWS][FMX_REF_LINES][2 HALF + 1][2] */
    double noise[ROWS];
    double turns[ROWS][2];
} fitted;

static double *window_at(const fitted *fit, size_t r, size_t i)
{
    return fit->window + (r * FMX_REF_LINES + i) * 2 * (2 * FMX_REF_HALF + 1);
}

static void check_peaks(const fmx_test *test, fmx__autophase_work *work, fitted *fit)
{
    fmx_test_ok(test, fmx__autophase_difference(work, true), "difference");
    fmx_test_ok(test, fmx__autophase_peaks(work, 3.8, false), "peaks");
    float *d = read_buffer(test, work->difference);
    float *median = read_buffer(test, work->median);
    float *state = read_buffer(test, work->state);
    uint32_t *centres = read_buffer(test, work->centres);
    uint32_t *count = read_buffer(test, work->count);
    for (size_t r = 0; r < work->rows; ++r) {
        fmx_ref_autophase_row row = ref_row(&work->param[r]);
        float least = 3.8F * (median[r] / 0.6745F);
        size_t n =
            fmx_ref_autophase_peaks(fit->centres[r], d + r * work->most, least, row.apart, &row);
        cr_assert_eq(count[r], n, "row %zu: %u peaks, expected %zu", r, count[r], n);
        cr_assert_gt(n, 5);
        for (size_t i = 0; i < n; ++i)
            cr_assert_eq(centres[r * FMX__FIT_LINES + i], fit->centres[r][i], "peak %zu", i);
        fit->count[r] = n;
        fit->noise[r] = state[4 * r + 2];
        close_to(fit->noise[r], median[r] / 0.6745 * sqrt(row.noise / 6),
                 8 * FMX_TEST_EPS * fit->noise[r], "noise", r);
        fit->turns[r][0] = state[4 * r];
        fit->turns[r][1] = state[4 * r + 1];
    }
    free(d);
    free(median);
    free(state);
    free(centres);
    free(count);
}

static void compare_lines(const fmx_test *test, fmx__autophase_work *work, const fitted *fit,
                          const double scale[ROWS], const char *what)
{
    float *line = read_buffer(test, work->line[0]);
    for (size_t r = 0; r < work->rows; ++r) {
        for (size_t i = 0; i < fit->count[r]; ++i) {
            const fmx_ref_line *e = &fit->line[r][i];
            const float *got = line + (r * FMX__FIT_LINES + i) * 8;
            /* sums of 383 terms of both signs, up to the largest point of the window, over an
             * amplitude */
            double eps = 4096 * FMX_TEST_EPS;
            double relative = eps * (1 + scale[r] / fmax(e->a, 1e-3));
            close_to(got[0], e->a, eps * (e->a + scale[r]), what, i);
            close_to(got[1], e->f_hz, relative, "frequency", i);
            close_to(got[2], e->w_hz, relative, "width", i);
            close_to(got[3], e->error_rad, relative, "phase error", i);
            close_to(got[4], e->variance, 2 * relative * e->variance, "variance", i);
        }
    }
    free(line);
}

/* Windows, then one step at a time, each from what the twin had. */
static void check_fit(const fmx_test *test, fmx__autophase_work *work, fitted *fit)
{
    float *z = read_buffer(test, work->z);
    double scale[ROWS] = {0};
    fmx_test_ok(test, fmx__autophase_windows(work), "windows");
    float *window = read_buffer(test, work->window);
    for (size_t r = 0; r < work->rows; ++r) {
        fmx_ref_autophase_row row = ref_row(&work->param[r]);
        for (size_t i = 0; i < fit->count[r]; ++i) {
            const float *got = window + (r * FMX__FIT_LINES + i) * 2 * FMX__FIT_WINDOW;
            double *expected = window_at(fit, r, i);
            size_t start = fit->centres[r][i] - FMX_REF_HALF;
            double most = largest(z + (r * work->most + start) * 2, 2 * FMX__FIT_WINDOW - 2);
            scale[r] = fmax(scale[r], most);
            fmx_ref_autophase_window(expected, &fit->line[r][i], z + r * work->most * 2,
                                     fit->centres[r][i], fit->turns[r], &row);
            for (size_t n = 0; n < FMX__FIT_WINDOW - 1; ++n) {
                close_to(got[n], expected[2 * n], 256 * FMX_TEST_EPS * most, "window", n);
                close_to(got[n + FMX__FIT_WINDOW], expected[2 * n + 1], 256 * FMX_TEST_EPS * most,
                         "window", n);
            }
        }
    }
    compare_lines(test, work, fit, scale, "start");
    for (int step = 0; step < 4; ++step) {
        fmx_test_ok(test, fmx__autophase_fit(work, step >= 1), "fit");
        for (size_t r = 0; r < work->rows; ++r) {
            fmx_ref_autophase_row row = ref_row(&work->param[r]);
            fmx_ref_line fresh[FMX_REF_LINES];
            for (size_t i = 0; i < fit->count[r]; ++i)
                fresh[i] =
                    fmx_ref_autophase_fit(fit->line[r], fit->centres[r], fit->count[r], i,
                                          window_at(fit, r, i), fit->noise[r], step >= 1, &row);
            memcpy(fit->line[r], fresh, fit->count[r] * sizeof *fresh);
        }
        compare_lines(test, work, fit, scale, "amplitude");
    }
    free(window);
    free(z);
}

static void check_update(const fmx_test *test, fmx__autophase_work *work, fitted *fit)
{
    fmx_test_ok(test, fmx__autophase_update(work, true, 60), "update");
    float *state = read_buffer(test, work->state);
    for (size_t r = 0; r < work->rows; ++r) {
        fmx_ref_autophase_row row = ref_row(&work->param[r]);
        fmx_ref_autophase_update(fit->turns[r], fit->line[r], fit->centres[r], fit->count[r],
                                 pi / 3, &row);
        /* the lines agree within some 1e-4 rad (check_fit) */
        close_to(state[4 * r], fit->turns[r][0], 1e-4, "a0", r);
        close_to(state[4 * r + 1], fit->turns[r][1], 2e-4, "a1", r);
    }
    free(state);
}

/* The twin subtracts the device's own lines. Some 20 of them, each at most the largest point and
 * with some 20 roundings: 512 eps of it. */
static void check_rest(const fmx_test *test, fmx__autophase_work *work, const fitted *fit)
{
    fmx_test_ok(test, fmx__autophase_rest(work), "rest");
    float *z = read_buffer(test, work->z);
    float *rest = read_buffer(test, work->rest);
    float *lines = read_buffer(test, work->line[0]);
    double *expected = malloc(work->most * 3 * sizeof *expected);
    for (size_t r = 0; r < work->rows; ++r) {
        fmx_ref_autophase_row row = ref_row(&work->param[r]);
        fmx_ref_line line[FMX_REF_LINES];
        for (size_t i = 0; i < fit->count[r]; ++i) {
            const float *l = lines + (r * FMX__FIT_LINES + i) * 8;
            line[i] = (fmx_ref_line){
                .a = l[0], .f_hz = l[1], .w_hz = l[2], .turns = atan2(l[6], l[5]) / (2 * pi)};
        }
        double scale = largest(z + r * work->most * 2, 2 * row.m);
        fmx_ref_autophase_rest(expected, z + r * work->most * 2, line, fit->centres[r],
                               fit->count[r], &row);
        for (size_t i = 0; i < 3 * row.m; ++i)
            close_to(rest[(3 * r + i / row.m) * work->most + i % row.m], expected[i],
                     512 * FMX_TEST_EPS * scale, "rest", i);
    }
    free(expected);
    free(z);
    free(rest);
    free(lines);
}

/* Amplitudes: sums of 164 products with taps whose sizes sum to 2.2: 512 eps of the largest point.
 * Then old lines stand out where they are, and `peaks` finds them and what else is high. */
static void check_seek(const fmx_test *test, fmx__autophase_work *work, const fitted *fit)
{
    fmx_test_ok(test, fmx__autophase_seek(work), "seek");
    fmx_test_ok(test, fmx__autophase_peaks(work, 4.5, true), "peaks again");
    float *rest = read_buffer(test, work->rest);
    float *d = read_buffer(test, work->difference);
    float *line = read_buffer(test, work->line[0]);
    float *state = read_buffer(test, work->state);
    float *median = read_buffer(test, work->median);
    uint32_t *centres = read_buffer(test, work->centres);
    uint32_t *count = read_buffer(test, work->count);
    double *expected = malloc(work->most * sizeof *expected);
    for (size_t r = 0; r < work->rows; ++r) {
        fmx_ref_autophase_row row = ref_row(&work->param[r]);
        const float *from = rest + 3 * r * work->most;
        double turns[2] = {state[4 * r], state[4 * r + 1]};
        size_t found[FMX_REF_LINES + 1];
        fmx_ref_autophase_seek(expected, from, work->most, turns, &row);
        for (size_t i = 0; i < fit->count[r]; ++i) {
            const float *l = line + (r * FMX__FIT_LINES + i) * 8;
            long k = (long)fit->centres[r][i] - lrintf(l[1] / (float)row.h_hz);
            if (l[0] > 0)
                expected[k] = 1e6F * (median[r] + l[0]);
        }
        for (size_t i = 0; i < row.m; ++i)
            close_to(d[r * work->most + i], expected[i],
                     512 * FMX_TEST_EPS * largest(from, 2 * work->most) +
                         4 * FMX_TEST_EPS * fabs(expected[i]),
                     "amplitude", i);
        size_t n = fmx_ref_autophase_peaks(found, d + r * work->most, 4.5F * (median[r] / 0.6745F),
                                           row.apart_rest, &row);
        cr_assert_eq(count[r], n, "row %zu: %u peaks, expected %zu", r, count[r], n);
        for (size_t i = 0; i < n; ++i)
            cr_assert_eq(centres[r * FMX__FIT_LINES + i], found[i], "peak %zu", i);
    }
    free(expected);
    free(rest);
    free(d);
    free(line);
    free(state);
    free(median);
    free(centres);
    free(count);
}

Test(autophase, pieces_and_their_twins)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = two_rows(&test);
    float *data = read_buffer(&test, signal.data);
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    fmx__autophase_work work;
    fitted *fit = calloc(1, sizeof *fit);
    fit->window = calloc((size_t)ROWS * FMX_REF_LINES * 2 * (2 * FMX_REF_HALF + 1), sizeof(double));
    fmx_test_ok(&test, fmx__autophase_open(&signal, &options, &work), "open");
    check_front(&test, &work, data);
    check_start(&test, &work);
    check_peaks(&test, &work, fit);
    check_fit(&test, &work, fit);
    check_update(&test, &work, fit);
    check_rest(&test, &work, fit);
    check_seek(&test, &work, fit);
    fmx__autophase_close(&work);
    free(fit->window);
    free(fit);
    free(data);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

/* More peaks than lines are kept: the tallest stay, in order. */
Test(autophase, tallest_peaks)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = make_signal(&test, 1, POINTS);
    const known k = {0, 1, 0, true};
    float *row = malloc((size_t)POINTS * 2 * sizeof(float));
    make_row(row, POINTS, 9, &k, 0, 0);
    write_row(&test, &signal, 0, row);
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    fmx__autophase_work work;
    size_t expected[FMX_REF_LINES + 1];
    fmx_test_ok(&test, fmx__autophase_open(&signal, &options, &work), "open");
    fmx_test_ok(&test, fmx__autophase_difference(&work, true), "difference");
    fmx_test_ok(&test, fmx__autophase_peaks(&work, 1, false), "peaks");
    float *d = read_buffer(&test, work.difference);
    float *median = read_buffer(&test, work.median);
    uint32_t *centres = read_buffer(&test, work.centres);
    uint32_t *count = read_buffer(&test, work.count);
    fmx_ref_autophase_row facts = ref_row(&work.param[0]);
    size_t n = fmx_ref_autophase_peaks(expected, d, median[0] / 0.6745F, facts.apart, &facts);
    cr_assert_eq(n, FMX_REF_LINES);
    cr_assert_eq(count[0], n);
    for (size_t i = 0; i < n; ++i)
        cr_assert_eq(centres[i], expected[i], "peak %zu", i);
    free(d);
    free(median);
    free(centres);
    free(count);
    fmx__autophase_close(&work);
    free(row);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

/* Sums of 16 candidates against the twin. A term's error is that of its angle (2^-24 of up to a
 * turn and 64 rotations of 3 eps) times the point, so a few hundred eps of the sum of |re|; the
 * entropy is a difference of logarithms of the order of log n. */
Test(autophase, published_objectives)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = two_rows(&test);
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    fmx__autophase_work work;
    float *data = read_buffer(&test, signal.data);
    float offset[FMX__TRIES][2];
    for (int i = 0; i < FMX__TRIES; ++i) {
        offset[i][0] = (float)draw(1, (uint32_t)i, -0.5, 0.5);
        offset[i][1] = (float)draw(2, (uint32_t)i, -0.5, 0.5);
    }
    fmx_test_ok(&test, fmx__autophase_open(&signal, &options, &work), "open");
    fmx_buffer *level = NULL;
    fmx_test_ok(&test, fmx__autophase_leveled(&work, &level), "leveled");
    float *z = read_buffer(&test, level);
    for (int entropy = 0; entropy < 2; ++entropy) {
        fmx__autophase_tries tries;
        size_t stride = entropy ? work.points : work.most;
        fmx_test_ok(&test,
                    fmx__autophase_tries_open(&work, entropy ? work.data : level, stride,
                                              entropy != 0, &tries),
                    "tries");
        fmx_test_ok(&test, fmx__autophase_try(&tries, offset, true), "try");
        float *got = read_buffer(&test, tries.objectives);
        float *state = read_buffer(&test, work.state);
        for (size_t r = 0; r < work.rows; ++r) {
            fmx_ref_autophase_row row = ref_row(&work.param[r]);
            double best = INFINITY;
            for (size_t c = 0; c < FMX__TRIES; ++c) {
                double turns[2] = {offset[c][0], offset[c][1]};
                double expected =
                    entropy ? fmx_ref_autophase_acme(data + r * POINTS * 2, POINTS, turns)
                            : fmx_ref_autophase_negative(z + r * work.most * 2, turns, &row);
                close_to(got[r * FMX__TRIES + c], expected, 512 * FMX_TEST_EPS * fabs(expected),
                         entropy ? "entropy" : "negative area", c);
                best = fmin(best, got[r * FMX__TRIES + c]);
            }
            cr_assert_eq(state[4 * r + 3], (float)best, "the best is kept");
        }
        free(got);
        free(state);
        fmx__autophase_tries_close(&tries);
    }
    free(z);
    free(data);
    fmx_buffer_release(level);
    fmx__autophase_close(&work);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

/* Weighted means of up to 608 points: 700 eps of the largest point. */
Test(autophase, local_baseline)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = two_rows(&test);
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    fmx__autophase_work work;
    fmx_buffer *level = NULL;
    fmx_test_ok(&test, fmx__autophase_open(&signal, &options, &work), "open");
    fmx_test_ok(&test, fmx__autophase_leveled(&work, &level), "leveled");
    float *z = read_buffer(&test, work.z);
    float *got = read_buffer(&test, level);
    float *median = read_buffer(&test, work.median);
    double *expected = malloc(work.most * 2 * sizeof *expected);
    for (size_t r = 0; r < work.rows; ++r) {
        fmx_ref_autophase_row row = ref_row(&work.param[r]);
        double scale = largest(z + r * work.most * 2, 2 * row.m);
        fmx_ref_autophase_leveled(expected, z + r * work.most * 2, median[r], &row);
        for (size_t i = 0; i < 2 * row.m; ++i)
            close_to(got[r * work.most * 2 + i], expected[i], 700 * FMX_TEST_EPS * scale,
                     "without baseline", i);
    }
    free(expected);
    free(z);
    free(got);
    free(median);
    fmx_buffer_release(level);
    fmx__autophase_close(&work);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

/* nmrglue's ACME objective at 16 phases, tests/golden/make_autophase.py. */
Test(autophase, golden)
{
    fmx_test test = fmx_test_open();
    FILE *file = fopen(FMX_SOURCE_DIR "/tests/golden/autophase.txt", "r");
    cr_assert_not_null(file);
    size_t points = 0;
    size_t tried = 0;
    cr_assert_eq(fscanf(file, "%*[^\n]"), 0);
    cr_assert_eq(fscanf(file, "%zu %zu", &points, &tried), 2);
    cr_assert(points == 400 && tried == FMX__TRIES);
    float z[800];
    for (size_t i = 0; i < 2 * points; ++i)
        cr_assert_eq(fscanf(file, "%f", &z[i]), 1);
    float offset[FMX__TRIES][2];
    double expected[FMX__TRIES];
    for (size_t i = 0; i < tried; ++i) {
        float p0 = 0;
        float p1 = 0;
        cr_assert_eq(fscanf(file, "%f %f %lf", &p0, &p1, &expected[i]), 3);
        offset[i][0] = -p0 / 360;
        offset[i][1] = -p1 / 360;
    }
    fclose(file);
    fmx_signal signal = make_signal(&test, 1, points);
    write_row(&test, &signal, 0, z);
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    fmx__autophase_work work;
    fmx__autophase_tries tries;
    fmx_test_ok(&test, fmx__autophase_open(&signal, &options, &work), "open");
    fmx_test_ok(&test, fmx__autophase_tries_open(&work, work.data, points, true, &tries), "tries");
    fmx_test_ok(&test, fmx__autophase_try(&tries, offset, true), "try");
    float *got = read_buffer(&test, tries.objectives);
    for (size_t i = 0; i < tried; ++i)
        close_to(got[i], expected[i], 512 * FMX_TEST_EPS * expected[i], "objective", i);
    free(got);
    fmx__autophase_tries_close(&tries);
    fmx__autophase_close(&work);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

/* Largest error at any line, degrees. */
static double error_deg(const fmx_row *row, size_t seed, const known *k, double p0, double p1)
{
    double most = 0;
    for (size_t l = 0; l < k->lines; ++l) {
        double x = 0.5 - line_hz(seed, l) / sw_hz;
        most = fmax(most, fabs(remainder(row->p0_deg + p0 + (row->p1_deg + p1) * x, 360)));
    }
    return most;
}

/* Known phases are found: SNR 100 at the tallest, without and with water 100 times as tall. Twelve
 * isolated lines determine the phase to about 0.2 degrees; 2 are allowed. */
static void check_recovery(const fmx_test *test, const fmx_autophase *options, double allowed)
{
    enum { COUNT = 8, LENGTH = 32768 };
    const known kinds[2] = {{12, 0.01, 0, false}, {12, 0.01, 100, false}};
    fmx_signal signal = make_signal(test, COUNT, LENGTH);
    float *row = malloc((size_t)LENGTH * 2 * sizeof(float));
    for (size_t i = 0; i < COUNT; ++i) {
        make_row(row, LENGTH, 20 + i, &kinds[i % 2], draw(i, 1, -180, 180), draw(i, 2, -90, 90));
        write_row(test, &signal, i, row);
    }
    fmx_test_ok(test, fmx_find_phase(&signal, options), "autophase");
    for (size_t i = 0; i < COUNT; ++i)
        cr_assert_leq(error_deg(&signal.row[i], 20 + i, &kinds[i % 2], draw(i, 1, -180, 180),
                                draw(i, 2, -90, 90)),
                      allowed, "row %zu: %g and %g, not %g and %g", i, signal.row[i].p0_deg,
                      signal.row[i].p1_deg, -draw(i, 1, -180, 180), -draw(i, 2, -90, 90));
    free(row);
    fmx_signal_clear(&signal);
}

Test(autophase, finds_known_phases)
{
    fmx_test test = fmx_test_open();
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    check_recovery(&test, &options, 2);
    /* dispersive tails under its baseline cost it some degrees */
    options.method = FMX_AUTOPHASE_NEGATIVE_AREA;
    check_recovery(&test, &options, 15);
    fmx_test_close(&test);
}

/* Zeros, noise alone, a phased row: finite, the last untouched; the same row alone and in a batch
 * gives the same bits, and so does a second run. */
static void check_odd_rows(const fmx_test *test, const fmx_autophase *options)
{
    enum { COUNT = 4 };
    const known kinds[COUNT] = {
        {12, 0.01, 100, false}, {0, 1, 0, true}, {0, 0, 0, true}, {12, 0.01, 0, false}};
    size_t floats = (size_t)POINTS * 2;
    float *row = malloc(COUNT * floats * sizeof(float));
    float *got[3];
    for (size_t i = 0; i < COUNT; ++i)
        make_row(row + i * floats, POINTS, i, &kinds[i], 100, -30);
    for (int run = 0; run < 3; ++run) {
        size_t rows = run < 2 ? COUNT : 1;
        fmx_signal signal = make_signal(test, rows, POINTS);
        for (size_t i = 0; i < rows; ++i)
            write_row(test, &signal, i, row + i * floats);
        signal.row[rows - 1].phased = run < 2;
        fmx_test_ok(test, fmx_find_phase(&signal, options), "autophase");
        for (size_t i = 0; i < rows; ++i)
            cr_assert(isfinite(signal.row[i].p0_deg) && isfinite(signal.row[i].p1_deg));
        cr_assert(run == 2 || (signal.row[3].p0_deg == 0 && signal.row[3].p1_deg == 0));
        got[run] = read_buffer(test, signal.data);
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], COUNT * floats * sizeof(float), "a second run differs");
    cr_assert_arr_eq(got[0], got[2], floats * sizeof(float), "alone, a row differs");
    for (size_t i = 0; i < floats; ++i) {
        cr_assert(isfinite(got[0][floats + i]) && got[0][2 * floats + i] == 0);
        cr_assert(got[0][3 * floats + i] == row[3 * floats + i], "a phased row was touched");
    }
    for (int run = 0; run < 3; ++run)
        free(got[run]);
    free(row);
}

Test(autophase, odd_rows)
{
    fmx_test test = fmx_test_open();
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    for (options.method = 0; options.method <= FMX_AUTOPHASE_ACME; ++options.method)
        check_odd_rows(&test, &options);
    fmx_test_close(&test);
}

Test(autophase, short_rows)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_autophase / sizeof *fmx_cases_autophase; ++i) {
        const fmx_case_autophase *c = &fmx_cases_autophase[i];
        if (c->bench)
            continue;
        fmx_signal signal = fmx_test_spectra(&test, true, c->rows, c->points, 4);
        fmx_test_ok(&test, fmx_find_phase(&signal, &c->options), c->name);
        for (size_t r = 0; r < c->rows; ++r)
            cr_assert(isfinite(signal.row[r].p0_deg) && isfinite(signal.row[r].p1_deg), "%s",
                      c->name);
        fmx_signal_clear(&signal);
    }
    fmx_test_close(&test);
}

/* What is looked at: the region, all of it where that is a small part (carbon), one water gap. */
Test(autophase, facts_of_a_row)
{
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    fmx_row row = {.sw_hz = 8000, .ppm_first = 13, .ppm_step = -16.0 / 65536, .valid = 32768};
    fmx__autophase_row facts;
    cr_assert(fmx__autophase_facts(&row, 65536, &options, &facts));
    cr_assert_eq(facts.dec, 2);
    cr_assert_eq(facts.m, 32768);
    cr_assert_eq(facts.first, 4096);
    cr_assert_eq(facts.skip_first, (uint32_t)ceil(7.8 * 2048));
    cr_assert_eq(facts.skip_end, 17408 + 1);
    row.ppm_first = 220;
    row.ppm_step = -240.0 / 65536;
    cr_assert(fmx__autophase_facts(&row, 65536, &options, &facts));
    cr_assert(facts.first == 0 && facts.end == facts.m && facts.skip_end == 0);
    row.ppm_step = 1;
    cr_assert(!fmx__autophase_facts(&row, 65536, &options, &facts));
    row.ppm_step = -1;
    row.sw_hz = NAN;
    cr_assert(!fmx__autophase_facts(&row, 65536, &options, &facts));
}

Test(autophase, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    options.threshold = 0;
    fmx_test_refused(&test, fmx_find_phase(&signal, &options), FMX_ERROR_ARGUMENT, "threshold");
    options.threshold = 4;
    options.method = 3;
    fmx_test_refused(&test, fmx_find_phase(&signal, &options), FMX_ERROR_ARGUMENT, "method");
    options.method = 0;
    signal.row[1].sw_hz = 0;
    fmx_test_refused(&test, fmx_find_phase(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.row[1].sw_hz = 1000;
    signal.domain = FMX_DOMAIN_TIME;
    fmx_test_refused(&test, fmx_find_phase(&signal, &options), FMX_ERROR_SHAPE, "complex spectrum");
    signal.domain = FMX_DOMAIN_FREQUENCY;
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status find_default(void *user)
{
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    options.iterations = 1;
    options.rounds = 1;
    return fmx_find_phase(user, &options);
}

static fmx_status find_by_negative_area(void *user)
{
    fmx_autophase options = FMX_AUTOPHASE_DEFAULT;
    options.method = FMX_AUTOPHASE_NEGATIVE_AREA;
    return fmx_find_phase(user, &options);
}

Test(autophase, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 256, 1);
    fmx_test_each_failure(&test, find_default, &signal);
    fmx_test_each_failure(&test, find_by_negative_area, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

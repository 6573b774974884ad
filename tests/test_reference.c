#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases/reference.h"
#include "fmx_test.h"
#include "reference_ref.h"

static const double mhz = 500;

/* What stands in one row besides noise, a constant and a slope. */
typedef struct test_line {
    double ppm;
    double width_hz;
    double height;
} test_line;

static void add_line(float *row, size_t points, size_t stride, const fmx_row *axis, test_line l)
{
    for (size_t j = 0; j < points; ++j) {
        double ppm = axis->ppm_first + (double)j * axis->ppm_step;
        double u = (ppm - l.ppm) * mhz / (0.5 * l.width_hz);
        row[j * stride] += (float)(l.height / (1 + u * u));
    }
}

/* A batch whose axes are centred on `centre` ppm and whose values are noise of +-0.02 on a slope.
 */
static fmx_signal flat_batch(const fmx_test *test, size_t rows, size_t points, bool is_complex,
                             double centre, double step_ppm, float **values)
{
    fmx_signal signal = fmx_test_spectra(test, is_complex, rows, points, 1);
    size_t stride = is_complex ? 2 : 1;
    *values = fmx_test_random(rows * points * stride, 77);
    for (size_t i = 0; i < rows; ++i) {
        signal.row[i].ppm_step = -step_ppm;
        signal.row[i].ppm_first = centre + step_ppm * ((double)points / 2 + 0.1 * (double)i);
        signal.row[i].sf_mhz = mhz;
        for (size_t j = 0; j < points * stride; ++j) {
            float *value = *values + i * points * stride + j;
            *value = 0.02f * *value + 0.5f + 0.1f * (float)j / (float)(points * stride);
        }
    }
    return signal;
}

static void write_batch(const fmx_test *test, fmx_signal *signal, const float *values)
{
    size_t count = signal->rows * signal->points * (signal->is_complex ? 2 : 1);
    fmx_test_ok(test, fmx_buffer_write(signal->data, 0, values, count * sizeof *values), "write");
}

static void check_row(const fmx_case_reference *c, size_t i, const fmx_row *before,
                      const fmx_row *after, const float *row)
{
    size_t stride = c->is_complex ? 2 : 1;
    double target = c->options.compound == FMX_REFERENCE_PEAK ? c->options.ppm : 0;
    size_t first = 0;
    size_t count = 0;
    for (size_t j = 0; j < c->points; ++j) {
        double ppm = before->ppm_first + (double)j * before->ppm_step;
        if (fabs(ppm - target) > c->options.window_ppm)
            continue;
        first = count == 0 ? j : first;
        ++count;
    }
    fmx_ref_line line = fmx_ref_reference(row + first * stride, stride, count);
    double at = (double)first + (double)line.peak + line.offset;
    double found_ppm = before->ppm_first + at * before->ppm_step;
    double width_hz = line.width * c->step_ppm * mhz;
    /* the offset divides differences of values near `top` by their bend */
    const float *p = row + (first + (size_t)line.peak) * stride;
    double top = fabs(p[0]);
    double bend = 2.0 * p[0] - p[stride] - *(p - stride);
    double offset_error = 8 * FMX_TEST_EPS * top / bend;
    /* base and half height carry the rounding of a mean of `count / 16` values; the slope at half
     * height is about height / width */
    double height_error = ((double)count / 128 + 16) * FMX_TEST_EPS * top;
    double width_error = line.width * 4 * height_error / line.height;
    cr_assert(after->referenced, "%s, row %zu", c->name, i);
    cr_assert_leq(fabs(after->shift_ppm - (target - found_ppm)), offset_error * c->step_ppm + 1e-12,
                  "%s, row %zu: shift %.12g, expected %.12g", c->name, i, after->shift_ppm,
                  target - found_ppm);
    cr_assert_leq(fabs(after->line_width_hz - width_hz),
                  width_error * c->step_ppm * mhz + 2 * FMX_TEST_EPS * width_hz,
                  "%s, row %zu: width %.9g, expected %.9g", c->name, i, after->line_width_hz,
                  width_hz);
}

static void check_case(const fmx_test *test, const fmx_case_reference *c)
{
    double target = c->options.compound == FMX_REFERENCE_PEAK ? c->options.ppm : 0;
    size_t stride = c->is_complex ? 2 : 1;
    float *values;
    fmx_signal signal =
        flat_batch(test, c->rows, c->points, c->is_complex, target, c->step_ppm, &values);
    fmx_row *before = malloc(c->rows * sizeof *before);
    cr_assert_not_null(before);
    for (size_t i = 0; i < c->rows; ++i) {
        double reach = fmin(c->options.window_ppm, 0.5 * c->step_ppm * (double)c->points);
        test_line l = {target + reach * (-0.6 + 1.2 * (double)i / (double)c->rows),
                       3 * c->step_ppm * mhz, 10};
        l.width_hz = fmin(l.width_hz, 9);
        add_line(values + i * c->points * stride, c->points, stride, &signal.row[i], l);
    }
    write_batch(test, &signal, values);
    memcpy(before, signal.row, c->rows * sizeof *before);
    fmx_test_ok(test, fmx_reference_axis(&signal, &c->options), c->name);
    for (size_t i = 0; i < c->rows; ++i)
        check_row(c, i, &before[i], &signal.row[i], values + i * c->points * stride);
    fmx_signal_clear(&signal);
    free(before);
    free(values);
}

Test(reference, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_reference / sizeof *fmx_cases_reference; ++i)
        check_case(&test, &fmx_cases_reference[i]);
    fmx_test_close(&test);
}

/* A line of known place and width: the place comes back within a hundredth of a point (of a
 * Lorentzian 6 points wide the parabola misses the apex by at most 0.003 points, the noise of
 * 0.02 / sqrt(3) against a bend of 1 adds 0.006 at one sigma: 4 sigma are allowed), the width
 * within 2 %; frequencies of points stay, and a second run changes nothing more. */
Test(reference, moves_the_axis_to_the_line)
{
    fmx_test test = fmx_test_open();
    fmx_reference options = FMX_REFERENCE_DEFAULT;
    enum { POINTS = 20001 };
    const double step = 5e-4;
    float *values;
    fmx_signal signal = flat_batch(&test, 1, POINTS, false, 1, step, &values);
    const test_line l = {-0.0937, 6 * step * mhz, 20};
    const test_line other = {1.2, 1, 400};
    add_line(values, POINTS, 1, &signal.row[0], l);
    add_line(values, POINTS, 1, &signal.row[0], other);
    write_batch(&test, &signal, values);
    fmx_row before = signal.row[0];
    fmx_test_ok(&test, fmx_reference_axis(&signal, &options), "reference");
    fmx_row *row = &signal.row[0];
    cr_assert_float_eq(row->shift_ppm, -l.ppm, 0.03 * step);
    cr_assert_float_eq(row->line_width_hz, l.width_hz, 0.02 * l.width_hz);
    for (double j = 0; j < POINTS; j += 5000) {
        double was_mhz = before.sf_mhz * (1 + 1e-6 * (before.ppm_first + j * before.ppm_step));
        double is_mhz = row->sf_mhz * (1 + 1e-6 * (row->ppm_first + j * row->ppm_step));
        cr_assert_float_eq(is_mhz, was_mhz, 1e-12 * mhz);
    }
    double shift_ppm = row->shift_ppm;
    row->ppm_first += 0.1; /* as if it were wrong */
    fmx_test_ok(&test, fmx_reference_axis(&signal, &options), "referenced already");
    cr_assert_eq(row->shift_ppm, shift_ppm);
    row->ppm_first -= 0.1;
    options.again = true;
    fmx_test_ok(&test, fmx_reference_axis(&signal, &options), "again");
    cr_assert_float_eq(row->shift_ppm, shift_ppm, 1e-6 * step);
    fmx_signal_clear(&signal);
    free(values);
    fmx_test_close(&test);
}

static void keep_line(void *user, fmx_log_level level, const char *text)
{
    (void)level;
    snprintf(user, 256, "%s", text);
}

/* Lines that are no reference: nothing changes, and the log says why. */
Test(reference, leaves_rows_alone)
{
    fmx_test test = fmx_test_open();
    static const struct {
        const char *why;
        test_line l[2];
    } cases[] = {
        {"within the noise", {{0.05, 2, 0.1}, {0, 1, 0}}},
        {"too broad", {{0.05, 30, 20}, {0, 1, 0}}},
        {"another line", {{0.05, 2, 20}, {0.064, 2, 19}}},      /* a doublet of 7 Hz */
        {"another line", {{0.05, 2, 20}, {-0.2, 2, 9}}},        /* two singlets */
        {"no line stands inside", {{0.31, 20, 90}, {0, 1, 0}}}, /* a tail at the edge */
        {"not whole", {{0.2992, 2, 90}, {0, 1, 0}}},            /* half of the line is outside */
    };
    char text[256] = "";
    fmx_context_set_log(test.ctx, keep_line, text, FMX_LOG_INFO);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        fmx_reference options = FMX_REFERENCE_DEFAULT;
        float *values;
        fmx_signal signal = flat_batch(&test, 1, 4099, false, 0, 5e-4, &values);
        strcpy(signal.row[0].name, "sample");
        for (size_t k = 0; k < 2; ++k)
            add_line(values, 4099, 1, &signal.row[0], cases[i].l[k]);
        write_batch(&test, &signal, values);
        fmx_row before = signal.row[0];
        fmx_test_ok(&test, fmx_reference_axis(&signal, &options), "reference");
        cr_assert(strstr(text, cases[i].why) != NULL && strstr(text, "sample") == text,
                  "case %zu: expected \"%s\", the log says \"%s\"", i, cases[i].why, text);
        cr_assert(!signal.row[0].referenced && signal.row[0].ppm_first == before.ppm_first &&
                  signal.row[0].sf_mhz == before.sf_mhz && signal.row[0].shift_ppm == 0);
        fmx_signal_clear(&signal);
        free(values);
    }
    fmx_test_close(&test);
}

Test(reference, an_axis_that_does_not_reach)
{
    fmx_test test = fmx_test_open();
    char text[256] = "";
    fmx_context_set_log(test.ctx, keep_line, text, FMX_LOG_INFO);
    fmx_reference options = FMX_REFERENCE_DEFAULT;
    fmx_signal signal = fmx_test_spectra(&test, false, 1, 1000, 1);
    signal.row[0].ppm_first = 1e9;
    fmx_test_ok(&test, fmx_reference_axis(&signal, &options), "far away");
    cr_assert(strstr(text, "does not cover") != NULL, "%s", text);
    options.compound = FMX_REFERENCE_NONE;
    signal.row[0].ppm_first = 0.1;
    fmx_test_ok(&test, fmx_reference_axis(&signal, &options), "none");
    cr_assert_eq(signal.row[0].ppm_first, 0.1);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

Test(reference, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_reference options = FMX_REFERENCE_DEFAULT;
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    options.window_ppm = NAN;
    fmx_test_refused(&test, fmx_reference_axis(&signal, &options), FMX_ERROR_ARGUMENT,
                     "window_ppm");
    options.window_ppm = 0.3;
    options.compound = 9;
    fmx_test_refused(&test, fmx_reference_axis(&signal, &options), FMX_ERROR_ARGUMENT, "compound");
    options.compound = FMX_REFERENCE_TSP;
    signal.row[1].ppm_step = 0;
    fmx_test_refused(&test, fmx_reference_axis(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.domain = FMX_DOMAIN_TIME;
    fmx_test_refused(&test, fmx_reference_axis(&signal, &options), FMX_ERROR_SHAPE,
                     "complex spectrum");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status reference_default(void *user)
{
    fmx_reference options = FMX_REFERENCE_DEFAULT;
    return fmx_reference_axis(user, &options);
}

Test(reference, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 1000, 1);
    fmx_test_each_failure(&test, reference_default, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

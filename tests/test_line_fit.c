#include "line_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/line_fit.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "line_fit_ref.h"

enum { VALUES = FMX__LINE_VALUES };

static const double least = 0.049;

typedef struct job {
    float *spectra;
    float *lines;
    fmx_buffer *out;
    fmx__line_fit_of of;
} job;

/* Takes the spectra over. */
static void job_open(const fmx_test *test, const fmx_case_line_fit *c, float *spectra, job *j)
{
    *j = (job){.spectra = spectra,
               .lines = fmx_test_random(c->rows * VALUES, 1),
               .of = {.rows = c->rows,
                      .points = c->points,
                      .step_hz = c->step_hz,
                      .least = least,
                      .shape = c->voigt ? FMX__LINE_PSEUDO_VOIGT : FMX__LINE_LORENTZ}};
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, spectra, c->rows * c->points * sizeof *spectra,
                                       &j->of.spectra),
                c->name);
    fmx_test_ok(test, fmx_buffer_create(test->device, c->rows * VALUES * sizeof(float), &j->out),
                c->name);
}

static void job_run(const fmx_test *test, job *j)
{
    fmx_test_ok(test, fmx__line_fit(test->device, j->out, &j->of), "line fit");
    fmx_test_ok(test, fmx_buffer_read(j->out, 0, j->lines, j->of.rows * VALUES * sizeof(float)),
                "lines");
}

static void job_close(job *j)
{
    fmx_buffer_release(j->out);
    fmx_buffer_release(j->of.spectra);
    free(j->lines);
    free(j->spectra);
}

/* Lines of all widths on a ground of noise; a smaller one in front of them in some rows. */
static float *spectra_of(const fmx_case_line_fit *c)
{
    float *y = fmx_test_random(c->rows * c->points, 9);
    for (size_t row = 0; row < c->rows; ++row) {
        double place = (double)c->points * (0.3 + 0.4 * (double)row / (double)c->rows) + 0.37;
        double width = 0.6 + 0.35 * (double)(row % 9);
        double height = row % 3 == 2 ? -0.5 : 0.2 + 0.3 * (double)(row % 5);
        for (size_t i = 0; i < c->points; ++i) {
            double u = ((double)i - place) / width;
            double small = ((double)i - place / 2) / 1.2;
            double line = fabs(height) / (1 + u * u);
            line += row % 3 == 2 ? 0.1 / (1 + small * small) : 0;
            y[row * c->points + i] = (float)(line + 0.002 * (double)y[row * c->points + i]);
        }
    }
    return y;
}

/* Inverse of a symmetric matrix, diagonal only, by Gauss and Jordan. */
static void diagonal_of_inverse(double a[4][8], double out[4])
{
    for (int c = 0; c < 4; ++c) {
        double pivot = a[c][c];
        for (int k = 0; k < 8; ++k)
            a[c][k] /= pivot;
        for (int r = 0; r < 4; ++r) {
            double f = a[r][c];
            for (int k = 0; r != c && k < 8; ++k)
                a[r][k] -= f * a[c][k];
        }
    }
    for (int c = 0; c < 4; ++c)
        out[c] = a[c][c + 4];
}

/* What each value may err by. Sums of n products in float err by at most E = (n / 16 + 16) eps of
 * their absolute terms (the wide variant adds n / 16 in a lane), residuals by 8 eps of the value
 * that is fitted; both act as an error e of the residuals, |e| <= E |r| + 8 eps |y|, which moves
 * value i by at most sqrt(C_ii) |e|, C the inverse of J^T J. Places lie in points from the peak
 * until the end: rounding of the result itself is 8 eps. */
static void tolerances(const float *y, const job *j, const double line[4], double out[4])
{
    double a[4][8] = {{0}};
    double squares = 0;
    double residuals = 0;
    bool voigt = j->of.shape == FMX__LINE_PSEUDO_VOIGT;
    for (size_t k = 0; k < j->of.points; ++k) {
        double by[4];
        double x = (double)k * j->of.step_hz;
        double r = (double)y[k] - fmx_ref_line_value(line, x, voigt, by);
        residuals += r * r;
        squares += (double)y[k] * (double)y[k];
        for (int i = 0; i < 4; ++i)
            for (int m = 0; m < 4; ++m)
                a[i][m] += by[i] * by[m];
    }
    if (!voigt)
        a[3][3] = 1;
    for (int i = 0; i < 4; ++i)
        a[i][i + 4] = 1;
    diagonal_of_inverse(a, out);
    double error = FMX_TEST_EPS * ((double)j->of.points / 16 + 16) * sqrt(residuals) +
                   8 * FMX_TEST_EPS * sqrt(squares);
    for (int i = 0; i < 4; ++i)
        out[i] = sqrt(out[i]) * error + 8 * FMX_TEST_EPS * fabs(line[i]);
    if (!voigt)
        out[3] = 0;
}

static void check_case(const fmx_test *test, const fmx_case_line_fit *c)
{
    job j;
    job_open(test, c, spectra_of(c), &j);
    job_run(test, &j);
    for (size_t row = 0; row<c->rows; row += c->rows> 8 ? 7 : 1) {
        double expected[4];
        double tolerance[4];
        const float *y = j.spectra + row * c->points;
        fmx_ref_line_fit(expected, y, c->points, c->step_hz, least, c->voigt != 0);
        tolerances(y, &j, expected, tolerance);
        for (int i = 0; i < 4; ++i) {
            double got = (double)j.lines[row * VALUES + i];
            cr_assert(fabs(got - expected[i]) <= tolerance[i],
                      "%s, row %zu, value %d: %.9g, expected %.9g +- %.3g", c->name, row, i, got,
                      expected[i], tolerance[i]);
        }
    }
    float *first = malloc(c->rows * VALUES * sizeof *first);
    memcpy(first, j.lines, c->rows * VALUES * sizeof *first);
    job_run(test, &j);
    cr_assert_arr_eq(first, j.lines, c->rows * VALUES * sizeof *first, "%s: again", c->name);
    free(first);
    job_close(&j);
}

Test(line_fit, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_line_fit / sizeof *fmx_cases_line_fit; ++i) {
        const fmx_case_line_fit *c = &fmx_cases_line_fit[i];
        /* 60 passes: too long for Oclgrind */
        if (getenv("FIDMIX_SMALL_CASES") == NULL || c->rows * c->points < 600)
            check_case(&test, c);
    }
    fmx_test_close(&test);
}

/* scipy's curve_fit from the same start, float32 results: 2 eps of rounding on top. */
static void check_golden(bool voigt)
{
    fmx_test test = fmx_test_open();
    size_t floats = 0;
    fmx_case_line_fit c = {"golden", 12, 1000, voigt, 1, 0};
    float *spectra = fmx_test_golden("line_fit_spectra.npy", &floats);
    cr_assert_eq(floats, c.rows * c.points);
    float *lorentz = fmx_test_golden("line_fit_lorentz.npy", &floats);
    float *pseudo = fmx_test_golden("line_fit_voigt.npy", &floats);
    job j;
    job_open(&test, &c, spectra, &j);
    job_run(&test, &j);
    for (size_t row = 0; row < c.rows; ++row) {
        double line[4] = {0};
        double tolerance[4];
        for (size_t i = 0; i < (voigt ? 4 : 3); ++i)
            line[i] = (double)(voigt ? pseudo[4 * row + i] : lorentz[4 * row + 1 + i]);
        tolerances(spectra + row * c.points, &j, line, tolerance);
        cr_assert_eq(fmx_ref_line_peak(spectra + row * c.points, c.points, least),
                     (size_t)lorentz[4 * row], "row %zu", row);
        for (size_t i = 0; i < 4; ++i)
            cr_assert(fabs((double)j.lines[row * VALUES + i] - line[i]) <=
                          tolerance[i] + 2 * FMX_TEST_EPS * fabs(line[i]),
                      "row %zu, value %zu: %.9g, scipy %.9g +- %.3g", row, i,
                      (double)j.lines[row * VALUES + i], line[i], tolerance[i]);
    }
    job_close(&j);
    free(lorentz);
    free(pseudo);
    fmx_test_close(&test);
}

Test(line_fit, scipy_lorentz)
{
    check_golden(false);
}

Test(line_fit, scipy_pseudo_voigt)
{
    check_golden(true);
}

/* Peaks: a plateau's middle, the ends are none, prominence counts, otherwise the highest point. */
Test(line_fit, peaks)
{
    static const float spectra[4][12] = {
        {0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0},
        {9, 8, 7, 6, 6.02f, 6, 2, 1, 2, 1, 0, 0},
        {0, 0.01f, 0, 0, 0.04f, 0, 0.045f, 0, 0, 0, 0, 0},
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3},
    };
    static const size_t peaks[4] = {3, 8, 6, 11};
    fmx_test test = fmx_test_open();
    fmx_case_line_fit c = {"peaks", 4, 12, 0, 1, 0};
    float *y = malloc(sizeof spectra);
    memcpy(y, spectra, sizeof spectra);
    job j;
    job_open(&test, &c, y, &j);
    j.of.rounds = 1;
    job_run(&test, &j);
    for (size_t row = 0; row < 4; ++row) {
        cr_assert_eq(fmx_ref_line_peak(spectra[row], 12, least), peaks[row], "row %zu", row);
        /* one damped step does not leave the neighbourhood */
        if (row != 1)
            cr_assert_float_eq(j.lines[row * VALUES], peaks[row], 1, "row %zu: %g", row,
                               (double)j.lines[row * VALUES]);
    }
    job_close(&j);
    fmx_test_close(&test);
}

Test(line_fit, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_case_line_fit c = {"refused", 1, 16, 0, 1, 0};
    job j;
    job_open(&test, &c, spectra_of(&c), &j);
    j.of.points = 3;
    fmx_test_refused(&test, fmx__line_fit(test.device, j.out, &j.of), FMX_ERROR_SHAPE,
                     "1 spectra of 3 points");
    j.of.values = 5;
    fmx_test_refused(&test, fmx__line_fit(test.device, j.out, &j.of), FMX_ERROR_ARGUMENT,
                     "5 values of a line");
    j.of.values = 3;
    j.of.points = 17;
    fmx_test_refused(&test, fmx__line_fit(test.device, j.out, &j.of), FMX_ERROR_SHAPE, "");
    job_close(&j);
    fmx_test_close(&test);
}

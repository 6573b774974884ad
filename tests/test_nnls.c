#include "nnls.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/nnls.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "nnls_ref.h"

typedef struct job {
    size_t rows;
    size_t points;
    size_t count;
    size_t stride;
    float *library;
    float *spectra;
    float *gram;
    float *amounts;
    fmx_buffer *buffer[5]; /* library, Gram matrix, spectra, gradient, amounts */
    fmx__nnls_of of;
} job;

/* Sums of every fourth row or so with amounts 0.05 to 1, and noise. */
static void fill(job *j)
{
    float *amount = fmx_test_random(j->rows * j->count, 17);
    j->library = fmx_test_random(j->rows * j->points, 5);
    j->spectra = fmx_test_random(j->count * j->points, 6);
    for (size_t i = 0; i < j->count * j->points; ++i)
        j->spectra[i] *= 0.05f;
    for (size_t m = 0; m < j->count; ++m)
        for (size_t k = 0; k < j->rows; ++k)
            for (size_t p = 0; (m + 3 * k) % 4 == 0 && p < j->points; ++p)
                j->spectra[m * j->points + p] +=
                    (0.05f + fabsf(amount[m * j->rows + k])) * j->library[k * j->points + p];
    free(amount);
}

static void upload(const fmx_test *test, job *j)
{
    size_t values = j->count * j->stride;
    j->gram = fmx_test_random(j->rows * j->stride, 1);
    j->amounts = fmx_test_random(values, 1);
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, j->library,
                                       j->rows * j->points * sizeof(float), &j->buffer[0]),
                "library");
    fmx_test_ok(test,
                fmx_buffer_create(test->device, j->rows * j->stride * sizeof(float), &j->buffer[1]),
                "Gram matrix");
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, j->spectra,
                                       j->count * j->points * sizeof(float), &j->buffer[2]),
                "spectra");
    fmx_test_ok(test, fmx_buffer_create(test->device, values * sizeof(float), &j->buffer[3]),
                "gradient");
    fmx_test_ok(test, fmx_buffer_create(test->device, values * sizeof(float), &j->buffer[4]),
                "amounts");
    j->of = (fmx__nnls_of){.library = j->buffer[0],
                           .gram = j->buffer[1],
                           .rows = j->rows,
                           .points = j->points,
                           .spectra = j->buffer[2],
                           .count = j->count,
                           .gradient = j->buffer[3]};
}

static void run(const fmx_test *test, job *j)
{
    fmx_test_ok(test, fmx__nnls_gram(test->device, j->buffer[1], j->buffer[0], j->rows, j->points),
                "gram");
    fmx_test_ok(test, fmx__nnls(test->device, j->buffer[4], &j->of), "nnls");
    fmx_test_ok(test,
                fmx_buffer_read(j->buffer[1], 0, j->gram, j->rows * j->stride * sizeof(float)),
                "read");
    fmx_test_ok(test,
                fmx_buffer_read(j->buffer[4], 0, j->amounts, j->count * j->stride * sizeof(float)),
                "read");
}

static void close_job(job *j)
{
    for (size_t i = 0; i < 5; ++i)
        fmx_buffer_release(j->buffer[i]);
    free(j->library);
    free(j->spectra);
    free(j->gram);
    free(j->amounts);
}

static double norm(const float *v, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += (double)v[i] * v[i];
    return sqrt(sum);
}

/* Additions behind one product of spectra: 256 in a partial sum and one for each of those, or a
 * sixteenth of the points and a tail of fifteen. */
static double additions(size_t points)
{
    return fmin((double)points, 256) + (double)points / 16 + 20;
}

/* Rounding of a product of spectra with norms a and b: a random walk, six standard deviations. */
static double product_error(size_t points, double a, double b)
{
    return 6 * sqrt(additions(points)) * FMX_TEST_EPS * a * b;
}

/* The optimality conditions in double: amounts >= 0, gradient >= 0, one of the two 0. `error` is
 * what the gradient may be off: the tolerance of the descent, the rounding of A b and of the Gram
 * matrix times the amounts, and that of 8 sweeps of updates. */
static double check_optimal(const job *j, const double *gram, size_t m, const char *name)
{
    const float *x = j->amounts + m * j->stride;
    const float *spectrum = j->spectra + m * j->points;
    double b = norm(spectrum, j->points);
    double explained = 0;
    double top = 0;
    double worst = 0;
    for (size_t k = 0; k < j->rows; ++k)
        explained += x[k] * sqrt(gram[k * j->rows + k]);
    for (int pass = 0; pass < 2; ++pass) {
        for (size_t k = 0; k < j->rows; ++k) {
            const float *row = j->library + k * j->points;
            double diagonal = gram[k * j->rows + k];
            double right = 0;
            double g = 0;
            for (size_t p = 0; p < j->points; ++p)
                right += (double)row[p] * spectrum[p];
            for (size_t i = 0; i < j->rows; ++i)
                g += gram[k * j->rows + i] * x[i];
            top = fmax(top, right);
            double error = FMX__NNLS_TOLERANCE * top + 8 * (double)j->rows * FMX_TEST_EPS * top +
                           product_error(j->points, sqrt(diagonal), b + explained);
            double off = fabs(fmin(x[k] * diagonal, g - right));
            cr_assert(pass == 0 || (x[k] >= 0 && off <= error),
                      "%s, mixture %zu, row %zu: amount %g, gradient %g, allowed %g", name, m, k,
                      (double)x[k], g - right, error);
            worst = fmax(worst, error / diagonal);
        }
    }
    for (size_t k = j->rows; k < j->stride; ++k)
        cr_assert_eq(x[k], 0, "%s: padding", name);
    return worst;
}

/* Lawson and Hanson's amounts. Random rows, at least four times as many points: eigenvalues of the
 * scaled Gram matrix lie in 0.2 .. 2.4 (Marchenko and Pastur: (1 -+ 1/2)^2), so amounts are off by
 * at most (1 + 2.4) / 0.2 = 17 times the conditions' error, over all rows. */
static void check_amounts(const job *j, const double *gram, size_t m, double off, const char *name)
{
    double *x = malloc(j->rows * sizeof *x);
    cr_assert_eq(fmx_ref_nnls(x, gram, j->library, j->rows, j->points, j->spectra + m * j->points),
                 0);
    for (size_t k = 0; k < j->rows; ++k)
        cr_assert_leq(fabs(j->amounts[m * j->stride + k] - x[k]), 17 * sqrt((double)j->rows) * off,
                      "%s, mixture %zu, row %zu: %g for %g", name, m, k,
                      (double)j->amounts[m * j->stride + k], x[k]);
    free(x);
}

static void check_case(const fmx_test *test, const fmx_case_nnls *c)
{
    size_t count = c->bench ? c->mixtures < 9 ? c->mixtures : 9 : c->mixtures;
    job j = {
        .rows = c->rows, .points = c->points, .count = count, .stride = fmx__nnls_stride(c->rows)};
    double *gram = malloc(c->rows * c->rows * sizeof *gram);
    fill(&j);
    upload(test, &j);
    run(test, &j);
    fmx_ref_nnls_gram(gram, j.library, j.rows, j.points);
    for (size_t i = 0; i < j.rows; ++i) {
        for (size_t k = 0; k < j.stride; ++k) {
            double expected = k < j.rows ? gram[i * j.rows + k] : 0;
            double error = k < j.rows ? product_error(j.points, sqrt(gram[i * j.rows + i]),
                                                      sqrt(gram[k * j.rows + k]))
                                      : 0;
            cr_assert_leq(fabs(j.gram[i * j.stride + k] - expected), error,
                          "%s, Gram matrix %zu, %zu: %g for %g", c->name, i, k,
                          (double)j.gram[i * j.stride + k], expected);
        }
    }
    for (size_t m = 0; m < count; ++m) {
        double off = check_optimal(&j, gram, m, c->name);
        if (c->points >= 4 * c->rows)
            check_amounts(&j, gram, m, off, c->name);
    }
    free(gram);
    close_job(&j);
}

Test(nnls, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_nnls / sizeof *fmx_cases_nnls; ++i)
        check_case(&test, &fmx_cases_nnls[i]);
    fmx_test_close(&test);
}

/* scipy.optimize.nnls on overlapping Lorentzian lines: tests/golden/make_nnls.py. The condition
 * number of the scaled Gram matrix, 25.2, times the errors above. */
Test(nnls, golden)
{
    fmx_test test = fmx_test_open();
    size_t floats = 0;
    job j = {.rows = 12, .points = 400, .count = 10, .stride = 16};
    j.library = fmx_test_golden("nnls_library.npy", &floats);
    cr_assert_eq(floats, 12 * 400);
    j.spectra = fmx_test_golden("nnls_spectra.npy", &floats);
    cr_assert_eq(floats, 10 * 400);
    float *expected = fmx_test_golden("nnls_amounts.npy", &floats);
    cr_assert_eq(floats, 10 * 12);
    upload(&test, &j);
    run(&test, &j);
    for (size_t m = 0; m < j.count; ++m) {
        double b = norm(j.spectra + m * j.points, j.points);
        for (size_t k = 0; k < j.rows; ++k) {
            double a = norm(j.library + k * j.points, j.points);
            double error = 25.2 * (product_error(j.points, 1, 1) + FMX__NNLS_TOLERANCE) * b / a;
            cr_assert_leq(fabs((double)j.amounts[m * 16 + k] - expected[m * 12 + k]), error,
                          "mixture %zu, row %zu: %g for %g", m, k, (double)j.amounts[m * 16 + k],
                          (double)expected[m * 12 + k]);
        }
    }
    free(expected);
    close_job(&j);
    fmx_test_close(&test);
}

Test(nnls, zero_rows_empty_spectra_and_nan)
{
    fmx_test test = fmx_test_open();
    job j = {.rows = 5, .points = 40, .count = 4, .stride = 16};
    fill(&j);
    memset(j.library + (size_t)2 * 40, 0, 40 * sizeof(float));
    memset(j.spectra + (size_t)1 * 40, 0, 40 * sizeof(float));
    for (size_t p = 0; p < 40; ++p)
        j.spectra[2 * 40 + p] = -j.library[p]; /* no row helps here but against it */
    j.spectra[3 * 40 + 7] = NAN;
    upload(&test, &j);
    run(&test, &j);
    double largest = 0;
    for (size_t k = 0; k < 5; ++k) {
        largest = fmax(largest, j.amounts[k]);
        cr_assert_eq(j.amounts[16 + k], 0);
        cr_assert_eq(j.amounts[3 * 16 + k], 0);
    }
    cr_assert_gt(largest, 0);
    cr_assert_eq(j.amounts[2], 0);
    cr_assert_eq(j.amounts[2 * 16], 0);
    close_job(&j);
    fmx_test_close(&test);
}

/* The same spectrum gives the same amounts wherever it stands in a batch, and twice. */
Test(nnls, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    job j = {.rows = 23, .points = 700, .count = 67, .stride = 32};
    fill(&j);
    memcpy(j.spectra + (size_t)66 * 700, j.spectra, 700 * sizeof(float));
    upload(&test, &j);
    run(&test, &j);
    float *first = malloc(j.count * j.stride * sizeof *first);
    memcpy(first, j.amounts, j.count * j.stride * sizeof *first);
    run(&test, &j);
    cr_assert_arr_eq(first, j.amounts, j.count * j.stride * sizeof *first);
    cr_assert_arr_eq(first, first + (size_t)66 * 32, 32 * sizeof *first);
    free(first);
    close_job(&j);
    fmx_test_close(&test);
}

/* Squares are added 256 or 16 at a time in parallel, then in a tree; all positive, so the error is
 * at most half of additions eps (the root halves it), plus the root's own. */
Test(nnls, norms)
{
    fmx_test test = fmx_test_open();
    static const size_t sizes[] = {1, 15, 16, 17, 255, 257, 1009, 21800};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        float *v = fmx_test_random(3 * sizes[i], i);
        float *w = fmx_test_random(sizes[i], 40 + i);
        fmx_buffer *weights = NULL;
        float got[3];
        fmx_buffer *spectra = NULL;
        fmx_buffer *norms = NULL;
        fmx_test_ok(&test,
                    fmx_buffer_create_copy(test.device, v, 3 * sizes[i] * sizeof *v, &spectra),
                    "spectra");
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, w, sizes[i] * sizeof *w, &weights),
                    "weights");
        fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof got, &norms), "norms");
        fmx_test_ok(&test, fmx__nnls_norms(test.device, norms, spectra, weights, 3, sizes[i]),
                    "norms");
        fmx_test_ok(&test, fmx_buffer_read(norms, 0, got, sizeof got), "read");
        for (size_t m = 0; m < 3; ++m) {
            for (size_t j = 0; j < sizes[i]; ++j)
                v[m * sizes[i] + j] *= w[j];
            double expected = norm(v + m * sizes[i], sizes[i]);
            double error = (additions(sizes[i]) / 2 + 4) * FMX_TEST_EPS * expected;
            cr_assert_leq(fabs(got[m] - expected), error, "%zu points: %g for %g", sizes[i],
                          (double)got[m], expected);
        }
        fmx_buffer_release(spectra);
        fmx_buffer_release(weights);
        fmx_buffer_release(norms);
        free(v);
        free(w);
    }
    fmx_test_close(&test);
}

Test(nnls, refusals)
{
    fmx_test test = fmx_test_open();
    job j = {.rows = 5, .points = 40, .count = 4, .stride = 16};
    fill(&j);
    upload(&test, &j);
    fmx__nnls_of of = j.of;
    of.count = 0;
    fmx_test_refused(&test, fmx__nnls(test.device, j.buffer[4], &of), FMX_ERROR_SHAPE,
                     "at least one");
    fmx_test_refused(&test,
                     fmx__nnls_norms(test.device, j.buffer[3], j.buffer[2], j.buffer[0], 4, 0),
                     FMX_ERROR_SHAPE, "at least one");
    of = j.of;
    of.rows = FMX__NNLS_MOST_ROWS + 1;
    fmx_test_refused(&test, fmx__nnls(test.device, j.buffer[4], &of), FMX_ERROR_SHAPE, "at most");
    fmx_test_refused(&test,
                     fmx__nnls_gram(test.device, j.buffer[1], j.buffer[0], 5, (size_t)1 << 25),
                     FMX_ERROR_SHAPE, "points");
    of = j.of;
    of.tolerance = NAN;
    fmx_test_refused(&test, fmx__nnls(test.device, j.buffer[4], &of), FMX_ERROR_ARGUMENT,
                     "tolerance");
    of = j.of;
    of.count = 5; /* the spectra's buffer holds four */
    fmx_test_refused(&test, fmx__nnls(test.device, j.buffer[4], &of), FMX_ERROR_SHAPE, "nnls");
    close_job(&j);
    fmx_test_close(&test);
}

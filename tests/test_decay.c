#include "decay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/decay.h"
#include "decay_ref.h"
#include "fmx_test.h"
#include "normal_ref.h"
#include "philox.h"

static const uint64_t seed = UINT64_C(0x123456789);
static const double mean = -0.05;
static const double sigma = 0.05;

typedef struct job {
    fmx__decay *rows;
    float *fid;
    float *magnitude;
    fmx_buffer *fid_buffer;
    fmx_buffer *scratch;
    fmx_buffer *magnitude_buffer;
    fmx__decays_of of;
} job;

static void job_open(const fmx_test *test, const fmx_case_decay *c, job *j)
{
    size_t values = c->rows * c->points;
    *j = (job){
        .of = {.count = c->rows, .points = c->points, .mean = mean, .sigma = sigma, .seed = seed}};
    j->rows = calloc(c->rows, sizeof *j->rows);
    j->fid = fmx_test_random(values, 1);
    j->magnitude = fmx_test_random(values, 1);
    for (size_t i = 0; i < c->rows; ++i) {
        j->rows[i] = fmx__decay_of(50 + 947.3 * (double)i / (double)c->rows, 0.77 * (double)(i + 1),
                                   0.1 + 0.4 * (double)(i % 9), 1 + (double)(i % 10), 4000);
        j->rows[i].item_low = (uint32_t)(7 * i);
        j->rows[i].draw = (uint32_t)(i % 3);
    }
    fmx_test_ok(
        test, fmx_buffer_create_copy(test->device, j->rows, c->rows * sizeof *j->rows, &j->of.rows),
        c->name);
    fmx_test_ok(test, fmx_buffer_create(test->device, values * sizeof(float), &j->fid_buffer),
                c->name);
    fmx_test_ok(test, fmx_buffer_create(test->device, 2 * values * sizeof(float), &j->scratch),
                c->name);
    fmx_test_ok(test,
                fmx_buffer_create(test->device, c->rows * (c->points / 2) * sizeof(float),
                                  &j->magnitude_buffer),
                c->name);
}

static fmx_status job_try(const fmx_test *test, job *j)
{
    fmx_status status = fmx__decays(test->device, j->fid_buffer, &j->of);
    return status == FMX_OK ? fmx__decays_spectrum(test->device, j->magnitude_buffer, j->scratch,
                                                   j->fid_buffer, j->of.count, j->of.points)
                            : status;
}

static void job_run(const fmx_test *test, job *j)
{
    size_t values = j->of.count * j->of.points;
    fmx_test_ok(test, job_try(test, j), "decays");
    fmx_test_ok(test, fmx_buffer_read(j->fid_buffer, 0, j->fid, values * sizeof(float)), "fid");
    fmx_test_ok(test,
                fmx_buffer_read(j->magnitude_buffer, 0, j->magnitude,
                                j->of.count * (j->of.points / 2) * sizeof(float)),
                "magnitude");
}

static void job_close(job *j)
{
    fmx_buffer_release(j->magnitude_buffer);
    fmx_buffer_release(j->scratch);
    fmx_buffer_release(j->fid_buffer);
    fmx_buffer_release(j->of.rows);
    free(j->magnitude);
    free(j->fid);
    free(j->rows);
}

/* The sine errs by 2e-7 and the rounding of its phase to 24 bits (2 pi 2^-26), the exponential by 2
 * ulp and by the rounding of rate n (eps rate n each); noise by its own bound; three roundings. */
static void check_fid(const job *j, size_t row, const double *expected, double rate,
                      double amplitude)
{
    for (size_t n = 0; n < j->of.points; ++n) {
        double got = (double)j->fid[row * j->of.points + n];
        double decay = amplitude * exp(-rate * (double)n);
        double tolerance = decay * (2e-7 + 9.4e-8 + FMX_TEST_EPS * (8 + 2 * rate * (double)n)) +
                           sigma * FMX_REF_NORMAL_ERROR +
                           FMX_TEST_EPS * 3 * (decay + fabs(mean) + 7 * sigma);
        cr_assert(fabs(got - expected[n]) <= tolerance, "row %zu, point %zu: %.9g, not %.9g +- %g",
                  row, n, got, expected[n], tolerance);
    }
}

/* A transform in float errs by about eps log2 n of the root of the sum of squares (through a chirp:
 * three transforms of four times the length), here with a factor of 8; divided by n. */
static void check_magnitude(const job *j, size_t row, const double *expected)
{
    double squares = 0;
    size_t points = j->of.points;
    for (size_t n = 0; n < points; ++n)
        squares += (double)j->fid[row * points + n] * (double)j->fid[row * points + n];
    double tolerance =
        8 * FMX_TEST_EPS * 3 * (log2((double)points) + 2) * sqrt(squares) / sqrt((double)points);
    for (size_t k = 0; k < points / 2; ++k) {
        double got = (double)j->magnitude[row * (points / 2) + k];
        cr_assert(fabs(got - expected[k]) <= tolerance, "row %zu, point %zu: %.9g, not %.9g +- %g",
                  row, k, got, expected[k], tolerance);
    }
}

static void check_case(const fmx_test *test, const fmx_case_decay *c)
{
    job j;
    double *expected = malloc(c->points * sizeof *expected);
    float *again = malloc(c->rows * c->points * sizeof *again);
    job_open(test, c, &j);
    job_run(test, &j);
    for (size_t row = 0; row<c->rows; row += c->rows> 8 ? 17 : 1) {
        const fmx__decay *r = &j.rows[row];
        fmx_ref_decay_line line = {r->phase,    r->step, (double)r->rate, (double)r->amplitude,
                                   r->item_low, r->draw};
        fmx_ref_decay(expected, c->points, &line, mean, sigma, seed, FMX__PURPOSE_NOISE);
        check_fid(&j, row, expected, line.rate, line.amplitude);
        fmx_ref_decay_magnitude(expected, j.fid + row * c->points, c->points);
        check_magnitude(&j, row, expected);
    }
    memcpy(again, j.fid, c->rows * c->points * sizeof *again);
    job_run(test, &j);
    cr_assert_arr_eq(again, j.fid, c->rows * c->points * sizeof *again, "%s: again", c->name);
    job_close(&j);
    free(again);
    free(expected);
}

Test(decay, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_decay / sizeof *fmx_cases_decay; ++i) {
        if (getenv("FIDMIX_SMALL_CASES") == NULL || !fmx_cases_decay[i].bench)
            check_case(&test, &fmx_cases_decay[i]);
    }
    fmx_test_close(&test);
}

/* A decay as the formula has it: phase, frequency, T2 in their units. */
Test(decay, parameters)
{
    fmx__decay d = fmx__decay_of(1000, 0.25, 0.5, 3, 4000);
    cr_assert_eq(d.phase, UINT32_C(1) << 30);
    cr_assert_eq(d.step, UINT32_C(1) << 30);
    cr_assert_float_eq(d.rate, 1.0 / 2000, 1e-10);
    cr_assert_eq(d.amplitude, 3);
    d = fmx__decay_of(5000, -0.5, 1, 1, 4000); /* aliased, negative: within a turn */
    cr_assert_eq(d.phase, UINT32_C(1) << 31);
    cr_assert_eq(d.step, UINT32_C(1) << 30);
}

Test(decay, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_case_decay c = {"refused", 1, 16, 0};
    job j;
    job_open(&test, &c, &j);
    j.of.points = 17;
    fmx_test_refused(&test, fmx__decays(test.device, j.fid_buffer, &j.of), FMX_ERROR_SHAPE, "");
    fmx_test_refused(
        &test,
        fmx__decays_spectrum(test.device, j.magnitude_buffer, j.scratch, j.fid_buffer, 1, 17),
        FMX_ERROR_SHAPE, "");
    job_close(&j);
    fmx_test_close(&test);
}

static fmx_status run_once(void *user)
{
    return job_try(((void **)user)[1], ((void **)user)[0]);
}

Test(decay, failing_allocations)
{
    fmx_test test = fmx_test_open();
    fmx_case_decay c = {"failing", 2, 60, 0};
    job j;
    void *user[2] = {&j, &test};
    job_open(&test, &c, &j);
    fmx_test_each_failure(&test, run_once, user);
    job_close(&j);
    fmx_test_close(&test);
}

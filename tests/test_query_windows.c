#include "query_windows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/query_windows.h"
#include "fmx_test.h"
#include "query_windows_ref.h"

enum { HEIGHTS = 3000, FLOATS = FMX__QUERY_CHANNELS * FMX__QUERY_WINDOW };

typedef struct job {
    const fmx_case_query_windows *c;
    fmx_device *device;
    float *spectra;
    float *fitted;
    float *heights;
    float *numbers;
    fmx__query_window *window;
    fmx__query_windows_of of;
    fmx_buffer *out;
    float *got;
} job;

/* Windows all over the axis and beyond its ends; the last part of every third query is none. */
static void fill_windows(job *j)
{
    long points = (long)j->c->points;
    for (size_t i = 0; i < j->of.queries * FMX__QUERY_PARTS; ++i) {
        size_t part = i % FMX__QUERY_PARTS;
        long start = (long)(i * 7919 % (size_t)(points + 200)) - 190;
        j->window[i] = (fmx__query_window){
            .start = (int32_t)start,
            .step = part == 7 && i / 8 % 3 == 0 ? 0 : j->c->step + (uint32_t)part % 3,
            .spectrum = (uint32_t)(i % j->c->spectra),
            .first_height = (uint32_t)(i * 31 % (HEIGHTS - 300)),
            .count = (uint32_t)(1 + i * 13 % 300),
            .base = (int32_t)(start + (long)(i * 17 % 150) - 20),
            .own = (float)(i % 11) * 20,
            .inverse = 1.0F / (float)(3 + i % 11 * 20),
        };
    }
}

static fmx_status run_again(void *user)
{
    job *j = user;
    return fmx__query_windows(j->device, j->out, &j->of);
}

static void job_open(const fmx_test *test, const fmx_case_query_windows *c, job *j)
{
    size_t values = c->spectra * c->points;
    *j = (job){.c = c, .device = test->device};
    j->of = (fmx__query_windows_of){
        .count = c->spectra, .points = c->points, .heights_count = HEIGHTS, .queries = c->queries};
    j->spectra = fmx_test_random(values, 1);
    j->fitted = fmx_test_random(values, 2);
    j->heights = fmx_test_random(HEIGHTS, 3);
    j->numbers = fmx_test_random(c->queries * FMX__QUERY_WINDOW, 4);
    j->window = calloc(c->queries * FMX__QUERY_PARTS, sizeof *j->window);
    j->got = calloc(c->queries * FLOATS, sizeof *j->got);
    cr_assert(j->window != NULL && j->got != NULL);
    for (size_t i = 0; i < values; ++i) { /* peaks of some hundred sigmas */
        j->spectra[i] = 500 * powf(j->spectra[i], 7);
        j->fitted[i] *= 100;
    }
    fill_windows(j);
    fmx_device *d = test->device;
    size_t window_bytes = c->queries * FMX__QUERY_PARTS * sizeof *j->window;
    fmx_test_ok(test, fmx_buffer_create_copy(d, j->spectra, values * 4, &j->of.spectra), c->name);
    fmx_test_ok(test, fmx_buffer_create_copy(d, j->fitted, values * 4, &j->of.fitted), c->name);
    fmx_test_ok(test, fmx_buffer_create_copy(d, j->heights, HEIGHTS * 4, &j->of.heights), c->name);
    fmx_test_ok(test, fmx_buffer_create_copy(d, j->window, window_bytes, &j->of.windows), c->name);
    fmx_test_ok(
        test,
        fmx_buffer_create_copy(d, j->numbers, c->queries * FMX__QUERY_WINDOW * 4, &j->of.numbers),
        c->name);
    fmx_test_ok(test, fmx_buffer_create(d, c->queries * FLOATS * 4, &j->out), c->name);
}

static void job_close(job *j)
{
    fmx_buffer_release(j->out);
    fmx_buffer_release(j->of.numbers);
    fmx_buffer_release(j->of.windows);
    fmx_buffer_release(j->of.heights);
    fmx_buffer_release(j->of.fitted);
    fmx_buffer_release(j->of.spectra);
    free(j->got);
    free(j->window);
    free(j->numbers);
    free(j->heights);
    free(j->fitted);
    free(j->spectra);
}

/* A sum of `step` terms, each at most 700 sigmas with a product and a difference before: 3 + step
 * roundings of 700 steps / steps h, and the logarithm's derivative is at most 1; its own error is
 * 4 roundings of the result, below 8. */
static double tolerance(const fmx__query_window *w)
{
    return FMX_TEST_EPS * ((6 + w->step) * 900.0 * (double)w->inverse + 32);
}

static void check_query(const job *j, size_t query)
{
    double expected[FMX__QUERY_SIGNALS * FMX__QUERY_WINDOW];
    const float *got = j->got + query * FLOATS;
    for (size_t part = 0; part < FMX__QUERY_PARTS; ++part) {
        const fmx__query_window *w = &j->window[query * FMX__QUERY_PARTS + part];
        size_t row = w->spectrum * j->c->points;
        fmx_ref_query_window r = {w->start, w->step,        w->count,
                                  w->base,  (double)w->own, (double)w->inverse};
        fmx_ref_query_windows(expected, j->spectra + row, j->fitted + row, j->c->points,
                              j->heights + w->first_height, &r);
        for (size_t i = 0; i < FMX__COUNT(expected); ++i)
            cr_assert_leq(fabs((double)got[part * FMX__COUNT(expected) + i] - expected[i]),
                          tolerance(w), "%s, query %zu, part %zu, %zu: %g, not %g", j->c->name,
                          query, part, i, (double)got[part * FMX__COUNT(expected) + i],
                          expected[i]);
    }
    cr_assert_arr_eq(got + (FMX__QUERY_CHANNELS - 1) * FMX__QUERY_WINDOW,
                     j->numbers + query * FMX__QUERY_WINDOW, FMX__QUERY_WINDOW * sizeof(float));
}

Test(query_windows, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_query_windows); ++i) {
        job j;
        job_open(&test, &fmx_cases_query_windows[i], &j);
        size_t bytes = j.c->queries * FLOATS * sizeof(float);
        float *again = malloc(bytes);
        fmx_test_ok(&test, run_again(&j), j.c->name);
        fmx_test_ok(&test, fmx_buffer_read(j.out, 0, j.got, bytes), j.c->name);
        for (size_t q = 0; q < j.c->queries; ++q)
            check_query(&j, q);
        fmx_test_ok(&test, run_again(&j), j.c->name);
        fmx_test_ok(&test, fmx_buffer_read(j.out, 0, again, bytes), j.c->name);
        cr_assert_arr_eq(again, j.got, bytes, "%s", j.c->name);
        free(again);
        job_close(&j);
    }
    fmx_test_close(&test);
}

/* A pattern of one triplet where the fit has it: all three channels show the triplet alone. */
Test(query_windows, others_are_taken_away)
{
    fmx_test test = fmx_test_open();
    static const fmx_case_query_windows c = {"triplet", 1, 400, 1, 1, 0};
    job j;
    job_open(&test, &c, &j);
    memset(j.window, 0, FMX__QUERY_PARTS * sizeof *j.window);
    j.window[0] = (fmx__query_window){
        .start = 100, .step = 1, .count = 3, .base = 196, .own = 30, .inverse = 0.1F};
    static const float triplet[3] = {0.5F, 1, 0.5F};
    for (int i = 0; i < 400; ++i) {
        float own = i >= 196 && i < 199 ? 30 * triplet[i - 196] : 0;
        float others = i >= 190 && i < 210 ? 70 : 0;
        j.spectra[i] = own + others;
        j.fitted[i] = own + others;
    }
    fmx_test_ok(&test, fmx_buffer_write(j.of.heights, 0, triplet, sizeof triplet), "heights");
    fmx_test_ok(&test, fmx_buffer_write(j.of.spectra, 0, j.spectra, 1600), "spectra");
    fmx_test_ok(&test, fmx_buffer_write(j.of.fitted, 0, j.fitted, 1600), "fitted");
    fmx_test_ok(&test, fmx_buffer_write(j.of.windows, 0, j.window, 8 * sizeof *j.window), "window");
    fmx_test_ok(&test, run_again(&j), "windows");
    fmx_test_ok(&test, fmx_buffer_read(j.out, 0, j.got, FLOATS * sizeof(float)), "windows");
    for (int w = 0; w < FMX__QUERY_WINDOW; ++w) {
        double p = w >= 96 && w < 99 ? (double)triplet[w - 96] : 0;
        double others = w >= 90 && w < 110 ? 7 : 0;
        cr_assert_float_eq(j.got[w], log1p(3 * p + others), 1e-5, "%d", w);
        cr_assert_float_eq(j.got[FMX__QUERY_WINDOW + w], p, 0);
        cr_assert_float_eq(j.got[2 * FMX__QUERY_WINDOW + w], log1p(3 * p), 1e-5, "%d", w);
    }
    job_close(&j);
    fmx_test_close(&test);
}

Test(query_windows, refusals)
{
    fmx_test test = fmx_test_open();
    job j;
    job_open(&test, &fmx_cases_query_windows[2], &j);
    j.of.queries = 0;
    fmx_test_refused(&test, run_again(&j), FMX_ERROR_SHAPE, "0 queries");
    j.of.queries = j.c->queries + 1;
    fmx_context_clear(test.ctx);
    fmx_test_refused(&test, run_again(&j), FMX_ERROR_SHAPE, "query_windows");
    job_close(&j);
    fmx_test_close(&test);
}

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases/completion.h"
#include "completion_ref.h"
#include "fmx_test.h"
#include "normal_ref.h"
#include "philox.h"

static const float sigma = 0.05f;

typedef struct ends_fit {
    double c[3];
    double least; /* the ppm between which the quadratic is meant */
    double most;
    size_t count;
} ends_fit;

static bool fitted(const fmx_completion *o, double ppm)
{
    const double slack = 1e-9; /* points exactly on a limit count */
    return (ppm > o->low_from_ppm - slack && ppm < o->low_to_ppm + slack) ||
           (ppm > o->high_from_ppm - slack && ppm < o->high_to_ppm + slack);
}

/* The quadratic in (ppm - 5) of one part of a row. */
static ends_fit fit_row(const fmx_case_completion *c, const fmx_row *row, const float *x,
                        size_t stride)
{
    ends_fit fit = {.least = INFINITY, .most = -INFINITY};
    double *t = malloc(2 * (c->points + 1) * sizeof *t);
    cr_assert_not_null(t);
    double *value = t + c->points + 1;
    for (size_t j = 0; j < c->points; ++j) {
        double ppm = row->ppm_first + (double)j * row->ppm_step;
        if (!fitted(&c->options, ppm))
            continue;
        t[fit.count] = ppm - 5;
        value[fit.count++] = x[j * stride];
        fit.least = fmin(fit.least, ppm);
        fit.most = fmax(fit.most, ppm);
    }
    if (c->options.baseline == FMX_COMPLETION_QUADRATIC)
        fmx_ref_completion_fit(fit.c, t, value, fit.count);
    free(t);
    return fit;
}

/* Each c_k is a sum of N products, N / 64 of them in a row and a few more across the group; q_2
 * takes differences of terms up to 25 times its size (points lie near both ends of [-1, 1] only),
 * three such terms make b. Values are below 1. The noise errs by its own bound. */
static double tolerance(size_t count)
{
    return 3 * 25 * ((double)count / 64 + 16) * FMX_TEST_EPS + sigma * FMX_REF_NORMAL_ERROR;
}

static void check_part(const fmx_case_completion *c, const fmx_row *row, uint64_t seed, size_t part,
                       const float *before, const float *got)
{
    const fmx_completion *o = &c->options;
    size_t stride = c->is_complex ? 2 : 1;
    ends_fit fit = fit_row(c, row, before + part, stride);
    for (size_t j = 0; j < c->points; ++j) {
        double ppm = row->ppm_first + (double)j * row->ppm_step;
        float value = got[j * stride + part];
        if (ppm > o->low_ppm - 1e-9 && ppm < o->high_ppm + 1e-9) {
            cr_assert_eq(value, before[j * stride + part], "%s, point %zu is kept", c->name, j);
            continue;
        }
        double t = fmax(fit.least, fmin(fit.most, ppm)) - 5;
        double expected =
            o->baseline == FMX_COMPLETION_QUADRATIC ? fit.c[0] + t * (fit.c[1] + t * fit.c[2]) : 0;
        if (o->noise)
            expected +=
                sigma * fmx_ref_normal(seed, FMX__PURPOSE_COMPLETION, row->item, (uint32_t)part, j);
        cr_assert_leq(fabs(value - expected), tolerance(fit.count),
                      "%s, part %zu, point %zu: got %.9g, expected %.9g", c->name, part, j, value,
                      expected);
    }
}

static void check_case(const fmx_test *test, const fmx_case_completion *c)
{
    size_t stride = c->is_complex ? 2 : 1;
    size_t count = c->rows * c->points * stride;
    fmx_signal signal = fmx_test_spectra(test, c->is_complex, c->rows, c->points, 8);
    float *before = fmx_test_random(count, 8);
    float *got = fmx_test_random(count, 1);
    signal.seed = UINT64_C(0xfeedbeef00000011);
    for (size_t i = 0; i < c->rows; ++i) {
        signal.row[i].noise_sigma = sigma;
        signal.row[i].item = 3 + (i << 32);
    }
    fmx_test_ok(test, fmx_complete_ends(&signal, &c->options), c->name);
    fmx_test_ok(test, fmx_signal_read(&signal, got), c->name);
    for (size_t i = 0; i < c->rows; ++i)
        for (size_t part = 0; part < stride; ++part)
            check_part(c, &signal.row[i], signal.seed, part, before + i * c->points * stride,
                       got + i * c->points * stride);
    fmx_signal_clear(&signal);
    free(before);
    free(got);
}

Test(completion, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_completion / sizeof *fmx_cases_completion; ++i)
        check_case(&test, &fmx_cases_completion[i]);
    fmx_test_close(&test);
}

Test(completion, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    enum { COUNT = 2 * 3 * 1009 };
    fmx_completion options = FMX_COMPLETION_DEFAULT;
    float *got[2];
    for (int run = 0; run < 2; ++run) {
        fmx_signal signal = fmx_test_spectra(&test, true, 3, 1009, 4);
        signal.row[0].noise_sigma = signal.row[1].noise_sigma = signal.row[2].noise_sigma = 1;
        got[run] = fmx_test_random(COUNT, 1);
        fmx_test_ok(&test, fmx_complete_ends(&signal, &options), "complete");
        fmx_test_ok(&test, fmx_signal_read(&signal, got[run]), "read");
        fmx_signal_clear(&signal);
    }
    cr_assert_arr_eq(got[0], got[1], COUNT * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

static void keep_line(void *user, fmx_log_level level, const char *text)
{
    (void)level;
    snprintf(user, 256, "%s", text);
}

/* No noise known, and an axis that misses the ranges: zeros, and the log says so. */
Test(completion, says_what_is_missing)
{
    fmx_test test = fmx_test_open();
    char text[256] = "";
    float got[100];
    fmx_context_set_log(test.ctx, keep_line, text, FMX_LOG_WARNING);
    fmx_completion options = FMX_COMPLETION_DEFAULT;
    fmx_signal signal = fmx_test_spectra(&test, false, 1, 100, 1);
    fmx_test_ok(&test, fmx_complete_ends(&signal, &options), "complete");
    cr_assert(strstr(text, "without noise") != NULL, "%s", text);
    signal.row[0].noise_sigma = 1;
    signal.row[0].ppm_first = 200;
    options.noise = false;
    fmx_test_ok(&test, fmx_complete_ends(&signal, &options), "complete");
    cr_assert(strstr(text, "around zero") != NULL, "%s", text);
    fmx_test_ok(&test, fmx_signal_read(&signal, got), "read");
    for (size_t j = 0; j < 100; ++j)
        cr_assert_eq(got[j], 0);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

Test(completion, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_completion options = FMX_COMPLETION_DEFAULT;
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 64, 1);
    options.low_to_ppm = NAN;
    fmx_test_refused(&test, fmx_complete_ends(&signal, &options), FMX_ERROR_ARGUMENT, "low_to_ppm");
    options.low_to_ppm = 0.5;
    options.high_ppm = 0.1;
    fmx_test_refused(&test, fmx_complete_ends(&signal, &options), FMX_ERROR_ARGUMENT, "below");
    options.high_ppm = 10;
    signal.row[1].ppm_step = 0;
    fmx_test_refused(&test, fmx_complete_ends(&signal, &options), FMX_ERROR_ARGUMENT, "row 1");
    signal.domain = FMX_DOMAIN_TIME;
    fmx_test_refused(&test, fmx_complete_ends(&signal, &options), FMX_ERROR_SHAPE, "spectrum");
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

static fmx_status complete_default(void *user)
{
    fmx_completion options = FMX_COMPLETION_DEFAULT;
    return fmx_complete_ends(user, &options);
}

Test(completion, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_signal signal = fmx_test_spectra(&test, true, 2, 1000, 1);
    fmx_test_each_failure(&test, complete_default, &signal);
    fmx_signal_clear(&signal);
    fmx_test_close(&test);
}

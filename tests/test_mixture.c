#include "mixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/mixture.h"
#include "fmx_test.h"
#include "mixture_ref.h"
#include "normal_ref.h"
#include "philox.h"

static const uint64_t seed = UINT64_C(0xfeedbeef00000011);

/* A case on the device: what goes in and what comes out. */
typedef struct job {
    const fmx_case_mixture *c;
    float *library;
    uint32_t *plan;
    float *out;
    float *facts;
    fmx_buffer *library_buffer;
    fmx_buffer *plan_buffer;
    fmx_buffer *out_buffer;
    fmx_buffer *facts_buffer;
    fmx__mixture_of of;
} job;

static fmx__mixture_head *head_of(const job *j, size_t m)
{
    return (fmx__mixture_head *)(j->plan + m * fmx__mixture_words(j->c->most));
}

static fmx__mixture_part *parts_of(const job *j, size_t m)
{
    return (fmx__mixture_part *)(head_of(j, m) + 1);
}

/* Every second part is turned: by one point, by all but one, by what stands across blocks. */
static uint32_t turn_of(const fmx_case_mixture *c, size_t m, size_t k)
{
    const size_t turns[] = {0, 1, 0, c->points - 1, 0, c->points / 2 + 5, 0, 7 * m};
    return (uint32_t)(turns[(m + k) % (sizeof turns / sizeof *turns)] % c->points);
}

/* Entries beyond the used ones name a row that does not exist: they must not be read. */
static void fill_plan(job *j)
{
    const fmx_case_mixture *c = j->c;
    for (size_t m = 0; m < c->mixtures; ++m) {
        uint32_t parts = (uint32_t)(m % (c->most + 1));
        if (c->mixtures == 1 && c->noise == 0)
            parts = 1;
        *head_of(j, m) = (fmx__mixture_head){.parts = parts,
                                             .item_low = (uint32_t)(5 + m),
                                             .item_high = (uint32_t)(m % 3),
                                             .draw = (uint32_t)(m % 2),
                                             .noise = (float)c->noise,
                                             .bias = (float)c->bias};
        for (size_t k = 0; k < c->most; ++k)
            parts_of(j, m)[k] =
                k < parts ? (fmx__mixture_part){(uint32_t)((m * 5 + k * 3) % c->library),
                                                1.0f / (float)(1 + k + m % 4), turn_of(c, m, k)}
                          : (fmx__mixture_part){UINT32_MAX, NAN, UINT32_MAX};
    }
}

static void job_open(const fmx_test *test, const fmx_case_mixture *c, job *j)
{
    size_t words = c->mixtures * fmx__mixture_words(c->most);
    size_t outputs = c->mixtures * c->points;
    *j = (job){.c = c};
    j->library = fmx_test_random(c->library * c->points, 3);
    j->plan = calloc(words, sizeof *j->plan);
    j->out = fmx_test_random(outputs, 1);
    j->facts = fmx_test_random(2 * c->mixtures, 1);
    cr_assert_not_null(j->plan);
    fill_plan(j);
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, j->library,
                                       c->library * c->points * sizeof *j->library,
                                       &j->library_buffer),
                c->name);
    fmx_test_ok(
        test,
        fmx_buffer_create_copy(test->device, j->plan, words * sizeof *j->plan, &j->plan_buffer),
        c->name);
    fmx_test_ok(test, fmx_buffer_create(test->device, outputs * sizeof(float), &j->out_buffer),
                c->name);
    fmx_test_ok(test,
                fmx_buffer_create(test->device, 2 * c->mixtures * sizeof(float), &j->facts_buffer),
                c->name);
    j->of = (fmx__mixture_of){.library = j->library_buffer,
                              .library_rows = c->library,
                              .points = c->points,
                              .plan = j->plan_buffer,
                              .most = c->most,
                              .count = c->mixtures,
                              .divide = c->divide == 1,
                              .by_noise = c->divide == 2,
                              .smooth = c->smooth,
                              .seed = seed};
}

static void job_run(const fmx_test *test, job *j)
{
    const fmx_case_mixture *c = j->c;
    fmx_test_ok(test, fmx__mixture(test->device, j->out_buffer, j->facts_buffer, &j->of), c->name);
    fmx_test_ok(test,
                fmx_buffer_read(j->out_buffer, 0, j->out, c->mixtures * c->points * sizeof *j->out),
                c->name);
    fmx_test_ok(test,
                fmx_buffer_read(j->facts_buffer, 0, j->facts, 2 * c->mixtures * sizeof *j->facts),
                c->name);
}

static void job_close(job *j)
{
    fmx_buffer_release(j->facts_buffer);
    fmx_buffer_release(j->out_buffer);
    fmx_buffer_release(j->plan_buffer);
    fmx_buffer_release(j->library_buffer);
    free(j->facts);
    free(j->out);
    free(j->plan);
    free(j->library);
}

/* One fma a part, each rounding at most eps of the sum of |weight| (spectra are below 1); so errs
 * the tallest peak, and with it sigma, of which a sample is at most 6.8; the sample itself errs by
 * its bound; fma and division round once each, and OpenCL allows a division 2.5 units of 2^-23. */
static double tolerance(const job *j, size_t m, double sigma, double divisor, double value)
{
    double weights = 0;
    uint32_t parts = head_of(j, m)->parts;
    for (uint32_t k = 0; k < parts; ++k)
        weights += (double)parts_of(j, m)[k].weight;
    double sum = parts * weights * FMX_TEST_EPS;
    double noise = j->c->noise * 6.8 * sum + sigma * divisor * FMX_REF_NORMAL_ERROR +
                   2 * sigma * divisor * 6.8 * FMX_TEST_EPS;
    double absolute = (sum + noise) / divisor;
    return absolute + fabs(value) * (absolute + 7 * FMX_TEST_EPS) + 1e-38;
}

static void check_mixture(const job *j, size_t m, double *expected)
{
    const fmx_case_mixture *c = j->c;
    const fmx__mixture_head *head = head_of(j, m);
    uint32_t row[FMX__MIXTURE_MOST];
    float weight[FMX__MIXTURE_MOST];
    uint32_t turn[FMX__MIXTURE_MOST];
    double sigma = 0;
    double divisor = 0;
    for (uint32_t k = 0; k < head->parts; ++k) {
        row[k] = parts_of(j, m)[k].row;
        weight[k] = parts_of(j, m)[k].weight;
        turn[k] = parts_of(j, m)[k].turn;
    }
    fmx_ref_mixture(expected, &sigma, &divisor, j->library, c->points, row, weight, turn,
                    head->parts, (double)head->noise, seed, FMX__PURPOSE_MIXTURE,
                    (uint64_t)head->item_high << 32 | head->item_low, head->draw ^ 0x80000000u,
                    c->divide, c->smooth, (double)(float)c->bias);
    for (size_t i = 0; i < c->points; ++i) {
        double got = (double)j->out[m * c->points + i];
        cr_assert_leq(fabs(got - expected[i]), tolerance(j, m, sigma, divisor, expected[i]),
                      "%s, mixture %zu, point %zu: got %.9g, expected %.9g", c->name, m, i, got,
                      expected[i]);
    }
    cr_assert_float_eq(j->facts[2 * m], sigma, tolerance(j, m, sigma, divisor, sigma),
                       "%s, sigma of %zu", c->name, m);
    cr_assert_float_eq(j->facts[2 * m + 1], divisor, divisor * tolerance(j, m, sigma, divisor, 1),
                       "%s, divisor of %zu", c->name, m);
}

Test(mixture, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < sizeof fmx_cases_mixture / sizeof *fmx_cases_mixture; ++i) {
        const fmx_case_mixture *c = &fmx_cases_mixture[i];
        job j;
        job_open(&test, c, &j);
        job_run(&test, &j);
        double *expected = calloc(c->points, sizeof *expected);
        cr_assert_not_null(expected);
        /* of many mixtures some suffice: the twin is slow */
        for (size_t m = 0; m<c->mixtures; m += c->mixtures> 100 ? 29 : 1)
            check_mixture(&j, m, expected);
        free(expected);
        job_close(&j);
    }
    fmx_test_close(&test);
}

Test(mixture, repeats_to_the_bit)
{
    fmx_test test = fmx_test_open();
    const fmx_case_mixture c = {"repeat", 9, 4099, 5, 6, 0.02, 1, 0};
    job j[2];
    for (int run = 0; run < 2; ++run) {
        job_open(&test, &c, &j[run]);
        job_run(&test, &j[run]);
    }
    cr_assert_arr_eq(j[0].out, j[1].out, c.mixtures * c.points * sizeof(float));
    job_close(&j[0]);
    job_close(&j[1]);
    fmx_test_close(&test);
}

/* A mixture is the same wherever it stands in a batch and however wide the plan is. */
Test(mixture, independent_of_the_batch)
{
    fmx_test test = fmx_test_open();
    const fmx_case_mixture many = {"many", 9, 1009, 5, 6, 0.02, 1, 0};
    const fmx_case_mixture one = {"one", 1, 1009, 5, 6, 0.02, 1, 0};
    job a;
    job b;
    job_open(&test, &many, &a);
    job_run(&test, &a);
    job_open(&test, &one, &b);
    size_t words = fmx__mixture_words(many.most);
    for (size_t m = 0; m < many.mixtures; ++m) {
        fmx_test_ok(&test,
                    fmx_buffer_write(b.plan_buffer, 0, a.plan + m * words, words * sizeof *a.plan),
                    "write");
        job_run(&test, &b);
        cr_assert_arr_eq(b.out, a.out + m * many.points, many.points * sizeof(float), "%zu", m);
    }
    job_close(&a);
    job_close(&b);
    fmx_test_close(&test);
}

/* Nothing to add up and no noise: zeros, not divided; a spectrum below zero is not divided either.
 */
Test(mixture, nothing_above_zero)
{
    fmx_test test = fmx_test_open();
    const fmx_case_mixture c = {"empty", 2, 100, 1, 1, 0, 1, 0};
    job j;
    job_open(&test, &c, &j);
    for (size_t i = 0; i < c.points; ++i)
        j.library[i] = -2;
    fmx_test_ok(&test, fmx_buffer_write(j.library_buffer, 0, j.library, c.points * sizeof(float)),
                "write");
    job_run(&test, &j);
    for (size_t i = 0; i < c.points; ++i) {
        cr_assert_eq(j.out[i], 0);
        cr_assert_eq(j.out[c.points + i], -2 * parts_of(&j, 1)[0].weight);
    }
    cr_assert_eq(j.facts[0], 0);
    cr_assert_eq(j.facts[1], 1);
    job_close(&j);
    fmx_test_close(&test);
}

Test(mixture, refusals)
{
    fmx_test test = fmx_test_open();
    const fmx_case_mixture c = {"refused", 2, 100, 2, 2, 0, 1, 0};
    job j;
    job_open(&test, &c, &j);
    fmx__mixture_of of = j.of;
    of.most = 0;
    fmx_test_refused(&test, fmx__mixture(test.device, j.out_buffer, j.facts_buffer, &of),
                     FMX_ERROR_ARGUMENT, "parts");
    of.most = FMX__MIXTURE_MOST + 1;
    fmx_test_refused(&test, fmx__mixture(test.device, j.out_buffer, j.facts_buffer, &of),
                     FMX_ERROR_ARGUMENT, "parts");
    of = j.of;
    of.count = 0;
    fmx_test_refused(&test, fmx__mixture(test.device, j.out_buffer, j.facts_buffer, &of),
                     FMX_ERROR_SHAPE, "at least one");
    of.count = 3;
    fmx_test_refused(&test, fmx__mixture(test.device, j.out_buffer, j.facts_buffer, &of),
                     FMX_ERROR_SHAPE, "");
    job_close(&j);
    fmx_test_close(&test);
}

#include <math.h>
#include <stdlib.h>

#include "cases/optimiser.h"
#include "fmx_test.h"
#include "optimiser.h"
#include "optimiser_ref.h"

enum { STEPS = 7 };

static fmx__adam adam_of(const fmx_case_optimiser *c)
{
    return (fmx__adam){c->learning_rate, c->beta1, c->beta2, c->epsilon, c->pytorch};
}

/* A few steps with gradients that change; the moments' relative error grows by about three
 * roundings a step, the update by six; rate t is at most 3 learning rates a step. m may cancel: its
 * error is of the size of the gradients (1), so the update's is rate / (sqrt(v) + epsilon) times
 * that. */
static void check_case(const fmx_test *test, const fmx_case_optimiser *c)
{
    size_t bytes = c->count * sizeof(float);
    fmx_buffer *buffer[4] = {NULL}; /* value, m, v, gradient */
    float *start = fmx_test_random(c->count, 1);
    float *got = fmx_test_random(c->count, 1);
    double *w = calloc(c->count, sizeof *w);
    double *m = calloc(c->count, sizeof *m);
    double *v = calloc(c->count, sizeof *v);
    double *tolerance = calloc(c->count, sizeof *tolerance);
    const fmx__adam adam = adam_of(c);
    const fmx_ref_adam ref = {c->learning_rate, c->beta1, c->beta2, c->epsilon, c->pytorch != 0};
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, start, bytes, &buffer[0]), "weights");
    for (int i = 1; i < 4; ++i) {
        fmx_test_ok(test, fmx_buffer_create(test->device, bytes, &buffer[i]), "state");
        fmx_test_ok(test, fmx_buffer_zero(buffer[i], 0, bytes), "state");
    }
    for (size_t i = 0; i < c->count; ++i)
        w[i] = start[i];
    for (unsigned t = 1; t <= STEPS; ++t) {
        float *g = fmx_test_random(c->count, 10 + t);
        fmx__adam_step step = fmx__adam_at(&adam, adam.learning_rate, t);
        fmx_test_ok(test, fmx_buffer_write(buffer[3], 0, g, bytes), "gradient");
        fmx_test_ok(test,
                    fmx__adam_run(test->device, &adam, c->count, buffer[0], buffer[1], buffer[2],
                                  buffer[3], &step),
                    c->name);
        for (size_t i = 0; i < c->count; ++i) {
            fmx_ref_adam_step(&ref, t, g[i], &w[i], &m[i], &v[i]);
            tolerance[i] += FMX_TEST_EPS * (1 + 20.0 * (double)t * (double)step.rate /
                                                    (sqrt(v[i]) + (double)step.epsilon));
        }
        free(g);
    }
    fmx_test_ok(test, fmx_buffer_read(buffer[0], 0, got, bytes), "weights");
    for (size_t i = 0; i < c->count; ++i)
        cr_assert_leq(fabs(got[i] - w[i]), tolerance[i] + fabs(w[i]) * FMX_TEST_EPS * STEPS,
                      "%s, weight %zu: %.9g, expected %.9g +- %g", c->name, i, (double)got[i], w[i],
                      tolerance[i]);
    for (int i = 0; i < 4; ++i)
        fmx_buffer_release(buffer[i]);
    free(start);
    free(got);
    free(w);
    free(m);
    free(v);
    free(tolerance);
}

Test(optimiser, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_optimiser); ++i) {
        fmx_case_optimiser c = fmx_cases_optimiser[i];
        if (c.bench)
            c.count = 65537; /* the benchmark's own count takes a GiB */
        check_case(&test, &c);
    }
    fmx_test_close(&test);
}

/* The first step of any gradient moves a weight by the learning rate, whatever the gradient's size.
 */
Test(optimiser, corrections_at_the_first_step)
{
    const fmx__adam adam = {0.01, 0.9, 0.999, 1e-12, FMX__ADAM_KERAS};
    fmx_test test = fmx_test_open();
    for (int power = -4; power <= 4; power += 4) {
        float weight = 1;
        float gradient = (float)pow(10, power);
        float zero = 0;
        fmx_buffer *buffer[4] = {NULL};
        fmx__adam_step step = fmx__adam_at(&adam, adam.learning_rate, 1);
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, &weight, 4, &buffer[0]), "w");
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, &zero, 4, &buffer[1]), "m");
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, &zero, 4, &buffer[2]), "v");
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, &gradient, 4, &buffer[3]), "g");
        fmx_test_ok(
            &test,
            fmx__adam_run(test.device, &adam, 1, buffer[0], buffer[1], buffer[2], buffer[3], &step),
            "run");
        fmx_test_ok(&test, fmx_buffer_read(buffer[0], 0, &weight, 4), "w");
        cr_assert_float_eq(weight, 0.99, 4 * FMX_TEST_EPS, "gradient 1e%d: %.9g", power,
                           (double)weight);
        for (int i = 0; i < 4; ++i)
            fmx_buffer_release(buffer[i]);
    }
    fmx_test_close(&test);
}

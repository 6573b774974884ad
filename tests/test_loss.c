#include <math.h>
#include <stdlib.h>

#include "cases/loss.h"
#include "fmx_test.h"
#include "loss.h"
#include "loss_ref.h"

/* Logits up to 8, targets: proportions of which half are 0, and rows without any. */
static void make_case(const fmx_case_loss *c, float *logits, float *target)
{
    float *random = fmx_test_random(2 * c->batch * c->classes, 9);
    for (size_t row = 0; row < c->batch; ++row) {
        double sum = 0;
        for (size_t k = 0; k < c->classes; ++k) {
            size_t i = row * c->classes + k;
            logits[i] = 8 * random[2 * i];
            target[i] = random[2 * i + 1] > 0 && row % 3 != 2 ? random[2 * i + 1] : 0;
            sum += target[i];
        }
        for (size_t k = 0; k < c->classes && sum > 0; ++k)
            target[row * c->classes + k] /= (float)sum;
    }
    free(random);
}

static double twin(const fmx__loss *loss, const fmx__loss_options *options, double *grad,
                   const double *x, const double *t, size_t classes)
{
    return loss->kind == FMX__LOSS_CROSS_ENTROPY
               ? fmx_ref_cross_entropy(grad, x, t, classes)
               : fmx_ref_binary_cross_entropy(grad, x, t, classes, options->positive_weight);
}

/* The twin's gradient against central differences in double: h^2 f''' / 6 and 2^-53 f / h. */
static void check_differences(const fmx__loss *loss, const fmx__loss_options *options, double *x,
                              const double *t, const double *grad, size_t classes)
{
    double *unused = calloc(classes, sizeof *unused);
    for (size_t c = 0; c < classes; ++c) {
        double kept = x[c];
        x[c] = kept + 1e-5;
        double above = twin(loss, options, unused, x, t, classes);
        x[c] = kept - 1e-5;
        double below = twin(loss, options, unused, x, t, classes);
        x[c] = kept;
        cr_assert_float_eq((above - below) / 2e-5, grad[c], 1e-8 * (1 + fabs(above)));
    }
    free(unused);
}

/* Exponentials and logarithms (2 ulp of values up to 17), sums of C terms. */
static void check_rows(const fmx__loss *loss, const fmx__loss_options *options,
                       const fmx_case_loss *c, const float *logits, const float *target,
                       const float *losses, const float *grad)
{
    double *x = calloc(c->classes, sizeof *x);
    double *t = calloc(c->classes, sizeof *t);
    double *expected = calloc(c->classes, sizeof *expected);
    double eps = (40 + 2 * (double)c->classes) * FMX_TEST_EPS;
    for (size_t row = 0; row < c->batch; ++row) {
        for (size_t k = 0; k < c->classes; ++k) {
            x[k] = logits[row * c->classes + k];
            t[k] = target[row * c->classes + k];
        }
        double value = twin(loss, options, expected, x, t, c->classes);
        cr_assert_leq(fabs(losses[row] - value), eps * (17 + fabs(value)), "%s, row %zu: %g, %g",
                      c->name, row, (double)losses[row], value);
        for (size_t k = 0; k < c->classes; ++k) {
            double want = expected[k] * options->weight / (double)c->batch;
            cr_assert_leq(fabs(grad[row * c->classes + k] - want),
                          eps * options->weight * options->positive_weight / (double)c->batch);
        }
        check_differences(loss, options, x, t, expected, c->classes);
    }
    free(x);
    free(t);
    free(expected);
}

static void check_case(const fmx_test *test, const fmx__loss *loss, const fmx_case_loss *c)
{
    size_t count = c->batch * c->classes;
    fmx__loss_options options = {"", 0.5, 3};
    fmx_buffer *buffer[4] = {NULL};
    float *logits = malloc(count * sizeof *logits);
    float *target = malloc(count * sizeof *target);
    float *losses[2];
    float *grad[2];
    if (loss->kind == FMX__LOSS_CROSS_ENTROPY)
        options.positive_weight = 1;
    make_case(c, logits, target);
    for (int run = 0; run < 2; ++run) {
        losses[run] = malloc(c->batch * sizeof(float));
        grad[run] = malloc(count * sizeof(float));
        fmx_test_ok(test, fmx_buffer_create_copy(test->device, logits, count * 4, &buffer[0]), "x");
        fmx_test_ok(test, fmx_buffer_create_copy(test->device, target, count * 4, &buffer[1]), "t");
        fmx_test_ok(test, fmx_buffer_create(test->device, c->batch * 4, &buffer[2]), "losses");
        fmx_test_ok(test, fmx_buffer_create(test->device, count * 4, &buffer[3]), "grad");
        fmx_test_ok(test,
                    fmx__loss_run(test->device, loss, &options, c->batch, c->classes, buffer[0],
                                  buffer[1], buffer[2], buffer[3]),
                    c->name);
        fmx_test_ok(test, fmx_buffer_read(buffer[2], 0, losses[run], c->batch * 4), "losses");
        fmx_test_ok(test, fmx_buffer_read(buffer[3], 0, grad[run], count * 4), "grad");
        for (int i = 0; i < 4; ++i)
            fmx_buffer_release(buffer[i]);
    }
    check_rows(loss, &options, c, logits, target, losses[0], grad[0]);
    cr_assert_arr_eq(losses[0], losses[1], c->batch * sizeof(float));
    cr_assert_arr_eq(grad[0], grad[1], count * sizeof(float));
    for (int run = 0; run < 2; ++run) {
        free(losses[run]);
        free(grad[run]);
    }
    free(logits);
    free(target);
}

Test(loss, twin)
{
    fmx_test test = fmx_test_open();
    const fmx__option_group *group = NULL;
    for (size_t k = 0; (group = fmx__loss_stage(k)) != NULL; ++k) {
        for (size_t i = 0; i < FMX__COUNT(fmx_cases_loss); ++i)
            check_case(&test, fmx__loss_find(group), &fmx_cases_loss[i]);
    }
    fmx_test_close(&test);
}

Test(loss, extreme_logits_stay_finite_and_nan_shows)
{
    const float logits[6] = {1000, -1000, 0, NAN, 0, 0};
    const float target[6] = {0, 1, 0, 1, 0, 0};
    fmx_test test = fmx_test_open();
    const fmx__option_group *group = NULL;
    for (size_t k = 0; (group = fmx__loss_stage(k)) != NULL; ++k) {
        const fmx__loss_options options = {"", 1, 1};
        float losses[2];
        float grad[6];
        fmx_buffer *buffer[4] = {NULL};
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, logits, 24, &buffer[0]), "x");
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, target, 24, &buffer[1]), "t");
        fmx_test_ok(&test, fmx_buffer_create(test.device, 8, &buffer[2]), "losses");
        fmx_test_ok(&test, fmx_buffer_create(test.device, 24, &buffer[3]), "grad");
        fmx_test_ok(&test,
                    fmx__loss_run(test.device, fmx__loss_find(group), &options, 2, 3, buffer[0],
                                  buffer[1], buffer[2], buffer[3]),
                    "run");
        fmx_test_ok(&test, fmx_buffer_read(buffer[2], 0, losses, 8), "losses");
        fmx_test_ok(&test, fmx_buffer_read(buffer[3], 0, grad, 24), "grad");
        cr_assert(losses[0] > 100 && isfinite(losses[0]));
        cr_assert(isfinite(grad[0]) && grad[0] > 0.1F && grad[1] < -0.1F);
        cr_assert(isnan(losses[1]), "%s hides a NaN", group->name);
        for (int i = 0; i < 4; ++i)
            fmx_buffer_release(buffer[i]);
    }
    fmx_test_close(&test);
}

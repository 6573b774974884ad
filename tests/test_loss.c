#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/loss.h"
#include "fmx_test.h"
#include "loss.h"
#include "loss_ref.h"

/* One loss on one case. */
typedef struct setup {
    const char *name;
    const fmx__loss *loss;
    fmx__loss_options options;
    size_t batch;
    fmx__shape output;
    fmx__shape target;
    bool labels;
    float *x;
    float *t;
    float *losses[2]; /* of two runs */
    float *grad[2];
} setup;

static size_t floats(const setup *s)
{
    return fmx__shape_floats(&s->output);
}

static size_t target_floats(const setup *s)
{
    return fmx__shape_floats(&s->target);
}

/* Outputs up to 8. Targets of classes: proportions of which half are 0, and items without any;
 * labels: every fourth is none; other targets like the outputs. */
static void make_values(setup *s)
{
    size_t n = floats(s);
    size_t m = target_floats(s);
    float *random = fmx_test_random(s->batch * (n + m), 9);
    s->x = malloc(s->batch * n * sizeof(float));
    s->t = malloc(s->batch * m * sizeof(float));
    for (size_t i = 0; i < s->batch * n; ++i)
        s->x[i] = 8 * random[i];
    for (size_t i = 0; i < s->batch * m; ++i) {
        double r = (double)random[s->batch * n + i];
        if (s->labels)
            s->t[i] = i % 4 == 3 ? -1 : (float)(i * 7 % s->output.channels);
        else if (s->loss->activation != NULL)
            s->t[i] = r > 0 && i / m % 3 != 2 ? (float)(r / (double)m * 2) : 0;
        else
            s->t[i] = (float)(8 * r);
    }
    free(random);
}

static void run_once(const fmx_test *test, setup *s, int run)
{
    size_t bytes = s->batch * floats(s) * sizeof(float);
    fmx__loss_call call = {
        .device = test->device,
        .loss = s->loss,
        .options = &s->options,
        .batch = s->batch,
        .output_shape = s->output,
        .target_shape = s->target,
    };
    size_t scratch = fmx__loss_scratch(&call);
    s->losses[run] = malloc(s->batch * sizeof(float));
    s->grad[run] = malloc(bytes);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, s->x, bytes, &call.output), "x");
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, s->t,
                                       s->batch * target_floats(s) * sizeof(float), &call.target),
                "t");
    fmx_test_ok(test, fmx_buffer_create(test->device, s->batch * 4, &call.losses), "losses");
    fmx_test_ok(test, fmx_buffer_create(test->device, bytes, &call.grad), "grad");
    if (scratch > 0)
        fmx_test_ok(test, fmx_buffer_create(test->device, scratch, &call.scratch), "scratch");
    fmx_test_ok(test, fmx__loss_run(&call), s->name);
    fmx_test_ok(test, fmx_buffer_read(call.losses, 0, s->losses[run], s->batch * 4), "losses");
    fmx_test_ok(test, fmx_buffer_read(call.grad, 0, s->grad[run], bytes), "grad");
    fmx_buffer_release(call.output);
    fmx_buffer_release(call.target);
    fmx_buffer_release(call.losses);
    fmx_buffer_release(call.grad);
    fmx_buffer_release(call.scratch);
}

static void clear(setup *s)
{
    free(s->x);
    free(s->t);
    for (int run = 0; run < 2; ++run) {
        free(s->losses[run]);
        free(s->grad[run]);
    }
}

static double twin(const setup *s, double *grad, const double *x, const double *t)
{
    switch (s->loss->kind) {
    case FMX__LOSS_CROSS_ENTROPY:
        return s->labels
                   ? fmx_ref_label_entropy(grad, x, t, s->output.channels, s->output.positions)
                   : fmx_ref_cross_entropy(grad, x, t, s->output.channels, s->output.positions);
    case FMX__LOSS_BINARY_CROSS_ENTROPY:
        return fmx_ref_binary_cross_entropy(grad, x, t, floats(s), s->options.positive_weight);
    case FMX__LOSS_MSE:
        return fmx_ref_mse(grad, x, t, floats(s));
    case FMX__LOSS_MAE:
        return fmx_ref_mae(grad, x, t, floats(s));
    case FMX__LOSS_HUBER:
        return fmx_ref_huber(grad, x, t, floats(s), s->options.delta);
    }
    return NAN;
}

/* The twin's gradient against central differences in double: h^2 f''' / 6 and 2^-53 f / h. */
static void check_differences(const setup *s, double *x, const double *t, const double *grad)
{
    double *unused = calloc(floats(s), sizeof *unused);
    size_t step = floats(s) > 200 ? floats(s) / 47 : 1;
    for (size_t i = 0; i < floats(s); i += step) {
        double kept = x[i];
        x[i] = kept + 1e-5;
        double above = twin(s, unused, x, t);
        x[i] = kept - 1e-5;
        double below = twin(s, unused, x, t);
        x[i] = kept;
        cr_assert_float_eq((above - below) / 2e-5, grad[i], 1e-8 * (1 + fabs(above)), "%s: %zu",
                           s->name, i);
    }
    free(unused);
}

/* Terms that are added one after the other: of a part, in 16 lanes and a rest, and of the parts. */
static double additions(const setup *s)
{
    double n = (double)floats(s);
    return 5 + fmin(n, 8192) / 16 + fmin(n, 15) + n / 4096 / 16 + fmin(n / 4096, 15);
}

/* Cross-entropies take exponentials and logarithms (2 ulp of values up to 17) and sums of C terms.
 * Deviations are rounded once, and all of their terms are of one sign: relative errors. */
static void tolerances(const setup *s, double value, double grad, double *loss_tol,
                       double *grad_tol)
{
    double terms = s->loss->kind == FMX__LOSS_CROSS_ENTROPY ? 2 * (double)s->output.channels : 0;
    double scale = s->options.weight / (double)s->batch;
    if (s->loss->activation == NULL) {
        *loss_tol = (additions(s) + 5) * FMX_TEST_EPS * fabs(value);
        *grad_tol = 6 * FMX_TEST_EPS * fabs(grad);
        return;
    }
    double n = s->loss->kind == FMX__LOSS_CROSS_ENTROPY ? 1 : (double)floats(s);
    *loss_tol = (40 + terms + additions(s)) * FMX_TEST_EPS * (17 + fabs(value));
    *grad_tol = (40 + terms) * FMX_TEST_EPS * scale * s->options.positive_weight / n;
}

static void check_items(const setup *s)
{
    size_t n = floats(s);
    size_t m = target_floats(s);
    double *x = calloc(n, sizeof *x);
    double *t = calloc(m, sizeof *t);
    double *expected = calloc(n, sizeof *expected);
    double loss_tol = 0;
    double grad_tol = 0;
    for (size_t b = 0; b < s->batch; ++b) {
        for (size_t i = 0; i < n; ++i)
            x[i] = (double)s->x[b * n + i];
        for (size_t i = 0; i < m; ++i)
            t[i] = (double)s->t[b * m + i];
        double value = twin(s, expected, x, t);
        for (size_t i = 0; i < n; ++i) {
            double want = expected[i] * s->options.weight / (double)s->batch;
            tolerances(s, value, want, &loss_tol, &grad_tol);
            if (!(fabs((double)s->grad[0][b * n + i] - want) <= grad_tol))
                cr_assert_fail("%s, %s, item %zu, %zu: %g, %g", s->loss->group.name, s->name, b, i,
                               (double)s->grad[0][b * n + i], want);
        }
        cr_assert_leq(fabs((double)s->losses[0][b] - value), loss_tol,
                      "%s, %s, item %zu: %.9g, %.9g", s->loss->group.name, s->name, b,
                      (double)s->losses[0][b], value);
        if (b < 3 && n <= 5000)
            check_differences(s, x, t, expected);
    }
    free(x);
    free(t);
    free(expected);
}

static void check_case(const fmx_test *test, const fmx__loss *loss, const fmx_case_loss *c,
                       bool labels)
{
    setup s = {
        .name = c->name,
        .loss = loss,
        .options = {.weight = 0.5, .positive_weight = 3, .delta = 1.5},
        .batch = c->bench ? 2 : c->batch,
        .output = {c->channels, c->positions, false},
        .target = {c->channels, c->positions, false},
        .labels = labels,
    };
    if (labels)
        s.target = (fmx__shape){c->positions, 1, false};
    if (loss->kind == FMX__LOSS_CROSS_ENTROPY)
        s.options.positive_weight = 1;
    if (labels && c->channels == 1 && c->positions == 1)
        return; /* the same shape: a proportion */
    make_values(&s);
    for (int run = 0; run < 2; ++run)
        run_once(test, &s, run);
    check_items(&s);
    cr_assert_arr_eq(s.losses[0], s.losses[1], s.batch * sizeof(float));
    cr_assert_arr_eq(s.grad[0], s.grad[1], s.batch * floats(&s) * sizeof(float));
    clear(&s);
}

Test(loss, twin)
{
    fmx_test test = fmx_test_open();
    const fmx__option_group *group = NULL;
    for (size_t k = 0; (group = fmx__loss_stage(k)) != NULL; ++k) {
        for (size_t i = 0; i < FMX__COUNT(fmx_cases_loss); ++i)
            check_case(&test, fmx__loss_find(group), &fmx_cases_loss[i], false);
    }
    fmx_test_close(&test);
}

Test(loss, labels)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_loss); ++i)
        check_case(&test, fmx__loss_named("cross_entropy"), &fmx_cases_loss[i], true);
    fmx_test_close(&test);
}

static void run_given(const fmx_test *test, setup *s, const float *x, const float *t)
{
    s->x = malloc(s->batch * floats(s) * sizeof(float));
    s->t = malloc(s->batch * target_floats(s) * sizeof(float));
    memcpy(s->x, x, s->batch * floats(s) * sizeof(float));
    memcpy(s->t, t, s->batch * target_floats(s) * sizeof(float));
    run_once(test, s, 0);
}

Test(loss, extreme_logits_stay_finite_and_nan_shows)
{
    const float logits[6] = {1000, -1000, 0, NAN, 0, 0};
    const float target[6] = {0, 1, 0, 1, 0, 0};
    fmx_test test = fmx_test_open();
    const fmx__option_group *group = NULL;
    for (size_t k = 0; (group = fmx__loss_stage(k)) != NULL; ++k) {
        setup s = {
            .name = group->name,
            .loss = fmx__loss_find(group),
            .options = {.weight = 1, .positive_weight = 1, .delta = 1},
            .batch = 2,
            .output = {3, 1, false},
            .target = {3, 1, false},
        };
        run_given(&test, &s, logits, target);
        cr_assert(s.losses[0][0] > 100 && isfinite(s.losses[0][0]));
        cr_assert(isfinite(s.grad[0][0]) && s.grad[0][0] > 0.1F && s.grad[0][1] < -0.1F);
        cr_assert(isnan(s.losses[0][1]), "%s hides a NaN", group->name);
        clear(&s);
    }
    fmx_test_close(&test);
}

/* Logits of +-1000 at labels, an item without any, and a label that is no class. */
Test(loss, labels_none_and_wrong)
{
    const float logits[12] = {1000, -1000, 0, 5, 1, 2, 3, 4, 1, 2, 3, 4};
    const float target[6] = {1, 1, -1, -1, 0, 2};
    fmx_test test = fmx_test_open();
    setup s = {
        .name = "labels",
        .loss = fmx__loss_named("cross_entropy"),
        .options = {.weight = 1},
        .batch = 3,
        .output = {2, 2, false},
        .target = {2, 1, false},
    };
    run_given(&test, &s, logits, target);
    cr_assert_float_eq(s.losses[0][0], (1000 + log1p(exp(-1005))) / 2, 1e-3);
    cr_assert_eq(s.losses[0][1], 0);
    for (size_t i = 4; i < 8; ++i)
        cr_assert_eq(s.grad[0][i], 0);
    cr_assert(isnan(s.losses[0][2]), "a class that does not exist was taken");
    clear(&s);
    fmx_test_close(&test);
}

/* Slopes where the formula has an edge. */
Test(loss, equal_values_have_no_slope)
{
    const float x[4] = {0, 1, -2, 3};
    const float t[4] = {0, 1, 0, 1};
    const float mae[4] = {0, 0, -0.25F, 0.25F};
    const float huber[4] = {0, 0, -0.5F, 0.5F};
    fmx_test test = fmx_test_open();
    for (int i = 0; i < 2; ++i) {
        setup s = {
            .name = "edge",
            .loss = fmx__loss_named(i == 0 ? "mae" : "huber"),
            .options = {.weight = 1, .delta = 2},
            .batch = 1,
            .output = {1, 4, false},
            .target = {4, 1, false},
        };
        run_given(&test, &s, x, t);
        cr_assert_eq(s.losses[0][0], 1);
        cr_assert_arr_eq(s.grad[0], i == 0 ? mae : huber, sizeof mae);
        clear(&s);
    }
    fmx_test_close(&test);
}

Test(loss, refusals)
{
    static const struct {
        const char *loss;
        const char *op;
        fmx__shape output;
        fmx__shape target;
        const char *part;
    } cases[] = {
        {"cross_entropy",
         "dense",
         {3, 1, false},
         {3, 1, false},
         "needs a softmax layer, \"l\" is "
         "dense"},
        {"binary_cross_entropy", NULL, {3, 1, false}, {3, 1, false}, "\"l\" is an input"},
        {"cross_entropy", "softmax", {3, 2, false}, {3, 1, false}, "one class for each position"},
        {"cross_entropy", "softmax", {3, 2, true}, {3, 2, true}, "takes real values"},
        {"mse", "conv1d", {2, 8, false}, {1, 8, false}, "gives 2 x 8 values"},
        {"mse", "conv1d", {2, 8, false}, {8, 2, false}, "they must be equal"},
        {"mae", "conv1d", {1, 8, true}, {1, 8, false}, "1 x 8 complex"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        const fmx__loss_options options = {.target = "t"};
        fmx__loss_site site = {test.ctx,    "r.yml: train.loss", "l",
                               cases[i].op, cases[i].output,     cases[i].target};
        fmx_test_refused(&test, fmx__loss_check(fmx__loss_named(cases[i].loss), &options, &site),
                         FMX_ERROR_RECIPE, cases[i].part);
    }
    fmx_test_close(&test);
}

/* What is allowed besides equal shapes, and who takes logits. */
Test(loss, shapes_and_logits)
{
    const fmx__loss_options options = {.target = "t"};
    const fmx__loss_options twice = {.target = "t", .double_softmax = true};
    fmx_test test = fmx_test_open_host();
    fmx__loss_site site = {test.ctx,  "r.yml: train.loss", "l",
                           "softmax", {10, 3, false},      {3, 1, false}};
    fmx_test_ok(&test, fmx__loss_check(fmx__loss_named("cross_entropy"), &options, &site),
                "labels");
    site.output = (fmx__shape){2000, 1, false};
    site.target = (fmx__shape){1, 2000, false};
    fmx_test_ok(&test, fmx__loss_check(fmx__loss_named("mse"), &options, &site), "flat");
    cr_assert(fmx__loss_takes_logits(fmx__loss_named("cross_entropy"), &options));
    cr_assert(!fmx__loss_takes_logits(fmx__loss_named("cross_entropy"), &twice));
    cr_assert(!fmx__loss_takes_logits(fmx__loss_named("mse"), &options));
    cr_assert_null(fmx__loss_named("nothing"));
    fmx_test_close(&test);
}

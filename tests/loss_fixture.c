#include "loss_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assignment_ref.h"
#include "loss_ref.h"

static size_t floats(const fmx_loss_fixture *f)
{
    return fmx__shape_floats(&f->output);
}

static size_t target_floats(const fmx_loss_fixture *f)
{
    return fmx__shape_floats(&f->target);
}

static bool has_labels(const fmx_loss_fixture *f)
{
    return fmx__loss_has_labels(f->loss, &f->output, &f->target);
}

static bool permutes(const fmx_loss_fixture *f)
{
    return f->options.permutation != FMX__LOSS_IN_ORDER;
}

fmx_loss_fixture fmx_loss_open(const char *name, const char *loss, size_t batch, fmx__shape output,
                               fmx__shape target, int permutation)
{
    fmx_loss_fixture f = {
        .name = name,
        .loss = fmx__loss_named(loss),
        .options = {.weight = 0.5, .positive_weight = 3, .delta = 1.5, .epsilon = 1e-8},
        .batch = batch,
        .output = output,
        .target = target,
    };
    cr_assert_not_null(f.loss, "%s", loss);
    f.options.permutation = permutation;
    return f;
}

void fmx_loss_fill(fmx_loss_fixture *f)
{
    size_t n = floats(f);
    size_t m = target_floats(f);
    float *random = fmx_test_random(f->batch * (n + m), 9);
    f->x = malloc(f->batch * n * sizeof(float));
    f->t = malloc(f->batch * m * sizeof(float));
    for (size_t i = 0; i < f->batch * n; ++i)
        f->x[i] = 8 * random[i];
    for (size_t i = 0; i < f->batch * m; ++i) {
        double r = (double)random[f->batch * n + i];
        if (has_labels(f))
            f->t[i] = i % 4 == 3 ? -1 : (float)(i * 7 % f->output.channels);
        else if (f->loss->activation != NULL)
            f->t[i] = r > 0 && i / m % 3 != 2 ? (float)(r / (double)m * 2) : 0;
        else
            f->t[i] = (float)(8 * r);
    }
    free(random);
}

void fmx_loss_give(fmx_loss_fixture *f, const float *x, const float *t)
{
    f->x = malloc(f->batch * floats(f) * sizeof(float));
    f->t = malloc(f->batch * target_floats(f) * sizeof(float));
    memcpy(f->x, x, f->batch * floats(f) * sizeof(float));
    memcpy(f->t, t, f->batch * target_floats(f) * sizeof(float));
}

void fmx_loss_run(const fmx_test *test, fmx_loss_fixture *f, int run)
{
    size_t bytes = f->batch * floats(f) * sizeof(float);
    fmx__loss_call call = {
        .device = test->device,
        .loss = f->loss,
        .options = &f->options,
        .batch = f->batch,
        .output_shape = f->output,
        .target_shape = f->target,
    };
    size_t scratch = fmx__loss_scratch(&call);
    f->losses[run] = malloc(f->batch * sizeof(float));
    f->grad[run] = malloc(bytes);
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, f->x, bytes, &call.output), "x");
    fmx_test_ok(test,
                fmx_buffer_create_copy(test->device, f->t,
                                       f->batch * target_floats(f) * sizeof(float), &call.target),
                "t");
    fmx_test_ok(test, fmx_buffer_create(test->device, f->batch * 4, &call.losses), "losses");
    fmx_test_ok(test, fmx_buffer_create(test->device, bytes, &call.grad), "grad");
    if (scratch > 0)
        fmx_test_ok(test, fmx_buffer_create(test->device, scratch, &call.scratch), "scratch");
    fmx_test_ok(test, fmx__loss_run(&call), f->name);
    fmx_test_ok(test, fmx_buffer_read(call.losses, 0, f->losses[run], f->batch * 4), "losses");
    fmx_test_ok(test, fmx_buffer_read(call.grad, 0, f->grad[run], bytes), "grad");
    fmx_buffer_release(call.output);
    fmx_buffer_release(call.target);
    fmx_buffer_release(call.losses);
    fmx_buffer_release(call.grad);
    fmx_buffer_release(call.scratch);
}

void fmx_loss_close(fmx_loss_fixture *f)
{
    free(f->x);
    free(f->t);
    for (int run = 0; run < 2; ++run) {
        free(f->losses[run]);
        free(f->grad[run]);
    }
}

/* ---- the twin of an item ----------------------------------------------------------------------
 */

/* One row by a loss that compares values. */
static double row_twin(const fmx_loss_fixture *f, double *grad, const double *x, const double *t,
                       size_t count)
{
    switch (f->loss->kind) {
    case FMX__LOSS_BINARY_CROSS_ENTROPY:
        return fmx_ref_binary_cross_entropy(grad, x, t, count, f->options.positive_weight);
    case FMX__LOSS_MSE:
        return fmx_ref_mse(grad, x, t, count);
    case FMX__LOSS_MAE:
        return fmx_ref_mae(grad, x, t, count);
    case FMX__LOSS_HUBER:
        return fmx_ref_huber(grad, x, t, count, f->options.delta);
    case FMX__LOSS_SI_SNR:
        return fmx_ref_si_snr(grad, x, t, count, f->options.epsilon);
    case FMX__LOSS_CROSS_ENTROPY:
        break;
    }
    return NAN;
}

/* The best order of the sources by a matrix of costs. */
static void best_order(const fmx_loss_fixture *f, size_t *order, const double *x, const double *t)
{
    bool labels = has_labels(f);
    size_t n = labels ? f->output.positions : f->output.channels;
    size_t points = floats(f) / n;
    double *cost = calloc(n * n, sizeof *cost);
    double *row = calloc(points, sizeof *row);
    double *unused = calloc(points, sizeof *unused);
    for (size_t i = 0; i < n; ++i) {
        for (size_t k = 0; k < points; ++k)
            row[k] = labels ? x[k * n + i] : x[i * points + k];
        for (size_t j = 0; j < n; ++j)
            cost[i * n + j] = labels ? fmx_ref_label_entropy(unused, row, t + j, points, 1)
                                     : row_twin(f, unused, row, t + j * points, points);
    }
    cr_assert(isfinite(fmx_ref_assignment(cost, n, order)), "%s: a cost is not finite", f->name);
    free(cost);
    free(row);
    free(unused);
}

static double item_twin(const fmx_loss_fixture *f, double *grad, const double *x, const double *t)
{
    const fmx__shape *shape = &f->output;
    bool labels = has_labels(f);
    size_t order[FMX__TEXT_OPTION];
    size_t n = labels ? shape->positions : shape->channels;
    double loss = 0;
    for (size_t i = 0; i < n && i < FMX__COUNT(order); ++i)
        order[i] = i;
    if (permutes(f))
        best_order(f, order, x, t);
    if (f->loss->kind == FMX__LOSS_CROSS_ENTROPY && !labels)
        return fmx_ref_cross_entropy(grad, x, t, shape->channels, shape->positions);
    if (labels && permutes(f)) {
        double given[FMX__TEXT_OPTION];
        for (size_t i = 0; i < n; ++i)
            given[i] = t[order[i]];
        return fmx_ref_label_entropy(grad, x, given, shape->channels, n);
    }
    if (labels)
        return fmx_ref_label_entropy(grad, x, t, shape->channels, n);
    if (!permutes(f) && f->loss->kind != FMX__LOSS_SI_SNR)
        return row_twin(f, grad, x, t, floats(f));
    size_t points = floats(f) / n;
    for (size_t i = 0; i < n; ++i)
        loss += row_twin(f, grad + i * points, x + i * points, t + order[i] * points, points) /
                (double)n;
    for (size_t i = 0; i < floats(f); ++i)
        grad[i] /= (double)n;
    return loss;
}

/* The twin's gradient against central differences in double: h^2 f''' / 6 and 2^-53 f / h. */
static void check_differences(const fmx_loss_fixture *f, double *x, const double *t,
                              const double *grad)
{
    double *unused = calloc(floats(f), sizeof *unused);
    size_t step = floats(f) > 200 ? floats(f) / 23 : 1;
    for (size_t i = 0; i < floats(f); i += step) {
        double kept = x[i];
        x[i] = kept + 1e-5;
        double above = item_twin(f, unused, x, t);
        x[i] = kept - 1e-5;
        double below = item_twin(f, unused, x, t);
        x[i] = kept;
        if (!(fabs((above - below) / 2e-5 - grad[i]) <= 1e-8 * (1 + fabs(above))))
            cr_assert_fail("%s, %s: %zu: differences %.12g, %.12g", f->loss->group.name, f->name, i,
                           (above - below) / 2e-5, grad[i]);
    }
    free(unused);
}

/* ---- tolerances -------------------------------------------------------------------------------
 */

/* Terms that are added one after the other: of a part, in 16 lanes and a rest, and of the parts. */
static double additions(double n)
{
    return 5 + fmin(n, 8192) / 16 + fmin(n, 15) + n / 4096 / 16 + fmin(n / 4096, 15);
}

/* Cross-entropies: exponentials and logarithms (2 ulp of values up to 17) and sums of C terms.
 * Deviations are rounded once, and all of their terms are of one sign: relative errors. SI-SNR in
 * dB, k = 10 / ln 10 times the relative errors of two energies, of which the noise is what is left
 * of values sqrt(1 + snr) times larger, and two logarithms of up to 20; a source's slope is such a
 * difference, too. */
static double loss_tolerance(const fmx_loss_fixture *f, double value, double snr)
{
    double n = (double)floats(f);
    if (f->loss->kind == FMX__LOSS_CROSS_ENTROPY)
        return (40 + 2 * (double)f->output.channels + additions(n)) * FMX_TEST_EPS *
               (17 + fabs(value));
    if (f->loss->kind == FMX__LOSS_BINARY_CROSS_ENTROPY)
        return (40 + additions(n)) * FMX_TEST_EPS * (17 + fabs(value));
    if (f->loss->kind == FMX__LOSS_SI_SNR)
        return 4.35 * FMX_TEST_EPS *
               (2 * (additions(n) + (double)n / 16 + 6) + 6 * sqrt(1 + snr) + 4 * 20 + 4);
    return (additions(n) + (double)f->output.channels + 5) * FMX_TEST_EPS * fabs(value);
}

static double grad_tolerance(const fmx_loss_fixture *f, double grad, double most, double snr)
{
    double n = (double)floats(f);
    double scale = f->options.weight / (double)f->batch;
    double terms = 2 * (double)f->output.channels;
    if (f->loss->kind == FMX__LOSS_CROSS_ENTROPY)
        return (40 + terms) * FMX_TEST_EPS * scale;
    if (f->loss->kind == FMX__LOSS_BINARY_CROSS_ENTROPY)
        return 40 * FMX_TEST_EPS * scale * f->options.positive_weight / n;
    if (f->loss->kind == FMX__LOSS_SI_SNR)
        return most * (1 + sqrt(1 + snr)) * FMX_TEST_EPS * (4 * additions(n) + n / 4 + 40);
    return 6 * FMX_TEST_EPS * fabs(grad);
}

/* Device against twin. */
static void compare_item(const fmx_loss_fixture *f, size_t b, double value, const double *expected)
{
    size_t n = floats(f);
    double snr = pow(10, fabs(value) / 10);
    double scale = f->options.weight / (double)f->batch;
    double most = 0;
    for (size_t i = 0; i < n; ++i)
        most = fmax(most, fabs(expected[i] * scale));
    for (size_t i = 0; i < n; ++i) {
        double got = (double)f->grad[0][b * n + i];
        double want = expected[i] * scale;
        if (!(fabs(got - want) <= grad_tolerance(f, want, most, snr)))
            cr_assert_fail("%s, %s, item %zu, gradient %zu: %.9g, %.9g", f->loss->group.name,
                           f->name, b, i, got, want);
    }
    cr_assert_leq(fabs((double)f->losses[0][b] - value), loss_tolerance(f, value, snr),
                  "%s, %s, item %zu: %.9g, %.9g", f->loss->group.name, f->name, b,
                  (double)f->losses[0][b], value);
}

void fmx_loss_check(const fmx_test *test, fmx_loss_fixture *f)
{
    size_t n = floats(f);
    size_t m = target_floats(f);
    double *x = calloc(n, sizeof *x);
    double *t = calloc(m, sizeof *t);
    double *expected = calloc(n, sizeof *expected);
    for (int run = 0; run < 2; ++run)
        fmx_loss_run(test, f, run);
    for (size_t b = 0; b < f->batch; ++b) {
        for (size_t i = 0; i < n; ++i)
            x[i] = (double)f->x[b * n + i];
        for (size_t i = 0; i < m; ++i)
            t[i] = (double)f->t[b * m + i];
        compare_item(f, b, item_twin(f, expected, x, t), expected);
        bool many = permutes(f) && f->output.channels > 12;
        item_twin(f, expected, x, t);
        if (b < 2 && n <= 5000 && !many)
            check_differences(f, x, t, expected);
    }
    cr_assert_arr_eq(f->losses[0], f->losses[1], f->batch * sizeof(float));
    cr_assert_arr_eq(f->grad[0], f->grad[1], f->batch * n * sizeof(float));
    free(x);
    free(t);
    free(expected);
}

void fmx_loss_check_golden(const fmx_test *test, fmx__safetensors *file, const char *kind,
                           size_t number)
{
    char name[64];
    const fmx__tensor_entry *in = NULL;
    const fmx__tensor_entry *to = NULL;
    snprintf(name, sizeof name, "%s.%zu", kind, number);
    float *x = fmx_test_tensor(file, &in, "%s.x", name);
    float *t = fmx_test_tensor(file, &to, "%s.t", name);
    float *losses = fmx_test_tensor(file, NULL, "%s.losses", name);
    float *grad = fmx_test_tensor(file, NULL, "%s.grad", name);
    bool labels = strcmp(kind, "labels") == 0;
    fmx_loss_fixture f =
        fmx_loss_open(name, labels ? "cross_entropy" : kind, in->shape[0],
                      (fmx__shape){in->shape[1], in->shape[2], false},
                      (fmx__shape){to->shape[1], to->shape[2], false},
                      fmx_test_setting(file, name, "permutation") > 0 ? FMX__LOSS_PERMUTE_AUTO
                                                                      : FMX__LOSS_IN_ORDER);
    f.options.delta = fmx_test_setting(file, name, "delta");
    f.options.positive_weight = fmx_test_setting(file, name, "positive");
    size_t n = floats(&f);
    double *expected = calloc(n, sizeof *expected);
    fmx_loss_give(&f, x, t);
    fmx_loss_run(test, &f, 0);
    for (size_t b = 0; b < f.batch; ++b) {
        for (size_t i = 0; i < n; ++i)
            expected[i] = (double)grad[b * n + i];
        compare_item(&f, b, (double)losses[b], expected);
    }
    fmx_loss_close(&f);
    free(expected);
    free(x);
    free(t);
    free(losses);
    free(grad);
}

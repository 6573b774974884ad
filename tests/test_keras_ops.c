/* Network operations, losses and Adam against Keras 2.15 (tests/golden/make_keras.py, which
 * computed in double). Convolution and dense layers are in test_conv1d.c and test_dense.c. Every
 * golden value was rounded to float once; the rest of a tolerance is fidmix's rounding. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_golden.h"
#include "fmx_test.h"
#include "loss.h"
#include "op_options.h"
#include "op_run.h"
#include "optimiser.h"
#include "optimiser_ref.h"

extern const fmx__op fmx__op_batch_norm;
extern const fmx__op fmx__op_max_pool;
extern const fmx__op fmx__op_relu;
extern const fmx__op fmx__op_sigmoid;
extern const fmx__op fmx__op_softmax;
extern const fmx__op fmx__op_dropout;
extern const fmx__op fmx__op_dense;

/* A case of the golden file on the device. */
typedef struct golden {
    fmx_test test;
    fmx__safetensors *file;
    char name[64];
    fmx_op_case c;
    fmx_op_run run;
    void *options;
} golden;

static void open_file(golden *g)
{
    *g = (golden){.test = fmx_test_open()};
    g->file = fmx_test_tensors("keras_ops.safetensors");
}

static void close_file(golden *g)
{
    fmx__safetensors_close(g->file);
    fmx_test_close(&g->test);
}

/* Writes a golden tensor into a buffer of its size. */
static void load(const golden *g, const char *what, fmx_buffer *to)
{
    const fmx__tensor_entry *tensor = NULL;
    float *values = fmx_test_tensor(g->file, &tensor, "%s.%s", g->name, what);
    cr_assert_eq(fmx_buffer_bytes(to), tensor->values * sizeof *values, "%s.%s", g->name, what);
    fmx_test_ok(&g->test, fmx_buffer_write(to, 0, values, tensor->values * sizeof *values), what);
    free(values);
}

/* Opens the case `name`, "relu.0", of an op with one input, and loads what it is given. */
static void open_case(golden *g, const fmx__op *op, const char *settings, const char *format,
                      size_t number)
{
    const fmx__tensor_entry *in = NULL;
    snprintf(g->name, sizeof g->name, "%s.%zu", format, number);
    free(fmx_test_tensor(g->file, &in, "%s.input", g->name));
    size_t positions = in->rank > 2 ? in->shape[2] : 1;
    bool flat = op == &fmx__op_dense;
    g->options = fmx_op_options(g->test.ctx, op, settings);
    cr_assert_not_null(g->options, "%s", fmx_context_message(g->test.ctx));
    g->c =
        (fmx_op_case){.name = g->name,
                      .op = op,
                      .options = g->options,
                      .batch = in->shape[0],
                      .in_count = 1,
                      .in = {{in->shape[1] * (flat ? positions : 1), flat ? 1 : positions, false}}};
    fmx_test_ok(&g->test, fmx_op_run_open(g->test.device, &g->c, 1, &g->run), g->name);
    load(g, "input", g->run.in[0]);
    load(g, "grad_output", g->run.call.grad_out);
    for (size_t i = 0; i < g->run.plan.weight_count; ++i)
        load(g, g->run.plan.weight[i].name, g->run.weight[i]);
}

static void close_case(golden *g)
{
    fmx_op_run_close(&g->run);
    free(g->options);
}

static void forward(golden *g)
{
    fmx_test_ok(&g->test, g->c.op->forward(&g->run.call), g->name);
}

static void backward(golden *g)
{
    fmx_test_ok(&g->test, g->c.op->backward(&g->run.call), g->name);
}

/* A buffer against a golden tensor, within relative * |expected| + tolerance[place], tolerance
 * repeated along the channels of [batch][channels][positions], plus the golden's own rounding. */
static void check(const golden *g, const char *what, fmx_buffer *buffer, double relative,
                  const double *tolerance, size_t channels, size_t positions)
{
    const fmx__tensor_entry *tensor = NULL;
    float *expected = fmx_test_tensor(g->file, &tensor, "%s.%s", g->name, what);
    float *got = malloc(tensor->values * sizeof *got);
    fmx_test_ok(&g->test, fmx_buffer_read(buffer, 0, got, tensor->values * sizeof *got), what);
    for (size_t i = 0; i < tensor->values; ++i) {
        double limit = (relative + FMX_TEST_EPS) * fabs((double)expected[i]);
        if (tolerance != NULL)
            limit += tolerance[i / positions % channels];
        cr_assert_leq(fabs((double)got[i] - (double)expected[i]), limit,
                      "%s.%s, value %zu: %.9g, Keras %.9g +- %.3g", g->name, what, i,
                      (double)got[i], (double)expected[i], limit);
    }
    free(got);
    free(expected);
}

static void check_plain(const golden *g, const char *what, fmx_buffer *buffer, double relative,
                        double absolute)
{
    check(g, what, buffer, relative, &absolute, 1, SIZE_MAX);
}

/* ---- batch normalisation ----------------------------------------------------------------------
 */

enum { MOST_CHANNELS = 8 };

/* Errors of one channel, from the values themselves. x: largest |x|, n of them. The mean of n
 * values is off by at most b = (8 + 2 sqrt(n)) eps x, and so is each deviation; with r = 1 /
 * sqrt(variance
 * + epsilon) the root is off by b r of itself and xhat by e = b r (1 + |xhat|), |xhat| <= sqrt(n).
 */
typedef struct bounds {
    double out[MOST_CHANNELS];
    double mean[MOST_CHANNELS];
    double variance[MOST_CHANNELS];
    double grad_in[MOST_CHANNELS];
    double grad_weight[MOST_CHANNELS];
    double grad_bias[MOST_CHANNELS];
} bounds;

static void channel_facts(const golden *g, const char *input, size_t channel, double *mean,
                          double *variance, double *most)
{
    const fmx__shape *shape = &g->c.in[0];
    float *x = fmx_test_tensor(g->file, NULL, "%s.%s", g->name, input);
    double n = (double)(g->c.batch * shape->positions);
    *mean = *variance = *most = 0;
    for (int pass = 0; pass < 2; ++pass) {
        for (size_t i = 0; i < g->c.batch * shape->channels * shape->positions; ++i) {
            double value = x[i];
            if (i / shape->positions % shape->channels != channel)
                continue;
            if (pass == 0)
                *mean += value / n;
            else
                *variance += (value - *mean) * (value - *mean) / n;
            *most = fmax(*most, fabs(value));
        }
    }
    free(x);
}

static bounds bounds_of(const golden *g, const char *input)
{
    const fmx__shape *shape = &g->c.in[0];
    double n = (double)(g->c.batch * shape->positions);
    float *weight = fmx_test_tensor(g->file, NULL, "%s.weight", g->name);
    float *bias = fmx_test_tensor(g->file, NULL, "%s.bias", g->name);
    bounds b;
    cr_assert_leq(shape->channels, MOST_CHANNELS);
    for (size_t c = 0; c < shape->channels; ++c) {
        double mean;
        double variance;
        double most;
        channel_facts(g, input, c, &mean, &variance, &most);
        double r = 1 / sqrt(variance + 1e-3);
        double xhat = fmin(sqrt(n), 2 * most * r);
        double lost = (8 + 2 * sqrt(n)) * FMX_TEST_EPS * most;
        double e = lost * r * (1 + xhat) + 4 * FMX_TEST_EPS * xhat;
        double gamma = fabs((double)weight[c]);
        double sum = (8 + 2 * sqrt(n)) * FMX_TEST_EPS; /* of the mean of gradients up to 1 */
        b.out[c] = gamma * e + 4 * FMX_TEST_EPS * (gamma * xhat + fabs((double)bias[c]));
        b.mean[c] = 0.01 * lost + 4 * FMX_TEST_EPS * (1 + most);
        b.variance[c] = 0.01 * 4 * most * lost + 4 * FMX_TEST_EPS * (2 + variance);
        b.grad_bias[c] = n * sum;
        b.grad_weight[c] = n * (sum * xhat + e);
        /* gamma r (g - mean g - xhat mean(g xhat)): the means' and xhat's errors, and r's */
        b.grad_in[c] = gamma * r *
                       (sum * (1 + xhat * xhat) + e * 2 * xhat +
                        (lost * r + 8 * FMX_TEST_EPS) * (2 + xhat * xhat));
    }
    free(weight);
    free(bias);
    return b;
}

/* Two training steps (the second on other input), then evaluation with the averages of both. */
Test(keras_ops, batch_norm)
{
    golden g;
    open_file(&g);
    for (size_t i = 0; i < 4; ++i) {
        open_case(&g, &fmx__op_batch_norm, "convention=keras", "batch_norm", i);
        size_t channels = g.c.in[0].channels;
        size_t positions = g.c.in[0].positions;
        bounds b = bounds_of(&g, "input");
        forward(&g);
        check(&g, "output", g.run.call.out, 0, b.out, channels, positions);
        check(&g, "running_mean1", g.run.weight[2], 0, b.mean, channels, 1);
        check(&g, "running_var1", g.run.weight[3], 0, b.variance, channels, 1);
        backward(&g);
        check(&g, "grad_input", g.run.grad_in[0], 0, b.grad_in, channels, positions);
        check(&g, "grad_weight", g.run.grad_weight[0], 0, b.grad_weight, channels, 1);
        check(&g, "grad_bias", g.run.grad_weight[1], 0, b.grad_bias, channels, 1);
        bounds second = bounds_of(&g, "input2");
        load(&g, "input2", g.run.in[0]);
        forward(&g);
        check(&g, "output2", g.run.call.out, 0, second.out, channels, positions);
        for (size_t c = 0; c < channels; ++c) {
            b.mean[c] += second.mean[c];
            b.variance[c] += second.variance[c];
        }
        check(&g, "running_mean2", g.run.weight[2], 0, b.mean, channels, 1);
        check(&g, "running_var2", g.run.weight[3], 0, b.variance, channels, 1);
        load(&g, "input", g.run.in[0]);
        g.run.call.training = false;
        forward(&g);
        /* variances near 1 and values up to 5: their errors once more, and four roundings */
        for (size_t c = 0; c < channels; ++c)
            b.out[c] = 4 * (b.mean[c] + 5 * b.variance[c]) + 32 * FMX_TEST_EPS;
        check(&g, "inference", g.run.call.out, 0, b.out, channels, positions);
        close_case(&g);
    }
    close_file(&g);
}

/* ---- layers without statistics ----------------------------------------------------------------
 */

/* A choice is exact; where windows overlap, a value's gradient is a sum of at most two. */
Test(keras_ops, max_pool)
{
    golden g;
    open_file(&g);
    for (size_t i = 0; i < 12; ++i) {
        char name[32];
        char settings[128];
        snprintf(name, sizeof name, "max_pool.%zu", i);
        snprintf(settings, sizeof settings, "window=%g stride=%g padding=%s",
                 fmx_test_setting(g.file, name, "size"), fmx_test_setting(g.file, name, "stride"),
                 fmx_test_setting_is(g.file, name, "padding", "same") ? "same" : "valid");
        open_case(&g, &fmx__op_max_pool, settings, "max_pool", i);
        forward(&g);
        check_plain(&g, "output", g.run.call.out, -FMX_TEST_EPS, 0);
        backward(&g);
        check_plain(&g, "grad_input", g.run.grad_in[0], 0, 0);
        close_case(&g);
    }
    close_file(&g);
}

/* Nothing is rounded. */
Test(keras_ops, relu_and_no_dropout)
{
    static const struct {
        const fmx__op *op;
        const char *name;
        const char *settings;
    } cases[] = {{&fmx__op_relu, "relu", ""}, {&fmx__op_dropout, "dropout", "rate=0"}};
    golden g;
    open_file(&g);
    for (size_t i = 0; i < FMX__COUNT(cases); ++i) {
        open_case(&g, cases[i].op, cases[i].settings, cases[i].name, 0);
        forward(&g);
        backward(&g);
        check_plain(&g, "output", g.run.call.out, -FMX_TEST_EPS, 0);
        check_plain(&g, "grad_input", g.run.grad_in[0], -FMX_TEST_EPS, 0);
        close_case(&g);
    }
    close_file(&g);
}

/* exp within 2 ulp, its argument's rounding (|x| < 16: 16 eps), a sum of C terms, a quotient; the
 * gradient twice that, and a sum of C terms of together at most 1. */
Test(keras_ops, softmax_and_sigmoid)
{
    golden g;
    open_file(&g);
    for (size_t i = 0; i < 3; ++i) {
        for (int soft = 0; soft < 2; ++soft) {
            open_case(&g, soft ? &fmx__op_softmax : &fmx__op_sigmoid, "",
                      soft ? "softmax" : "sigmoid", i);
            double terms = soft ? (double)g.c.in[0].channels : 1;
            forward(&g);
            check_plain(&g, "output", g.run.call.out, (24 + terms) * FMX_TEST_EPS, 0);
            backward(&g);
            check_plain(&g, "grad_input", g.run.grad_in[0], 0, 2 * (24 + terms) * FMX_TEST_EPS);
            close_case(&g);
        }
    }
    close_file(&g);
}

/* Keras's Flatten and Dense, whose weight is permuted from [position][channel]: a sum of n products
 * of values up to 1 is off by at most n^2 eps. */
Test(keras_ops, flatten_and_dense)
{
    golden g;
    open_file(&g);
    open_case(&g, &fmx__op_dense, "units=4", "flatten_dense", 0);
    double n = (double)g.c.in[0].channels + 1;
    forward(&g);
    backward(&g);
    check_plain(&g, "output", g.run.call.out, 0, n * n * FMX_TEST_EPS);
    check_plain(&g, "grad_input", g.run.grad_in[0], 0, 4 * 4 * FMX_TEST_EPS);
    check_plain(&g, "grad_weight", g.run.grad_weight[0], 0, 2 * 2 * FMX_TEST_EPS);
    check_plain(&g, "grad_bias", g.run.grad_weight[1], 0, 2 * 2 * FMX_TEST_EPS);
    close_case(&g);
    close_file(&g);
}

/* ---- losses -----------------------------------------------------------------------------------
 */

static void check_loss(golden *g, const char *name, const char *op, size_t number)
{
    const fmx__tensor_entry *in = NULL;
    const fmx__loss *loss = fmx__loss_named(name);
    fmx_buffer *buffer[4] = {NULL}; /* logits, target, losses, gradient */
    snprintf(g->name, sizeof g->name, "%s.%zu", op, number);
    float *logits = fmx_test_tensor(g->file, &in, "%s.logits", g->name);
    size_t batch = in->shape[0];
    size_t classes = in->shape[1];
    size_t bytes = batch * classes * sizeof(float);
    double most = 0;
    for (size_t i = 0; i < batch * classes; ++i)
        most = fmax(most, fabs((double)logits[i]));
    cr_assert_not_null(loss);
    for (size_t i = 0; i < 4; ++i)
        fmx_test_ok(
            &g->test,
            fmx_buffer_create(g->test.device, i == 2 ? batch * sizeof(float) : bytes, &buffer[i]),
            "buffer");
    load(g, "logits", buffer[0]);
    load(g, "target", buffer[1]);
    fmx__loss_call call = {
        .device = g->test.device,
        .loss = loss,
        .options = loss->group.defaults,
        .batch = batch,
        .output_shape = {classes, 1, false},
        .output = buffer[0],
        .target_shape = {classes, 1, false},
        .target = buffer[1],
        .losses = buffer[2],
        .grad = buffer[3],
    };
    fmx_test_ok(&g->test, fmx__loss_run(&call), g->name);
    /* a row: logarithm of a sum of C terms, and logits; the gradient: probability minus target */
    double lost = (24 + (double)classes) * FMX_TEST_EPS;
    double rows = (double)batch * (loss->kind == FMX__LOSS_CROSS_ENTROPY ? 1 : (double)classes);
    check_plain(g, "grad_logits", buffer[3], 0, lost / rows);
    float *losses = malloc(batch * sizeof *losses);
    float *mean = fmx_test_tensor(g->file, NULL, "%s.loss", g->name);
    double sum = 0;
    fmx_test_ok(&g->test, fmx_buffer_read(buffer[2], 0, losses, batch * sizeof *losses), "losses");
    for (size_t i = 0; i < batch; ++i)
        sum += losses[i];
    cr_assert_leq(fabs(sum / (double)batch - (double)mean[0]), lost * (1 + 2 * most),
                  "%s: %.9g, Keras %.9g", g->name, sum / (double)batch, (double)mean[0]);
    for (size_t i = 0; i < 4; ++i)
        fmx_buffer_release(buffer[i]);
    free(losses);
    free(mean);
    free(logits);
}

Test(keras_ops, losses)
{
    golden g;
    open_file(&g);
    for (size_t i = 0; i < 3; ++i) {
        check_loss(&g, "cross_entropy", "softmax_cross_entropy", i);
        check_loss(&g, "binary_cross_entropy", "sigmoid_binary_cross_entropy", i);
    }
    close_file(&g);
}

/* ---- Adam -------------------------------------------------------------------------------------
 */

/* Keras takes the corrections' betas as float32 even where it computes in double; 1 - 0.999F is
 * 1.3e-5 smaller than 0.001, and the first step's rate by 6.7e-6. fidmix computes them in double.
 */
static double keras_rate(double learning_rate, unsigned number)
{
    return learning_rate * sqrt(1 - pow((double)0.999F, number)) / (1 - pow((double)0.9F, number));
}

/* Five steps with gradients from 1e-10 to 10, some zero. m is off by at most 3 t eps of the largest
 * gradient so far, v by as much of itself; the step's own six roundings; a weight's one; and the
 * rates' difference. */
Test(keras_ops, adam)
{
    enum { COUNT = 67, STEPS = 5 };
    const fmx__optimiser *adam = fmx__optimiser_find(fmx__optimiser_stage(1));
    const fmx__optimiser_options *options = adam->group.defaults;
    const fmx_ref_optimiser ref = {
        .kind = 'a', .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-7};
    const fmx__tensor_entry *entry = NULL;
    golden g;
    fmx_buffer *buffer[4] = {NULL}; /* weights, m, v, gradient */
    fmx_ref_weight x[COUNT] = {{0}};
    double largest[COUNT] = {0};
    double limit[COUNT] = {0};
    float got[COUNT];
    open_file(&g);
    snprintf(g.name, sizeof g.name, "adam.0");
    float *start = fmx_test_tensor(g.file, &entry, "adam.0.parameter");
    float *gradient = fmx_test_tensor(g.file, NULL, "adam.0.gradient");
    float *steps = fmx_test_tensor(g.file, NULL, "adam.0.parameter_steps");
    cr_assert_eq(entry->values, COUNT);
    for (int i = 0; i < 4; ++i) {
        fmx_test_ok(&g.test, fmx_buffer_create(g.test.device, sizeof got, &buffer[i]), "buffer");
        fmx_test_ok(&g.test, fmx_buffer_zero(buffer[i], 0, sizeof got), "zero");
    }
    load(&g, "parameter", buffer[0]);
    for (size_t i = 0; i < COUNT; ++i)
        x[i].w = start[i];
    for (unsigned t = 1; t <= STEPS; ++t) {
        const float *now = gradient + (t - 1) * (size_t)COUNT;
        const float *expected = steps + (t - 1) * (size_t)COUNT;
        fmx__optimiser_step step = fmx__optimiser_at(adam, options, 1e-3, t);
        fmx__optimiser_call call = {.count = COUNT,
                                    .value = buffer[0],
                                    .moment = &buffer[1],
                                    .grad = buffer[3],
                                    .step = &step};
        fmx_test_ok(&g.test, fmx_buffer_write(buffer[3], 0, now, sizeof got), "gradient");
        fmx_test_ok(&g.test, fmx__optimiser_run(g.test.device, adam, options, &call), "adam");
        fmx_test_ok(&g.test, fmx_buffer_read(buffer[0], 0, got, sizeof got), "weights");
        double other = fabs(keras_rate(1e-3, t) - (double)step.rate_out);
        for (size_t i = 0; i < COUNT; ++i) {
            fmx_ref_optimiser_step(&ref, t, now[i], &x[i]);
            largest[i] = fmax(largest[i], fabs((double)now[i]));
            double scale = (double)step.rate_out / (sqrt(x[i].v) + 1e-7);
            limit[i] += other * fabs(x[i].m) / (sqrt(x[i].v) + 1e-7);
            limit[i] +=
                FMX_TEST_EPS *
                (fabs(x[i].w) + scale * (3.0 * t * largest[i] + (3.0 * t + 6) * fabs(x[i].m)));
            cr_assert_leq(fabs((double)got[i] - (double)expected[i]),
                          limit[i] + FMX_TEST_EPS * fabs((double)expected[i]),
                          "step %u, weight %zu: %.9g, Keras %.9g", t, i, (double)got[i],
                          (double)expected[i]);
        }
    }
    for (size_t i = 0; i < COUNT; ++i)
        limit[i] = 3 * STEPS * FMX_TEST_EPS * largest[i];
    check(&g, "m", buffer[1], 0, limit, COUNT, 1);
    /* squares below the smallest normal float, 1.2e-38, may become zero */
    check_plain(&g, "v", buffer[2], 3 * STEPS * FMX_TEST_EPS, 1.2e-38);
    for (int i = 0; i < 4; ++i)
        fmx_buffer_release(buffer[i]);
    free(start);
    free(gradient);
    free(steps);
    close_file(&g);
}

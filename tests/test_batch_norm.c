#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "batch_norm_ref.h"
#include "cases/batch_norm.h"
#include "op_fixture.h"

/* The options struct of the op begins with fmx__layer and holds these; tests set them by name. */
static void *options_of(const fmx_test *test, const char *const (*set)[2], size_t count)
{
    const fmx__option_group *group = &fmx__op_batch_norm.group;
    void *options = malloc(group->options_size);
    memcpy(options, group->defaults, group->options_size);
    for (size_t i = 0; i < count; ++i)
        fmx_test_ok(test,
                    fmx__option_set(test->ctx, group->options, group->option_count, options, "test",
                                    set[i][0], set[i][1]),
                    set[i][0]);
    return options;
}

enum { MOST_CHANNELS = 1024 };

typedef struct facts {
    fmx_ref_batch_norm n;
    double mean[MOST_CHANNELS];
    double variance[MOST_CHANNELS];
    double rate;
    double unbias;
} facts;

static facts facts_of(const fmx_op_fixture *f)
{
    const fmx__shape *in = &f->c->in[0];
    facts s = {.n = {f->c->batch, in->channels, in->positions, 1e-3}, .rate = 0.01, .unbias = 1};
    if (f->c->options != NULL) { /* the test of PyTorch's convention, and given numbers */
        bool pytorch = strcmp(f->c->name, "pytorch") == 0;
        double count = (double)f->c->batch * (double)in->positions;
        s.n.epsilon = pytorch ? 1e-5 : 0.5;
        s.rate = pytorch ? 0.1 : 0.25;
        s.unbias = pytorch ? count / (count - 1) : 1;
    }
    fmx_ref_batch_norm_statistics(&s.n, f->in[0], s.mean, s.variance);
    for (size_t c = 0; c < in->channels && f->c->inference; ++c) {
        s.mean[c] = f->weight[2][c];
        s.variance[c] = f->weight[3][c];
    }
    return s;
}

/* Sums of n terms in runs of at most 16 lanes and pairs: the rounding of a mean of values up to 1
 * is below (8 + sqrt(n)) eps for random signs; the variance's relative error is twice that. y then
 * has about ten roundings of its size |xhat weight| + |bias| + 1, and the error of the mean times
 * the inverse. A variance near 0 (one position) makes the inverse large: it multiplies everything.
 */
static double bound(const facts *s, size_t c)
{
    double count = (double)s->n.batch * (double)s->n.positions;
    double inverse = 1 / sqrt(fabs(s->variance[c]) + s->n.epsilon);
    return (16 + 2 * sqrt(count)) * (1 + inverse * inverse) * FMX_TEST_EPS;
}

static void forward(fmx_op_fixture *f)
{
    facts s = facts_of(f);
    size_t row = s.n.positions;
    fmx_ref_batch_norm_forward(&s.n, f->out, f->in[0], s.mean, s.variance, f->weight[0],
                               f->weight[1]);
    for (size_t i = 0; i < s.n.batch * s.n.channels * row; ++i) {
        size_t c = i / row % s.n.channels;
        f->out_tol[i] = bound(&s, c) * (2 + fabs(f->out[i]));
    }
    for (size_t c = 0; c < s.n.channels; ++c) {
        double rate = f->c->inference ? 0 : s.rate;
        f->weight_after[2][c] = f->weight[2][c] + rate * (s.mean[c] - f->weight[2][c]);
        f->weight_after[3][c] =
            f->weight[3][c] + rate * (s.variance[c] * s.unbias - f->weight[3][c]);
        f->weight_tol[2][c] = bound(&s, c);
        f->weight_tol[3][c] = bound(&s, c);
    }
}

static void backward(fmx_op_fixture *f)
{
    facts s = facts_of(f);
    size_t row = s.n.positions;
    double count = (double)s.n.batch * (double)row;
    fmx_ref_batch_norm_backward(&s.n, f->grad_in[0], f->grad_weight[0], f->grad_weight[1],
                                f->grad_out, f->in[0], s.mean, s.variance, f->weight[0]);
    for (size_t c = 0; c < s.n.channels; ++c) {
        double inverse = 1 / sqrt(s.variance[c] + s.n.epsilon);
        /* a sum of count terms of at most 1 (times |xhat| <= 2 inverse) */
        f->grad_weight_tol[1][c] = count * bound(&s, c);
        f->grad_weight_tol[0][c] = count * bound(&s, c) * (1 + 2 * inverse);
    }
    for (size_t i = 0; i < s.n.batch * s.n.channels * row; ++i) {
        size_t c = i / row % s.n.channels;
        double inverse = 1 / sqrt(s.variance[c] + s.n.epsilon);
        f->grad_in_tol[0][i] = bound(&s, c) * 4 * inverse * (1 + inverse);
    }
}

static const fmx_op_twin twin = {forward, backward, false};

Test(batch_norm, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_batch_norm); ++i)
        fmx_op_check(&test, &fmx_cases_batch_norm[i], &twin);
    fmx_test_close(&test);
}

Test(batch_norm, conventions)
{
    static const char *const pytorch[][2] = {{"convention", "pytorch"}};
    static const char *const numbers[][2] = {{"epsilon", "0.5"}, {"momentum", "0.75"}};
    fmx_test test = fmx_test_open();
    fmx_op_case c = {"pytorch", &fmx__op_batch_norm, NULL, 6, 1, {{3, 20, false}}, false, false,
                     false};
    void *options = options_of(&test, pytorch, 1);
    c.options = options;
    fmx_op_check(&test, &c, &twin);
    free(options);
    options = options_of(&test, numbers, 2);
    c.options = options;
    c.name = "numbers";
    fmx_op_check(&test, &c, &twin);
    free(options);
    fmx_test_close(&test);
}

/* A large mean: sums of squares would lose every digit of the variance. The rows' means are right
 * to 1e4 eps each, so the deviations (order 1) to 6e-4; the output is compared with a row whose
 * mean is taken away. */
Test(batch_norm, survives_a_large_mean)
{
    enum { COUNT = 4 * 1000 };
    fmx_test test = fmx_test_open();
    fmx_op_case c = {
        "large mean", &fmx__op_batch_norm, NULL, 4, 1, {{1, 1000, false}}, false, false, false};
    float *x = fmx_test_random(COUNT, 3);
    float *out[2];
    for (int run = 0; run < 2; ++run) {
        fmx_op_run device;
        fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &device), "open");
        for (int i = 0; run == 1 && i < COUNT; ++i)
            x[i] += 1e4F;
        fmx_test_ok(&test, fmx_buffer_write(device.in[0], 0, x, COUNT * sizeof *x), "write");
        fmx_test_ok(&test, c.op->forward(&device.call), "forward");
        out[run] = malloc(COUNT * sizeof(float));
        fmx_test_ok(&test, fmx_buffer_read(device.call.out, 0, out[run], COUNT * sizeof(float)),
                    "read");
        fmx_op_run_close(&device);
    }
    for (int i = 0; i < COUNT; ++i)
        cr_assert_float_eq(out[0][i], out[1][i], 4 * 1e4 * FMX_TEST_EPS * 2);
    free(x);
    free(out[0]);
    free(out[1]);
    fmx_test_close(&test);
}

Test(batch_norm, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = {"complex", &fmx__op_batch_norm, NULL, 6, 1, {{3, 20, true}}, false, false,
                     false};
    fmx_op_refused(&test, &c, "complex");
    fmx_test_close(&test);
}

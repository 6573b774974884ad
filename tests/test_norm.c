#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cases/norm.h"
#include "norm_ref.h"
#include "op_fixture.h"

static fmx_ref_norm sizes_of(const fmx_op_fixture *f)
{
    const fmx__norm_options *o = f->options;
    return (fmx_ref_norm){
        .set = f->c->op == &fmx__op_layer_norm              ? FMX_REF_NORM_POSITIONS
               : f->c->op == &fmx__op_cumulative_layer_norm ? FMX_REF_NORM_CUMULATIVE
                                                            : FMX_REF_NORM_GROUPS,
        .batch = f->c->batch,
        .channels = f->c->in[0].channels,
        .positions = f->c->in[0].positions,
        .groups = (size_t)o->groups,
        .epsilon = o->epsilon,
    };
}

typedef struct facts {
    fmx_ref_norm n;
    size_t count;
    double *mean;
    double *inverse;
    double *y;
} facts;

static facts facts_of(const fmx_op_fixture *f)
{
    facts s = {.n = sizes_of(f)};
    s.count = s.n.batch * s.n.channels * s.n.positions;
    s.mean = malloc(s.count * sizeof *s.mean);
    s.inverse = malloc(s.count * sizeof *s.inverse);
    s.y = malloc(s.count * sizeof *s.y);
    cr_assert(s.mean != NULL && s.inverse != NULL && s.y != NULL);
    fmx_ref_norm_forward(&s.n, s.y, s.mean, s.inverse, f->in[0],
                         f->plan.weight_count > 0 ? f->weight[0] : NULL,
                         f->plan.weight_count > 0 ? f->weight[1] : NULL);
    return s;
}

static void clear(facts *s)
{
    free(s->mean);
    free(s->inverse);
    free(s->y);
}

/* Sums of n terms in runs of at most 16 lanes and pairs: the rounding of a mean of values up to 1
 * is below (8 + sqrt(n)) eps for random signs; the variance's relative error is twice that. y then
 * has about ten roundings of its size, and the error of the mean times the inverse. A variance near
 * 0 makes the inverse large: it multiplies everything. A cumulative statistic joins one column
 * after the other, three roundings each. */
static double bound(const facts *s, size_t i)
{
    double count = (double)s->n.channels / (double)s->n.groups * (double)s->n.positions;
    if (s->n.set == FMX_REF_NORM_POSITIONS)
        count = (double)s->n.channels;
    double joins = s->n.set == FMX_REF_NORM_CUMULATIVE ? 3 * sqrt((double)s->n.positions) : 0;
    return (16 + 2 * sqrt(count) + joins) * (1 + s->inverse[i] * s->inverse[i]) * FMX_TEST_EPS;
}

static void forward(fmx_op_fixture *f)
{
    facts s = facts_of(f);
    for (size_t i = 0; i < s.count; ++i) {
        f->out[i] = s.y[i];
        f->out_tol[i] = bound(&s, i) * (2 + fabs(s.y[i]));
    }
    clear(&s);
}

/* The largest inverse and bound of what a position gives back to: the members of its set, or, where
 * statistics are cumulative, of all later ones. */
static void backward(fmx_op_fixture *f)
{
    facts s = facts_of(f);
    bool affine = f->plan.weight_count > 0;
    fmx_ref_norm_backward(&s.n, f->grad_in[0], affine ? f->grad_weight[0] : NULL,
                          affine ? f->grad_weight[1] : NULL, f->grad_out, f->in[0], s.mean,
                          s.inverse, affine ? f->weight[0] : NULL);
    for (size_t i = 0; i < s.count; ++i) {
        double worst = 0;
        size_t p = i % s.n.positions;
        size_t last = s.n.set == FMX_REF_NORM_CUMULATIVE ? s.n.positions : p + 1;
        for (size_t k = p; k < last; ++k) {
            double inverse = s.inverse[i - p + k];
            worst = fmax(worst, bound(&s, i - p + k) * 4 * inverse * (1 + inverse));
        }
        f->grad_in_tol[0][i] = worst;
    }
    for (size_t c = 0; affine && c < s.n.channels; ++c) {
        double terms = 0; /* each of at most 1, times |xhat| <= 2 inverse */
        double products = 0;
        for (size_t b = 0; b < s.n.batch; ++b) {
            for (size_t p = 0; p < s.n.positions; ++p) {
                size_t i = (b * s.n.channels + c) * s.n.positions + p;
                terms += bound(&s, i);
                products += bound(&s, i) * (1 + 2 * s.inverse[i]);
            }
        }
        f->grad_weight_tol[0][c] = products;
        f->grad_weight_tol[1][c] = terms;
    }
    clear(&s);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(norm, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_norm); ++i)
        fmx_op_check(&test, &fmx_cases_norm[i], &twin);
    fmx_test_close(&test);
}

static void check_golden(const fmx_test *test, fmx__safetensors *file, const fmx__op *op,
                         size_t count)
{
    char name[64];
    for (size_t i = 0; i < count; ++i) {
        const fmx__tensor_entry *in = NULL;
        snprintf(name, sizeof name, "%s.%zu", op->group.name, i);
        free(fmx_test_tensor(file, &in, "%s.input", name));
        fmx__norm_options options = *(const fmx__norm_options *)op->group.defaults;
        options.epsilon = fmx_test_setting(file, name, "epsilon");
        if (op == &fmx__op_group_norm)
            options.groups = (int64_t)fmx_test_setting(file, name, "groups");
        fmx_op_case c = {.name = name,
                         .op = op,
                         .options = &options,
                         .batch = in->shape[0],
                         .in_count = 1,
                         .in = {{in->shape[1], in->shape[2], false}}};
        fmx_op_check_golden(test, &c, &twin, file);
    }
}

/* tests/golden/make_tcn.py: GroupNorm and LayerNorm; the cumulative one written with cumsum. */
Test(norm, pytorch)
{
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("torch_tcn_ops.safetensors");
    check_golden(&test, file, &fmx__op_group_norm, 4);
    check_golden(&test, file, &fmx__op_layer_norm, 3);
    check_golden(&test, file, &fmx__op_cumulative_layer_norm, 2);
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

/* A large mean: sums of squares would lose every digit of the variance. x + 1e4 is rounded to 1e4
 * eps, and so are the means; deviations are of order 1. The output is compared with that of x,
 * whose rounding in x + 1e4 is known: exact differences of representable numbers. */
static void check_large_mean(const fmx_test *test, const fmx__op *op)
{
    enum { BATCH = 2, CHANNELS = 6, POSITIONS = 300, COUNT = BATCH * CHANNELS * POSITIONS };
    const double offset = 1e4;
    fmx_op_case c = {op->group.name, op,    NULL, BATCH, 1, {{CHANNELS, POSITIONS, false}},
                     false,          false, false};
    float *x = fmx_test_random(COUNT, 3);
    float *out[2];
    float *grad[2];
    for (int run = 0; run < 2; ++run) {
        fmx_op_run device;
        fmx_test_ok(test, fmx_op_run_open(test->device, &c, 1, &device), "open");
        for (int i = 0; i < COUNT; ++i) {
            float moved = x[i] + (float)offset;
            x[i] = run == 0 ? moved - (float)offset : moved; /* the rounded values, then moved */
        }
        fmx_test_ok(test, fmx_buffer_write(device.in[0], 0, x, COUNT * sizeof *x), "write");
        fmx_test_ok(test, op->forward(&device.call), "forward");
        fmx_test_ok(test, op->backward(&device.call), "backward");
        out[run] = malloc(COUNT * sizeof(float));
        grad[run] = malloc(COUNT * sizeof(float));
        fmx_test_ok(test, fmx_buffer_read(device.call.out, 0, out[run], COUNT * sizeof(float)),
                    "read");
        fmx_test_ok(test, fmx_buffer_read(device.grad_in[0], 0, grad[run], COUNT * sizeof(float)),
                    "read");
        fmx_op_run_close(&device);
    }
    /* the mean is right to a few roundings of 1e4, which the inverse (about 2) multiplies; the
     * first cumulative columns have six values and a smaller variance */
    for (int i = 0; i < COUNT; ++i) {
        cr_assert_float_eq(out[0][i], out[1][i], 16 * offset * FMX_TEST_EPS, "%s %d: %g, %g",
                           op->group.name, i, (double)out[0][i], (double)out[1][i]);
        cr_assert_float_eq(grad[0][i], grad[1][i], 64 * offset * FMX_TEST_EPS,
                           "%s, gradient %d: %g, %g", op->group.name, i, (double)grad[0][i],
                           (double)grad[1][i]);
    }
    free(x);
    for (int run = 0; run < 2; ++run) {
        free(out[run]);
        free(grad[run]);
    }
}

Test(norm, survives_a_large_mean)
{
    fmx_test test = fmx_test_open();
    check_large_mean(&test, &fmx__op_group_norm);
    check_large_mean(&test, &fmx__op_global_layer_norm);
    check_large_mean(&test, &fmx__op_layer_norm);
    check_large_mean(&test, &fmx__op_cumulative_layer_norm);
    fmx_test_close(&test);
}

/* No output of the cumulative norm depends on what comes later. */
Test(norm, cumulative_is_causal)
{
    enum { CHANNELS = 3, POSITIONS = 50, COUNT = CHANNELS * POSITIONS, CHANGED = 20 };
    fmx_op_case c = {"causal", &fmx__op_cumulative_layer_norm, NULL, 1,
                     1,        {{CHANNELS, POSITIONS, false}}, true, false,
                     false};
    float out[2][COUNT];
    fmx_test test = fmx_test_open();
    float *x = fmx_test_random(COUNT, 4);
    for (int run = 0; run < 2; ++run) {
        fmx_op_run device;
        fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &device), "open");
        fmx_test_ok(&test, fmx_buffer_write(device.in[0], 0, x, COUNT * sizeof *x), "write");
        fmx_test_ok(&test, c.op->forward(&device.call), "forward");
        fmx_test_ok(&test, fmx_buffer_read(device.call.out, 0, out[run], sizeof out[run]), "read");
        fmx_op_run_close(&device);
        for (int i = 0; i < COUNT; ++i)
            x[i] += i % POSITIONS >= CHANGED ? 3 : 0;
    }
    for (int i = 0; i < COUNT; ++i)
        cr_assert_eq(out[0][i] == out[1][i], i % POSITIONS < CHANGED, "value %d", i);
    free(x);
    fmx_test_close(&test);
}

Test(norm, nobody_wants_the_input_gradient)
{
    fmx_buffer *none[1] = {NULL};
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_norm); ++i) {
        fmx_op_run run = {0};
        const fmx_op_case *c = &fmx_cases_norm[i];
        if (c->bench)
            continue;
        fmx_test_ok(&test, fmx_op_run_open(test.device, c, 1, &run), "open");
        run.call.grad_in = none;
        fmx_test_ok(&test, c->op->forward(&run.call), "forward");
        fmx_test_ok(&test, c->op->backward(&run.call), "backward");
        fmx_op_run_close(&run);
    }
    fmx_test_close(&test);
}

Test(norm, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = GROUP_CASE("refused", 1, 6, 8, 4, false);
    fmx_op_refused(&test, &c, "6 channels cannot be divided into 4 equal groups");
    fmx_op_case more = GROUP_CASE("refused", 1, 6, 8, 12, false);
    fmx_op_refused(&test, &more, "into 12 equal groups");
    fmx_op_case in_pairs = LAYER_CASE("refused", 1, 6, 8, false);
    in_pairs.in[0].is_complex = true;
    fmx_op_refused(&test, &in_pairs, "complex");
    fmx_test_close(&test);
}

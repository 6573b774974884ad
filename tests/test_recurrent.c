#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/recurrent.h"
#include "op_fixture.h"
#include "recurrent_ref.h"

enum { SAMPLES = 3 };

static const double room = 6;

static fmx_ref_recurrent sizes_of(const fmx_op_fixture *f)
{
    const fmx__recurrent_options *o = f->options;
    return (fmx_ref_recurrent){
        .gru = f->c->op == &fmx__op_gru,
        .bidirectional = o->bidirectional,
        .last = o->returns == FMX__RETURNS_LAST,
        .bias = o->bias,
        .batch = f->c->batch,
        .channels = f->c->in[0].channels,
        .steps = f->c->in[0].positions,
        .units = (size_t)o->units,
        .layers = (size_t)o->layers,
    };
}

static double *copy_of(const double *from, size_t count)
{
    double *out = malloc((count > 0 ? count : 1) * sizeof *out);
    cr_assert_not_null(out);
    memcpy(out, from, count * sizeof *out);
    return out;
}

/* What one sample of a perturbed twin adds to a tolerance: where the recurrence is chaotic a bound
 * over all roundings would say nothing, so the twin is run again with random roundings of float's
 * size in every sum and gate (recurrent_ref.h). The device's error is one more draw of the same
 * kind: it is within the largest of a few samples at its place, plus their root mean square over
 * the tensor (a sample may be small by chance), times `room` for its tails and for the device's
 * other order. */
static void add_sample(double *tolerance, const double *value, const double *sample, size_t count)
{
    double square = 0;
    for (size_t i = 0; i < count; ++i) {
        double off = fabs(sample[i] - value[i]);
        square += off * off;
        tolerance[i] = fmax(tolerance[i], room * off);
    }
    double spread = room * sqrt(square / (double)count);
    for (size_t i = 0; i < count; ++i)
        tolerance[i] += (spread + FMX_TEST_EPS * fabs(value[i])) / SAMPLES;
}

static void forward(fmx_op_fixture *f)
{
    fmx_ref_recurrent n = sizes_of(f);
    size_t count = f->c->batch * fmx__shape_floats(&f->plan.out);
    cr_assert_eq(fmx_ref_recurrent_forward(&n, f->out, f->in[0], f->weight), 0);
    if (f->out_tol[0] > 0) /* once; finite differences need none */
        return;
    double *sample = copy_of(f->out, count);
    for (size_t i = 0; i < SAMPLES; ++i) {
        n.rounding = FMX_TEST_EPS;
        n.seed = 100 + 1000 * i;
        cr_assert_eq(fmx_ref_recurrent_forward(&n, sample, f->in[0], f->weight), 0);
        add_sample(f->out_tol, f->out, sample, count);
    }
    free(sample);
}

static void backward(fmx_op_fixture *f)
{
    fmx_ref_recurrent n = sizes_of(f);
    size_t weights = f->plan.weight_count;
    size_t in_count = f->c->batch * fmx__shape_floats(&f->c->in[0]);
    double *sample[FMX__OP_WEIGHTS] = {0};
    cr_assert_eq(fmx_ref_recurrent_backward(&n, f->grad_in[0], f->grad_weight, f->grad_out,
                                            f->in[0], f->weight),
                 0);
    double *in_sample = copy_of(f->grad_in[0], in_count);
    for (size_t k = 0; k < weights; ++k)
        sample[k] = copy_of(f->grad_weight[k], fmx__op_weight_count(&f->plan.weight[k]));
    for (size_t i = 0; i < SAMPLES; ++i) {
        n.rounding = FMX_TEST_EPS;
        n.seed = 100 + 1000 * i;
        cr_assert_eq(
            fmx_ref_recurrent_backward(&n, in_sample, sample, f->grad_out, f->in[0], f->weight), 0);
        add_sample(f->grad_in_tol[0], f->grad_in[0], in_sample, in_count);
        for (size_t k = 0; k < weights; ++k)
            add_sample(f->grad_weight_tol[k], f->grad_weight[k], sample[k],
                       fmx__op_weight_count(&f->plan.weight[k]));
    }
    for (size_t k = 0; k < weights; ++k)
        free(sample[k]);
    free(in_sample);
}

static const fmx_op_twin twin = {forward, backward, false};

static void check_all(const fmx__op *op, bool bench)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_recurrent); ++i) {
        if (fmx_cases_recurrent[i].op == op && fmx_cases_recurrent[i].bench == bench)
            fmx_op_check(&test, &fmx_cases_recurrent[i], &twin);
    }
    fmx_test_close(&test);
}

/* Under Oclgrind, which runs this test alone, a step takes seconds: only the cases of a few. */
Test(recurrent, twin)
{
    bool few = getenv("FIDMIX_SMALL_CASES") != NULL;
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_recurrent); ++i) {
        const fmx_op_case *c = &fmx_cases_recurrent[i];
        bool has_few = c->batch * c->in[0].positions <= 4;
        if (!c->bench && (has_few || !few))
            fmx_op_check(&test, c, &twin);
    }
    fmx_test_close(&test);
}

/* A NaN reaches its own item from its position on, and nothing else. */
static void check_nan(const fmx__op *op)
{
    enum { BATCH = 9, STEPS = 6, UNITS = 17, ITEM = 4, AT = 3 };
    const float nan = NAN;
    fmx_op_case c =
        RECURRENT_CASE("nan", lstm, BATCH, 1, STEPS, UNITS, 1, false, SEQUENCE, true, true, false);
    c.op = op;
    fmx_test test = fmx_test_open();
    fmx_op_run run = {0};
    float out[BATCH][UNITS][STEPS];
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    fmx_test_ok(&test,
                fmx_buffer_write(run.in[0], (ITEM * STEPS + AT) * sizeof nan, &nan, sizeof nan),
                "a NaN");
    fmx_test_ok(&test, c.op->forward(&run.call), "forward");
    fmx_test_ok(&test, fmx_buffer_read(run.call.out, 0, out, sizeof out), "out");
    for (size_t b = 0; b < BATCH; ++b) {
        for (size_t u = 0; u < UNITS; ++u) {
            for (size_t t = 0; t < STEPS; ++t)
                cr_assert_eq(isnan(out[b][u][t]) != 0, b == ITEM && t >= AT,
                             "%s: item %zu, unit %zu, position %zu", op->group.name, b, u, t);
        }
    }
    fmx_op_run_close(&run);
    fmx_test_close(&test);
}

Test(recurrent, nan_stays)
{
    check_nan(&fmx__op_lstm);
    check_nan(&fmx__op_gru);
}

Test(recurrent, published_lstm)
{
    check_all(&fmx__op_lstm, true);
}

Test(recurrent, published_gru)
{
    check_all(&fmx__op_gru, true);
}

#define GOLDEN(NAME, OP, BATCH, CHANNELS, STEPS, UNITS, LAYERS, BOTH, RETURNS, BIAS)               \
    RECURRENT_CASE(NAME, OP, BATCH, CHANNELS, STEPS, UNITS, LAYERS, BOTH, RETURNS, BIAS, false,    \
                   false)
#define GOLDENS(OP)                                                                                \
    GOLDEN(#OP, OP, 3, 4, 9, 5, 1, false, SEQUENCE, true),                                         \
        GOLDEN(#OP " last", OP, 2, 3, 11, 17, 1, false, LAST, true),                               \
        GOLDEN(#OP " stacked both", OP, 3, 2, 7, 6, 2, true, SEQUENCE, true),                      \
        GOLDEN(#OP " stacked both last", OP, 9, 2, 7, 4, 2, true, LAST, true),                     \
        GOLDEN(#OP " no bias", OP, 2, 3, 8, 4, 1, true, SEQUENCE, false)

/* tests/golden/make_recurrent.py */
Test(recurrent, pytorch)
{
    const fmx_op_case cases[] = {GOLDENS(lstm), GOLDENS(gru)};
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("recurrent.safetensors");
    for (size_t i = 0; i < FMX__COUNT(cases); ++i)
        fmx_op_check_golden(&test, &cases[i], &twin, file);
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(recurrent, nobody_wants_the_input_gradient)
{
    const fmx_op_case c =
        RECURRENT_CASE("first layer", lstm, 9, 3, 12, 20, 2, true, SEQUENCE, true, false, false);
    fmx_buffer *none[1] = {NULL};
    fmx_op_run run = {0};
    fmx_test test = fmx_test_open();
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    run.call.grad_in = none;
    fmx_test_ok(&test, c.op->forward(&run.call), "forward");
    fmx_test_ok(&test, c.op->backward(&run.call), "backward");
    fmx_op_run_close(&run);
    fmx_test_close(&test);
}

/* Names, shapes and starts as PyTorch's nn.LSTM and nn.GRU. */
Test(recurrent, weights_and_their_start)
{
    fmx_op_case c = RECURRENT_CASE("plan", lstm, 2, 5, 4, 3, 2, true, SEQUENCE, true, false, false);
    fmx_test test = fmx_test_open();
    fmx__op_plan plan = {0};
    fmx__op_site site = fmx_op_site(test.device, &c);
    site.device = NULL; /* shapes and weights need none */
    fmx_test_ok(&test, c.op->plan(&site, &plan), "plan");
    cr_assert_eq(plan.weight_count, 16);
    cr_assert_str_eq(plan.weight[0].name, "weight_ih_l0");
    cr_assert_str_eq(plan.weight[7].name, "bias_hh_l0_reverse");
    cr_assert_str_eq(plan.weight[13].name, "weight_hh_l1_reverse");
    cr_assert_eq(plan.weight[0].dim[0], 12);
    cr_assert_eq(plan.weight[0].dim[1], 5);
    cr_assert_eq(plan.weight[8].dim[1], 6); /* both directions below */
    cr_assert_eq(plan.weight[9].dim[1], 3);
    cr_assert_eq(plan.weight[2].rank, 1);
    cr_assert_eq(plan.weight[2].init, FMX__INIT_PYTORCH);
    cr_assert_eq(plan.weight[2].fan_in, 3);
    cr_assert_eq(plan.out.channels, 6);
    cr_assert_eq(plan.out.positions, 4);
    fmx__recurrent_options keras = *(const fmx__recurrent_options *)c.options;
    keras.initialiser = FMX__INIT_GLOROT_UNIFORM;
    keras.state_initialiser = FMX__INIT_ORTHOGONAL;
    keras.returns = FMX__RETURNS_LAST;
    plan = (fmx__op_plan){0};
    site.options = &keras;
    fmx_test_ok(&test, fmx__op_gru.plan(&site, &plan), "plan");
    cr_assert_eq(plan.weight[0].dim[0], 9);
    cr_assert_eq(plan.weight[0].init, FMX__INIT_GLOROT_UNIFORM);
    cr_assert_eq(plan.weight[1].init, FMX__INIT_ORTHOGONAL);
    cr_assert_eq(plan.weight[0].fan_in, 5);
    cr_assert_eq(plan.weight[0].fan_out, 9);
    cr_assert_eq(plan.weight[2].init, FMX__INIT_ZEROS);
    cr_assert_eq(plan.out.positions, 1);
    fmx_test_close(&test);
}

/* The number of launches is bounded by ceil(steps / 8192) where a device can take it. */
Test(recurrent, steps_of_a_launch)
{
    fmx__recurrent_options o = {{"", ""}, 50, 1, false, 0, true, 0, 0};
    const fmx__shape in = {1, 21800, false};
    fmx__recurrent_sizes s = fmx__recurrent_sizes_of(&o, false, false, 32, &in);
    cr_assert_eq(fmx__recurrent_steps_per_launch(&s), 8192);
    s = fmx__recurrent_sizes_of(&o, false, false, 1024, &in);
    cr_assert_eq(fmx__recurrent_steps_per_launch(&s), 512);
    o.units = 512;
    s = fmx__recurrent_sizes_of(&o, false, false, 32, &in);
    cr_assert_eq(fmx__recurrent_steps_per_launch(&s), 128);
}

Test(recurrent, refusals)
{
    fmx_op_case c = RECURRENT_CASE("refused", lstm, 1, 4, 2, 3, 5, true, LAST, true, false, false);
    fmx_test test = fmx_test_open();
    fmx_op_refused(&test, &c, "5 layers in 2 directions are 10, at most 8");
    c.options = NULL;
    c.in[0] = (fmx__shape){4, 2, true};
    fmx_op_refused(&test, &c, "complex");
    c.in[0] = (fmx__shape){SIZE_MAX / 1000, 1, false};
    fmx_op_refused(&test, &c, "more than can be counted");
    fmx_test_close(&test);
}

static uint64_t launches_of(const fmx_test *test, size_t steps)
{
    fmx_op_case c =
        RECURRENT_CASE("launches", lstm, 2, 1, 1, 5, 1, false, SEQUENCE, true, false, false);
    fmx_op_run run = {0};
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    uint64_t sum = 0;
    c.in[0].positions = steps;
    fmx_test_ok(test, fmx_op_run_open(test->device, &c, 1, &run), "open");
    fmx_test_ok(test, fmx_device_profile(test->device, true), "profile");
    fmx_test_ok(test, c.op->forward(&run.call), "forward");
    fmx_test_ok(test, c.op->backward(&run.call), "backward");
    fmx_test_ok(test, fmx_device_profile_rows(test->device, &rows, &count), "rows");
    for (size_t i = 0; i < count; ++i)
        sum += rows[i].calls;
    fmx_test_ok(test, fmx_device_profile(test->device, false), "profile");
    fmx_op_run_close(&run);
    free(rows);
    return sum;
}

/* From 1 to 8192 steps the same; one launch more in each direction for every 8192 behind them. */
Test(recurrent, launches_do_not_grow)
{
    fmx_test test = fmx_test_open();
    uint64_t one = launches_of(&test, 1);
    cr_assert(one >= 8 && one <= 12, "%u launches", (unsigned)one);
    cr_assert_eq(launches_of(&test, 777), one);
    cr_assert_eq(launches_of(&test, 8192), one);
    cr_assert_eq(launches_of(&test, 8193), one + 2);
    fmx_test_close(&test);
}

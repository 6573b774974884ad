#include <stdio.h>
#include <stdlib.h>

#include "cases/locally_connected1d.h"
#include "locally_connected1d_ref.h"
#include "op_fixture.h"

enum { WEIGHT = FMX__LOCAL_WEIGHT, BIAS = FMX__LOCAL_BIAS };

/* Sizes worked out apart from the op's. */
static fmx_ref_local sizes_of(const fmx_op_fixture *f)
{
    const fmx__local_options *o = f->options;
    fmx_ref_local s = {
        .batch = f->c->batch,
        .channels = f->c->in[0].channels,
        .filters = (size_t)o->filters,
        .taps = (size_t)o->kernel,
        .in_n = f->c->in[0].positions,
        .out_n = f->plan.out.positions,
        .left = o->padding == 0 ? ((size_t)o->kernel - 1) / 2 : 0,
    };
    cr_assert_eq(s.out_n, o->padding == 0 ? s.in_n : s.in_n + 1 - s.taps, "%s", f->c->name);
    return s;
}

static void forward(fmx_op_fixture *f)
{
    fmx_ref_local s = sizes_of(f);
    const double *bias = f->plan.weight_count > BIAS ? f->weight[BIAS] : NULL;
    fmx_ref_local_forward(&s, f->out, f->out_tol, f->in[0], f->weight[WEIGHT], bias);
    fmx_op_sum_tolerance(f->out_tol, s.batch * s.filters * s.out_n, s.channels * s.taps + 1);
}

static void backward(fmx_op_fixture *f)
{
    fmx_ref_local s = sizes_of(f);
    bool bias = f->plan.weight_count > BIAS;
    fmx_ref_local_backward(&s, f->grad_in[0], f->grad_in_tol[0], f->grad_weight[WEIGHT],
                           f->grad_weight_tol[WEIGHT], bias ? f->grad_weight[BIAS] : NULL,
                           bias ? f->grad_weight_tol[BIAS] : NULL, f->grad_out, f->in[0],
                           f->weight[WEIGHT]);
    fmx_op_sum_tolerance(f->grad_in_tol[0], s.batch * s.channels * s.in_n, s.filters * s.taps);
    fmx_op_sum_tolerance(f->grad_weight_tol[WEIGHT], s.filters * s.channels * s.taps * s.out_n,
                         s.batch);
    if (bias)
        fmx_op_sum_tolerance(f->grad_weight_tol[BIAS], s.filters * s.out_n, s.batch);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(locally_connected1d, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_locally_connected1d); ++i)
        fmx_op_check(&test, &fmx_cases_locally_connected1d[i], &twin);
    fmx_test_close(&test);
}

/* tests/golden/make_locally_connected.py: Keras's LocallyConnected1D. */
Test(locally_connected1d, keras)
{
    char name[32];
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("keras_locally_connected.safetensors");
    for (size_t i = 0; i < 4; ++i) {
        const fmx__tensor_entry *weight = NULL;
        const fmx__tensor_entry *in = NULL;
        snprintf(name, sizeof name, "locally_connected1d.%zu", i);
        free(fmx_test_tensor(file, &weight, "%s.weight", name));
        free(fmx_test_tensor(file, &in, "%s.input", name));
        fmx__local_options options = {
            .filters = (int64_t)weight->shape[0],
            .kernel = (int64_t)weight->shape[2],
            .padding = fmx_test_setting(file, name, "valid") != 0,
            .bias = fmx_test_setting(file, name, "bias") != 0,
        };
        cr_assert_eq(weight->shape[1], in->shape[1]);
        fmx_op_case c = {.name = name,
                         .op = &fmx__op_locally_connected1d,
                         .options = &options,
                         .batch = in->shape[0],
                         .in_count = 1,
                         .in = {{in->shape[1], in->shape[2], false}}};
        fmx_op_check_golden(&test, &c, &twin, file);
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(locally_connected1d, nobody_wants_the_input_gradient)
{
    const fmx_op_case c = LOCAL_CASE("first", 2, 3, 40, 5, 3, false, true, false);
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

Test(locally_connected1d, refusals)
{
    static const struct {
        fmx__local_options options;
        const char *message;
    } tried[] = {
        {{{"", ""}, 1, 9, 1, true, 0}, "reaches over 9 positions, the row has 8"},
        {{{"", ""}, 1000000, 1000000, 0, true, 0}, "more than 2^31 weights"},
    };
    fmx_test test = fmx_test_open();
    fmx_op_case c = {
        "refused", &fmx__op_locally_connected1d, NULL, 1, 1, {{2, 8, false}}, false, false, false};
    for (size_t i = 0; i < FMX__COUNT(tried); ++i) {
        c.options = &tried[i].options;
        fmx_op_refused(&test, &c, tried[i].message);
    }
    c.options = NULL;
    c.in[0].is_complex = true;
    fmx_op_refused(&test, &c, "complex");
    fmx_test_close(&test);
}

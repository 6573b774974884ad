#include <stdio.h>
#include <stdlib.h>

#include "cases/depthwise_conv1d.h"
#include "depthwise_conv1d_ref.h"
#include "op_fixture.h"

enum { WEIGHT = FMX__DEPTHWISE_WEIGHT, BIAS = FMX__DEPTHWISE_BIAS };

/* The sizes as PyTorch states them, worked out apart from the op's. */
static fmx_ref_depthwise sizes_of(const fmx_op_fixture *f)
{
    const fmx__depthwise_options *o = f->options;
    fmx_ref_depthwise d = {
        .batch = f->c->batch,
        .channels = f->c->in[0].channels,
        .in_n = f->c->in[0].positions,
        .out_n = f->plan.out.positions,
        .taps = (size_t)o->kernel,
        .stride = (size_t)o->stride,
        .dilation = (size_t)o->dilation,
    };
    size_t reach = (d.taps - 1) * d.dilation + 1;
    if (o->padding[0] == 's') {
        size_t covered = (d.out_n - 1) * d.stride + reach;
        cr_assert_eq(d.out_n, (d.in_n + d.stride - 1) / d.stride, "%s", f->c->name);
        d.left = covered > d.in_n ? (covered - d.in_n) / 2 : 0;
    } else if (o->padding[0] == 'c') {
        d.left = reach - 1;
        cr_assert_eq(d.out_n, (d.in_n - 1) / d.stride + 1, "%s", f->c->name);
    } else {
        d.left = o->padding[0] == 'v' ? 0 : (size_t)atoi(o->padding);
        cr_assert_eq(d.out_n, (d.in_n + 2 * d.left - reach) / d.stride + 1, "%s", f->c->name);
    }
    return d;
}

static void forward(fmx_op_fixture *f)
{
    fmx_ref_depthwise d = sizes_of(f);
    const double *bias = f->plan.weight_count > BIAS ? f->weight[BIAS] : NULL;
    fmx_ref_depthwise_forward(&d, f->out, f->out_tol, f->in[0], f->weight[WEIGHT], bias);
    fmx_op_sum_tolerance(f->out_tol, d.batch * d.channels * d.out_n, d.taps + 1);
}

static void backward(fmx_op_fixture *f)
{
    fmx_ref_depthwise d = sizes_of(f);
    bool bias = f->plan.weight_count > BIAS;
    fmx_ref_depthwise_backward(&d, f->grad_in[0], f->grad_in_tol[0], f->grad_weight[WEIGHT],
                               f->grad_weight_tol[WEIGHT], bias ? f->grad_weight[BIAS] : NULL,
                               bias ? f->grad_weight_tol[BIAS] : NULL, f->grad_out, f->in[0],
                               f->weight[WEIGHT]);
    fmx_op_sum_tolerance(f->grad_in_tol[0], d.batch * d.channels * d.in_n, d.taps);
    fmx_op_sum_tolerance(f->grad_weight_tol[WEIGHT], d.channels * d.taps, d.batch * d.out_n);
    if (bias)
        fmx_op_sum_tolerance(f->grad_weight_tol[BIAS], d.channels, d.batch * d.out_n);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(depthwise_conv1d, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_depthwise_conv1d); ++i)
        fmx_op_check(&test, &fmx_cases_depthwise_conv1d[i], &twin);
    fmx_test_close(&test);
}

/* tests/golden/make_tcn.py: PyTorch's Conv1d with groups = channels. */
Test(depthwise_conv1d, pytorch)
{
    char name[32];
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("torch_tcn_ops.safetensors");
    for (size_t i = 0; i < 8; ++i) {
        const fmx__tensor_entry *weight = NULL;
        const fmx__tensor_entry *in = NULL;
        snprintf(name, sizeof name, "depthwise_conv1d.%zu", i);
        free(fmx_test_tensor(file, &weight, "%s.weight", name));
        free(fmx_test_tensor(file, &in, "%s.input", name));
        int padding = (int)fmx_test_setting(file, name, "padding"); /* -1: same */
        fmx__depthwise_options options = {
            .kernel = (int64_t)weight->shape[2],
            .stride = (int64_t)fmx_test_setting(file, name, "stride"),
            .dilation = (int64_t)fmx_test_setting(file, name, "dilation"),
            .padding = "same",
            .bias = fmx_test_setting(file, name, "bias") != 0,
        };
        if (padding >= 0)
            snprintf(options.padding, sizeof options.padding, "%d", padding);
        cr_assert_eq(weight->shape[0], in->shape[1]);
        cr_assert_eq(weight->shape[1], 1);
        fmx_op_case c = {.name = name,
                         .op = &fmx__op_depthwise_conv1d,
                         .options = &options,
                         .batch = in->shape[0],
                         .in_count = 1,
                         .in = {{in->shape[1], in->shape[2], false}}};
        fmx_op_check_golden(&test, &c, &twin, file);
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(depthwise_conv1d, nobody_wants_the_input_gradient)
{
    const fmx_op_case c = DEPTHWISE_CASE("first", 2, 3, 40, 5, 1, 2, "same", true, false);
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

Test(depthwise_conv1d, refusals)
{
    static const struct {
        fmx__depthwise_options options;
        const char *message;
    } tried[] = {
        {{{"", ""}, 9, 1, 1, "valid", true, 0}, "reaches over 9 positions, the row has 8"},
        {{{"", ""}, 1000000, 1, 1000000, "same", true, 0}, "beyond 2^30"},
        {{{"", ""}, 3, 1, 1, "some", true, 0}, "padding is \"some\""},
        {{{"", ""}, 3, 1, 1, "", true, 0}, "write same, valid, causal or a number"},
        {{{"", ""}, 3, 1, 1, "99999999", true, 0}, "padding is \"99999999\""},
        {{{"", ""}, 3, 1, 1, "-1", true, 0}, "padding is \"-1\""},
    };
    fmx_test test = fmx_test_open();
    fmx_op_case c = {
        "refused", &fmx__op_depthwise_conv1d, NULL, 1, 1, {{2, 8, false}}, false, false, false};
    for (size_t i = 0; i < FMX__COUNT(tried); ++i) {
        c.options = &tried[i].options;
        fmx_op_refused(&test, &c, tried[i].message);
    }
    c.options = NULL;
    c.in[0].is_complex = true;
    fmx_op_refused(&test, &c, "complex");
    fmx_test_close(&test);
}

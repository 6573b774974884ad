#include <stdio.h>
#include <stdlib.h>

#include "cases/conv1d.h"
#include "conv1d_ref.h"
#include "op_fixture.h"

enum { WEIGHT = 0, BIAS = 1 };

static fmx_ref_conv1d sizes_of(const fmx_op_fixture *f)
{
    const fmx__conv1d_options *options = f->options;
    fmx_ref_conv1d d = {
        .batch = f->c->batch,
        .in_c = f->c->in[0].channels,
        .in_n = f->c->in[0].positions,
        .out_c = (size_t)options->filters,
        .taps = (size_t)options->kernel,
        .stride = (size_t)options->stride,
        .dilation = (size_t)options->dilation,
    };
    if (options->padding == FMX__PADDING_SAME)
        fmx_ref_conv1d_same(&d);
    else
        fmx_ref_conv1d_valid(&d);
    cr_assert_eq(d.out_n, f->plan.out.positions, "%s", f->c->name);
    cr_assert_eq(d.out_c, f->plan.out.channels, "%s", f->c->name);
    return d;
}

static void forward(fmx_op_fixture *f)
{
    fmx_ref_conv1d d = sizes_of(f);
    const double *bias = f->plan.weight_count > BIAS ? f->weight[BIAS] : NULL;
    fmx_ref_conv1d_forward(&d, f->out, f->out_tol, f->in[0], f->weight[WEIGHT], bias);
    fmx_op_sum_tolerance(f->out_tol, d.batch * d.out_c * d.out_n, d.in_c * d.taps + 1);
}

static void backward(fmx_op_fixture *f)
{
    fmx_ref_conv1d d = sizes_of(f);
    fmx_ref_conv1d_grad_in(&d, f->grad_in[0], f->grad_in_tol[0], f->grad_out, f->weight[WEIGHT]);
    fmx_ref_conv1d_grad_weight(&d, f->grad_weight[WEIGHT], f->grad_weight_tol[WEIGHT], f->grad_out,
                               f->in[0]);
    fmx_op_sum_tolerance(f->grad_in_tol[0], d.batch * d.in_c * d.in_n, d.out_c * d.taps);
    fmx_op_sum_tolerance(f->grad_weight_tol[WEIGHT], d.out_c * d.in_c * d.taps, d.batch * d.out_n);
    if (f->plan.weight_count > BIAS) {
        fmx_ref_conv1d_grad_bias(&d, f->grad_weight[BIAS], f->grad_weight_tol[BIAS], f->grad_out);
        fmx_op_sum_tolerance(f->grad_weight_tol[BIAS], d.out_c, d.batch * d.out_n);
    }
}

static const fmx_op_twin twin = {forward, backward, false};

Test(conv1d, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_conv1d); ++i)
        fmx_op_check(&test, &fmx_cases_conv1d[i], &twin);
    fmx_test_close(&test);
}

/* tests/golden/make_keras.py: 24 cases of both paddings, with strides and dilations. */
Test(conv1d, keras)
{
    char name[32];
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("keras_ops.safetensors");
    for (size_t i = 0; i < 24; ++i) {
        const fmx__tensor_entry *weight = NULL;
        const fmx__tensor_entry *in = NULL;
        snprintf(name, sizeof name, "conv1d.%zu", i);
        free(fmx_test_tensor(file, &weight, "%s.weight", name));
        free(fmx_test_tensor(file, &in, "%s.input", name));
        bool same = fmx_test_setting_is(file, name, "padding", "same");
        fmx__conv1d_options options = {
            .filters = (int64_t)weight->shape[0],
            .kernel = (int64_t)weight->shape[2],
            .stride = (int64_t)fmx_test_setting(file, name, "stride"),
            .dilation = (int64_t)fmx_test_setting(file, name, "dilation"),
            .padding = same ? FMX__PADDING_SAME : FMX__PADDING_VALID,
            .bias = true,
        };
        fmx_op_case c = {.name = name,
                         .op = &fmx__op_conv1d,
                         .options = &options,
                         .batch = in->shape[0],
                         .in_count = 1,
                         .in = {{in->shape[1], in->shape[2], false}}};
        fmx_op_check_golden(&test, &c, &twin, file);
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(conv1d, nobody_wants_the_input_gradient)
{
    const fmx_op_case c = CONV1D_CASE("first", 2, 1, 40, 3, 5, 2, 1, SAME, true, true, false);
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

/* Kernel 1, 10, 100 on 1 2 3 4 5: what Keras' Conv1D(padding="same") and "valid" give. */
Test(conv1d, padding_and_direction)
{
    static const struct {
        size_t taps;
        size_t stride;
        int padding;
        size_t count;
        float expected[5];
    } tried[] = {
        {3, 1, FMX__PADDING_SAME, 5, {210, 321, 432, 543, 54}},
        {3, 1, FMX__PADDING_VALID, 3, {321, 432, 543}},
        {2, 1, FMX__PADDING_SAME, 5, {21, 32, 43, 54, 5}}, /* the odd zero is on the right */
        {3, 2, FMX__PADDING_SAME, 3, {210, 432, 54}},
        {2, 2, FMX__PADDING_SAME, 3, {21, 43, 5}},
        {2, 2, FMX__PADDING_VALID, 2, {21, 43}},
    };
    const float in[5] = {1, 2, 3, 4, 5};
    const float weight[3] = {1, 10, 100};
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(tried); ++i) {
        float out[5] = {0};
        fmx_op_run run = {0};
        fmx__conv1d_options options = {
            {"", ""}, 1, (int64_t)tried[i].taps, (int64_t)tried[i].stride, 1, tried[i].padding,
            false,    0};
        fmx_op_case c = {"by hand", &fmx__op_conv1d, &options, 1, 1, {{1, 5, false}},
                         true,      false,           false};
        fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
        cr_assert_eq(run.plan.out.positions, tried[i].count);
        fmx_test_ok(&test, fmx_buffer_write(run.in[0], 0, in, sizeof in), "in");
        fmx_test_ok(&test, fmx_buffer_write(run.weight[0], 0, weight, 4 * tried[i].taps), "weight");
        fmx_test_ok(&test, c.op->forward(&run.call), "forward");
        fmx_test_ok(&test, fmx_buffer_read(run.call.out, 0, out, 4 * tried[i].count), "out");
        for (size_t k = 0; k < tried[i].count; ++k)
            cr_assert_eq(out[k], tried[i].expected[k], "case %zu, output %zu: %g", i, k,
                         (double)out[k]);
        fmx_op_run_close(&run);
    }
    fmx_test_close(&test);
}

Test(conv1d, weights_and_their_start)
{
    fmx_op_case c = CONV1D_CASE("plan", 2, 5, 20, 3, 7, 1, 1, SAME, true, false, false);
    const fmx__conv1d_options torch = {{"", ""}, 3, 7, 1, 1, 0, true, FMX__INIT_PYTORCH};
    fmx_test test = fmx_test_open();
    fmx__op_plan plan = {0};
    fmx__op_site site = fmx_op_site(test.device, &c);
    site.options = &torch;
    site.device = NULL; /* shapes and weights need none */
    fmx_test_ok(&test, c.op->plan(&site, &plan), "plan");
    cr_assert_eq(plan.weight_count, 2);
    cr_assert_eq(plan.weight[WEIGHT].dim[0], 3);
    cr_assert_eq(plan.weight[WEIGHT].dim[1], 5);
    cr_assert_eq(plan.weight[WEIGHT].dim[2], 7);
    cr_assert_eq(plan.weight[WEIGHT].init, FMX__INIT_PYTORCH);
    cr_assert_eq(plan.weight[WEIGHT].fan_in, 35);
    cr_assert_eq(plan.weight[WEIGHT].fan_out, 21);
    cr_assert_eq(plan.weight[BIAS].init, FMX__INIT_PYTORCH);
    cr_assert_eq(plan.weight[BIAS].fan_in, 35);
    fmx_test_close(&test);
}

Test(conv1d, refusals)
{
    fmx_op_case c = CONV1D_CASE("refused", 1, 2, 8, 3, 9, 1, 1, VALID, true, false, false);
    const fmx__conv1d_options far = {{"", ""}, 1, 1000000, 1, 1000000, 0, true, 0};
    const fmx__conv1d_options many = {{"", ""}, 1000000, 100000, 1, 1, 0, true, 0};
    fmx_test test = fmx_test_open();
    fmx_op_refused(&test, &c, "reaches over 9 positions, the row has 8");
    c.options = &far;
    fmx_op_refused(&test, &c, "beyond 2^30");
    c.options = &many;
    fmx_op_refused(&test, &c, "2^30 terms");
    c.in[0].is_complex = true;
    fmx_op_refused(&test, &c, "complex");
    fmx_test_close(&test);
}

#include <stdlib.h>

#include "cases/dense.h"
#include "dense_ref.h"
#include "op_fixture.h"

enum { WEIGHT = 0, BIAS = 1 };

static fmx_ref_dense sizes_of(const fmx_op_fixture *f)
{
    return (fmx_ref_dense){f->c->batch, f->c->in[0].channels, f->plan.out.channels};
}

static const double *bias_of(const fmx_op_fixture *f)
{
    return f->plan.weight_count > BIAS ? f->weight[BIAS] : NULL;
}

static void forward(fmx_op_fixture *f)
{
    fmx_ref_dense d = sizes_of(f);
    fmx_ref_dense_forward(&d, f->out, f->out_tol, f->in[0], f->weight[WEIGHT], bias_of(f));
    fmx_op_sum_tolerance(f->out_tol, d.batch * d.units, d.features + 1);
}

static void backward(fmx_op_fixture *f)
{
    fmx_ref_dense d = sizes_of(f);
    fmx_ref_dense_grad_in(&d, f->grad_in[0], f->grad_in_tol[0], f->grad_out, f->weight[WEIGHT]);
    fmx_ref_dense_grad_weight(&d, f->grad_weight[WEIGHT], f->grad_weight_tol[WEIGHT],
                              f->grad_weight[BIAS], f->grad_weight_tol[BIAS], f->grad_out,
                              f->in[0]);
    fmx_op_sum_tolerance(f->grad_in_tol[0], d.batch * d.features, d.units);
    fmx_op_sum_tolerance(f->grad_weight_tol[WEIGHT], d.units * d.features, d.batch);
    if (bias_of(f) != NULL)
        fmx_op_sum_tolerance(f->grad_weight_tol[BIAS], d.units, d.batch);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(dense, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_dense); ++i)
        fmx_op_check(&test, &fmx_cases_dense[i], &twin);
    fmx_test_close(&test);
}

/* tests/golden/make_keras.py */
Test(dense, keras)
{
    static const char *const names[] = {"dense.0", "dense.1", "dense.2"};
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("keras_ops.safetensors");
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        const fmx__tensor_entry *weight = NULL;
        const fmx__tensor_entry *in = NULL;
        free(fmx_test_tensor(file, &weight, "%s.weight", names[i]));
        free(fmx_test_tensor(file, &in, "%s.input", names[i]));
        fmx_op_case c = DENSE_CASE(names[i], in->shape[0], weight->shape[1], 1, true, false, false);
        fmx__dense_options options = {{"", ""}, (int64_t)weight->shape[0], true, 0};
        c.options = &options;
        fmx_op_check_golden(&test, &c, &twin, file);
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(dense, nobody_wants_the_input_gradient)
{
    const fmx_op_case c = DENSE_CASE("first layer", 5, 30, 20, true, true, false);
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

Test(dense, weights_and_their_start)
{
    const fmx__dense_options keras = {{"", ""}, 3, true, FMX__INIT_HE_NORMAL};
    const fmx__dense_options torch = {{"", ""}, 3, true, FMX__INIT_PYTORCH};
    fmx_op_case c = {"plan", &fmx__op_dense, &keras, 2, 1, {{5, 1, false}}, false, false, false};
    fmx_test test = fmx_test_open();
    fmx__op_plan plan = {0};
    fmx__op_site site = fmx_op_site(test.device, &c);
    site.device = NULL; /* shapes and weights need none */
    fmx_test_ok(&test, c.op->plan(&site, &plan), "plan");
    cr_assert_eq(plan.weight_count, 2);
    cr_assert_eq(plan.weight[WEIGHT].dim[0], 3);
    cr_assert_eq(plan.weight[WEIGHT].dim[1], 5);
    cr_assert_eq(plan.weight[WEIGHT].init, FMX__INIT_HE_NORMAL);
    cr_assert_eq(plan.weight[WEIGHT].fan_in, 5);
    cr_assert_eq(plan.weight[WEIGHT].fan_out, 3);
    cr_assert_eq(plan.weight[BIAS].init, FMX__INIT_ZEROS);
    plan = (fmx__op_plan){0};
    site.options = &torch;
    fmx_test_ok(&test, c.op->plan(&site, &plan), "plan");
    cr_assert_eq(plan.weight[BIAS].init, FMX__INIT_PYTORCH);
    cr_assert_eq(plan.weight[BIAS].fan_in, 5);
    fmx_test_close(&test);
}

Test(dense, refusals)
{
    fmx_op_case c = DENSE_CASE("refused", 1, 4, 2, true, false, false);
    const fmx__dense_options huge = {{"", ""}, 1000000000, true, FMX__INIT_ZEROS};
    fmx_test test = fmx_test_open();
    c.in[0].positions = 9;
    fmx_op_refused(&test, &c, "put flatten before it");
    c.in[0] = (fmx__shape){4, 1, true};
    fmx_op_refused(&test, &c, "complex");
    c.in[0] = (fmx__shape){SIZE_MAX / 1000, 1, false};
    c.options = &huge;
    fmx_op_refused(&test, &c, "more weights");
    fmx_test_close(&test);
}

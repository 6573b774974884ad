#include <stdlib.h>
#include <string.h>

#include "cases/conv1d_transpose.h"
#include "conv1d_transpose_ref.h"
#include "op_fixture.h"
#include "op_options.h"

enum { WEIGHT = 0, BIAS = 1 };

static fmx_ref_conv1d_transpose sizes_of(const fmx_op_fixture *f)
{
    const fmx__shape *in = &f->c->in[0];
    const size_t *dim = f->plan.weight[WEIGHT].dim;
    fmx_ref_conv1d_transpose d = {.batch = f->c->batch,
                                  .in_c = in->channels,
                                  .in_n = in->positions,
                                  .out_c = dim[1],
                                  .out_n = f->plan.out.positions,
                                  .taps = dim[2]};
    cr_assert_eq(dim[0], in->channels);
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_conv1d_transpose); ++i) {
        const fmx_case_conv1d_transpose *c = &fmx_cases_conv1d_transpose[i];
        if (strcmp(c->op.name, f->c->name) != 0)
            continue;
        d.stride = c->stride;
        d.dilation = c->dilation;
        d.padding = c->padding;
    }
    return d;
}

/* Sums of n products in float: at most n + 1 roundings of what was added so far, which is at most
 * the sum of the absolute terms. */
static void scale(double *size, size_t count, size_t terms)
{
    for (size_t i = 0; i < count; ++i)
        size[i] *= ((double)terms + 1) * FMX_TEST_EPS;
}

static void forward(fmx_op_fixture *f)
{
    fmx_ref_conv1d_transpose d = sizes_of(f);
    const double *bias = f->plan.weight_count > BIAS ? f->weight[BIAS] : NULL;
    fmx_ref_conv1d_transpose_forward(&d, f->out, f->out_tol, f->in[0], f->weight[WEIGHT], bias);
    scale(f->out_tol, d.batch * d.out_c * d.out_n, d.in_c * d.taps + 1);
}

static void backward(fmx_op_fixture *f)
{
    fmx_ref_conv1d_transpose d = sizes_of(f);
    fmx_ref_conv1d_transpose_grad_in(&d, f->grad_in[0], f->grad_in_tol[0], f->grad_out,
                                     f->weight[WEIGHT]);
    fmx_ref_conv1d_transpose_grad_weight(&d, f->grad_weight[WEIGHT], f->grad_weight_tol[WEIGHT],
                                         f->grad_out, f->in[0]);
    scale(f->grad_in_tol[0], d.batch * d.in_c * d.in_n, d.out_c * d.taps);
    scale(f->grad_weight_tol[WEIGHT], d.in_c * d.out_c * d.taps, d.batch * d.in_n);
    if (f->plan.weight_count > BIAS) {
        fmx_ref_conv1d_transpose_grad_bias(&d, f->grad_weight[BIAS], f->grad_weight_tol[BIAS],
                                           f->grad_out);
        scale(f->grad_weight_tol[BIAS], d.out_c, d.batch * d.out_n);
    }
}

static const fmx_op_twin twin = {forward, backward, false};

Test(conv1d_transpose, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_conv1d_transpose); ++i)
        fmx_op_check_with(&test, &fmx_cases_conv1d_transpose[i].op,
                          fmx_cases_conv1d_transpose[i].settings, &twin, NULL);
    fmx_test_close(&test);
}

/* PyTorch, tests/golden/make_torch_layers.py: every case of few positions with a bias. */
Test(conv1d_transpose, golden)
{
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("torch_conv1d_transpose.safetensors");
    size_t found = 0;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_conv1d_transpose); ++i) {
        const fmx_case_conv1d_transpose *c = &fmx_cases_conv1d_transpose[i];
        if (c->op.bench || c->op.in[0].channels > 4)
            continue;
        fmx_op_check_with(&test, &c->op, c->settings, &twin, file);
        ++found;
    }
    cr_assert_eq(found, 11);
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(conv1d_transpose, nobody_wants_the_input_gradient)
{
    fmx_buffer *none[1] = {NULL};
    fmx_test test = fmx_test_open();
    fmx_op_case c = fmx_cases_conv1d_transpose[5].op;
    void *options = fmx_op_options(test.ctx, c.op, fmx_cases_conv1d_transpose[5].settings);
    c.options = options;
    fmx_op_run run = {0};
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    run.call.grad_in = none;
    fmx_test_ok(&test, c.op->forward(&run.call), "forward");
    fmx_test_ok(&test, c.op->backward(&run.call), "backward");
    fmx_op_run_close(&run);
    free(options);
    fmx_test_close(&test);
}

Test(conv1d_transpose, refusals)
{
    static const struct {
        const char *settings;
        fmx__shape in;
        const char *part;
    } given[] = {
        {"", {1, 4, true}, "complex"},
        {"output_padding=2 stride=2", {1, 4, false}, "output_padding 2 must be below"},
        {"padding=3", {1, 4, false}, "padding 3 cuts off more than the kernel adds, 2"},
        {"kernel=2 padding=1", {1, 1, false}, "leaves nothing of 1 positions"},
        {"stride=1000000", {1, 1 << 24, false}, "more than 2^30"},
        {"filters=1000000 kernel=100000", {1, 4, false}, "2^30 terms"},
    };
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        fmx_op_case c = {
            .name = "case", .op = &fmx__op_conv1d_transpose, .batch = 1, .in_count = 1};
        void *options = fmx_op_options(test.ctx, c.op, given[i].settings);
        cr_assert_not_null(options);
        c.options = options;
        c.in[0] = given[i].in;
        fmx_op_refused(&test, &c, given[i].part);
        free(options);
    }
    fmx_op_case many = {.name = "many", .op = &fmx__op_conv1d_transpose, .in_count = 1};
    many.batch = (size_t)1 << 31;
    many.in[0] = (fmx__shape){1, 16, false};
    fmx_op_refused(&test, &many, "too many for one batch");
    fmx_test_close(&test);
}

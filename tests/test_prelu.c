#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/prelu.h"
#include "op_fixture.h"
#include "prelu_ref.h"

static fmx_ref_prelu sizes_of(const fmx_op_fixture *f)
{
    const fmx__shape *in = &f->c->in[0];
    return (fmx_ref_prelu){f->c->batch, in->channels, in->positions, f->plan.weight[0].dim[0]};
}

/* One product. */
static void forward(fmx_op_fixture *f)
{
    fmx_ref_prelu p = sizes_of(f);
    fmx_ref_prelu_forward(&p, f->out, f->in[0], f->weight[0]);
    for (size_t i = 0; i < p.batch * p.channels * p.positions; ++i)
        f->out_tol[i] = fabs(f->out[i]) * FMX_TEST_EPS;
}

/* One product; sums of n terms in blocks of 64 vectors or steps of a group of 64: at most 64 + n /
 * 1024 + 8 roundings of a row, 64 + rows / 64 + 8 of its parts, each of the sum of absolutes. */
static void backward(fmx_op_fixture *f)
{
    fmx_ref_prelu p = sizes_of(f);
    size_t count = p.batch * p.channels * p.positions;
    double *size = calloc(p.slopes, sizeof *size);
    double rows = p.slopes == 1 ? (double)count / 4096 + 1 : (double)p.batch;
    double length = p.slopes == 1 ? 4096 : (double)p.positions;
    fmx_ref_prelu_backward(&p, f->grad_in[0], f->grad_weight[0], size, f->grad_out, f->in[0],
                           f->weight[0]);
    for (size_t i = 0; i < count; ++i)
        f->grad_in_tol[0][i] = fabs(f->grad_in[0][i]) * FMX_TEST_EPS;
    for (size_t k = 0; k < p.slopes; ++k)
        f->grad_weight_tol[0][k] = (144 + length / 1024 + rows / 64) * size[k] * FMX_TEST_EPS;
    free(size);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(prelu, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_prelu); ++i)
        fmx_op_check_with(&test, &fmx_cases_prelu[i].op, fmx_cases_prelu[i].settings, &twin, NULL);
    fmx_test_close(&test);
}

/* PyTorch, tests/golden/make_torch_layers.py. */
Test(prelu, golden)
{
    static const char *const names[] = {"one value", "flat, channel", "vector + 1"};
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("torch_prelu.safetensors");
    size_t found = 0;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_prelu); ++i) {
        for (size_t k = 0; k < FMX__COUNT(names); ++k) {
            if (strcmp(fmx_cases_prelu[i].op.name, names[k]) != 0)
                continue;
            fmx_op_check_with(&test, &fmx_cases_prelu[i].op, fmx_cases_prelu[i].settings, &twin,
                              file);
            ++found;
        }
    }
    cr_assert_eq(found, FMX__COUNT(names));
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

/* The slope's gradient does not need that of the input. */
Test(prelu, without_the_gradient_of_the_input)
{
    float with = 0;
    float without = 1;
    fmx_test test = fmx_test_open();
    fmx_op_case c = {.name = "prelu", .op = &fmx__op_prelu, .batch = 2, .in_count = 1};
    c.in[0] = (fmx__shape){3, 100, false};
    fmx_op_run run;
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    fmx_test_ok(&test, c.op->backward(&run.call), "backward");
    fmx_test_ok(&test, fmx_buffer_read(run.grad_weight[0], 0, &with, sizeof with), "read");
    fmx_buffer *kept = run.grad_in[0];
    run.grad_in[0] = NULL;
    fmx_test_ok(&test, c.op->backward(&run.call), "backward");
    fmx_test_ok(&test, fmx_buffer_read(run.grad_weight[0], 0, &without, sizeof without), "read");
    cr_assert_eq(with, without);
    cr_assert_eq(run.plan.weight[0].scale, 0.25);
    run.grad_in[0] = kept;
    fmx_op_run_close(&run);
    fmx_test_close(&test);
}

Test(prelu, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = {.name = "complex", .op = &fmx__op_prelu, .batch = 1, .in_count = 1};
    c.in[0] = (fmx__shape){1, 4, true};
    fmx_op_refused(&test, &c, "complex");
    c.in[0] = (fmx__shape){1, (size_t)1 << 32, false};
    fmx_op_refused(&test, &c, "up to 2^31 - 1 channels and positions");
    fmx_test_close(&test);
}

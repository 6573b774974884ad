#include <math.h>

#include "cases/softmax.h"
#include "op_fixture.h"
#include "softmax_ref.h"

static size_t start_of(const fmx__shape *shape, size_t column)
{
    return column / shape->positions * shape->channels * shape->positions +
           column % shape->positions;
}

/* exp 2 ulp and its argument's rounding (at most 2, eps each), a sum of C terms, a quotient. */
static void forward(fmx_op_fixture *f)
{
    const fmx__shape *shape = &f->c->in[0];
    for (size_t i = 0; i < f->c->batch * shape->positions; ++i) {
        size_t at = start_of(shape, i);
        fmx_ref_softmax(f->out + at, f->in[0] + at, shape->channels, shape->positions);
        for (size_t c = 0; c < shape->channels; ++c)
            f->out_tol[at + c * shape->positions] =
                f->out[at + c * shape->positions] * (double)(12 + shape->channels) * FMX_TEST_EPS;
    }
}

/* y's relative error, twice, and a sum of C terms of together at most 1. */
static void backward(fmx_op_fixture *f)
{
    const fmx__shape *shape = &f->c->in[0];
    for (size_t i = 0; i < f->c->batch * shape->positions; ++i) {
        size_t at = start_of(shape, i);
        fmx_ref_softmax_gradient(f->grad_in[0] + at, f->grad_out + at, f->out + at, shape->channels,
                                 shape->positions);
        for (size_t c = 0; c < shape->channels; ++c)
            f->grad_in_tol[0][at + c * shape->positions] = f->out[at + c * shape->positions] * 3 *
                                                           (double)(16 + shape->channels) *
                                                           FMX_TEST_EPS;
    }
}

static const fmx_op_twin twin = {forward, backward, false};

Test(softmax, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_softmax); ++i)
        fmx_op_check(&test, &fmx_cases_softmax[i], &twin);
    fmx_test_close(&test);
}

Test(softmax, large_values_stay_finite)
{
    const float in[3] = {1e30F, -1e30F, 1e30F};
    float out[3];
    fmx_test test = fmx_test_open();
    fmx_op_case c = {"large", &fmx__op_softmax, NULL, 1, 1, {{3, 1, false}}, false, false, false};
    fmx_op_run run;
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    fmx_test_ok(&test, fmx_buffer_write(run.in[0], 0, in, sizeof in), "in");
    fmx_test_ok(&test, c.op->forward(&run.call), "forward");
    fmx_test_ok(&test, fmx_buffer_read(run.call.out, 0, out, sizeof out), "out");
    cr_assert(out[0] == 0.5F && out[1] == 0 && out[2] == 0.5F);
    fmx_op_run_close(&run);
    c.in[0].is_complex = true;
    fmx_op_refused(&test, &c, "complex");
    fmx_test_close(&test);
}

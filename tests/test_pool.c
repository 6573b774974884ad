#include <math.h>
#include <stdlib.h>

#include "cases/pool.h"
#include "op_fixture.h"
#include "op_options.h"
#include "pool_ref.h"

static fmx_ref_pool pool_of(const fmx_op_fixture *f)
{
    const fmx_case_pool *c = NULL;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_pool); ++i) {
        if (fmx_cases_pool[i].op.name == f->c->name)
            c = &fmx_cases_pool[i];
    }
    const fmx__shape *in = &f->c->in[0];
    fmx_ref_pool p = {.rows = f->c->batch * in->channels,
                      .in_n = in->positions,
                      .window = c->window,
                      .stride = c->stride};
    if (c->same)
        fmx_ref_pool_same(&p);
    else
        fmx_ref_pool_valid(&p);
    cr_assert_eq(p.out_n, f->plan.out.positions);
    return p;
}

/* A choice, so exact. */
static void forward(fmx_op_fixture *f)
{
    fmx_ref_pool p = pool_of(f);
    fmx_ref_pool_max(&p, f->out, f->in[0]);
}

/* One rounding for each window that holds the value. */
static void backward(fmx_op_fixture *f)
{
    fmx_ref_pool p = pool_of(f);
    double windows = (double)(p.window / p.stride + 1);
    fmx_ref_pool_max_gradient(&p, f->grad_in[0], f->grad_out, f->in[0]);
    for (size_t i = 0; i < p.rows * p.in_n; ++i)
        f->grad_in_tol[0][i] = p.window > p.stride ? windows * windows * FMX_TEST_EPS : 0;
}

static const fmx_op_twin twin = {forward, backward, false};

Test(pool, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_pool); ++i) {
        fmx_op_case c = fmx_cases_pool[i].op;
        void *options = fmx_op_options(test.ctx, c.op, fmx_cases_pool[i].settings);
        cr_assert_not_null(options, "%s", c.name);
        c.options = options;
        fmx_op_check(&test, &c, &twin);
        free(options);
    }
    fmx_test_close(&test);
}

Test(pool, the_first_of_equals_and_nan)
{
    const float in[6] = {2, 2, 1, NAN, -INFINITY, -INFINITY};
    const float grad[3] = {1, 2, 3};
    float out[3];
    float back[6];
    fmx_test test = fmx_test_open();
    fmx_op_case c = {"equals", &fmx__op_max_pool, NULL, 1, 1, {{1, 6, false}}, false, false, false};
    fmx_op_run run;
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    fmx_test_ok(&test, fmx_buffer_write(run.in[0], 0, in, sizeof in), "in");
    fmx_test_ok(&test, fmx_buffer_write(run.call.grad_out, 0, grad, sizeof grad), "grad");
    fmx_test_ok(&test, c.op->forward(&run.call), "forward");
    fmx_test_ok(&test, c.op->backward(&run.call), "backward");
    fmx_test_ok(&test, fmx_buffer_read(run.call.out, 0, out, sizeof out), "out");
    fmx_test_ok(&test, fmx_buffer_read(run.grad_in[0], 0, back, sizeof back), "back");
    cr_assert_eq(out[0], 2);
    cr_assert(isnan(out[1]));
    cr_assert_eq(out[2], -INFINITY);
    cr_assert(back[0] == 1 && back[1] == 0 && back[2] == 0 && back[3] == 2 && back[4] == 3 &&
              back[5] == 0);
    fmx_op_run_close(&run);
    fmx_test_close(&test);
}

Test(pool, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = {"short", &fmx__op_max_pool, NULL, 1, 1, {{1, 1, false}}, false, false, false};
    fmx_op_refused(&test, &c, "a window of 2 does not fit the input's 1 positions");
    c.in[0] = (fmx__shape){1, 8, true};
    fmx_op_refused(&test, &c, "complex");
    fmx_test_close(&test);
}

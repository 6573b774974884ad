#include <math.h>
#include <string.h>

#include "cases/pool.h"
#include "op_fixture.h"
#include "pool_ref.h"

static fmx_ref_pool pool_of(const fmx_op_fixture *f)
{
    const fmx_case_pool *c = NULL;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_pool); ++i) {
        if (strcmp(fmx_cases_pool[i].op.name, f->c->name) == 0)
            c = &fmx_cases_pool[i];
    }
    const fmx__shape *in = &f->c->in[0];
    fmx_ref_pool p = {.rows = f->c->batch * in->channels,
                      .in_n = in->positions,
                      .window = c->window,
                      .stride = c->stride,
                      .whole = c->whole};
    if (c->window == 0)
        p.out_n = c->stride;
    else if (c->same)
        fmx_ref_pool_same(&p);
    else
        fmx_ref_pool_valid(&p);
    cr_assert_eq(p.out_n, f->plan.out.positions);
    return p;
}

static bool is_max(const fmx_op_fixture *f)
{
    return f->c->op == &fmx__op_max_pool || f->c->op == &fmx__op_adaptive_max_pool;
}

/* The largest is a choice, so exact. Means: n - 1 additions of values up to 1, at most n / 16 + 16
 * behind one another where n > 511, and a quotient. */
static void forward(fmx_op_fixture *f)
{
    fmx_ref_pool p = pool_of(f);
    if (is_max(f)) {
        fmx_ref_pool_max(&p, f->out, f->in[0]);
        return;
    }
    fmx_ref_pool_average(&p, f->out, f->in[0]);
    for (size_t i = 0; i < p.rows * p.out_n; ++i) {
        size_t first = 0;
        size_t end = 0;
        fmx_ref_pool_places(&p, i % p.out_n, &first, &end);
        double n = (double)(end - first);
        f->out_tol[i] = (1 + (n > 511 ? n / 16 + 16 : n)) * FMX_TEST_EPS;
    }
}

/* How many outputs look at a value at most. */
static double holders(const fmx_ref_pool *p)
{
    return p->window > 0 ? (double)(p->window / p->stride + 1) : (double)(p->out_n / p->in_n + 2);
}

/* One rounding for each output that looks at the value; where they do not overlap the gradient of a
 * largest value is exact. Each term of a mean's has one more. */
static void backward(fmx_op_fixture *f)
{
    fmx_ref_pool p = pool_of(f);
    double n = holders(&p);
    bool overlap = p.window == 0 || p.window > p.stride;
    if (is_max(f))
        fmx_ref_pool_max_gradient(&p, f->grad_in[0], f->grad_out, f->in[0]);
    else
        fmx_ref_pool_average_gradient(&p, f->grad_in[0], f->grad_out);
    for (size_t i = 0; i < p.rows * p.in_n; ++i)
        f->grad_in_tol[0][i] =
            is_max(f) ? overlap ? n * n * FMX_TEST_EPS : 0 : n * (n + 1) * FMX_TEST_EPS;
}

static const fmx_op_twin twin = {forward, backward, false};

Test(pool, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_pool); ++i)
        fmx_op_check_with(&test, &fmx_cases_pool[i].op, fmx_cases_pool[i].settings, &twin, NULL);
    fmx_test_close(&test);
}

/* PyTorch, tests/golden/make_torch_layers.py; Keras's max_pool is in test_keras_ops.c. */
Test(pool, golden)
{
    static const char *const names[] = {"average, gaps",
                                        "average, vectors",
                                        "average, padding counts",
                                        "average, overlapping, same",
                                        "adaptive max, uneven",
                                        "adaptive max, more than there are",
                                        "adaptive average, all",
                                        "adaptive average, uneven",
                                        "adaptive average, more than there are"};
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("torch_pool.safetensors");
    size_t found = 0;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_pool); ++i) {
        for (size_t k = 0; k < FMX__COUNT(names); ++k) {
            if (strcmp(fmx_cases_pool[i].op.name, names[k]) != 0)
                continue;
            fmx_op_check_with(&test, &fmx_cases_pool[i].op, fmx_cases_pool[i].settings, &twin,
                              file);
            ++found;
        }
    }
    cr_assert_eq(found, FMX__COUNT(names));
    fmx__safetensors_close(file);
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
    c.in[0] = (fmx__shape){1, (size_t)1 << 31, false};
    fmx_op_refused(&test, &c, "up to 2^31 - 1 positions");
    fmx_test_close(&test);
}

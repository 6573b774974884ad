#include <math.h>
#include <string.h>

#include "add_ref.h"
#include "cases/add.h"
#include "op_fixture.h"

static size_t count_of(const fmx_op_fixture *f)
{
    return f->c->batch * fmx__shape_floats(&f->c->in[0]);
}

/* One rounding for every addition, of at most the sum of the absolute terms. */
static void forward(fmx_op_fixture *f)
{
    fmx_ref_add((const double *const *)f->in, f->c->in_count, count_of(f), f->out);
    for (size_t i = 0; i < count_of(f); ++i) {
        f->out_tol[i] = 0;
        for (size_t k = 0; k < f->c->in_count; ++k)
            f->out_tol[i] += fabs(f->in[k][i]) * (double)(f->c->in_count - 1) * FMX_TEST_EPS;
    }
}

static void backward(fmx_op_fixture *f)
{
    for (size_t k = 0; k < f->c->in_count; ++k)
        memcpy(f->grad_in[k], f->grad_out, count_of(f) * sizeof(double)); /* copied: exact */
}

static const fmx_op_twin twin = {forward, backward, false};

Test(add, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_add); ++i)
        fmx_op_check(&test, &fmx_cases_add[i], &twin);
    fmx_test_close(&test);
}

Test(add, refusals)
{
    const fmx_op_case shapes = {"shapes", &fmx__op_add, NULL, 1, 2, {{1, 4, false}, {4, 1, false}},
                                false,    false,        false};
    fmx_test test = fmx_test_open();
    fmx_op_refused(&test, &shapes, "input 1 is 1 x 4, input 2 is 4 x 1");
    fmx_test_close(&test);
}

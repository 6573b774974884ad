#include <math.h>
#include <stdlib.h>

#include "cases/multiply.h"
#include "multiply_ref.h"
#include "op_fixture.h"

static fmx_ref_multiply sizes_of(const fmx_op_fixture *f)
{
    fmx_ref_multiply m = {
        f->c->batch, f->plan.out.channels, f->plan.out.positions, f->c->in_count, {0}, {0}};
    for (size_t i = 0; i < m.inputs; ++i) {
        m.in_channels[i] = f->c->in[i].channels;
        m.in_positions[i] = f->c->in[i].positions;
    }
    return m;
}

/* One rounding for each product. */
static void forward(fmx_op_fixture *f)
{
    fmx_ref_multiply m = sizes_of(f);
    fmx_ref_multiply_forward(&m, f->out, (const double *const *)f->in);
    for (size_t i = 0; i < m.batch * m.channels * m.positions; ++i)
        f->out_tol[i] = (double)m.inputs * fabs(f->out[i]) * FMX_TEST_EPS;
}

/* As many products, and sums of what one value stands for: over channels one after the other, over
 * positions in blocks of 64 vectors or by 64 items at least. */
static void backward(fmx_op_fixture *f)
{
    fmx_ref_multiply m = sizes_of(f);
    for (size_t i = 0; i < m.inputs; ++i) {
        size_t count = m.batch * m.in_channels[i] * m.in_positions[i];
        double terms = (double)(m.batch * m.channels * m.positions) / (double)count;
        fmx_ref_multiply_backward(&m, i, f->grad_in[i], f->grad_in_tol[i], f->grad_out,
                                  (const double *const *)f->in);
        double roundings = m.in_positions[i] == 1 && terms > 100 ? 100 + terms / 64 : terms;
        for (size_t n = 0; n < count; ++n)
            f->grad_in_tol[i][n] *= ((double)m.inputs + roundings) * FMX_TEST_EPS;
    }
}

static const fmx_op_twin twin = {forward, backward, false};

Test(multiply, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_multiply); ++i)
        fmx_op_check(&test, &fmx_cases_multiply[i], &twin);
    fmx_test_close(&test);
}

Test(multiply, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = FMX_MULTIPLY("case", 1, 3, 4, 2, 4, 0, 0, 0);
    fmx_op_refused(&test, &c, "input 1 is 3 x 4, others have 2 x 4");
    c.in[1] = (fmx__shape){3, 5, false};
    fmx_op_refused(&test, &c, "input 1 is 3 x 4, others have 3 x 5");
    c.in[1] = (fmx__shape){3, 4, true};
    fmx_op_refused(&test, &c, "input 2 is complex");
    c.in[0] = (fmx__shape){1 << 16, 1, false};
    c.in[1] = (fmx__shape){1, 1 << 16, false};
    fmx_op_refused(&test, &c, "up to 2^32 - 1 values");
    fmx_test_close(&test);
}

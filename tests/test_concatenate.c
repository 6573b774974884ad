#include "cases/concatenate.h"
#include "concatenate_ref.h"
#include "op_fixture.h"

static void floats_of(const fmx_op_fixture *f, size_t floats[4])
{
    for (size_t i = 0; i < f->c->in_count; ++i)
        floats[i] = fmx__shape_floats(&f->c->in[i]);
}

/* Copies: exact in both directions. */
static void forward(fmx_op_fixture *f)
{
    size_t floats[4];
    floats_of(f, floats);
    fmx_ref_concatenate(f->out, (const double *const *)f->in, floats, f->c->in_count, f->c->batch);
}

static void backward(fmx_op_fixture *f)
{
    size_t floats[4];
    floats_of(f, floats);
    fmx_ref_split(f->grad_in, f->grad_out, floats, f->c->in_count, f->c->batch);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(concatenate, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_concatenate); ++i)
        fmx_op_check(&test, &fmx_cases_concatenate[i], &twin);
    fmx_test_close(&test);
}

Test(concatenate, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = FMX_CONCATENATE("positions", 1, 2, 1, 1, 0, 4, 0);
    c.in[1].positions = 5;
    fmx_op_refused(&test, &c, "input 1 has 4, input 2 has 5");
    fmx_test_close(&test);
}

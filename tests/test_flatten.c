#include <string.h>

#include "cases/flatten.h"
#include "flatten_ref.h"
#include "op_fixture.h"

static size_t count_of(const fmx_op_fixture *f)
{
    return f->c->batch * fmx__shape_floats(&f->c->in[0]);
}

static void forward(fmx_op_fixture *f)
{
    size_t item = fmx__shape_floats(&f->c->in[0]);
    size_t channels = f->c->in[0].channels;
    for (size_t b = 0; b < f->c->batch; ++b)
        fmx_ref_flatten(f->in[0] + b * item, channels, item / channels, f->out + b * item);
}

static void backward(fmx_op_fixture *f)
{
    memcpy(f->grad_in[0], f->grad_out, count_of(f) * sizeof(double));
}

static const fmx_op_twin twin = {forward, backward, false};

Test(flatten, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_flatten); ++i) {
        const fmx_op_case *c = &fmx_cases_flatten[i];
        fmx__op_plan plan = {0};
        fmx__op_site site = fmx_op_site(test.device, c);
        fmx_test_ok(&test, c->op->plan(&site, &plan), c->name);
        cr_assert_eq(plan.out.channels, fmx__shape_floats(&c->in[0]), "%s", c->name);
        cr_assert_eq(plan.out.positions, 1, "%s", c->name);
        cr_assert_not(plan.out.is_complex, "%s", c->name);
        cr_assert(plan.alias, "%s", c->name); /* graphs never run it */
        fmx_op_check(&test, c, &twin);
    }
    fmx_test_close(&test);
}

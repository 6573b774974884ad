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
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_flatten); ++i)
        fmx_op_check(&test, &fmx_cases_flatten[i], &twin);
    fmx_test_close(&test);
}

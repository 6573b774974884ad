#include <stdlib.h>
#include <string.h>

#include "cases/concatenate.h"
#include "concatenate_ref.h"
#include "op_fixture.h"
#include "op_options.h"

/* Floats of a row of each input; returns the rows. */
static size_t floats_of(const fmx_op_fixture *f, size_t floats[4])
{
    size_t channels = strncmp(f->c->name, "positions", 9) == 0 ? f->c->in[0].channels : 1;
    for (size_t i = 0; i < f->c->in_count; ++i)
        floats[i] = fmx__shape_floats(&f->c->in[i]) / channels;
    return f->c->batch * channels;
}

/* Copies: exact in both directions. */
static void forward(fmx_op_fixture *f)
{
    size_t floats[4];
    size_t rows = floats_of(f, floats);
    fmx_ref_concatenate(f->out, (const double *const *)f->in, floats, f->c->in_count, rows);
}

static void backward(fmx_op_fixture *f)
{
    size_t floats[4];
    size_t rows = floats_of(f, floats);
    fmx_ref_split(f->grad_in, f->grad_out, floats, f->c->in_count, rows);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(concatenate, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_concatenate); ++i)
        fmx_op_check(&test, &fmx_cases_concatenate[i], &twin);
    void *options = fmx_op_options(test.ctx, &fmx__op_concatenate, "of=positions");
    cr_assert_not_null(options);
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_concatenate_positions); ++i) {
        fmx_op_case c = fmx_cases_concatenate_positions[i];
        c.options = options;
        fmx_op_check(&test, &c, &twin);
    }
    free(options);
    fmx_test_close(&test);
}

Test(concatenate, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = FMX_CONCATENATE("positions", 1, 2, 1, 1, 0, 4, 0);
    c.in[1].positions = 5;
    fmx_op_refused(&test, &c, "input 1 has 4, input 2 has 5");
    c.in[1] = (fmx__shape){1, 4, true};
    fmx_op_refused(&test, &c, "all real or all complex; input 2 differs");
    void *options = fmx_op_options(test.ctx, &fmx__op_concatenate, "of=positions");
    c.options = options;
    c.in[1] = (fmx__shape){2, 4, false};
    fmx_op_refused(&test, &c, "the same channels; input 1 has 1, input 2 has 2");
    free(options);
    fmx_test_close(&test);
}

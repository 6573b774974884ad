#include <stdlib.h>
#include <string.h>

#include "cases/slice.h"
#include "op_fixture.h"
#include "op_options.h"
#include "slice_ref.h"

static const fmx_case_slice *case_of(const fmx_op_fixture *f)
{
    const fmx_case_slice *c = NULL;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_slice); ++i) {
        if (strcmp(fmx_cases_slice[i].op.name, f->c->name) == 0)
            c = &fmx_cases_slice[i];
    }
    return c;
}

static size_t rows_of(const fmx_op_fixture *f)
{
    return f->c->batch * fmx__shape_floats(&f->c->in[0]) / case_of(f)->whole;
}

/* Copies: exact. */
static void forward(fmx_op_fixture *f)
{
    const fmx_case_slice *c = case_of(f);
    cr_assert_eq(f->c->batch * fmx__shape_floats(&f->plan.out), rows_of(f) * c->part);
    fmx_ref_slice(rows_of(f), c->whole, c->part, c->first, f->out, f->in[0]);
}

static void backward(fmx_op_fixture *f)
{
    const fmx_case_slice *c = case_of(f);
    fmx_ref_slice_gradient(rows_of(f), c->whole, c->part, c->first, f->grad_in[0], f->grad_out);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(slice, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_slice); ++i) {
        const fmx_case_slice *given = &fmx_cases_slice[i];
        fmx_op_case c = given->op;
        fmx__op_plan plan = {0};
        void *options = fmx_op_options(test.ctx, c.op, given->settings);
        cr_assert_not_null(options, "%s", c.name);
        c.options = options;
        fmx__op_site site = fmx_op_site(test.device, &c);
        fmx_test_ok(&test, c.op->plan(&site, &plan), c.name);
        cr_assert_eq(plan.alias, given->part == given->whole, "%s", c.name);
        fmx_op_check(&test, &c, &twin);
        free(options);
    }
    fmx_test_close(&test);
}

Test(slice, refusals)
{
    static const struct {
        const fmx__op *op;
        const char *settings;
        const char *part;
    } given[] = {
        {&fmx__op_slice, "first=4", "0 channels from number 4 on do not lie within the input's 4"},
        {&fmx__op_slice, "of=positions first=4 count=3", "3 positions from number 4 on"},
        {&fmx__op_split, "parts=3", "4 channels have no part 0 of 3 equal ones"},
        {&fmx__op_split, "parts=3 part=3 of=positions", "6 positions have no part 3 of 3"},
    };
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        void *options = fmx_op_options(test.ctx, given[i].op, given[i].settings);
        cr_assert_not_null(options);
        fmx_op_case c = {.name = "case", .op = given[i].op, .options = options, .batch = 1};
        c.in_count = 1;
        c.in[0] = (fmx__shape){4, 6, false};
        fmx_op_refused(&test, &c, given[i].part);
        free(options);
    }
    fmx_test_close(&test);
}

#include <stdlib.h>
#include <string.h>

#include "cases/structure.h"
#include "op_fixture.h"
#include "op_options.h"
#include "structure_ref.h"

static const fmx_case_structure *case_of(const fmx_op_fixture *f)
{
    const fmx_case_structure *c = NULL;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_structure); ++i) {
        if (fmx_cases_structure[i].op.name == f->c->name)
            c = &fmx_cases_structure[i];
    }
    return c;
}

static size_t rows_of(const fmx_op_fixture *f)
{
    const fmx_case_structure *c = case_of(f);
    return f->c->batch * fmx__shape_floats(&f->c->in[0]) / (c->a * c->b * c->n);
}

/* All of it exact. */
static void forward(fmx_op_fixture *f)
{
    const fmx_case_structure *c = case_of(f);
    fmx_ref_swap_axes(rows_of(f), c->a, c->b, c->n, f->in[0], f->out);
}

static void backward(fmx_op_fixture *f)
{
    const fmx_case_structure *c = case_of(f);
    fmx_ref_swap_axes(rows_of(f), c->b, c->a, c->n, f->grad_out, f->grad_in[0]);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(structure, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_structure); ++i) {
        const fmx_case_structure *given = &fmx_cases_structure[i];
        fmx_op_case c = given->op;
        fmx__op_plan plan = {0};
        void *options = fmx_op_options(test.ctx, c.op, given->settings);
        cr_assert_not_null(options, "%s", c.name);
        c.options = options;
        fmx__op_site site = fmx_op_site(test.device, &c);
        fmx_test_ok(&test, c.op->plan(&site, &plan), c.name);
        cr_assert_eq(plan.out.channels, given->out.channels, "%s", c.name);
        cr_assert_eq(plan.out.positions, given->out.positions, "%s", c.name);
        cr_assert_eq(fmx__shape_items(&plan.out), fmx__shape_items(&given->out), "%s", c.name);
        cr_assert_eq(plan.alias, given->a == 1 || given->b == 1, "%s", c.name);
        fmx_op_check(&test, &c, &twin);
        free(options);
    }
    fmx_test_close(&test);
}

/* Pairs (re, im) stay together. */
Test(structure, permute_of_complex_values)
{
    const float in[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; /* 2 channels, 3 positions */
    const float expected[12] = {1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12};
    float out[12];
    fmx_test test = fmx_test_open();
    fmx_op_case c = {.name = "complex", .op = &fmx__op_permute, .batch = 1, .in_count = 1};
    c.in[0] = (fmx__shape){2, 3, true, 0};
    fmx_op_run run;
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    fmx_test_ok(&test, fmx_buffer_write(run.in[0], 0, in, sizeof in), "in");
    fmx_test_ok(&test, c.op->forward(&run.call), "forward");
    fmx_test_ok(&test, fmx_buffer_read(run.call.out, 0, out, sizeof out), "out");
    cr_assert_arr_eq(out, expected, sizeof out);
    fmx_op_run_close(&run);
    fmx_test_close(&test);
}

Test(structure, refusals)
{
    static const struct {
        const fmx__op *op;
        const char *settings;
        fmx__shape in;
        const char *part;
    } given[] = {
        {&fmx__op_reshape, "", {4, 6, false, 0}, "neither channels nor positions"},
        {&fmx__op_reshape, "channels=5", {4, 6, false, 0}, "4 x 6 values are not 5 x 0"},
        {&fmx__op_reshape, "channels=48", {4, 6, false, 0}, "4 x 6"},
        {&fmx__op_reshape, "channels=5 positions=5", {4, 6, false, 0}, "are not 5 x 5"},
        {&fmx__op_fold, "parts=3", {4, 6, false, 0}, "4 channels do not fold into 3"},
        {&fmx__op_fold, "parts=4 of=positions", {4, 6, false, 0}, "6 positions do not fold into 4"},
        {&fmx__op_unfold, "parts=4", {4, 6, false, 6}, "folded into 6 parts, 4 cannot be joined"},
        {&fmx__op_permute, "", {1 << 16, 1 << 16, false, 0}, "takes up to 2^32 - 1"},
    };
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        void *options = fmx_op_options(test.ctx, given[i].op, given[i].settings);
        cr_assert_not_null(options);
        fmx_op_case c = {"case", given[i].op, options, 1, 1, {given[i].in}, false, false, false};
        fmx_op_refused(&test, &c, given[i].part);
        free(options);
    }
    fmx_test_close(&test);
}

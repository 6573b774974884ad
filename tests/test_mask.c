#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/mask.h"
#include "mask_ref.h"
#include "op_fixture.h"
#include "op_options.h"

static fmx_ref_mask sizes_of(const fmx_op_fixture *f)
{
    const fmx__shape *in = f->c->in;
    fmx_ref_mask m = {.batch = f->c->batch,
                      .sources = in[0].channels / in[1].channels,
                      .n = fmx__shape_floats(&in[1])};
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_mask); ++i) {
        if (strcmp(fmx_cases_mask[i].op.name, f->c->name) == 0)
            m.kind = fmx_cases_mask[i].kind;
    }
    return m;
}

/* How far a mask may be off, in units of 2^-24 of it: sigmoid 8 as in activation; softmax: two
 * exponentials (2 ulp each, of differences up to 2 with one rounding), a sum of S, two quotients.
 */
static double units_of(const fmx_ref_mask *m)
{
    return m->kind == 1 ? 8 : m->kind == 3 ? 16 + (double)m->sources : 0;
}

/* The mask's error and one product. */
static void forward(fmx_op_fixture *f)
{
    fmx_ref_mask m = sizes_of(f);
    fmx_ref_mask_forward(&m, f->out, f->in[0], f->in[1]);
    for (size_t i = 0; i < m.batch * m.sources * m.n; ++i)
        f->out_tol[i] = (1 + units_of(&m)) * fabs(f->out[i]) * FMX_TEST_EPS;
}

/* The signal's: S terms with the mask's error. The masks': for the sigmoid m (1 - m) has m's error
 * twice; for softmax g - sum has that of the sum, which is at most `size`; three products. */
static void backward(fmx_op_fixture *f)
{
    fmx_ref_mask m = sizes_of(f);
    double *size = calloc(m.batch * m.n, sizeof *size);
    double units = units_of(&m) + 4;
    fmx_ref_mask_backward(&m, f->grad_in[0], f->grad_in[1], size, f->grad_out, f->in[0], f->in[1]);
    for (size_t i = 0; i < m.batch * m.n; ++i)
        f->grad_in_tol[1][i] = (units + (double)m.sources) * size[i] * FMX_TEST_EPS;
    for (size_t i = 0; i < m.batch * m.sources * m.n; ++i) {
        size_t at = i / (m.sources * m.n) * m.n + i % m.n;
        double g = fabs(f->grad_out[i]) + (m.kind == 3 ? size[at] : 0);
        f->grad_in_tol[0][i] =
            (2 * units + (double)m.sources) * g * fabs(f->in[1][at]) * FMX_TEST_EPS;
    }
    free(size);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(mask, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_mask); ++i)
        fmx_op_check_with(&test, &fmx_cases_mask[i].op, fmx_cases_mask[i].settings, &twin, NULL);
    fmx_test_close(&test);
}

/* Either gradient alone is the same as with the other. */
Test(mask, one_gradient_alone)
{
    enum { LARGE = 2 * 15 * 37, SMALL = 2 * 3 * 37 };
    static float both[LARGE];
    static float alone[LARGE];
    fmx_test test = fmx_test_open();
    fmx_case_mask given = FMX_MASK("softmax", softmax, 2, 5, 3, 37, 0);
    fmx_op_case c = given.op;
    void *options = fmx_op_options(test.ctx, c.op, given.settings);
    c.options = options;
    fmx_op_run run;
    fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &run), "open");
    for (int k = 0; k < 2; ++k) {
        size_t bytes = (k == 0 ? LARGE : SMALL) * sizeof(float);
        fmx_buffer *other = run.grad_in[1 - k];
        fmx_test_ok(&test, c.op->backward(&run.call), "both");
        fmx_test_ok(&test, fmx_buffer_read(run.grad_in[k], 0, both, bytes), "read");
        run.grad_in[1 - k] = NULL;
        fmx_test_ok(&test, fmx_buffer_zero(run.grad_in[k], 0, bytes), "zero");
        fmx_test_ok(&test, c.op->backward(&run.call), "alone");
        fmx_test_ok(&test, fmx_buffer_read(run.grad_in[k], 0, alone, bytes), "read");
        run.grad_in[1 - k] = other;
        cr_assert_arr_eq(both, alone, bytes);
    }
    fmx_op_run_close(&run);
    free(options);
    fmx_test_close(&test);
}

Test(mask, refusals)
{
    fmx_test test = fmx_test_open();
    fmx_op_case c = {.name = "case", .op = &fmx__op_mask, .batch = 1, .in_count = 2};
    c.in[0] = (fmx__shape){7, 4, false};
    c.in[1] = (fmx__shape){3, 4, false};
    fmx_op_refused(&test, &c, "masks of 7 x 4 do not fit a signal of 3 x 4");
    c.in[0] = (fmx__shape){6, 5, false};
    fmx_op_refused(&test, &c, "masks of 6 x 5");
    c.in[1].is_complex = true;
    fmx_op_refused(&test, &c, "complex");
    fmx_test_close(&test);
}

#include <math.h>
#include <stdlib.h>

#include "cases/dropout.h"
#include "dropout_ref.h"
#include "op_fixture.h"
#include "op_options.h"
#include "philox.h"

/* The draw of value i of an item. */
static uint32_t word_of(const fmx_op_fixture *f, size_t b, size_t i)
{
    uint32_t words[4];
    const uint32_t counter[4] = {(uint32_t)(i / 4), f->layer, f->step.number, (uint32_t)b};
    const uint32_t key[2] = {f->step.seed, FMX__PURPOSE_DROPOUT};
    fmx__philox(words, counter, key);
    return words[i % 4];
}

static double rate_of(const fmx_op_fixture *f)
{
    return f->c->inference ? 0 : 0.5;
}

/* One rounding, and that of the scale. */
static void apply(const fmx_op_fixture *f, double *to, double *tolerance, const double *from)
{
    size_t floats = fmx__shape_floats(&f->c->in[0]);
    for (size_t i = 0; i < f->c->batch * floats; ++i) {
        to[i] = fmx_ref_dropout(from[i], rate_of(f), word_of(f, i / floats, i % floats));
        tolerance[i] = fabs(to[i]) * 2 * FMX_TEST_EPS;
    }
}

static void forward(fmx_op_fixture *f)
{
    apply(f, f->out, f->out_tol, f->in[0]);
}

static void backward(fmx_op_fixture *f)
{
    apply(f, f->grad_in[0], f->grad_in_tol[0], f->grad_out);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(dropout, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_dropout); ++i)
        fmx_op_check(&test, &fmx_cases_dropout[i], &twin);
    fmx_test_close(&test);
}

/* Of n values a share of 1 - rate survives, standard deviation sqrt(rate (1 - rate) / n); five of
 * them. Another step and another layer give another mask: they agree in half of the places, as
 * chance does. */
Test(dropout, share_and_independence)
{
    enum { N = 40000 };
    fmx_test test = fmx_test_open();
    fmx_op_case c = {"share", &fmx__op_dropout, NULL, 4, 1, {{N / 4, 1, false}}, false, false,
                     false};
    void *options = fmx_op_options(test.ctx, c.op, "rate=0.3");
    float *out[3];
    c.options = options;
    for (uint32_t run = 0; run < 3; ++run) {
        fmx_op_run device;
        size_t kept = 0;
        fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &device), "open");
        device.step.number += run == 1;
        device.call.layer += run == 2;
        out[run] = malloc(N * sizeof(float));
        fmx_test_ok(&test, c.op->forward(&device.call), "forward");
        fmx_test_ok(&test, fmx_buffer_read(device.call.out, 0, out[run], N * sizeof(float)), "out");
        for (size_t i = 0; i < N; ++i)
            kept += out[run][i] != 0;
        cr_assert_leq(fabs((double)kept / N - 0.7), 5 * sqrt(0.3 * 0.7 / N));
        fmx_op_run_close(&device);
    }
    for (int run = 1; run < 3; ++run) {
        size_t same = 0;
        for (size_t i = 0; i < N; ++i)
            same += (out[0][i] != 0) == (out[run][i] != 0);
        cr_assert_leq(fabs((double)same / N - 0.58), 5 * sqrt(0.58 * 0.42 / N)); /* .7^2 + .3^2 */
    }
    for (int run = 0; run < 3; ++run)
        free(out[run]);
    free(options);
    fmx_test_close(&test);
}

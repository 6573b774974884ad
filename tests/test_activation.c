#include <math.h>
#include <string.h>

#include "activation.h"
#include "activation_ref.h"
#include "cases/activation.h"
#include "op_fixture.h"

static int kind_of(const fmx_op_fixture *f)
{
    return f->c->op == &fmx__op_compress ? 2 : f->c->op == &fmx__op_sigmoid;
}

static const double default_scale = 0.02; /* of compress */

static size_t count_of(const fmx_op_fixture *f)
{
    return f->c->batch * fmx__shape_floats(&f->c->in[0]);
}

/* relu is exact; the sigmoid has exp (2 ulp), a sum and a quotient; compress a product, a sum, both
 * relative errors of the logarithm's argument and so absolute ones of y, and log (2 ulp of y). */
static void forward(fmx_op_fixture *f)
{
    for (size_t i = 0; i < count_of(f); ++i) {
        f->out[i] = fmx_ref_activation(f->in[0][i], kind_of(f), default_scale);
        f->out_tol[i] = kind_of(f) == 0   ? 0
                        : kind_of(f) == 1 ? 8 * FMX_TEST_EPS
                                          : (4 + 4 * fabs(f->out[i])) * FMX_TEST_EPS;
    }
}

/* One product for relu; y (1 - y) twice that of y's own error for the sigmoid; exp(-|y|) has y's
 * absolute error as its relative one, exp (2 ulp) and two products for compress. */
static void backward(fmx_op_fixture *f)
{
    for (size_t i = 0; i < count_of(f); ++i) {
        double y = fmx_ref_activation(f->in[0][i], kind_of(f), default_scale);
        f->grad_in[0][i] =
            f->grad_out[i] * fmx_ref_activation_slope(f->in[0][i], kind_of(f), default_scale);
        f->grad_in_tol[0][i] = kind_of(f) < 2
                                   ? fabs(f->grad_out[i]) * (1 + 19 * kind_of(f)) * FMX_TEST_EPS
                                   : fabs(f->grad_in[0][i]) * (4 + 4 * fabs(y) + 8) * FMX_TEST_EPS;
    }
}

static const fmx_op_twin twin = {forward, backward, false};

Test(activation, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_activation); ++i)
        fmx_op_check(&test, &fmx_cases_activation[i], &twin);
    fmx_test_close(&test);
}

Test(activation, relu_lets_nan_and_signs_through)
{
    const float in[17] = {NAN, -0.0f, 0.0f, INFINITY, -INFINITY, 1e-38f, -1e-38f, 3,  -3,
                          1,   2,     3,    4,        5,         6,      7,       NAN};
    float out[17];
    fmx_buffer *buffer = NULL;
    fmx_test test = fmx_test_open();
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, in, sizeof in, &buffer), "buffer");
    fmx_test_ok(&test,
                fmx__activation_forward(test.device, FMX__ACTIVATION_RELU, 1, 17, buffer, buffer),
                "in place");
    fmx_test_ok(&test, fmx_buffer_read(buffer, 0, out, sizeof out), "read");
    for (size_t i = 0; i < 17; ++i) {
        if (isnan(in[i]))
            cr_assert(isnan(out[i]));
        else
            cr_assert_eq(out[i], in[i] > 0 ? in[i] : 0);
    }
    fmx_buffer_release(buffer);
    fmx_test_close(&test);
}

Test(activation, refusals)
{
    const fmx_op_case complex_in = {"complex",      &fmx__op_relu, NULL,  1,    1,
                                    {{1, 4, true}}, false,         false, false};
    fmx_test test = fmx_test_open();
    fmx_op_refused(&test, &complex_in, "complex");
    fmx_test_close(&test);
}

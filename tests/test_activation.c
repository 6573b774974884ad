#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "activation_ref.h"
#include "cases/activation.h"
#include "op_fixture.h"
#include "op_options.h"

/* The function of a case, whose name begins with the function's and a comma. */
static const fmx_case_activation *function_of(const fmx_op_fixture *f)
{
    const fmx_case_activation *found = NULL;
    size_t length = strcspn(f->c->name, ",");
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_activation); ++i) {
        const fmx_case_activation *c = &fmx_cases_activation[i];
        if (strlen(c->name) == length && strncmp(f->c->name, c->name, length) == 0)
            found = c;
    }
    cr_assert_not_null(found, "no function %s", f->c->name);
    return found;
}

static fmx_ref_activation_kind kind_of(const fmx_case_activation *c)
{
    static const struct {
        const fmx__op *op;
        fmx_ref_activation_kind kind;
    } kinds[] = {
        {&fmx__op_relu, FMX_REF_RELU},         {&fmx__op_sigmoid, FMX_REF_SIGMOID},
        {&fmx__op_compress, FMX_REF_COMPRESS}, {&fmx__op_leaky_relu, FMX_REF_LEAKY_RELU},
        {&fmx__op_elu, FMX_REF_ELU},           {&fmx__op_selu, FMX_REF_SELU},
        {&fmx__op_relu6, FMX_REF_RELU6},       {&fmx__op_tanh, FMX_REF_TANH},
        {&fmx__op_silu, FMX_REF_SILU},         {&fmx__op_softplus, FMX_REF_SOFTPLUS},
    };
    for (size_t i = 0; i < FMX__COUNT(kinds); ++i) {
        if (kinds[i].op == c->op)
            return kinds[i].kind;
    }
    cr_assert_eq(c->op, &fmx__op_gelu);
    return c->settings[0] == '\0' ? FMX_REF_GELU : FMX_REF_GELU_TANH;
}

static double value_of(const fmx_case_activation *c, double x)
{
    return fmx_ref_activation(x, kind_of(c), c->a, c->b);
}

static double slope_of(const fmx_case_activation *c, double x)
{
    return fmx_ref_activation_slope(x, kind_of(c), c->a, c->b);
}

/* How far y may be off at x, in units of 2^-24; an ulp is up to two of them. `tiny`: below 2^-120
 * the device may say 0. exp has 2 ulp, exp - 1 has 3, log 2, tanh 5; parameters are rounded once.
 */
static double value_tolerance(const fmx_case_activation *c, double x)
{
    const double tiny = ldexp(1, -120 + 24);
    double y = fabs(value_of(c, x));
    switch (kind_of(c)) {
    case FMX_REF_RELU:
    case FMX_REF_RELU6:
        return 0; /* a choice */
    case FMX_REF_SIGMOID:
        return 8 * y + tiny; /* exp, a sum, a quotient */
    case FMX_REF_COMPRESS:
        return 4 + 4 * y; /* a x and 1 + a x: relative errors of log's argument, absolute of y */
    case FMX_REF_LEAKY_RELU:
        return 2 * y; /* slope and product */
    case FMX_REF_ELU:
    case FMX_REF_SELU:
        return 9 * y; /* exp - 1, alpha, a product */
    case FMX_REF_TANH:
        return 10 * y;
    case FMX_REF_GELU: /* the tail has 8 + x^2, then a difference at most and a product */
        return (11 + x * x) * y + tiny;
    case FMX_REF_GELU_TANH: /* the argument s of exp has four roundings, each times s */
        return (8 + 4 * fabs(2 * (0.8 * x + 0.036 * x * x * x))) * y + tiny;
    case FMX_REF_SILU:
        return 8 * y + tiny;
    case FMX_REF_SOFTPLUS: /* a x is off by 2 a x; exp, log(1 + v) 8, two sums, a quotient */
        return 14 * y + 2 * fabs(x) + tiny;
    }
    return 0;
}

/* How far f'(x) may be off, in units of 2^-24. */
static double slope_tolerance(const fmx_case_activation *c, double x)
{
    double y = fabs(value_of(c, x));
    double w = 1.6 * x + 0.0714 * x * x * x;
    switch (kind_of(c)) {
    case FMX_REF_RELU:
    case FMX_REF_RELU6:
        return 0;
    case FMX_REF_SIGMOID:
        return 20; /* y (1 - y): y's own error twice */
    case FMX_REF_COMPRESS:
        return (12 + 4 * y) * slope_of(c, x); /* y's absolute error is exp's relative one */
    case FMX_REF_LEAKY_RELU:
        return 2;
    case FMX_REF_ELU: /* y + a: error of y, at most that of a itself, a sum */
        return 12 * fmax(1, c->a);
    case FMX_REF_SELU:
        return 12 * 1.76;
    case FMX_REF_TANH:
        return 24;     /* twice y's error, two sums and a product */
    case FMX_REF_GELU: /* P as above, x p from exp and four roundings: both below 1.2 */
        return 20 + x * x;
    case FMX_REF_GELU_TANH: /* x z' s (1 - s), with exp's error that of its argument */
        return (1 + fmin(fabs(w), 3)) * (14 + 4 * fmin(fabs(w), 20));
    case FMX_REF_SILU:
        return 12 * (1 + fmin(fabs(x), 2));
    case FMX_REF_SOFTPLUS: /* sigmoid, its argument off by 2 a x, of which a quarter counts */
        return 8 + fmin(c->a * fabs(x), 20);
    }
    return 0;
}

static size_t count_of(const fmx_op_fixture *f)
{
    return f->c->batch * fmx__shape_floats(&f->c->in[0]);
}

static void forward(fmx_op_fixture *f)
{
    const fmx_case_activation *c = function_of(f);
    for (size_t i = 0; i < count_of(f); ++i) {
        f->out[i] = value_of(c, f->in[0][i]);
        f->out_tol[i] = value_tolerance(c, f->in[0][i]) * FMX_TEST_EPS;
    }
}

static void backward(fmx_op_fixture *f)
{
    const fmx_case_activation *c = function_of(f);
    for (size_t i = 0; i < count_of(f); ++i) {
        double x = f->in[0][i];
        double g = fabs(f->grad_out[i]);
        f->grad_in[0][i] = f->grad_out[i] * slope_of(c, x);
        f->grad_in_tol[0][i] = (slope_tolerance(c, x) * g + fabs(f->grad_in[0][i])) * FMX_TEST_EPS;
    }
}

static const fmx_op_twin twin = {forward, backward, false};

static void check(const fmx_test *test, const fmx_case_activation *f, size_t shape,
                  fmx__safetensors *golden)
{
    char name[64];
    snprintf(name, sizeof name, "%s, %s", f->name, fmx_shapes_activation[shape].name);
    const fmx_op_case c = {.name = name,
                           .op = f->op,
                           .batch = fmx_shapes_activation[shape].batch,
                           .in_count = 1,
                           .in = {fmx_shapes_activation[shape].in},
                           .bench = fmx_shapes_activation[shape].bench};
    fmx_op_check_with(test, &c, f->settings, &twin, golden);
}

Test(activation, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_activation); ++i) {
        for (size_t s = 0; s < FMX__COUNT(fmx_shapes_activation); ++s)
            check(&test, &fmx_cases_activation[i], s, NULL);
    }
    fmx_test_close(&test);
}

/* PyTorch, tests/golden/make_torch_layers.py: the shape "tile + 1", values on [-5, 5). */
Test(activation, golden)
{
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors("torch_activation.safetensors");
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_activation); ++i) {
        if (fmx_cases_activation[i].op != &fmx__op_compress)
            check(&test, &fmx_cases_activation[i], 3, file);
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

/* Far from 0, where polynomials end, exponentials overflow and tails vanish; vectors and tail. */
Test(activation, wide_range)
{
    enum { N = 4001 };
    static float x[N], g[N], y[N], slope[N];
    fmx_test test = fmx_test_open();
    for (int i = 0; i < N; ++i) {
        x[i] = (float)(i - N / 2) * (i % 7 == 0 ? 0.05F : 0.01F);
        g[i] = 1;
    }
    for (size_t k = 0; k < FMX__COUNT(fmx_cases_activation); ++k) {
        const fmx_case_activation *c = &fmx_cases_activation[k];
        void *options = fmx_op_options(test.ctx, c->op, c->settings);
        fmx_op_case one = {c->name, c->op, options, 1, 1, {{1, N, false}}, false, false, false};
        fmx_op_run run;
        fmx_test_ok(&test, fmx_op_run_open(test.device, &one, 1, &run), c->name);
        fmx_test_ok(&test, fmx_buffer_write(run.in[0], 0, x, sizeof x), "x");
        fmx_test_ok(&test, fmx_buffer_write(run.call.grad_out, 0, g, sizeof g), "g");
        fmx_test_ok(&test, c->op->forward(&run.call), c->name);
        fmx_test_ok(&test, c->op->backward(&run.call), c->name);
        fmx_test_ok(&test, fmx_buffer_read(run.call.out, 0, y, sizeof y), "y");
        fmx_test_ok(&test, fmx_buffer_read(run.grad_in[0], 0, slope, sizeof slope), "slope");
        for (int i = 0; i < N; ++i) {
            double expected = value_of(c, x[i]);
            double tolerance = value_tolerance(c, x[i]) * FMX_TEST_EPS;
            cr_assert(fabs(y[i] - expected) <= tolerance, "%s of %g: %.9g, expected %.9g +- %.3g",
                      c->name, (double)x[i], (double)y[i], expected, tolerance);
            expected = slope_of(c, x[i]);
            tolerance = (slope_tolerance(c, x[i]) + fabs(expected)) * FMX_TEST_EPS;
            cr_assert(fabs(slope[i] - expected) <= tolerance,
                      "slope of %s at %g: %.9g, expected %.9g +- %.3g", c->name, (double)x[i],
                      (double)slope[i], expected, tolerance);
        }
        fmx_op_run_close(&run);
        free(options);
    }
    fmx_test_close(&test);
}

Test(activation, relu_lets_nan_and_signs_through)
{
    const float in[17] = {NAN, -0.0f, 0.0f, INFINITY, -INFINITY, 1e-38f, -1e-38f, 3,  -3,
                          1,   2,     3,    4,        5,         6,      7,       NAN};
    const fmx__activation relu = {FMX__ACTIVATION_RELU, 0, 0};
    float out[17];
    fmx_buffer *buffer = NULL;
    fmx_test test = fmx_test_open();
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, in, sizeof in, &buffer), "buffer");
    fmx_test_ok(&test, fmx__activation_forward(test.device, &relu, 17, buffer, buffer), "in place");
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

/* NaN is seen, infinities go where the function's limits are; 17: a vector and a tail. */
Test(activation, limits)
{
    static const struct {
        fmx__activation_kind kind;
        double above;
        double below;
    } given[] = {
        {FMX__ACTIVATION_SIGMOID, 1, 0},     {FMX__ACTIVATION_LEAKY_RELU, INFINITY, -INFINITY},
        {FMX__ACTIVATION_ELU, INFINITY, -1}, {FMX__ACTIVATION_RELU6, 6, 0},
        {FMX__ACTIVATION_TANH, 1, -1},       {FMX__ACTIVATION_SOFTPLUS, INFINITY, 0},
    };
    float in[17] = {NAN, INFINITY, -INFINITY, 200, -200};
    float out[17];
    fmx_buffer *from = NULL;
    fmx_buffer *to = NULL;
    fmx_test test = fmx_test_open();
    in[16] = NAN;
    fmx_test_ok(&test, fmx_buffer_create_copy(test.device, in, sizeof in, &from), "buffer");
    fmx_test_ok(&test, fmx_buffer_create(test.device, sizeof out, &to), "buffer");
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        const fmx__activation f = {given[i].kind, 1, 1};
        fmx_test_ok(&test, fmx__activation_forward(test.device, &f, 17, from, to), "forward");
        fmx_test_ok(&test, fmx_buffer_read(to, 0, out, sizeof out), "read");
        cr_assert(isnan(out[0]) && isnan(out[16]), "kind %d", (int)given[i].kind);
        for (int k = 1; k < 3; ++k) { /* exp ends at 88: what should vanish may be 2^-120 */
            double limit = k == 1 ? given[i].above : given[i].below;
            cr_assert(out[k] == limit || fabs(out[k] - limit) < ldexp(1, -120), "kind %d: %g",
                      (int)given[i].kind, (double)out[k]);
        }
        cr_assert(isfinite(out[3]) && isfinite(out[4]), "kind %d", (int)given[i].kind);
    }
    fmx_buffer_release(from);
    fmx_buffer_release(to);
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

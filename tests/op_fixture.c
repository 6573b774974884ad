#include "op_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op_options.h"
#include "op_run.h"

enum {
    DIFFERENCES = 12, /* tried for each tensor, where the case is small */
    SMALL = 20000,    /* values of the output */
    SMALL_CHANNELS = 4000,
    BENCH_BATCH = 2, /* cases of the benchmark are checked with fewer items */
    STATE_SEED = 5,
};

static double *doubles(size_t count)
{
    double *out = calloc(count > 0 ? count : 1, sizeof *out);
    cr_assert_not_null(out);
    return out;
}

static double *as_doubles(const float *from, size_t count)
{
    double *out = doubles(count);
    for (size_t i = 0; i < count; ++i)
        out[i] = from[i];
    return out;
}

static float *read_back(const fmx_test *test, fmx_buffer *buffer, size_t count, const char *what)
{
    float *out = malloc((count > 0 ? count : 1) * sizeof *out);
    cr_assert_not_null(out);
    fmx_test_ok(test, fmx_buffer_read(buffer, 0, out, count * sizeof *out), what);
    return out;
}

static size_t in_floats(const fmx_op_case *c, size_t i)
{
    return c->batch * fmx__shape_floats(&c->in[i]);
}

static size_t out_floats(const fmx_op_fixture *f)
{
    return f->c->batch * fmx__shape_floats(&f->plan.out);
}

/* The fixture's tensors from what the device was given. */
static void make_fixture(const fmx_test *test, const fmx_op_case *c, fmx_op_run *run,
                         fmx_op_fixture *f)
{
    *f = (fmx_op_fixture){.c = c, .options = run->call.options, .plan = run->plan};
    f->step = run->step;
    f->layer = run->call.layer;
    for (size_t i = 0; i < c->in_count; ++i) {
        float *in = read_back(test, run->in[i], in_floats(c, i), "inputs");
        f->in[i] = as_doubles(in, in_floats(c, i));
        f->grad_in[i] = doubles(in_floats(c, i));
        f->grad_in_tol[i] = doubles(in_floats(c, i));
        free(in);
    }
    for (size_t i = 0; i < f->plan.weight_count; ++i) {
        size_t count = fmx__op_weight_count(&f->plan.weight[i]);
        float *weight = read_back(test, run->weight[i], count, "weights");
        f->weight[i] = as_doubles(weight, count);
        f->weight_after[i] = as_doubles(weight, count);
        f->weight_tol[i] = doubles(count);
        f->grad_weight[i] = doubles(count);
        f->grad_weight_tol[i] = doubles(count);
        free(weight);
    }
    float *grad_out = read_back(test, run->call.grad_out, out_floats(f), "grad_out");
    f->grad_out = as_doubles(grad_out, out_floats(f));
    f->out = doubles(out_floats(f));
    f->out_tol = doubles(out_floats(f));
    free(grad_out);
}

static void clear_fixture(fmx_op_fixture *f)
{
    for (size_t i = 0; i < f->c->in_count; ++i) {
        free(f->in[i]);
        free(f->grad_in[i]);
        free(f->grad_in_tol[i]);
    }
    for (size_t i = 0; i < f->plan.weight_count; ++i) {
        free(f->weight[i]);
        free(f->weight_after[i]);
        free(f->weight_tol[i]);
        free(f->grad_weight[i]);
        free(f->grad_weight_tol[i]);
    }
    free(f->grad_out);
    free(f->out);
    free(f->out_tol);
}

static void compare(const fmx_test *test, fmx_buffer *buffer, const double *expected,
                    const double *tolerance, size_t count, bool relu, const char *name,
                    const char *what, size_t number)
{
    float *got = read_back(test, buffer, count, what);
    for (size_t i = 0; i < count; ++i) {
        double want = relu && expected[i] < 0 ? 0 : expected[i];
        cr_assert(fabs(got[i] - want) <= tolerance[i],
                  "%s: %s %zu, value %zu of %zu: got %.9g, expected %.9g +- %.3g", name, what,
                  number, i, count, (double)got[i], want, tolerance[i]);
    }
    free(got);
}

/* sum out * grad_out of the twin; where a relu is fused grad_out is masked already. */
static double loss_of(const fmx_op_twin *twin, fmx_op_fixture *f)
{
    double sum = 0;
    twin->forward(f);
    for (size_t i = 0; i < out_floats(f); ++i)
        sum += f->out[i] * f->grad_out[i];
    return sum;
}

/* d loss / d value by central differences at a few places. h = 1e-5 (values are of order 1): the
 * truncation is h^2 f''' / 6, about 1e-10, the rounding 2^-53 |loss| / h, about 1e-11 |loss|; 1e-6
 * leaves room for third derivatives up to 1e4 (narrow normalisations). */
static void check_differences(const fmx_op_twin *twin, fmx_op_fixture *f, double *value,
                              const double *gradient, size_t count, const char *what)
{
    const double h = 1e-5;
    double base = fabs(loss_of(twin, f));
    for (size_t k = 0; k < DIFFERENCES && k < count; ++k) {
        size_t i = count <= DIFFERENCES ? k : (k * 2654435761u + 17) % count;
        double kept = value[i];
        double expected = gradient[i];
        value[i] = kept + h;
        double above = loss_of(twin, f);
        value[i] = kept - h;
        double below = loss_of(twin, f);
        value[i] = kept;
        double slope = (above - below) / (2 * h);
        cr_assert(fabs(slope - expected) <= 1e-6 * (1 + base + fabs(expected)),
                  "%s: twin's gradient of %s, value %zu: %.9g, finite difference %.9g", f->c->name,
                  what, i, expected, slope);
    }
}

static void check_twin_gradient(const fmx_op_twin *twin, fmx_op_fixture *f)
{
    for (size_t i = 0; i < f->c->in_count; ++i)
        check_differences(twin, f, f->in[i], f->grad_in[i], in_floats(f->c, i), "an input");
    for (size_t i = 0; i < f->plan.weight_count; ++i) {
        if (f->plan.weight[i].trainable)
            check_differences(twin, f, f->weight[i], f->grad_weight[i],
                              fmx__op_weight_count(&f->plan.weight[i]), "a weight");
    }
    twin->forward(f);
}

static void check_forward(const fmx_test *test, fmx_op_fixture *f, const fmx_op_run *run)
{
    compare(test, run->call.out, f->out, f->out_tol, out_floats(f), f->c->relu, f->c->name,
            "output", 0);
    for (size_t i = 0; i < f->plan.weight_count; ++i) {
        if (!f->plan.weight[i].trainable)
            compare(test, run->weight[i], f->weight_after[i], f->weight_tol[i],
                    fmx__op_weight_count(&f->plan.weight[i]), false, f->c->name, "statistic", i);
    }
}

static void check_backward(const fmx_test *test, fmx_op_fixture *f, const fmx_op_run *run)
{
    for (size_t i = 0; i < f->c->in_count; ++i)
        compare(test, run->grad_in[i], f->grad_in[i], f->grad_in_tol[i], in_floats(f->c, i), false,
                f->c->name, "gradient of input", i);
    for (size_t i = 0; i < f->plan.weight_count; ++i) {
        if (f->plan.weight[i].trainable)
            compare(test, run->grad_weight[i], f->grad_weight[i], f->grad_weight_tol[i],
                    fmx__op_weight_count(&f->plan.weight[i]), false, f->c->name,
                    "gradient of weight", i);
    }
}

/* Where a fused relu cuts (by the device's own output, which rounding may put on either side of 0)
 * no gradient passes. */
static void mask(const fmx_test *test, fmx_op_fixture *f, const fmx_op_run *run)
{
    float *out = read_back(test, run->call.out, out_floats(f), "output");
    for (size_t i = 0; f->c->relu && i < out_floats(f); ++i) {
        if (!(out[i] > 0))
            f->grad_out[i] = 0;
    }
    free(out);
}

/* All results of a run in one array, to compare two runs. */
static float *results(const fmx_test *test, const fmx_op_case *c, const fmx_op_run *run,
                      size_t *count)
{
    float *all = NULL;
    *count = 0;
    for (size_t i = 0; i < 1 + c->in_count + run->plan.weight_count; ++i) {
        bool is_out = i == 0;
        bool is_in = !is_out && i <= c->in_count;
        size_t w = is_out || is_in ? 0 : i - 1 - c->in_count;
        fmx_buffer *buffer = is_out  ? run->call.out
                             : is_in ? run->grad_in[i - 1]
                                     : run->grad_weight[w];
        if (buffer == NULL || (c->inference && !is_out))
            continue;
        size_t floats = fmx_buffer_bytes(buffer) / sizeof(float);
        all = realloc(all, (*count + floats) * sizeof *all);
        cr_assert_not_null(all);
        fmx_test_ok(test, fmx_buffer_read(buffer, 0, all + *count, floats * sizeof *all), c->name);
        *count += floats;
    }
    return all;
}

static void run_once(const fmx_test *test, const fmx_op_case *c, fmx_op_run *run)
{
    fmx_test_ok(test, fmx_op_run_open(test->device, c, STATE_SEED, run), c->name);
    fmx_test_ok(test, c->op->forward(&run->call), c->name);
    if (!c->inference)
        fmx_test_ok(test, c->op->backward(&run->call), c->name);
}

void fmx_op_check(const fmx_test *test, const fmx_op_case *given, const fmx_op_twin *twin)
{
    fmx_op_case small = *given;
    bool large = given->bench || given->in[0].channels > SMALL_CHANNELS;
    if (large && getenv("FIDMIX_SMALL_CASES") != NULL) /* under Oclgrind, hours */
        return;
    if (given->bench && given->batch > BENCH_BATCH)
        small.batch = BENCH_BATCH;
    const fmx_op_case *c = &small;
    fmx_op_run run = {0};
    fmx_op_fixture f;
    size_t count[2];
    fmx_test_ok(test, fmx_op_run_open(test->device, c, STATE_SEED, &run), c->name);
    make_fixture(test, c, &run, &f);
    twin->forward(&f);
    fmx_test_ok(test, c->op->forward(&run.call), c->name);
    check_forward(test, &f, &run);
    if (!c->inference) {
        mask(test, &f, &run);
        twin->backward(&f);
        fmx_test_ok(test, c->op->backward(&run.call), c->name);
        check_backward(test, &f, &run);
        if (!twin->no_differences && out_floats(&f) <= SMALL)
            check_twin_gradient(twin, &f);
    }
    float *first = results(test, c, &run, &count[0]);
    fmx_op_run_close(&run);
    run_once(test, c, &run);
    float *second = results(test, c, &run, &count[1]);
    cr_assert_eq(count[0], count[1]);
    cr_assert_arr_eq(first, second, count[0] * sizeof *first, "%s: not the same bits", c->name);
    fmx_op_run_close(&run);
    free(first);
    free(second);
    clear_fixture(&f);
}

void fmx_op_refused(const fmx_test *test, const fmx_op_case *c, const char *part)
{
    fmx__op_plan plan = {0};
    fmx__op_site site = fmx_op_site(test->device, c);
    fmx_test_refused(test, c->op->plan(&site, &plan), FMX_ERROR_RECIPE, part);
}

/* The device's values against a golden tensor, which is rounded to float once. */
static void compare_golden(const fmx_test *test, fmx__safetensors *file, const char *name,
                           const char *what, fmx_buffer *got, double *tolerance)
{
    const fmx__tensor_entry *tensor = NULL;
    float *golden = fmx_test_tensor(file, &tensor, "%s.%s", name, what);
    double *expected = as_doubles(golden, tensor->values);
    for (size_t i = 0; i < tensor->values; ++i)
        tolerance[i] += fabs(expected[i]) * FMX_TEST_EPS;
    compare(test, got, expected, tolerance, tensor->values, false, name, what, 0);
    free(expected);
    free(golden);
}

static void load_golden(const fmx_test *test, fmx__safetensors *file, const char *name,
                        const char *what, fmx_buffer *to)
{
    const fmx__tensor_entry *tensor = NULL;
    float *values = fmx_test_tensor(file, &tensor, "%s.%s", name, what);
    size_t bytes = tensor->values * sizeof *values;
    cr_assert_eq(fmx_buffer_bytes(to), bytes, "%s.%s: %zu values", name, what, tensor->values);
    fmx_test_ok(test, fmx_buffer_write(to, 0, values, bytes), what);
    free(values);
}

void fmx_op_check_golden(const fmx_test *test, const fmx_op_case *c, const fmx_op_twin *twin,
                         fmx__safetensors *file)
{
    fmx_op_run run = {0};
    fmx_op_fixture f;
    char what[64];
    fmx_test_ok(test, fmx_op_run_open(test->device, c, STATE_SEED, &run), c->name);
    load_golden(test, file, c->name, "input", run.in[0]);
    load_golden(test, file, c->name, "grad_output", run.call.grad_out);
    for (size_t i = 0; i < run.plan.weight_count; ++i)
        load_golden(test, file, c->name, run.plan.weight[i].name, run.weight[i]);
    make_fixture(test, c, &run, &f);
    twin->forward(&f);
    twin->backward(&f);
    fmx_test_ok(test, c->op->forward(&run.call), c->name);
    compare_golden(test, file, c->name, "output", run.call.out, f.out_tol);
    fmx_test_ok(test, c->op->backward(&run.call), c->name);
    compare_golden(test, file, c->name, "grad_input", run.grad_in[0], f.grad_in_tol[0]);
    for (size_t i = 0; i < run.plan.weight_count; ++i) {
        if (!run.plan.weight[i].trainable)
            continue;
        snprintf(what, sizeof what, "grad_%s", run.plan.weight[i].name);
        compare_golden(test, file, c->name, what, run.grad_weight[i], f.grad_weight_tol[i]);
    }
    fmx_op_run_close(&run);
    clear_fixture(&f);
}

void fmx_op_check_with(const fmx_test *test, const fmx_op_case *given, const char *settings,
                       const fmx_op_twin *twin, fmx__safetensors *file)
{
    fmx_op_case c = *given;
    void *options = fmx_op_options(test->ctx, c.op, settings);
    cr_assert_not_null(options, "%s: %s", c.name, fmx_context_message(test->ctx));
    c.options = options;
    if (file != NULL)
        fmx_op_check_golden(test, &c, twin, file);
    else
        fmx_op_check(test, &c, twin);
    free(options);
}

void fmx_op_sum_tolerance(double *size, size_t count, size_t terms)
{
    double n = (double)terms + 1;
    double factor = fmin(n, 6 * sqrt(n)) * FMX_TEST_EPS;
    for (size_t i = 0; i < count; ++i)
        size[i] *= factor;
}

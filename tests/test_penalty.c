#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/penalty.h"
#include "fmx_test.h"
#include "penalty.h"
#include "penalty_ref.h"

/* One tensor on host and device: every seventh weight is 0. */
typedef struct tensor {
    size_t count;
    float *w;
    float *g;
    fmx__penalty_tensor spec;
} tensor;

static tensor make(const fmx_test *test, const fmx_case_penalty *c, uint64_t seed)
{
    tensor t = {.count = c->count, .spec = {.count = c->count, .l1 = c->l1, .l2 = c->l2}};
    t.w = fmx_test_random(c->count, seed);
    t.g = fmx_test_random(c->count, seed + 1);
    for (size_t i = 3; i < c->count; i += 7)
        t.w[i] = 0;
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, t.w, c->count * 4, &t.spec.value), "w");
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, t.g, c->count * 4, &t.spec.grad), "g");
    return t;
}

static void clear(tensor *t)
{
    free(t->w);
    free(t->g);
    fmx_buffer_release(t->spec.value);
    fmx_buffer_release(t->spec.grad);
}

/* The gradient: three roundings of a sum of terms below these. */
static void check_grad(const tensor *t, const float *got, const double *expected)
{
    double tolerance = 3 * FMX_TEST_EPS * (1 + t->spec.l1 + 2 * t->spec.l2);
    for (size_t i = 0; i < t->count; ++i) {
        if (!(fabs((double)got[i] - expected[i]) <= tolerance))
            cr_assert_fail("gradient %zu of %zu: %.9g, %.9g", i, t->count, (double)got[i],
                           expected[i]);
    }
}

/* All tensors together, twice, with gradients and then without: the bits of the total stay. */
static void check(const fmx_test *test, tensor *t, size_t count)
{
    fmx__penalty_tensor spec[16];
    fmx__penalties p = {0};
    float total[2] = {0};
    double expected = 0;
    double terms = 0;
    for (size_t i = 0; i < count; ++i)
        spec[i] = t[i].spec;
    fmx_test_ok(test, fmx__penalties_create(test->device, spec, count, &p), "create");
    for (int run = 0; run < 2; ++run) {
        fmx_test_ok(test, fmx__penalties_run(&p, run == 0), "run");
        fmx_test_ok(test, fmx_buffer_read(p.total, 0, &total[run], 4), "total");
    }
    for (size_t i = 0; i < count; ++i) {
        float *got = malloc(t[i].count * sizeof *got);
        double *w = malloc(t[i].count * sizeof *w);
        double *grad = malloc(t[i].count * sizeof *grad);
        for (size_t k = 0; k < t[i].count; ++k) {
            w[k] = (double)t[i].w[k];
            grad[k] = (double)t[i].g[k];
        }
        expected += fmx_ref_penalty(grad, w, t[i].count, t[i].spec.l1, t[i].spec.l2);
        fmx_test_ok(test, fmx_buffer_read(t[i].spec.grad, 0, got, t[i].count * 4), "grad");
        check_grad(&t[i], got, grad);
        terms += (double)t[i].count / 4096 + 1;
        free(got);
        free(w);
        free(grad);
    }
    /* all terms are of one sign: three roundings each, 16384 / 16 and a rest of a part one after
     * the other, then the parts in 16 lanes */
    cr_assert_leq(fabs((double)total[0] - expected),
                  (3 + 1024 + 20 + terms / 16 + 20) * FMX_TEST_EPS * expected, "%.9g, %.9g",
                  (double)total[0], expected);
    cr_assert_arr_eq(&total[0], &total[1], sizeof(float));
    fmx__penalties_clear(&p);
}

Test(penalty, twin)
{
    fmx_test test = fmx_test_open();
    tensor t[FMX__COUNT(fmx_cases_penalty)];
    size_t count = 0;
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_penalty); ++i) {
        fmx_case_penalty c = fmx_cases_penalty[i];
        if (c.bench)
            c.count = getenv("FIDMIX_SMALL_CASES") != NULL ? 5003 : 100003;
        t[count] = make(&test, &c, 2 * i);
        check(&test, &t[count], 1);
        clear(&t[count]);
        t[count++] = make(&test, &c, 2 * i);
    }
    check(&test, t, count);
    for (size_t i = 0; i < count; ++i)
        clear(&t[i]);
    fmx_test_close(&test);
}

/* The twin's gradient against differences; |w| has none at 0, where its slope is 0. */
Test(penalty, differences)
{
    double w[4] = {0.5, -2, 0, 3};
    double grad[4] = {0};
    double unused[4] = {0};
    fmx_ref_penalty(grad, w, 4, 0.25, 0.5);
    for (size_t i = 0; i < 4; ++i) {
        double kept = w[i];
        w[i] = kept + 1e-5;
        double above = fmx_ref_penalty(unused, w, 4, 0.25, 0.5);
        w[i] = kept - 1e-5;
        double below = fmx_ref_penalty(unused, w, 4, 0.25, 0.5);
        w[i] = kept;
        cr_assert_float_eq((above - below) / 2e-5, grad[i], 1e-9);
    }
}

Test(penalty, nan_shows_and_nothing_is_nothing)
{
    const fmx_case_penalty c = {"nan", 100, 0.1, 0.1, 0};
    fmx_test test = fmx_test_open();
    tensor t = make(&test, &c, 1);
    fmx__penalties p = {0};
    float total = 0;
    float nan = NAN;
    fmx_test_ok(&test, fmx_buffer_write(t.spec.value, 40, &nan, 4), "nan");
    fmx_test_ok(&test, fmx__penalties_create(test.device, &t.spec, 1, &p), "create");
    fmx_test_ok(&test, fmx__penalties_run(&p, true), "run");
    fmx_test_ok(&test, fmx_buffer_read(p.total, 0, &total, 4), "total");
    cr_assert(isnan(total));
    fmx__penalties_clear(&p);
    fmx_test_ok(&test, fmx__penalties_create(test.device, NULL, 0, &p), "none");
    fmx_test_ok(&test, fmx__penalties_run(&p, true), "none");
    cr_assert_null(p.total);
    fmx__penalties_clear(&p);
    clear(&t);
    fmx_test_close(&test);
}

typedef struct attempt {
    const fmx_test *test;
    const fmx__penalty_tensor *spec;
} attempt;

static fmx_status create_and_run(void *user)
{
    attempt *a = user;
    fmx__penalties p = {0};
    fmx_status status = fmx__penalties_create(a->test->device, a->spec, 1, &p);
    if (status == FMX_OK)
        status = fmx__penalties_run(&p, true);
    fmx__penalties_clear(&p);
    return status;
}

Test(penalty, each_failure)
{
    fmx_test test = fmx_test_open();
    tensor t = make(&test, &fmx_cases_penalty[1], 1);
    attempt a = {&test, &t.spec};
    fmx_test_each_failure(&test, create_and_run, &a);
    clear(&t);
    fmx_test_close(&test);
}

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases/optimiser.h"
#include "fmx_golden.h"
#include "fmx_test.h"
#include "optimiser.h"
#include "optimiser_ref.h"
#include "optimiser_slab.h"

enum { STEPS = 7 };

static const fmx__optimiser *kind_of(const char *name)
{
    const fmx__option_group *group = NULL;
    size_t i = 0;
    while ((group = fmx__optimiser_stage(i)) != NULL && strcmp(group->name, name) != 0)
        ++i;
    cr_assert_not_null(group, "no optimiser %s", name);
    return fmx__optimiser_find(group);
}

static fmx_ref_optimiser ref_of(const char *kind, const fmx__optimiser_options *o)
{
    return (fmx_ref_optimiser){.kind = strcmp(kind, "adamw") == 0 ? 'w' : kind[0],
                               .learning_rate = o->learning_rate,
                               .momentum = o->momentum,
                               .nesterov = o->nesterov,
                               .centred = o->centred,
                               .beta1 = o->beta1,
                               .beta2 = o->beta2,
                               .rho = o->rho,
                               .epsilon = o->epsilon,
                               .weight_decay = o->weight_decay,
                               .clip_value = o->clip_value,
                               .pytorch = o->convention == FMX__OPTIMISER_PYTORCH};
}

/* Weights, gradient and as many moments as the kind has. */
typedef struct slabs {
    fmx_buffer *value;
    fmx_buffer *grad;
    fmx_buffer *moment[FMX__OPTIMISER_MOMENTS];
    size_t moments;
} slabs;

static slabs make_slabs(const fmx_test *test, const fmx__optimiser *kind,
                        const fmx__optimiser_options *o, const float *start, size_t count)
{
    const char *name[FMX__OPTIMISER_MOMENTS];
    size_t bytes = count * sizeof(float);
    slabs s = {.moments = fmx__optimiser_moments(kind, o, name)};
    fmx_test_ok(test, fmx_buffer_create_copy(test->device, start, bytes, &s.value), "weights");
    fmx_test_ok(test, fmx_buffer_create(test->device, bytes, &s.grad), "gradient");
    for (size_t m = 0; m < s.moments; ++m) {
        fmx_test_ok(test, fmx_buffer_create(test->device, bytes, &s.moment[m]), name[m]);
        fmx_test_ok(test, fmx_buffer_zero(s.moment[m], 0, bytes), name[m]);
    }
    return s;
}

static void release_slabs(const slabs *s)
{
    fmx_buffer_release(s->value);
    fmx_buffer_release(s->grad);
    for (size_t m = 0; m < s->moments; ++m)
        fmx_buffer_release(s->moment[m]);
}

/* Step t with these gradients at a learning rate. */
static void run_step(const fmx_test *test, const fmx__optimiser *kind,
                     const fmx__optimiser_options *o, const slabs *s, size_t count,
                     const float *gradient, double rate, unsigned t)
{
    fmx__optimiser_step step = fmx__optimiser_at(kind, o, rate, t);
    fmx__optimiser_call call = {
        .count = count, .value = s->value, .moment = s->moment, .grad = s->grad, .step = &step};
    fmx_test_ok(test, fmx_buffer_write(s->grad, 0, gradient, count * sizeof(float)), "gradient");
    fmx_test_ok(test, fmx__optimiser_run(test->device, kind, o, &call), kind->group.name);
}

/* The step that a unit of direction makes: what a relative error of the direction is multiplied by.
 * The direction is at most what the moments can hold: gradients of at most 1, 1 / (1 - momentum)
 * times that. */
static double reach(const fmx__optimiser_options *o, const fmx_ref_optimiser *ref,
                    const fmx_ref_weight *x, unsigned t)
{
    double most = o->learning_rate / (1 - o->momentum);
    if (ref->kind == 's')
        return most * 2;
    if (ref->kind == 'r') {
        /* v - mean^2 cancels: its error is eps (v + mean^2), the root's that over twice the root */
        double square = fmax(x->v - (o->centred ? x->mean * x->mean : 0), 0);
        double root = ref->pytorch ? sqrt(square) + o->epsilon : sqrt(square + o->epsilon);
        double lost = o->centred ? (x->v + x->mean * x->mean) / fmax(square, 1e-30) : 1;
        return most / root * (1 + fmin(lost, 1 / FMX_TEST_EPS));
    }
    double one = 1 - pow(o->beta1, t);
    double two = 1 - pow(o->beta2, t);
    double epsilon = o->epsilon * (ref->pytorch ? sqrt(two) : 1);
    return o->learning_rate * sqrt(two) / one / (sqrt(x->v) + epsilon);
}

/* A few steps with gradients that change; the moments' relative error grows by about three
 * roundings a step, the direction by six; m may cancel: its error is of the size of the gradients
 * (1). With a momentum the directions of all steps add up. */
static void check_case(const fmx_test *test, const fmx_case_optimiser *c)
{
    size_t bytes = c->count * sizeof(float);
    const fmx__optimiser *kind = kind_of(c->kind);
    const fmx_ref_optimiser ref = ref_of(c->kind, &c->options);
    float *start = fmx_test_random(c->count, 1);
    float *got = fmx_test_random(c->count, 1);
    fmx_ref_weight *x = calloc(c->count, sizeof *x);
    double *tolerance = calloc(c->count, sizeof *tolerance);
    double *worst = calloc(c->count, sizeof *worst);
    slabs s = make_slabs(test, kind, &c->options, start, c->count);
    for (size_t i = 0; i < c->count; ++i)
        x[i].w = start[i];
    for (unsigned t = 1; t <= STEPS; ++t) {
        float *g = fmx_test_random(c->count, 10 + t);
        run_step(test, kind, &c->options, &s, c->count, g, c->options.learning_rate, t);
        for (size_t i = 0; i < c->count; ++i) {
            fmx_ref_optimiser_step(&ref, t, g[i], &x[i]);
            worst[i] = fmax(worst[i], reach(&c->options, &ref, &x[i], t));
            tolerance[i] += FMX_TEST_EPS * (1 + 20.0 * t * worst[i]);
        }
        free(g);
    }
    fmx_test_ok(test, fmx_buffer_read(s.value, 0, got, bytes), "weights");
    for (size_t i = 0; i < c->count; ++i)
        cr_assert_leq(fabs(got[i] - x[i].w), tolerance[i] + fabs(x[i].w) * FMX_TEST_EPS * STEPS,
                      "%s, weight %zu: %.9g, expected %.9g +- %g", c->name, i, (double)got[i],
                      x[i].w, tolerance[i]);
    release_slabs(&s);
    free(start);
    free(got);
    free(x);
    free(tolerance);
    free(worst);
}

Test(optimiser, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_optimiser); ++i) {
        fmx_case_optimiser c = fmx_cases_optimiser[i];
        if (c.bench)
            c.count = 65537; /* the benchmark's own count takes a GiB */
        check_case(&test, &c);
    }
    fmx_test_close(&test);
}

/* The first step of any gradient moves a weight by the learning rate, whatever the gradient's size.
 */
Test(optimiser, corrections_at_the_first_step)
{
    const fmx__optimiser_options adam = {
        .learning_rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-12};
    const fmx__optimiser *kind = kind_of("adam");
    fmx_test test = fmx_test_open();
    for (int power = -4; power <= 4; power += 4) {
        float weight = 1;
        float gradient = (float)pow(10, power);
        slabs s = make_slabs(&test, kind, &adam, &weight, 1);
        run_step(&test, kind, &adam, &s, 1, &gradient, 0.01, 1);
        fmx_test_ok(&test, fmx_buffer_read(s.value, 0, &weight, 4), "w");
        cr_assert_float_eq(weight, 0.99, 4 * FMX_TEST_EPS, "gradient 1e%d: %.9g", power,
                           (double)weight);
        release_slabs(&s);
    }
    fmx_test_close(&test);
}

/* A gradient that is not a number reaches the weight, clipped or not. */
Test(optimiser, a_nan_stays)
{
    static const char *const names[] = {"sgd", "adam", "adamw", "rmsprop"};
    fmx_test test = fmx_test_open();
    for (size_t k = 0; k < FMX__COUNT(names); ++k) {
        const fmx__optimiser *kind = kind_of(names[k]);
        fmx__optimiser_options o = *(const fmx__optimiser_options *)kind->group.defaults;
        float weight[17] = {0};
        float gradient[17] = {[3] = NAN, [16] = NAN};
        o.clip_value = 0.5;
        slabs s = make_slabs(&test, kind, &o, weight, 17);
        run_step(&test, kind, &o, &s, 17, gradient, 0.01, 1);
        fmx_test_ok(&test, fmx_buffer_read(s.value, 0, weight, sizeof weight), "w");
        for (int i = 0; i < 17; ++i)
            cr_assert_eq(isnan(weight[i]) != 0, i == 3 || i == 16, "%s, weight %d", names[k], i);
        release_slabs(&s);
    }
    fmx_test_close(&test);
}

/* ---- norms ------------------------------------------------------------------------------------
 */

enum { SPAN = 4096, TENSORS = 5 };

static const fmx__norm_tensor tensors[TENSORS] = {
    {0, 0, SPAN - 1}, {0, SPAN, SPAN + 1}, {2, 0, 1}, {2, 64, 3 * SPAN + 5}, {0, 3 * SPAN, SPAN}};
static const size_t slab_floats[3] = {4 * SPAN, 0, 4 * SPAN};

/* Slabs 0 and 2 of random gradients, zero between the tensors. */
static void fill_slabs(const fmx_test *test, float *host[3], fmx_buffer *slab[3])
{
    for (size_t s = 0; s < 3; s += 2) {
        float *random = fmx_test_random(slab_floats[s], 5 + (unsigned)s);
        host[s] = calloc(slab_floats[s], sizeof(float));
        for (size_t i = 0; i < TENSORS; ++i) {
            if (tensors[i].slab == s)
                memcpy(host[s] + tensors[i].offset, random + tensors[i].offset,
                       tensors[i].count * sizeof(float));
        }
        fmx_test_ok(
            test,
            fmx_buffer_create_copy(test->device, host[s], slab_floats[s] * sizeof(float), &slab[s]),
            "slab");
        free(random);
    }
}

/* Norms in double of each tensor, the last of all together. */
static void norms_of(float *const host[3], double norm[TENSORS + 1])
{
    double sum = 0;
    for (size_t i = 0; i < TENSORS; ++i) {
        norm[i] = fmx_ref_norm(host[tensors[i].slab] + tensors[i].offset, tensors[i].count);
        sum += norm[i] * norm[i];
    }
    norm[TENSORS] = sqrt(sum);
}

static float read_float(const fmx_test *test, fmx_buffer *buffer)
{
    float value = NAN;
    fmx_test_ok(test, fmx_buffer_read(buffer, 0, &value, sizeof value), "read");
    return value;
}

/* Squares of a span are added one after the other by an item at most (4096 / 16 of them on one wide
 * item), then in a tree and over at most 9 spans: no more than 300 roundings, halved by the root,
 * and all of one sign. */
static const double norm_error = 150 * FMX_TEST_EPS;

Test(optimiser, global_norm)
{
    static const double limits[] = {0, 1, 1e6};
    fmx_test test = fmx_test_open();
    float *host[3] = {NULL};
    fmx_buffer *slab[3] = {NULL};
    double norm[TENSORS + 1];
    fill_slabs(&test, host, slab);
    norms_of(host, norm);
    double all = norm[TENSORS];
    for (int torch = 0; torch < 2; ++torch) {
        for (size_t i = 0; i < FMX__COUNT(limits); ++i) {
            double beside = torch ? 1e-6 : 0;
            fmx__norm_clip clip = {.limit = limits[i], .beside = beside};
            fmx__norms *norms = NULL;
            fmx_test_ok(&test, fmx__norms_create(test.device, tensors, TENSORS, &clip, &norms),
                        "create");
            fmx_test_ok(&test, fmx__norms_run(norms, slab, 3), "run");
            float first = read_float(&test, fmx__norms_all(norms));
            cr_assert_float_eq(first, all, all * norm_error, "%.9g, expected %.9g", (double)first,
                               all);
            fmx_test_ok(&test, fmx__norms_run(norms, slab, 3), "run");
            float again = read_float(&test, fmx__norms_all(norms));
            cr_assert_arr_eq(&first, &again, sizeof first, "other bits");
            cr_assert_eq(fmx__norms_factor(norms) == NULL, limits[i] <= 0);
            if (limits[i] > 0)
                cr_assert_float_eq(read_float(&test, fmx__norms_factor(norms)),
                                   fmin(1, limits[i] / (all + beside)), norm_error, "factor");
            fmx__norms_destroy(norms);
        }
    }
    for (int s = 0; s < 3; ++s) {
        free(host[s]);
        fmx_buffer_release(slab[s]);
    }
    fmx_test_close(&test);
}

Test(optimiser, norm_of_each)
{
    enum { LIMIT = 30 }; /* above some of the norms, below others */
    fmx_test test = fmx_test_open();
    float *host[3] = {NULL};
    fmx_buffer *slab[3] = {NULL};
    double norm[TENSORS + 1];
    fmx__norm_clip clip = {.limit = LIMIT, .per_tensor = true};
    fmx__norms *norms = NULL;
    float *got = calloc(4 * SPAN, sizeof *got);
    size_t clipped = 0;
    fill_slabs(&test, host, slab);
    norms_of(host, norm);
    fmx_test_ok(&test, fmx__norms_create(test.device, tensors, TENSORS, &clip, &norms), "create");
    fmx_test_ok(&test, fmx__norms_run(norms, slab, 3), "run");
    cr_assert_float_eq(read_float(&test, fmx__norms_all(norms)), norm[TENSORS],
                       norm[TENSORS] * norm_error, "all together");
    cr_assert_null(fmx__norms_factor(norms));
    for (size_t i = 0; i < TENSORS; ++i) {
        const fmx__norm_tensor *at = &tensors[i];
        double factor = fmin(1, LIMIT / norm[i]);
        clipped += factor < 1;
        fmx_test_ok(&test,
                    fmx_buffer_read(slab[at->slab], at->offset * sizeof(float), got,
                                    at->count * sizeof(float)),
                    "read");
        for (size_t k = 0; k < at->count; ++k) {
            double expected = factor * (double)host[at->slab][at->offset + k];
            cr_assert_float_eq(got[k], expected, fabs(expected) * (norm_error + FMX_TEST_EPS),
                               "tensor %zu, %zu: %.9g, expected %.9g", i, k, (double)got[k],
                               expected);
        }
    }
    cr_assert(clipped > 0 && clipped < TENSORS);
    fmx__norms_destroy(norms);
    free(got);
    for (int s = 0; s < 3; ++s) {
        free(host[s]);
        fmx_buffer_release(slab[s]);
    }
    fmx_test_close(&test);
}

/* y = a y + b x is two roundings; swapping is none. */
Test(optimiser, blend_and_swap)
{
    static const size_t counts[] = {1, 15, 16, 17, 1009};
    const float a = 0.75F;
    const float b = 0.2F;
    fmx_test test = fmx_test_open();
    for (size_t k = 0; k < FMX__COUNT(counts); ++k) {
        size_t count = counts[k];
        size_t bytes = count * sizeof(float);
        float *x = fmx_test_random(count, 2);
        float *y = fmx_test_random(count, 3);
        float *got = fmx_test_random(count, 3);
        fmx_buffer *on_x = NULL;
        fmx_buffer *on_y = NULL;
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, x, bytes, &on_x), "x");
        fmx_test_ok(&test, fmx_buffer_create_copy(test.device, y, bytes, &on_y), "y");
        fmx_test_ok(&test, fmx__slab_swap(test.device, count, on_x, on_y), "swap");
        fmx_test_ok(&test, fmx_buffer_read(on_y, 0, got, bytes), "read");
        cr_assert_arr_eq(got, x, bytes);
        fmx_test_ok(&test, fmx__slab_blend(test.device, count, on_x, on_y, &a, &b), "blend");
        fmx_test_ok(&test, fmx_buffer_read(on_x, 0, got, bytes), "read");
        for (size_t i = 0; i < count; ++i) {
            double expected = (double)a * (double)y[i] + (double)b * (double)x[i];
            cr_assert_float_eq(got[i], expected, 2 * FMX_TEST_EPS, "%zu: %.9g", i, (double)got[i]);
        }
        free(x);
        free(y);
        free(got);
        fmx_buffer_release(on_x);
        fmx_buffer_release(on_y);
    }
    fmx_test_close(&test);
}

/* ---- goldens ----------------------------------------------------------------------------------
 */

enum { GOLDEN = 24, FIRST = 17, GOLDEN_STEPS = 100, KEPT = 10 };

/* "sgd momentum=0.875 ..." */
static const fmx__optimiser *read_case(const fmx_test *test, const char *text,
                                       fmx__optimiser_options *o)
{
    char words[256];
    char *rest = NULL;
    snprintf(words, sizeof words, "%s", text);
    const fmx__optimiser *kind = kind_of(strtok_r(words, " ", &rest));
    const fmx__option_group *group = &kind->group;
    *o = *(const fmx__optimiser_options *)group->defaults;
    o->weight_decay = 0;
    for (char *word = NULL; (word = strtok_r(NULL, " ", &rest)) != NULL;) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        fmx_test_ok(
            test,
            fmx__option_set(test->ctx, group->options, group->option_count, o, text, word, value),
            text);
    }
    return kind;
}

/* What the clips by norm leave of a gradient, in double. */
static void clip_golden(const fmx__optimiser_options *o, const float *g, double out[GOLDEN])
{
    double beside = o->convention == FMX__OPTIMISER_PYTORCH ? 1e-6 : 0;
    double norm[3] = {fmx_ref_norm(g, FIRST), fmx_ref_norm(g + FIRST, GOLDEN - FIRST),
                      fmx_ref_norm(g, GOLDEN)};
    for (size_t i = 0; i < GOLDEN; ++i) {
        out[i] = g[i];
        if (o->clip_norm > 0)
            out[i] *= fmin(1, o->clip_norm / norm[i >= FIRST]);
        if (o->clip_global_norm > 0)
            out[i] *= fmin(1, o->clip_global_norm / (norm[2] + beside));
    }
}

/* One step of the device: norms, clip, optimiser. */
static void run_golden(const fmx_test *test, const fmx__optimiser *kind,
                       const fmx__optimiser_options *o, const slabs *s, const float *g, double rate,
                       unsigned t)
{
    static const fmx__norm_tensor two[] = {{0, 0, FIRST}, {0, FIRST, GOLDEN - FIRST}};
    fmx__norm_clip clip = {.limit = o->clip_norm > 0 ? o->clip_norm : o->clip_global_norm,
                           .beside = o->convention == FMX__OPTIMISER_PYTORCH ? 1e-6 : 0,
                           .per_tensor = o->clip_norm > 0};
    fmx__norms *norms = NULL;
    fmx__optimiser_step step = fmx__optimiser_at(kind, o, rate, t);
    fmx_test_ok(test, fmx_buffer_write(s->grad, 0, g, GOLDEN * sizeof *g), "gradient");
    fmx_test_ok(test, fmx__norms_create(test->device, two, 2, &clip, &norms), "norms");
    fmx_test_ok(test, fmx__norms_run(norms, &s->grad, 1), "norms");
    fmx__optimiser_call call = {.count = GOLDEN,
                                .value = s->value,
                                .moment = s->moment,
                                .grad = s->grad,
                                .factor = fmx__norms_factor(norms),
                                .step = &step};
    fmx_test_ok(test, fmx__optimiser_run(test->device, kind, o, &call), kind->group.name);
    fmx__norms_destroy(norms);
}

/* The twin, in double, is the golden's weights but for the golden's rounding to float (and, with
 * Keras's Adam, the power of beta2 that it takes in double from a float: the values here are
 * exact). The device rounds about 20 times a step relative to `reach`, whose m and v hold errors of
 * up to t steps; the weight itself is rounded once a step. */
static void check_golden(const fmx_test *test, fmx__safetensors *file, size_t number,
                         const char *text)
{
    fmx__optimiser_options o;
    const fmx__optimiser *kind = read_case(test, text, &o);
    float *start = fmx_test_tensor(file, NULL, "start");
    float *gradient = fmx_test_tensor(file, NULL, "gradient");
    float *rate = fmx_test_tensor(file, NULL, "rate");
    float *weights = fmx_test_tensor(file, NULL, "%zu.weights", number);
    fmx_ref_weight x[GOLDEN] = {{0}};
    double tolerance[GOLDEN] = {0};
    double worst[GOLDEN] = {0};
    double largest[GOLDEN] = {0};
    slabs s = make_slabs(test, kind, &o, start, GOLDEN);
    for (size_t i = 0; i < GOLDEN; ++i)
        x[i].w = start[i];
    for (unsigned t = 1; t <= GOLDEN_STEPS; ++t) {
        const float *g = gradient + (t - 1) * (size_t)GOLDEN;
        double clipped[GOLDEN];
        float got[GOLDEN];
        clip_golden(&o, g, clipped);
        run_golden(test, kind, &o, &s, g, rate[t - 1], t);
        fmx_test_ok(test, fmx_buffer_read(s.value, 0, got, sizeof got), "weights");
        o.learning_rate = rate[t - 1];
        fmx_ref_optimiser ref = ref_of(kind->group.name, &o);
        for (size_t i = 0; i < GOLDEN; ++i) {
            fmx_ref_optimiser_step(&ref, t, clipped[i], &x[i]);
            largest[i] = fmax(largest[i], fabs(clipped[i]) + fabs(o.weight_decay * x[i].w));
            worst[i] = fmax(worst[i], reach(&o, &ref, &x[i], t) * largest[i]);
            tolerance[i] += FMX_TEST_EPS * (fabs(x[i].w) + 20.0 * t * worst[i]);
            if (t % (GOLDEN_STEPS / KEPT) != 0)
                continue;
            double expected = weights[(t / (GOLDEN_STEPS / KEPT) - 1) * GOLDEN + i];
            cr_assert_float_eq(x[i].w, expected, 1e-12 + FMX_TEST_EPS * fabs(expected),
                               "%s, step %u, twin's weight %zu: %.9g, expected %.9g", text, t, i,
                               x[i].w, expected);
            cr_assert_float_eq(got[i], expected, tolerance[i] + FMX_TEST_EPS * fabs(expected),
                               "%s, step %u, weight %zu: %.9g, expected %.9g +- %g", text, t, i,
                               (double)got[i], expected, tolerance[i]);
        }
    }
    release_slabs(&s);
    free(start);
    free(gradient);
    free(rate);
    free(weights);
}

static void check_file(const char *name)
{
    fmx_test test = fmx_test_open();
    fmx__safetensors *file = fmx_test_tensors(name);
    const char *count = fmx__safetensors_text(file, "cases");
    cr_assert_not_null(count);
    for (size_t i = 0; i < strtoul(count, NULL, 10); ++i) {
        char key[32];
        snprintf(key, sizeof key, "%zu", i);
        check_golden(&test, file, i, fmx__safetensors_text(file, key));
    }
    fmx__safetensors_close(file);
    fmx_test_close(&test);
}

Test(optimiser, pytorch)
{
    check_file("optimiser_pytorch.safetensors");
}

Test(optimiser, keras)
{
    check_file("optimiser_keras.safetensors");
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

Test(optimiser, refusals)
{
    static const fmx__optimiser_options two = {.clip_value = 1, .clip_norm = 1};
    static const fmx__optimiser_options still = {.nesterov = true};
    fmx_test test = fmx_test_open();
    fmx_test_refused(&test, fmx__optimiser_check(test.ctx, "r.yml", kind_of("sgd"), &two),
                     FMX_ERROR_RECIPE, "give one of them at most");
    fmx_test_refused(&test, fmx__optimiser_check(test.ctx, "r.yml", kind_of("sgd"), &still),
                     FMX_ERROR_RECIPE, "nesterov needs a momentum");
    fmx_test_close(&test);
}

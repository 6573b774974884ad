#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cases/tcn.h"
#include "op_fixture.h"
#include "tcn_ref.h"

/* What the twin needs, worked out apart from the op. */
typedef struct facts {
    fmx_ref_tcn_norm t;
    fmx_ref_tcn_weights w;
    fmx_ref_tcn_weights grad;
    fmx_ref_tcn_weights tol;
    size_t count;
    double *u;
    double *du;
    double *mean;
    double *inverse;
} facts;

static void take_weights(const fmx__tcn_norm_options *o, double **from, fmx_ref_tcn_weights *to)
{
    size_t at = 0;
    *to = (fmx_ref_tcn_weights){0};
    if (o->convolves)
        to->weight = from[at++];
    if (o->convolves && o->depthwise.bias)
        to->bias = from[at++];
    to->slope = from[at++];
    if (o->norm.affine) {
        to->norm_weight = from[at++];
        to->norm_bias = from[at++];
    }
}

static double *room(size_t count)
{
    double *out = calloc(count, sizeof *out);
    cr_assert_not_null(out);
    return out;
}

static facts facts_of(fmx_op_fixture *f)
{
    const fmx__tcn_norm_options *o = f->options;
    facts s = {.t.epsilon = o->norm.epsilon};
    size_t taps = o->convolves ? (size_t)o->depthwise.kernel : 0;
    size_t reach = taps > 0 ? (taps - 1) * (size_t)o->depthwise.dilation : 0;
    s.t.d = (fmx_ref_depthwise){
        .batch = f->c->batch,
        .channels = f->c->in[0].channels,
        .in_n = f->c->in[0].positions,
        .out_n = f->c->in[0].positions,
        .taps = taps,
        .stride = 1,
        .dilation = (size_t)o->depthwise.dilation,
        .left = o->depthwise.padding[0] == 'c' ? reach : reach / 2,
    };
    take_weights(o, f->weight, &s.w);
    take_weights(o, f->grad_weight, &s.grad);
    take_weights(o, f->grad_weight_tol, &s.tol);
    s.count = s.t.d.batch * s.t.d.channels * s.t.d.in_n;
    s.u = room(s.count);
    s.du = room(s.count);
    s.mean = room(s.t.d.batch);
    s.inverse = room(s.t.d.batch);
    fmx_ref_tcn_norm_forward(&s.t, f->out, s.u, s.mean, s.inverse, f->in[0], &s.w);
    return s;
}

static void clear(facts *s)
{
    free(s->u);
    free(s->du);
    free(s->mean);
    free(s->inverse);
}

/* u has taps + 1 terms of at most 1, so an error below (taps + 1)^2 eps; that of a mean or variance
 * of n values of size up to taps + 1 is below (16 + 2 sqrt(n)) of its eps (test_norm.c), and 128
 * for the shifted squares of a segment at worst; y multiplies by the inverse, and a small variance
 * multiplies everything. */
static double bound(const facts *s, size_t b)
{
    double n = (double)s->t.d.channels * (double)s->t.d.in_n;
    double size = (double)s->t.d.taps + 1;
    return (16 + 2 * sqrt(n) + size) * size * (1 + s->inverse[b] * s->inverse[b]) * FMX_TEST_EPS;
}

/* PReLU has a kink: where |u| is within its rounding the device may take the other side. Gradients
 * differ there by |1 - slope| dp, and by what the taps spread of it. Random inputs of the cases
 * stay clear of it; this fails where one does not. */
static void stay_clear(const facts *s, const char *name)
{
    double size = (double)s->t.d.taps + 1;
    for (size_t i = 0; i < s->count && s->count < 200000; ++i)
        cr_assert_gt(fabs(s->u[i]), size * FMX_TEST_EPS, "%s: u[%zu] = %g is too near the kink",
                     name, i, s->u[i]);
}

static void forward(fmx_op_fixture *f)
{
    facts s = facts_of(f);
    size_t floats = s.t.d.channels * s.t.d.in_n;
    for (size_t i = 0; i < s.count; ++i)
        f->out_tol[i] = bound(&s, i / floats) * (2 + fabs(f->out[i]));
    clear(&s);
}

static void backward(fmx_op_fixture *f)
{
    facts s = facts_of(f);
    const fmx_ref_depthwise *d = &s.t.d;
    size_t floats = d->channels * d->in_n;
    double size = (double)d->taps + 1;
    stay_clear(&s, f->c->name);
    fmx_ref_tcn_norm_backward(&s.t, f->grad_in[0], &s.grad, s.du, f->grad_out, s.u, s.mean,
                              s.inverse, f->in[0], &s.w);
    double terms = 0;
    for (size_t b = 0; b < d->batch; ++b)
        terms += (double)d->in_n * bound(&s, b) * 4 * s.inverse[b] * (1 + s.inverse[b]);
    for (size_t i = 0; i < s.count; ++i) {
        size_t b = i / floats;
        f->grad_in_tol[0][i] = bound(&s, b) * 4 * s.inverse[b] * (1 + s.inverse[b]) * size;
    }
    *s.tol.slope = terms * size * (double)d->channels;
    for (size_t c = 0; c < d->channels; ++c) {
        if (s.tol.norm_weight != NULL) {
            s.tol.norm_weight[c] = terms * (1 + size);
            s.tol.norm_bias[c] = terms;
        }
        if (s.tol.bias != NULL)
            s.tol.bias[c] = terms;
        for (size_t k = 0; k < d->taps; ++k)
            s.tol.weight[c * d->taps + k] = terms;
    }
    clear(&s);
}

static const fmx_op_twin twin = {forward, backward, false};

Test(tcn, twin)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_tcn); ++i)
        fmx_op_check(&test, &fmx_cases_tcn[i], &twin);
    fmx_test_close(&test);
}

/* A large bias puts a mean of 1e4 on values that differ by order 1: u is then rounded to 1e4 eps,
 * and so is the mean, which the inverse (below 2) multiplies. The output is compared with that of
 * the same values without the bias; the PReLU is the identity. Segments of 2048 with a jump behind
 * the first 16 values are the worst that the shifted sums can meet. */
Test(tcn, survives_a_large_mean)
{
    enum { CHANNELS = 2, POSITIONS = 4100, COUNT = CHANNELS * POSITIONS };
    const fmx_op_case c =
        TCN_CASE("large mean", 1, CHANNELS, POSITIONS, true, 1, 1, "same", true, false, false);
    const float one[CHANNELS] = {1, 1};
    fmx_test test = fmx_test_open();
    float *x = fmx_test_random(COUNT, 3);
    float *out[2];
    for (int jump = 0; jump < 2; ++jump) {
        for (int i = 0; i < COUNT; ++i)
            x[i] += jump == 1 && i % POSITIONS % 2048 >= 16 ? 3 : 0;
        for (int run = 0; run < 2; ++run) {
            const float bias[CHANNELS] = {run * 1e4F, run * 1e4F};
            fmx_op_run device;
            fmx_test_ok(&test, fmx_op_run_open(test.device, &c, 1, &device), "open");
            fmx_test_ok(&test, fmx_buffer_write(device.in[0], 0, x, COUNT * sizeof *x), "x");
            fmx_test_ok(&test, fmx_buffer_write(device.weight[0], 0, one, sizeof one), "weight");
            fmx_test_ok(&test, fmx_buffer_write(device.weight[1], 0, bias, sizeof bias), "bias");
            fmx_test_ok(&test, fmx_buffer_write(device.weight[2], 0, one, sizeof *one), "slope");
            fmx_test_ok(&test, c.op->forward(&device.call), "forward");
            out[run] = malloc(COUNT * sizeof(float));
            fmx_test_ok(&test, fmx_buffer_read(device.call.out, 0, out[run], COUNT * sizeof(float)),
                        "out");
            fmx_op_run_close(&device);
        }
        for (int i = 0; i < COUNT; ++i)
            cr_assert_float_eq(out[0][i], out[1][i], 8 * 1e4 * FMX_TEST_EPS, "%d: %g, %g", i,
                               (double)out[0][i], (double)out[1][i]);
        free(out[0]);
        free(out[1]);
    }
    free(x);
    fmx_test_close(&test);
}

typedef struct block_facts {
    fmx_ref_tcn_block t;
    fmx_ref_tcn_block_weights w;
    fmx_ref_tcn_block_weights grad;
    double worst; /* rounding of the output, over eps */
} block_facts;

static fmx_ref_tcn_weights block_norm(double **from)
{
    return (fmx_ref_tcn_weights){.slope = from[0], .norm_weight = from[1], .norm_bias = from[2]};
}

static void take_block(double **from, fmx_ref_tcn_block_weights *to)
{
    to->conv = from[0];
    to->conv_bias = from[1];
    to->first = block_norm(from + 2);
    to->second = block_norm(from + 7);
    to->second.weight = from[5];
    to->second.bias = from[6];
    to->skip = from[10];
    to->skip_bias = from[11];
}

static block_facts block_facts_of(fmx_op_fixture *f)
{
    const fmx__tcn_block_options *o = f->options;
    size_t reach = (size_t)((o->depthwise.kernel - 1) * o->depthwise.dilation);
    fmx_ref_depthwise d = {
        .batch = f->c->batch,
        .channels = (size_t)o->conv.filters,
        .in_n = f->c->in[0].positions,
        .out_n = f->c->in[0].positions,
        .stride = 1,
        .dilation = (size_t)o->depthwise.dilation,
        .left = o->depthwise.padding[0] == 'c' ? reach : reach / 2,
    };
    block_facts s = {.t = {.channels = f->c->in[0].channels,
                           .skips = (size_t)o->skip.filters,
                           .first = {d, o->norm_1.epsilon},
                           .second = {d, o->norm_2.epsilon}}};
    s.t.second.d.taps = (size_t)o->depthwise.kernel;
    take_block(f->weight, &s.w);
    take_block(f->grad_weight, &s.grad);
    double *inverse = room(2 * d.batch);
    fmx_ref_tcn_block_forward(&s.t, f->out, inverse, f->in[0], &s.w);
    /* terms of the longest way: both products, the taps, and the statistics, whose rounding is (16
     * + 2 sqrt(n)) eps each (test_norm.c); each norm multiplies what stands before it by its
     * inverse, and its own statistics by that once more */
    double n = (double)d.channels * (double)d.in_n;
    double terms =
        (double)(s.t.channels + d.channels + (size_t)o->depthwise.kernel) + 2 * (16 + 2 * sqrt(n));
    for (size_t b = 0; b < d.batch; ++b) {
        double first = 1 + inverse[b] * inverse[b];
        double second = 1 + inverse[d.batch + b] * inverse[d.batch + b];
        s.worst = fmax(s.worst, terms * first * second);
    }
    free(inverse);
    return s;
}

/* The rounding of a tensor is in proportion to its largest value. */
static void set_tolerance(double *tolerance, const double *value, size_t count, double factor)
{
    double most = 1;
    for (size_t i = 0; i < count; ++i)
        most = fmax(most, fabs(value[i]));
    for (size_t i = 0; i < count; ++i)
        tolerance[i] = factor * most * FMX_TEST_EPS;
}

static void block_forward(fmx_op_fixture *f)
{
    block_facts s = block_facts_of(f);
    set_tolerance(f->out_tol, f->out, f->c->batch * s.t.skips * s.t.first.d.in_n, s.worst);
}

static void block_backward(fmx_op_fixture *f)
{
    block_facts s = block_facts_of(f);
    size_t values = f->c->batch * s.t.channels * s.t.first.d.in_n;
    fmx_ref_tcn_block_backward(&s.t, f->grad_in[0], &s.grad, f->grad_out, f->in[0], &s.w);
    set_tolerance(f->grad_in_tol[0], f->grad_in[0], values, 4 * s.worst);
    for (size_t i = 0; i < f->plan.weight_count; ++i)
        set_tolerance(f->grad_weight_tol[i], f->grad_weight[i],
                      fmx__op_weight_count(&f->plan.weight[i]), 4 * s.worst);
}

static const fmx_op_twin block_twin = {block_forward, block_backward, false};
/* among many values some lie so near a kink that a difference steps over it */
static const fmx_op_twin large_block_twin = {block_forward, block_backward, true};

Test(tcn, twin_of_blocks)
{
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(fmx_cases_tcn_block); ++i)
        fmx_op_check(&test, &fmx_cases_tcn_block[i],
                     fmx_cases_tcn_block[i].batch > 3 ? &large_block_twin : &block_twin);
    fmx_test_close(&test);
}

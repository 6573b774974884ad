#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dense_ref.h"
#include "fmx_test.h"
#include "network_fixture.h"
#include "plan_internal.h"
#include "recording.h"

/* Two readers of one value (a), a residual, a fused relu. */
static const char residual[] = "fidmix: 1\n"
                               "model:\n"
                               "  - flatten\n"
                               "  - dense: {units: 9, name: first}\n"
                               "  - relu: {name: a}\n"
                               "  - dense: {units: 9, name: b}\n"
                               "  - add: {from: [a, b], name: sum}\n"
                               "  - dense: {units: 5, name: out}\n";
enum { BATCH = 6, IN = 12, HIDDEN = 9, OUT = 5 };

Test(graph, layers_names_shapes)
{
    static const char model[] = "fidmix: 1\n"
                                "model:\n"
                                "  - input: {name: fid, channels: 2, complex: true}\n"
                                "  - input: {name: extra, positions: 1, channels: 3}\n"
                                "  - flatten: {from: fid}\n"
                                "  - dense: {units: 4, bias: false}\n"
                                "  - dense: {units: 4, from: extra, name: other}\n"
                                "  - dense: {units: 2, from: other}\n"
                                "  - add: {from: \"dense_1, other\"}\n";
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    fmx__graph graph;
    size_t value = 0;
    fmx_test_ok(&test, fmx_network_build(&test, model, &recipe, &graph), "graph");
    cr_assert_eq(graph.input_count, 2);
    cr_assert_eq(graph.layer_count, 5);
    cr_assert_str_eq(graph.layer[1].name, "dense_1");
    cr_assert_str_eq(graph.layer[3].name, "dense_3");
    cr_assert_eq(graph.layer[0].plan.out.channels, 2 * 12 * 2);
    cr_assert(fmx__graph_find(&graph, "other", &value));
    cr_assert_eq(value, 4);
    cr_assert_eq(fmx__graph_maker(&graph, value)->readers, 2);
    cr_assert_null(fmx__graph_maker(&graph, 1));
    cr_assert_eq(fmx__graph_parameters(&graph, false), 48 * 4 + (3 * 4 + 4) + (4 * 2 + 2));
    fmx__graph_clear(&graph);
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

Test(graph, refusals)
{
    static const char *const given[][2] = {
        {"[]", "there is no model"},
        {"[input]", "has no layers"},
        {"[flatten, input]", "inputs stand before"},
        {"[input, input]", "two inputs are called \"spectrum\""},
        {"[relu: {name: a}, relu: {name: a}]", "two layers are called \"a\""},
        {"[relu: {name: spectrum}]", "two layers are called \"spectrum\""},
        {"[relu: {name: 'a b'}]", "contains a comma, dot or space"},
        {"[relu: {name: abcd}, relu: {from: abcf}]", "did you mean \"abcd\"?"},
        {"[relu: {from: relu_2}, relu]", "no layer or input \"relu_2\" above it"},
        {"[add]", "takes 2 to 16 inputs, `from` names 1"},
        {"[relu: {from: [spectrum, spectrum]}]", "takes 1 to 1 inputs"},
        {"[relus]", "did you mean \"relu\"?"},
        {"[dense: {units: 3}]", "flatten"},
        {"[relu: {name: a}, fold: {parts: 3, of: positions, name: b}, add: {from: [a, b]}]",
         "folded into 1 and 3 parts"},
        {"[fold: {parts: 5, of: positions}]", "12 positions do not fold into 5 equal parts"},
    };
    fmx_test test = fmx_test_open_host();
    for (size_t i = 0; i < FMX__COUNT(given); ++i) {
        char text[256];
        fmx__recipe recipe;
        fmx__graph graph;
        snprintf(text, sizeof text, "fidmix: 1\nmodel: %s\n", given[i][0]);
        fmx_test_refused(&test, fmx_network_build(&test, text, &recipe, &graph), FMX_ERROR_RECIPE,
                         given[i][1]);
        fmx__graph_clear(&graph);
        fmx__recipe_clear(&recipe);
    }
    fmx_test_close(&test);
}

static fmx_status open_network(const fmx_test *test, const char *model, const char *out,
                               bool unfused, bool training, fmx_network *n)
{
    const fmx_network_plan plan = {model, out, BATCH, unfused, training};
    return fmx_network_open(test, &plan, n);
}

static void fill(const fmx_test *test, fmx_buffer *buffer, size_t count, uint64_t seed)
{
    float *values = fmx_test_random(count, seed);
    fmx_test_ok(test, fmx_buffer_write(buffer, 0, values, count * sizeof *values), "fill");
    free(values);
}

static void fill_network(const fmx_test *test, fmx_network *n)
{
    for (size_t i = 0; i < n->weights.count; ++i)
        fill(test, n->weights.tensor[i].value, n->weights.tensor[i].count, 100 + i);
    fill(test, fmx__plan_value(n->plan, 0), n->batch * fmx__shape_floats(&n->graph.input[0].shape),
         1);
}

/* All gradients of weights, one behind the other. */
static float *gradients(const fmx_test *test, const fmx_network *n, size_t *count)
{
    float *all = calloc(fmx__graph_parameters(&n->graph, true), sizeof *all);
    *count = 0;
    for (size_t i = 0; i < n->weights.count; ++i) {
        const fmx__tensor *tensor = &n->weights.tensor[i];
        fmx_test_ok(test,
                    fmx_buffer_read(tensor->grad, 0, all + *count, tensor->count * sizeof *all),
                    tensor->name);
        *count += tensor->count;
    }
    return all;
}

static double *as_double(const float *from, size_t count)
{
    double *out = malloc(count * sizeof *out);
    for (size_t i = 0; i < count; ++i)
        out[i] = from[i];
    return out;
}

/* The residual network in double: weights as w[0..5] = first, b, out, each weight and bias. */
typedef struct model {
    double *w[6];
    double h[BATCH * HIDDEN]; /* relu(first) */
    double b[BATCH * HIDDEN];
    double sum[BATCH * HIDDEN];
    double out[BATCH * OUT];
} model;

static const fmx_ref_dense layers[3] = {
    {BATCH, IN, HIDDEN}, {BATCH, HIDDEN, HIDDEN}, {BATCH, HIDDEN, OUT}};

static double loss_of(model *m, const double *in)
{
    double size[BATCH * HIDDEN];
    double loss = 0;
    fmx_ref_dense_forward(&layers[0], m->h, size, in, m->w[0], m->w[1]);
    for (size_t i = 0; i < (size_t)BATCH * HIDDEN; ++i)
        m->h[i] = m->h[i] > 0 ? m->h[i] : 0;
    fmx_ref_dense_forward(&layers[1], m->b, size, m->h, m->w[2], m->w[3]);
    for (size_t i = 0; i < (size_t)BATCH * HIDDEN; ++i)
        m->sum[i] = m->h[i] + m->b[i];
    fmx_ref_dense_forward(&layers[2], m->out, size, m->sum, m->w[4], m->w[5]);
    for (size_t i = 0; i < (size_t)BATCH * OUT; ++i)
        loss += m->out[i] * m->out[i] / 2;
    return loss;
}

/* Finite differences of the whole network in double, against the device's gradients. The device's
 * rounding: three layers of at most 12 terms of order 1, about 1e-5 of gradients of order 50;
 * differences: h^2 f''' / 6 and 2^-53 loss / h with h = 1e-5, below 1e-7 of the loss. */
Test(graph, gradients_of_a_residual_network)
{
    fmx_test test = fmx_test_open();
    fmx_network n;
    model m;
    size_t count = 0;
    float *in = fmx_test_random((size_t)BATCH * IN, 1);
    double *in_double = as_double(in, (size_t)BATCH * IN);
    fmx_test_ok(&test, open_network(&test, residual, "out", false, true, &n), "network");
    fill_network(&test, &n);
    fmx_test_ok(&test, fmx_network_step(&n), "step");
    float *got = gradients(&test, &n, &count);
    cr_assert_eq(n.weights.count, 6);
    for (size_t w = 0; w < 6; ++w) {
        float *values = fmx_test_random(n.weights.tensor[w].count, 100 + w);
        m.w[w] = as_double(values, n.weights.tensor[w].count);
        free(values);
    }
    double loss = loss_of(&m, in_double);
    for (size_t w = 0, at = 0; w < 6; at += n.weights.tensor[w++].count) {
        for (size_t i = 0; i < n.weights.tensor[w].count; ++i) {
            double kept = m.w[w][i];
            m.w[w][i] = kept + 1e-5;
            double above = loss_of(&m, in_double);
            m.w[w][i] = kept - 1e-5;
            double below = loss_of(&m, in_double);
            m.w[w][i] = kept;
            double slope = (above - below) / 2e-5;
            cr_assert_leq(fabs(slope - got[at + i]), 1e-6 * (10 + loss + fabs(slope)),
                          "%s[%zu]: %g, finite difference %g", n.weights.tensor[w].name, i,
                          (double)got[at + i], slope);
        }
    }
    for (size_t w = 0; w < 6; ++w)
        free(m.w[w]);
    free(got);
    free(in);
    free(in_double);
    fmx_network_close(&n);
    fmx_test_close(&test);
}

Test(graph, fused_unfused_and_recorded_give_the_same_bits)
{
    fmx_test test = fmx_test_open();
    float *got[3];
    size_t count = 0;
    for (int run = 0; run < 3; ++run) {
        fmx_network n;
        fmx__recording *recording = NULL;
        fmx_test_ok(&test, open_network(&test, residual, "out", run == 1, true, &n), "network");
        fill_network(&test, &n);
        if (run == 2) {
            fmx_test_ok(&test, fmx__recording_begin(test.device, &recording), "begin");
            fmx_test_ok(&test, fmx_network_step(&n), "recorded step");
            fmx_test_ok(&test, fmx__recording_end(test.device), "end");
            for (int repeat = 0; repeat < 2; ++repeat)
                fmx_test_ok(&test, fmx__recording_run(recording), "run");
        } else {
            fmx_test_ok(&test, fmx_network_step(&n), "step");
        }
        got[run] = gradients(&test, &n, &count);
        fmx__recording_destroy(recording);
        fmx_network_close(&n);
    }
    cr_assert_arr_eq(got[0], got[1], count * sizeof(float));
    cr_assert_arr_eq(got[0], got[2], count * sizeof(float));
    for (int run = 0; run < 3; ++run)
        free(got[run]);
    fmx_test_close(&test);
}

/* A network on three windows of four points, folded, is the same network on a batch three times as
 * large of items of four points: output and gradients to the bit. Folded twice it is still. */
Test(graph, folded_parts_are_a_larger_batch)
{
    static const char *const networks[] = {
        "fidmix: 1\nmodel: [input: {positions: 4}, flatten, dense: {units: 5}, relu, "
        "dense: {units: 4, name: out}]\n",
        "fidmix: 1\nmodel: [fold: {parts: 3, of: positions}, flatten, dense: {units: 5}, relu, "
        "dense: {units: 4, name: out}]\n",
        "fidmix: 1\nmodel: [input: {channels: 2}, fold: {parts: 2}, fold: {parts: 3, of: "
        "positions}, flatten, dense: {units: 5}, relu, dense: {units: 4}, unfold: {parts: 3}, "
        "unfold: {name: out}]\n"};
    static const size_t batch[] = {(size_t)BATCH * 3, BATCH, BATCH / 2};
    static const size_t channels[] = {4, 4, 24};
    static const size_t items[] = {1, 3, 1};
    fmx_test test = fmx_test_open();
    float *got[4];
    float *out[4];
    size_t count = 0;
    size_t values = (size_t)BATCH * 3 * 4;
    for (int run = 0; run < 4; ++run) {
        int m = run < 3 ? run : 1; /* the last one unfused */
        fmx_network n;
        const fmx_network_plan plan = {networks[m], "out", batch[m], run == 3, true};
        fmx_test_ok(&test, fmx_network_open(&test, &plan, &n), networks[m]);
        const fmx__shape *shape = fmx__graph_shape(&n.graph, n.out);
        cr_assert_eq(shape->channels, channels[m]);
        cr_assert_eq(fmx__shape_items(shape), items[m]);
        cr_assert_eq(fmx__graph_parameters(&n.graph, true), 4 * 5 + 5 + 5 * 4 + 4);
        fill_network(&test, &n);
        fmx_test_ok(&test, fmx_network_step(&n), "step");
        got[run] = gradients(&test, &n, &count);
        out[run] = malloc(values * sizeof *out[run]);
        fmx_test_ok(
            &test,
            fmx_buffer_read(fmx__plan_value(n.plan, n.out), 0, out[run], values * sizeof *out[run]),
            "out");
        fmx_network_close(&n);
    }
    for (int run = 0; run < 4; ++run) {
        cr_assert_arr_eq(out[run], out[0], values * sizeof(float), "network %d", run);
        cr_assert_arr_eq(got[run], got[0], count * sizeof(float), "network %d", run);
    }
    for (int run = 0; run < 4; ++run) {
        free(got[run]);
        free(out[run]);
    }
    fmx_test_close(&test);
}

/* Two readers of a folded value add their gradients over all parts; channels of windows are moved
 * when they are unfolded into a sequence, and their gradients moved back. */
Test(graph, gradients_of_folded_branches_add)
{
    static const char *const networks[] = {
        "fidmix: 1\nmodel: [flatten, dense: {units: 12, name: w}, reshape: {channels: 1, "
        "positions: "
        "12}, fold: {parts: 3, of: positions, name: f}, relu: {name: a}, relu: {name: b, from: f}, "
        "add: {from: [a, b]}, permute, reshape: {channels: 4, positions: 1}, unfold: {of: "
        "positions}, permute, flatten: {name: out}]\n",
        "fidmix: 1\nmodel: [flatten, dense: {units: 12, name: w}, relu: {name: a}, relu: {name: b, "
        "from: w}, add: {name: out, from: [a, b]}]\n"};
    fmx_test test = fmx_test_open();
    float *got[2];
    size_t count = 0;
    for (int run = 0; run < 2; ++run) {
        fmx_network n;
        fmx_test_ok(&test, open_network(&test, networks[run], "out", false, true, &n),
                    networks[run]);
        fill_network(&test, &n);
        fmx_test_ok(&test, fmx_network_step(&n), "step");
        got[run] = gradients(&test, &n, &count);
        fmx_network_close(&n);
    }
    cr_assert_arr_eq(got[0], got[1], count * sizeof(float));
    free(got[0]);
    free(got[1]);
    fmx_test_close(&test);
}

/* What lives at the same time does not overlap, slabs stay within 1 GiB, places are shared. */
static void check_memory(const fmx__plan *plan)
{
    for (size_t i = 0; i < plan->piece_count; ++i) {
        const fmx__piece *a = &plan->piece[i];
        cr_assert_leq(a->from, a->to);
        cr_assert_leq(a->offset + a->bytes, plan->slab_bytes[a->slab]);
        for (size_t j = 0; j < i; ++j) {
            const fmx__piece *b = &plan->piece[j];
            bool meet = a->from <= b->to && b->from <= a->to;
            bool overlap = a->slab == b->slab && a->offset < b->offset + b->bytes &&
                           b->offset < a->offset + a->bytes;
            cr_assert_not(meet && overlap, "pieces %zu and %zu", i, j);
        }
    }
}

Test(graph, memory_is_shared_but_not_at_once)
{
    static const char chain[] = "fidmix: 1\n"
                                "model: [flatten, dense: {units: 300}, dense: {units: 300}, dense: "
                                "{units: 300}, dense: {units: 300}, dense: {units: 300}]\n";
    fmx_test test = fmx_test_open();
    fmx_network n;
    fmx_test_ok(&test, open_network(&test, chain, "dense_5", false, false, &n), "chain");
    check_memory(n.plan);
    cr_assert_lt(fmx__plan_bytes(n.plan), fmx__plan_bytes_unshared(n.plan) * 3 / 4);
    cr_assert_gt(fmx__plan_work(n.plan, false).flops, 2.0 * BATCH * 4 * 300 * 300);
    cr_assert_null(fmx__plan_gradient(n.plan, n.out));
    fmx_network_close(&n);
    fmx_test_ok(&test, open_network(&test, residual, "out", false, true, &n), "residual");
    check_memory(n.plan);
    cr_assert_not_null(fmx__plan_gradient(n.plan, n.out));
    fmx_network_close(&n);
    fmx_test_close(&test);
}

Test(graph, too_large_is_refused)
{
    static const char large[] = "fidmix: 1\nmodel: [flatten, dense: {units: 1000000, name: wide}, "
                                "dense: {units: 1000000}]\n";
    static const char many[] = "fidmix: 1\n"
                               "model:\n"
                               "  - input: {channels: 1048576, positions: 16777216}\n"
                               "  - relu\n";
    fmx_test test = fmx_test_open();
    fmx_network n;
    fmx_test_refused(&test, open_network(&test, large, "wide", false, true, &n),
                     FMX_ERROR_DEVICE_MEMORY, "\"dense_2.weight\" has");
    fmx_network_close(&n);
    fmx_test_refused(&test, open_network(&test, many, "relu_1", false, true, &n),
                     FMX_ERROR_DEVICE_MEMORY, "take a smaller batch");
    fmx_network_close(&n);
    fmx_test_close(&test);
}

static fmx_status open_and_close(void *user)
{
    fmx_network n;
    fmx_status status = open_network(user, residual, "out", false, true, &n);
    fmx_network_close(&n);
    return status;
}

Test(graph, every_allocation_may_fail)
{
    fmx_test test = fmx_test_open();
    fmx_test_each_failure(&test, open_and_close, &test);
    fmx_test_close(&test);
}

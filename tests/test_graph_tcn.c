/* Temporal convolutional networks as graphs: the macro `tcn`, and fused runs against single layers.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_test.h"
#include "network_fixture.h"
#include "plan_internal.h"

/* The published toy's separator: 50,246 weights with the 413 of its decoder and classifier. */
static const char toy[] = "fidmix: 1\n"
                          "model:\n"
                          "  - input: {name: multiplets, channels: 6, positions: 21}\n"
                          "  - conv1d: {filters: 64, kernel: 3, name: encoder}\n"
                          "  - group_norm: {epsilon: 1.0e-8}\n"
                          "  - conv1d: {filters: 16, kernel: 1}\n"
                          "  - tcn: {stacks: 3, layers: 4, hidden: 64, last_residual: true}\n"
                          "  - prelu\n"
                          "  - conv1d: {filters: 192, kernel: 1}\n"
                          "  - sigmoid: {name: out}\n";

Test(graph_tcn, macro_is_drawn_out)
{
    static const struct {
        const char *name;
        const char *op;
        size_t channels;
        size_t parameters;
    } expected[] = {
        {"tcn_1.0.0.conv", "conv1d", 64, 16 * 64 + 64},
        {"tcn_1.0.2.depthwise", "depthwise_conv1d", 64, 64 * 3 + 64},
        {"tcn_1.2.3.prelu_2", "prelu", 64, 1},
        {"tcn_1.1.3.norm_1", "group_norm", 64, 128},
        {"tcn_1.1.0.skip", "conv1d", 16, 64 * 16 + 16},
        {"tcn_1.2.3.residual", "conv1d", 16, 64 * 16 + 16},
        {"tcn_1.2.2.sum", "add", 16, 0},
        {"tcn_1", "add", 16, 0},
    };
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    fmx__graph graph;
    size_t value = 0;
    fmx_test_ok(&test, fmx_network_build(&test, toy, &recipe, &graph), "graph");
    cr_assert_eq(fmx__graph_parameters(&graph, true), 50246 - 193 - 220);
    for (size_t i = 0; i < FMX__COUNT(expected); ++i) {
        cr_assert(fmx__graph_find(&graph, expected[i].name, &value), "%s", expected[i].name);
        const fmx__graph_layer *layer = fmx__graph_maker(&graph, value);
        cr_assert_str_eq(layer->op->group.name, expected[i].op);
        cr_assert_eq(layer->plan.out.channels, expected[i].channels, "%s", expected[i].name);
        cr_assert_eq(layer->plan.out.positions, 21, "%s", expected[i].name);
        cr_assert_eq(fmx__graph_layer_parameters(layer, true), expected[i].parameters, "%s",
                     expected[i].name);
    }
    cr_assert_eq(fmx__graph_maker(&graph, value)->in_count, 12);
    fmx__graph_clear(&graph);
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

/* More skips than one sum takes, a bottleneck, other norms and paddings. */
Test(graph_tcn, macro_options)
{
    static const char model[] = "fidmix: 1\nmodel: [input: {channels: 5, positions: 40}, "
                                "tcn: {stacks: 6, layers: 3, bottleneck: 4, hidden: 7, skip: 3, "
                                "kernel: 2, growth: 3, norm: cumulative, causal: true, name: t}, "
                                "relu, add: {from: [t, relu_1]}]\n";
    fmx_test test = fmx_test_open_host();
    fmx__recipe recipe;
    fmx__graph graph;
    size_t value = 0;
    fmx_test_ok(&test, fmx_network_build(&test, model, &recipe, &graph), "graph");
    cr_assert(fmx__graph_find(&graph, "t.bottleneck", &value));
    cr_assert_eq(fmx__graph_shape(&graph, value)->channels, 4);
    cr_assert(fmx__graph_find(&graph, "t.5.2.norm_2", &value));
    cr_assert_str_eq(fmx__graph_maker(&graph, value)->op->group.name, "cumulative_layer_norm");
    cr_assert(!fmx__graph_find(&graph, "t.5.2.residual", &value));
    cr_assert(fmx__graph_find(&graph, "t.sum_0_0", &value));
    cr_assert_eq(fmx__graph_maker(&graph, value)->in_count, FMX__OP_INPUTS);
    cr_assert(fmx__graph_find(&graph, "t", &value));
    cr_assert_eq(fmx__graph_shape(&graph, value)->channels, 3);
    cr_assert_eq(fmx__graph_maker(&graph, value)->in_count, 2);
    cr_assert(fmx__graph_find(&graph, "add_1", &value), "layers of a macro are not counted");
    fmx__graph_clear(&graph);
    fmx__recipe_clear(&recipe);
    fmx_test_close(&test);
}

Test(graph_tcn, refusals)
{
    static const char *const given[][2] = {
        {"[tcn: {stacks: 1, layers: 1}]", "1 stacks of 1 layers; 2 to 240 blocks"},
        {"[tcn: {stacks: 100, layers: 10}]", "2 to 240 blocks"},
        {"[tcn: {growth: 16, layers: 20}]", "dilation"},
        {"[tcn: {from: [spectrum, spectrum]}]", "takes one input, `from` names 2"},
        {"[tcn: {name: a}, relu: {name: a}]", "two layers are called \"a\""},
        {"[tcn: {hiden: 3}]", "did you mean \"hidden\"?"},
        {"[tcn: {name: a.b}]", "contains a comma, dot or space"},
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

/* Weights of a size that lets every layer matter; slopes as PyTorch begins with. */
static void fill_network(const fmx_test *test, fmx_network *n)
{
    for (size_t i = 0; i < n->weights.count; ++i) {
        const fmx__tensor *tensor = &n->weights.tensor[i];
        float *values = fmx_test_random(tensor->count, 100 + i);
        for (size_t k = 0; k < tensor->count; ++k) {
            bool norm = strstr(tensor->name, "norm") != NULL;
            values[k] = tensor->count == 1 ? 0.25F : norm ? 1 + 0.3F * values[k] : 0.4F * values[k];
        }
        fmx_test_ok(test,
                    fmx_buffer_write(tensor->value, 0, values, tensor->count * sizeof *values),
                    tensor->name);
        free(values);
    }
    size_t count = n->batch * fmx__shape_floats(&n->graph.input[0].shape);
    float *x = fmx_test_random(count, 1);
    fmx_test_ok(test, fmx_buffer_write(fmx__plan_value(n->plan, 0), 0, x, count * sizeof *x), "in");
    free(x);
}

/* Output, then all gradients of weights, one behind the other. */
static float *results(const fmx_test *test, const fmx_network *n, size_t *count)
{
    size_t outs = n->batch * fmx__shape_floats(fmx__graph_shape(&n->graph, n->out));
    float *all = calloc(outs + fmx__graph_parameters(&n->graph, true), sizeof *all);
    cr_assert_not_null(all);
    fmx_test_ok(test, fmx_buffer_read(fmx__plan_value(n->plan, n->out), 0, all, outs * sizeof *all),
                "output");
    *count = outs;
    for (size_t i = 0; i < n->weights.count; ++i) {
        const fmx__tensor *tensor = &n->weights.tensor[i];
        fmx_test_ok(test,
                    fmx_buffer_read(tensor->grad, 0, all + *count, tensor->count * sizeof *all),
                    tensor->name);
        *count += tensor->count;
    }
    return all;
}

/* Two blocks of each kind: fused as a whole (16, 32 channels), in pieces (7 channels), with other
 * options. */
static const char *const networks[] = {
    "fidmix: 1\nmodel: [input: {channels: 16, positions: 19}, tcn: {stacks: 1, layers: 3, hidden: "
    "32, skip: 16, epsilon: 1.0e-5}, conv1d: {filters: 3, kernel: 1, name: out}]\n",
    "fidmix: 1\nmodel: [input: {channels: 3, positions: 19}, tcn: {stacks: 2, layers: 2, "
    "bottleneck: 16, hidden: 48, skip: 32, causal: true, epsilon: 1.0e-5}, conv1d: {filters: 3, "
    "kernel: 1, name: out}]\n",
    "fidmix: 1\nmodel: [input: {channels: 16, positions: 19}, tcn: {stacks: 1, layers: 2, hidden: "
    "32, last_residual: true, epsilon: 1.0e-5}, conv1d: {filters: 3, kernel: 1, name: out}]\n",
    "fidmix: 1\nmodel: [input: {channels: 7, positions: 53}, tcn: {stacks: 1, layers: 2, hidden: "
    "9, "
    "epsilon: 1.0e-5}, conv1d: {filters: 3, kernel: 1, name: out}]\n",
    "fidmix: 1\nmodel: [input: {channels: 4, positions: 53}, tcn: {stacks: 1, layers: 2, hidden: "
    "6, "
    "norm: cumulative, causal: true, epsilon: 1.0e-3}, conv1d: {filters: 3, kernel: 1, name: "
    "out}]\n",
};

static size_t fused_runs(const fmx_network *n)
{
    size_t count = 0;
    for (size_t i = 0; i < n->graph.layer_count; ++i)
        count += n->plan->layer[i].owned_options != NULL;
    return count;
}

/* The same network with and without fusion, in float both: the sums are formed in other orders, so
 * each layer differs by its rounding (test_tcn.c, test_norm.c: below 100 eps of its largest value),
 * and gradients pass through up to four blocks; 2000 eps of the largest value of all. */
Test(graph_tcn, fused_and_unfused_agree)
{
    static const size_t runs[] = {3, 4, 2, 4, 0};
    fmx_test test = fmx_test_open();
    for (size_t i = 0; i < FMX__COUNT(networks); ++i) {
        float *got[2];
        size_t count = 0;
        for (int unfused = 0; unfused < 2; ++unfused) {
            fmx_network n;
            const fmx_network_plan plan = {networks[i], "out", 3, unfused == 1, true};
            fmx_test_ok(&test, fmx_network_open(&test, &plan, &n), "network");
            cr_assert_eq(fused_runs(&n), unfused ? 0 : runs[i], "network %zu: %zu runs", i,
                         fused_runs(&n));
            fill_network(&test, &n);
            fmx_test_ok(&test, fmx_network_step(&n), "step");
            got[unfused] = results(&test, &n, &count);
            fmx_network_close(&n);
        }
        double most = 0;
        for (size_t k = 0; k < count; ++k)
            most = fmax(most, fabs((double)got[1][k]));
        cr_assert_gt(most, 0);
        for (size_t k = 0; k < count; ++k)
            cr_assert_float_eq(got[0][k], got[1][k], 2000 * most * FMX_TEST_EPS,
                               "network %zu, value %zu of %zu: fused %g, unfused %g", i, k, count,
                               (double)got[0][k], (double)got[1][k]);
        free(got[0]);
        free(got[1]);
    }
    fmx_test_close(&test);
}

/* Launches of what ran since profiling was switched on. */
static unsigned long long launches(const fmx_test *test)
{
    fmx_profile_row *rows = NULL;
    size_t count = 0;
    unsigned long long sum = 0;
    fmx_test_ok(test, fmx_device_profile_rows(test->device, &rows, &count), "profile");
    for (size_t i = 0; i < count; ++i)
        sum += rows[i].calls;
    free(rows);
    return sum;
}

/* The toy's separator takes few launches: a block is one forward and two backward, three in the
 * plain variant. The whole toy may take 40 forward and 120 in all; its decoder, classifier and
 * optimiser need the rest. */
Test(graph_tcn, few_launches)
{
    enum { FORWARD = 25, ALL = 78 };
    fmx_test test = fmx_test_open();
    fmx_network n;
    const fmx_network_plan plan = {toy, "out", 2, false, true};
    fmx_test_ok(&test, fmx_network_open(&test, &plan, &n), "network");
    cr_assert_eq(fused_runs(&n), 12);
    fill_network(&test, &n);
    fmx_test_ok(&test, fmx_device_profile(test.device, true), "profile");
    fmx_test_ok(&test, fmx__plan_forward(n.plan), "forward");
    unsigned long long forward = launches(&test);
    fmx_test_ok(&test, fmx__plan_backward(n.plan), "backward");
    unsigned long long all = launches(&test);
    cr_assert_leq(forward, FORWARD, "%llu launches forward", forward);
    cr_assert_leq(all, ALL, "%llu launches", all);
    fmx_test_ok(&test, fmx_device_profile(test.device, false), "profile");
    fmx_network_close(&n);
    fmx_test_close(&test);
}

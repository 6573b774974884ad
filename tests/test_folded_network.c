/* A whole network with folds against PyTorch (tests/golden/make_torch_layers.py): masks of three
 * sources on one encoded signal, then a decoder that all three share. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmx_golden.h"
#include "fmx_test.h"
#include "plan.h"

static const fmx__recipe_section sections[] = {
    {"model", "The layers.", NULL, fmx__graph_stage, false},
};
static const fmx__recipe_schema schema = {sections, FMX__COUNT(sections), NULL};

static const char text[] = "fidmix: 1\n"
                           "model:\n"
                           "  - input: {channels: 4, positions: 21}\n"
                           "  - conv1d: {filters: 5, kernel: 3, name: encoder}\n"
                           "  - prelu: {name: slope}\n"
                           "  - conv1d: {filters: 15, kernel: 1, name: masks}\n"
                           "  - mask: {from: [masks, slope]}\n"
                           "  - fold: {parts: 3}\n"
                           "  - conv1d: {filters: 1, kernel: 3, name: decoder}\n"
                           "  - relu\n"
                           "  - flatten\n"
                           "  - dense: {units: 4, name: classes}\n"
                           "  - unfold: {name: out}\n";
enum { BATCH = 3, OUT = 12 };

typedef struct network {
    fmx_test test;
    fmx__safetensors *golden;
    fmx__recipe recipe;
    fmx__graph graph;
    fmx__weights weights;
    fmx__op_step step;
    fmx__plan *plan;
    size_t out;
} network;

static void load(network *n, fmx_buffer *to, const char *name)
{
    const fmx__tensor_entry *tensor = NULL;
    float *values = fmx_test_tensor(n->golden, &tensor, "%s", name);
    fmx_test_ok(&n->test, fmx_buffer_write(to, 0, values, tensor->values * sizeof *values), name);
    free(values);
}

static void open_network(network *n, bool unfused)
{
    *n = (network){.test = fmx_test_open()};
    n->golden = fmx_test_tensors("torch_folded_network.safetensors");
    fmx_test_ok(
        &n->test,
        fmx__recipe_parse(n->test.ctx, "r.yml", text, strlen(text), &schema, NULL, 0, &n->recipe),
        "recipe");
    fmx_test_ok(&n->test, fmx__graph_create(n->test.ctx, &n->recipe, 21, &n->graph), "graph");
    fmx_test_ok(&n->test, fmx__weights_create(n->test.device, &n->graph, true, &n->weights),
                "weights");
    cr_assert(fmx__graph_find(&n->graph, "out", &n->out));
    fmx__plan_request request = {.batch = BATCH,
                                 .training = true,
                                 .step = &n->step,
                                 .loss_value = &n->out,
                                 .loss_count = 1,
                                 .keep = &n->out,
                                 .keep_count = 1,
                                 .unfused = unfused};
    fmx_test_ok(&n->test,
                fmx__plan_create(n->test.device, &n->graph, &n->weights, &request, &n->plan),
                "plan");
    load(n, fmx__plan_value(n->plan, 0), "input");
    for (size_t i = 0; i < n->weights.count; ++i)
        load(n, n->weights.tensor[i].value, n->weights.tensor[i].name);
}

static void close_network(network *n)
{
    fmx__plan_destroy(n->plan);
    fmx__weights_clear(&n->weights);
    fmx__graph_clear(&n->graph);
    fmx__recipe_clear(&n->recipe);
    fmx__safetensors_close(n->golden);
    fmx_test_close(&n->test);
}

/* Against a golden tensor: the largest value of the tensor times 200 roundings, which is what the
 * longest chain has: 12 + 5 + 15 + 21 terms forward, as many backward with sums over 3 x 3 x 21
 * positions in blocks, at most twice. */
static void compare(network *n, fmx_buffer *got, const char *name)
{
    const fmx__tensor_entry *tensor = NULL;
    float *golden = fmx_test_tensor(n->golden, &tensor, "%s", name);
    float *values = malloc(tensor->values * sizeof *values);
    double most = 0;
    cr_assert_not_null(values);
    fmx_test_ok(&n->test, fmx_buffer_read(got, 0, values, tensor->values * sizeof *values), name);
    for (size_t i = 0; i < tensor->values; ++i)
        most = fmax(most, fabs(golden[i]));
    cr_assert_gt(most, 0.1, "%s", name);
    for (size_t i = 0; i < tensor->values; ++i)
        cr_assert(fabs(values[i] - golden[i]) <= 200 * FMX_TEST_EPS * most,
                  "%s[%zu]: %.9g, PyTorch %.9g", name, i, (double)values[i], (double)golden[i]);
    free(values);
    free(golden);
}

static void check(bool unfused)
{
    network n;
    open_network(&n, unfused);
    cr_assert_eq(n.weights.count, 9);
    fmx_test_ok(&n.test, fmx__plan_forward(n.plan), "forward");
    compare(&n, fmx__plan_value(n.plan, n.out), "output");
    fmx_test_ok(&n.test, /* the loss is sum out^2 / 2 */
                fmx_buffer_copy(fmx__plan_gradient(n.plan, n.out), 0,
                                fmx__plan_value(n.plan, n.out), 0,
                                (size_t)BATCH * OUT * sizeof(float)),
                "loss");
    fmx_test_ok(&n.test, fmx__plan_backward(n.plan), "backward");
    for (size_t i = 0; i < n.weights.count; ++i) {
        char name[64];
        snprintf(name, sizeof name, "grad.%.48s", n.weights.tensor[i].name);
        compare(&n, n.weights.tensor[i].grad, name);
    }
    close_network(&n);
}

Test(folded_network, pytorch)
{
    check(false);
}

Test(folded_network, pytorch_unfused)
{
    check(true);
}

#include "network_fixture.h"

#include <string.h>

static const fmx__recipe_section sections[] = {
    {"model", "The layers.", NULL, fmx__graph_stage, false},
};
static const fmx__recipe_schema schema = {sections, FMX__COUNT(sections), NULL};

fmx_status fmx_network_build(const fmx_test *test, const char *model, fmx__recipe *recipe,
                             fmx__graph *graph)
{
    *graph = (fmx__graph){0};
    fmx_status status =
        fmx__recipe_parse(test->ctx, "r.yml", model, strlen(model), &schema, NULL, 0, recipe);
    if (status == FMX_OK)
        status = fmx__graph_create(test->ctx, recipe, FMX_NETWORK_POINTS, graph);
    return status;
}

fmx_status fmx_network_open(const fmx_test *test, const fmx_network_plan *plan, fmx_network *n)
{
    *n = (fmx_network){.batch = plan->batch};
    fmx_status status = fmx_network_build(test, plan->model, &n->recipe, &n->graph);
    if (status == FMX_OK)
        status = fmx__weights_create(test->device, &n->graph, plan->training, &n->weights);
    if (status != FMX_OK)
        return status;
    cr_assert(fmx__graph_find(&n->graph, plan->out, &n->out), "%s", plan->out);
    const fmx__plan_request request = {
        .batch = plan->batch,
        .training = plan->training,
        .step = &n->step,
        .loss_value = &n->out,
        .loss_count = plan->training,
        .keep = &n->out,
        .keep_count = 1,
        .unfused = plan->unfused,
    };
    return fmx__plan_create(test->device, &n->graph, &n->weights, &request, &n->plan);
}

void fmx_network_close(fmx_network *n)
{
    fmx__plan_destroy(n->plan);
    fmx__weights_clear(&n->weights);
    fmx__graph_clear(&n->graph);
    fmx__recipe_clear(&n->recipe);
}

fmx_status fmx_network_step(fmx_network *n)
{
    size_t bytes =
        n->batch * fmx__shape_floats(fmx__graph_shape(&n->graph, n->out)) * sizeof(float);
    fmx_status status = fmx__plan_forward(n->plan);
    if (status == FMX_OK) /* the gradient of sum out^2 / 2 is out */
        status = fmx_buffer_copy(fmx__plan_gradient(n->plan, n->out), 0,
                                 fmx__plan_value(n->plan, n->out), 0, bytes);
    return status == FMX_OK ? fmx__plan_backward(n->plan) : status;
}

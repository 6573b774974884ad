#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_internal.h"

enum { WHERE = 600 };

static size_t value_of(const fmx__plan *plan, size_t layer)
{
    return plan->graph->input_count + layer;
}

static size_t root_of(const fmx__plan *plan, size_t value)
{
    return plan->value[value].root;
}

static bool is_named(const size_t *list, size_t count, size_t value)
{
    for (size_t i = 0; i < count; ++i) {
        if (list[i] == value)
            return true;
    }
    return false;
}

static fmx_status plan_layers(fmx__plan *plan)
{
    char where[WHERE];
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < plan->graph->layer_count; ++i) {
        const fmx__graph_layer *from = &plan->graph->layer[i];
        fmx__plan_layer *layer = &plan->layer[i];
        snprintf(where, sizeof where, "%s: model: %s", plan->graph->where, from->name);
        fmx__op_site site = {
            .where = where,
            .device = plan->device,
            .training = plan->request.training,
        };
        status = fmx__graph_site(plan->graph, from, plan->request.batch, layer->in_shape, &site);
        layer->batch = site.batch;
        layer->op = from->op;
        layer->options = from->options;
        layer->first = i;
        layer->last = i;
        layer->source = from->in;
        layer->in_count = from->in_count;
        if (status == FMX_OK)
            status = from->op->plan(&site, &layer->plan);
    }
    return status;
}

/* A relu is fused where it alone reads a layer that can apply it. */
static void fuse_relu(fmx__plan *plan)
{
    const fmx__graph *graph = plan->graph;
    const fmx__plan_request *r = &plan->request;
    for (size_t i = 0; i < graph->layer_count && !r->unfused; ++i) {
        const fmx__graph_layer *relu = &graph->layer[i];
        const fmx__graph_layer *maker = fmx__graph_maker(graph, relu->in[0]);
        if (strcmp(relu->op->group.name, "relu") != 0 || maker == NULL || !maker->op->fuses_relu ||
            maker->readers != 1 || is_named(r->loss_value, r->loss_count, relu->in[0]) ||
            is_named(r->keep, r->keep_count, relu->in[0]))
            continue;
        plan->layer[i].alias = true;
        plan->layer[relu->in[0] - graph->input_count].relu = true;
    }
}

static void find_roots(fmx__plan *plan)
{
    const fmx__graph *graph = plan->graph;
    for (size_t v = 0; v < plan->value_count; ++v)
        plan->value[v].root = v;
    for (size_t i = 0; i < graph->layer_count; ++i) {
        fmx__plan_layer *layer = &plan->layer[i];
        layer->alias = layer->alias || layer->plan.alias;
        if (layer->alias)
            plan->value[value_of(plan, i)].root = root_of(plan, graph->layer[i].in[0]);
    }
    for (size_t i = 0; i < plan->request.loss_count; ++i)
        plan->value[root_of(plan, plan->request.loss_value[i])].is_loss = true;
    for (size_t i = 0; i < plan->request.keep_count; ++i)
        plan->value[root_of(plan, plan->request.keep[i])].kept = true;
}

/* Layers that lead to no loss and no kept value are idle; where the request names none, none is. */
static void find_idle(fmx__plan *plan)
{
    const fmx__graph *graph = plan->graph;
    const fmx__plan_request *r = &plan->request;
    bool all = r->loss_count + r->keep_count == 0;
    for (size_t v = 0; v < plan->value_count; ++v)
        plan->value[v].wanted =
            all || is_named(r->loss_value, r->loss_count, v) || is_named(r->keep, r->keep_count, v);
    for (size_t i = graph->layer_count; i-- > 0;) {
        fmx__plan_value_state *out = &plan->value[value_of(plan, i)];
        plan->layer[i].idle = !out->wanted;
        out->inside = !out->wanted;
        for (size_t k = 0; out->wanted && k < graph->layer[i].in_count; ++k) {
            plan->value[graph->layer[i].in[k]].wanted = true;
            ++plan->value[graph->layer[i].in[k]].readers;
        }
    }
}

/* Which values lie below a trainable weight, and which above a loss. */
static void find_gradients(fmx__plan *plan)
{
    const fmx__graph *graph = plan->graph;
    if (!plan->request.training)
        return;
    for (size_t i = 0; i < graph->layer_count; ++i) {
        fmx__plan_value_state *out = &plan->value[root_of(plan, value_of(plan, i))];
        out->trains = out->trains || fmx__graph_layer_parameters(&graph->layer[i], true) > 0;
        for (size_t k = 0; k < graph->layer[i].in_count; ++k)
            out->trains = out->trains || plan->value[root_of(plan, graph->layer[i].in[k])].trains;
    }
    for (size_t i = graph->layer_count; i-- > 0;) {
        fmx__plan_value_state *out = &plan->value[root_of(plan, value_of(plan, i))];
        out->reached = out->reached || out->is_loss;
        for (size_t k = 0; out->reached && k < graph->layer[i].in_count; ++k)
            plan->value[root_of(plan, graph->layer[i].in[k])].reached = true;
        plan->layer[i].backward = out->reached && out->trains && !plan->layer[i].alias;
    }
}

static fmx_status add_piece(fmx__plan *plan, size_t bytes, size_t from, size_t to, ptrdiff_t *out)
{
    fmx_status status = fmx__grow(plan->ctx, &plan->piece, &plan->piece_capacity,
                                  plan->piece_count + 1, sizeof *plan->piece, "a memory plan");
    if (status != FMX_OK)
        return status;
    plan->piece[plan->piece_count] = (fmx__piece){.bytes = bytes, .from = from, .to = to};
    *out = (ptrdiff_t)plan->piece_count++;
    return FMX_OK;
}

static fmx_status value_bytes(const fmx__plan *plan, size_t value, size_t *bytes)
{
    const fmx__shape *shape = fmx__graph_shape(plan->graph, value);
    size_t floats = 0;
    if (!fmx__size_mul(shape->channels, shape->positions, &floats) ||
        !fmx__size_mul(floats, shape->is_complex ? 2 * sizeof(float) : sizeof(float), &floats) ||
        !fmx__size_mul(floats, fmx__shape_items(shape), &floats) ||
        !fmx__size_mul(floats, plan->request.batch, bytes))
        return fmx__fail(
            plan->ctx, FMX_ERROR_DEVICE_MEMORY,
            "%s: model: %s: a batch of %zu does not fit any memory; take a smaller one",
            plan->graph->where, fmx__graph_value_name(plan->graph, value), plan->request.batch);
    return FMX_OK;
}

/* The life of a root's output: to its last reader, forward or backward. */
static size_t last_reader(const fmx__plan *plan, size_t value)
{
    const fmx__graph *graph = plan->graph;
    const fmx__plan_value_state *state = &plan->value[value];
    size_t n = graph->layer_count;
    size_t last = state->kept ? 2 * n + 1 : state->is_loss ? n : 0;
    if (value >= graph->input_count) {
        size_t maker = value - graph->input_count;
        const fmx__plan_layer *layer = &plan->layer[maker];
        size_t own = layer->backward && (layer->plan.keeps_output || layer->relu)
                         ? fmx__time_backward(plan, maker)
                         : fmx__time_forward(plan, maker);
        last = own > last ? own : last;
    }
    for (size_t i = 0; i < n; ++i) {
        const fmx__plan_layer *layer = &plan->layer[i];
        for (size_t k = 0; !fmx__plan_skips(plan, i) && k < layer->in_count; ++k) {
            if (root_of(plan, layer->source[k]) != value)
                continue;
            size_t time = layer->backward && layer->plan.keeps_input ? fmx__time_backward(plan, i)
                                                                     : fmx__time_forward(plan, i);
            last = time > last ? time : last;
        }
    }
    return last;
}

static fmx_status plan_values(fmx__plan *plan)
{
    size_t n = plan->graph->layer_count;
    fmx_status status = FMX_OK;
    for (size_t v = 0; status == FMX_OK && v < plan->value_count; ++v) {
        fmx__plan_value_state *state = &plan->value[v];
        size_t bytes = 0;
        state->out = FMX__NO_PIECE;
        state->grad = FMX__NO_PIECE;
        if (state->root != v || state->inside)
            continue;
        size_t made = v < plan->graph->input_count ? 0 : v - plan->graph->input_count;
        size_t from = v < plan->graph->input_count ? 0 : fmx__time_forward(plan, made);
        status = value_bytes(plan, v, &bytes);
        if (status == FMX_OK)
            status = add_piece(plan, bytes, from, last_reader(plan, v), &state->out);
        if (status == FMX_OK && state->is_loss && plan->request.training) {
            size_t to = v < plan->graph->input_count ? n : fmx__time_backward(plan, made);
            status = add_piece(plan, bytes, n, to, &state->grad);
            state->written = true;
        }
    }
    return status;
}

/* The gradient of one input of a layer: the first writer makes it, later ones add to it. */
static fmx_status plan_input_gradient(fmx__plan *plan, size_t layer, size_t k)
{
    size_t value = root_of(plan, plan->layer[layer].source[k]);
    fmx__plan_value_state *state = &plan->value[value];
    size_t now = fmx__time_backward(plan, layer);
    size_t bytes = 0;
    if (!state->trains || value < plan->graph->input_count)
        return FMX_OK;
    fmx_status status = value_bytes(plan, value, &bytes);
    if (status == FMX_OK && state->written)
        return add_piece(plan, bytes, now, now, &plan->layer[layer].added[k]);
    state->written = true;
    if (status == FMX_OK)
        status =
            add_piece(plan, bytes, now, fmx__time_backward(plan, value - plan->graph->input_count),
                      &state->grad);
    return status;
}

static fmx_status plan_work_space(fmx__plan *plan, size_t i)
{
    fmx__plan_layer *layer = &plan->layer[i];
    size_t forward = fmx__time_forward(plan, i);
    size_t backward = fmx__time_backward(plan, i);
    fmx_status status = FMX_OK;
    if (layer->plan.saved_bytes > 0)
        status = add_piece(plan, layer->plan.saved_bytes, forward,
                           layer->backward ? backward : forward, &layer->saved);
    if (status == FMX_OK && layer->plan.scratch_bytes > 0)
        status =
            add_piece(plan, layer->plan.scratch_bytes, forward, forward, &layer->scratch_forward);
    if (status == FMX_OK && layer->plan.scratch_bytes > 0 && layer->backward)
        status = add_piece(plan, layer->plan.scratch_bytes, backward, backward,
                           &layer->scratch_backward);
    return status;
}

static fmx_status plan_pieces(fmx__plan *plan)
{
    fmx_status status = plan_values(plan);
    for (size_t i = plan->graph->layer_count; status == FMX_OK && i-- > 0;) {
        fmx__plan_layer *layer = &plan->layer[i];
        layer->saved = FMX__NO_PIECE;
        layer->scratch_forward = FMX__NO_PIECE;
        layer->scratch_backward = FMX__NO_PIECE;
        for (size_t k = 0; k < FMX__OP_INPUTS; ++k)
            layer->added[k] = FMX__NO_PIECE;
        if (fmx__plan_skips(plan, i))
            continue;
        status = plan_work_space(plan, i);
        for (size_t k = 0; status == FMX_OK && layer->backward && k < layer->in_count; ++k)
            status = plan_input_gradient(plan, i, k);
    }
    return status;
}

fmx_status fmx__plan_create(fmx_device *device, const fmx__graph *graph,
                            const fmx__weights *weights, const fmx__plan_request *request,
                            fmx__plan **out)
{
    fmx__plan *plan = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(graph->ctx, 1, sizeof *plan, "a plan", &plan);
    if (status != FMX_OK)
        return status;
    plan->device = device;
    plan->ctx = graph->ctx;
    plan->graph = graph;
    plan->weights = weights;
    plan->request = *request;
    plan->value_count = graph->input_count + graph->layer_count;
    status = fmx__alloc(plan->ctx, graph->layer_count, sizeof *plan->layer, "a plan", &plan->layer);
    if (status == FMX_OK)
        status =
            fmx__alloc(plan->ctx, plan->value_count, sizeof *plan->value, "a plan", &plan->value);
    if (status == FMX_OK)
        status = plan_layers(plan);
    if (status == FMX_OK) {
        find_idle(plan);
        fuse_relu(plan);
        find_roots(plan);
        find_gradients(plan);
        status = fmx__plan_fuse(plan);
    }
    if (status == FMX_OK)
        status = plan_pieces(plan);
    if (status == FMX_OK)
        status = fmx__plan_place(plan);
    if (status == FMX_OK) {
        fmx__plan_connect(plan);
        *out = plan;
    } else {
        fmx__plan_destroy(plan);
    }
    return status;
}

void fmx__plan_destroy(fmx__plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->piece_count; ++i)
        fmx_buffer_release(plan->piece[i].view);
    for (size_t i = 0; plan->slab != NULL && i < plan->slab_count; ++i)
        fmx_buffer_release(plan->slab[i]);
    for (size_t i = 0; plan->layer != NULL && i < plan->graph->layer_count; ++i)
        free(plan->layer[i].owned_options);
    free(plan->slab);
    free(plan->slab_bytes);
    free(plan->piece);
    free(plan->value);
    free(plan->layer);
    free(plan);
}

size_t fmx__plan_bytes(const fmx__plan *plan)
{
    return plan->bytes;
}

size_t fmx__plan_bytes_unshared(const fmx__plan *plan)
{
    return plan->bytes_unshared;
}

/* The calls of a plan, connected once and enqueued as often as wanted. */
#include "add.h"
#include "plan_internal.h"

fmx_buffer *fmx__plan_view(const fmx__plan *plan, ptrdiff_t piece)
{
    return piece == FMX__NO_PIECE ? NULL : plan->piece[piece].view;
}

fmx_buffer *fmx__plan_value(const fmx__plan *plan, size_t value)
{
    return fmx__plan_view(plan, plan->value[plan->value[value].root].out);
}

fmx_buffer *fmx__plan_gradient(const fmx__plan *plan, size_t value)
{
    const fmx__plan_value_state *root = &plan->value[plan->value[value].root];
    return root->is_loss ? fmx__plan_view(plan, root->grad) : NULL;
}

static void connect_weights(const fmx__plan *plan, fmx__plan_layer *layer)
{
    const fmx__tensor *tensor = plan->weights->tensor;
    size_t first = fmx__weights_first(plan->weights, layer->first);
    for (size_t w = 0; w < layer->plan.weight_count; ++w) {
        layer->weight[w] = tensor[first + w].value;
        layer->grad_weight[w] = tensor[first + w].grad;
    }
}

static void connect_values(const fmx__plan *plan, fmx__plan_layer *layer)
{
    for (size_t k = 0; k < layer->in_count; ++k) {
        const fmx__plan_value_state *root = &plan->value[plan->value[layer->source[k]].root];
        layer->in[k] = fmx__plan_view(plan, root->out);
        if (layer->backward)
            layer->grad_in[k] = fmx__plan_view(
                plan, layer->added[k] != FMX__NO_PIECE ? layer->added[k] : root->grad);
    }
}

void fmx__plan_connect(fmx__plan *plan)
{
    for (size_t i = 0; i < plan->graph->layer_count; ++i) {
        fmx__plan_layer *layer = &plan->layer[i];
        size_t value = plan->graph->input_count + i;
        const fmx__plan_value_state *root = &plan->value[plan->value[value].root];
        if (fmx__plan_skips(plan, i))
            continue;
        const fmx__plan_value_state *second = &plan->value[plan->value[layer->second].root];
        connect_weights(plan, layer);
        connect_values(plan, layer);
        layer->call = (fmx__op_call){
            .device = plan->device,
            .options = layer->options,
            .batch = layer->batch,
            .training = plan->request.training,
            .layer = (uint32_t)i,
            .step = plan->request.step,
            .in_shape = layer->in_shape,
            .in_count = layer->in_count,
            .out_shape = layer->plan.out,
            .relu = layer->relu,
            .in = layer->in,
            .out = fmx__plan_view(plan, root->out),
            .second = layer->second > 0 ? fmx__plan_view(plan, second->out) : NULL,
            .grad_second = layer->second > 0 ? fmx__plan_view(plan, second->grad) : NULL,
            .weight = layer->weight,
            .saved = fmx__plan_view(plan, layer->saved),
            .grad_out = fmx__plan_view(plan, root->grad),
            .grad_in = layer->grad_in,
            .grad_weight = layer->grad_weight,
        };
    }
}

void fmx__plan_watch(fmx__plan *plan, fmx__plan_watcher watcher, void *user)
{
    plan->watcher = watcher;
    plan->watcher_user = user;
}

static fmx_status tell(const fmx__plan *plan, size_t layer, bool backward, const fmx__op_call *call)
{
    return plan->watcher != NULL ? plan->watcher(plan->watcher_user, layer, backward, call)
                                 : FMX_OK;
}

fmx_status fmx__plan_forward(const fmx__plan *plan)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < plan->graph->layer_count; ++i) {
        const fmx__plan_layer *layer = &plan->layer[i];
        if (fmx__plan_skips(plan, i))
            continue;
        fmx__op_call call = layer->call;
        call.scratch = fmx__plan_view(plan, layer->scratch_forward);
        fmx__device_scope(plan->device, plan->graph->layer[i].name);
        status = layer->op->forward(&call);
        if (status == FMX_OK)
            status = tell(plan, i, false, &call);
        status = fmx__fail_in(plan->ctx, status, "%s, forward", plan->graph->layer[i].name);
    }
    fmx__device_scope(plan->device, NULL);
    return status;
}

/* Adds what a further reader of a value gave to its gradient. */
static fmx_status add_gradients(const fmx__plan *plan, size_t i)
{
    const fmx__plan_layer *layer = &plan->layer[i];
    fmx_status status = FMX_OK;
    for (size_t k = 0; status == FMX_OK && k < layer->call.in_count; ++k) {
        if (layer->added[k] == FMX__NO_PIECE)
            continue;
        const fmx__plan_value_state *root = &plan->value[plan->value[layer->source[k]].root];
        size_t floats = layer->batch * fmx__shape_floats(&layer->in_shape[k]);
        fmx_buffer *sum = fmx__plan_view(plan, root->grad);
        status = fmx__add(plan->device, floats, sum, layer->grad_in[k], sum);
    }
    return status;
}

fmx_status fmx__plan_backward(const fmx__plan *plan)
{
    fmx_status status = FMX_OK;
    for (size_t i = plan->graph->layer_count; status == FMX_OK && i-- > 0;) {
        const fmx__plan_layer *layer = &plan->layer[i];
        if (!layer->backward || fmx__plan_skips(plan, i))
            continue;
        fmx__op_call call = layer->call;
        call.scratch = fmx__plan_view(plan, layer->scratch_backward);
        fmx__device_scope(plan->device, plan->graph->layer[i].name);
        status = layer->op->backward(&call);
        if (status == FMX_OK)
            status = add_gradients(plan, i);
        if (status == FMX_OK)
            status = tell(plan, i, true, &call);
        status = fmx__fail_in(plan->ctx, status, "%s, backward", plan->graph->layer[i].name);
    }
    fmx__device_scope(plan->device, NULL);
    return status;
}

fmx__op_work fmx__plan_work(const fmx__plan *plan, bool backward)
{
    fmx__op_work sum = {0, 0};
    for (size_t i = 0; i < plan->graph->layer_count; ++i) {
        const fmx__plan_layer *layer = &plan->layer[i];
        const fmx__op_work *work = backward ? &layer->plan.backward : &layer->plan.forward;
        if (fmx__plan_skips(plan, i) || (backward && !layer->backward))
            continue;
        sum.flops += work->flops;
        sum.bytes += work->bytes;
    }
    return sum;
}

#include "weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t slab_floats = ((size_t)1 << 30) / sizeof(float);

static size_t count_tensors(const fmx__graph *graph)
{
    size_t count = 0;
    for (size_t i = 0; i < graph->layer_count; ++i)
        count += graph->layer[i].plan.weight_count;
    return count;
}

/* A slab of the kind with room for `count` more floats; opens one where there is none. */
static fmx_status find_slab(fmx__weights *weights, fmx_context *ctx, size_t *capacity,
                            fmx__tensor *tensor, size_t align)
{
    bool trainable = tensor->spec.trainable;
    size_t padded = (tensor->count + align - 1) / align * align;
    for (size_t i = 0; i < weights->slab_count; ++i) {
        fmx__weight_slab *slab = &weights->slab[i];
        if (slab->trainable == trainable && slab->floats + padded <= slab_floats) {
            tensor->slab = i;
            tensor->offset = slab->floats;
            slab->floats += padded;
            return FMX_OK;
        }
    }
    fmx_status status = fmx__grow(ctx, &weights->slab, capacity, weights->slab_count + 1,
                                  sizeof *weights->slab, "slabs of weights");
    if (status != FMX_OK)
        return status;
    tensor->slab = weights->slab_count++;
    tensor->offset = 0;
    weights->slab[tensor->slab] = (fmx__weight_slab){.trainable = trainable, .floats = padded};
    return FMX_OK;
}

static fmx_status place_tensors(fmx__weights *weights, const fmx__graph *graph)
{
    size_t capacity = 0;
    size_t align = fmx__buffer_alignment(weights->device) / sizeof(float);
    uint64_t largest = fmx_device_describe(weights->device)->largest_allocation_bytes;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < graph->layer_count; ++i) {
        const fmx__graph_layer *layer = &graph->layer[i];
        for (size_t w = 0; status == FMX_OK && w < layer->plan.weight_count; ++w) {
            fmx__tensor *tensor = &weights->tensor[weights->count++];
            tensor->spec = layer->plan.weight[w];
            tensor->layer = i;
            tensor->count = fmx__op_weight_count(&tensor->spec);
            snprintf(tensor->name, sizeof tensor->name, "%s.%.24s", layer->name, tensor->spec.name);
            if (tensor->count > largest / sizeof(float))
                return fmx__fail(graph->ctx, FMX_ERROR_DEVICE_MEMORY,
                                 "%s: the weight \"%s\" has %zu bytes, the device allows %llu in "
                                 "one piece; make the layer or what it reads smaller",
                                 graph->where, tensor->name, tensor->count * sizeof(float),
                                 (unsigned long long)largest);
            status = find_slab(weights, graph->ctx, &capacity, tensor, align);
        }
    }
    return status;
}

static fmx_status make_slab(fmx_device *device, size_t bytes, fmx_buffer **out)
{
    fmx_status status = fmx_buffer_create(device, bytes, out);
    return status == FMX_OK ? fmx_buffer_zero(*out, 0, bytes) : status;
}

fmx_status fmx__weights_create(fmx_device *device, const fmx__graph *graph, bool training,
                               fmx__weights *out)
{
    *out = (fmx__weights){.device = device};
    size_t count = count_tensors(graph);
    if (count == 0)
        return FMX_OK;
    fmx_status status =
        fmx__alloc(graph->ctx, count, sizeof *out->tensor, "a list of weights", &out->tensor);
    if (status == FMX_OK)
        status = place_tensors(out, graph);
    for (size_t i = 0; status == FMX_OK && i < out->slab_count; ++i) {
        fmx__weight_slab *slab = &out->slab[i];
        status = make_slab(device, slab->floats * sizeof(float), &slab->value);
        if (status == FMX_OK && training && slab->trainable)
            status = make_slab(device, slab->floats * sizeof(float), &slab->grad);
    }
    for (size_t i = 0; status == FMX_OK && i < out->count; ++i) {
        fmx__tensor *tensor = &out->tensor[i];
        fmx__weight_slab *slab = &out->slab[tensor->slab];
        size_t offset = tensor->offset * sizeof(float);
        size_t bytes = tensor->count * sizeof(float);
        status = fmx__buffer_view(slab->value, offset, bytes, &tensor->value);
        if (status == FMX_OK && slab->grad != NULL)
            status = fmx__buffer_view(slab->grad, offset, bytes, &tensor->grad);
    }
    return fmx__fail_in(graph->ctx, status, "making room for %zu weights",
                        fmx__graph_parameters(graph, false));
}

void fmx__weights_clear(fmx__weights *weights)
{
    for (size_t i = 0; i < weights->count; ++i) {
        fmx_buffer_release(weights->tensor[i].value);
        fmx_buffer_release(weights->tensor[i].grad);
    }
    for (size_t i = 0; i < weights->slab_count; ++i) {
        fmx_buffer_release(weights->slab[i].value);
        fmx_buffer_release(weights->slab[i].grad);
    }
    free(weights->tensor);
    free(weights->slab);
    *weights = (fmx__weights){0};
}

size_t fmx__weights_first(const fmx__weights *weights, size_t layer)
{
    size_t i = 0;
    while (i < weights->count && weights->tensor[i].layer < layer)
        ++i;
    return i;
}

const fmx__tensor *fmx__weights_find(const fmx__weights *weights, const char *name)
{
    for (size_t i = 0; i < weights->count; ++i) {
        if (strcmp(weights->tensor[i].name, name) == 0)
            return &weights->tensor[i];
    }
    return NULL;
}

size_t fmx__weights_bytes(const fmx__weights *weights, bool trainable_only)
{
    size_t floats = 0;
    for (size_t i = 0; i < weights->slab_count; ++i) {
        if (weights->slab[i].trainable || !trainable_only)
            floats += weights->slab[i].floats;
    }
    return floats * sizeof(float);
}

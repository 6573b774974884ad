#include "penalty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP = 256, CHUNK = 4096, CHUNK_WIDE = 16384 };

#define FMX_FIELD(name) offsetof(fmx__penalty_options, name)
static const fmx__option table[] = {
    {"layers", FMX__OPTION_NAMES, FMX_FIELD(layers), "", 0, 0, NULL,
     "layers whose weights are held small, without their biases; empty: all layers"},
    {"amount", FMX__OPTION_NUMBER, FMX_FIELD(amount), "", 0, 1e6, NULL,
     "what the sum over the weights is multiplied by"},
};
#undef FMX_FIELD

/* Keras's default of both. */
static const fmx__penalty_options defaults = {"", 0.01};

#define FMX_GROUP(NAME, DOC)                                                                       \
    {                                                                                              \
        .name = NAME, .doc = DOC, .options = table, .option_count = FMX__COUNT(table),             \
        .defaults = &defaults, .options_size = sizeof defaults                                     \
    }

static const fmx__option_group kinds[] = {
    FMX_GROUP("l1", "Adds the sum of the absolute weights to the loss, which draws many to 0."),
    FMX_GROUP("l2", "Adds the sum of the squared weights to the loss."),
};

const fmx__option_group *fmx__penalty_stage(size_t index)
{
    return index < FMX__COUNT(kinds) ? &kinds[index] : NULL;
}

/* ---- from a recipe to tensors -----------------------------------------------------------------
 */

static bool is_kernel(const fmx__tensor *tensor)
{
    return tensor->spec.trainable && tensor->spec.rank >= 2 &&
           strncmp(tensor->spec.name, "weight", strlen("weight")) == 0;
}

/* Whether "a, b" names a layer. */
static bool is_listed(const char *layers, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = layers; *at != '\0'; at += strcspn(at, ",")) {
        at += strspn(at, " ,");
        if (strncmp(at, name, length) == 0 && strchr(", ", at[length]) != NULL)
            return true;
    }
    return layers[0] == '\0';
}

/* Every layer that a stage names must be there and have something to hold small. */
static fmx_status check_layers(const fmx__recipe *recipe, const fmx__recipe_stage *stage,
                               const fmx__weights *weights, const fmx__graph *graph)
{
    const char *layers = ((const fmx__penalty_options *)stage->options)->layers;
    for (const char *at = layers; *at != '\0'; at += strcspn(at, ",")) {
        char name[FMX__GRAPH_NAME];
        bool found = false;
        at += strspn(at, " ,");
        size_t length = strcspn(at, ", ");
        if (length == 0)
            break;
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        for (size_t i = 0; i < weights->count; ++i)
            found |= is_kernel(&weights->tensor[i]) &&
                     strcmp(graph->layer[weights->tensor[i].layer].name, name) == 0;
        if (!found)
            return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                             "%s: train.penalty.%s: layers: the model has no layer \"%s\" with "
                             "weights; name a dense or convolution layer",
                             recipe->file, stage->group->name, name);
    }
    return FMX_OK;
}

fmx_status fmx__penalties_open(fmx_device *device, const fmx__recipe *recipe,
                               const fmx__weights *weights, const fmx__graph *graph,
                               fmx__penalties *out)
{
    const fmx__recipe_part *part = fmx__recipe_find(recipe, "train.penalty");
    fmx__penalty_tensor *tensor = NULL;
    size_t count = 0;
    *out = (fmx__penalties){.device = device};
    if (part->count == 0 || weights->count == 0)
        return FMX_OK;
    fmx_status status =
        fmx__alloc(graph->ctx, part->count * weights->count, sizeof *tensor, "penalties", &tensor);
    for (size_t s = 0; status == FMX_OK && s < part->count; ++s) {
        const fmx__penalty_options *o = part->stage[s].options;
        bool is_l1 = part->stage[s].group == &kinds[0];
        status = check_layers(recipe, &part->stage[s], weights, graph);
        for (size_t i = 0; status == FMX_OK && i < weights->count; ++i) {
            const fmx__tensor *w = &weights->tensor[i];
            if (is_kernel(w) && is_listed(o->layers, graph->layer[w->layer].name))
                tensor[count++] = (fmx__penalty_tensor){.count = w->count,
                                                        .l1 = is_l1 ? o->amount : 0,
                                                        .l2 = is_l1 ? 0 : o->amount,
                                                        .value = w->value,
                                                        .grad = w->grad};
        }
    }
    if (status == FMX_OK)
        status = fmx__penalties_create(device, tensor, count, out);
    free(tensor);
    return status;
}

/* ---- on the device ----------------------------------------------------------------------------
 */

static size_t chunk_of(const fmx_device *device)
{
    return fmx__device_wide(device) ? CHUNK_WIDE : CHUNK;
}

static size_t parts_of(const fmx_device *device, const fmx__penalty_tensor *tensor)
{
    return (tensor->count + chunk_of(device) - 1) / chunk_of(device);
}

fmx_status fmx__penalties_create(fmx_device *device, const fmx__penalty_tensor *tensor,
                                 size_t count, fmx__penalties *out)
{
    *out = (fmx__penalties){.device = device};
    if (count == 0)
        return FMX_OK;
    fmx_status status =
        fmx__alloc(fmx__device_context(device), count, sizeof *tensor, "penalties", &out->tensor);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        out->tensor[out->count++] = tensor[i];
        out->part_count += parts_of(device, &tensor[i]);
    }
    if (status == FMX_OK)
        status = fmx_buffer_create(device, out->part_count * sizeof(float), &out->parts);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, sizeof(float), &out->total);
    return status;
}

void fmx__penalties_clear(fmx__penalties *penalties)
{
    fmx_buffer_release(penalties->parts);
    fmx_buffer_release(penalties->total);
    free(penalties->tensor);
    *penalties = (fmx__penalties){0};
}

/* A group each, or on PoCL an item each. */
static fmx_status launch(const fmx__penalties *p, fmx__launch *job, fmx__arg *args, size_t groups)
{
    bool wide = fmx__device_wide(p->device);
    args[job->arg_count++] = wide ? fmx__arg_u64(groups) : fmx__arg_local(GROUP * sizeof(float));
    job->arg = args;
    job->stem = "penalty";
    job->dims = 1;
    job->local[0] = wide ? 1 : GROUP;
    *(wide ? job->global : job->groups) = groups;
    return fmx__launch_kernel(p->device, job);
}

static fmx_status launch_apply(const fmx__penalties *p, const fmx__penalty_tensor *t, size_t first,
                               bool gradients)
{
    bool adds = gradients && t->grad != NULL;
    size_t bytes = t->count * sizeof(float);
    fmx__arg args[9] = {
        fmx__arg_buffer(p->parts, p->part_count * sizeof(float)),
        adds ? fmx__arg_buffer(t->grad, bytes) : fmx__arg_none(),
        fmx__arg_buffer(t->value, bytes),
        fmx__arg_u64(t->count),
        fmx__arg_u64(chunk_of(p->device)),
        fmx__arg_u64(first),
        fmx__arg_f32(t->l1),
        fmx__arg_f32(t->l2),
    };
    fmx__launch job = {
        .kernel = fmx__device_wide(p->device) ? "penalty_apply_wide" : "penalty_apply",
        .arg_count = 8,
        .flops = (double)t->count * (adds ? 8 : 5),
        .bytes = (double)bytes * (adds ? 3 : 1),
    };
    return launch(p, &job, args, parts_of(p->device, t));
}

fmx_status fmx__penalties_run(const fmx__penalties *p, bool gradients)
{
    size_t first = 0;
    fmx_status status = FMX_OK;
    if (p->count == 0)
        return FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < p->count; ++i) {
        status = launch_apply(p, &p->tensor[i], first, gradients);
        first += parts_of(p->device, &p->tensor[i]);
    }
    size_t bytes = p->part_count * sizeof(float);
    fmx__arg args[4] = {fmx__arg_buffer(p->total, sizeof(float)), fmx__arg_buffer(p->parts, bytes),
                        fmx__arg_u64(p->part_count)};
    fmx__launch job = {
        .kernel = fmx__device_wide(p->device) ? "penalty_sum_wide" : "penalty_sum",
        .arg_count = 3,
        .flops = (double)p->part_count,
        .bytes = (double)bytes,
    };
    return status == FMX_OK ? launch(p, &job, args, 1) : status;
}

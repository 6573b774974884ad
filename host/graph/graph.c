#include "graph_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMES = 512, WHERE = 600 };

/* `input` of the list `model`: not an op, it only names what comes in. */
typedef struct input_options {
    fmx__layer layer;
    int64_t channels;
    int64_t positions;
    bool is_complex;
} input_options;

#define FMX_FIELD(name) offsetof(input_options, name)
static const fmx__option input_table[] = {
    {"name", FMX__OPTION_TEXT, FMX_FIELD(layer.name), "", 0, 0, NULL, "name of the input"},
    {"channels", FMX__OPTION_INTEGER, FMX_FIELD(channels), "", 1, 1 << 20, NULL,
     "channels of one item"},
    {"positions", FMX__OPTION_INTEGER, FMX_FIELD(positions), "points", 0, 1 << 24, NULL,
     "length of a channel; 0: the points of the axis"},
    {"complex", FMX__OPTION_BOOL, FMX_FIELD(is_complex), "", 0, 0, NULL,
     "values are complex, (re, im) interleaved"},
};
#undef FMX_FIELD

static const input_options input_defaults = {{"spectrum", ""}, 1, 0, false};

static const fmx__option_group input_group = {
    .name = "input",
    .doc = "Names an input of the network. A model without one takes `spectrum`.",
    .options = input_table,
    .option_count = FMX__COUNT(input_table),
    .defaults = &input_defaults,
    .options_size = sizeof input_defaults,
};

const fmx__option_group *fmx__graph_stage(size_t index)
{
    if (index == 0)
        return &input_group;
    if (index == 1)
        return &fmx__tcn_macro;
    return index - 2 < fmx__op_count ? &fmx__ops[index - 2]->group : NULL;
}

bool fmx__graph_find(const fmx__graph *graph, const char *name, size_t *value)
{
    for (size_t i = 0; i < graph->input_count + graph->layer_count; ++i) {
        if (strcmp(fmx__graph_value_name(graph, i), name) == 0) {
            *value = i;
            return true;
        }
    }
    return false;
}

const fmx__graph_layer *fmx__graph_maker(const fmx__graph *graph, size_t value)
{
    return value < graph->input_count ? NULL : &graph->layer[value - graph->input_count];
}

const fmx__shape *fmx__graph_shape(const fmx__graph *graph, size_t value)
{
    const fmx__graph_layer *maker = fmx__graph_maker(graph, value);
    return maker == NULL ? &graph->input[value].shape : &maker->plan.out;
}

const char *fmx__graph_value_name(const fmx__graph *graph, size_t value)
{
    const fmx__graph_layer *maker = fmx__graph_maker(graph, value);
    return maker == NULL ? graph->input[value].name : maker->name;
}

size_t fmx__graph_layer_parameters(const fmx__graph_layer *layer, bool trainable_only)
{
    size_t sum = 0;
    for (size_t i = 0; i < layer->plan.weight_count; ++i) {
        if (layer->plan.weight[i].trainable || !trainable_only)
            sum += fmx__op_weight_count(&layer->plan.weight[i]);
    }
    return sum;
}

size_t fmx__graph_parameters(const fmx__graph *graph, bool trainable_only)
{
    size_t sum = 0;
    for (size_t i = 0; i < graph->layer_count; ++i)
        sum += fmx__graph_layer_parameters(&graph->layer[i], trainable_only);
    return sum;
}

/* Fails with "recipe: model: layer "x": no ... "y"; did you mean ...". */
static fmx_status unknown_name(const fmx__graph *graph, const char *layer, const char *name)
{
    const char *names[MOST_NAMES];
    size_t count = 0;
    char near[160] = "";
    for (; count < graph->input_count + graph->layer_count && count < MOST_NAMES; ++count)
        names[count] = fmx__graph_value_name(graph, count);
    const char *nearest = fmx__nearest_name(name, names, count);
    if (nearest != NULL)
        snprintf(near, sizeof near, "; did you mean \"%.100s\"?", nearest);
    return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                     "%s: model: %s: from: there is no layer or input \"%s\" above it%s",
                     graph->where, layer, name, near);
}

/* Resolves "a, b" to values. */
static fmx_status take_from(const fmx__graph *graph, fmx__graph_layer *layer, const char *from)
{
    const char *at = from;
    while (*at != '\0') {
        char name[FMX__GRAPH_NAME];
        size_t start = strspn(at, " ,");
        size_t length = strcspn(at + start, ",");
        at += start;
        while (length > 0 && at[length - 1] == ' ')
            --length;
        if (length == 0)
            break;
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (layer->in_count == FMX__OP_INPUTS)
            return fmx__fail(graph->ctx, FMX_ERROR_RECIPE, "%s: model: %s: more than %d inputs",
                             graph->where, layer->name, FMX__OP_INPUTS);
        if (!fmx__graph_find(graph, name, &layer->in[layer->in_count]))
            return unknown_name(graph, layer->name, name);
        ++layer->in_count;
        at += strcspn(at, ",");
    }
    return FMX_OK;
}

/* The name given, or "kind_number", numbered by kind as they come. */
static fmx_status name_layer(const fmx__graph *graph, const char *kind, size_t number,
                             const char *given, char *name)
{
    if (given[0] != '\0')
        snprintf(name, FMX__GRAPH_NAME, "%s", given);
    else
        snprintf(name, FMX__GRAPH_NAME, "%.200s_%zu", kind, number);
    if (strpbrk(name, ",. ") != NULL)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                         "%s: model: the layer name \"%s\" contains a comma, dot or space",
                         graph->where, name);
    return FMX_OK;
}

fmx_status fmx__graph_site(const fmx__graph *graph, const fmx__graph_layer *layer, size_t batch,
                           fmx__shape *in, fmx__op_site *site)
{
    size_t items = 1;
    for (size_t i = 0; i < layer->in_count; ++i) {
        in[i] = *fmx__graph_shape(graph, layer->in[i]);
        if (layer->op->takes_items)
            continue;
        if (i > 0 && fmx__shape_items(&in[i]) != items)
            return fmx__fail(
                graph->ctx, FMX_ERROR_RECIPE,
                "%s: its inputs are folded into %zu and %zu parts; fold both alike, or "
                "unfold",
                site->where, items, fmx__shape_items(&in[i]));
        items = fmx__shape_items(&in[i]);
        in[i].items = 0;
    }
    if (!fmx__size_mul(batch, items, &site->batch))
        return fmx__fail(graph->ctx, FMX_ERROR_DEVICE_MEMORY,
                         "%s: a batch of %zu does not fit any memory; take a smaller one",
                         site->where, batch);
    site->ctx = graph->ctx;
    site->options = layer->options;
    site->in = in;
    site->in_count = layer->in_count;
    return FMX_OK;
}

static fmx_status plan_layer(fmx__graph *graph, fmx__graph_layer *layer)
{
    char where[WHERE];
    fmx__shape in[FMX__OP_INPUTS];
    snprintf(where, sizeof where, "%s: model: %s", graph->where, layer->name);
    if (layer->in_count < layer->op->least_inputs || layer->in_count > layer->op->most_inputs)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                         "%s: %s takes %zu to %zu inputs, `from` names %zu", where,
                         layer->op->group.name, layer->op->least_inputs, layer->op->most_inputs,
                         layer->in_count);
    fmx__op_site site = {.where = where, .training = true};
    fmx_status status = fmx__graph_site(graph, layer, 1, in, &site);
    if (status == FMX_OK)
        status = layer->op->plan(&site, &layer->plan);
    if (status == FMX_OK) /* the op's batch is that of the parts, the graph's is one item */
        layer->plan.out.items = site.batch * fmx__shape_items(&layer->plan.out);
    return status;
}

/* Puts a layer behind the others; it has name, op, options and inputs. */
static fmx_status append(fmx__graph *graph, const fmx__graph_layer *given)
{
    size_t value = 0;
    if (fmx__graph_find(graph, given->name, &value))
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE, "%s: model: two layers are called \"%s\"",
                         graph->where, given->name);
    fmx_status status = fmx__grow(graph->ctx, &graph->layer, &graph->capacity,
                                  graph->layer_count + 1, sizeof *graph->layer, "layers");
    if (status != FMX_OK)
        return status;
    fmx__graph_layer *layer = &graph->layer[graph->layer_count];
    *layer = *given;
    status = plan_layer(graph, layer);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < layer->in_count; ++i) {
        if (layer->in[i] >= graph->input_count)
            ++graph->layer[layer->in[i] - graph->input_count].readers;
    }
    ++graph->layer_count;
    return FMX_OK;
}

/* What a layer or macro takes: those named, or the layer above. */
static fmx_status find_inputs(const fmx__graph *graph, const char *from, fmx__graph_layer *layer)
{
    fmx_status status = from[0] != '\0' ? take_from(graph, layer, from) : FMX_OK;
    if (status == FMX_OK && layer->in_count == 0)
        layer->in[layer->in_count++] = graph->input_count + graph->layer_count - 1;
    return status;
}

static fmx_status add_layer(fmx__graph *graph, const fmx__recipe_stage *stage)
{
    const fmx__layer *common = stage->options;
    fmx__graph_layer layer = {.op = fmx__op_find(stage->group->name), .options = stage->options};
    size_t number = 1;
    if (layer.op == NULL)
        return fmx__fail(graph->ctx, FMX_ERROR_INTERNAL, "no op \"%s\"", stage->group->name);
    for (size_t i = 0; i < graph->layer_count; ++i)
        number += graph->layer[i].op == layer.op && !graph->layer[i].drawn;
    fmx_status status = name_layer(graph, layer.op->group.name, number, common->name, layer.name);
    if (status == FMX_OK)
        status = find_inputs(graph, common->from, &layer);
    return status == FMX_OK ? append(graph, &layer) : status;
}

/* Draws a macro out into its layers. */
static fmx_status add_macro(fmx__graph *graph, const fmx__recipe_stage *stage)
{
    const fmx__layer *common = stage->options;
    fmx__graph_layer layer = {0};
    fmx_status status =
        name_layer(graph, stage->group->name, ++graph->macro_count, common->name, layer.name);
    if (status == FMX_OK)
        status = find_inputs(graph, common->from, &layer);
    if (status == FMX_OK && layer.in_count != 1)
        status = fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                           "%s: model: %s takes one input, `from` names %zu", graph->where,
                           layer.name, layer.in_count);
    if (status == FMX_OK)
        status = fmx__tcn_draw(graph, layer.name, stage->options, layer.in[0]);
    return status;
}

fmx_status fmx__graph_append(fmx__graph *graph, const char *name, const char *op,
                             const char *const (*setting)[2], const size_t *in, size_t in_count)
{
    fmx__graph_layer layer = {.op = fmx__op_find(op), .in_count = in_count, .drawn = true};
    char where[WHERE];
    void *options = NULL;
    snprintf(where, sizeof where, "%s: model: %s", graph->where, name);
    snprintf(layer.name, sizeof layer.name, "%s", name);
    if (layer.op == NULL)
        return fmx__fail(graph->ctx, FMX_ERROR_INTERNAL, "no op \"%s\"", op);
    const fmx__option_group *group = &layer.op->group;
    fmx_status status = fmx__grow(graph->ctx, &graph->owned, &graph->owned_capacity,
                                  graph->owned_count + 1, sizeof *graph->owned, "layers");
    if (status == FMX_OK)
        status = fmx__alloc(graph->ctx, 1, group->options_size, "options of a layer", &options);
    if (status != FMX_OK)
        return status;
    graph->owned[graph->owned_count++] = options;
    memcpy(options, group->defaults, group->options_size);
    for (; setting != NULL && status == FMX_OK && (*setting)[0] != NULL; ++setting)
        status = fmx__option_set(graph->ctx, group->options, group->option_count, options, where,
                                 (*setting)[0], (*setting)[1]);
    layer.options = options;
    memcpy(layer.in, in, in_count * sizeof *in);
    return status == FMX_OK ? append(graph, &layer) : status;
}

static fmx_status add_input(fmx__graph *graph, const input_options *options, size_t positions)
{
    size_t value = 0;
    if (graph->layer_count > 0)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                         "%s: model: inputs stand before the layers, \"%s\" does not", graph->where,
                         options->layer.name);
    if (fmx__graph_find(graph, options->layer.name, &value))
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE, "%s: model: two inputs are called \"%s\"",
                         graph->where, options->layer.name);
    if (graph->input_count == FMX__GRAPH_INPUTS)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE, "%s: model: more than %d inputs",
                         graph->where, FMX__GRAPH_INPUTS);
    fmx__graph_input *input = &graph->input[graph->input_count++];
    snprintf(input->name, sizeof input->name, "%s", options->layer.name);
    input->shape = (fmx__shape){
        .channels = (size_t)options->channels,
        .positions = options->positions > 0 ? (size_t)options->positions : positions,
        .is_complex = options->is_complex,
    };
    return FMX_OK;
}

fmx_status fmx__graph_create(fmx_context *ctx, const fmx__recipe *recipe, size_t positions,
                             fmx__graph *out)
{
    *out = (fmx__graph){.ctx = ctx};
    snprintf(out->where, sizeof out->where, "%s", recipe->file);
    const fmx__recipe_part *part = fmx__recipe_find(recipe, "model");
    fmx_status status = FMX_OK;
    if (part == NULL || part->count == 0)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: there is no model; write the list of its layers, for instance "
                         "data/recipes/demo.yml",
                         recipe->file);
    for (size_t i = 0; status == FMX_OK && i < part->count; ++i) {
        const fmx__recipe_stage *stage = &part->stage[i];
        bool is_input = stage->group == &input_group;
        if (!is_input && out->input_count == 0)
            status = add_input(out, &input_defaults, positions);
        if (status == FMX_OK)
            status = is_input                          ? add_input(out, stage->options, positions)
                     : stage->group == &fmx__tcn_macro ? add_macro(out, stage)
                                                       : add_layer(out, stage);
    }
    if (status == FMX_OK && out->layer_count == 0)
        status = fmx__fail(ctx, FMX_ERROR_RECIPE, "%s: the model has no layers", recipe->file);
    return status;
}

void fmx__graph_clear(fmx__graph *graph)
{
    for (size_t i = 0; i < graph->owned_count; ++i)
        free(graph->owned[i]);
    free(graph->owned);
    free(graph->layer);
    *graph = (fmx__graph){0};
}

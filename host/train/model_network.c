#include "model_network.h"

#include <string.h>

#include "train_section.h"
#include "weight_file.h"

fmx_status fmx__model_find_heads(const fmx__graph *graph, fmx__model_heads *out)
{
    *out = (fmx__model_heads){0};
    for (size_t i = 0; i < graph->layer_count; ++i) {
        const fmx__graph_layer *layer = &graph->layer[i];
        bool sigmoid = strcmp(layer->op->group.name, "sigmoid") == 0;
        bool softmax = strcmp(layer->op->group.name, "softmax") == 0;
        if (layer->readers > 0 || !(sigmoid || softmax))
            continue;
        if (sigmoid ? out->has_presence : out->has_proportion)
            return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                             "%s: model: %s: a second %s output; a network gives one probability "
                             "and one proportion for each compound",
                             graph->where, layer->name, layer->op->group.name);
        if (sigmoid) {
            out->has_presence = true;
            out->presence = graph->input_count + i;
        } else {
            out->has_proportion = true;
            out->proportion = graph->input_count + i;
        }
    }
    if (!out->has_presence && !out->has_proportion)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                         "%s: model: no layer at the end is a sigmoid (presence) or a softmax "
                         "(proportion)",
                         graph->where);
    if (!out->has_presence)
        out->presence = out->proportion;
    if (!out->has_proportion)
        out->proportion = out->presence;
    return FMX_OK;
}

fmx_status fmx__model_check_input(const fmx__graph *graph, size_t channels, size_t positions)
{
    const fmx__shape *in = fmx__graph_shape(graph, 0);
    if (graph->input_count != 1)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                         "%s: model: %zu inputs; spectra are the only one that there is",
                         graph->where, graph->input_count);
    if (in->channels == channels && in->positions == positions && !in->is_complex)
        return FMX_OK;
    if (channels == 1)
        return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                         "%s: model: %s takes %zu channels of %zu %spoints, a spectrum has one of "
                         "%zu; leave channels, positions and complex out",
                         graph->where, fmx__graph_value_name(graph, 0), in->channels, in->positions,
                         in->is_complex ? "complex " : "", positions);
    return fmx__fail(graph->ctx, FMX_ERROR_RECIPE,
                     "%s: model: %s takes %zu channels of %zu %spoints, what it is trained on has "
                     "%zu of %zu; begin the model with \"input: {channels: %zu, positions: %zu}\"",
                     graph->where, fmx__graph_value_name(graph, 0), in->channels, in->positions,
                     in->is_complex ? "complex " : "", channels, positions, channels, positions);
}

fmx_status fmx__model_read_recipe(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                                  fmx__model_facts *facts, fmx__recipe *recipe)
{
    fmx_status status = fmx__model_facts_read(ctx, path, file, facts);
    if (status == FMX_OK && facts->recipe != NULL)
        status = fmx__recipe_parse(ctx, path, facts->recipe, strlen(facts->recipe),
                                   &fmx__recipe_schema_full, NULL, 0, recipe);
    return status;
}

fmx_status fmx__model_network_open(fmx_device *device, const char *path, fmx__safetensors **file,
                                   fmx__model_network *network)
{
    fmx_context *ctx = fmx__device_context(device);
    *network = (fmx__model_network){.device = device, .ctx = ctx, .facts = fmx__model_facts_none};
    fmx_status status = fmx__safetensors_open(ctx, path, file);
    return status == FMX_OK
               ? fmx__model_read_recipe(ctx, path, *file, &network->facts, &network->recipe)
               : status;
}

fmx_status fmx__model_network_build(fmx__model_network *network, size_t channels, size_t positions)
{
    fmx_status status =
        fmx__graph_create(network->ctx, &network->recipe, positions, &network->graph);
    if (status == FMX_OK)
        status = fmx__model_check_input(&network->graph, channels, positions);
    return status == FMX_OK ? fmx__model_find_heads(&network->graph, &network->heads) : status;
}

fmx_status fmx__model_network_read(fmx__model_network *network, fmx__safetensors *file)
{
    fmx_status status =
        fmx__weights_create(network->device, &network->graph, false, &network->weights);
    return status == FMX_OK ? fmx__weight_file_read(network->ctx, file, &network->weights, NULL)
                            : status;
}

void fmx__model_network_clear(fmx__model_network *network)
{
    fmx__weights_clear(&network->weights);
    fmx__graph_clear(&network->graph);
    fmx__recipe_clear(&network->recipe);
    fmx__model_facts_clear(&network->facts);
}

fmx_status fmx__model_network_set(fmx__model_network *net, const char *assignment)
{
    static const char *const free_keys[] = {"process", "queries", "evaluate.threshold"};
    bool is_free = false;
    for (size_t i = 0; i < FMX__COUNT(free_keys); ++i) {
        size_t length = strlen(free_keys[i]);
        is_free = is_free || (strncmp(assignment, free_keys[i], length) == 0 &&
                              strchr(".[=", assignment[length]) != NULL);
    }
    if (!is_free)
        return fmx__fail(net->ctx, FMX_ERROR_RECIPE,
                         "%s: of a trained model only process, queries and evaluate.threshold can "
                         "be set; for anything else train it again",
                         assignment);
    fmx_status status = fmx__recipe_set(net->ctx, &net->recipe, assignment);
    if (status == FMX_OK && strncmp(assignment, "evaluate", strlen("evaluate")) == 0) {
        const fmx__evaluate_options *evaluate = fmx__recipe_find(&net->recipe, "evaluate")->options;
        if (evaluate->threshold > 0)
            net->facts.threshold = evaluate->threshold;
    }
    return status;
}

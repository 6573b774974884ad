/* Recipes: name, stages, and the network as it is drawn. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_recipe.h"
#include "embedded.h"
#include "graph.h"
#include "info.h"
#include "recipe_sections.h"
#include "train_section.h"

/* "s1_cnn", a recipe in the binary. */
static bool is_built_in(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < fmx__data_file_count; ++i) {
        const char *file = fmx__data_files[i].file;
        if (strncmp(file, name, length) == 0 && strcmp(file + length, ".yml") == 0)
            return true;
    }
    return false;
}

/* YAML has no mark of its own: the name decides. */
static bool is(const char *path, const unsigned char *head, size_t bytes)
{
    const char *dot = strrchr(path, '.');
    (void)head;
    (void)bytes;
    if (access(path, F_OK) != 0 && is_built_in(path))
        return true;
    return dot != NULL && (strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0);
}

static void add_layer(cJSON *layers, const fmx__graph_layer *layer)
{
    const fmx__shape *shape = &layer->plan.out;
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "name", layer->name);
    cJSON_AddStringToObject(one, "op", layer->op->group.name);
    if (fmx__shape_items(shape) > 1)
        cJSON_AddNumberToObject(one, "items", (double)fmx__shape_items(shape));
    cJSON *size = cJSON_AddArrayToObject(one, "shape");
    cJSON_AddItemToArray(size, cJSON_CreateNumber((double)shape->channels));
    if (shape->positions > 1)
        cJSON_AddItemToArray(size, cJSON_CreateNumber((double)shape->positions));
    cJSON_AddNumberToObject(one, "parameters", (double)fmx__graph_layer_parameters(layer, false));
    cJSON_AddItemToArray(layers, one);
}

/* `graph` has no layers where the recipe has no model; classes are the dataset's, not a recipe's.
 */
static fmx_status to_json(fmx__info *info, const char *path, const fmx__recipe *recipe,
                          const fmx__graph *graph)
{
    cJSON *item = NULL;
    fmx_status status = fmx__info_item(info, path, "recipe", "yaml", &item);
    if (status != FMX_OK)
        return status;
    cJSON_AddStringToObject(item, "name", recipe->head.name);
    for (size_t i = 0; i < recipe->part_count; ++i) {
        const fmx__recipe_part *part = &recipe->part[i];
        if (part->section->stage == NULL)
            continue;
        cJSON *stages = cJSON_AddArrayToObject(item, part->section->name);
        for (size_t k = 0; k < part->count; ++k)
            cJSON_AddItemToArray(stages, cJSON_CreateString(part->stage[k].group->name));
    }
    cJSON_AddNumberToObject(item, "parameters", (double)fmx__graph_parameters(graph, false));
    cJSON_AddNumberToObject(item, "trainable_parameters",
                            (double)fmx__graph_parameters(graph, true));
    cJSON_AddArrayToObject(item, "classes");
    cJSON *layers = cJSON_AddArrayToObject(item, "layers");
    for (size_t i = 0; i < graph->layer_count; ++i)
        add_layer(layers, &graph->layer[i]);
    return FMX_OK;
}

/* "12 x 21800", "1000" for a flat vector, "100 of 12 x 218" for a folded value. */
static void shape_text(char text[96], const fmx__shape *shape)
{
    int used = 0;
    if (fmx__shape_items(shape) > 1)
        used = snprintf(text, 96, "%zu of ", fmx__shape_items(shape));
    if (shape->positions > 1)
        snprintf(text + used, 96 - (size_t)used, "%zu x %zu", shape->channels, shape->positions);
    else
        snprintf(text + used, 96 - (size_t)used, "%zu", shape->channels);
}

/* Layers that compute nothing by themselves stand on the line of the one that they follow. */
static bool joins_line(const fmx__graph *graph, size_t index)
{
    static const char *const names[] = {"relu", "sigmoid",    "softmax", "flatten", "dropout",
                                        "elu",  "leaky_relu", "selu",    "relu6",   "tanh",
                                        "gelu", "silu",       "softplus"};
    const fmx__graph_layer *layer = &graph->layer[index];
    if (index == 0 || layer->in_count != 1 || layer->in[0] != graph->input_count + index - 1)
        return false;
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        if (strcmp(layer->op->group.name, names[i]) == 0)
            return true;
    }
    return false;
}

/* The network from top to bottom, one line for each layer with what follows it. */
static void draw(const fmx__graph *graph)
{
    char shape[96];
    int width = 16;
    for (size_t i = 0; i < graph->layer_count; ++i)
        width = (int)strlen(graph->layer[i].name) >= width ? (int)strlen(graph->layer[i].name) + 1
                                                           : width;
    for (size_t i = 0; i < graph->input_count; ++i) {
        shape_text(shape, &graph->input[i].shape);
        printf("  %-*s input %s\n", width, graph->input[i].name, shape);
    }
    for (size_t i = 0; i < graph->layer_count;) {
        const fmx__graph_layer *layer = &graph->layer[i];
        printf("  %-*s", width, layer->name);
        for (size_t k = 0; k < layer->in_count; ++k)
            printf("%s%s", k > 0 ? ", " : "", fmx__graph_value_name(graph, layer->in[k]));
        printf(" > %s", layer->op->group.name);
        size_t parameters = fmx__graph_layer_parameters(layer, false);
        for (++i; i < graph->layer_count && joins_line(graph, i); ++i)
            printf(" > %s", graph->layer[i].op->group.name);
        shape_text(shape, &graph->layer[i - 1].plan.out);
        printf("  = %s", shape);
        if (parameters > 0)
            printf("  [%zu]", parameters);
        putchar('\n');
    }
    printf("  %zu parameters, %zu of them trainable\n", fmx__graph_parameters(graph, false),
           fmx__graph_parameters(graph, true));
}

static void to_text(const char *path, const fmx__recipe *recipe, const fmx__graph *graph)
{
    printf("%s: recipe \"%s\"", path, recipe->head.name);
    for (size_t i = 0; i < recipe->part_count; ++i) {
        const fmx__recipe_part *part = &recipe->part[i];
        bool drawn = strcmp(part->section->name, "model") == 0;
        if (part->section->stage == NULL || part->count == 0 || drawn)
            continue;
        printf("; %s:", part->section->name);
        for (size_t k = 0; k < part->count; ++k)
            printf("%s %s", k > 0 ? "," : "", part->stage[k].group->name);
    }
    putchar('\n');
    if (graph->layer_count > 0)
        draw(graph);
}

static fmx_status build(fmx__info *info, const fmx__recipe *recipe, fmx__graph *graph)
{
    const fmx__axis *axis = NULL;
    if (fmx__recipe_find(recipe, "model")->count == 0)
        return FMX_OK;
    fmx_status status = fmx__recipe_axis(info->cli->ctx, recipe, &axis);
    if (status == FMX_OK)
        status = fmx__graph_create(info->cli->ctx, recipe, (size_t)axis->points, graph);
    return status;
}

static fmx_status describe(fmx__info *info, const char *path)
{
    fmx__recipe recipe = {0};
    fmx__graph graph = {0};
    fmx_status status = fmx__cli_recipe(info->cli, path, &recipe);
    if (status == FMX_OK)
        status = build(info, &recipe, &graph);
    if (status != FMX_OK) {
        status = fmx__info_failed(info, path, status);
    } else {
        if (info->array != NULL)
            status = to_json(info, path, &recipe, &graph);
        else
            to_text(path, &recipe, &graph);
        ++info->count;
    }
    fmx__graph_clear(&graph);
    fmx__recipe_clear(&recipe);
    return status;
}

const fmx__info_kind fmx__info_recipe = {is, describe};

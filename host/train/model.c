#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train_section.h"
#include "weight_file.h"

struct fmx__model {
    fmx_device *device;
    fmx_context *ctx;
    char *path;
    fmx__model_facts facts;
    fmx__recipe recipe;
    fmx__graph graph;
    fmx__weights weights;
    fmx__model_heads heads;
    fmx__op_step step;
    size_t batch;
    fmx__plan *plan;
};

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

/* The classes that the file names must be what the network's last layers give. */
static fmx_status check_classes(const fmx__model *model)
{
    const size_t heads[2] = {model->heads.presence, model->heads.proportion};
    for (int i = 0; i < 2; ++i) {
        size_t channels = fmx__shape_floats(fmx__graph_shape(&model->graph, heads[i]));
        if (channels != model->facts.classes)
            return fmx__fail(model->ctx, FMX_ERROR_FORMAT,
                             "%s: fidmix.classes names %zu compounds, but layer \"%s\" gives %zu "
                             "values",
                             model->path, model->facts.classes,
                             fmx__graph_value_name(&model->graph, heads[i]), channels);
    }
    return FMX_OK;
}

static fmx_status read_facts(fmx__model *model, fmx__safetensors *file)
{
    fmx_status status = fmx__model_facts_read(model->ctx, model->path, file, &model->facts);
    if (status != FMX_OK)
        return status;
    if (model->facts.recipe == NULL || model->facts.classes == 0 || model->facts.axis.points == 0)
        return fmx__fail(model->ctx, FMX_ERROR_FORMAT,
                         "%s: the file has no fidmix.recipe, fidmix.classes or fidmix.axis: it is "
                         "not a model that fidmix trained",
                         model->path);
    status =
        fmx__recipe_parse(model->ctx, model->path, model->facts.recipe, strlen(model->facts.recipe),
                          &fmx__recipe_schema_full, NULL, 0, &model->recipe);
    if (status == FMX_OK)
        status =
            fmx__graph_create(model->ctx, &model->recipe, model->facts.axis.points, &model->graph);
    if (status == FMX_OK)
        status = fmx__model_check_input(&model->graph, 1, model->facts.axis.points);
    if (status == FMX_OK)
        status = fmx__model_find_heads(&model->graph, &model->heads);
    return status == FMX_OK ? check_classes(model) : status;
}

static fmx_status make_plan(fmx__model *model, const size_t *keep, size_t keep_count, bool unfused,
                            fmx__plan **out)
{
    fmx__plan_request request = {
        .batch = model->batch,
        .step = &model->step,
        .keep = keep,
        .keep_count = keep_count,
        .unfused = unfused,
    };
    return fmx__plan_create(model->device, &model->graph, &model->weights, &request, out);
}

fmx_status fmx__model_open(fmx_device *device, const char *path, size_t batch, fmx__model **out)
{
    fmx_context *ctx = fmx__device_context(device);
    fmx__model *model = NULL;
    fmx__safetensors *file = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *model, "a model", &model);
    if (status != FMX_OK)
        return status;
    model->device = device;
    model->ctx = ctx;
    model->batch = batch;
    status = fmx__format(ctx, &model->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__safetensors_open(ctx, path, &file);
    if (status == FMX_OK)
        status = read_facts(model, file);
    if (status == FMX_OK)
        status = fmx__weights_create(device, &model->graph, false, &model->weights);
    if (status == FMX_OK)
        status = fmx__weight_file_read(ctx, file, &model->weights, NULL);
    if (status == FMX_OK) {
        const size_t keep[2] = {model->heads.presence, model->heads.proportion};
        status = make_plan(model, keep, 2, false, &model->plan);
    }
    fmx__safetensors_close(file);
    if (status == FMX_OK)
        *out = model;
    else
        fmx__model_close(model);
    return status;
}

void fmx__model_close(fmx__model *model)
{
    if (model == NULL)
        return;
    fmx__plan_destroy(model->plan);
    fmx__weights_clear(&model->weights);
    fmx__graph_clear(&model->graph);
    fmx__recipe_clear(&model->recipe);
    fmx__model_facts_clear(&model->facts);
    free(model->path);
    free(model);
}

const fmx__model_facts *fmx__model_describe(const fmx__model *model)
{
    return &model->facts;
}

const fmx__recipe *fmx__model_recipe(const fmx__model *model)
{
    return &model->recipe;
}

const fmx__graph *fmx__model_graph(const fmx__model *model)
{
    return &model->graph;
}

fmx_status fmx__model_fits(const fmx__model *model, const char *what, const char *nucleus,
                           const double *ppm, size_t points)
{
    fmx__model_axis axis = {.first_ppm = ppm[0], .last_ppm = ppm[points - 1], .points = points};
    strncpy(axis.nucleus, nucleus, sizeof axis.nucleus - 1);
    return fmx__model_check_axis(model->ctx, &model->facts, what, &axis);
}

static fmx_status check_finite(const fmx__model *model, const float *spectra, size_t count)
{
    size_t points = model->facts.axis.points;
    for (size_t i = 0; i < count * points; ++i) {
        if (!isfinite(spectra[i]))
            return fmx__fail(model->ctx, FMX_ERROR_FORMAT,
                             "spectrum %zu: point %zu is not a number; process it again",
                             i / points, i % points);
    }
    return FMX_OK;
}

/* One batch; rows past `count` are whatever the last batch left and are not read. */
static fmx_status run_batch(fmx__model *model, fmx__plan *plan, const float *spectra, size_t count)
{
    size_t points = model->facts.axis.points;
    fmx_buffer *input = fmx__plan_value(plan, 0);
    fmx_status status = FMX_OK;
    if (count < model->batch)
        status = fmx_buffer_zero(input, 0, model->batch * points * sizeof(float));
    if (status == FMX_OK)
        status = fmx_buffer_write(input, 0, spectra, count * points * sizeof(float));
    return status == FMX_OK ? fmx__plan_forward(plan) : status;
}

fmx_status fmx__model_predict(fmx__model *model, const float *spectra, size_t count,
                              float *presence, float *proportion)
{
    size_t points = model->facts.axis.points;
    size_t classes = model->facts.classes;
    fmx_status status = check_finite(model, spectra, count);
    for (size_t first = 0; status == FMX_OK && first < count; first += model->batch) {
        size_t rows = count - first < model->batch ? count - first : model->batch;
        size_t bytes = rows * classes * sizeof(float);
        status = run_batch(model, model->plan, spectra + first * points, rows);
        if (status == FMX_OK)
            status = fmx_buffer_read(fmx__plan_value(model->plan, model->heads.presence), 0,
                                     presence + first * classes, bytes);
        if (status == FMX_OK)
            status = fmx_buffer_read(fmx__plan_value(model->plan, model->heads.proportion), 0,
                                     proportion + first * classes, bytes);
        if (status == FMX_OK)
            status = fmx__check_interrupt(model->ctx);
    }
    return status;
}

fmx_status fmx__model_answer(fmx__model *model, const float *spectrum, size_t layer, float **out)
{
    size_t value = model->graph.input_count + layer;
    fmx__plan *plan = NULL;
    *out = NULL;
    if (layer >= model->graph.layer_count)
        return fmx__fail(model->ctx, FMX_ERROR_ARGUMENT,
                         "the model has %zu layers, not a number %zu", model->graph.layer_count,
                         layer);
    size_t floats = fmx__shape_floats(fmx__graph_shape(&model->graph, value));
    fmx_status status = check_finite(model, spectrum, 1);
    if (status == FMX_OK)
        status = make_plan(model, &value, 1, true, &plan);
    if (status == FMX_OK)
        status = run_batch(model, plan, spectrum, 1);
    if (status == FMX_OK)
        status = fmx__alloc(model->ctx, floats, sizeof **out, "a layer's answer", out);
    if (status == FMX_OK)
        status = fmx_buffer_read(fmx__plan_value(plan, value), 0, *out, floats * sizeof **out);
    if (status != FMX_OK) {
        free(*out);
        *out = NULL;
    }
    fmx__plan_destroy(plan);
    return status;
}

#include "model_network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fmx__model {
    fmx__model_network net;
    char *path;
    size_t batch;
    fmx__plan *plan;
};

/* The classes that the file names must be what the network's last layers give. */
static fmx_status check_classes(const fmx__model *model)
{
    const size_t heads[2] = {model->net.heads.presence, model->net.heads.proportion};
    for (int i = 0; i < 2; ++i) {
        size_t channels = fmx__shape_floats(fmx__graph_shape(&model->net.graph, heads[i]));
        if (channels != model->net.facts.classes)
            return fmx__fail(model->net.ctx, FMX_ERROR_FORMAT,
                             "%s: fidmix.classes names %zu compounds, but layer \"%s\" gives %zu "
                             "values",
                             model->path, model->net.facts.classes,
                             fmx__graph_value_name(&model->net.graph, heads[i]), channels);
    }
    return FMX_OK;
}

/* Facts and network of the file, as a classifier has them. */
static fmx_status read_network(fmx__model *model, fmx__safetensors *file)
{
    const fmx__model_facts *facts = &model->net.facts;
    if (facts->recipe == NULL || facts->classes == 0 || facts->axis.points == 0)
        return fmx__fail(model->net.ctx, FMX_ERROR_FORMAT,
                         "%s: the file has no fidmix.recipe, fidmix.classes or fidmix.axis: it is "
                         "not a model that fidmix trained",
                         model->path);
    fmx_status status = fmx__model_network_build(&model->net, 1, facts->axis.points);
    if (status == FMX_OK)
        status = check_classes(model);
    return status == FMX_OK ? fmx__model_network_read(&model->net, file) : status;
}

static fmx_status make_plan(fmx__model *model, const size_t *keep, size_t keep_count, bool unfused,
                            fmx__plan **out)
{
    fmx__plan_request request = {
        .batch = model->batch,
        .step = &model->net.step,
        .keep = keep,
        .keep_count = keep_count,
        .unfused = unfused,
    };
    return fmx__plan_create(model->net.device, &model->net.graph, &model->net.weights, &request,
                            out);
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
    model->batch = batch;
    status = fmx__format(ctx, &model->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__model_network_open(device, path, &file, &model->net);
    if (status == FMX_OK)
        status = read_network(model, file);
    if (status == FMX_OK) {
        const size_t keep[2] = {model->net.heads.presence, model->net.heads.proportion};
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
    fmx__model_network_clear(&model->net);
    free(model->path);
    free(model);
}

const fmx__model_facts *fmx__model_describe(const fmx__model *model)
{
    return &model->net.facts;
}

const fmx__recipe *fmx__model_recipe(const fmx__model *model)
{
    return &model->net.recipe;
}

fmx_status fmx__model_set(fmx__model *model, const char *assignment)
{
    return fmx__model_network_set(&model->net, assignment);
}

const fmx__graph *fmx__model_graph(const fmx__model *model)
{
    return &model->net.graph;
}

fmx_status fmx__model_fits(const fmx__model *model, const char *what, const char *nucleus,
                           const double *ppm, size_t points)
{
    fmx__model_axis axis = {.first_ppm = ppm[0], .last_ppm = ppm[points - 1], .points = points};
    strncpy(axis.nucleus, nucleus, sizeof axis.nucleus - 1);
    return fmx__model_check_axis(model->net.ctx, &model->net.facts, what, &axis);
}

static fmx_status check_finite(const fmx__model *model, const float *spectra, size_t count)
{
    size_t points = model->net.facts.axis.points;
    for (size_t i = 0; i < count * points; ++i) {
        if (!isfinite(spectra[i]))
            return fmx__fail(model->net.ctx, FMX_ERROR_FORMAT,
                             "spectrum %zu: point %zu is not a number; process it again",
                             i / points, i % points);
    }
    return FMX_OK;
}

/* One batch; rows past `count` are whatever the last batch left and are not read. */
static fmx_status run_batch(fmx__model *model, fmx__plan *plan, const float *spectra, size_t count)
{
    size_t points = model->net.facts.axis.points;
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
    size_t points = model->net.facts.axis.points;
    size_t classes = model->net.facts.classes;
    fmx_status status = check_finite(model, spectra, count);
    for (size_t first = 0; status == FMX_OK && first < count; first += model->batch) {
        size_t rows = count - first < model->batch ? count - first : model->batch;
        size_t bytes = rows * classes * sizeof(float);
        status = run_batch(model, model->plan, spectra + first * points, rows);
        if (status == FMX_OK)
            status = fmx_buffer_read(fmx__plan_value(model->plan, model->net.heads.presence), 0,
                                     presence + first * classes, bytes);
        if (status == FMX_OK)
            status = fmx_buffer_read(fmx__plan_value(model->plan, model->net.heads.proportion), 0,
                                     proportion + first * classes, bytes);
        if (status == FMX_OK)
            status = fmx__check_interrupt(model->net.ctx);
    }
    return status;
}

fmx_status fmx__model_answer(fmx__model *model, const float *spectrum, size_t layer, float **out)
{
    size_t value = model->net.graph.input_count + layer;
    fmx__plan *plan = NULL;
    *out = NULL;
    if (layer >= model->net.graph.layer_count)
        return fmx__fail(model->net.ctx, FMX_ERROR_ARGUMENT,
                         "the model has %zu layers, not a number %zu", model->net.graph.layer_count,
                         layer);
    size_t floats = fmx__shape_floats(fmx__graph_shape(&model->net.graph, value));
    fmx_status status = check_finite(model, spectrum, 1);
    if (status == FMX_OK)
        status = make_plan(model, &value, 1, true, &plan);
    if (status == FMX_OK)
        status = run_batch(model, plan, spectrum, 1);
    if (status == FMX_OK)
        status = fmx__alloc(model->net.ctx, floats, sizeof **out, "a layer's answer", out);
    if (status == FMX_OK)
        status = fmx_buffer_read(fmx__plan_value(plan, value), 0, *out, floats * sizeof **out);
    if (status != FMX_OK) {
        free(*out);
        *out = NULL;
    }
    fmx__plan_destroy(plan);
    return status;
}

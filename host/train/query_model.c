#include "query_model.h"

#include <stdlib.h>

#include "model_network.h"
#include "train_section.h"

enum { BATCH = 64 };

struct fmx__query_model {
    fmx__model_network net;
    size_t logit; /* value of the graph: what the sigmoid takes */
    fmx__plan *plan;
};

static bool asks(const fmx__model_facts *facts, const fmx__recipe *recipe)
{
    if (facts->recipe == NULL)
        return false;
    const fmx__train *train = fmx__recipe_find(recipe, "train")->options;
    return train->source == FMX__TRAIN_QUERIES;
}

bool fmx__model_asks(fmx_context *ctx, const char *path)
{
    fmx__safetensors *file = NULL;
    fmx__model_facts facts = fmx__model_facts_none;
    fmx__recipe recipe = {0};
    fmx_status status = fmx__safetensors_open(ctx, path, &file);
    if (status == FMX_OK)
        status = fmx__model_read_recipe(ctx, path, file, &facts, &recipe);
    bool queries = status == FMX_OK && asks(&facts, &recipe);
    fmx__recipe_clear(&recipe);
    fmx__model_facts_clear(&facts);
    fmx__safetensors_close(file);
    if (status != FMX_OK)
        fmx_context_clear(ctx); /* whoever opens the model says why */
    return queries;
}

static fmx_status open_network(fmx__query_model *m, const char *path)
{
    fmx_status status = fmx__model_network_build(&m->net, FMX__QUERY_CHANNELS, FMX__QUERY_WINDOW);
    if (status != FMX_OK)
        return status;
    const fmx__graph_layer *head = fmx__graph_maker(&m->net.graph, m->net.heads.presence);
    if (!m->net.heads.has_presence ||
        fmx__shape_floats(fmx__graph_shape(&m->net.graph, m->net.heads.presence)) != 1)
        return fmx__fail(m->net.ctx, FMX_ERROR_FORMAT,
                         "%s: a query model ends in a sigmoid of one value, this one in \"%s\"",
                         path, head->name);
    m->logit = head->in[0];
    return FMX_OK;
}

fmx_status fmx__query_model_open(fmx_device *device, const char *path, fmx__query_model **out)
{
    fmx_context *ctx = fmx__device_context(device);
    fmx__query_model *m = NULL;
    fmx__safetensors *file = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *m, "a model", &m);
    if (status != FMX_OK)
        return status;
    status = fmx__model_network_open(device, path, &file, &m->net);
    if (status == FMX_OK && !asks(&m->net.facts, &m->net.recipe))
        status =
            fmx__fail(ctx, FMX_ERROR_FORMAT,
                      "%s: no query model: its recipe does not say train.source: queries", path);
    if (status == FMX_OK)
        status = open_network(m, path);
    if (status == FMX_OK)
        status = fmx__model_network_read(&m->net, file);
    if (status == FMX_OK) {
        const fmx__plan_request request = {
            .batch = BATCH, .step = &m->net.step, .keep = &m->logit, .keep_count = 1};
        status = fmx__plan_create(device, &m->net.graph, &m->net.weights, &request, &m->plan);
    }
    fmx__safetensors_close(file);
    if (status == FMX_OK)
        *out = m;
    else
        fmx__query_model_close(m);
    return status;
}

void fmx__query_model_close(fmx__query_model *m)
{
    if (m == NULL)
        return;
    fmx__plan_destroy(m->plan);
    fmx__model_network_clear(&m->net);
    free(m);
}

const fmx__recipe *fmx__query_model_recipe(const fmx__query_model *m)
{
    return &m->net.recipe;
}

fmx_status fmx__query_model_set(fmx__query_model *m, const char *assignment)
{
    return fmx__model_network_set(&m->net, assignment);
}

const fmx__model_facts *fmx__query_model_describe(const fmx__query_model *m)
{
    return &m->net.facts;
}

fmx_status fmx__query_model_ask(fmx__query_model *m, fmx_buffer *windows, size_t queries,
                                float *logit)
{
    size_t bytes = (size_t)FMX__QUERY_CHANNELS * FMX__QUERY_WINDOW * sizeof(float);
    fmx_buffer *input = fmx__plan_value(m->plan, 0);
    fmx_status status = FMX_OK;
    for (size_t first = 0; status == FMX_OK && first < queries; first += BATCH) {
        size_t count = queries - first < BATCH ? queries - first : BATCH;
        if (count < BATCH)
            status = fmx_buffer_zero(input, 0, BATCH * bytes);
        if (status == FMX_OK)
            status = fmx_buffer_copy(input, 0, windows, first * bytes, count * bytes);
        if (status == FMX_OK)
            status = fmx__plan_forward(m->plan);
        if (status == FMX_OK)
            status = fmx_buffer_read(fmx__plan_value(m->plan, m->logit), 0, logit + first,
                                     count * sizeof *logit);
    }
    return status;
}

#include "query_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train_section.h"
#include "weight_file.h"

enum { BATCH = 64 };

struct fmx__query_model {
    fmx_device *device;
    fmx_context *ctx;
    fmx__model_facts facts;
    fmx__recipe recipe;
    fmx__graph graph;
    fmx__weights weights;
    fmx__model_heads heads;
    fmx__op_step step;
    size_t logit; /* value of the graph: what the sigmoid takes */
    fmx__plan *plan;
};

/* The facts of the file, and the recipe they hold. */
static fmx_status read_recipe(fmx_context *ctx, const char *path, const fmx__safetensors *file,
                              fmx__model_facts *facts, fmx__recipe *recipe, bool *asks)
{
    *asks = false;
    fmx_status status = fmx__model_facts_read(ctx, path, file, facts);
    if (status == FMX_OK && facts->recipe != NULL)
        status = fmx__recipe_parse(ctx, path, facts->recipe, strlen(facts->recipe),
                                   &fmx__recipe_schema_full, NULL, 0, recipe);
    if (status == FMX_OK && facts->recipe != NULL) {
        const fmx__train *train = fmx__recipe_find(recipe, "train")->options;
        *asks = train->source == FMX__TRAIN_QUERIES;
    }
    return status;
}

bool fmx__model_asks(fmx_context *ctx, const char *path)
{
    fmx__safetensors *file = NULL;
    fmx__model_facts facts = fmx__model_facts_none;
    fmx__recipe recipe = {0};
    bool asks = false;
    fmx_status status = fmx__safetensors_open(ctx, path, &file);
    if (status == FMX_OK)
        status = read_recipe(ctx, path, file, &facts, &recipe, &asks);
    fmx__recipe_clear(&recipe);
    fmx__model_facts_clear(&facts);
    fmx__safetensors_close(file);
    if (status != FMX_OK)
        fmx_context_clear(ctx); /* whoever opens the model says why */
    return status == FMX_OK && asks;
}

static fmx_status open_network(fmx__query_model *m, const char *path)
{
    fmx_status status = fmx__graph_create(m->ctx, &m->recipe, FMX__QUERY_WINDOW, &m->graph);
    if (status == FMX_OK)
        status = fmx__model_check_input(&m->graph, FMX__QUERY_CHANNELS, FMX__QUERY_WINDOW);
    if (status == FMX_OK)
        status = fmx__model_find_heads(&m->graph, &m->heads);
    if (status != FMX_OK)
        return status;
    const fmx__graph_layer *head = fmx__graph_maker(&m->graph, m->heads.presence);
    if (!m->heads.has_presence ||
        fmx__shape_floats(fmx__graph_shape(&m->graph, m->heads.presence)) != 1)
        return fmx__fail(m->ctx, FMX_ERROR_FORMAT,
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
    bool asks = false;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *m, "a model", &m);
    if (status != FMX_OK)
        return status;
    m->device = device;
    m->ctx = ctx;
    m->facts = fmx__model_facts_none;
    status = fmx__safetensors_open(ctx, path, &file);
    if (status == FMX_OK)
        status = read_recipe(ctx, path, file, &m->facts, &m->recipe, &asks);
    if (status == FMX_OK && !asks)
        status =
            fmx__fail(ctx, FMX_ERROR_FORMAT,
                      "%s: no query model: its recipe does not say train.source: queries", path);
    if (status == FMX_OK)
        status = open_network(m, path);
    if (status == FMX_OK)
        status = fmx__weights_create(device, &m->graph, false, &m->weights);
    if (status == FMX_OK)
        status = fmx__weight_file_read(ctx, file, &m->weights, NULL);
    if (status == FMX_OK) {
        const fmx__plan_request request = {
            .batch = BATCH, .step = &m->step, .keep = &m->logit, .keep_count = 1};
        status = fmx__plan_create(device, &m->graph, &m->weights, &request, &m->plan);
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
    fmx__weights_clear(&m->weights);
    fmx__graph_clear(&m->graph);
    fmx__recipe_clear(&m->recipe);
    fmx__model_facts_clear(&m->facts);
    free(m);
}

const fmx__recipe *fmx__query_model_recipe(const fmx__query_model *m)
{
    return &m->recipe;
}

const fmx__model_facts *fmx__query_model_describe(const fmx__query_model *m)
{
    return &m->facts;
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

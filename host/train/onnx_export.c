#include "onnx_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "model_file.h"
#include "onnx_layers.h"
#include "train_section.h"

/* Opset 17 has every operator in use; IR 8 is the one that came with it. */
enum { OPSET = 17, IR = 8, LARGEST = 0x7fffffff };

typedef struct export
{
    fmx_context *ctx;
    const char *path;
    fmx__safetensors *file;
    fmx__model_facts facts;
    fmx__recipe recipe;
    fmx__graph graph;
    fmx__onnx onnx;
    const char **name; /* of each value of the graph */
}
export;

static fmx_status open_model(export *e)
{
    fmx_status status = fmx__safetensors_open(e->ctx, e->path, &e->file);
    if (status == FMX_OK)
        status = fmx__model_facts_read(e->ctx, e->path, e->file, &e->facts);
    if (status == FMX_OK && e->facts.recipe == NULL)
        status = fmx__fail(
            e->ctx, FMX_ERROR_FORMAT,
            "%s: the file has no fidmix.recipe: it is not a model that fidmix trained", e->path);
    if (status == FMX_OK)
        status = fmx__recipe_parse(e->ctx, e->path, e->facts.recipe, strlen(e->facts.recipe),
                                   &fmx__recipe_schema_full, NULL, 0, &e->recipe);
    if (status == FMX_OK)
        status = fmx__graph_create(e->ctx, &e->recipe, e->facts.axis.points, &e->graph);
    return status;
}

/* The tensors of a layer, read from the file; they live as long as the ONNX graph. */
static fmx_status read_weights(export *e, const fmx__graph_layer *layer, const float **weight)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < layer->plan.weight_count; ++i) {
        const fmx__op_weight *spec = &layer->plan.weight[i];
        const fmx__tensor_entry *entry = NULL;
        size_t count = fmx__op_weight_count(spec);
        const char *name = fmx__onnx_text(&e->onnx, "%s.%s", layer->name, spec->name);
        float *data = fmx__onnx_keep(&e->onnx, count, sizeof *data);
        status = e->onnx.status;
        if (status == FMX_OK)
            status = fmx__safetensors_expect(e->file, name, spec->rank, spec->dim, &entry);
        if (status == FMX_OK)
            status = fmx__safetensors_read(e->file, entry, 0, count, data);
        weight[i] = data;
    }
    return status;
}

static fmx_status add_layers(export *e)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < e->graph.layer_count; ++i) {
        const fmx__graph_layer *layer = &e->graph.layer[i];
        const float *weight[FMX__OP_WEIGHTS] = {NULL};
        fmx__onnx_layer site = {
            .o = &e->onnx,
            .graph = &e->graph,
            .layer = layer,
            .out = layer->name,
            .weight = weight,
        };
        for (size_t k = 0; k < layer->in_count; ++k)
            site.in[k] = e->name[layer->in[k]];
        e->name[e->graph.input_count + i] = layer->name;
        status = read_weights(e, layer, weight);
        if (status == FMX_OK)
            status = fmx__onnx_add_layer(&site);
    }
    return status;
}

/* Inputs of the graph, and what nobody reads as outputs. */
static fmx_status add_ends(export *e)
{
    fmx__onnx *o = &e->onnx;
    size_t values = e->graph.input_count + e->graph.layer_count;
    Onnx__ValueInfoProto **in = fmx__onnx_keep(o, e->graph.input_count, sizeof *in);
    Onnx__ValueInfoProto **out = fmx__onnx_keep(o, e->graph.layer_count, sizeof *out);
    for (size_t i = 0; i < values && o->status == FMX_OK; ++i) {
        const fmx__shape *shape = fmx__graph_shape(&e->graph, i);
        if (i < e->graph.input_count)
            in[o->graph.n_input++] =
                fmx__onnx_value(o, e->name[i], shape->channels, shape->positions);
        else if (e->graph.layer[i - e->graph.input_count].readers == 0)
            out[o->graph.n_output++] =
                fmx__onnx_value(o, e->name[i], shape->channels, shape->positions);
    }
    o->graph.input = in;
    o->graph.output = out;
    return o->status;
}

static char *borrowed(const char *text) /* protobuf-c only reads it */
{
    return (char *)(uintptr_t)text;
}

/* Class names and axis, so that the file says what goes in and what comes out. */
static Onnx__StringStringEntryProto *note(fmx__onnx *o, const char *key, const char *value)
{
    Onnx__StringStringEntryProto *entry = fmx__onnx_keep(o, 1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    onnx__string_string_entry_proto__init(entry);
    entry->key = borrowed(key);
    entry->value = borrowed(value);
    return entry;
}

static fmx_status pack(export *e, const char *out, bool overwrite, fmx__onnx_result *result)
{
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    Onnx__OperatorSetIdProto *opsets[] = {&opset};
    Onnx__StringStringEntryProto *notes[] = {
        note(&e->onnx, "fidmix.recipe", e->facts.recipe),
        note(&e->onnx, "fidmix.classes", fmx__safetensors_text(e->file, "fidmix.classes")),
        note(&e->onnx, "fidmix.axis", fmx__safetensors_text(e->file, "fidmix.axis")),
    };
    uint8_t *bytes = NULL;
    if (e->onnx.status != FMX_OK)
        return e->onnx.status;
    opset.domain = borrowed("");
    opset.has_version = 1;
    opset.version = OPSET;
    model.has_ir_version = 1;
    model.ir_version = IR;
    model.producer_name = borrowed("fidmix");
    model.producer_version = borrowed(FMX_VERSION);
    model.graph = &e->onnx.graph;
    model.opset_import = opsets;
    model.n_opset_import = 1;
    model.metadata_props = notes;
    for (size_t i = 0; i < FMX__COUNT(notes); ++i) {
        if (notes[i]->value != NULL)
            notes[model.n_metadata_props++] = notes[i];
    }
    e->onnx.graph.name = borrowed("fidmix");
    result->nodes = e->onnx.graph.n_node;
    result->bytes = onnx__model_proto__get_packed_size(&model);
    if (result->bytes > LARGEST)
        return fmx__fail(e->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: %zu bytes; one file of ONNX holds less than 2 GiB", e->path,
                         result->bytes);
    fmx_status status = fmx__alloc(e->ctx, result->bytes, 1, "an ONNX file", &bytes);
    if (status == FMX_OK) {
        onnx__model_proto__pack(&model, bytes);
        status = fmx__atomic_write(e->ctx, out, overwrite, bytes, result->bytes);
    }
    free(bytes);
    return status;
}

fmx_status fmx__onnx_export(fmx_context *ctx, const char *model, const char *out, bool overwrite,
                            fmx__onnx_result *result)
{
    export e = {.ctx = ctx, .path = model};
    fmx__onnx_begin(ctx, &e.onnx);
    fmx_status status = open_model(&e);
    size_t values = e.graph.input_count + e.graph.layer_count;
    if (status == FMX_OK) {
        e.name = fmx__onnx_keep(&e.onnx, values, sizeof *e.name);
        status = e.onnx.status;
    }
    for (size_t i = 0; status == FMX_OK && i < e.graph.input_count; ++i)
        e.name[i] = fmx__graph_value_name(&e.graph, i);
    if (status == FMX_OK)
        status = add_layers(&e);
    if (status == FMX_OK)
        status = add_ends(&e);
    if (status == FMX_OK)
        status = pack(&e, out, overwrite, result);
    fmx__onnx_clear(&e.onnx);
    fmx__graph_clear(&e.graph);
    fmx__recipe_clear(&e.recipe);
    fmx__model_facts_clear(&e.facts);
    fmx__safetensors_close(e.file);
    return status;
}

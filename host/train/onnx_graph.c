#include "onnx_graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TYPE_FLOAT = 1,
    TYPE_INT = 2,
    TYPE_STRING = 3,
    TYPE_INTS = 7,
    DATA_FLOAT = 1,
    DATA_INT64 = 7
};

void fmx__onnx_begin(fmx_context *ctx, fmx__onnx *out)
{
    *out = (fmx__onnx){.ctx = ctx, .graph = ONNX__GRAPH_PROTO__INIT};
}

void fmx__onnx_clear(fmx__onnx *o)
{
    for (size_t i = 0; i < o->owned_count; ++i)
        free(o->owned[i]);
    free(o->owned);
    free(o->graph.node);
    free(o->graph.initializer);
    *o = (fmx__onnx){0};
}

static bool keep(fmx__onnx *o, void *memory)
{
    if (o->status == FMX_OK)
        o->status = fmx__grow(o->ctx, &o->owned, &o->owned_capacity, o->owned_count + 1,
                              sizeof *o->owned, "an ONNX graph");
    if (o->status != FMX_OK) {
        free(memory);
        return false;
    }
    o->owned[o->owned_count++] = memory;
    return true;
}

void *fmx__onnx_keep(fmx__onnx *o, size_t count, size_t size)
{
    void *memory = NULL;
    if (o->status == FMX_OK)
        o->status = fmx__alloc(o->ctx, count > 0 ? count : 1, size, "an ONNX graph", &memory);
    return o->status == FMX_OK && keep(o, memory) ? memory : NULL;
}

const char *fmx__onnx_text(fmx__onnx *o, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : fmx__onnx_keep(o, (size_t)length + 1, 1);
    if (text == NULL)
        return "";
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

/* protobuf-c's structs hold texts as char *, and only read them. */
static char *copy(fmx__onnx *o, const char *text)
{
    char *kept = fmx__onnx_keep(o, strlen(text) + 1, 1);
    if (kept != NULL)
        memcpy(kept, text, strlen(text) + 1);
    return kept;
}

Onnx__NodeProto *fmx__onnx_node(fmx__onnx *o, const char *op, const char *const *in, size_t count,
                                const char *out)
{
    Onnx__NodeProto *node = fmx__onnx_keep(o, 1, sizeof *node);
    char **inputs = fmx__onnx_keep(o, count, sizeof *inputs);
    char **outputs = fmx__onnx_keep(o, 2, sizeof *outputs);
    if (o->status == FMX_OK)
        o->status = fmx__grow(o->ctx, &o->graph.node, &o->node_capacity, o->graph.n_node + 1,
                              sizeof *o->graph.node, "an ONNX graph");
    if (o->status != FMX_OK)
        return NULL;
    onnx__node_proto__init(node);
    for (size_t i = 0; i < count; ++i)
        inputs[i] = copy(o, in[i] != NULL ? in[i] : "");
    outputs[0] = copy(o, out);
    node->input = inputs;
    node->n_input = count;
    node->output = outputs;
    node->n_output = 1;
    node->op_type = copy(o, op);
    node->name = copy(o, out);
    if (o->status != FMX_OK)
        return NULL;
    o->graph.node[o->graph.n_node++] = node;
    return node;
}

void fmx__onnx_second(fmx__onnx *o, Onnx__NodeProto *node, const char *name)
{
    if (node == NULL || o->status != FMX_OK)
        return;
    node->output[1] = copy(o, name);
    node->n_output = 2;
}

static Onnx__AttributeProto *attribute(fmx__onnx *o, Onnx__NodeProto *node, const char *name,
                                       int type)
{
    if (node == NULL || o->status != FMX_OK)
        return NULL;
    Onnx__AttributeProto **list = fmx__onnx_keep(o, node->n_attribute + 1, sizeof *list);
    Onnx__AttributeProto *added = fmx__onnx_keep(o, 1, sizeof *added);
    if (o->status != FMX_OK)
        return NULL;
    onnx__attribute_proto__init(added);
    added->name = copy(o, name);
    added->has_type = 1;
    added->type = type;
    for (size_t i = 0; i < node->n_attribute; ++i)
        list[i] = node->attribute[i];
    list[node->n_attribute] = added;
    node->attribute = list;
    ++node->n_attribute;
    return added;
}

void fmx__onnx_int(fmx__onnx *o, Onnx__NodeProto *node, const char *name, int64_t value)
{
    Onnx__AttributeProto *a = attribute(o, node, name, TYPE_INT);
    if (a != NULL) {
        a->has_i = 1;
        a->i = value;
    }
}

void fmx__onnx_float(fmx__onnx *o, Onnx__NodeProto *node, const char *name, double value)
{
    Onnx__AttributeProto *a = attribute(o, node, name, TYPE_FLOAT);
    if (a != NULL) {
        a->has_f = 1;
        a->f = (float)value;
    }
}

void fmx__onnx_string(fmx__onnx *o, Onnx__NodeProto *node, const char *name, const char *value)
{
    Onnx__AttributeProto *a = attribute(o, node, name, TYPE_STRING);
    char *text = a != NULL ? copy(o, value) : NULL;
    if (text != NULL) {
        a->has_s = 1;
        a->s = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
    }
}

void fmx__onnx_list(fmx__onnx *o, Onnx__NodeProto *node, const char *name, const int64_t *value,
                    size_t count)
{
    Onnx__AttributeProto *a = attribute(o, node, name, TYPE_INTS);
    int64_t *kept = a != NULL ? fmx__onnx_keep(o, count, sizeof *kept) : NULL;
    if (kept != NULL) {
        memcpy(kept, value, count * sizeof *kept);
        a->ints = kept;
        a->n_ints = count;
    }
}

static const char *constant(fmx__onnx *o, const char *name, int type, size_t rank,
                            const int64_t *dim, const void *data, size_t bytes)
{
    Onnx__TensorProto *tensor = fmx__onnx_keep(o, 1, sizeof *tensor);
    int64_t *dims = fmx__onnx_keep(o, rank, sizeof *dims);
    const char *named = name != NULL ? name : fmx__onnx_text(o, "constant_%zu", ++o->constants);
    if (o->status == FMX_OK)
        o->status =
            fmx__grow(o->ctx, &o->graph.initializer, &o->tensor_capacity,
                      o->graph.n_initializer + 1, sizeof *o->graph.initializer, "an ONNX graph");
    if (o->status != FMX_OK)
        return "";
    onnx__tensor_proto__init(tensor);
    if (rank > 0)
        memcpy(dims, dim, rank * sizeof *dims);
    tensor->dims = dims;
    tensor->n_dims = rank;
    tensor->has_data_type = 1;
    tensor->data_type = type;
    tensor->name = copy(o, named);
    tensor->has_raw_data = 1;
    tensor->raw_data = (ProtobufCBinaryData){bytes, (uint8_t *)(uintptr_t)data};
    o->graph.initializer[o->graph.n_initializer++] = tensor;
    return named;
}

const char *fmx__onnx_floats(fmx__onnx *o, const char *name, size_t rank, const size_t *dim,
                             const float *data)
{
    int64_t dims[8] = {0};
    size_t values = 1;
    for (size_t i = 0; i < rank; ++i) {
        dims[i] = (int64_t)dim[i];
        values *= dim[i];
    }
    return constant(o, name, DATA_FLOAT, rank, dims, data, values * sizeof *data);
}

const char *fmx__onnx_scalar(fmx__onnx *o, double value)
{
    float *kept = fmx__onnx_keep(o, 1, sizeof *kept);
    if (kept == NULL)
        return "";
    *kept = (float)value;
    return fmx__onnx_floats(o, NULL, 0, NULL, kept);
}

const char *fmx__onnx_ints(fmx__onnx *o, const int64_t *value, size_t count)
{
    int64_t *kept = fmx__onnx_keep(o, count, sizeof *kept);
    int64_t dim = (int64_t)count;
    if (kept == NULL)
        return "";
    memcpy(kept, value, count * sizeof *kept);
    return constant(o, NULL, DATA_INT64, 1, &dim, kept, count * sizeof *kept);
}

Onnx__ValueInfoProto *fmx__onnx_value(fmx__onnx *o, const char *name, size_t channels,
                                      size_t positions)
{
    Onnx__ValueInfoProto *value = fmx__onnx_keep(o, 1, sizeof *value);
    Onnx__TypeProto *type = fmx__onnx_keep(o, 1, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = fmx__onnx_keep(o, 1, sizeof *tensor);
    Onnx__TensorShapeProto *shape = fmx__onnx_keep(o, 1, sizeof *shape);
    Onnx__TensorShapeProto__Dimension **dims = fmx__onnx_keep(o, 3, sizeof *dims);
    const size_t sizes[3] = {0, channels, positions};
    for (size_t i = 0; i < 3 && o->status == FMX_OK; ++i) {
        Onnx__TensorShapeProto__Dimension *d = fmx__onnx_keep(o, 1, sizeof *d);
        if (d == NULL)
            return NULL;
        onnx__tensor_shape_proto__dimension__init(d);
        if (i == 0) {
            d->dim_param = copy(o, "batch");
        } else {
            d->has_dim_value = 1;
            d->dim_value = (int64_t)sizes[i];
        }
        dims[i] = d;
    }
    if (o->status != FMX_OK)
        return NULL;
    onnx__value_info_proto__init(value);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    shape->dim = dims;
    shape->n_dim = 3;
    tensor->has_elem_type = 1;
    tensor->elem_type = DATA_FLOAT;
    tensor->shape = shape;
    type->tensor_type = tensor;
    value->type = type;
    value->name = copy(o, name);
    return value;
}

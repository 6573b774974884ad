/* An ONNX graph under construction: nodes, constants, inputs and outputs, packed by protobuf-c.
 *
 * The first failure is kept in `status` and ends the construction: later calls do nothing and
 * return names that exist, so that callers need not look at every step. Texts and arrays are
 * copied; the data of fmx__onnx_floats are borrowed until the model is packed. */
#ifndef FIDMIX_ONNX_GRAPH_H
#define FIDMIX_ONNX_GRAPH_H

#include "base.h"
#include "onnx.pb-c.h"

typedef struct fmx__onnx {
    fmx_context *ctx;
    fmx_status status;
    void **owned; /* everything below lives here */
    size_t owned_count;
    size_t owned_capacity;
    size_t node_capacity;
    size_t tensor_capacity;
    Onnx__GraphProto graph;
    size_t constants; /* numbers the names */
} fmx__onnx;

void fmx__onnx_begin(fmx_context *ctx, fmx__onnx *out);
void fmx__onnx_clear(fmx__onnx *o);

/* A formatted text that lives as long as the graph. */
const char *fmx__onnx_text(fmx__onnx *o, const char *format, ...) FMX__PRINTF(2, 3);

/* Appends a node with one output; an input of NULL is an optional one left out. NULL after a
 * failure. */
Onnx__NodeProto *fmx__onnx_node(fmx__onnx *o, const char *op, const char *const *in, size_t count,
                                const char *out);

/* A second output. */
void fmx__onnx_second(fmx__onnx *o, Onnx__NodeProto *node, const char *name);

void fmx__onnx_int(fmx__onnx *o, Onnx__NodeProto *node, const char *name, int64_t value);
void fmx__onnx_float(fmx__onnx *o, Onnx__NodeProto *node, const char *name, double value);
void fmx__onnx_string(fmx__onnx *o, Onnx__NodeProto *node, const char *name, const char *value);
void fmx__onnx_list(fmx__onnx *o, Onnx__NodeProto *node, const char *name, const int64_t *value,
                    size_t count);

/* Constants; the name that nodes take them by. name NULL: one is made. */
const char *fmx__onnx_floats(fmx__onnx *o, const char *name, size_t rank, const size_t *dim,
                             const float *data);
const char *fmx__onnx_scalar(fmx__onnx *o, double value);
const char *fmx__onnx_ints(fmx__onnx *o, const int64_t *value, size_t count);

/* Memory that lives as long as the graph; NULL after a failure. */
void *fmx__onnx_keep(fmx__onnx *o, size_t count, size_t size);

/* One float input or output [batch][channels][positions]. */
Onnx__ValueInfoProto *fmx__onnx_value(fmx__onnx *o, const char *name, size_t channels,
                                      size_t positions);

#endif

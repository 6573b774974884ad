/* Layers of a graph as nodes of ONNX. */
#ifndef FIDMIX_ONNX_LAYERS_H
#define FIDMIX_ONNX_LAYERS_H

#include "graph.h"
#include "onnx_graph.h"

/* A layer, and where its values and weights are. */
typedef struct fmx__onnx_layer {
    fmx__onnx *o;
    const fmx__graph *graph;
    const fmx__graph_layer *layer;
    const char *in[FMX__OP_INPUTS]; /* names of its inputs in the ONNX graph */
    const char *out;
    const float *const *weight; /* [plan.weight_count], in the op's order */
} fmx__onnx_layer;

/* Appends the nodes of a layer: for evaluation, so that dropout does nothing and batch_norm takes
 * its running values. Errors: FMX_ERROR_UNSUPPORTED naming the layer and op that ONNX has nothing
 * for. */
fmx_status fmx__onnx_add_layer(const fmx__onnx_layer *layer);

/* Options of a layer, by their keys in recipes. */
int64_t fmx__onnx_whole(const fmx__onnx_layer *layer, const char *key); /* integer, bool, choice */
double fmx__onnx_number(const fmx__onnx_layer *layer, const char *key);

/* Shorthands: a node with one or two inputs and a name of its own; its output's name. */
const char *fmx__onnx_apply(fmx__onnx *o, const char *op, const char *a, const char *b);
const char *fmx__onnx_transpose(fmx__onnx *o, const char *from, const int64_t *order, size_t rank,
                                const char *out);
const char *fmx__onnx_reshape(fmx__onnx *o, const char *from, const int64_t *shape, size_t rank,
                              const char *out);

#endif

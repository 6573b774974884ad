/* What the translations of layers to ONNX share, and those that are files of their own. */
#ifndef FIDMIX_ONNX_TRANSLATE_H
#define FIDMIX_ONNX_TRANSLATE_H

#include "onnx_layers.h"

static inline const fmx__shape *fmx__onnx_shape_of(const fmx__onnx_layer *l, size_t input)
{
    return fmx__graph_shape(l->graph, l->layer->in[input]);
}

/* A node whose output is the layer's. */
static inline Onnx__NodeProto *fmx__onnx_layer_node(const fmx__onnx_layer *l, const char *op,
                                                    const char *const *in, size_t count)
{
    return fmx__onnx_node(l->o, op, in, count, l->out);
}

void fmx__onnx_add_reshape(const fmx__onnx_layer *l);
void fmx__onnx_add_permute(const fmx__onnx_layer *l);
void fmx__onnx_add_fold(const fmx__onnx_layer *l);
void fmx__onnx_add_unfold(const fmx__onnx_layer *l);
void fmx__onnx_add_slice(const fmx__onnx_layer *l);
void fmx__onnx_add_split(const fmx__onnx_layer *l);
void fmx__onnx_add_concatenate(const fmx__onnx_layer *l);
void fmx__onnx_add_multiply(const fmx__onnx_layer *l);
void fmx__onnx_add_mask(const fmx__onnx_layer *l);
void fmx__onnx_local(const fmx__onnx_layer *l);                  /* locally_connected1d */
void fmx__onnx_recurrent(const fmx__onnx_layer *l, bool is_gru); /* lstm, gru */

#endif

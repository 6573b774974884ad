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

/* A weight of the layer under the name "layer.weight". */
const char *fmx__onnx_own_weight(const fmx__onnx_layer *l, size_t index);

/* `count` values of an axis from `first` on; the output's name, which may be left to it (NULL). */
const char *fmx__onnx_cut(fmx__onnx *o, const char *from, int64_t axis, int64_t first,
                          int64_t count, const char *out);

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

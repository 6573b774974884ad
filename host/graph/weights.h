/* The weights of a graph on the device, apart from activations: each tensor is a view into a slab
 * of at most 1 GiB (a larger tensor has a slab of its own), trainable ones and statistics in
 * different slabs, so that an optimiser takes a slab at a time. Gradients lie in slabs of the same
 * layout. */
#ifndef FIDMIX_WEIGHTS_H
#define FIDMIX_WEIGHTS_H

#include "graph.h"

/* One tensor; "conv1d_1.weight". */
typedef struct fmx__tensor {
    char name[FMX__GRAPH_NAME + 32];
    fmx__op_weight spec;
    size_t layer; /* of the graph */
    size_t count; /* floats */
    size_t slab;
    size_t offset;     /* floats into the slab */
    fmx_buffer *value; /* view */
    fmx_buffer *grad;  /* view; NULL when not trainable or not training */
} fmx__tensor;

typedef struct fmx__weight_slab {
    bool trainable;
    size_t floats; /* padding between tensors included; it is zero and stays zero */
    fmx_buffer *value;
    fmx_buffer *grad; /* NULL when not training */
} fmx__weight_slab;

typedef struct fmx__weights {
    fmx_device *device;
    fmx__tensor *tensor; /* layer by layer, in the ops' order */
    size_t count;
    fmx__weight_slab *slab;
    size_t slab_count;
} fmx__weights;

/* Makes zeroed weights; with `training` also zeroed gradients. Release with fmx__weights_clear,
 * also after an error. Errors: FMX_ERROR_DEVICE_MEMORY (a tensor above the device's largest
 * allocation, named), FMX_ERROR_MEMORY. */
fmx_status fmx__weights_create(fmx_device *device, const fmx__graph *graph, bool training,
                               fmx__weights *out);
void fmx__weights_clear(fmx__weights *weights);

/* The first tensor of a layer: its others follow. */
size_t fmx__weights_first(const fmx__weights *weights, size_t layer);

/* The tensor of a name; NULL when there is none. */
const fmx__tensor *fmx__weights_find(const fmx__weights *weights, const char *name);

/* Bytes of all slabs of values (gradients and optimiser state have the same each, trainable only).
 */
size_t fmx__weights_bytes(const fmx__weights *weights, bool trainable_only);

#endif

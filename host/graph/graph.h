/* A network as a recipe draws it: named inputs, layers in order, each taking inputs or layers
 * above.
 *
 * The graph knows shapes, weights and who reads whom; it owns no device memory. plan.h turns it
 * into something that runs, weights.h holds its weights. It does not know which network it is.
 *
 * A macro (tcn_macro.c) stands for many layers: they are in the graph, and the last of them has the
 * macro's name; the others are called "<macro>.<block>.<layer>", as attributes of a PyTorch module.
 */
#ifndef FIDMIX_GRAPH_H
#define FIDMIX_GRAPH_H

#include "op.h"
#include "recipe.h"

enum { FMX__GRAPH_INPUTS = 8, FMX__GRAPH_NAME = FMX__TEXT_OPTION };

/* Values are numbered: inputs first, then the outputs of the layers in their order. */
typedef struct fmx__graph_input {
    char name[FMX__GRAPH_NAME];
    fmx__shape shape;
} fmx__graph_input;

typedef struct fmx__graph_layer {
    char name[FMX__GRAPH_NAME];
    const fmx__op *op;
    const void *options; /* the recipe's */
    size_t in[FMX__OP_INPUTS];
    size_t in_count;
    fmx__op_plan plan; /* for one item, without a device: shape and weights */
    size_t readers;    /* layers that take its output */
    bool drawn;        /* by a macro */
} fmx__graph_layer;

typedef struct fmx__graph {
    fmx_context *ctx;
    char where[FMX__TEXT_OPTION]; /* heads messages: the recipe's file */
    fmx__graph_input input[FMX__GRAPH_INPUTS];
    size_t input_count;
    fmx__graph_layer *layer;
    size_t layer_count;
    size_t capacity;
    size_t macro_count; /* macros that were drawn out */
    void **owned;       /* options of layers that stand in no recipe */
    size_t owned_count;
    size_t owned_capacity;
} fmx__graph;

/* What may stand in the list `model`: `input`, the macro `tcn`, then every op. NULL past the last.
 */
const fmx__option_group *fmx__graph_stage(size_t index);

/* Builds the graph of a recipe's list `model`. `positions`: points of a spectrum, the length of an
 * input that names none. Without an `input` layer there is one input, "spectrum", of one channel.
 * The recipe must outlive the graph. Release with fmx__graph_clear, also after an error.
 * Errors: FMX_ERROR_RECIPE naming the layer (no layers, an unknown or repeated name, a wrong number
 * of inputs, impossible shapes), FMX_ERROR_MEMORY. */
fmx_status fmx__graph_create(fmx_context *ctx, const fmx__recipe *recipe, size_t positions,
                             fmx__graph *out);
void fmx__graph_clear(fmx__graph *graph);

/* The value of an input's or layer's name in *value; false when there is none. */
bool fmx__graph_find(const fmx__graph *graph, const char *name, size_t *value);

/* The layer that makes a value; NULL for inputs. */
const fmx__graph_layer *fmx__graph_maker(const fmx__graph *graph, size_t value);

/* Shape of one item of a value; a folded one has `items` (op.h). */
const fmx__shape *fmx__graph_shape(const fmx__graph *graph, size_t value);

/* Fills what an op is told of its layer for a batch: the shapes of its inputs, in[FMX__OP_INPUTS],
 * and the batch, times the parts of its inputs unless the op takes them itself. `site` has its
 * `where`. Errors: FMX_ERROR_RECIPE (inputs folded differently), FMX_ERROR_DEVICE_MEMORY. */
fmx_status fmx__graph_site(const fmx__graph *graph, const fmx__graph_layer *layer, size_t batch,
                           fmx__shape *in, fmx__op_site *site);

/* Name of a value. */
const char *fmx__graph_value_name(const fmx__graph *graph, size_t value);

/* Weights of a layer, all or only the trainable ones. */
size_t fmx__graph_layer_parameters(const fmx__graph_layer *layer, bool trainable_only);

/* Weights of the whole graph. */
size_t fmx__graph_parameters(const fmx__graph *graph, bool trainable_only);

#endif

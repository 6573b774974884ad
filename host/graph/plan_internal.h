/* What the files of the plan share. */
#ifndef FIDMIX_PLAN_INTERNAL_H
#define FIDMIX_PLAN_INTERNAL_H

#include "plan.h"

enum { FMX__NO_PIECE = -1 };

/* A buffer with its life: from its first writer to its last reader, both included. */
typedef struct fmx__piece {
    size_t bytes;
    size_t from;
    size_t to;
    size_t slab;
    size_t offset;
    fmx_buffer *view;
} fmx__piece;

/* One layer of a plan. */
typedef struct fmx__plan_layer {
    fmx__op_plan plan; /* for the batch on the device */
    bool alias;        /* its output is its input's place: flatten, a fused relu */
    bool relu;         /* applies the relu behind it */
    bool backward;     /* somebody wants its gradients */
    bool inside;       /* a fused run's, whose last layer stands for it */
    bool idle;         /* nobody wants what it makes */
    size_t batch;      /* of the op: the request's, times the parts of a folded input */
    /* the layer's own, or where it stands for a fused run, the run's */
    const fmx__op *op;
    const void *options;
    void *owned_options;
    size_t first;         /* layer, whose tensors are the first ones */
    size_t last;          /* layer, when it runs */
    size_t second;        /* value, a further output; 0: there is none */
    const size_t *source; /* [in_count] values */
    size_t in_count;
    fmx__shape in_shape[FMX__OP_INPUTS];
    ptrdiff_t saved; /* pieces */
    ptrdiff_t scratch_forward;
    ptrdiff_t scratch_backward;
    ptrdiff_t added[FMX__OP_INPUTS]; /* gradients that are added to what other readers gave */
    fmx_buffer *in[FMX__OP_INPUTS];
    fmx_buffer *grad_in[FMX__OP_INPUTS];
    fmx_buffer *weight[FMX__OP_WEIGHTS];
    fmx_buffer *grad_weight[FMX__OP_WEIGHTS];
    fmx__op_call call;
} fmx__plan_layer;

/* One value. Those that share a place (aliases) have the same root, which holds the pieces. */
typedef struct fmx__plan_value_state {
    size_t root;
    bool trains;    /* a trainable weight lies above it */
    bool reached;   /* a loss lies below it */
    bool is_loss;   /* a loss gives its gradient */
    bool kept;      /* read after forward */
    bool written;   /* while planning backward: its gradient has a writer */
    bool inside;    /* of a fused run, or of a layer that is idle: it lies nowhere */
    bool wanted;    /* a loss or a kept value lies below it, or it is one */
    size_t readers; /* layers that are not idle */
    ptrdiff_t out;  /* pieces, roots only */
    ptrdiff_t grad;
} fmx__plan_value_state;

struct fmx__plan {
    fmx_device *device;
    fmx_context *ctx;
    const fmx__graph *graph;
    const fmx__weights *weights;
    fmx__plan_request request;
    fmx__plan_watcher watcher;
    void *watcher_user;
    fmx__plan_layer *layer;       /* [graph->layer_count] */
    fmx__plan_value_state *value; /* [inputs + layers] */
    size_t value_count;
    fmx__piece *piece;
    size_t piece_count;
    size_t piece_capacity;
    fmx_buffer **slab;
    size_t *slab_bytes;
    size_t slab_count;
    size_t bytes;
    size_t bytes_unshared;
};

/* When a layer runs forward and backward, see plan.h. */
static inline size_t fmx__time_forward(const fmx__plan *plan, size_t layer)
{
    return plan->layer[layer].last;
}

static inline size_t fmx__time_backward(const fmx__plan *plan, size_t layer)
{
    return 2 * plan->graph->layer_count - plan->layer[layer].last;
}

/* Whether nothing runs for a layer by itself. */
static inline bool fmx__plan_skips(const fmx__plan *plan, size_t layer)
{
    const fmx__plan_layer *l = &plan->layer[layer];
    return l->alias || l->inside || l->idle;
}

/* Puts one op in the place of runs of layers that it can do the work of (plan_fusion.c); after it
 * is known who wants gradients, before memory is planned. */
fmx_status fmx__plan_fuse(fmx__plan *plan);

/* Gives every piece its slab and offset, makes the slabs and the views. */
fmx_status fmx__plan_place(fmx__plan *plan);

/* Fills the calls of all layers; pieces have their views. */
void fmx__plan_connect(fmx__plan *plan);

/* View of a piece; NULL for FMX__NO_PIECE. */
fmx_buffer *fmx__plan_view(const fmx__plan *plan, ptrdiff_t piece);

#endif

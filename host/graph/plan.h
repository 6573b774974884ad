/* A graph made ready to run on a device for a batch size: buffers in slabs, order, fusion.
 *
 * Activations, gradients, saved values and scratch share slabs of at most 1 GiB: what is not alive
 * at the same time lies in the same place. Weights lie apart (weights.h) and are shared by the
 * plans of a graph (training, the last and smaller batch, evaluation).
 *
 * Time runs over the layers forward (0 .. n-1), the losses (n) and the layers backward
 * (n+1 .. 2n, last layer first); a buffer is alive from its first writer to its last reader.
 *
 * Forward and backward only enqueue, so a step can be recorded and repeated (recording.h). A relu
 * that alone reads a layer which can apply it is fused into that layer; runs of layers that one op
 * can do the work of (plan_fusion.c) run as that op, when the last of them would. Layers that lead
 * to no loss and to nothing that is kept do not run.
 */
#ifndef FIDMIX_PLAN_H
#define FIDMIX_PLAN_H

#include "weights.h"

typedef struct fmx__plan_request {
    size_t batch;
    bool training;            /* with backward; otherwise layers run as for evaluation */
    const fmx__op_step *step; /* must outlive the plan */
    const size_t *loss_value; /* [loss_count] values that losses read and give gradients of */
    size_t loss_count;
    const size_t *keep; /* [keep_count] values that are read after forward (outputs, views) */
    size_t keep_count;
    size_t held_bytes; /* what the caller has on the device besides the weights, for the check */
    bool unfused;      /* keep every layer apart, to test fusion */
} fmx__plan_request;

typedef struct fmx__plan fmx__plan;

/* Plans and allocates. Graph and weights must outlive the plan. Errors: FMX_ERROR_DEVICE_MEMORY
 * (one buffer above the largest allocation, or all above the device's memory: says how much is
 * needed for what, and to take a smaller batch), FMX_ERROR_RECIPE, FMX_ERROR_MEMORY. */
fmx_status fmx__plan_create(fmx_device *device, const fmx__graph *graph,
                            const fmx__weights *weights, const fmx__plan_request *request,
                            fmx__plan **out);
void fmx__plan_destroy(fmx__plan *plan);

/* Buffer of a value, [batch][channels][positions]: inputs any time, others while they are alive;
 * NULL for those inside of a fused run or that nothing leads from. */
fmx_buffer *fmx__plan_value(const fmx__plan *plan, size_t value);

/* Where a loss writes the gradient of its value; NULL for other values. */
fmx_buffer *fmx__plan_gradient(const fmx__plan *plan, size_t value);

/* Enqueues all layers, or all layers backward. */
fmx_status fmx__plan_forward(const fmx__plan *plan);
fmx_status fmx__plan_backward(const fmx__plan *plan);

/* Is told of each layer's call, when it is enqueued and what it wrote is still in place; an error
 * ends the pass. */
typedef fmx_status (*fmx__plan_watcher)(void *user, size_t layer, bool backward,
                                        const fmx__op_call *call);

/* From now on `watcher` is called behind each layer, forward and backward; NULL: nobody. */
void fmx__plan_watch(fmx__plan *plan, fmx__plan_watcher watcher, void *user);

/* Bytes of the slabs, and what they would be if nothing shared a place. */
size_t fmx__plan_bytes(const fmx__plan *plan);
size_t fmx__plan_bytes_unshared(const fmx__plan *plan);

/* Work of one forward and one backward pass as the ops state it. */
fmx__op_work fmx__plan_work(const fmx__plan *plan, bool backward);

#endif

/* Where a loss that is not finite comes from: training is deterministic, so the last checkpoint (or
 * the start) leads to the same step again, which is then done operation by operation - not fused,
 * not recorded - with a look at every value that each of them wrote. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "trainer_internal.h"

enum { PIECE = 1 << 20 }; /* floats that are looked at at a time */

typedef struct finder {
    fmx__trainer *t;
    float *piece;
} finder;

/* Refuses floats of a buffer that are not finite, naming the first. */
static fmx_status look(const finder *f, fmx_buffer *buffer, size_t floats, const char *what,
                       const char *of)
{
    fmx_status status = FMX_OK;
    for (size_t first = 0; status == FMX_OK && buffer != NULL && first < floats; first += PIECE) {
        size_t count = floats - first < PIECE ? floats - first : PIECE;
        status = fmx_buffer_read(buffer, first * sizeof(float), f->piece, count * sizeof(float));
        for (size_t i = 0; status == FMX_OK && i < count; ++i) {
            if (!isfinite(f->piece[i]))
                status = fmx__fail(f->t->ctx, FMX_ERROR_FORMAT,
                                   "made the first value that is not finite: %s%s, number %zu of "
                                   "%zu, is %g; a lower learning_rate or a clip may help",
                                   what, of, first + i, floats, (double)f->piece[i]);
        }
    }
    return status;
}

/* Behind each operation: what it wrote. */
static fmx_status look_behind(void *user, size_t layer, bool backward, const fmx__op_call *call)
{
    const finder *f = user;
    const fmx__graph_layer *of = &f->t->graph.layer[layer];
    fmx_status status = FMX_OK;
    if (!backward)
        return look(f, call->out, call->batch * fmx__shape_floats(&call->out_shape), "output of ",
                    of->op->group.name);
    for (size_t i = 0; status == FMX_OK && i < call->in_count; ++i)
        status = look(f, call->grad_in[i], call->batch * fmx__shape_floats(&call->in_shape[i]),
                      "gradient of what is read by ", of->op->group.name);
    /* a fused run has the weights of all its layers, in their order, behind one call */
    for (size_t i = 0; status == FMX_OK && i < FMX__OP_WEIGHTS; ++i) {
        size_t floats = call->grad_weight[i] == NULL
                            ? 0
                            : fmx_buffer_bytes(call->grad_weight[i]) / sizeof(float);
        bool own = i < of->plan.weight_count && fmx__op_weight_count(&of->plan.weight[i]) == floats;
        if (floats > 0)
            status = look(f, call->grad_weight[i], floats, "gradient of ",
                          own ? of->plan.weight[i].name : "a weight of its run");
    }
    return status;
}

/* Weights are what the optimiser left, or what the training began with. */
static fmx_status look_at_weights(const finder *f, bool at_start)
{
    const fmx__weights *weights = &f->t->weights;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < weights->count; ++i)
        status = look(f, weights->tensor[i].value, weights->tensor[i].count, "weight ",
                      weights->tensor[i].name);
    return fmx__fail_in(f->t->ctx, status, "%s",
                        at_start ? "the first weights" : "the optimiser's step before");
}

static fmx_status look_at_batch(const finder *f)
{
    const fmx__source *source = &f->t->source;
    const fmx__source_batch *batch = &f->t->batch;
    fmx_status status =
        look(f, batch->input, batch->count * source->channels * source->positions, "input", "");
    for (size_t i = 0; status == FMX_OK && i < source->target_count; ++i) {
        const fmx__source_target *target = &source->target[i];
        status = look(f, batch->target[i], batch->count * target->channels * target->positions,
                      "target ", target->name);
    }
    return fmx__fail_in(f->t->ctx, status, "the source of the items");
}

static fmx_status look_at_losses(const finder *f, const fmx__train_pass *pass)
{
    fmx__trainer *t = f->t;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < t->loss_count; ++i) {
        const fmx__train_loss *loss = &t->loss[i];
        const char *layer = fmx__graph_value_name(&t->graph, loss->value);
        size_t floats = pass->batch * fmx__shape_floats(fmx__graph_shape(&t->graph, loss->value));
        status = fmx__train_run_loss(t, pass, loss);
        if (status == FMX_OK)
            status = look(f, loss->losses, pass->batch, "loss on ", layer);
        if (status == FMX_OK)
            status = look(f, fmx__plan_gradient(pass->plan, loss->value), floats,
                          "gradient of the loss on ", layer);
        status = fmx__fail_in(t->ctx, status, "%s", loss->loss->group.name);
    }
    return status;
}

/* The batch that is in place, through a plan of its own. */
static fmx_status look_at_step(const finder *f)
{
    fmx__trainer *t = f->t;
    size_t value[FMX__TRAIN_LOSSES];
    fmx__train_pass pass = {.batch = t->batch.count, .from = &t->batch};
    for (size_t i = 0; i < t->loss_count; ++i)
        value[i] = t->loss[i].value;
    fmx__plan_request request = {.batch = pass.batch,
                                 .training = true,
                                 .step = &t->op_step,
                                 .loss_value = value,
                                 .loss_count = t->loss_count,
                                 .unfused = true};
    size_t bytes = pass.batch * t->source.channels * t->source.positions * sizeof(float);
    fmx_status status = fmx__plan_create(t->device, &t->graph, &t->weights, &request, &pass.plan);
    if (status == FMX_OK) {
        fmx__plan_watch(pass.plan, look_behind, (void *)f);
        status = fmx_buffer_copy(fmx__plan_value(pass.plan, 0), 0, t->batch.input, 0, bytes);
    }
    if (status == FMX_OK)
        status = fmx__plan_forward(pass.plan);
    if (status == FMX_OK)
        status = look_at_losses(f, &pass);
    if (status == FMX_OK)
        status = fmx__plan_backward(pass.plan);
    fmx__plan_destroy(pass.plan);
    return status;
}

/* Weights and state as the training began, or as its last checkpoint has them. */
static fmx_status go_back(fmx__trainer *t)
{
    fmx_status status = fmx__train_begin(t);
    return status == FMX_OK && access(t->last, F_OK) == 0 ? fmx__train_restore(t) : status;
}

/* Whole epochs without the step that is looked for; nothing is written. */
static fmx_status repeat_epochs(fmx__trainer *t, size_t batches)
{
    fmx_status status = FMX_OK;
    while (status == FMX_OK && t->state.step + batches < t->bad_step) {
        fmx__train_figures figures = {0};
        status = fmx__train_epoch(t, &figures);
        if (status != FMX_OK)
            break;
        ++t->state.epoch;
        if (t->options->validate)
            status = fmx__train_follow_again(t, &figures);
    }
    return status;
}

/* The step's batches one by one: their gradients may be summed. Weights stay as they are. */
static fmx_status look_for_it(const finder *f, size_t first, size_t count)
{
    fmx__trainer *t = f->t;
    fmx_status status = FMX_OK;
    for (size_t i = first; status == FMX_OK && i < first + count; ++i) {
        status =
            fmx__source_next(&t->source, FMX__SPLIT_TRAIN, (size_t)t->state.epoch, i, &t->batch);
        t->op_step.number = (uint32_t)(t->state.step + i);
        if (status == FMX_OK)
            status = look_at_batch(f);
        if (status == FMX_OK)
            status = look_at_step(f);
    }
    if (status == FMX_OK)
        status = fmx__fail(t->ctx, FMX_ERROR_FORMAT,
                           "every value is finite when the step is done operation by operation: "
                           "the norm of the gradient, or a sum of fused layers, is beyond the "
                           "largest float; a lower learning_rate or clip_value may help");
    return status;
}

fmx_status fmx__train_replay(fmx__trainer *t)
{
    uint64_t bad = t->bad_step;
    size_t batches = fmx__source_batches(&t->source, FMX__SPLIT_TRAIN);
    size_t index = (size_t)((bad - 1) % batches);
    size_t first = index / t->update.batches * t->update.batches;
    finder f = {.t = t};
    unsigned long long epoch = t->state.epoch + 1;
    fmx__log(t->ctx, FMX_LOG_WARNING,
             "the loss or gradient of step %" PRIu64 " is not finite: going there once more to see "
             "where it comes from",
             bad);
    fmx_status status = fmx__train_drain(t);
    if (status == FMX_OK)
        status = go_back(t);
    if (status == FMX_OK)
        status = repeat_epochs(t, batches);
    for (size_t i = 0; status == FMX_OK && i < first; ++i) {
        status = fmx__train_step(t, i);
        if (status == FMX_OK)
            status = fmx__train_drain(t);
        if (status == FMX_OK)
            status = fmx__check_interrupt(t->ctx);
    }
    if (status != FMX_OK)
        return status;
    fmx__train_plans_clear(t); /* room for the plan that looks */
    status = fmx__alloc(t->ctx, PIECE, sizeof *f.piece, "a look at values", &f.piece);
    if (status == FMX_OK)
        status = look_at_weights(&f, t->state.step + first == 0);
    if (status == FMX_OK)
        status = look_for_it(&f, first, index - first + 1);
    free(f.piece);
    return fmx__fail_in(t->ctx, status,
                        "training: the loss or gradient of step %" PRIu64 " (epoch %llu) is not "
                        "finite",
                        bad, epoch);
}

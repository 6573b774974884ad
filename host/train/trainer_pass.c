/* The steps of training, recorded once for each size of batch, and the epochs made of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "add.h"
#include "evaluation.h"
#include "trainer_internal.h"

/* Floats of an item's input. */
static size_t input_floats(const fmx__trainer *t)
{
    return t->source.channels * t->source.positions;
}

fmx_status fmx__train_run_loss(fmx__trainer *t, const fmx__train_pass *pass,
                               const fmx__train_loss *loss)
{
    fmx__loss_call call = {
        .device = t->device,
        .loss = loss->loss,
        .options = loss->options,
        .batch = pass->batch,
        .output_shape = *fmx__graph_shape(&t->graph, loss->value),
        .output = fmx__plan_value(pass->plan, loss->value),
        .target_shape = loss->target_shape,
        .target = pass->from->target[loss->target],
        .losses = loss->losses,
        .grad = fmx__plan_gradient(pass->plan, loss->value),
    };
    fmx_buffer *sum = call.grad;
    size_t bytes = fmx__loss_scratch(&call);
    size_t floats = pass->batch * fmx__shape_floats(&call.output_shape);
    bool adds = false; /* to the gradient of a loss before it on the same values */
    for (const fmx__train_loss *other = t->loss; other < loss; ++other)
        adds |= sum != NULL && fmx__plan_gradient(pass->plan, other->value) == sum;
    fmx_status status = bytes > 0 ? fmx_buffer_create(t->device, bytes, &call.scratch) : FMX_OK;
    if (status == FMX_OK && adds) {
        call.grad = NULL;
        status = fmx_buffer_create(t->device, floats * sizeof(float), &call.grad);
    }
    if (status == FMX_OK)
        status = fmx__loss_run(&call);
    if (status == FMX_OK && adds)
        status = fmx__add(t->device, floats, sum, call.grad, sum);
    fmx_buffer_release(call.scratch);
    fmx_buffer_release(adds ? call.grad : NULL);
    return status;
}

static fmx_status run_losses(fmx__trainer *t, const fmx__train_pass *pass)
{
    fmx_status status = FMX_OK;
    fmx__device_scope(t->device, "loss");
    for (size_t i = 0; status == FMX_OK && i < t->loss_count; ++i)
        status = fmx__train_run_loss(t, pass, &t->loss[i]);
    fmx__device_scope(t->device, NULL);
    return status;
}

/* Behind backward: what the weights add to the loss and to their gradients. */
static fmx_status run_penalties(fmx__trainer *t, bool training)
{
    fmx__device_scope(t->device, "penalty");
    fmx_status status = fmx__penalties_run(&t->penalties, training);
    if (status == FMX_OK && t->penalties.count > 0)
        status = fmx_buffer_copy(t->losses, (t->loss_count * t->loss_stride + 1) * sizeof(float),
                                 t->penalties.total, 0, sizeof(float));
    fmx__device_scope(t->device, NULL);
    return status;
}

/* The commands of one step, in order. */
static fmx_status step_commands(fmx__trainer *t, const fmx__train_pass *pass, bool training)
{
    size_t bytes = pass->batch * input_floats(t) * sizeof(float);
    fmx_status status =
        fmx_buffer_copy(fmx__plan_value(pass->plan, 0), 0, pass->from->input, 0, bytes);
    if (status == FMX_OK)
        status = fmx__plan_forward(pass->plan);
    if (status == FMX_OK)
        status = run_losses(t, pass);
    if (status == FMX_OK && training)
        status = fmx__plan_backward(pass->plan);
    if (status == FMX_OK)
        status = run_penalties(t, training);
    if (status == FMX_OK && training)
        status = t->update.batches > 1 ? fmx__train_sum_commands(t) : fmx__train_update_commands(t);
    return status;
}

/* What is on the device before a pass is made: gradients and moments, spectra, other passes. */
static size_t held_bytes(const fmx__trainer *t)
{
    const fmx__train_pass *const passes[] = {&t->full, &t->rest, &t->check};
    size_t bytes = (1 + fmx__train_update_slabs(t)) * fmx__weights_bytes(&t->weights, true) +
                   t->source.held_bytes + fmx_buffer_bytes(t->batch.input) +
                   (t->gathered.input != NULL ? fmx_buffer_bytes(t->gathered.input) : 0);
    for (size_t i = 0; i < FMX__COUNT(passes); ++i)
        bytes += passes[i]->plan != NULL ? fmx__plan_bytes(passes[i]->plan) : 0;
    return bytes;
}

static fmx_status make_pass(fmx__trainer *t, fmx__train_pass *pass, const fmx__source_batch *from,
                            size_t batch, bool training)
{
    size_t value[FMX__TRAIN_LOSSES + 2];
    size_t keep = t->loss_count;
    for (size_t i = 0; i < t->loss_count; ++i)
        value[i] = t->loss[i].value;
    if (!training && t->has_heads) {
        value[keep++] = t->heads.presence;
        value[keep++] = t->heads.proportion;
    }
    fmx__plan_request request = {
        .batch = batch,
        .training = training,
        .step = &t->op_step,
        .loss_value = value,
        .loss_count = t->loss_count,
        .keep = value,
        .keep_count = training ? 0 : keep,
        .held_bytes = held_bytes(t),
    };
    pass->batch = batch;
    pass->from = from;
    fmx_status status = fmx__plan_create(t->device, &t->graph, &t->weights, &request, &pass->plan);
    if (status == FMX_OK)
        status = fmx__recording_begin(t->device, &pass->recording);
    if (status == FMX_OK)
        status = step_commands(t, pass, training);
    if (status == FMX_OK)
        status = fmx__recording_end(t->device);
    return status;
}

/* The step behind several batches. */
static fmx_status make_step(fmx__trainer *t)
{
    fmx_status status = fmx__recording_begin(t->device, &t->step);
    if (status == FMX_OK)
        status = fmx__train_update_commands(t);
    return status == FMX_OK ? fmx__recording_end(t->device) : status;
}

/* Bytes of the losses of a batch, and of the gradient's norm and the penalty behind them. */
static size_t loss_bytes(const fmx__trainer *t)
{
    return (t->loss_count * t->loss_stride + 2) * sizeof(float);
}

/* Room for a batch: its input, and the targets that losses or figures ask for. */
static fmx_status make_batch(fmx__trainer *t, size_t batch, fmx__source_batch *out)
{
    fmx_status status =
        fmx_buffer_create(t->device, batch * input_floats(t) * sizeof(float), &out->input);
    for (size_t i = 0; status == FMX_OK && i < t->source.target_count; ++i) {
        const fmx__source_target *target = &t->source.target[i];
        bool wanted = t->source.classes > 0 && i == t->classes_target;
        for (size_t k = 0; k < t->loss_count; ++k)
            wanted |= t->loss[k].target == i;
        if (wanted)
            status = fmx_buffer_create(t->device,
                                       batch * target->channels * target->positions * sizeof(float),
                                       &out->target[i]);
    }
    return status;
}

static void release_batch(fmx__source_batch *batch)
{
    for (size_t i = 0; i < FMX__SOURCE_TARGETS; ++i)
        fmx_buffer_release(batch->target[i]);
    fmx_buffer_release(batch->input);
}

/* Room for several of the source's batches; rows that the last ones leave over must be numbers. */
static fmx_status make_gathered(fmx__trainer *t, size_t rows)
{
    fmx__source_batch *g = &t->gathered;
    fmx_status status = make_batch(t, rows, g);
    if (status == FMX_OK)
        status = fmx_buffer_zero(g->input, 0, fmx_buffer_bytes(g->input));
    for (size_t i = 0; status == FMX_OK && i < t->source.target_count; ++i) {
        if (g->target[i] != NULL)
            status = fmx_buffer_zero(g->target[i], 0, fmx_buffer_bytes(g->target[i]));
    }
    return status;
}

/* `rows`: of the largest pass. */
static fmx_status make_loss_views(fmx__trainer *t, size_t rows)
{
    size_t align = fmx__buffer_alignment(t->device) / sizeof(float);
    t->loss_stride = (rows + align - 1) / align * align;
    fmx_status status = fmx_buffer_create(t->device, loss_bytes(t), &t->losses);
    if (status == FMX_OK)
        status = fmx_buffer_zero(t->losses, 0, loss_bytes(t));
    for (size_t i = 0; status == FMX_OK && i < t->loss_count; ++i)
        status = fmx__buffer_view(t->losses, i * t->loss_stride * sizeof(float),
                                  rows * sizeof(float), &t->loss[i].losses);
    return status;
}

fmx_status fmx__train_passes(fmx__trainer *t)
{
    size_t batch = (size_t)t->options->batch;
    size_t check = batch * fmx__train_check_batches(t);
    size_t rest = t->source.items[FMX__SPLIT_TRAIN] % batch;
    const fmx__source_batch *checked = check > batch ? &t->gathered : &t->batch;
    fmx_status status = make_batch(t, batch, &t->batch);
    if (status == FMX_OK && check > batch)
        status = make_gathered(t, check);
    if (status == FMX_OK)
        status = make_loss_views(t, check);
    if (status == FMX_OK)
        status = fmx__download_create(t->device, loss_bytes(t), FMX__TRAIN_PENDING, &t->download);
    if (status == FMX_OK && t->source.items[FMX__SPLIT_TRAIN] >= batch)
        status = make_pass(t, &t->full, &t->batch, batch, true);
    if (status == FMX_OK && rest > 0)
        status = make_pass(t, &t->rest, &t->batch, rest, true);
    if (status == FMX_OK && t->update.batches > 1)
        status = make_step(t);
    if (status == FMX_OK && t->options->validate)
        status = make_pass(t, &t->check, checked, check, false);
    return status;
}

void fmx__train_plans_clear(fmx__trainer *t)
{
    fmx__train_pass *const passes[] = {&t->full, &t->rest, &t->check};
    fmx__recording_destroy(t->step);
    t->step = NULL;
    for (size_t i = 0; i < FMX__COUNT(passes); ++i) {
        fmx__recording_destroy(passes[i]->recording);
        fmx__plan_destroy(passes[i]->plan);
        *passes[i] = (fmx__train_pass){0};
    }
}

void fmx__train_passes_clear(fmx__trainer *t)
{
    fmx__download_destroy(t->download);
    fmx__train_plans_clear(t);
    for (size_t i = 0; i < t->loss_count; ++i)
        fmx_buffer_release(t->loss[i].losses);
    fmx_buffer_release(t->losses);
    release_batch(&t->batch);
    release_batch(&t->gathered);
}

double fmx__train_sum_losses(const fmx__trainer *t, const float *losses, size_t rows)
{
    double sum = (double)rows * (double)losses[t->loss_count * t->loss_stride + 1];
    for (size_t i = 0; i < t->loss_count; ++i) {
        for (size_t row = 0; row < rows; ++row)
            sum += t->loss[i].options->weight * (double)losses[i * t->loss_stride + row];
    }
    return sum;
}

/* What an epoch has summed up so far. */
typedef struct epoch_sums {
    size_t taken; /* batches */
    double loss;
    double norm;
} epoch_sums;

/* Takes the oldest losses that were asked for. */
static fmx_status take_losses(fmx__trainer *t, epoch_sums *sums)
{
    const void *host = NULL;
    size_t batch = (size_t)t->options->batch;
    size_t left = t->source.items[FMX__SPLIT_TRAIN] - sums->taken * batch;
    size_t rows = left < batch ? left : batch;
    fmx_status status = fmx__download_take(t->download, &host);
    if (status != FMX_OK)
        return status;
    double loss = fmx__train_sum_losses(t, host, rows);
    double norm = (double)((const float *)host)[t->loss_count * t->loss_stride];
    bool updated = fmx__train_updates_behind(t, sums->taken);
    if (updated)
        sums->norm += norm;
    unsigned long long step = t->state.step + ++sums->taken;
    sums->loss += loss;
    if (!isfinite(loss) || (updated && !isfinite(norm))) {
        t->bad_step = step;
        return fmx__fail(t->ctx, FMX_ERROR_FORMAT,
                         "training: the loss or gradient of step %llu (epoch %llu) is not finite; "
                         "a lower learning_rate may help",
                         step, (unsigned long long)t->state.epoch + 1);
    }
    if (t->options->log_steps > 0 && step % (unsigned long long)t->options->log_steps == 0)
        fmx__log(t->ctx, FMX_LOG_INFO, "step %llu: loss %.9g", step, loss / (double)rows);
    return FMX_OK;
}

fmx_status fmx__train_drain(fmx__trainer *t)
{
    const void *host = NULL;
    fmx_status status = FMX_OK;
    while (status == FMX_OK && fmx__download_pending(t->download) > 0)
        status = fmx__download_take(t->download, &host);
    return status;
}

fmx_status fmx__train_step(fmx__trainer *t, size_t index)
{
    fmx_status status =
        fmx__source_next(&t->source, FMX__SPLIT_TRAIN, (size_t)t->state.epoch, index, &t->batch);
    const fmx__train_pass *pass = t->batch.count == t->full.batch ? &t->full : &t->rest;
    t->op_step.number = (uint32_t)(t->state.step + index);
    fmx__train_update_at(t, index);
    if (status == FMX_OK)
        status = fmx__recording_run(pass->recording);
    if (status == FMX_OK && t->step != NULL && fmx__train_updates_behind(t, index))
        status = fmx__recording_run(t->step);
    if (status == FMX_OK)
        status = fmx__download_ask(t->download, t->losses, 0, loss_bytes(t));
    return status;
}

fmx_status fmx__train_epoch(fmx__trainer *t, fmx__train_figures *figures)
{
    size_t batches = fmx__source_batches(&t->source, FMX__SPLIT_TRAIN);
    char what[48];
    epoch_sums sums = {0};
    fmx_status status = FMX_OK;
    /* early stopping ends most trainings: only the end of an epoch can be told */
    snprintf(what, sizeof what, "epoch %llu", (unsigned long long)t->state.epoch + 1);
    for (size_t i = 0; status == FMX_OK && i < batches; ++i) {
        if (fmx__download_pending(t->download) == FMX__TRAIN_PENDING)
            status = take_losses(t, &sums);
        if (status == FMX_OK)
            status = fmx__train_step(t, i);
        fmx__progress(t->ctx, what, i + 1, batches);
        if (status == FMX_OK)
            status = fmx__check_interrupt(t->ctx);
    }
    while (status == FMX_OK && fmx__download_pending(t->download) > 0)
        status = take_losses(t, &sums);
    if (status == FMX_OK)
        t->state.step += batches;
    figures->loss = sums.loss / (double)t->source.items[FMX__SPLIT_TRAIN];
    figures->gradient_norm = sums.norm / (double)fmx__train_updates(t);
    figures->learning_rate = t->update.rate;
    return status;
}

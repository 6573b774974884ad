/* From gradients to weights: sums over batches, norms and clips, the optimiser, averaged weights.
 */
#include <stdlib.h>

#include "trainer_internal.h"

/* Slabs beside the trainable slabs of the weights. */
static fmx_status make_slabs(fmx__trainer *t, const char *what, fmx_buffer ***out)
{
    fmx_status status = fmx__alloc(t->ctx, t->weights.slab_count, sizeof(fmx_buffer *), what, out);
    for (size_t i = 0; status == FMX_OK && i < t->weights.slab_count; ++i) {
        size_t bytes = t->weights.slab[i].floats * sizeof(float);
        if (!t->weights.slab[i].trainable)
            continue;
        status = fmx_buffer_create(t->device, bytes, &(*out)[i]);
    }
    return status;
}

static fmx_status zero_slabs(const fmx__trainer *t, fmx_buffer **slabs)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && slabs != NULL && i < t->weights.slab_count; ++i) {
        if (slabs[i] != NULL)
            status = fmx_buffer_zero(slabs[i], 0, t->weights.slab[i].floats * sizeof(float));
    }
    return status;
}

static void release_slabs(const fmx__trainer *t, fmx_buffer **slabs)
{
    for (size_t i = 0; slabs != NULL && i < t->weights.slab_count; ++i)
        fmx_buffer_release(slabs[i]);
    free(slabs);
}

fmx_status fmx__train_find_optimiser(fmx__trainer *t)
{
    const fmx__recipe *recipe = t->job->recipe;
    const fmx__recipe_stage *stage = fmx__recipe_find(recipe, "train.optimiser")->stage;
    fmx__train_update *u = &t->update;
    u->optimiser = fmx__optimiser_find(stage->group);
    u->options = stage->options;
    u->average = fmx__recipe_find(recipe, "train.average")->options;
    u->batches = (size_t)t->options->accumulate;
    const fmx__recipe_part *schedule = fmx__recipe_find(recipe, "train.schedule");
    u->schedule =
        fmx__schedule_find(schedule->count > 0 ? schedule->stage[0].group : fmx__schedule_stage(0));
    u->schedule_options =
        schedule->count > 0 ? schedule->stage[0].options : u->schedule->group.defaults;
    fmx_status status = fmx__optimiser_check(t->ctx, recipe->file, u->optimiser, u->options);
    if (status == FMX_OK)
        t->moments.count = fmx__optimiser_moments(u->optimiser, u->options, t->moments.name);
    return status;
}

bool fmx__train_averages(const fmx__trainer *t)
{
    return t->update.average->decay > 0;
}

size_t fmx__train_update_slabs(const fmx__trainer *t)
{
    const char *name[FMX__OPTIMISER_MOMENTS];
    return fmx__optimiser_moments(t->update.optimiser, t->update.options, name) +
           fmx__train_averages(t) + (t->update.batches > 1);
}

/* Norms of the gradients that the optimiser takes. */
static fmx_status make_norms(fmx__trainer *t)
{
    const fmx__optimiser_options *o = t->update.options;
    fmx__norm_tensor *tensor = NULL;
    size_t count = 0;
    fmx__norm_clip clip = {.limit = o->clip_norm > 0 ? o->clip_norm : o->clip_global_norm,
                           .beside = o->convention == FMX__OPTIMISER_PYTORCH ? 1e-6 : 0,
                           .per_tensor = o->clip_norm > 0};
    fmx_status status =
        fmx__alloc(t->ctx, t->weights.count, sizeof *tensor, "a list of gradients", &tensor);
    for (size_t i = 0; status == FMX_OK && i < t->weights.count; ++i) {
        const fmx__tensor *from = &t->weights.tensor[i];
        if (from->spec.trainable)
            tensor[count++] = (fmx__norm_tensor){from->slab, from->offset, from->count};
    }
    if (status == FMX_OK && count > 0)
        status = fmx__norms_create(t->device, tensor, count, &clip, &t->update.norms);
    free(tensor);
    return status;
}

fmx_status fmx__train_open_update(fmx__trainer *t)
{
    fmx_status status = FMX_OK;
    if (fmx__train_averages(t))
        t->moments.name[t->moments.count++] = "average";
    for (size_t m = 0; status == FMX_OK && m < t->moments.count; ++m) {
        status = make_slabs(t, "moments", &t->update.moment[m]);
        t->moments.slab[m] = t->update.moment[m];
    }
    if (status == FMX_OK && t->update.batches > 1)
        status = make_slabs(t, "sums of gradients", &t->update.sum);
    return status == FMX_OK ? make_norms(t) : status;
}

void fmx__train_close_update(fmx__trainer *t)
{
    for (size_t m = 0; m < FMX__MOMENTS_MOST; ++m)
        release_slabs(t, t->update.moment[m]);
    release_slabs(t, t->update.sum);
    fmx__norms_destroy(t->update.norms);
}

fmx_status fmx__train_zero_moments(fmx__trainer *t)
{
    fmx_status status = zero_slabs(t, t->update.sum);
    for (size_t m = 0; status == FMX_OK && m < t->moments.count; ++m)
        status = zero_slabs(t, t->update.moment[m]);
    return status;
}

fmx_status fmx__train_start_average(fmx__trainer *t)
{
    fmx_status status = FMX_OK;
    if (!fmx__train_averages(t))
        return FMX_OK;
    fmx_buffer **average = t->update.moment[t->moments.count - 1];
    for (size_t i = 0; status == FMX_OK && i < t->weights.slab_count; ++i) {
        const fmx__weight_slab *slab = &t->weights.slab[i];
        if (slab->trainable)
            status = fmx_buffer_copy(average[i], 0, slab->value, 0, slab->floats * sizeof(float));
    }
    return status;
}

fmx_status fmx__train_swap_average(fmx__trainer *t)
{
    fmx_status status = FMX_OK;
    if (!fmx__train_averages(t))
        return FMX_OK;
    fmx_buffer **average = t->update.moment[t->moments.count - 1];
    for (size_t i = 0; status == FMX_OK && i < t->weights.slab_count; ++i) {
        const fmx__weight_slab *slab = &t->weights.slab[i];
        if (slab->trainable)
            status = fmx__slab_swap(t->device, slab->floats, slab->value, average[i]);
    }
    return status;
}

size_t fmx__train_updates(const fmx__trainer *t)
{
    size_t batches = fmx__source_batches(&t->source, FMX__SPLIT_TRAIN);
    return (batches + t->update.batches - 1) / t->update.batches;
}

bool fmx__train_updates_behind(const fmx__trainer *t, size_t index)
{
    return (index + 1) % t->update.batches == 0 ||
           index + 1 == fmx__source_batches(&t->source, FMX__SPLIT_TRAIN);
}

void fmx__train_update_at(fmx__trainer *t, size_t index)
{
    fmx__train_update *u = &t->update;
    size_t group = index / u->batches;
    size_t first = group * u->batches * (size_t)t->options->batch;
    size_t left = t->source.items[FMX__SPLIT_TRAIN] - first;
    size_t most = u->batches * (size_t)t->options->batch;
    uint64_t number = t->state.epoch * fmx__train_updates(t) + group;
    u->sum_keep = index % u->batches == 0 ? 0 : 1;
    u->sum_share = (float)((double)t->batch.count / (double)(left < most ? left : most));
    u->average_keep = (float)u->average->decay;
    u->average_rest = (float)(1 - u->average->decay);
    fmx__schedule_place place = {.step = number,
                                 .epoch = t->state.epoch,
                                 .steps = (uint64_t)t->options->epochs * fmx__train_updates(t),
                                 .epochs = (uint64_t)t->options->epochs};
    u->rate =
        t->state.learning_rate * fmx__schedule_share(u->schedule, u->schedule_options, &place);
    u->step = fmx__optimiser_at(u->optimiser, u->options, u->rate, number + 1);
}

fmx_status fmx__train_sum_commands(fmx__trainer *t)
{
    fmx__train_update *u = &t->update;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < t->weights.slab_count; ++i) {
        const fmx__weight_slab *slab = &t->weights.slab[i];
        if (slab->trainable)
            status = fmx__slab_blend(t->device, slab->floats, u->sum[i], slab->grad, &u->sum_keep,
                                     &u->sum_share);
    }
    return status;
}

/* One slab of weights: a step, and the average behind it. */
static fmx_status update_slab(fmx__trainer *t, size_t i, fmx_buffer *grad)
{
    fmx__train_update *u = &t->update;
    const fmx__weight_slab *slab = &t->weights.slab[i];
    fmx_buffer *moment[FMX__MOMENTS_MOST] = {NULL};
    for (size_t m = 0; m < t->moments.count; ++m)
        moment[m] = u->moment[m][i];
    fmx__optimiser_call call = {.count = slab->floats,
                                .value = slab->value,
                                .moment = moment,
                                .grad = grad,
                                .factor = fmx__norms_factor(u->norms),
                                .step = &u->step};
    fmx_status status = fmx__optimiser_run(t->device, u->optimiser, u->options, &call);
    if (status == FMX_OK && fmx__train_averages(t))
        status = fmx__slab_blend(t->device, slab->floats, moment[t->moments.count - 1], slab->value,
                                 &u->average_keep, &u->average_rest);
    return status;
}

fmx_status fmx__train_update_commands(fmx__trainer *t)
{
    fmx__train_update *u = &t->update;
    fmx_status status = FMX_OK;
    fmx_buffer **grad = NULL;
    if (u->norms == NULL) /* nothing to train */
        return FMX_OK;
    status = fmx__alloc(t->ctx, t->weights.slab_count, sizeof *grad, "gradients", &grad);
    for (size_t i = 0; status == FMX_OK && i < t->weights.slab_count; ++i)
        grad[i] = u->sum != NULL ? u->sum[i] : t->weights.slab[i].grad;
    fmx__device_scope(t->device, "optimiser");
    if (status == FMX_OK)
        status = fmx__norms_run(u->norms, grad, t->weights.slab_count);
    if (status == FMX_OK)
        status = fmx_buffer_copy(t->losses, t->loss_count * t->loss_stride * sizeof(float),
                                 fmx__norms_all(u->norms), 0, sizeof(float));
    for (size_t i = 0; status == FMX_OK && i < t->weights.slab_count; ++i) {
        if (t->weights.slab[i].trainable)
            status = update_slab(t, i, grad[i]);
    }
    fmx__device_scope(t->device, NULL);
    free(grad);
    return status;
}

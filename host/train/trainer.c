#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluation.h"
#include "event_log.h"
#include "initialise.h"
#include "philox.h"
#include "recipe_sections.h"
#include "trainer_internal.h"

/* Where the items come from, and room for what the network says of those of validation. */
static fmx_status open_source(fmx__trainer *t)
{
    const fmx__source_site site = {t->device, t->job->recipe, t->options, t->job->spectra};
    fmx_status status = fmx__source_open(&site, &t->source);
    t->validation_items = t->source.items[FMX__SPLIT_VALIDATION];
    size_t values = t->validation_items * t->source.classes;
    fmx__source_find_target(&t->source, "classes", &t->classes_target);
    if (status == FMX_OK)
        status = fmx__alloc(t->ctx, values, sizeof(float), "validation targets", &t->truth);
    if (status == FMX_OK)
        status = fmx__alloc(t->ctx, values, sizeof(float), "validation results", &t->presence);
    if (status == FMX_OK)
        status = fmx__alloc(t->ctx, values, sizeof(float), "validation results", &t->proportion);
    return status;
}

/* Whether a loss may compare a layer's output with its target. */
static fmx_status check_loss(const fmx__trainer *t, const fmx__train_loss *loss)
{
    const fmx__graph_layer *layer = fmx__graph_maker(&t->graph, loss->output);
    const char *file = t->job->recipe->file;
    const char *name = loss->loss->group.name;
    const char *target = loss->options->target;
    char where[FMX__TEXT_OPTION + 64];
    snprintf(where, sizeof where, "%.*s: train.loss.%s", FMX__TEXT_OPTION, file, name);
    fmx__loss_site site = {
        .ctx = t->ctx,
        .where = where,
        .layer = fmx__graph_value_name(&t->graph, loss->output),
        .op = layer != NULL ? layer->op->group.name : NULL,
        .output = *fmx__graph_shape(&t->graph, loss->output),
        .target = loss->target_shape,
    };
    size_t floats = fmx__shape_floats(&site.output);
    bool of_classes = strcmp(target, "classes") == 0 && layer != NULL &&
                      loss->loss->activation != NULL &&
                      strcmp(site.op, loss->loss->activation) == 0;
    if (of_classes && floats != t->source.classes)
        return fmx__fail(t->ctx, FMX_ERROR_RECIPE,
                         "%s: model: %s gives %zu values, %s has %zu compounds; set the units of "
                         "the layer below it to %zu",
                         file, site.layer, floats, t->source.what, t->source.classes,
                         t->source.classes);
    return fmx__loss_check(loss->loss, loss->options, &site);
}

/* The layer that a loss names, and the value that it takes: that or the logits below it. */
static fmx_status find_loss(fmx__trainer *t, const fmx__recipe_stage *stage)
{
    const fmx__graph *graph = &t->graph;
    const char *file = t->job->recipe->file;
    fmx__train_loss loss = {
        .loss = fmx__loss_find(stage->group),
        .options = stage->options,
        .output = graph->input_count + graph->layer_count - 1,
    };
    const char *name = loss.options->layer;
    if (t->loss_count == FMX__TRAIN_LOSSES)
        return fmx__fail(t->ctx, FMX_ERROR_RECIPE, "%s: train.loss: more than %d losses", file,
                         FMX__TRAIN_LOSSES);
    if (name[0] != '\0' && !fmx__graph_find(graph, name, &loss.output))
        return fmx__fail(t->ctx, FMX_ERROR_RECIPE,
                         "%s: train.loss.%s: layer: the model has no layer \"%s\"", file,
                         stage->group->name, name);
    if (!fmx__source_find_target(&t->source, loss.options->target, &loss.target))
        return fmx__fail(t->ctx, FMX_ERROR_RECIPE,
                         "%s: train.loss.%s: target: %s has no \"%s\"; see train.source", file,
                         stage->group->name, t->source.what, loss.options->target);
    const fmx__source_target *target = &t->source.target[loss.target];
    loss.target_shape = (fmx__shape){target->channels, target->positions, false};
    fmx_status status = check_loss(t, &loss);
    if (status != FMX_OK)
        return status;
    loss.value = fmx__loss_takes_logits(loss.loss, loss.options)
                     ? fmx__graph_maker(graph, loss.output)->in[0]
                     : loss.output;
    t->loss[t->loss_count++] = loss;
    return FMX_OK;
}

/* The outputs that name compounds: a network that learns from spectra has them, one that learns
 * from a generator answers its losses only. */
static fmx_status find_heads(fmx__trainer *t)
{
    t->has_heads = t->source.names_compounds;
    return t->has_heads ? fmx__model_find_heads(&t->graph, &t->heads) : FMX_OK;
}

/* Every output must be trained: what has no loss would answer with its first weights. */
static fmx_status check_heads(const fmx__trainer *t)
{
    const size_t heads[2] = {t->heads.presence, t->heads.proportion};
    for (size_t h = 0; h < FMX__COUNT(heads); ++h) {
        const fmx__graph_layer *head = fmx__graph_maker(&t->graph, heads[h]);
        bool found = false;
        for (size_t i = 0; i < t->loss_count; ++i)
            found = found || t->loss[i].output == heads[h];
        if (!found)
            return fmx__fail(t->ctx, FMX_ERROR_RECIPE,
                             "%s: train.loss: no loss names the output \"%s\"; add one with layer: "
                             "%s, or take the layer out",
                             t->job->recipe->file, head->name, head->name);
    }
    return FMX_OK;
}

/* Weights, gradients and moments: said before anything is made. */
static fmx_status check_memory(const fmx__trainer *t)
{
    const fmx_device_info *info = fmx_device_describe(t->device);
    double need = (double)(2 + fmx__train_update_slabs(t)) * sizeof(float) *
                  (double)fmx__graph_parameters(&t->graph, true);
    if (need > (double)info->memory_bytes)
        return fmx__fail(
            t->ctx, FMX_ERROR_DEVICE_MEMORY,
            "%s: %zu weights with gradients and moments take %.0f MiB, \"%s\" has %.0f "
            "MiB; make the model smaller, above all the layer behind flatten",
            t->job->recipe->file, fmx__graph_parameters(&t->graph, true), need / (1 << 20),
            info->name, (double)info->memory_bytes / (1 << 20));
    return FMX_OK;
}

static fmx_status open_network(fmx__trainer *t)
{
    const fmx__recipe *recipe = t->job->recipe;
    const fmx__recipe_part *loss = fmx__recipe_find(recipe, "train.loss");
    fmx_status status = fmx__train_find_optimiser(t);
    if (status == FMX_OK)
        status = fmx__graph_create(t->ctx, recipe, t->source.positions, &t->graph);
    if (status == FMX_OK)
        status = fmx__model_check_input(&t->graph, t->source.channels, t->source.positions);
    if (status == FMX_OK)
        status = find_heads(t);
    for (size_t i = 0; status == FMX_OK && i < loss->count; ++i)
        status = find_loss(t, &loss->stage[i]);
    if (status == FMX_OK)
        status = t->has_heads ? check_heads(t) : FMX_OK;
    if (status == FMX_OK)
        status = check_memory(t);
    if (status == FMX_OK)
        status = fmx__weights_create(t->device, &t->graph, true, &t->weights);
    if (status == FMX_OK)
        status = fmx__penalties_open(t->device, recipe, &t->weights, &t->graph, &t->penalties);
    if (status == FMX_OK)
        status = fmx__train_open_update(t);
    return status == FMX_OK ? fmx__train_begin(t) : status;
}

fmx_status fmx__train_begin(fmx__trainer *t)
{
    t->state = (fmx__train_state){.learning_rate = t->update.options->learning_rate,
                                  .best_loss = INFINITY,
                                  .plateau_best = INFINITY};
    t->op_step.seed = fmx__random_key((uint64_t)t->job->recipe->head.seed);
    fmx_status status = fmx__train_zero_moments(t);
    for (size_t i = 0; status == FMX_OK && i < t->weights.count; ++i)
        status = fmx__initialise(t->device, &t->weights.tensor[i].spec, (uint32_t)i,
                                 t->op_step.seed, t->weights.tensor[i].value);
    if (status == FMX_OK && t->job->init != NULL)
        status = fmx__train_load(t, t->job->init);
    return status == FMX_OK ? fmx__train_start_average(t) : status;
}

static void close_trainer(fmx__trainer *t)
{
    fmx__train_passes_clear(t);
    fmx__train_close_update(t);
    fmx__train_scores_close(t);
    fmx__penalties_clear(&t->penalties);
    fmx__train_best_close(t);
    fmx__weights_clear(&t->weights);
    fmx__graph_clear(&t->graph);
    fmx__source_close(&t->source);
    free(t->truth);
    free(t->presence);
    free(t->proportion);
    free(t->recipe_text);
    free(t->tile_set);
    free(t->last_tile_set);
    free(t->history);
    free(t->last);
    free(t->best);
    free(t->csv);
    free(t->events);
}

bool fmx__train_follow(fmx__train_state *s, const fmx__train *o, bool plateau, double loss)
{
    bool better = loss < s->best_loss - o->stop_least;
    if (better) {
        s->best_loss = loss;
        s->best_epoch = s->epoch;
        s->stop_wait = 0;
    } else {
        ++s->stop_wait;
    }
    if (!plateau)
        return better;
    if (loss < s->plateau_best - o->plateau_least) {
        s->plateau_best = loss;
        s->plateau_wait = 0;
    } else if (++s->plateau_wait >= (uint64_t)o->plateau_patience && o->plateau_patience > 0) {
        if (s->learning_rate > o->plateau_floor)
            s->learning_rate = fmax(s->learning_rate * o->plateau_factor, o->plateau_floor);
        s->plateau_wait = 0;
    }
    return better;
}

bool fmx__train_goes_on(const fmx__train_state *s, const fmx__train *o)
{
    return s->epoch < (uint64_t)o->epochs &&
           (o->stop_patience == 0 || s->stop_wait < (uint64_t)o->stop_patience);
}

/* What the validation loss means for stopping and the rate; whether it is the best. */
static bool follow(fmx__trainer *t, double loss)
{
    return fmx__train_follow(&t->state, t->options,
                             t->update.schedule->kind == FMX__SCHEDULE_PLATEAU, loss);
}

fmx_status fmx__train_follow_again(fmx__trainer *t, fmx__train_figures *figures)
{
    fmx_status status = fmx__train_swap_average(t);
    if (status == FMX_OK)
        status = fmx__train_validate(t, figures);
    if (status == FMX_OK)
        status = fmx__train_swap_average(t);
    follow(t, figures->validation_loss);
    return status;
}

/* The epoch's figures; its weights are kept when they are the best so far. */
static fmx_status judge_weights(fmx__trainer *t, fmx__train_figures *figures)
{
    fmx_status status = fmx__train_validate(t, figures);
    if (status == FMX_OK && !isfinite(figures->validation_loss))
        status = fmx__fail(t->ctx, FMX_ERROR_FORMAT,
                           "training: the validation loss of epoch %llu is not finite; a lower "
                           "learning_rate may help",
                           (unsigned long long)t->state.epoch);
    if (status == FMX_OK)
        status = fmx__train_note(t, figures);
    if (status != FMX_OK)
        return status;
    bool better = follow(t, figures->validation_loss);
    fmx__train_say(t, figures, better);
    return better ? fmx__train_keep_best(t) : FMX_OK;
}

/* Averaged weights, where there are any, are what is judged and kept. */
static fmx_status judge(fmx__trainer *t, fmx__train_figures *figures)
{
    fmx_status status = fmx__train_swap_average(t);
    if (status == FMX_OK)
        status = judge_weights(t, figures);
    if (status == FMX_OK)
        status = fmx__train_swap_average(t);
    return status;
}

/* Without validation. */
static fmx_status note_only(fmx__trainer *t, fmx__train_figures *figures)
{
    figures->validation_loss = figures->f1 = figures->accuracy = NAN;
    t->state.best_epoch = t->state.epoch;
    fmx__train_scores_begin(t);
    fmx__train_scores_end(t, figures); /* NaN: of no items */
    fmx__train_say(t, figures, false);
    return fmx__train_note(t, figures);
}

static fmx_status one_epoch(fmx__trainer *t)
{
    fmx__train_figures figures = {0};
    fmx_status status = fmx__train_epoch(t, &figures);
    if (status != FMX_OK)
        return status;
    ++t->state.epoch;
    status = t->options->validate ? judge(t, &figures) : note_only(t, &figures);
    bool ends = !fmx__train_goes_on(&t->state, t->options);
    bool checkpoint = ends || t->state.epoch % (uint64_t)t->options->checkpoint == 0;
    if (status == FMX_OK)
        status = fmx__train_write_best(t, checkpoint);
    if (status == FMX_OK && checkpoint)
        status = fmx__train_write(t, t->last, true, NAN);
    if (status == FMX_OK && ends)
        status = fmx__train_write_history(t, true);
    return status;
}

/* The threshold that the recipe asks for, and the F1 of the validation items at it. */
static fmx_status choose_threshold(fmx__trainer *t, fmx__train_result *result)
{
    const fmx__evaluate_options *evaluate = fmx__recipe_find(t->job->recipe, "evaluate")->options;
    fmx_status status = FMX_OK;
    result->threshold = NAN;
    result->best_f1 = NAN;
    if (!t->has_heads)
        return FMX_OK;
    result->threshold = evaluate->threshold > 0 ? evaluate->threshold : fmx__train_threshold(t);
    if (t->options->validate && !(evaluate->threshold > 0))
        status = fmx__evaluation_threshold(t->ctx, t->validation_items, t->source.classes, t->truth,
                                           t->presence, &result->threshold);
    result->best_f1 = fmx__train_f1(t, result->threshold);
    return status;
}

/* The best weights, their threshold, and the model. */
static fmx_status finish(fmx__trainer *t, fmx__train_result *result)
{
    fmx__train_figures figures = {0};
    fmx_status status =
        t->options->validate ? fmx__train_load(t, t->best) : fmx__train_swap_average(t);
    if (status == FMX_OK && t->options->validate)
        status = fmx__train_validate(t, &figures);
    if (status == FMX_OK && t->options->validate && t->options->calibrate)
        status = fmx__train_calibrate(t);
    if (status == FMX_OK)
        status = choose_threshold(t, result);
    if (status == FMX_OK)
        status = fmx__train_write(t, t->job->out, false, result->threshold);
    if (status == FMX_OK && !t->job->keep)
        fmx__train_tidy(t);
    return status;
}

static fmx_status open_trainer(fmx__trainer *t, bool *finished)
{
    fmx_status status = fmx__train_options(t->ctx, t->job->recipe, &t->options);
    if (status == FMX_OK)
        status = open_source(t);
    if (status == FMX_OK)
        status = fmx__recipe_text(t->ctx, t->job->recipe, &t->recipe_text);
    if (status == FMX_OK)
        status = fmx__train_paths(t);
    if (status == FMX_OK)
        status = open_network(t);
    if (status == FMX_OK)
        status = fmx__train_scores_open(t);
    if (status != FMX_OK)
        return status;
    status = fmx__train_resume(t, finished);
    if (status == FMX_OK && !*finished)
        status = fmx__train_passes(t);
    return status == FMX_OK && !*finished ? fmx__train_check_tiles(t) : status;
}

fmx_status fmx__train_run(const fmx__train_job *job, fmx__train_result *result)
{
    fmx__trainer t = {
        .job = job, .device = job->device, .kept = {.history_s = -INFINITY, .best_s = -INFINITY}};
    t.ctx = fmx__device_context(job->device);
    *result = (fmx__train_result){0};
    fmx_status status = open_trainer(&t, &result->finished_before);
    if (status == FMX_OK && !result->finished_before) {
        char classes[48] = "";
        if (t.source.classes > 0)
            snprintf(classes, sizeof classes, "%zu compounds, ", t.source.classes);
        fmx__log(t.ctx, FMX_LOG_INFO, "%s%zu items an epoch, %zu to validate, %zu weights", classes,
                 t.source.items[FMX__SPLIT_TRAIN], t.validation_items,
                 fmx__graph_parameters(&t.graph, false));
        t.first_epoch = t.state.epoch;
        t.started_s = fmx__train_now_s();
        if (job->events != NULL)
            status = fmx__event_log_begin(t.ctx, job->events, &t.events);
        while (status == FMX_OK && fmx__train_goes_on(&t.state, t.options))
            status = one_epoch(&t);
        if (status != FMX_OK)
            fmx__train_leave_history(&t);
        if (status != FMX_OK && t.bad_step > 0)
            status = fmx__train_replay(&t);
        if (status == FMX_OK)
            status = finish(&t, result);
    }
    result->classes = t.source.classes;
    result->names_compounds = t.has_heads;
    result->parameters = t.graph.layer_count > 0 ? fmx__graph_parameters(&t.graph, false) : 0;
    result->epochs = (size_t)t.state.epoch;
    result->best_epoch = (size_t)t.state.best_epoch;
    result->best_loss = t.state.best_loss;
    close_trainer(&t);
    return status;
}

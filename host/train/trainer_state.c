/* What is on disk of a training: checkpoints, the model, the history. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "c_locale.h"
#include "event_log.h"
#include "trainer_internal.h"

enum { STATE_BYTES = 512, LINE = 256 };

static const char state_key[] = "fidmix.training";
static const char splits_key[] = "fidmix.splits";
static const char history_head[] =
    "epoch,learning_rate,loss,validation_loss,validation_f1,validation_accuracy,gradient_norm\n";

fmx_status fmx__train_paths(fmx__trainer *t)
{
    const char *out = t->job->out;
    fmx_status status = fmx__format(t->ctx, &t->last, "%s.last", out);
    if (status == FMX_OK)
        status = fmx__format(t->ctx, &t->best, "%s.best", out);
    if (status == FMX_OK)
        status = fmx__format(t->ctx, &t->csv, "%s.history.csv", out);
    if (status == FMX_OK)
        status = fmx__format(t->ctx, &t->history, "%s", history_head);
    return status;
}

/* Layers as `fidmix info` shows them. */
static fmx_status fill_layers(fmx__trainer *t, fmx__model_facts *facts)
{
    fmx_status status =
        fmx__alloc(t->ctx, t->graph.layer_count, sizeof *facts->layer, "layers", &facts->layer);
    for (size_t i = 0; status == FMX_OK && i < t->graph.layer_count; ++i) {
        const fmx__graph_layer *from = &t->graph.layer[i];
        fmx__model_layer *to = &facts->layer[facts->layers++];
        status = fmx__format(t->ctx, &to->name, "%s", from->name);
        if (status == FMX_OK)
            status = fmx__format(t->ctx, &to->op, "%s", from->op->group.name);
        if (fmx__shape_items(&from->plan.out) > 1)
            to->shape[to->rank++] = from->plan.out.items;
        to->shape[to->rank++] = from->plan.out.channels;
        to->shape[to->rank++] = from->plan.out.positions;
    }
    return status;
}

static fmx_status fill_facts(fmx__trainer *t, double threshold, fmx__model_facts *facts)
{
    const fmx__source *source = &t->source;
    *facts = fmx__model_facts_none;
    facts->threshold = threshold;
    facts->axis.first_ppm = source->first_ppm;
    facts->axis.last_ppm = source->last_ppm;
    facts->axis.points = source->nucleus[0] != '\0' ? source->positions : 0;
    snprintf(facts->axis.nucleus, sizeof facts->axis.nucleus, "%s", source->nucleus);
    fmx_status status = fmx__format(t->ctx, &facts->recipe, "%s", t->recipe_text);
    if (status == FMX_OK)
        status = fmx__format(t->ctx, &facts->history, "%s", t->history);
    if (status == FMX_OK)
        status = fmx__format(t->ctx, &facts->tile_set, "%s", t->tile_set);
    if (status == FMX_OK)
        status = fmx__alloc(t->ctx, t->source.classes, sizeof *facts->class_name, "classes",
                            &facts->class_name);
    for (size_t c = 0; status == FMX_OK && c < t->source.classes; ++c) {
        status = fmx__format(t->ctx, &facts->class_name[c], "%s", t->source.class_name[c]);
        facts->classes = c + 1;
    }
    return status == FMX_OK ? fill_layers(t, facts) : status;
}

fmx_status fmx__train_write(fmx__trainer *t, const char *path, bool with_state, double threshold)
{
    char text[STATE_BYTES];
    const fmx__train_state *s = &t->state;
    fmx__model_facts facts;
    fmx_status status = fill_facts(t, threshold, &facts);
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    /* hexadecimal floats: to the bit */
    snprintf(text, sizeof text,
             "epoch=%" PRIu64 " step=%" PRIu64 " learning_rate=%a best_loss=%a best_epoch=%" PRIu64
             " stop_wait=%" PRIu64 " plateau_best=%a plateau_wait=%" PRIu64,
             s->epoch, s->step, s->learning_rate, s->best_loss, s->best_epoch, s->stop_wait,
             s->plateau_best, s->plateau_wait);
    fmx__c_locale_leave(&locale);
    fmx__text_pair more[2];
    size_t count = 0;
    if (t->source.splits != NULL)
        more[count++] = (fmx__text_pair){splits_key, t->source.splits};
    if (with_state)
        more[count++] = (fmx__text_pair){state_key, text};
    if (status == FMX_OK)
        status = fmx__weight_file_write(t->ctx, path, &t->weights, with_state ? &t->moments : NULL,
                                        &facts, more, count);
    fmx__model_facts_clear(&facts);
    return status;
}

fmx_status fmx__train_note(fmx__trainer *t, const fmx__train_figures *figures)
{
    char line[LINE];
    char scores[FMX__TRAIN_SCORES_TEXT];
    char *longer = NULL;
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    snprintf(line, sizeof line, "%" PRIu64 ",%.9g,%.9g,%.9g,%.6f,%.6f,%.6g", t->state.epoch,
             figures->learning_rate, figures->loss, figures->validation_loss, figures->f1,
             figures->accuracy, figures->gradient_norm);
    fmx__train_scores_text(t, figures, true, scores, sizeof scores);
    fmx__c_locale_leave(&locale);
    fmx_status status = fmx__format(t->ctx, &longer, "%s%s%s\n", t->history, line, scores);
    if (status != FMX_OK)
        return status;
    free(t->history);
    t->history = longer;
    status = fmx__train_write_history(t, false);
    if (status == FMX_OK && t->events != NULL)
        status = fmx__event_log_add(t->ctx, t->events, t->history);
    return status;
}

fmx_status fmx__train_load(fmx__trainer *t, const char *path)
{
    fmx__safetensors *file = NULL;
    fmx_status status = fmx__safetensors_open(t->ctx, path, &file);
    if (status == FMX_OK)
        status = fmx__weight_file_read(t->ctx, file, &t->weights, NULL);
    fmx__safetensors_close(file);
    return status;
}

/* The number behind "key=" in the text, as a whole number or a hexadecimal float. */
static bool find_count(const char *text, const char *key, uint64_t *out)
{
    const char *at = strstr(text, key);
    char *end = NULL;
    if (at == NULL)
        return false;
    *out = strtoull(at + strlen(key), &end, 10);
    return end != at + strlen(key);
}

static bool find_number(const char *text, const char *key, double *out)
{
    const char *at = strstr(text, key);
    char *end = NULL;
    if (at == NULL)
        return false;
    *out = fmx__c_strtod(at + strlen(key), &end);
    return end != at + strlen(key);
}

static fmx_status read_state(fmx__trainer *t, const fmx__safetensors *file)
{
    fmx__train_state *s = &t->state;
    const char *text = fmx__safetensors_text(file, state_key);
    bool found = text != NULL && find_count(text, "epoch=", &s->epoch) &&
                 find_count(text, " step=", &s->step) &&
                 find_number(text, " learning_rate=", &s->learning_rate) &&
                 find_number(text, " best_loss=", &s->best_loss) &&
                 find_count(text, " best_epoch=", &s->best_epoch) &&
                 find_count(text, " stop_wait=", &s->stop_wait) &&
                 find_number(text, " plateau_best=", &s->plateau_best) &&
                 find_count(text, " plateau_wait=", &s->plateau_wait);
    if (!found)
        return fmx__fail(t->ctx, FMX_ERROR_FORMAT,
                         "%s: %s is missing or damaged; remove the file to begin anew", t->last,
                         state_key);
    return FMX_OK;
}

/* The recipe of a file, with this job's number of epochs, must be this job's: more epochs are the
 * one change that a training may go on with, unless its schedule reaches to the end. A model that
 * is finished must have this job's epochs, too: its moments are gone. */
static fmx_status check_recipe(fmx__trainer *t, const char *path, const char *recipe, bool finished)
{
    fmx__recipe before;
    char epochs[64];
    char *text = NULL;
    if (recipe == NULL)
        return fmx__fail(t->ctx, FMX_ERROR_EXISTS,
                         "%s: holds no recipe: not made by a training; give another --out", path);
    if (strcmp(recipe, t->recipe_text) == 0)
        return FMX_OK;
    snprintf(epochs, sizeof epochs, "train.epochs=%" PRId64, t->options->epochs);
    fmx_status status = fmx__recipe_parse(t->ctx, path, recipe, strlen(recipe),
                                          &fmx__recipe_schema_full, NULL, 0, &before);
    bool to_the_end =
        t->update.schedule->kind == FMX__SCHEDULE_COSINE && t->update.schedule_options->length == 0;
    if (status == FMX_OK && !to_the_end)
        status = fmx__recipe_set(t->ctx, &before, epochs);
    if (status == FMX_OK)
        status = fmx__recipe_text(t->ctx, &before, &text);
    if (status == FMX_OK && strcmp(text, t->recipe_text) != 0)
        status = fmx__fail(
            t->ctx, FMX_ERROR_EXISTS,
            "%s: was made by another recipe or seed; give another --out, or remove it", path);
    else if (status == FMX_OK && finished)
        status = fmx__fail(t->ctx, FMX_ERROR_EXISTS,
                           "%s: is finished, with another number of epochs; to train it further, "
                           "give it as --init and another --out",
                           path);
    free(text);
    fmx__recipe_clear(&before);
    return status;
}

/* The checkpoint must be of this dataset, and what it counts as best must be there. */
static fmx_status check_last(fmx__trainer *t, const fmx__model_facts *facts)
{
    bool same = facts->classes == t->source.classes;
    for (size_t c = 0; same && c < facts->classes; ++c)
        same = strcmp(facts->class_name[c], t->source.class_name[c]) == 0;
    if (!same)
        return fmx__fail(t->ctx, FMX_ERROR_EXISTS,
                         "%s: was trained on other compounds than those of %s; give another --out, "
                         "or remove it",
                         t->last, t->source.what);
    if (t->state.step != t->state.epoch * fmx__source_batches(&t->source, FMX__SPLIT_TRAIN))
        return fmx__fail(t->ctx, FMX_ERROR_EXISTS,
                         "%s: has %" PRIu64 " steps in %" PRIu64 " epochs, %s gives %zu an epoch: "
                         "it is another dataset; give another --out, or remove it",
                         t->last, t->state.step, t->state.epoch, t->source.what,
                         fmx__source_batches(&t->source, FMX__SPLIT_TRAIN));
    if (t->options->validate && t->state.best_epoch > 0 && access(t->best, R_OK) != 0)
        return fmx__fail(t->ctx, FMX_ERROR_NOT_FOUND,
                         "%s: the best weights so far are missing; bring the file back, or remove "
                         "%s to begin anew",
                         t->best, t->last);
    return FMX_OK;
}

/* The rows must be the same, in the same splits. */
static fmx_status check_splits(fmx__trainer *t, const fmx__safetensors *file)
{
    const char *before = fmx__safetensors_text(file, splits_key);
    if (before == NULL || t->source.splits == NULL || strcmp(before, t->source.splits) == 0)
        return FMX_OK;
    return fmx__fail(t->ctx, FMX_ERROR_EXISTS,
                     "%s: was trained on other rows than those of %s (%s, now %s); give another "
                     "--out, or remove it",
                     t->last, t->source.what, before, t->source.splits);
}

fmx_status fmx__train_check_tiles(fmx__trainer *t)
{
    const fmx_device_info *info = fmx_device_describe(t->device);
    const fmx__recording *const recordings[] = {t->full.recording, t->rest.recording, t->step,
                                                t->check.recording};
    uint64_t digest = 0;
    for (size_t i = 0; i < FMX__COUNT(recordings); ++i)
        digest = digest * UINT64_C(0x100000001b3) +
                 (recordings[i] != NULL ? fmx__recording_digest(recordings[i]) : 0);
    fmx_status status = fmx__format(
        t->ctx, &t->tile_set, "%s, %s variants; %s, driver %s; kernels %016" PRIx64, info->platform,
        fmx__device_wide(t->device) ? "wide" : "GPU", info->name, info->driver, digest);
    if (status == FMX_OK && t->last_tile_set != NULL && strcmp(t->last_tile_set, t->tile_set) != 0)
        status = fmx__fail(t->ctx, FMX_ERROR_EXISTS,
                           "%s: was made with \"%s\", this is \"%s\": going on would give other "
                           "bits; resume there, or train on from it with --init and another --out",
                           t->last, t->last_tile_set, t->tile_set);
    return status;
}

fmx_status fmx__train_restore(fmx__trainer *t)
{
    fmx__safetensors *file = NULL;
    fmx__model_facts facts = fmx__model_facts_none;
    fmx_status status = fmx__safetensors_open(t->ctx, t->last, &file);
    if (status == FMX_OK)
        status = fmx__model_facts_read(t->ctx, t->last, file, &facts);
    if (status == FMX_OK)
        status = check_recipe(t, t->last, facts.recipe, false);
    if (status == FMX_OK)
        status = read_state(t, file);
    if (status == FMX_OK)
        status = check_last(t, &facts);
    if (status == FMX_OK)
        status = check_splits(t, file);
    if (status == FMX_OK && facts.tile_set != NULL && t->last_tile_set == NULL)
        status = fmx__format(t->ctx, &t->last_tile_set, "%s", facts.tile_set);
    if (status == FMX_OK)
        status = fmx__weight_file_read(t->ctx, file, &t->weights, &t->moments);
    if (status == FMX_OK && facts.history != NULL) {
        char *history = NULL;
        status = fmx__format(t->ctx, &history, "%s", facts.history);
        if (status == FMX_OK) {
            free(t->history);
            t->history = history;
        }
    }
    fmx__model_facts_clear(&facts);
    fmx__safetensors_close(file);
    return status;
}

static fmx_status check_finished(fmx__trainer *t)
{
    fmx__safetensors *file = NULL;
    fmx__model_facts facts = fmx__model_facts_none;
    fmx_status status = fmx__safetensors_open(t->ctx, t->job->out, &file);
    if (status == FMX_OK)
        status = fmx__model_facts_read(t->ctx, t->job->out, file, &facts);
    if (status == FMX_OK)
        status = check_recipe(t, t->job->out, facts.recipe, true);
    fmx__model_facts_clear(&facts);
    fmx__safetensors_close(file);
    return status;
}

fmx_status fmx__train_resume(fmx__trainer *t, bool *finished)
{
    bool has_out = access(t->job->out, F_OK) == 0;
    bool has_last = access(t->last, F_OK) == 0;
    *finished = false;
    if (!t->job->resume && (has_out || has_last))
        return fmx__fail(t->ctx, FMX_ERROR_EXISTS,
                         "%s: is there already; --resume goes on with it, or remove it",
                         has_out ? t->job->out : t->last);
    if (has_last)
        return fmx__train_restore(t);
    if (has_out) {
        *finished = true;
        return check_finished(t);
    }
    return FMX_OK;
}

void fmx__train_tidy(const fmx__trainer *t)
{
    unlink(t->last);
    unlink(t->best);
}

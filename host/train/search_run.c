/* Trials of a search, one after the other; what is known of them lies in DIR/trials.csv. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomic_file.h"
#include "c_locale.h"
#include "csv_read.h"
#include "launch.h"
#include "search.h"
#include "train_section.h"

enum { MOST_RUNGS = 64, FILE_MOST = 64 << 20, COLUMNS = 6 };

typedef struct search {
    const fmx__search_job *job;
    fmx_context *ctx;
    fmx__search_trial *trial; /* [job->trials], by number */
    char *recipe_text;
    int64_t rung[MOST_RUNGS]; /* epochs behind each */
    size_t rungs;
    uint64_t seed;
} search;

/* ---- files ------------------------------------------------------------------------------------
 */

/* DIR/search.yml says what search this is. */
static fmx_status check_folder(const search *s)
{
    const fmx__search_job *job = s->job;
    char *path = NULL;
    char *text = NULL;
    char *before = NULL;
    size_t bytes = 0;
    fmx_status status = fmx__make_folders(s->ctx, job->out);
    if (status == FMX_OK)
        status = fmx__format(s->ctx, &path, "%s/search.yml", job->out);
    if (status == FMX_OK)
        status =
            fmx__format(s->ctx, &text, "# recipe\n%s# space\n%s", s->recipe_text, job->space->text);
    if (status == FMX_OK && access(path, F_OK) != 0) {
        status = fmx__atomic_write(s->ctx, path, false, text, strlen(text));
    } else if (status == FMX_OK) {
        status = fmx__read_file(s->ctx, path, FILE_MOST, &before, &bytes);
        if (status == FMX_OK && !job->resume)
            status = fmx__fail(s->ctx, FMX_ERROR_EXISTS,
                               "%s: a search is there; --resume goes on with it, or give another "
                               "--out",
                               job->out);
        else if (status == FMX_OK && strcmp(before, text) != 0)
            status = fmx__fail(s->ctx, FMX_ERROR_EXISTS,
                               "%s: is a search by another recipe, seed or space; give another "
                               "--out",
                               job->out);
    }
    free(path);
    free(text);
    free(before);
    return status;
}

/* A field in quotes, those within doubled. */
static void put_field(FILE *to, const char *text)
{
    fputs(",\"", to);
    for (; *text != '\0'; ++text) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text == '\n' ? ' ' : *text, to);
    }
    fputc('"', to);
}

static fmx_status write_trials(const search *s)
{
    const fmx__search_space *space = s->job->space;
    char *path = NULL;
    fmx__atomic_file file = {0};
    fmx__c_locale locale;
    fmx_status status = fmx__format(s->ctx, &path, "%s/trials.csv", s->job->out);
    if (status == FMX_OK)
        status = fmx__atomic_open(s->ctx, path, true, &file);
    if (status == FMX_OK) {
        fmx__c_locale_enter(&locale);
        fprintf(file.stream, "trial,rungs,epochs,%s,parameters,note", space->metric);
        for (size_t i = 0; i < space->entries; ++i)
            put_field(file.stream, space->entry[i].name);
        for (size_t i = 0; i < s->job->trials; ++i) {
            const fmx__search_trial *t = &s->trial[i];
            fprintf(file.stream, "\n%zu,%zu,%zu,%.17g,%zu", t->number, t->rungs, t->epochs,
                    t->score, t->parameters);
            put_field(file.stream, t->note != NULL ? t->note : "");
            for (size_t k = 0; k < space->entries; ++k)
                put_field(file.stream, t->value[k]);
        }
        fputc('\n', file.stream);
        fmx__c_locale_leave(&locale);
        status = fmx__atomic_commit(s->ctx, &file);
    }
    fmx__atomic_abandon(&file);
    free(path);
    return status;
}

/* What an earlier run found out. */
static fmx_status read_trials(const search *s)
{
    char *path = NULL;
    fmx__csv csv = {0};
    fmx_status status = fmx__format(s->ctx, &path, "%s/trials.csv", s->job->out);
    if (status == FMX_OK && access(path, F_OK) == 0)
        status = fmx__csv_read(s->ctx, path, FILE_MOST, &csv);
    for (size_t i = 1; status == FMX_OK && i < csv.count; ++i) {
        char **field = csv.row[i].field;
        size_t number = csv.row[i].count > COLUMNS ? strtoull(field[0], NULL, 10) : 0;
        if (number < 1)
            status = fmx__fail(s->ctx, FMX_ERROR_FORMAT, "%s:%zu: is no row of a search", path,
                               csv.row[i].line);
        if (status != FMX_OK || number > s->job->trials)
            continue;
        fmx__search_trial *t = &s->trial[number - 1];
        t->rungs = strtoull(field[1], NULL, 10);
        t->epochs = strtoull(field[2], NULL, 10);
        t->score = fmx__c_strtod(field[3], NULL);
        t->parameters = strtoull(field[4], NULL, 10);
        if (field[5][0] != '\0')
            status = fmx__format(s->ctx, &t->note, "%s", field[5]);
    }
    fmx__csv_clear(&csv);
    free(path);
    return status;
}

/* The metric at the best epoch, from the history beside a model. */
static fmx_status read_score(const search *s, const char *model, size_t epoch, double *score)
{
    const char *metric = s->job->space->metric;
    char *path = NULL;
    fmx__csv csv = {0};
    size_t column = 0;
    fmx_status status = fmx__format(s->ctx, &path, "%s.history.csv", model);
    if (status == FMX_OK)
        status = fmx__csv_read(s->ctx, path, FILE_MOST, &csv);
    if (status == FMX_OK && csv.count > 0) {
        while (column < csv.row[0].count && strcmp(csv.row[0].field[column], metric) != 0)
            ++column;
        if (column == csv.row[0].count)
            status = fmx__fail(s->ctx, FMX_ERROR_FORMAT, "space: metric: %s has no column \"%s\"",
                               path, metric);
    }
    for (size_t i = 1; status == FMX_OK && i < csv.count; ++i) {
        if (strtoull(csv.row[i].field[0], NULL, 10) == epoch && column < csv.row[i].count)
            *score = fmx__c_strtod(csv.row[i].field[column], NULL);
    }
    fmx__csv_clear(&csv);
    free(path);
    return status;
}

/* ---- trials -----------------------------------------------------------------------------------
 */

/* The recipe of a trial, trained to so many epochs. */
static fmx_status train_trial(const search *s, fmx__search_trial *trial, int64_t epochs)
{
    const fmx__search_job *job = s->job;
    char setting[64];
    char *out = NULL;
    fmx__recipe recipe = {0};
    fmx__train_result result = {0};
    fmx__train_job train = {.device = job->device,
                            .recipe = &recipe,
                            .spectra = job->spectra,
                            .resume = true,
                            .keep = true};
    snprintf(setting, sizeof setting, "train.epochs=%" PRId64, epochs);
    fmx_status status =
        fmx__format(s->ctx, &out, "%s/trial_%04zu.safetensors", job->out, trial->number);
    train.out = out;
    if (status == FMX_OK)
        status =
            fmx__recipe_parse(s->ctx, job->recipe->file, s->recipe_text, strlen(s->recipe_text),
                              &fmx__recipe_schema_full, NULL, 0, &recipe);
    /* the text writes out what the recipe left to its defaults */
    for (size_t i = 0; status == FMX_OK && i < recipe.part_count; ++i)
        recipe.part[i].given = job->recipe->part[i].given;
    if (status == FMX_OK)
        status = fmx__search_apply(s->ctx, job->space, s->seed, trial->number - 1, &recipe);
    if (status == FMX_OK)
        status = fmx__recipe_set(s->ctx, &recipe, setting);
    if (status == FMX_OK)
        status = fmx__train_run(&train, &result);
    if (status == FMX_OK)
        status = read_score(s, out, result.best_epoch, &trial->score);
    if (status == FMX_OK) {
        trial->epochs = result.epochs;
        trial->parameters = result.parameters;
    }
    fmx__recipe_clear(&recipe);
    free(out);
    return status;
}

/* Settings that cannot be trained are a result, too. */
static bool is_trials_fault(fmx_status status)
{
    return status == FMX_ERROR_RECIPE || status == FMX_ERROR_FORMAT || status == FMX_ERROR_SHAPE ||
           status == FMX_ERROR_DEVICE_MEMORY;
}

static fmx_status run_trial(const search *s, fmx__search_trial *trial, size_t rung)
{
    fmx__log(s->ctx, FMX_LOG_INFO, "trial %zu of %zu, up to %" PRId64 " epochs:", trial->number,
             s->job->trials, s->rung[rung]);
    for (size_t i = 0; i < s->job->space->entries; ++i)
        fmx__log(s->ctx, FMX_LOG_INFO, "  %s = %s", s->job->space->entry[i].name, trial->value[i]);
    fmx_status status = train_trial(s, trial, s->rung[rung]);
    if (is_trials_fault(status)) {
        fmx__log(s->ctx, FMX_LOG_WARNING, "trial %zu: %s", trial->number,
                 fmx_context_message(s->ctx));
        trial->score = NAN;
        status = fmx__format(s->ctx, &trial->note, "%s", fmx_context_message(s->ctx));
    }
    if (status == FMX_OK) {
        trial->rungs = rung + 1;
        status = write_trials(s);
    }
    return status;
}

/* Whether a comes before b: further, then better, then earlier. */
static bool is_before(const search *s, const fmx__search_trial *a, const fmx__search_trial *b)
{
    bool scored[2] = {!isnan(a->score), !isnan(b->score)};
    if (scored[0] != scored[1])
        return scored[0];
    if (a->rungs != b->rungs)
        return a->rungs > b->rungs;
    if (scored[0] && (a->score < b->score || a->score > b->score))
        return (a->score > b->score) == s->job->space->most;
    return a->number < b->number;
}

/* The numbers of the first `count` trials of a list, the best first. */
static void rank(const search *s, size_t *list, size_t count)
{
    for (size_t i = 1; i < count; ++i) {
        size_t moved = list[i];
        size_t at = i;
        for (; at > 0 && is_before(s, &s->trial[moved], &s->trial[list[at - 1]]); --at)
            list[at] = list[at - 1];
        list[at] = moved;
    }
}

/* All trials, then the best of them, then the best of those. */
static fmx_status climb(const search *s, size_t *list)
{
    size_t alive = s->job->trials;
    fmx_status status = FMX_OK;
    for (size_t rung = 0; status == FMX_OK && rung < s->rungs; ++rung) {
        for (size_t i = 0; status == FMX_OK && i < alive; ++i) {
            fmx__search_trial *t = &s->trial[list[i]];
            if (t->rungs <= rung && t->note == NULL)
                status = run_trial(s, t, rung);
        }
        if (status != FMX_OK)
            break;
        rank(s, list, alive);
        if (s->job->space->factor > 0)
            alive = (size_t)ceil((double)alive / s->job->space->factor);
    }
    if (status == FMX_OK)
        rank(s, list, s->job->trials);
    return status;
}

static fmx_status make_trials(search *s)
{
    const fmx__search_space *space = s->job->space;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < s->job->trials; ++i) {
        fmx__search_trial *t = &s->trial[i];
        t->number = i + 1;
        t->score = NAN;
        status = fmx__alloc(s->ctx, space->entries, sizeof *t->value, "a trial", &t->value);
        for (size_t k = 0; status == FMX_OK && k < space->entries; ++k) {
            size_t choice = 0;
            status = fmx__search_value(s->ctx, space, s->seed, i, k, &t->value[k], &choice);
        }
    }
    return status;
}

static fmx_status open_search(search *s)
{
    const fmx__search_space *space = s->job->space;
    const fmx__train *train = fmx__recipe_find(s->job->recipe, "train")->options;
    double epochs = (double)space->least_epochs;
    if (!train->validate)
        return fmx__fail(s->ctx, FMX_ERROR_RECIPE,
                         "%s: train.validate is off: a search needs it to tell trials apart",
                         s->job->recipe->file);
    for (; space->factor > 0 && epochs < (double)train->epochs && s->rungs < MOST_RUNGS - 1;
         epochs *= space->factor)
        s->rung[s->rungs++] = (int64_t)epochs;
    s->rung[s->rungs++] = train->epochs;
    fmx_status status = fmx__recipe_text(s->ctx, s->job->recipe, &s->recipe_text);
    if (status == FMX_OK)
        status = check_folder(s);
    if (status == FMX_OK)
        status = make_trials(s);
    return status == FMX_OK ? read_trials(s) : status;
}

/* The trials in the order of the list; the first must have a score. */
static fmx_status give_ranked(const search *s, const size_t *list, fmx__search_trial **out)
{
    fmx_status status = fmx__alloc(s->ctx, s->job->trials, sizeof **out, "a list of trials", out);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < s->job->trials; ++i)
        (*out)[i] = s->trial[list[i]];
    memset(s->trial, 0, s->job->trials * sizeof *s->trial); /* they are the caller's now */
    if (isnan((*out)[0].score))
        status = fmx__fail(s->ctx, FMX_ERROR_RECIPE, "no trial came to an end; trial %zu: %s",
                           (*out)[0].number, (*out)[0].note != NULL ? (*out)[0].note : "");
    return status;
}

fmx_status fmx__search_run(const fmx__search_job *job, fmx__search_trial **out)
{
    search s = {.job = job,
                .ctx = fmx__device_context(job->device),
                .seed = (uint64_t)job->recipe->head.seed};
    size_t *list = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(s.ctx, job->trials, sizeof *s.trial, "trials", &s.trial);
    if (status == FMX_OK)
        status = fmx__alloc(s.ctx, job->trials, sizeof *list, "trials", &list);
    for (size_t i = 0; status == FMX_OK && i < job->trials; ++i)
        list[i] = i;
    if (status == FMX_OK)
        status = open_search(&s);
    if (status == FMX_OK)
        status = climb(&s, list);
    if (status == FMX_OK)
        status = give_ranked(&s, list, out);
    fmx__search_trials_clear(s.trial, s.trial != NULL ? job->trials : 0, job->space->entries);
    free(list);
    free(s.recipe_text);
    return status;
}

void fmx__search_trials_clear(fmx__search_trial *trial, size_t count, size_t entries)
{
    for (size_t i = 0; trial != NULL && i < count; ++i) {
        for (size_t k = 0; trial[i].value != NULL && k < entries; ++k)
            free(trial[i].value[k]);
        free(trial[i].value);
        free(trial[i].note);
    }
    free(trial);
}

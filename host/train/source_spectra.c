/* Sources made of a dataset: its rows, or mixtures of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "batches.h"
#include "c_locale.h"
#include "recipe_sections.h"
#include "source.h"

typedef struct spectra {
    fmx_dataset *dataset;
    fmx__labels labels;
    fmx__spectra_store store;
    fmx__batches *batches[FMX__SPLITS]; /* training and validation */
} spectra;

/* Sets the recipe's axis to the dataset's; refuses one that the recipe states otherwise. */
static fmx_status take_axis(fmx__source *source, const fmx_dataset_info *info)
{
    const fmx__recipe *recipe = source->site.recipe;
    const fmx__recipe_part *part = fmx__recipe_find(recipe, "axis");
    fmx__axis *axis = part->options;
    double last = info->ppm[info->points - 1];
    double half = fabs(info->ppm[0] - last) / (double)(info->points - 1) / 2;
    bool same = (size_t)axis->points == info->points && strcmp(axis->nucleus, info->nucleus) == 0 &&
                fabs(axis->first_ppm - info->ppm[0]) <= half && fabs(axis->last_ppm - last) <= half;
    if (part->given && !same)
        return fmx__fail(
            source->ctx, FMX_ERROR_RECIPE,
            "%s: axis: the recipe says %s, %g to %g ppm in %lld points, %s has %s, %g "
            "to %g ppm in %zu points; process with this recipe, or take axis out of it",
            recipe->file, axis->nucleus, axis->first_ppm, axis->last_ppm, (long long)axis->points,
            source->what, info->nucleus, info->ppm[0], last, info->points);
    snprintf(axis->nucleus, sizeof axis->nucleus, "%s", info->nucleus);
    axis->first_ppm = info->ppm[0];
    axis->last_ppm = last;
    axis->points = (int64_t)info->points;
    snprintf(source->nucleus, sizeof source->nucleus, "%s", info->nucleus);
    source->first_ppm = info->ppm[0];
    source->last_ppm = last;
    return FMX_OK;
}

/* Rows of each split by number and checksum: of row number, name and source, one after the other.
 */
static void hash_splits(const fmx__labels *labels, char *const *name, char *const *path,
                        uint64_t hash[FMX__SPLITS])
{
    for (size_t row = 0; row < labels->rows; ++row) {
        uint64_t *of = &hash[labels->split[row]];
        uint64_t number = row;
        *of = XXH3_64bits_withSeed(&number, sizeof number, *of);
        *of = XXH3_64bits_withSeed(name[row], strlen(name[row]), *of);
        *of = XXH3_64bits_withSeed(path[row], strlen(path[row]), *of);
    }
}

/* Says in the source how the rows are dealt out: the rule, and what came of it. */
static fmx_status note_splits(fmx__source *source, spectra *s, const fmx__split_options *o)
{
    char **name = NULL;
    char **path = NULL;
    char rule[256];
    uint64_t hash[FMX__SPLITS] = {0};
    fmx__c_locale locale;
    fmx_status status = fmx_dataset_read_text(s->dataset, "name", 0, s->labels.rows, &name);
    if (status == FMX_OK)
        status = fmx_dataset_read_text(s->dataset, "source", 0, s->labels.rows, &path);
    if (status == FMX_OK)
        hash_splits(&s->labels, name, path, hash);
    fmx__c_locale_enter(&locale);
    snprintf(rule, sizeof rule,
             "\"rule\":\"FIDs dealt out\",\"validation\":%.9g,\"test\":%.9g,\"split_seed\":%lld,"
             "\"folds\":%lld,\"fold\":%lld",
             o->validation, o->test, (long long)o->seed, (long long)o->folds, (long long)o->fold);
    fmx__c_locale_leave(&locale);
    if (status == FMX_OK)
        status = fmx__format(source->ctx, &source->splits,
                             "{%s,\"train\":{\"rows\":%zu,\"xxh3\":\"%016llx\"},"
                             "\"validation\":{\"rows\":%zu,\"xxh3\":\"%016llx\"},"
                             "\"test\":{\"rows\":%zu,\"xxh3\":\"%016llx\"}}",
                             s->labels.stored_split ? "\"rule\":\"stored in the dataset\"" : rule,
                             fmx__labels_count(&s->labels, FMX__SPLIT_TRAIN),
                             (unsigned long long)hash[FMX__SPLIT_TRAIN],
                             fmx__labels_count(&s->labels, FMX__SPLIT_VALIDATION),
                             (unsigned long long)hash[FMX__SPLIT_VALIDATION],
                             fmx__labels_count(&s->labels, FMX__SPLIT_TEST),
                             (unsigned long long)hash[FMX__SPLIT_TEST]);
    free(name);
    free(path);
    return status;
}

static fmx_status open_data(fmx__source *source, spectra *s)
{
    const fmx__source_site *site = &source->site;
    const fmx__database *database = fmx__recipe_find(site->recipe, "database")->options;
    const fmx__train_fold *fold = fmx__recipe_find(site->recipe, "train.fold")->options;
    fmx__split_options split = fmx__database_split(database);
    split.folds = fold->count;
    split.fold = fold->index;
    fmx_status status = fmx_dataset_open(source->ctx, site->spectra, &s->dataset);
    if (status == FMX_OK)
        status = take_axis(source, fmx_dataset_describe(s->dataset));
    if (status == FMX_OK)
        status =
            fmx__labels_read(source->ctx, s->dataset, site->spectra, NULL, 0, &split, &s->labels);
    if (status == FMX_OK)
        status = note_splits(source, s, &split);
    if (status == FMX_OK)
        status = fmx__labels_need(source->ctx, &s->labels, site->spectra, FMX__SPLIT_TRAIN, true);
    if (status == FMX_OK && site->train->validate)
        status =
            fmx__labels_need(source->ctx, &s->labels, site->spectra, FMX__SPLIT_VALIDATION, false);
    return status;
}

/* Items of the other split; rows are judged as they are. */
static fmx_status open_validation(const fmx__source *source, const fmx__batches_plan *train,
                                  fmx__batches **out)
{
    fmx__batches_plan plan = *train;
    plan.split = FMX__SPLIT_VALIDATION;
    plan.shuffle = false;
    if (source->site.train->validation > 0)
        plan.items = (size_t)source->site.train->validation;
    else if (plan.mixtures == NULL)
        plan.items = 0;
    if (plan.mixtures == NULL)
        plan.augment = NULL;
    return fmx__batches_create(&plan, out);
}

static fmx_status open_batches(fmx__source *source, spectra *s)
{
    const fmx__train *train = source->site.train;
    const fmx__recipe *recipe = source->site.recipe;
    const fmx__recipe_part *augment = fmx__recipe_find(recipe, "augment");
    const fmx__recipe_part *section = fmx__recipe_find(recipe, "mixtures");
    bool mixes = train->source == FMX__TRAIN_MIXTURES;
    const fmx__mixture_options *mixtures = mixes ? section->options : NULL;
    size_t batch = (size_t)train->batch;
    fmx__batches_plan plan = {
        .store = &s->store,
        .labels = &s->labels,
        .split = FMX__SPLIT_TRAIN,
        .shuffle = train->shuffle,
        .augment = mixes || train->augment ? augment : NULL,
        .mixtures = mixtures,
        .items = (size_t)train->items,
        .batch = batch,
        .seed = (uint64_t)recipe->head.seed,
    };
    fmx_status status = fmx__spectra_store_open(
        source->site.device, s->dataset, source->site.spectra,
        fmx__spectra_budget(source->site.device), fmx__batches_rows(mixtures, batch), &s->store);
    if (status == FMX_OK)
        status = fmx__batches_create(&plan, &s->batches[FMX__SPLIT_TRAIN]);
    if (status == FMX_OK && train->validate)
        status = open_validation(source, &plan, &s->batches[FMX__SPLIT_VALIDATION]);
    return status;
}

static fmx_status open_spectra(fmx__source *source)
{
    spectra *s = NULL;
    fmx_status status = fmx__alloc(source->ctx, 1, sizeof *s, "a source", &s);
    source->state = s;
    if (status == FMX_OK)
        status = open_data(source, s);
    if (status == FMX_OK)
        status = open_batches(source, s);
    if (status != FMX_OK)
        return status;
    source->channels = 1;
    source->positions = s->store.points;
    source->classes = s->labels.classes;
    source->class_name = s->labels.class_name;
    source->names_compounds = true;
    source->held_bytes = fmx_buffer_bytes(s->store.library);
    source->target[source->target_count++] = (fmx__source_target){"classes", s->labels.classes, 1};
    for (size_t split = 0; split < FMX__SPLITS; ++split) {
        if (s->batches[split] != NULL)
            source->items[split] = fmx__batches_items(s->batches[split]);
    }
    return FMX_OK;
}

static void close_spectra(fmx__source *source)
{
    spectra *s = source->state;
    if (s == NULL)
        return;
    for (size_t split = 0; split < FMX__SPLITS; ++split)
        fmx__batches_release(s->batches[split]);
    fmx__spectra_store_clear(&s->store);
    fmx__labels_clear(&s->labels);
    fmx_dataset_close(s->dataset);
    free(s);
}

static fmx_status next(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                       fmx__source_batch *out)
{
    spectra *s = source->state;
    return fmx__batches_next(s->batches[split], epoch, index, out->input, out->target[0],
                             &out->count);
}

const fmx__source_kind fmx__source_rows = {"rows", true, open_spectra, close_spectra, next};
const fmx__source_kind fmx__source_mixtures = {"mixtures", true, open_spectra, close_spectra, next};

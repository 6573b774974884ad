/* The source `library`: mixtures made from spin systems on the device, without a dataset. */
#include <stdio.h>
#include <stdlib.h>

#include "generator.h"
#include "mixture_draw.h"
#include "recipe_sections.h"
#include "source.h"

/* The targets, in this order. */
enum { CLASSES, LABELS, SOURCES, TARGETS };

typedef struct made {
    fmx_library *library;
    fmx__generator *generator;
} made;

static fmx_status open_generator(fmx__source *source, made *m)
{
    const fmx__source_site *site = &source->site;
    const fmx__axis *axis = NULL;
    fmx_status status = fmx__recipe_axis(source->ctx, site->recipe, &axis);
    if (status != FMX_OK)
        return status;
    fmx__generator_plan plan = {
        .device = site->device,
        .options = fmx__recipe_find(site->recipe, "library")->options,
        .axis = {axis->first_ppm, axis->last_ppm, (size_t)axis->points},
        .batch = (size_t)site->train->batch,
        .seed = (uint64_t)site->recipe->head.seed,
    };
    status = fmx__generator_check(source->ctx, plan.options);
    if (status == FMX_OK)
        status = fmx__generator_library(source->ctx, plan.options, &m->library);
    plan.library = m->library;
    if (status == FMX_OK)
        status = fmx__generator_create(&plan, &m->generator);
    if (status != FMX_OK)
        return fmx__fail_in(source->ctx, status, "%s", site->recipe->file);
    snprintf(source->nucleus, sizeof source->nucleus, "%.*s", (int)sizeof source->nucleus - 1,
             axis->nucleus);
    source->first_ppm = axis->first_ppm;
    source->last_ppm = axis->last_ppm;
    source->positions = (size_t)axis->points;
    return FMX_OK;
}

static fmx_status open_library(fmx__source *source)
{
    const fmx__train *train = source->site.train;
    const fmx__generator_options *options =
        fmx__recipe_find(source->site.recipe, "library")->options;
    made *m = NULL;
    if (train->items == 0)
        return fmx__fail(source->ctx, FMX_ERROR_RECIPE,
                         "%s: train.items is 0, and a library has no end: say how many mixtures an "
                         "epoch has",
                         source->site.recipe->file);
    fmx_status status = fmx__alloc(source->ctx, 1, sizeof *m, "a source", &m);
    source->state = m;
    if (status == FMX_OK)
        status = open_generator(source, m);
    if (status != FMX_OK)
        return status;
    source->channels = 1;
    source->classes = fmx__generator_classes(m->generator);
    source->class_name = fmx__generator_names(m->generator);
    source->names_compounds = true;
    source->target[CLASSES] = (fmx__source_target){"classes", source->classes, 1};
    source->target[LABELS] = (fmx__source_target){"labels", (size_t)options->most, 1};
    source->target[SOURCES] =
        (fmx__source_target){"sources", fmx__generator_slots(m->generator), source->positions};
    source->target_count = TARGETS;
    source->items[FMX__SPLIT_TRAIN] = (size_t)train->items;
    size_t judged = (size_t)(train->validation > 0 ? train->validation : train->items);
    source->items[FMX__SPLIT_TEST] = judged;
    if (train->validate)
        source->items[FMX__SPLIT_VALIDATION] = judged;
    return FMX_OK;
}

static void close_library(fmx__source *source)
{
    made *m = source->state;
    if (m == NULL)
        return;
    fmx__generator_release(m->generator);
    fmx_library_release(m->library);
    free(m);
}

static fmx_status next_library(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                               fmx__source_batch *out)
{
    made *m = source->state;
    size_t batch = (size_t)source->site.train->batch;
    size_t left = source->items[split] - index * batch;
    size_t count = left < batch ? left : batch;
    const fmx__generator_batch to = {.spectra = out->input,
                                     .classes = out->target[CLASSES],
                                     .labels = out->target[LABELS],
                                     .sources = out->target[SOURCES]};
    fmx_status status = fmx__generator_fill(m->generator, index * batch, count,
                                            fmx__mixture_draw_of(split, epoch), &to);
    out->count = status == FMX_OK ? count : 0;
    return status;
}

const fmx__source_kind fmx__source_library = {"library", false, open_library, close_library,
                                              next_library};

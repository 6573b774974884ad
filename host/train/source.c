#include "source.h"

#include <stdlib.h>
#include <string.h>

/* By fmx__train_source. */
static const fmx__source_kind *const kinds[] = {&fmx__source_rows,       &fmx__source_mixtures,
                                                &fmx__source_multiplets, &fmx__source_library,
                                                &fmx__source_decays,     &fmx__source_queries};

fmx_status fmx__source_open(const fmx__source_site *site, fmx__source *out)
{
    fmx_context *ctx = fmx__device_context(site->device);
    const fmx__source_kind *kind = kinds[site->train->source];
    *out = (fmx__source){
        .kind = kind,
        .site = *site,
        .ctx = ctx,
        .what = site->spectra != NULL ? site->spectra : kind->name,
    };
    if (kind->needs_dataset && site->spectra == NULL)
        return fmx__fail(ctx, FMX_ERROR_USAGE,
                         "%s: train.source: %s are made of spectra: name the dataset, for "
                         "instance \"fidmix train spectra.h5\"",
                         site->recipe->file, kind->name);
    if (!kind->needs_dataset && site->spectra != NULL)
        return fmx__fail(ctx, FMX_ERROR_USAGE,
                         "%s: train.source: %s are generated, they take no dataset: leave \"%s\" "
                         "out",
                         site->recipe->file, kind->name, site->spectra);
    return kind->open(out);
}

void fmx__source_close(fmx__source *source)
{
    if (source->kind != NULL)
        source->kind->close(source);
    free(source->splits);
    *source = (fmx__source){0};
}

size_t fmx__source_batches(const fmx__source *source, fmx__split split)
{
    size_t batch = (size_t)source->site.train->batch;
    return (source->items[split] + batch - 1) / batch;
}

fmx_status fmx__source_next(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                            fmx__source_batch *batch)
{
    if (index >= fmx__source_batches(source, split))
        return fmx__fail(source->ctx, FMX_ERROR_ARGUMENT, "%s: batch %zu of %zu", source->what,
                         index, fmx__source_batches(source, split));
    return source->kind->next(source, split, epoch, index, batch);
}

bool fmx__source_find_target(const fmx__source *source, const char *name, size_t *index)
{
    for (size_t i = 0; i < source->target_count; ++i) {
        if (strcmp(source->target[i].name, name) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

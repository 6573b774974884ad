#include "mixture_batch.h"

#include <stdlib.h>

static double factor_of(const fmx__spectra_store *store, const fmx__mixture_options *o, size_t row)
{
    switch (o->scale) {
    case FMX__MIXTURE_BY_MAXIMUM:
        return 1 / store->highest[row];
    case FMX__MIXTURE_BY_AREA:
        return 1 / store->area[row];
    default:
        return 1;
    }
}

/* Factors of the rows that may be drawn. */
static fmx_status make_factors(fmx_context *ctx, const fmx__mixer *mixer, fmx__mixture_batch *b)
{
    const fmx__labels *labels = mixer->labels;
    for (size_t i = 0; i < labels->classes; ++i) {
        size_t count = 0;
        const uint32_t *member =
            fmx__labels_members(labels, (fmx__split)b->options->split, i, &count);
        for (size_t k = 0; k < count; ++k) {
            if (!(b->store->highest[member[k]] > 0))
                return fmx__fail(ctx, FMX_ERROR_FORMAT,
                                 "%s: spectrum %u (\"%s\") has nothing above zero, so it cannot be "
                                 "mixed; process its FID again or leave it out",
                                 b->store->path, (unsigned)member[k], labels->class_name[i]);
            b->factor[member[k]] = factor_of(b->store, b->options, member[k]);
        }
    }
    return FMX_OK;
}

fmx_status fmx__mixture_batch_create(fmx__spectra_store *store, const fmx__mixer *mixer,
                                     size_t most_count, fmx__mixture_batch *out)
{
    fmx_context *ctx = fmx__device_context(store->device);
    size_t words = most_count * fmx__mixture_words(mixer->most);
    *out = (fmx__mixture_batch){.store = store,
                                .options = mixer->options,
                                .seed = mixer->seed,
                                .most_parts = mixer->most,
                                .most_count = most_count};
    fmx_status status =
        fmx__alloc(ctx, store->rows, sizeof *out->factor, "scales of spectra", &out->factor);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most_count * mixer->most, sizeof *out->row, "a batch", &out->row);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, words, sizeof *out->plan, "a batch", &out->plan);
    if (status == FMX_OK)
        status = fmx_buffer_create(store->device, words * sizeof *out->plan, &out->plan_buffer);
    if (status == FMX_OK)
        status = fmx_buffer_create(store->device, most_count * 2 * sizeof(float), &out->facts);
    if (status == FMX_OK)
        status = make_factors(ctx, mixer, out);
    return status;
}

void fmx__mixture_batch_clear(fmx__mixture_batch *batch)
{
    fmx_buffer_release(batch->facts);
    fmx_buffer_release(batch->plan_buffer);
    free(batch->plan);
    free(batch->row);
    free(batch->factor);
    *batch = (fmx__mixture_batch){0};
}

/* Writes the plan of one mixture; `at` are the places of its parts in the library. */
static void plan_mixture(const fmx__mixture_batch *b, const fmx__mixture_drawn *drawn,
                         const uint32_t *at, uint64_t item, uint32_t draw, uint32_t *words)
{
    fmx__mixture_head *head = (fmx__mixture_head *)words;
    fmx__mixture_part *part = (fmx__mixture_part *)(head + 1);
    *head = (fmx__mixture_head){
        .parts = (uint32_t)drawn->parts,
        .item_low = (uint32_t)item,
        .item_high = (uint32_t)(item >> 32),
        .draw = draw,
        .noise = drawn->snr > 0 ? (float)(1 / drawn->snr) : 0,
    };
    for (size_t k = 0; k < drawn->parts; ++k)
        part[k] =
            (fmx__mixture_part){at[k], (float)(drawn->proportion[k] * b->factor[drawn->row[k]])};
}

fmx_status fmx__mixture_batch_run(fmx__mixture_batch *b, const fmx__mixture_drawn *drawn,
                                  const uint64_t *item, size_t count, uint32_t draw,
                                  fmx_buffer *out)
{
    size_t words = fmx__mixture_words(b->most_parts);
    size_t parts = 0;
    for (size_t i = 0; i < count; ++i)
        for (size_t k = 0; k < drawn[i].parts; ++k)
            b->row[parts++] = drawn[i].row[k];
    fmx_status status = fmx__spectra_store_gather(b->store, b->row, parts, b->row);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0, at = 0; i < count; at += drawn[i].parts, ++i)
        plan_mixture(b, &drawn[i], b->row + at, item[i], draw, b->plan + i * words);
    status = fmx_buffer_write(b->plan_buffer, 0, b->plan, count * words * sizeof *b->plan);
    if (status != FMX_OK)
        return status;
    fmx__mixture_of of = {.library = b->store->library,
                          .library_rows = b->store->library_rows,
                          .points = b->store->points,
                          .plan = b->plan_buffer,
                          .most = b->most_parts,
                          .count = count,
                          .divide = b->options->divide,
                          .seed = b->seed,
                          .parts = parts};
    return fmx__mixture(b->store->device, out, b->facts, &of);
}

#include "mixture_batch.h"

#include <stdlib.h>

#include "philox.h"

enum { SLOTS = 3 }; /* calls that the host may be ahead */

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

/* A row that may be drawn, of the compound `name`. */
static fmx_status make_factor(fmx_context *ctx, fmx__mixture_batch *b, size_t row, const char *name)
{
    if (!(b->store->highest[row] > 0))
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: spectrum %zu (\"%s\") has nothing above zero, so it cannot be mixed; "
                         "process its FID again or leave it out",
                         b->store->path, row, name);
    b->factor[row] = factor_of(b->store, b->options, row);
    return FMX_OK;
}

/* Factors of the rows that may be drawn. */
static fmx_status make_factors(fmx_context *ctx, const fmx__mixer *mixer, fmx__mixture_batch *b)
{
    const fmx__labels *labels = mixer->labels;
    for (size_t i = 0; labels == NULL && i < b->store->rows; ++i)
        b->factor[i] = 1;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && labels != NULL && i < labels->classes; ++i) {
        size_t count = 0;
        const uint32_t *member = fmx__labels_members(labels, mixer->split, i, &count);
        for (size_t k = 0; status == FMX_OK && k < count; ++k)
            status = make_factor(ctx, b, member[k], labels->class_name[i]);
    }
    for (size_t k = 0; status == FMX_OK && labels != NULL && k < mixer->foreigners; ++k)
        status = make_factor(ctx, b, mixer->foreign[k], "foreign");
    return status;
}

fmx_status fmx__store_chain(const fmx__spectra_store *store, const fmx__recipe_part *augment,
                            uint64_t seed, size_t most, bool keep_scale, fmx__augment_chain **out)
{
    fmx_context *ctx = fmx__device_context(store->device);
    bool needs_field = false;
    fmx__augment_axis axis = {store->points, store->ppm_step, seed};
    *out = NULL;
    fmx_status status = fmx__augment_check(ctx, augment, NULL, &needs_field);
    if (status == FMX_OK && !store->uniform)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: its axis is not equidistant, so its spectra cannot be augmented; "
                           "process the FIDs with fidmix",
                           store->path);
    for (size_t i = 0; status == FMX_OK && needs_field && i < store->rows; ++i) {
        if (!(store->field_mhz[i] > 0))
            status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                               "%s: spectrum %zu does not say its field (field_mhz), which widths "
                               "in Hz need; leave lorentzian and gaussian out of augment",
                               store->path, i);
    }
    if (status == FMX_OK)
        status = fmx__augment_chain_create(store->device, augment, &axis, most, keep_scale, out);
    return status;
}

/* What augmenting constituents takes. */
static fmx_status make_chain(const fmx__recipe_part *augment, fmx__mixture_batch *b)
{
    fmx_context *ctx = fmx__device_context(b->store->device);
    size_t most = b->most_count * b->most_parts;
    fmx_status status = fmx__store_chain(b->store, augment, b->seed, most, true, &b->chain);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most, sizeof *b->pick, "a batch", &b->pick);
    if (status == FMX_OK)
        status =
            fmx_buffer_create(b->store->device, most * b->store->points * sizeof(float), &b->parts);
    return status;
}

fmx_status fmx__mixture_batch_create(fmx__spectra_store *store, const fmx__mixer *mixer,
                                     const fmx__recipe_part *augment, size_t most_count,
                                     fmx__mixture_batch *out)
{
    fmx_context *ctx = fmx__device_context(store->device);
    size_t plan_bytes = most_count * fmx__mixture_words(mixer->most) * sizeof(uint32_t);
    *out = (fmx__mixture_batch){.store = store,
                                .options = mixer->options,
                                .seed = mixer->seed,
                                .most_parts = mixer->most,
                                .most_count = most_count};
    fmx_status status =
        fmx__alloc(ctx, store->rows, sizeof *out->factor, "scales of spectra", &out->factor);
    if (status == FMX_OK)
        status = make_factors(ctx, mixer, out);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, most_count * mixer->most, sizeof *out->row, "a batch", &out->row);
    if (status == FMX_OK)
        status = fmx__upload_create(store->device, plan_bytes, SLOTS, &out->upload);
    if (status == FMX_OK)
        status = fmx_buffer_create(store->device, plan_bytes, &out->plan);
    if (status == FMX_OK)
        status = fmx_buffer_create(store->device, most_count * 2 * sizeof(float), &out->facts);
    if (status == FMX_OK && mixer->options->augment)
        status = make_chain(augment, out);
    return status;
}

void fmx__mixture_batch_clear(fmx__mixture_batch *batch)
{
    fmx_buffer_release(batch->facts);
    fmx_buffer_release(batch->plan);
    fmx__upload_destroy(batch->upload);
    fmx_buffer_release(batch->parts);
    fmx__augment_chain_release(batch->chain);
    free(batch->pick);
    free(batch->row);
    free(batch->factor);
    *batch = (fmx__mixture_batch){0};
}

/* How far part k is turned: at least a thirty-second of the axis to either side, so that no
 * compound lies at its own place. */
static uint32_t turn_of(const fmx__mixture_batch *b, const fmx__mixture_drawn *drawn, size_t k)
{
    size_t least = b->store->points / 32;
    return drawn->displaced[k]
               ? (uint32_t)(least + fmx__random_below(drawn->turn[k], b->store->points - 2 * least))
               : 0;
}

/* Writes the plan of one mixture, whose parts begin at number `first` of the call's. */
static void plan_mixture(const fmx__mixture_batch *b, const fmx__mixture_drawn *drawn, size_t first,
                         uint64_t item, uint32_t draw, uint32_t *words)
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
        part[k] = (fmx__mixture_part){b->chain != NULL ? (uint32_t)(first + k) : b->row[first + k],
                                      (float)(drawn->proportion[k] * b->factor[drawn->row[k]]),
                                      turn_of(b, drawn, k)};
}

/* Constituents, augmented, one behind the other in b->parts; b->row says where they come from. */
static fmx_status augment_parts(fmx__mixture_batch *b, const fmx__mixture_drawn *drawn,
                                size_t count)
{
    size_t parts = 0;
    for (size_t i = 0; i < count; ++i) {
        for (size_t k = 0; k < drawn[i].parts; ++k, ++parts)
            b->pick[parts] =
                (fmx__augment_pick){b->row[parts], drawn[i].identity[k], drawn[i].copy[k],
                                    b->store->field_mhz[drawn[i].row[k]]};
    }
    return fmx__augment_chain_run(b->chain, b->store->library, b->pick, parts, b->parts);
}

fmx_status fmx__mixture_batch_run(fmx__mixture_batch *b, const fmx__mixture_drawn *drawn,
                                  const uint64_t *item, size_t count, uint32_t draw,
                                  fmx_buffer *out)
{
    size_t words = fmx__mixture_words(b->most_parts);
    size_t parts = 0;
    void *slot = NULL;
    for (size_t i = 0; i < count; ++i)
        for (size_t k = 0; k < drawn[i].parts; ++k)
            b->row[parts++] = drawn[i].row[k];
    fmx_status status = fmx__spectra_store_gather(b->store, b->row, parts, b->row);
    if (status == FMX_OK && b->chain != NULL)
        status = augment_parts(b, drawn, count);
    if (status == FMX_OK)
        status = fmx__upload_slot(b->upload, &slot);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0, first = 0; i < count; first += drawn[i].parts, ++i)
        plan_mixture(b, &drawn[i], first, item[i], draw, (uint32_t *)slot + i * words);
    status = fmx__upload_send(b->upload, b->plan, 0, count * words * sizeof(uint32_t));
    if (status != FMX_OK)
        return status;
    fmx__mixture_of of = {.library = b->chain != NULL ? b->parts : b->store->library,
                          .library_rows = b->chain != NULL ? b->most_count * b->most_parts
                                                           : b->store->library_rows,
                          .points = b->store->points,
                          .plan = b->plan,
                          .most = b->most_parts,
                          .count = count,
                          .divide = b->options->divide,
                          .seed = b->seed,
                          .parts = parts};
    return fmx__mixture(b->store->device, out, b->facts, &of);
}

#include "batches.h"

#include <stdlib.h>
#include <string.h>

#include "epoch_order.h"
#include "mixture_batch.h"

enum { SLOTS = 3 }; /* batches that the host may be ahead */

struct fmx__batches {
    fmx__batches_plan plan;
    fmx_context *ctx;
    size_t items;  /* of an epoch */
    size_t rows;   /* of the split */
    size_t copies; /* rows: of each in an epoch, rounded up */
    size_t choice; /* numbers that an epoch takes its items from; rows: a multiple of `rows` */
    size_t points;
    size_t classes;
    fmx__epoch_order order;       /* of `choice` numbers */
    uint32_t *row_at;             /* [rows] rows: those of the split in the dataset's order */
    fmx__mixture_options options; /* of the mixer */
    fmx__mixer mixer;             /* mixtures */
    fmx__mixture_batch mixing;    /* mixtures, and rows that are not augmented: sums of one */
    fmx__augment_chain *chain;    /* rows that are augmented */
    fmx__mixture_drawn *drawn;    /* [batch] */
    uint64_t *item;               /* [batch] */
    uint32_t *row;                /* [batch] */
    fmx__augment_pick *pick;      /* [batch] */
    fmx__upload *targets;
};

size_t fmx__batches_rows(const fmx__mixture_options *mixtures, size_t batch)
{
    if (mixtures == NULL)
        return batch;
    return batch * fmx__mixture_parts(mixtures);
}

/* ---- creation -------------------------------------------------------------------------------- */

static fmx_status prepare_mixtures(fmx__batches *b)
{
    const fmx__batches_plan *p = &b->plan;
    b->options = *p->mixtures;
    fmx_status status = fmx__mixer_create(b->ctx, &b->options, p->labels, p->store->path, p->split,
                                          p->seed, &b->mixer);
    b->items = p->items > 0 ? p->items : b->mixer.count;
    b->choice = b->items;
    if (status == FMX_OK)
        status = fmx__mixture_batch_create(p->store, &b->mixer, p->augment, p->batch, &b->mixing);
    return status;
}

/* labels->member lists them class by class. */
static fmx_status list_rows(fmx__batches *b)
{
    const fmx__batches_plan *p = &b->plan;
    size_t count = 0;
    fmx_status status =
        fmx__alloc(b->ctx, b->rows, sizeof *b->row_at, "the rows of a split", &b->row_at);
    for (size_t row = 0; status == FMX_OK && row < p->labels->rows && count < b->rows; ++row) {
        if (p->split == FMX__SPLIT_ALL || p->labels->split[row] == (uint8_t)p->split)
            b->row_at[count++] = (uint32_t)row;
    }
    return status;
}

/* Rows as they are: each the sum of one part, neither scaled nor divided. */
static fmx_status prepare_rows(fmx__batches *b)
{
    const fmx__batches_plan *p = &b->plan;
    b->rows = fmx__labels_count(p->labels, p->split);
    b->items = p->items > 0 ? p->items : b->rows * (p->copies > 0 ? p->copies : 1);
    b->copies = (b->items + b->rows - 1) / b->rows;
    b->choice = b->copies * b->rows;
    fmx_status status = list_rows(b);
    if (status != FMX_OK)
        return status;
    if (p->augment != NULL)
        return fmx__store_chain(p->store, p->augment, p->seed, p->batch, false, &b->chain);
    b->options = (fmx__mixture_options){.scale = FMX__MIXTURE_AS_STORED};
    b->mixer = (fmx__mixer){.options = &b->options, .split = p->split, .most = 1};
    return fmx__mixture_batch_create(p->store, &b->mixer, NULL, p->batch, &b->mixing);
}

static fmx_status prepare(fmx__batches *b)
{
    const fmx__batches_plan *p = &b->plan;
    fmx_status status = FMX_OK;
    if (p->batch == 0 || p->labels->rows != p->store->rows)
        return fmx__fail(b->ctx, FMX_ERROR_ARGUMENT,
                         "batches: %zu items a batch, labels of %zu rows for %zu spectra", p->batch,
                         p->labels->rows, p->store->rows);
    status = fmx__labels_need(b->ctx, p->labels, p->store->path, p->split,
                              p->split == FMX__SPLIT_TRAIN && p->labels->target == NULL);
    if (status == FMX_OK)
        status = p->mixtures != NULL ? prepare_mixtures(b) : prepare_rows(b);
    if (status == FMX_OK)
        status =
            fmx__epoch_order_create(b->ctx, b->choice, p->shuffle, p->seed, p->split, &b->order);
    if (status == FMX_OK)
        status = fmx__alloc(b->ctx, p->batch, sizeof *b->drawn, "a batch", &b->drawn);
    if (status == FMX_OK)
        status = fmx__alloc(b->ctx, p->batch, sizeof *b->item, "a batch", &b->item);
    if (status == FMX_OK)
        status = fmx__alloc(b->ctx, p->batch, sizeof *b->row, "a batch", &b->row);
    if (status == FMX_OK)
        status = fmx__alloc(b->ctx, p->batch, sizeof *b->pick, "a batch", &b->pick);
    if (status == FMX_OK)
        status = fmx__upload_create(p->store->device, p->batch * b->classes * sizeof(float), SLOTS,
                                    &b->targets);
    return status;
}

fmx_status fmx__batches_create(const fmx__batches_plan *plan, fmx__batches **out)
{
    fmx_context *ctx = fmx__device_context(plan->store->device);
    fmx__batches *b = NULL;
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *b, "batches", &b);
    if (status != FMX_OK)
        return status;
    b->plan = *plan;
    b->ctx = ctx;
    b->points = plan->store->points;
    b->classes = plan->labels->classes;
    status = prepare(b);
    if (status == FMX_OK)
        *out = b;
    else
        fmx__batches_release(b);
    return status;
}

void fmx__batches_release(fmx__batches *b)
{
    if (b == NULL)
        return;
    fmx__upload_destroy(b->targets);
    free(b->pick);
    free(b->row);
    free(b->item);
    free(b->drawn);
    fmx__augment_chain_release(b->chain);
    fmx__mixture_batch_clear(&b->mixing);
    fmx__mixer_clear(&b->mixer);
    free(b->row_at);
    fmx__epoch_order_clear(&b->order);
    free(b);
}

size_t fmx__batches_items(const fmx__batches *batches)
{
    return batches->items;
}

size_t fmx__batches_count(const fmx__batches *batches)
{
    return (batches->items + batches->plan.batch - 1) / batches->plan.batch;
}

/* ---- what an item is ------------------------------------------------------------------------- */

/* Number of the item at a place of the epoch. */
static size_t number_at(fmx__batches *b, size_t epoch, size_t place)
{
    return fmx__epoch_order_at(&b->order, epoch, place);
}

/* Rows: which one, and which of its draws. */
static uint32_t row_of(const fmx__batches *b, size_t epoch, size_t number, uint32_t *draw)
{
    *draw = (uint32_t)(epoch * b->copies + number / b->rows);
    return b->row_at[number % b->rows];
}

size_t fmx__batches_row(fmx__batches *b, size_t epoch, size_t item)
{
    uint32_t draw = 0;
    return row_of(b, epoch, number_at(b, epoch, item), &draw);
}

/* ---- filling --------------------------------------------------------------------------------- */

static fmx_status fill_mixtures(fmx__batches *b, size_t epoch, size_t first, size_t count,
                                fmx_buffer *spectra)
{
    uint32_t draw = fmx__mixture_draw_of(b->plan.split, epoch);
    for (size_t i = 0; i < count; ++i) {
        b->item[i] = number_at(b, epoch, first + i);
        fmx__mixer_draw(&b->mixer, b->item[i], draw, &b->drawn[i]);
    }
    return fmx__mixture_batch_run(&b->mixing, b->drawn, b->item, count, draw, spectra);
}

static fmx_status fill_rows(fmx__batches *b, size_t epoch, size_t first, size_t count,
                            fmx_buffer *spectra)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; i < count; ++i) {
        uint32_t draw = 0;
        b->row[i] = row_of(b, epoch, number_at(b, epoch, first + i), &draw);
        b->item[i] = 0;
        b->drawn[i].parts = b->drawn[i].named = 1;
        b->drawn[i].row[0] = b->row[i];
        b->drawn[i].proportion[0] = 1;
        b->drawn[i].snr = 0;
        b->pick[i] = (fmx__augment_pick){
            .item = b->row[i], .draw = draw, .field_mhz = b->plan.store->field_mhz[b->row[i]]};
    }
    if (b->chain == NULL)
        return fmx__mixture_batch_run(&b->mixing, b->drawn, b->item, count, 0, spectra);
    status = fmx__spectra_store_gather(b->plan.store, b->row, count, b->row);
    for (size_t i = 0; i < count; ++i)
        b->pick[i].row = b->row[i];
    if (status == FMX_OK)
        status = fmx__augment_chain_run(b->chain, b->plan.store->library, b->pick, count, spectra);
    return status;
}

/* What is in each item of the batch under way, [count][classes]. */
static void fill_targets(const fmx__batches *b, size_t count, float *target)
{
    const fmx__labels *labels = b->plan.labels;
    memset(target, 0, count * b->classes * sizeof *target);
    for (size_t i = 0; i < count; ++i) {
        float *at = target + i * b->classes;
        const fmx__mixture_drawn *drawn = &b->drawn[i];
        for (size_t k = 0; b->plan.mixtures != NULL && k < drawn->named; ++k)
            at[drawn->class_index[k]] += (float)drawn->proportion[k];
        if (b->plan.mixtures != NULL)
            continue;
        size_t row = drawn->row[0];
        if (labels->target != NULL)
            memcpy(at, labels->target + row * b->classes, b->classes * sizeof *at);
        else if (labels->class_of[row] >= 0)
            at[labels->class_of[row]] = 1;
    }
}

static fmx_status send_targets(fmx__batches *b, size_t count, fmx_buffer *target)
{
    void *slot = NULL;
    fmx_status status = fmx__upload_slot(b->targets, &slot);
    if (status != FMX_OK)
        return status;
    memset(slot, 0, b->plan.batch * b->classes * sizeof(float));
    fill_targets(b, count, slot);
    return fmx__upload_send(b->targets, target, 0, b->plan.batch * b->classes * sizeof(float));
}

fmx_status fmx__batches_fill(fmx__batches *b, size_t epoch, size_t first, size_t wanted,
                             fmx_buffer *spectra, fmx_buffer *target, size_t *count)
{
    size_t row_bytes = b->points * sizeof(float);
    size_t n = first < b->items && wanted < b->items - first ? wanted : b->items - first;
    if (first >= b->items || wanted == 0 || wanted > b->plan.batch)
        return fmx__fail(
            b->ctx, FMX_ERROR_ARGUMENT,
            "batches: items %zu and %zu more are wanted; an epoch has %zu, a batch %zu", first,
            wanted, b->items, b->plan.batch);
    if (fmx_buffer_bytes(spectra) < b->plan.batch * row_bytes ||
        (target != NULL && fmx_buffer_bytes(target) < b->plan.batch * b->classes * sizeof(float)))
        return fmx__fail(b->ctx, FMX_ERROR_SHAPE,
                         "batches: the buffers must hold %zu spectra of %zu points and their %zu "
                         "classes",
                         b->plan.batch, b->points, b->classes);
    fmx_status status = b->plan.mixtures != NULL ? fill_mixtures(b, epoch, first, n, spectra)
                                                 : fill_rows(b, epoch, first, n, spectra);
    if (status == FMX_OK && n < b->plan.batch)
        status = fmx_buffer_zero(spectra, n * row_bytes, (b->plan.batch - n) * row_bytes);
    if (status == FMX_OK && target != NULL)
        status = send_targets(b, n, target);
    if (count != NULL)
        *count = status == FMX_OK ? n : 0;
    return status;
}

fmx_status fmx__batches_next(fmx__batches *b, size_t epoch, size_t index, fmx_buffer *spectra,
                             fmx_buffer *target, size_t *count)
{
    if (index >= fmx__batches_count(b))
        return fmx__fail(b->ctx, FMX_ERROR_ARGUMENT, "batches: batch %zu of %zu", index,
                         fmx__batches_count(b));
    return fmx__batches_fill(b, epoch, index * b->plan.batch, b->plan.batch, spectra, target,
                             count);
}

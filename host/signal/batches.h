/* Where training draws its batches from: rows of a dataset or fresh mixtures of them, augmented or
 * not, made on the device as they are needed.
 *
 * What item number i of an epoch is depends on (seed, epoch, i) alone: not on the size of a batch,
 * nor on who asks for which items. The host draws whole numbers and scalars and sends them through
 * rings of its memory; kernels do the rest; nothing is allocated after creation, and nothing waits
 * while the spectra are resident (a store that is not reads the rows it needs from the file). */
#ifndef FIDMIX_BATCHES_H
#define FIDMIX_BATCHES_H

#include "mixture_draw.h"
#include "recipe.h"
#include "spectra_store.h"

typedef struct fmx__batches fmx__batches;

/* Pointers must outlive the batches. */
typedef struct fmx__batches_plan {
    fmx__spectra_store *store; /* needs room for fmx__batches_rows rows where it is not resident */
    const fmx__labels *labels; /* of the same dataset */
    fmx__split split;          /* rows of no other split are used */
    bool shuffle; /* items in an order drawn anew for each epoch (purpose ORDER); otherwise rows
                     come in the dataset's order */
    const fmx__recipe_part *augment;      /* the recipe's list; NULL: rows as stored */
    const fmx__mixture_options *mixtures; /* NULL: items are rows. Its own split does not count */
    size_t
        items; /* in an epoch; 0: rows of the split times `copies`, or the mixtures' own number */
    size_t copies; /* rows: times that each comes in an epoch, augmented otherwise; 0: 1 */
    size_t batch;  /* items of a batch */
    uint64_t seed;
} fmx__batches_plan;

/* Most rows of the dataset that a batch reads, for opening a store. */
size_t fmx__batches_rows(const fmx__mixture_options *mixtures, size_t batch);

/* Errors: FMX_ERROR_FORMAT (an empty split; training: a class without a spectrum; a spectrum that
 * cannot be mixed or augmented), FMX_ERROR_RECIPE, FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_MEMORY. */
fmx_status fmx__batches_create(const fmx__batches_plan *plan, fmx__batches **out);
void fmx__batches_release(fmx__batches *batches); /* NULL is allowed */

/* Items of an epoch, and batches: the last may hold fewer items. */
size_t fmx__batches_items(const fmx__batches *batches);
size_t fmx__batches_count(const fmx__batches *batches);

/* Fills batch `index` of an epoch:
 *   spectra  float [batch][points]
 *   target   float [batch][classes]: proportions, 0 when absent; NULL: not wanted
 * *count (NULL: not wanted) items are there, zeros behind them. Errors: FMX_ERROR_ARGUMENT (index),
 * FMX_ERROR_SHAPE (a buffer too small), FMX_ERROR_READ (not resident), device errors. */
fmx_status fmx__batches_next(fmx__batches *batches, size_t epoch, size_t index, fmx_buffer *spectra,
                             fmx_buffer *target, size_t *count);

/* The same for items [first, first + wanted), at most `batch` of them: for ranks that share an
 * epoch. */
fmx_status fmx__batches_fill(fmx__batches *batches, size_t epoch, size_t first, size_t wanted,
                             fmx_buffer *spectra, fmx_buffer *target, size_t *count);

/* Row of the dataset behind item `item` of an epoch where items are rows; for figures by row. */
size_t fmx__batches_row(fmx__batches *batches, size_t epoch, size_t item);

#endif

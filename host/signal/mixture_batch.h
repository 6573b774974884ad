/* Mixtures and rows as drawn -> their spectra on the device. Everything is allocated when a batch
 * is made; the numbers travel through a ring of host memory. */
#ifndef FIDMIX_MIXTURE_BATCH_H
#define FIDMIX_MIXTURE_BATCH_H

#include "augment_chain.h"
#include "mixture_draw.h"
#include "spectra_store.h"
#include "transfer.h"

typedef struct fmx__mixture_batch {
    fmx__spectra_store *store; /* not owned */
    const fmx__mixture_options *options;
    uint64_t seed;
    size_t most_parts; /* of a mixture */
    size_t most_count; /* mixtures of a call */
    double *factor;    /* [store->rows]: what a row is multiplied by before it is weighted */
    uint32_t *row;     /* [most_count * most_parts]: rows of the parts, one behind the other */
    fmx__augment_chain *chain; /* NULL: constituents as stored */
    fmx__augment_pick *pick;   /* [most_count * most_parts] */
    fmx_buffer *parts;         /* float [most_count * most_parts][points], with a chain */
    fmx__upload *upload;
    fmx_buffer *plan;  /* uint32 [most_count][fmx__mixture_words(most_parts)] */
    fmx_buffer *facts; /* float [most_count][2], see mixture.h */
} fmx__mixture_batch;

/* A mixer without labels stands for rows as they are. `store` needs room for most_count *
 * most_parts rows where it is not resident; `augment` is used where the options say so. Errors:
 * FMX_ERROR_FORMAT (a spectrum of the split with nothing above zero, or without the field that
 * broadening needs; an axis that is not equidistant), FMX_ERROR_RECIPE (augment without the
 * section), FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_MEMORY. Release with fmx__mixture_batch_clear, also
 * after an error. */
fmx_status fmx__mixture_batch_create(fmx__spectra_store *store, const fmx__mixer *mixer,
                                     const fmx__recipe_part *augment, size_t most_count,
                                     fmx__mixture_batch *out);
void fmx__mixture_batch_clear(fmx__mixture_batch *batch);

/* out[i] = the spectrum of drawn[i], which is number item[i] of `draw`; out float [count][points].
 * Waits for nothing where the store is resident. */
fmx_status fmx__mixture_batch_run(fmx__mixture_batch *batch, const fmx__mixture_drawn *drawn,
                                  const uint64_t *item, size_t count, uint32_t draw,
                                  fmx_buffer *out);

/* A chain for rows of a store, after the checks named above. keep_scale: augment_chain.h. */
fmx_status fmx__store_chain(const fmx__spectra_store *store, const fmx__recipe_part *augment,
                            uint64_t seed, size_t most, bool keep_scale, fmx__augment_chain **out);

#endif

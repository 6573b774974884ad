/* The order in which an epoch takes its items: Fisher and Yates with key (seed, ORDER), counter
 * (epoch, split, place). */
#ifndef FIDMIX_EPOCH_ORDER_H
#define FIDMIX_EPOCH_ORDER_H

#include "labels.h"

typedef struct fmx__epoch_order {
    size_t count; /* numbers that are ordered */
    uint64_t seed;
    fmx__split split;
    uint32_t *number; /* [count], of epoch `epoch`; NULL: as they come */
    size_t epoch;     /* SIZE_MAX: none yet */
} fmx__epoch_order;

/* At most 2^32 - 1 numbers; without `shuffle` each stands at its own place. Release with
 * fmx__epoch_order_clear, also after an error. Errors: FMX_ERROR_RECIPE (too many),
 * FMX_ERROR_MEMORY. */
fmx_status fmx__epoch_order_create(fmx_context *ctx, size_t count, bool shuffle, uint64_t seed,
                                   fmx__split split, fmx__epoch_order *out);
void fmx__epoch_order_clear(fmx__epoch_order *order);

/* The number at a place of an epoch. */
size_t fmx__epoch_order_at(fmx__epoch_order *order, size_t epoch, size_t place);

#endif

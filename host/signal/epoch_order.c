#include "epoch_order.h"

#include <stdlib.h>

#include "philox.h"

fmx_status fmx__epoch_order_create(fmx_context *ctx, size_t count, bool shuffle, uint64_t seed,
                                   fmx__split split, fmx__epoch_order *out)
{
    *out = (fmx__epoch_order){.count = count, .seed = seed, .split = split, .epoch = SIZE_MAX};
    if (count > UINT32_MAX)
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "batches: an epoch of %zu items is too long",
                         count);
    return shuffle
               ? fmx__alloc(ctx, count, sizeof *out->number, "the order of an epoch", &out->number)
               : FMX_OK;
}

void fmx__epoch_order_clear(fmx__epoch_order *order)
{
    free(order->number);
    *order = (fmx__epoch_order){0};
}

static void settle(fmx__epoch_order *order, size_t epoch)
{
    for (size_t i = 0; i < order->count; ++i)
        order->number[i] = (uint32_t)i;
    for (size_t i = order->count; i > 1; --i) {
        uint32_t word[4];
        fmx__random_words(word, order->seed, FMX__PURPOSE_ORDER, epoch, (uint32_t)order->split,
                          (uint32_t)i);
        size_t other = fmx__random_below(word[0], i);
        uint32_t kept = order->number[i - 1];
        order->number[i - 1] = order->number[other];
        order->number[other] = kept;
    }
    order->epoch = epoch;
}

size_t fmx__epoch_order_at(fmx__epoch_order *order, size_t epoch, size_t place)
{
    if (order->number == NULL)
        return place;
    if (order->epoch != epoch)
        settle(order, epoch);
    return order->number[place];
}

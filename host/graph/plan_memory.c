/* Where the pieces of a plan lie: largest first, each at the lowest place of the first slab where
 * nothing that is alive at the same time lies. */
#include <stdlib.h>

#include "plan_internal.h"

static const size_t slab_most_bytes = (size_t)1 << 30;

static bool meet(const fmx__piece *a, const fmx__piece *b)
{
    return a->from <= b->to && b->from <= a->to;
}

/* qsort's order has no place for a context; ties keep the order of the pieces. */
typedef struct ranked {
    size_t bytes;
    size_t piece;
} ranked;

static int larger_first(const void *a, const void *b)
{
    const ranked *x = a;
    const ranked *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->piece < y->piece ? -1 : x->piece > y->piece;
}

/* The lowest offset in a slab at which the piece meets none of those placed before it. */
static size_t lowest_offset(const fmx__plan *plan, const ranked *order, size_t placed,
                            const fmx__piece *piece, size_t slab)
{
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < placed; ++i) {
            const fmx__piece *other = &plan->piece[order[i].piece];
            if (other->slab == slab && meet(piece, other) &&
                offset < other->offset + other->bytes && other->offset < offset + piece->bytes) {
                offset = other->offset + other->bytes;
                moved = true;
            }
        }
    }
    return offset;
}

static void choose_place(fmx__plan *plan, const ranked *order, size_t placed)
{
    fmx__piece *piece = &plan->piece[order[placed].piece];
    for (size_t slab = 0; slab < plan->slab_count; ++slab) {
        size_t offset = lowest_offset(plan, order, placed, piece, slab);
        size_t end = offset + piece->bytes;
        if (end > slab_most_bytes && end > plan->slab_bytes[slab])
            continue;
        piece->slab = slab;
        piece->offset = offset;
        if (end > plan->slab_bytes[slab])
            plan->slab_bytes[slab] = end;
        return;
    }
    piece->slab = plan->slab_count;
    piece->offset = 0;
    plan->slab_bytes[plan->slab_count++] = piece->bytes;
}

static fmx_status check_memory(const fmx__plan *plan)
{
    const fmx_device_info *info = fmx_device_describe(plan->device);
    double mib = 1.0 / (1 << 20);
    for (size_t i = 0; i < plan->slab_count; ++i) {
        if (plan->slab_bytes[i] > info->largest_allocation_bytes)
            return fmx__fail(plan->ctx, FMX_ERROR_DEVICE_MEMORY,
                             "%s: model: a batch of %zu needs a buffer of %.0f MiB for one layer, "
                             "\"%s\" allows %.0f MiB; take a smaller batch",
                             plan->graph->where, plan->request.batch,
                             (double)plan->slab_bytes[i] * mib, info->name,
                             (double)info->largest_allocation_bytes * mib);
    }
    double weights = (double)fmx__weights_bytes(plan->weights, false);
    double held = (double)plan->request.held_bytes;
    if ((double)plan->bytes + weights + held > (double)info->memory_bytes)
        return fmx__fail(
            plan->ctx, FMX_ERROR_DEVICE_MEMORY,
            "%s: model: a batch of %zu needs %.0f MiB, the weights %.0f MiB, their gradients and "
            "the rest %.0f MiB, \"%s\" has %.0f MiB; take a smaller batch",
            plan->graph->where, plan->request.batch, (double)plan->bytes * mib, weights * mib,
            held * mib, info->name, (double)info->memory_bytes * mib);
    return FMX_OK;
}

static fmx_status make_slabs(fmx__plan *plan)
{
    fmx_status status =
        fmx__alloc(plan->ctx, plan->slab_count, sizeof(fmx_buffer *), "a memory plan", &plan->slab);
    for (size_t i = 0; status == FMX_OK && i < plan->slab_count; ++i)
        status = fmx_buffer_create(plan->device, plan->slab_bytes[i], &plan->slab[i]);
    for (size_t i = 0; status == FMX_OK && i < plan->piece_count; ++i) {
        fmx__piece *piece = &plan->piece[i];
        status =
            fmx__buffer_view(plan->slab[piece->slab], piece->offset, piece->bytes, &piece->view);
    }
    return status;
}

fmx_status fmx__plan_place(fmx__plan *plan)
{
    size_t align = fmx__buffer_alignment(plan->device);
    ranked *order = NULL;
    fmx_status status =
        fmx__alloc(plan->ctx, plan->piece_count, sizeof *order, "a memory plan", &order);
    if (status == FMX_OK)
        status = fmx__alloc(plan->ctx, plan->piece_count, sizeof *plan->slab_bytes, "a memory plan",
                            &plan->slab_bytes);
    if (status != FMX_OK)
        goto out;
    for (size_t i = 0; i < plan->piece_count; ++i) {
        fmx__piece *piece = &plan->piece[i];
        piece->bytes = (piece->bytes + align - 1) / align * align;
        order[i] = (ranked){piece->bytes, i};
        plan->bytes_unshared += piece->bytes;
    }
    qsort(order, plan->piece_count, sizeof *order, larger_first);
    for (size_t i = 0; i < plan->piece_count; ++i)
        choose_place(plan, order, i);
    for (size_t i = 0; i < plan->slab_count; ++i)
        plan->bytes += plan->slab_bytes[i];
    status = check_memory(plan);
    if (status == FMX_OK)
        status = make_slabs(plan);
out:
    free(order);
    return status;
}

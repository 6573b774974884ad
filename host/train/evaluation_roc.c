/* The area under the ROC curve of weighted mixtures, from cells sorted once. */
#include <math.h>
#include <stdlib.h>

#include "evaluation_internal.h"

typedef struct scored {
    float score;
    uint32_t entry;
} scored;

/* Ascending by score; equal scores by entry, so that the order does not depend on qsort. */
static int compare_scored(const void *a, const void *b)
{
    const scored *x = a;
    const scored *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static void sort_into(scored *cell, size_t count, uint32_t *entry)
{
    qsort(cell, count, sizeof *cell, compare_scored);
    for (size_t i = 0; i < count; ++i) {
        bool last = i + 1 == count || cell[i + 1].score != cell[i].score;
        entry[i] = cell[i].entry | (last ? 2u : 0u);
    }
}

fmx_status fmx__roc_make(fmx_context *ctx, const fmx__evaluation_input *input, fmx__roc *out)
{
    scored *cell = NULL;
    size_t cells = 0;
    *out = (fmx__roc){0};
    if (!fmx__size_mul(input->mixtures, input->classes, &cells))
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "evaluation: %zu mixtures of %zu classes are too many", input->mixtures,
                         input->classes);
    fmx_status status = fmx__alloc(ctx, cells, sizeof *cell, "cells of the ROC curve", &cell);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, cells, sizeof *out->all, "order of all cells", &out->all);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, cells, sizeof *out->by_class, "order in classes", &out->by_class);
    if (status != FMX_OK)
        goto out;
    for (size_t c = 0; c < input->classes; ++c) {
        for (size_t m = 0; m < input->mixtures; ++m) {
            size_t at = m * input->classes + c;
            cell[m] =
                (scored){input->presence[at], (uint32_t)m << 2 | (input->truth[at] > 0 ? 1u : 0u)};
        }
        sort_into(cell, input->mixtures, out->by_class + c * input->mixtures);
    }
    for (size_t i = 0; i < cells; ++i)
        cell[i] = (scored){input->presence[i],
                           (uint32_t)(i / input->classes) << 2 | (input->truth[i] > 0 ? 1u : 0u)};
    sort_into(cell, cells, out->all);
out:
    free(cell);
    if (status != FMX_OK)
        fmx__roc_clear(out);
    return status;
}

void fmx__roc_clear(fmx__roc *roc)
{
    free(roc->all);
    free(roc->by_class);
    *roc = (fmx__roc){0};
}

/* Mann-Whitney: the share of (present, absent) pairs of cells in which the present one scores
 * higher, equal scores counting one half. Counts are integers; this loop is what a bootstrap takes
 * its time for. */
double fmx__roc_area(const uint32_t *entry, size_t count, const uint32_t *weight)
{
    uint64_t present = 0; /* with this score */
    uint64_t absent = 0;
    uint64_t all_present = 0; /* with a lower score */
    uint64_t below = 0;
    double twice = 0;
    for (size_t i = 0; i < count; ++i) {
        uint64_t times = weight != NULL ? weight[entry[i] >> 2] : 1;
        uint64_t mask = 0 - (uint64_t)(entry[i] & 1u);
        present += times & mask;
        absent += times & ~mask;
        if (entry[i] & 2u) {
            if (present > 0)
                twice += (double)present * (double)(2 * below + absent);
            below += absent;
            all_present += present;
            present = absent = 0;
        }
    }
    if (all_present == 0 || below == 0)
        return NAN;
    return 0.5 * twice / ((double)all_present * (double)below);
}

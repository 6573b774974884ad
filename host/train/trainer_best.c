/* The history and the best weights, written when it is needed: a file that survives a power cut
 * takes milliseconds, the epoch of a small network less. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "trainer_internal.h"

static const double every_s = 1;
static const size_t most_bytes = (size_t)16 << 20; /* larger weights take longer to train */

static bool is_due(double written_s)
{
    return fmx__train_now_s() - written_s >= every_s;
}

void fmx__train_best_close(fmx__trainer *t)
{
    for (size_t i = 0; t->kept.slab != NULL && i < t->weights.slab_count; ++i)
        fmx_buffer_release(t->kept.slab[i]);
    free(t->kept.slab);
}

/* ---- history ----------------------------------------------------------------------------------
 */

fmx_status fmx__train_write_history(fmx__trainer *t, bool at_once)
{
    if (!at_once && !is_due(t->kept.history_s))
        return FMX_OK;
    t->kept.history_s = fmx__train_now_s();
    return fmx__atomic_write(t->ctx, t->csv, true, t->history, strlen(t->history));
}

void fmx__train_leave_history(const fmx__trainer *t)
{
    if (isfinite(t->kept.history_s)) /* no context: why training ends stays its message */
        (void)fmx__atomic_write(NULL, t->csv, true, t->history, strlen(t->history));
}

/* ---- best weights -----------------------------------------------------------------------------
 */

static fmx_status make_room(fmx__trainer *t)
{
    fmx__weights *w = &t->weights;
    if (t->kept.slab != NULL)
        return FMX_OK;
    fmx_status status =
        fmx__alloc(t->ctx, w->slab_count, sizeof *t->kept.slab, "the best weights", &t->kept.slab);
    for (size_t i = 0; status == FMX_OK && i < w->slab_count; ++i)
        status = fmx_buffer_create(t->device, w->slab[i].floats * sizeof(float), &t->kept.slab[i]);
    return status;
}

static fmx_status write_best(fmx__trainer *t)
{
    t->kept.waits = false;
    t->kept.best_s = fmx__train_now_s();
    return fmx__train_write(t, t->best, false, NAN);
}

fmx_status fmx__train_keep_best(fmx__trainer *t)
{
    const fmx__weights *w = &t->weights;
    if (is_due(t->kept.best_s) || fmx__weights_bytes(w, false) > most_bytes)
        return write_best(t);
    fmx_status status = make_room(t);
    for (size_t i = 0; status == FMX_OK && i < w->slab_count; ++i)
        status = fmx_buffer_copy(t->kept.slab[i], 0, w->slab[i].value, 0,
                                 w->slab[i].floats * sizeof(float));
    t->kept.waits = true;
    t->kept.history_bytes = strlen(t->history);
    return status;
}

/* Kept weights and those in training change places. */
static fmx_status swap(fmx__trainer *t)
{
    const fmx__weights *w = &t->weights;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < w->slab_count; ++i)
        status = fmx__slab_swap(t->device, w->slab[i].floats, w->slab[i].value, t->kept.slab[i]);
    return status;
}

fmx_status fmx__train_write_best(fmx__trainer *t, bool at_once)
{
    if (!t->kept.waits || (!at_once && !is_due(t->kept.best_s)))
        return FMX_OK;
    /* with the history as it was then: the same bytes whenever it is written */
    char *end = t->history + t->kept.history_bytes;
    char next = *end;
    fmx_status status = swap(t);
    *end = '\0';
    if (status == FMX_OK)
        status = write_best(t);
    *end = next;
    return status == FMX_OK ? swap(t) : status;
}

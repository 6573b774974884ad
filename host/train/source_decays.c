/* The source `decays`: FIDs of one line each, their magnitude spectra and the lines fitted to them,
 * all made on the device; the host sends eight words a decay. */
#include <stdlib.h>
#include <string.h>

#include "decay_set.h"
#include "epoch_order.h"
#include "line_fit.h"
#include "mixture_draw.h"
#include "source.h"
#include "transfer.h"

enum { SLOTS = 3 };

/* The targets, in this order. */
enum { SPECTRUM, LINE };

typedef struct decays {
    fmx__decay_set set;
    fmx__epoch_order order[FMX__SPLITS];
    fmx__upload *upload;
    fmx_buffer *rows;     /* fmx__decay [batch] */
    fmx_buffer *scratch;  /* complex64 [batch][points] */
    fmx_buffer *spectrum; /* [batch][points / 2], where only the line is wanted */
} decays;

static fmx_status make_buffers(fmx__source *source, decays *s)
{
    fmx_device *device = source->site.device;
    size_t batch = (size_t)source->site.train->batch;
    size_t values = batch * source->positions;
    fmx_status status = fmx__upload_create(device, batch * sizeof(fmx__decay), SLOTS, &s->upload);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, batch * sizeof(fmx__decay), &s->rows);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, values * 2 * sizeof(float), &s->scratch);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, values / 2 * sizeof(float), &s->spectrum);
    source->held_bytes = batch * sizeof(fmx__decay) + values * 10;
    return status;
}

/* Items of the splits: as many as the recipe asks for, or each decay once. */
static fmx_status make_orders(fmx__source *source, decays *s)
{
    const fmx__train *train = source->site.train;
    fmx_status status = FMX_OK;
    for (int split = 0; status == FMX_OK && split < FMX__SPLITS; ++split) {
        bool trains = split == FMX__SPLIT_TRAIN;
        size_t wanted = (size_t)(trains ? train->items : train->validation);
        size_t count = s->set.count[split];
        size_t items = count == 0 ? 0 : wanted > 0 ? wanted : count;
        source->items[split] = split == FMX__SPLIT_VALIDATION && !train->validate ? 0 : items;
        status = fmx__epoch_order_create(source->ctx, items, trains && train->shuffle, s->set.seed,
                                         (fmx__split)split, &s->order[split]);
    }
    return status;
}

static fmx_status open_decays(fmx__source *source)
{
    decays *s = NULL;
    const fmx__recipe *recipe = source->site.recipe;
    const fmx__decays_options *options = fmx__recipe_find(recipe, "decays")->options;
    fmx_status status = fmx__alloc(source->ctx, 1, sizeof *s, "a source", &s);
    source->state = s;
    if (status == FMX_OK)
        status = fmx__decay_set_create(source->ctx, options, (uint64_t)recipe->head.seed, &s->set);
    if (status == FMX_OK)
        status = make_orders(source, s);
    if (status == FMX_OK && source->site.train->validate &&
        s->set.count[FMX__SPLIT_VALIDATION] == 0)
        status = fmx__fail(source->ctx, FMX_ERROR_RECIPE,
                           "%s: decays: none is left to validate with; raise validation, or set "
                           "train.validate to false",
                           recipe->file);
    if (status != FMX_OK)
        return status;
    source->channels = 1;
    source->positions = (size_t)options->points;
    source->target[SPECTRUM] = (fmx__source_target){"spectrum", 1, source->positions / 2};
    source->target[LINE] = (fmx__source_target){
        "line", options->line == FMX__LINE_PSEUDO_VOIGT ? FMX__LINE_VALUES : 3, 1};
    source->target_count = 2;
    return make_buffers(source, s);
}

static void close_decays(fmx__source *source)
{
    decays *s = source->state;
    if (s == NULL)
        return;
    fmx__upload_destroy(s->upload);
    fmx_buffer_release(s->rows);
    fmx_buffer_release(s->scratch);
    fmx_buffer_release(s->spectrum);
    for (size_t split = 0; split < FMX__SPLITS; ++split)
        fmx__epoch_order_clear(&s->order[split]);
    fmx__decay_set_clear(&s->set);
    free(s);
}

/* The targets of a batch whose FIDs are on the device. */
static fmx_status make_targets(fmx__source *source, fmx__source_batch *out, size_t count)
{
    decays *s = source->state;
    fmx_device *device = source->site.device;
    const fmx__decays_options *o = s->set.options;
    fmx_buffer *spectrum = out->target[SPECTRUM] != NULL ? out->target[SPECTRUM] : s->spectrum;
    fmx__line_fit_of fit = {
        .spectra = spectrum,
        .rows = count,
        .points = source->positions / 2,
        .step_hz = o->sample_hz / (double)source->positions,
        .least = o->prominence,
        .shape = (fmx__line_shape)o->line,
        .values = source->target[LINE].channels,
    };
    if (out->target[SPECTRUM] == NULL && out->target[LINE] == NULL)
        return FMX_OK;
    fmx_status status =
        fmx__decays_spectrum(device, spectrum, s->scratch, out->input, count, source->positions);
    if (status == FMX_OK && out->target[LINE] != NULL)
        status = fmx__line_fit(device, out->target[LINE], &fit);
    return status;
}

/* Zeros behind the items that are there. */
static fmx_status clear_rest(fmx__source *source, fmx__source_batch *out, size_t count)
{
    size_t batch = (size_t)source->site.train->batch;
    size_t row = source->positions * sizeof(float);
    fmx_status status = fmx_buffer_zero(out->input, count * row, (batch - count) * row);
    for (size_t i = 0; status == FMX_OK && i < source->target_count; ++i) {
        row = source->target[i].channels * source->target[i].positions * sizeof(float);
        if (out->target[i] != NULL)
            status = fmx_buffer_zero(out->target[i], count * row, (batch - count) * row);
    }
    return status;
}

static fmx_status next_decays(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                              fmx__source_batch *out)
{
    decays *s = source->state;
    void *slot = NULL;
    size_t batch = (size_t)source->site.train->batch;
    size_t left = source->items[split] - index * batch;
    size_t count = left < batch ? left : batch;
    fmx__decays_of of = {.rows = s->rows,
                         .count = count,
                         .points = source->positions,
                         .mean = s->set.options->noise_mean,
                         .sigma = s->set.options->noise,
                         .seed = s->set.seed};
    out->count = 0;
    fmx_status status = fmx__upload_slot(s->upload, &slot);
    if (status != FMX_OK)
        return status;
    for (size_t row = 0; row < count; ++row) {
        size_t number = fmx__epoch_order_at(&s->order[split], epoch, index * batch + row);
        ((fmx__decay *)slot)[row] =
            fmx__decay_set_make(&s->set, split, number, fmx__mixture_draw_of(split, epoch));
    }
    status = fmx__upload_send(s->upload, s->rows, 0, count * sizeof(fmx__decay));
    if (status == FMX_OK)
        status = fmx__decays(source->site.device, out->input, &of);
    if (status == FMX_OK)
        status = make_targets(source, out, count);
    if (status == FMX_OK && count < batch)
        status = clear_rest(source, out, count);
    out->count = status == FMX_OK ? count : 0;
    return status;
}

const fmx__source_kind fmx__source_decays = {"decays", false, open_decays, close_decays,
                                             next_decays};

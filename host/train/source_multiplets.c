/* The source `multiplets`: the toy of mixture separation, made on the host (an item is about 500
 * bytes) and sent through rings of its memory. */
#include <stdlib.h>
#include <string.h>

#include "epoch_order.h"
#include "mixture_draw.h"
#include "multiplets.h"
#include "source.h"
#include "transfer.h"

enum { SLOTS = 3, INPUT = FMX__SOURCE_TARGETS };

/* The targets, in this order. */
enum { LABELS, CLASSES, SOURCES, TARGETS };

typedef struct toy {
    fmx__multiplets multiplets;
    char **name;
    fmx__epoch_order order[FMX__SPLITS];
    fmx__upload *upload[FMX__SOURCE_TARGETS + 1]; /* of targets and, last, the input */
} toy;

static size_t target_floats(const fmx__source *source, size_t index)
{
    if (index == INPUT)
        return source->channels * source->positions;
    return source->target[index].channels * source->target[index].positions;
}

static fmx_status name_compounds(fmx__source *source, toy *s)
{
    size_t count = s->multiplets.file.compounds;
    fmx_status status = fmx__alloc(source->ctx, count, sizeof *s->name, "compounds", &s->name);
    for (size_t c = 0; status == FMX_OK && c < count; ++c)
        status = fmx__multiplets_name(source->ctx, c, &s->name[c]);
    source->class_name = s->name;
    source->classes = status == FMX_OK ? count : 0;
    return status;
}

static void describe(fmx__source *source, const fmx__multiplet_file *file, size_t values)
{
    source->channels = file->lines;
    source->positions = file->positions;
    source->target[LABELS] = (fmx__source_target){"labels", file->parts, 1};
    source->target[CLASSES] = (fmx__source_target){"classes", file->compounds, 1};
    source->target[SOURCES] = (fmx__source_target){"sources", file->parts, values};
    source->target_count = TARGETS;
}

/* Items of the splits: as many as the recipe asks for, or each mixture once. */
static fmx_status make_orders(fmx__source *source, toy *s)
{
    const fmx__train *train = source->site.train;
    uint64_t seed = (uint64_t)source->site.recipe->head.seed;
    fmx_status status = FMX_OK;
    for (int split = 0; status == FMX_OK && split < FMX__SPLITS; ++split) {
        size_t count = fmx__multiplets_list(&s->multiplets, (fmx__split)split)->count;
        bool trains = split == FMX__SPLIT_TRAIN;
        size_t wanted = (size_t)(trains ? train->items : train->validation);
        size_t items = count == 0 ? 0 : wanted > 0 ? wanted : count;
        source->items[split] = split == FMX__SPLIT_VALIDATION && !train->validate ? 0 : items;
        status = fmx__epoch_order_create(source->ctx, items, trains && train->shuffle, seed,
                                         (fmx__split)split, &s->order[split]);
    }
    return status;
}

static fmx_status open_toy(fmx__source *source)
{
    toy *s = NULL;
    const fmx__recipe *recipe = source->site.recipe;
    const fmx__multiplets_options *options = fmx__recipe_find(recipe, "multiplets")->options;
    fmx_status status = fmx__alloc(source->ctx, 1, sizeof *s, "a source", &s);
    source->state = s;
    if (status == FMX_OK)
        status = fmx__multiplets_create(source->ctx, options, (uint64_t)recipe->head.seed,
                                        &s->multiplets);
    if (status != FMX_OK)
        return status;
    describe(source, &s->multiplets.file, s->multiplets.values);
    status = name_compounds(source, s);
    if (status == FMX_OK)
        status = make_orders(source, s);
    size_t batch = (size_t)source->site.train->batch;
    for (size_t i = 0; status == FMX_OK && i <= INPUT; ++i) {
        if (i < TARGETS || i == INPUT)
            status = fmx__upload_create(source->site.device,
                                        batch * target_floats(source, i) * sizeof(float), SLOTS,
                                        &s->upload[i]);
    }
    return status;
}

static void close_toy(fmx__source *source)
{
    toy *s = source->state;
    if (s == NULL)
        return;
    for (size_t i = 0; i < FMX__COUNT(s->upload); ++i)
        fmx__upload_destroy(s->upload[i]);
    for (size_t split = 0; split < FMX__SPLITS; ++split)
        fmx__epoch_order_clear(&s->order[split]);
    for (size_t c = 0; s->name != NULL && c < s->multiplets.file.compounds; ++c)
        free(s->name[c]);
    free(s->name);
    fmx__multiplets_clear(&s->multiplets);
    free(s);
}

/* One item into the host memory of each target that is wanted. */
static void fill_item(fmx__source *source, fmx__split split, size_t epoch, size_t place, size_t row,
                      float *const host[])
{
    toy *s = source->state;
    size_t parts = s->multiplets.file.parts;
    fmx__multiplets_item item = {
        .input = host[INPUT] + row * s->multiplets.values,
        .sources =
            host[SOURCES] != NULL ? host[SOURCES] + row * parts * s->multiplets.values : NULL,
    };
    size_t number = fmx__epoch_order_at(&s->order[split], epoch, place);
    fmx__multiplets_make(&s->multiplets, split, number, fmx__mixture_draw_of(split, epoch), &item);
    for (size_t k = 0; k < parts; ++k) {
        if (host[LABELS] != NULL)
            host[LABELS][row * parts + k] = (float)item.compound[k];
        if (host[CLASSES] != NULL)
            host[CLASSES][row * source->classes + item.compound[k]] += 1 / (float)parts;
    }
}

static fmx_status next_toy(fmx__source *source, fmx__split split, size_t epoch, size_t index,
                           fmx__source_batch *out)
{
    toy *s = source->state;
    float *host[FMX__SOURCE_TARGETS + 1] = {NULL};
    size_t batch = (size_t)source->site.train->batch;
    size_t left = source->items[split] - index * batch;
    size_t count = left < batch ? left : batch;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i <= INPUT; ++i) {
        if (i != INPUT && (i >= TARGETS || out->target[i] == NULL))
            continue;
        void *slot = NULL;
        status = fmx__upload_slot(s->upload[i], &slot);
        if (status == FMX_OK)
            memset(slot, 0, batch * target_floats(source, i) * sizeof(float));
        host[i] = slot;
    }
    for (size_t row = 0; status == FMX_OK && row < count; ++row)
        fill_item(source, split, epoch, index * batch + row, row, host);
    for (size_t i = 0; status == FMX_OK && i <= INPUT; ++i) {
        if (host[i] != NULL)
            status = fmx__upload_send(s->upload[i], i == INPUT ? out->input : out->target[i], 0,
                                      batch * target_floats(source, i) * sizeof(float));
    }
    out->count = status == FMX_OK ? count : 0;
    return status;
}

const fmx__source_kind fmx__source_multiplets = {"multiplets", false, open_toy, close_toy,
                                                 next_toy};

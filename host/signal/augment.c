#include "augment.h"

#include <stdlib.h>
#include <string.h>

#include "augmentation.h"
#include "launch.h"
#include "shift.h"
#include "transfer.h"

static const size_t batch_bytes = (size_t)32 << 20; /* of spectra that leave the last stage */
enum { MOST_BATCH = 4096 };

/* ---- the stages ------------------------------------------------------------------------------ */

/* shift: has no scratch of its own, the state is what a call needs. */
typedef struct shift_state {
    fmx_device *device;
    size_t points;
} shift_state;

static size_t shift_copies(const void *options)
{
    return fmx__shift_copies(options);
}

static void shift_draw(const void *options, const fmx__augment_axis *axis,
                       const fmx__augment_row *row, void *item)
{
    fmx__shift_item *out = item;
    double ppm = fmx__shift_ppm(options, axis->seed, row->item, row->copy);
    out->row = row->row;
    out->points = fmx__shift_points(ppm, axis->points, axis->ppm_step);
}

static fmx_status shift_create(fmx_device *device, const void *options,
                               const fmx__augment_axis *axis, size_t most_items, void **state)
{
    shift_state *s = NULL;
    (void)options;
    (void)most_items;
    fmx_status status = fmx__alloc(fmx__device_context(device), 1, sizeof *s, "shift", &s);
    if (status == FMX_OK)
        *s = (shift_state){device, axis->points};
    *state = s;
    return status;
}

static fmx_status shift_apply(void *state, fmx_buffer *library, fmx_buffer *items, size_t count,
                              fmx_buffer *out)
{
    const shift_state *s = state;
    return fmx__shift_apply(s->device, library, items, count, s->points, out);
}

static bool augmentation_needs_field(const void *options)
{
    return fmx__augmentation_needs_field(options);
}

static size_t augmentation_copies(const void *options)
{
    return (size_t)((const fmx__augmentation_options *)options)->copies;
}

static void augmentation_draw(const void *options, const fmx__augment_axis *axis,
                              const fmx__augment_row *row, void *item)
{
    fmx__augmentation_item *out = item;
    fmx__augmentation_draw(options, axis->seed, row->item, row->copy, row->field_mhz, out);
    out->row = row->row;
}

static fmx_status augmentation_create(fmx_device *device, const void *options,
                                      const fmx__augment_axis *axis, size_t most_items,
                                      void **state)
{
    fmx__augmentation *made = NULL;
    fmx_status status =
        fmx__augmentation_create(device, options, axis->points, axis->ppm_step, most_items, &made);
    *state = made;
    return status;
}

static fmx_status augmentation_apply(void *state, fmx_buffer *library, fmx_buffer *items,
                                     size_t count, fmx_buffer *out)
{
    return fmx__augmentation_apply(state, library, items, count, out);
}

static void augmentation_release(void *state)
{
    fmx__augmentation_release(state);
}

static const fmx__augment_stage shift_stage = {
    .group = &fmx__shift_group,
    .item_bytes = sizeof(fmx__shift_item),
    .copies = shift_copies,
    .draw = shift_draw,
    .create = shift_create,
    .apply = shift_apply,
    .release = free,
};

static const fmx__augment_stage augmentation_stage = {
    .group = &fmx__augmentation_group,
    .item_bytes = sizeof(fmx__augmentation_item),
    .check = fmx__augmentation_check,
    .needs_field = augmentation_needs_field,
    .copies = augmentation_copies,
    .draw = augmentation_draw,
    .create = augmentation_create,
    .apply = augmentation_apply,
    .release = augmentation_release,
};

const fmx__augment_stage *const fmx__augment_stages[] = {&shift_stage, &augmentation_stage};
const size_t fmx__augment_stage_count = FMX__COUNT(fmx__augment_stages);

const fmx__option_group *fmx__augment_group(size_t index)
{
    return index < fmx__augment_stage_count ? fmx__augment_stages[index]->group : NULL;
}

static const fmx__augment_stage *stage_of(const fmx__recipe_stage *chosen)
{
    for (size_t i = 0; i < fmx__augment_stage_count; ++i) {
        if (fmx__augment_stages[i]->group == chosen->group)
            return fmx__augment_stages[i];
    }
    return NULL;
}

fmx_status fmx__augment_check(fmx_context *ctx, const fmx__recipe_part *stages, size_t *copies,
                              bool *needs_field)
{
    size_t product = 1;
    bool needs = false;
    if (stages == NULL || stages->count == 0)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "augment: no stage; list what is to be done, for instance\n"
                         "  augment:\n    - shift: {shift_ppm: 0.05, steps: 4}");
    for (size_t i = 0; i < stages->count; ++i) {
        const fmx__augment_stage *stage = stage_of(&stages->stage[i]);
        const void *options = stages->stage[i].options;
        fmx_status status = FMX_OK;
        if (stage == NULL)
            return fmx__fail(ctx, FMX_ERROR_INTERNAL, "augment: an unknown stage");
        if (stage->check != NULL)
            status = stage->check(ctx, options);
        if (status == FMX_OK && !fmx__size_mul(product, stage->copies(options), &product))
            status = fmx__fail(ctx, FMX_ERROR_RECIPE, "augment: too many copies");
        if (status != FMX_OK)
            return status;
        needs = needs || (stage->needs_field != NULL && stage->needs_field(options));
    }
    if (copies != NULL)
        *copies = product;
    if (needs_field != NULL)
        *needs_field = needs;
    return FMX_OK;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* One stage at work. Its output rows are numbered through; `below` output rows of the whole list
 * come from one of them. */
typedef struct level {
    const fmx__augment_stage *stage;
    const void *options;
    void *state;
    size_t copies;
    size_t below; /* product of the later stages' copies */
    size_t count; /* rows it makes for the batch under way */
    char *item;   /* [most] */
    fmx_buffer *items;
    fmx_buffer *out; /* float [most][points] */
} level;

typedef struct running {
    const fmx__augment_job *job;
    fmx_context *ctx;
    level *level; /* [job->stages->count] */
    size_t levels;
    size_t copies;       /* of all stages */
    size_t batch;        /* output rows at a time */
    fmx_buffer *library; /* float [most input rows][points] */
    float *input;        /* the same on the host */
    size_t held;         /* the input rows that the device holds: first and number */
    size_t held_count;
    fmx__download *out; /* two slots of [batch][points]: what the sink has, what is on its way */
} running;

/* Rows that a level may have to make for one batch. */
static size_t most_rows(const running *r, size_t below)
{
    return below > 1 ? r->batch / below + 2 : r->batch;
}

static fmx_status prepare_level(running *r, size_t index)
{
    level *l = &r->level[index];
    const fmx__recipe_stage *chosen = &r->job->stages->stage[index];
    size_t row_bytes = r->job->axis.points * sizeof(float);
    size_t below = l->below;
    size_t most = most_rows(r, below);
    l->stage = stage_of(chosen);
    l->options = chosen->options;
    fmx_status status =
        l->stage->create(r->job->device, l->options, &r->job->axis, most, &l->state);
    if (status == FMX_OK)
        status = fmx__alloc(r->ctx, most, l->stage->item_bytes, "items of augmentation", &l->item);
    if (status == FMX_OK)
        status = fmx_buffer_create(r->job->device, most * l->stage->item_bytes, &l->items);
    if (status == FMX_OK)
        status = fmx_buffer_create(r->job->device, most * row_bytes, &l->out);
    return status;
}

static fmx_status prepare(running *r)
{
    const fmx__augment_job *job = r->job;
    size_t row_bytes = job->axis.points * sizeof(float);
    r->levels = job->stages->count;
    fmx_status status = fmx__alloc(r->ctx, r->levels, sizeof *r->level, "stages", &r->level);
    if (status != FMX_OK)
        return status;
    r->copies = 1;
    for (size_t i = r->levels; i-- > 0;) {
        r->level[i].below = r->copies;
        r->level[i].copies =
            stage_of(&job->stages->stage[i])->copies(job->stages->stage[i].options);
        r->copies *= r->level[i].copies;
    }
    r->batch = job->batch > 0 ? job->batch : batch_bytes / row_bytes;
    r->batch = r->batch < 1 ? 1 : r->batch > MOST_BATCH ? MOST_BATCH : r->batch;
    if (r->batch > job->end - job->first)
        r->batch = job->end - job->first;
    for (size_t i = 0; status == FMX_OK && i < r->levels; ++i)
        status = prepare_level(r, i);
    size_t inputs = most_rows(r, r->copies);
    if (status == FMX_OK)
        status = fmx_buffer_create(job->device, inputs * row_bytes, &r->library);
    if (status == FMX_OK)
        status = fmx__alloc(r->ctx, inputs, row_bytes, "spectra", &r->input);
    if (status == FMX_OK)
        status = fmx__download_create(job->device, r->batch * row_bytes, 2, &r->out);
    return status;
}

static void release(running *r)
{
    fmx__download_destroy(r->out);
    for (size_t i = 0; r->level != NULL && i < r->levels; ++i) {
        level *l = &r->level[i];
        fmx_buffer_release(l->out);
        fmx_buffer_release(l->items);
        free(l->item);
        if (l->stage != NULL)
            l->stage->release(l->state);
    }
    fmx_buffer_release(r->library);
    free(r->level);
    free(r->input);
}

/* Draws what a level makes, output rows [first, first + count) of it, from rows that start with
 * from_first. */
static fmx_status draw_level(const running *r, level *l, size_t from_first, size_t first,
                             size_t count)
{
    const fmx__augment_job *job = r->job;
    for (size_t i = 0; i < count; ++i) {
        size_t number = first + i;
        size_t parent = number / l->copies;
        size_t input = number / (r->copies / l->below);
        fmx__augment_row row = {
            .item = parent,
            .row = (uint32_t)(parent - from_first),
            .copy = (uint32_t)(number % l->copies),
            .field_mhz = job->field_mhz != NULL ? job->field_mhz[input] : 0,
        };
        l->stage->draw(l->options, &job->axis, &row, l->item + i * l->stage->item_bytes);
    }
    l->count = count;
    return fmx_buffer_write(l->items, 0, l->item, count * l->stage->item_bytes);
}

/* Puts the input rows of a batch on the device, unless they are there. */
static fmx_status load_inputs(running *r, size_t first, size_t count)
{
    fmx_status status = FMX_OK;
    if (r->held == first && r->held_count == count)
        return FMX_OK;
    status = r->job->source(r->job->user, first, count, r->input);
    if (status == FMX_OK)
        status =
            fmx_buffer_write(r->library, 0, r->input, count * r->job->axis.points * sizeof(float));
    r->held = first;
    r->held_count = status == FMX_OK ? count : 0;
    return status;
}

/* Asks the device for output rows [first, first + count). */
static fmx_status start(running *r, size_t first, size_t count)
{
    size_t last = first + count - 1;
    size_t from_first = first / r->copies;
    fmx_buffer *from = r->library;
    fmx_status status = load_inputs(r, from_first, last / r->copies - from_first + 1);
    /* uploads wait, so they come first */
    for (size_t i = 0; status == FMX_OK && i < r->levels; ++i) {
        level *l = &r->level[i];
        size_t level_first = first / l->below;
        status = draw_level(r, l, from_first, level_first, last / l->below - level_first + 1);
        from_first = level_first;
    }
    for (size_t i = 0; status == FMX_OK && i < r->levels; ++i) {
        level *l = &r->level[i];
        status = l->stage->apply(l->state, from, l->items, l->count, l->out);
        from = l->out;
    }
    if (status == FMX_OK)
        status = fmx__download_ask(r->out, from, 0, count * r->job->axis.points * sizeof(float));
    return status;
}

fmx_status fmx__augment_run(const fmx__augment_job *job)
{
    running r = {.job = job, .ctx = fmx__device_context(job->device)};
    const void *made = NULL;
    if (job->end <= job->first)
        return FMX_OK;
    size_t total = job->end - job->first;
    fmx_status status = prepare(&r);
    size_t count = r.batch;
    if (status == FMX_OK)
        status = start(&r, job->first, count);
    for (size_t at = 0; status == FMX_OK && at < total;) {
        size_t next = at + count;
        size_t next_count = total - next < r.batch ? total - next : r.batch;
        status = fmx__download_take(r.out, &made);
        if (status == FMX_OK)
            status = fmx__check_interrupt(r.ctx);
        if (status == FMX_OK && next_count > 0)
            status = start(&r, job->first + next, next_count); /* works while the sink writes */
        if (status == FMX_OK)
            status = job->sink(job->user, job->first + at, count, made);
        at = next;
        count = next_count;
        if (status == FMX_OK)
            fmx__progress(r.ctx, "augment", at, total);
    }
    release(&r);
    return status;
}

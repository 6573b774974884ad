#include "augment_chain.h"

#include <stdlib.h>
#include <string.h>

#include "augmentation.h"
#include "launch.h"
#include "transfer.h"

enum { SLOTS = 3 }; /* calls that the host may be ahead */

typedef struct link {
    const fmx__augment_stage *stage;
    void *options; /* owned */
    void *state;
    size_t copies;
    size_t below; /* product of the later stages' copies */
    fmx__upload *upload;
    fmx_buffer *items;
    fmx_buffer *out; /* of all but the last */
} link;

struct fmx__augment_chain {
    fmx_device *device;
    fmx__augment_axis axis;
    size_t most;
    size_t copies; /* of all stages */
    size_t count;
    link *link; /* [count] */
};

static const fmx__augment_stage *stage_of(const fmx__option_group *group)
{
    for (size_t i = 0; i < fmx__augment_stage_count; ++i) {
        if (fmx__augment_stages[i]->group == group)
            return fmx__augment_stages[i];
    }
    return NULL;
}

/* An own copy of a stage's options. */
static fmx_status copy_options(fmx_context *ctx, const fmx__recipe_stage *chosen, bool keep_scale,
                               void **out)
{
    size_t bytes = chosen->group->options_size;
    fmx_status status = fmx__alloc(ctx, 1, bytes, "options of augmentation", out);
    if (status != FMX_OK)
        return status;
    memcpy(*out, chosen->options, bytes);
    if (keep_scale && chosen->group == &fmx__augmentation_group) {
        fmx__augmentation_options *o = *out;
        o->amplitude = ((const fmx__augmentation_options *)chosen->group->defaults)->amplitude;
        o->normalise = FMX__AUGMENTATION_AS_IS;
    }
    return FMX_OK;
}

static fmx_status make_link(fmx__augment_chain *c, const fmx__recipe_stage *chosen, bool keep_scale,
                            bool last, link *l)
{
    fmx_context *ctx = fmx__device_context(c->device);
    l->stage = stage_of(chosen->group);
    if (l->stage == NULL)
        return fmx__fail(ctx, FMX_ERROR_INTERNAL, "augment: an unknown stage");
    size_t bytes = c->most * l->stage->item_bytes;
    fmx_status status = copy_options(ctx, chosen, keep_scale, &l->options);
    if (status == FMX_OK)
        status = l->stage->create(c->device, l->options, &c->axis, c->most, &l->state);
    if (status == FMX_OK)
        status = fmx__upload_create(c->device, bytes, SLOTS, &l->upload);
    if (status == FMX_OK)
        status = fmx_buffer_create(c->device, bytes, &l->items);
    if (status == FMX_OK && !last)
        status = fmx_buffer_create(c->device, c->most * c->axis.points * sizeof(float), &l->out);
    return status;
}

fmx_status fmx__augment_chain_create(fmx_device *device, const fmx__recipe_part *stages,
                                     const fmx__augment_axis *axis, size_t most, bool keep_scale,
                                     fmx__augment_chain **out)
{
    fmx_context *ctx = fmx__device_context(device);
    fmx__augment_chain *c = NULL;
    *out = NULL;
    fmx_status status = fmx__augment_check(ctx, stages, NULL, NULL);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *c, "augmentation", &c);
    if (status != FMX_OK)
        return status;
    *c = (fmx__augment_chain){.device = device, .axis = *axis, .most = most, .copies = 1};
    status = fmx__alloc(ctx, stages->count, sizeof *c->link, "augmentation", &c->link);
    for (size_t i = 0; status == FMX_OK && i < stages->count; ++i) {
        c->count = i + 1;
        status = make_link(c, &stages->stage[i], keep_scale, i + 1 == stages->count, &c->link[i]);
    }
    for (size_t i = c->count; status == FMX_OK && i-- > 0;) {
        c->link[i].below = c->copies;
        c->link[i].copies = c->link[i].stage->copies(c->link[i].options);
        c->copies *= c->link[i].copies;
    }
    if (status == FMX_OK)
        *out = c;
    else
        fmx__augment_chain_release(c);
    return status;
}

void fmx__augment_chain_release(fmx__augment_chain *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; ++i) {
        link *l = &c->link[i];
        fmx_buffer_release(l->out);
        fmx_buffer_release(l->items);
        fmx__upload_destroy(l->upload);
        if (l->stage != NULL && l->state != NULL)
            l->stage->release(l->state);
        free(l->options);
    }
    free(c->link);
    free(c);
}

/* Draws the items of one stage and sends them. */
static fmx_status send_items(fmx__augment_chain *c, link *l, bool first,
                             const fmx__augment_pick *pick, size_t count)
{
    void *slot = NULL;
    fmx_status status = fmx__upload_slot(l->upload, &slot);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < count; ++i) {
        uint64_t round = pick[i].draw / c->copies;
        size_t copy = pick[i].draw % c->copies;
        fmx__augment_row row = {
            /* as `fidmix augment` numbers the rows that enter a stage, in the first round */
            .item = pick[i].item * (c->copies / l->below / l->copies) +
                    copy / l->below / l->copies + (round << 32),
            .row = first ? pick[i].row : (uint32_t)i,
            .copy = (uint32_t)(copy / l->below % l->copies),
            .field_mhz = pick[i].field_mhz,
        };
        l->stage->draw(l->options, &c->axis, &row, (char *)slot + i * l->stage->item_bytes);
    }
    return fmx__upload_send(l->upload, l->items, 0, count * l->stage->item_bytes);
}

fmx_status fmx__augment_chain_run(fmx__augment_chain *c, fmx_buffer *library,
                                  const fmx__augment_pick *pick, size_t count, fmx_buffer *out)
{
    fmx_status status = FMX_OK;
    if (count > c->most)
        return fmx__fail(fmx__device_context(c->device), FMX_ERROR_SHAPE,
                         "augment: %zu spectra at once, at most %zu were planned", count, c->most);
    for (size_t i = 0; status == FMX_OK && count > 0 && i < c->count; ++i) {
        link *l = &c->link[i];
        fmx_buffer *to = i + 1 == c->count ? out : l->out;
        status = send_items(c, l, i == 0, pick, count);
        if (status == FMX_OK)
            status = l->stage->apply(l->state, i == 0 ? library : c->link[i - 1].out, l->items,
                                     count, to);
    }
    return status;
}

/* Batches of generated mixtures: plans from the host, rows of signals and their sums from the
 * device. */
#include <stdlib.h>
#include <string.h>

#include "generator_internal.h"
#include "mixture_draw.h"

enum { SLOTS = 3 /* calls that the host may be ahead */ };

static const double merge_hz = 0.1;

/* A piece of host memory that travels to a buffer. */
typedef struct lane {
    fmx__upload *upload;
    fmx_buffer *buffer; /* NULL: the caller's */
    void *host;         /* the current slot */
} lane;

struct fmx__generator {
    fmx__generator_plan plan;
    fmx_context *ctx;
    fmx__generator_cast cast;
    fmx__multiplet_table table;
    fmx__generator_dice dice;
    size_t signals; /* of a mixture at most, the humps included */
    size_t most_humps;
    size_t most_rows; /* of a batch */
    size_t most_parts;
    lane rows; /* plan of synthesis */
    lane sums; /* plan of mixture */
    lane classes;
    lane labels;
    lane slots;
    fmx_buffer *row;   /* float [most_rows][points] */
    fmx_buffer *facts; /* float [batch][2] */
    fmx__generator_drawn drawn;
};

/* What a plan holds so far. */
typedef struct draft {
    fmx__synthesis_head *head;
    fmx__synthesis_part *part; /* gathered apart: how many rows there are is known at the end */
    fmx__synthesis_hump *hump;
    size_t rows;
    size_t parts;
    size_t humps;
    double work;
} draft;

size_t fmx__generator_classes(const fmx__generator *g)
{
    return g->cast.classes;
}

char *const *fmx__generator_names(const fmx__generator *g)
{
    return g->cast.name;
}

const uint32_t *fmx__generator_common(const fmx__generator *g, size_t *count)
{
    *count = g->cast.commons;
    return g->cast.commons > 0 ? g->cast.common_compound : NULL;
}

size_t fmx__generator_slots(const fmx__generator *g)
{
    return g->plan.options->sources == FMX__GENERATOR_BY_CLASS ? g->cast.classes
                                                               : (size_t)g->plan.options->most;
}

void fmx__generator_look(fmx__generator *g, uint64_t item, uint32_t draw, fmx__generator_facts *out)
{
    fmx__generator_draw(&g->dice, item, draw, &g->drawn);
    *out = (fmx__generator_facts){.compounds = g->drawn.named,
                                  .width_hz = g->drawn.width_hz,
                                  .offset_ppm = g->drawn.offset_ppm};
    for (size_t k = 0; k < out->compounds; ++k) {
        out->compound[k] = g->cast.of_class[g->drawn.signal[k].class_index];
        out->amount[k] = g->drawn.signal[k].proportion;
    }
}

static fmx_status make_lane(fmx__generator *g, size_t bytes, bool own, lane *out)
{
    fmx_status status = fmx__upload_create(g->plan.device, bytes, SLOTS, &out->upload);
    if (status == FMX_OK && own)
        status = fmx_buffer_create(g->plan.device, bytes, &out->buffer);
    return status;
}

static void clear_lane(lane *l)
{
    fmx_buffer_release(l->buffer);
    fmx__upload_destroy(l->upload);
}

static fmx_status make_lanes(fmx__generator *g)
{
    size_t batch = g->plan.batch;
    size_t floats = g->most_rows * g->plan.axis.points;
    fmx_status status =
        make_lane(g, fmx__synthesis_plan_bytes(g->most_rows, g->most_parts, batch * g->most_humps),
                  true, &g->rows);
    if (status == FMX_OK)
        status =
            make_lane(g, batch * fmx__mixture_words(g->signals) * sizeof(uint32_t), true, &g->sums);
    if (status == FMX_OK)
        status = make_lane(g, batch * g->cast.classes * sizeof(float), false, &g->classes);
    if (status == FMX_OK)
        status =
            make_lane(g, batch * (size_t)g->plan.options->most * sizeof(float), false, &g->labels);
    if (status == FMX_OK)
        status = make_lane(g, batch * fmx__generator_slots(g) * sizeof(fmx__synthesis_slot), true,
                           &g->slots);
    if (status == FMX_OK)
        status = fmx_buffer_create(g->plan.device, floats * sizeof(float), &g->row);
    if (status == FMX_OK)
        status = fmx_buffer_create(g->plan.device, batch * 2 * sizeof(float), &g->facts);
    return status;
}

fmx_status fmx__generator_create(const fmx__generator_plan *plan, fmx__generator **out)
{
    fmx_context *ctx = fmx__device_context(plan->device);
    const fmx__generator_options *o = plan->options;
    fmx__generator *g = NULL;
    *out = NULL;
    fmx_status status = fmx__generator_check(ctx, o);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *g, "a generator", &g);
    if (status != FMX_OK)
        return status;
    g->plan = *plan;
    g->ctx = ctx;
    status = fmx__generator_cast_make(ctx, plan->library, o, &g->cast);
    if (status == FMX_OK)
        status = fmx__multiplet_table_create(plan->device, plan->library, &plan->axis, merge_hz,
                                             &g->table);
    g->dice = (fmx__generator_dice){o, &g->cast, &g->table, plan->seed};
    g->most_humps = (size_t)o->humps + (o->water > 0);
    g->signals = (size_t)(o->most + o->foreign) + (g->most_humps > 0);
    g->most_rows = plan->batch * g->signals;
    g->most_parts = g->most_rows * g->table.most * (o->shim > 0 ? 2 : 1);
    if (status == FMX_OK)
        status = make_lanes(g);
    if (status == FMX_OK)
        *out = g;
    else
        fmx__generator_release(g);
    return status;
}

void fmx__generator_release(fmx__generator *g)
{
    if (g == NULL)
        return;
    lane *const lanes[] = {&g->rows, &g->sums, &g->classes, &g->labels, &g->slots};
    fmx_buffer_release(g->facts);
    fmx_buffer_release(g->row);
    for (size_t i = 0; i < FMX__COUNT(lanes); ++i)
        clear_lane(lanes[i]);
    fmx__multiplet_table_clear(&g->table);
    fmx__generator_cast_clear(&g->cast);
    free(g);
}

/* Work of the parts of a row, in values of single lines. */
static double work_of(const fmx__synthesis_part *part, size_t count)
{
    double work = 0;
    for (size_t i = 0; i < count; ++i)
        work += (double)part[i].lines * (double)(part[i].window >> 16) * FMX__SYNTHESIS_BLOCK;
    return work;
}

/* Rows and sum of one mixture. */
static void plan_mixture(fmx__generator *g, draft *d, uint64_t item, uint32_t draw, uint32_t *words)
{
    const fmx__generator_options *o = g->plan.options;
    const fmx__generator_drawn *drawn = &g->drawn;
    fmx__mixture_head *head = (fmx__mixture_head *)words;
    fmx__mixture_part *sum = (fmx__mixture_part *)(head + 1);
    fmx__synthesis_head row = {.divide = o->scale == FMX__MIXTURE_BY_MAXIMUM,
                               .cosine = (float)drawn->cosine,
                               .sine = (float)drawn->sine,
                               .gauss = (float)drawn->gauss};
    double largest = 0;
    *head = (fmx__mixture_head){.parts = (uint32_t)drawn->signals,
                                .item_low = (uint32_t)item,
                                .item_high = (uint32_t)(item >> 32),
                                .draw = draw,
                                .noise = drawn->snr > 0 ? (float)(1 / drawn->snr) : 0,
                                .bias = (float)drawn->bias};
    for (size_t k = 0; k < drawn->signals; ++k) {
        double area = 0;
        row.first_part = (uint32_t)d->parts;
        row.parts = (uint32_t)fmx__generator_parts(&g->dice, drawn, k, item, draw,
                                                   d->part + d->parts, &area);
        d->work += work_of(d->part + d->parts, row.parts);
        d->parts += row.parts;
        double divisor = o->scale == FMX__MIXTURE_BY_AREA && area > 0 ? area : 1;
        double proportion = drawn->signal[k].proportion;
        largest = proportion > largest ? proportion : largest;
        sum[k] = (fmx__mixture_part){(uint32_t)d->rows, (float)(proportion / divisor), 0};
        d->head[d->rows++] = row;
    }
    if (drawn->humps > 0) {
        fmx__generator_humps(&g->dice, drawn, item, draw, d->hump + d->humps);
        sum[head->parts++] =
            (fmx__mixture_part){(uint32_t)d->rows, (float)(largest > 0 ? largest : 1), 0};
        d->head[d->rows++] = (fmx__synthesis_head){
            .first_hump = (uint32_t)d->humps, .humps = (uint32_t)drawn->humps, .cosine = 1};
        d->humps += drawn->humps;
    }
}

/* Targets of mixture `place` of the batch, whose first row is `first_row`. */
static void note_targets(fmx__generator *g, size_t place, size_t first_row,
                         const fmx__generator_batch *out)
{
    const fmx__generator_drawn *drawn = &g->drawn;
    size_t most = (size_t)g->plan.options->most;
    bool by_class = g->plan.options->sources == FMX__GENERATOR_BY_CLASS;
    const uint32_t *words = (const uint32_t *)g->sums.host + place * fmx__mixture_words(g->signals);
    const fmx__mixture_part *sum = (const fmx__mixture_part *)(words + FMX__MIXTURE_HEAD_WORDS);
    for (size_t k = 0; k < drawn->named; ++k) {
        const fmx__generator_signal *s = &drawn->signal[k];
        if (out->classes != NULL)
            ((float *)g->classes.host)[place * g->cast.classes + s->class_index] =
                (float)s->proportion;
        if (out->labels != NULL)
            ((float *)g->labels.host)[place * most + k] = (float)s->class_index;
        if (out->sources != NULL)
            ((fmx__synthesis_slot *)
                 g->slots.host)[place * fmx__generator_slots(g) + (by_class ? s->class_index : k)] =
                (fmx__synthesis_slot){(uint32_t)(first_row + k), sum[k].weight};
    }
}

/* Host memory for what is made, set to "nothing there". */
static fmx_status begin(fmx__generator *g, const fmx__generator_batch *out)
{
    size_t batch = g->plan.batch;
    fmx_status status = fmx__upload_slot(g->rows.upload, &g->rows.host);
    if (status == FMX_OK)
        status = fmx__upload_slot(g->sums.upload, &g->sums.host);
    if (status == FMX_OK)
        memset(g->sums.host, 0, batch * fmx__mixture_words(g->signals) * sizeof(uint32_t));
    if (status == FMX_OK && out->classes != NULL) {
        status = fmx__upload_slot(g->classes.upload, &g->classes.host);
        if (status == FMX_OK)
            memset(g->classes.host, 0, batch * g->cast.classes * sizeof(float));
    }
    if (status == FMX_OK && out->labels != NULL) {
        status = fmx__upload_slot(g->labels.upload, &g->labels.host);
        for (size_t i = 0; status == FMX_OK && i < batch * (size_t)g->plan.options->most; ++i)
            ((float *)g->labels.host)[i] = -1;
    }
    if (status == FMX_OK && out->sources != NULL) {
        status = fmx__upload_slot(g->slots.upload, &g->slots.host);
        for (size_t i = 0; status == FMX_OK && i < batch * fmx__generator_slots(g); ++i)
            ((fmx__synthesis_slot *)g->slots.host)[i] = (fmx__synthesis_slot){UINT32_MAX, 0};
    }
    return status;
}

/* Draws all mixtures; the plan's parts and humps lie behind the most rows, and are moved up at the
 * end. */
static void plan_batch(fmx__generator *g, uint64_t first, size_t count, uint32_t draw,
                       const fmx__generator_batch *out, draft *d)
{
    char *host = g->rows.host;
    size_t parts_at = g->most_rows * sizeof(fmx__synthesis_head);
    size_t humps_at = parts_at + g->most_parts * sizeof(fmx__synthesis_part);
    *d = (draft){
        .head = g->rows.host, .part = (void *)(host + parts_at), .hump = (void *)(host + humps_at)};
    for (size_t i = 0; i < count; ++i) {
        size_t first_row = d->rows;
        fmx__generator_draw(&g->dice, first + i, draw, &g->drawn);
        plan_mixture(g, d, first + i, draw,
                     (uint32_t *)g->sums.host + i * fmx__mixture_words(g->signals));
        note_targets(g, i, first_row, out);
    }
    if (d->rows == 0) /* mixtures of nothing: one empty row, which no sum takes */
        d->head[d->rows++] = (fmx__synthesis_head){0};
    char *to = host + d->rows * sizeof(fmx__synthesis_head);
    memmove(to, d->part, d->parts * sizeof *d->part);
    memmove(to + d->parts * sizeof *d->part, d->hump, d->humps * sizeof *d->hump);
}

static fmx_status send(lane *l, fmx_buffer *to, size_t bytes)
{
    return fmx__upload_send(l->upload, to != NULL ? to : l->buffer, 0, bytes);
}

static fmx_status send_all(fmx__generator *g, const draft *d, const fmx__generator_batch *out)
{
    size_t batch = g->plan.batch;
    fmx_status status =
        send(&g->rows, NULL, fmx__synthesis_plan_bytes(d->rows, d->parts, d->humps));
    if (status == FMX_OK)
        status = send(&g->sums, NULL, batch * fmx__mixture_words(g->signals) * sizeof(uint32_t));
    if (status == FMX_OK && out->classes != NULL)
        status = send(&g->classes, out->classes, batch * g->cast.classes * sizeof(float));
    if (status == FMX_OK && out->labels != NULL)
        status =
            send(&g->labels, out->labels, batch * (size_t)g->plan.options->most * sizeof(float));
    if (status == FMX_OK && out->sources != NULL)
        status =
            send(&g->slots, NULL, batch * fmx__generator_slots(g) * sizeof(fmx__synthesis_slot));
    return status;
}

fmx_status fmx__generator_fill(fmx__generator *g, uint64_t first, size_t count, uint32_t draw,
                               const fmx__generator_batch *out)
{
    fmx_device *device = g->plan.device;
    size_t points = g->plan.axis.points;
    draft d;
    if (count > g->plan.batch)
        return fmx__fail(g->ctx, FMX_ERROR_ARGUMENT, "%zu mixtures in a batch of %zu", count,
                         g->plan.batch);
    fmx_status status = begin(g, out);
    if (status != FMX_OK)
        return status;
    plan_batch(g, first, count, draw, out, &d);
    status = send_all(g, &d, out);
    fmx__synthesis_of rows = {.lines = g->table.lines,
                              .line_count = g->table.line_count,
                              .plan = g->rows.buffer,
                              .rows = d.rows,
                              .parts = d.parts,
                              .humps = d.humps,
                              .points = points,
                              .reach = g->plan.options->reach,
                              .cell = g->plan.options->cell,
                              .work = d.work};
    fmx__mixture_of sums = {.library = g->row,
                            .library_rows = d.rows,
                            .points = points,
                            .plan = g->sums.buffer,
                            .most = g->signals,
                            .count = g->plan.batch,
                            .divide = g->plan.options->divide,
                            .by_noise = g->plan.options->by_noise,
                            .smooth = g->plan.options->noise_smooth,
                            .seed = g->plan.seed,
                            .parts = d.rows};
    if (status == FMX_OK)
        status = fmx__synthesis(device, g->row, &rows);
    if (status == FMX_OK)
        status = fmx__mixture(device, out->spectra, g->facts, &sums);
    if (status == FMX_OK && out->sources != NULL)
        status =
            fmx__synthesis_sources(device, out->sources, g->row, d.rows, g->facts, g->slots.buffer,
                                   fmx__generator_slots(g), g->plan.batch, points);
    return status;
}

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generator.h"
#include "loss.h"
#include "model.h"
#include "separation_internal.h"

enum { SHIFT_STEPS = 3, MOST_BATCHES = 1000 };

/* ---- the library of least squares -------------------------------------------------------------
 */

/* Spectra of single compounds, not shifted, of middling width, until every class was there. */
static fmx_status draw_singles(fmx__separation *s, fmx__generator *generator,
                               const fmx__generator_batch *to, size_t batch, float *host,
                               float *label, float *library)
{
    fmx_status status = FMX_OK;
    size_t known = 0;
    bool *seen = NULL;
    status = fmx__alloc(s->ctx, s->classes, sizeof *seen, "classes", &seen);
    for (size_t b = 0; status == FMX_OK && known < s->classes && b < MOST_BATCHES; ++b) {
        status = fmx__generator_fill(generator, b * batch, batch, 0, to);
        if (status == FMX_OK)
            status = fmx_buffer_read(to->spectra, 0, host, batch * s->points * sizeof(float));
        if (status == FMX_OK)
            status = fmx_buffer_read(to->labels, 0, label, batch * sizeof(float));
        for (size_t i = 0; status == FMX_OK && i < batch; ++i) {
            size_t c = (size_t)label[i];
            if (seen[c])
                continue;
            memcpy(library + c * s->points, host + i * s->points, s->points * sizeof(float));
            seen[c] = true;
            ++known;
        }
    }
    free(seen);
    return status;
}

static fmx_status make_singles(fmx__separation *s, float *library)
{
    fmx__recipe *recipe = &s->site.out->recipe;
    fmx__generator_options options =
        *(const fmx__generator_options *)fmx__recipe_find(recipe, "library")->options;
    const fmx__generator_batch none = {0};
    fmx__generator_batch to = none;
    fmx__generator *generator = NULL;
    fmx_library *lines = NULL;
    size_t batch = s->site.batch;
    float *host = NULL;
    float *label = NULL;
    double width_hz = sqrt(options.width_least_hz * options.width_most_hz);
    options.least = options.most = 1;
    options.width_least_hz = options.width_most_hz = width_hz;
    options.snr_least = options.snr_most = 0;
    options.shift_ppm = options.stretch = options.broad = options.attenuated = 0;
    options.foreign = options.humps = 0;
    options.phase_deg = options.gauss = 0;
    fmx__generator_plan plan = {
        .device = s->device,
        .options = &options,
        .axis = {s->site.source->first_ppm, s->site.source->last_ppm, s->points},
        .batch = batch,
        .seed = s->site.out->seed,
    };
    fmx_status status = fmx__generator_library(s->ctx, &options, &lines);
    plan.library = lines;
    if (status == FMX_OK)
        status = fmx__generator_create(&plan, &generator);
    if (status == FMX_OK)
        status = fmx_buffer_create(s->device, batch * s->points * sizeof(float), &to.spectra);
    if (status == FMX_OK)
        status = fmx_buffer_create(s->device, batch * sizeof(float), &to.labels);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, batch * s->points, sizeof *host, "spectra", &host);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, batch, sizeof *label, "labels", &label);
    if (status == FMX_OK)
        status = draw_singles(s, generator, &to, batch, host, label, library);
    free(label);
    free(host);
    fmx_buffer_release(to.labels);
    fmx_buffer_release(to.spectra);
    fmx__generator_release(generator);
    fmx_library_release(lines);
    return status;
}

/* Each compound and copies of it that are shifted by up to what the generator shifts multiplets. */
static fmx_status open_least_squares(fmx__separation *s)
{
    const fmx__source *source = s->site.source;
    const fmx__generator_options *options =
        fmx__recipe_find(&s->site.out->recipe, "library")->options;
    double step_ppm = fabs(source->first_ppm - source->last_ppm) / (double)(s->points - 1);
    fmx__least_squares_library library = {
        .rows = s->classes, .points = s->points, .classes = s->classes};
    float *spectra = NULL;
    uint32_t *class_of = NULL;
    fmx_status status =
        fmx__alloc(s->ctx, s->classes * s->points, sizeof *spectra, "the library", &spectra);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, s->classes, sizeof *class_of, "classes", &class_of);
    for (size_t c = 0; status == FMX_OK && c < s->classes; ++c)
        class_of[c] = (uint32_t)c;
    library.spectra = spectra;
    library.class_of = class_of;
    library.shift = (size_t)lround(options->shift_ppm / step_ppm);
    library.shift_steps = library.shift < SHIFT_STEPS ? library.shift : SHIFT_STEPS;
    if (status == FMX_OK)
        status = make_singles(s, spectra);
    if (status == FMX_OK)
        status = fmx__least_squares_open(s->device, &library, &s->ls);
    if (status == FMX_OK)
        status =
            fmx__alloc(s->ctx, s->ls.rows * s->points, sizeof *s->rows, "the library", &s->rows);
    if (status == FMX_OK)
        status =
            fmx_buffer_read(s->ls.library, 0, s->rows, s->ls.rows * s->points * sizeof *s->rows);
    free(class_of);
    free(spectra);
    return status;
}

/* ---- opening ----------------------------------------------------------------------------------
 */

/* The first loss on the target `sources`, if there is one. */
static fmx_status find_layer(fmx__separation *s)
{
    const fmx__recipe_part *losses = fmx__recipe_find(&s->site.out->recipe, "train.loss");
    const fmx__graph *graph = s->site.graph;
    for (size_t i = 0; i < losses->count && !s->separates; ++i) {
        const fmx__loss_options *loss = losses->stage[i].options;
        if (strcmp(loss->target, "sources") != 0)
            continue;
        s->layer = graph->input_count + graph->layer_count - 1;
        if (loss->layer[0] != '\0' && !fmx__graph_find(graph, loss->layer, &s->layer))
            return fmx__fail(s->ctx, FMX_ERROR_RECIPE, "train.loss: there is no layer \"%s\"",
                             loss->layer);
        s->separates = fmx__shape_floats(fmx__graph_shape(graph, s->layer)) == s->slots * s->points;
    }
    return FMX_OK;
}

static fmx_status make_room(fmx__separation *s)
{
    size_t items = s->site.out->items;
    size_t batch = s->site.batch;
    size_t squares = batch * s->slots * s->slots;
    fmx_status status = fmx__alloc(s->ctx, batch * s->points, sizeof(float), "a batch", &s->input);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, batch * s->most, sizeof(float), "a batch", &s->label);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, batch * s->classes, sizeof(float), "a batch", &s->proportion);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, s->points, sizeof(float), "a spectrum", &s->line);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, items * s->classes, sizeof(float), "truth", &s->truth);
    for (size_t m = 0; status == FMX_OK && m < FMX__COUNT(s->presence); ++m)
        status = fmx__alloc(s->ctx, items * s->classes, sizeof(float), "names", &s->presence[m]);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, items, sizeof *s->sums, "sums", &s->sums);
    if (status != FMX_OK || !s->separates)
        return status;
    size_t sources = batch * s->slots * s->points;
    status = fmx__alloc(s->ctx, sources, sizeof(float), "spectra", &s->wanted);
    if (status == FMX_OK)
        status = fmx__alloc(s->ctx, sources, sizeof(float), "spectra", &s->given);
    if (status != FMX_OK || s->by_class)
        return status;
    status = fmx__alloc(s->ctx, squares, sizeof(float), "costs", &s->host_cost);
    if (status == FMX_OK)
        status =
            fmx__alloc(s->ctx, batch * s->slots, sizeof(uint32_t), "an order", &s->host_columns);
    if (status == FMX_OK)
        status = fmx_buffer_create(s->device, squares * sizeof(float), &s->cost);
    if (status == FMX_OK)
        status = fmx_buffer_create(s->device, batch * s->slots * sizeof(uint32_t), &s->columns);
    if (status == FMX_OK)
        status = fmx_buffer_create(s->device, batch * sizeof(float), &s->totals);
    return status;
}

fmx_status fmx__separation_open(const fmx__separation_site *site, fmx__separation **out)
{
    const fmx__source *source = site->source;
    fmx__separation *s = NULL;
    fmx__model_heads heads;
    *out = NULL;
    fmx_status status = fmx__alloc(source->ctx, 1, sizeof *s, "an evaluation", &s);
    if (status != FMX_OK)
        return status;
    *out = s;
    s->site = *site;
    s->ctx = source->ctx;
    s->device = source->site.device;
    s->classes = source->classes;
    s->points = source->positions;
    if (!fmx__source_find_target(source, "classes", &s->target_classes) ||
        !fmx__source_find_target(source, "labels", &s->target_labels) ||
        !fmx__source_find_target(source, "sources", &s->target_sources))
        return fmx__fail(s->ctx, FMX_ERROR_RECIPE, "the source %s has no constituents",
                         source->kind->name);
    s->most = source->target[s->target_labels].channels;
    s->slots = source->target[s->target_sources].channels;
    const fmx__generator_options *options =
        fmx__recipe_find(&site->out->recipe, "library")->options;
    s->by_class = options->sources == FMX__GENERATOR_BY_CLASS;
    status = fmx__model_find_heads(site->graph, &heads);
    if (status == FMX_OK)
        s->head = heads.has_presence ? heads.presence : heads.proportion;
    if (status == FMX_OK)
        status = find_layer(s);
    if (status == FMX_OK)
        status = make_room(s);
    return status == FMX_OK ? open_least_squares(s) : status;
}

void fmx__separation_close(fmx__separation *s)
{
    if (s == NULL)
        return;
    fmx_buffer_release(s->totals);
    fmx_buffer_release(s->columns);
    fmx_buffer_release(s->cost);
    fmx__least_squares_clear(&s->ls);
    void *const owned[] = {s->rows,        s->host_cost,  s->host_columns, s->input, s->label,
                           s->wanted,      s->given,      s->line,         s->truth, s->presence[0],
                           s->presence[1], s->proportion, s->sums};
    for (size_t i = 0; i < FMX__COUNT(owned); ++i)
        free(owned[i]);
    free(s);
}

size_t fmx__separation_values(const fmx__separation *s, size_t value[2])
{
    value[0] = s->head;
    value[1] = s->layer;
    return s->separates && s->layer != s->head ? 2 : 1;
}

bool fmx__separation_wants(const fmx__separation *s, size_t target)
{
    return target == s->target_classes || target == s->target_labels ||
           (s->separates && target == s->target_sources);
}

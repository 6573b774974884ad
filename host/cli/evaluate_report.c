/* What the report of an evaluation shows beside the figures: where everything comes from, mixtures
 * with their constituents, what the convolutions answer. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_job.h"
#include "fidmix/fidmix.h"
#include "html_report.h"
#include "recipe_sections.h"

enum { FACTS = 12, OVERLAYS = 4, LAYERS = 12 };

typedef struct draft {
    fmx__evaluate_result *from;
    fmx_context *ctx;
    fmx__report_fact fact[FACTS];
    char *value[FACTS];
    size_t facts;
    fmx__report_method method[FMX__EVALUATE_METHODS];
    fmx__report_overlay overlay[OVERLAYS];
    fmx__report_part part[OVERLAYS][FMX__MIXTURE_MOST];
    float *spectrum[OVERLAYS];
    float *pure[OVERLAYS][FMX__MIXTURE_MOST];
    size_t overlays;
    fmx__labels labels; /* of the pure spectra */
    fmx__report_layer layer[LAYERS];
    float *answer[LAYERS];
    size_t layers;
    char **name; /* of the mixtures */
} draft;

/* ---- facts ------------------------------------------------------------------------------------
 */

/* Adds a line; takes the value, which the draft releases. */
static void add(draft *d, const char *name, char *value)
{
    d->value[d->facts] = value;
    d->fact[d->facts++] = (fmx__report_fact){name, value};
}

static fmx_status model_facts(draft *d)
{
    const fmx__evaluate_result *r = d->from;
    const fmx__model_facts *facts = fmx__model_describe(r->model);
    char *text = NULL;
    fmx_status status =
        fmx__format(d->ctx, &text, "%s: recipe \"%s\", %zu parameters (%zu trainable), %zu layers",
                    r->job->model, r->recipe.head.name, facts->parameters,
                    facts->trainable_parameters, fmx__model_graph(r->model)->layer_count);
    if (status != FMX_OK)
        return status;
    add(d, "model", text);
    status = fmx__format(d->ctx, &text, "%s, %zu points from %g to %g ppm", r->set->nucleus,
                         r->set->points, r->set->ppm[0], r->set->ppm[r->set->points - 1]);
    if (status == FMX_OK)
        add(d, "axis", text);
    return status;
}

static fmx_status data_facts(draft *d)
{
    const fmx__evaluate_result *r = d->from;
    char *text = NULL;
    fmx_status status = fmx__format(d->ctx, &text, "%s: %zu mixtures, seed %" PRIu64,
                                    r->job->mixtures, r->set->rows, r->set->seed);
    if (status != FMX_OK)
        return status;
    add(d, "mixtures", text);
    if (r->not_test > 0) {
        status = fmx__format(d->ctx, &text,
                             "%zu of the mixtures are not of test FIDs: the model may know their "
                             "spectra",
                             r->not_test);
        if (status != FMX_OK)
            return status;
        add(d, "attention", text);
    }
    if (r->pure_path == NULL)
        status = fmx__format(d->ctx, &text,
                             "the spectra that the mixtures were made of were not found: no least "
                             "squares, no constituents");
    else
        status = fmx__format(d->ctx, &text, "%s%s", r->pure_path,
                             r->scores.threshold_mixtures > 0
                                 ? "; least squares takes its library from the training FIDs"
                                 : "");
    if (status == FMX_OK)
        add(d, "pure spectra", text);
    return status;
}

static fmx_status threshold_fact(draft *d)
{
    const fmx__evaluate_result *r = d->from;
    char *text = NULL;
    char other[128] = "";
    if (r->methods > 1)
        snprintf(other, sizeof other, ", least squares %.4g (best F1 of %zu validation mixtures)",
                 r->evaluation[1].threshold, r->scores.threshold_mixtures);
    fmx_status status =
        fmx__format(d->ctx, &text, "network %.4g%s", r->evaluation[0].threshold, other);
    if (status == FMX_OK)
        add(d, "threshold", text);
    return status;
}

static fmx_status machine_facts(draft *d)
{
    const fmx__evaluate_result *r = d->from;
    const fmx__model_facts *facts = fmx__model_describe(r->model);
    const fmx_device_info *device = fmx_device_describe(r->job->device);
    char *text = NULL;
    fmx_status status = fmx__format(d->ctx, &text, "%s (%s, %u units)", device->name,
                                    device->platform, (unsigned)device->compute_units);
    if (status != FMX_OK)
        return status;
    add(d, "device", text);
    status = fmx__format(d->ctx, &text, "fidmix %s; model by %s, mixtures by %s; driver %s, %s",
                         fmx_version(), facts->version != NULL ? facts->version : "unknown",
                         r->set->fidmix_version[0] != '\0' ? r->set->fidmix_version : "unknown",
                         device->driver, device->version);
    if (status != FMX_OK)
        return status;
    add(d, "versions", text);
    status = fmx__format(d->ctx, &text, "%" PRIu64 " (bootstrap), %" PRId64 " (training)", r->seed,
                         r->recipe.head.seed);
    if (status == FMX_OK)
        add(d, "seed", text);
    return status;
}

/* ---- mixtures and constituents ----------------------------------------------------------------
 */

static size_t components_of(const fmx__evaluate_result *r, size_t row)
{
    size_t count = 0;
    for (size_t c = 0; c < r->set->classes; ++c)
        count += r->truth[row * r->set->classes + c] > 0;
    return count;
}

/* Mixtures of at least two compounds (or of one, where there are no others), spread evenly. */
static size_t choose(const fmx__evaluate_result *r, size_t chosen[OVERLAYS])
{
    for (size_t least = 2; least > 0; --least) {
        size_t there = 0;
        size_t seen = 0;
        size_t count = 0;
        for (size_t i = 0; i < r->set->rows; ++i)
            there += components_of(r, i) >= least;
        size_t wanted = there < OVERLAYS ? there : OVERLAYS;
        for (size_t i = 0; i < r->set->rows && count < wanted; ++i) {
            if (components_of(r, i) < least)
                continue;
            if (seen++ == (2 * count + 1) * there / (2 * wanted))
                chosen[count++] = i;
        }
        if (count > 0)
            return count;
    }
    return 0;
}

/* What mixing divided a constituent by; see fmx__mixture_scale. */
static double scale_of(const fmx__evaluate_result *r, const float *spectrum)
{
    double most = 0;
    double area = 0;
    for (size_t j = 0; j < r->set->points; ++j) {
        most = fmax(most, (double)spectrum[j]);
        area += fabs((double)spectrum[j]);
    }
    if (r->has_options && r->options.scale == FMX__MIXTURE_AS_STORED)
        return 1;
    return r->has_options && r->options.scale == FMX__MIXTURE_BY_AREA ? area : most;
}

/* The rows of the pure spectra that a mixture names as its parents, -1 for others. */
static fmx_status read_parents(draft *d, size_t row, int32_t parent[FMX__MIXTURE_MOST])
{
    fmx_column_type type = FMX_COLUMN_INT;
    size_t width = 0;
    int32_t *all = NULL;
    for (size_t k = 0; k < FMX__MIXTURE_MOST; ++k)
        parent[k] = -1;
    if (d->labels.rows == 0 || !fmx_dataset_find_column(d->from->mixtures, "parent", &type, &width))
        return FMX_OK;
    size_t count = width > 0 ? width : 1;
    fmx_status status = fmx__alloc(d->ctx, count, sizeof *all, "parents", &all);
    if (status == FMX_OK)
        status = fmx_dataset_read_column(d->from->mixtures, "parent", FMX_COLUMN_INT, row, 1, all);
    for (size_t k = 0; status == FMX_OK && k < count && k < FMX__MIXTURE_MOST; ++k)
        if (all[k] >= 0 && (size_t)all[k] < d->labels.rows)
            parent[k] = all[k];
    free(all);
    return status;
}

static fmx_status add_part(draft *d, size_t o, size_t c, const int32_t parent[FMX__MIXTURE_MOST])
{
    fmx__report_overlay *overlay = &d->overlay[o];
    const fmx__evaluate_result *r = d->from;
    fmx__report_part *part = &d->part[o][overlay->parts];
    float **pure = &d->pure[o][overlay->parts++];
    *part = (fmx__report_part){
        .of_class = c,
        .proportion = (double)r->truth[overlay->mixture * r->set->classes + c],
    };
    fmx_status status = FMX_OK;
    for (size_t k = 0; k < FMX__MIXTURE_MOST && *pure == NULL && status == FMX_OK; ++k) {
        if (parent[k] < 0 || d->labels.class_of[parent[k]] != (int32_t)c)
            continue;
        status = fmx__alloc(d->ctx, r->set->points, sizeof **pure, "a spectrum", pure);
        if (status == FMX_OK)
            status = fmx_dataset_read_spectra(r->pure, (size_t)parent[k], 1, *pure);
        if (status == FMX_OK) {
            double scale = scale_of(r, *pure);
            part->spectrum = *pure;
            part->weight = scale > 0 ? part->proportion / scale : 0;
        }
    }
    return status;
}

static fmx_status read_labels(draft *d)
{
    const fmx__evaluate_result *r = d->from;
    fmx__split_options split = {0};
    const fmx__recipe_part *part =
        r->mixing.part != NULL ? fmx__recipe_find(&r->mixing, "database") : NULL;
    if (r->pure == NULL || fmx_dataset_describe(r->pure)->points != r->set->points)
        return FMX_OK;
    if (part != NULL)
        split = fmx__database_split(part->options);
    return fmx__labels_read(d->ctx, r->pure, r->pure_path, r->set->class_name, r->set->classes,
                            &split, &d->labels);
}

static fmx_status make_overlays(draft *d)
{
    fmx__evaluate_result *r = d->from;
    size_t chosen[OVERLAYS];
    int32_t parent[FMX__MIXTURE_MOST];
    size_t count = choose(r, chosen);
    fmx_status status = read_labels(d);
    for (size_t o = 0; status == FMX_OK && o < count; ++o) {
        status = fmx__alloc(d->ctx, r->set->points, sizeof(float), "a spectrum", &d->spectrum[o]);
        if (status == FMX_OK)
            status = fmx_dataset_read_spectra(r->mixtures, chosen[o], 1, d->spectrum[o]);
        if (status == FMX_OK)
            status = read_parents(d, chosen[o], parent);
        d->overlay[o] = (fmx__report_overlay){chosen[o], d->spectrum[o], d->part[o], 0};
        d->overlays = o + 1;
        for (size_t c = 0; status == FMX_OK && c < r->set->classes; ++c)
            if (r->truth[chosen[o] * r->set->classes + c] > 0 &&
                d->overlay[o].parts < FMX__MIXTURE_MOST)
                status = add_part(d, o, c, parent);
    }
    return status;
}

/* ---- layers -----------------------------------------------------------------------------------
 */

/* What every convolution answers to the first mixture that is drawn. */
static fmx_status make_layers(draft *d)
{
    const fmx__graph *graph = fmx__model_graph(d->from->model);
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && d->overlays > 0 && i < graph->layer_count; ++i) {
        const fmx__graph_layer *layer = &graph->layer[i];
        const fmx__shape *shape = fmx__graph_shape(graph, graph->input_count + i);
        if (strcmp(layer->op->group.name, "conv1d") != 0 || d->layers == LAYERS)
            continue;
        status = fmx__model_answer(d->from->model, d->spectrum[0], i, &d->answer[d->layers]);
        if (status == FMX_OK)
            d->layer[d->layers] = (fmx__report_layer){.name = layer->name,
                                                      .op = layer->op->group.name,
                                                      .answer = d->answer[d->layers],
                                                      .channels = shape->channels,
                                                      .positions = shape->positions};
        d->layers += status == FMX_OK;
    }
    return status;
}

/* ---- the report -------------------------------------------------------------------------------
 */

static fmx_status fill(draft *d)
{
    fmx_column_type type = FMX_COLUMN_TEXT;
    size_t width = 0;
    fmx_status status = model_facts(d);
    if (status == FMX_OK)
        status = data_facts(d);
    if (status == FMX_OK)
        status = threshold_fact(d);
    if (status == FMX_OK)
        status = machine_facts(d);
    if (status == FMX_OK)
        status = make_overlays(d);
    if (status == FMX_OK)
        status = make_layers(d);
    if (status == FMX_OK && fmx_dataset_find_column(d->from->mixtures, "name", &type, &width))
        status = fmx_dataset_read_text(d->from->mixtures, "name", 0, d->from->set->rows, &d->name);
    for (size_t m = 0; m < d->from->methods; ++m)
        d->method[m] = (fmx__report_method){&d->from->input[m], &d->from->evaluation[m]};
    return status;
}

static void release(draft *d)
{
    for (size_t i = 0; i < d->facts; ++i)
        free(d->value[i]);
    for (size_t o = 0; o < OVERLAYS; ++o) {
        free(d->spectrum[o]);
        for (size_t k = 0; k < FMX__MIXTURE_MOST; ++k)
            free(d->pure[o][k]);
    }
    for (size_t i = 0; i < LAYERS; ++i)
        free(d->answer[i]);
    fmx__labels_clear(&d->labels);
    free(d->name);
    free(d);
}

fmx_status fmx__evaluate_report(fmx__evaluate_result *r)
{
    const fmx__model_facts *facts = fmx__model_describe(r->model);
    draft *d = NULL;
    char *title = NULL;
    fmx_status status = fmx__alloc(r->ctx, 1, sizeof *d, "the report", &d);
    if (status != FMX_OK)
        return status;
    d->from = r;
    d->ctx = r->ctx;
    status = fill(d);
    if (status == FMX_OK)
        status = fmx__format(r->ctx, &title, "Evaluation of %s",
                             r->recipe.head.name[0] != '\0' ? r->recipe.head.name : "a model");
    if (status == FMX_OK) {
        const fmx__report report = {
            .title = title,
            .fact = d->fact,
            .facts = d->facts,
            .method = d->method,
            .methods = r->methods,
            .mixture_name = d->name,
            .history = facts->history,
            .nucleus = r->set->nucleus,
            .ppm = r->set->ppm,
            .points = r->set->points,
            .overlay = d->overlay,
            .overlays = d->overlays,
            .layer_mixture = d->overlay[0].mixture,
            .layer_spectrum = d->spectrum[0],
            .layer = d->layer,
            .layers = d->layers,
            .recipe = facts->recipe,
        };
        status = fmx__report_write(r->ctx, &report, r->job->out, r->job->overwrite);
    }
    free(title);
    release(d);
    return status;
}

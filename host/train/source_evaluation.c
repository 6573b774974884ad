#include "source_evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decay_set.h"
#include "loss.h"
#include "multiplet_baselines.h"
#include "philox.h"
#include "plan.h"
#include "query_chain.h"
#include "query_figures.h"
#include "separation.h"
#include "source.h"
#include "weight_file.h"

enum { ITEMS = 1000, RESAMPLES = 1000, METHODS = 3 };

static const char *const methods[METHODS] = {"network", "least squares", "table look-up"};

typedef struct work {
    const fmx__source_job *job;
    fmx_context *ctx;
    fmx__source_evaluation *out;
    fmx__train train; /* the recipe's, with our batch and items */
    fmx__source source;
    fmx__graph graph;
    fmx__weights weights;
    fmx__plan *plan;
    fmx__op_step step;
    fmx__source_batch batch;
    size_t value;     /* what the first loss's layer gives */
    size_t target;    /* what it is compared with */
    fmx__shape shape; /* of that layer */
    size_t labels;    /* number of the target "labels", where there is one */
    bool has_labels;
    fmx__separation *separation; /* of mixtures of a library; then it makes all figures */
    fmx__multiplets multiplets;  /* baselines */
    bool baselines;
    float *input; /* of a batch, on the host */
    float *output;
    float *wanted;
    float *label;
    /* sums */
    size_t named;          /* labels */
    size_t in_order;       /* of the network */
    size_t hits[METHODS];  /* at any place */
    double *squares;       /* [items]: mean squared error */
    float *asked[2];       /* [items]: what is there of queries, and the network's probability */
    double channel[64][3]; /* squared errors, targets, squared targets */
} work;

/* ---- opening ----------------------------------------------------------------------------------
 */

static fmx_status read_model(work *w, fmx__safetensors **file)
{
    fmx__source_evaluation *out = w->out;
    const fmx__train *train = NULL;
    fmx_status status = fmx__safetensors_open(w->ctx, w->job->model, file);
    if (status == FMX_OK)
        status = fmx__model_facts_read(w->ctx, w->job->model, *file, &out->facts);
    if (status == FMX_OK && out->facts.recipe == NULL)
        status = fmx__fail(w->ctx, FMX_ERROR_FORMAT,
                           "%s: the file has no fidmix.recipe: it is not a model that fidmix "
                           "trained",
                           w->job->model);
    if (status == FMX_OK)
        status = fmx__recipe_parse(w->ctx, w->job->model, out->facts.recipe,
                                   strlen(out->facts.recipe), &fmx__recipe_schema_full,
                                   w->job->override, w->job->overrides, &out->recipe);
    if (status == FMX_OK)
        status = fmx__train_options(w->ctx, &out->recipe, &train);
    if (status != FMX_OK)
        return status;
    if (train->source == FMX__TRAIN_ROWS || train->source == FMX__TRAIN_MIXTURES)
        return fmx__fail(w->ctx, FMX_ERROR_USAGE,
                         "%s: learned from a dataset; name the mixtures that it shall be judged "
                         "on: fidmix evaluate %s mixtures.h5",
                         w->job->model, w->job->model);
    out->seed = (uint64_t)out->recipe.head.seed;
    w->train = *train;
    w->train.batch = FMX__SOURCE_BATCH;
    w->train.validation = (int64_t)w->job->items;
    if (w->job->items == 0 && train->source != FMX__TRAIN_DECAYS)
        w->train.validation = ITEMS;
    return FMX_OK;
}

static fmx_status open_source(work *w)
{
    const fmx__source_site site = {w->job->device, &w->out->recipe, &w->train, NULL};
    fmx_status status = fmx__source_open(&site, &w->source);
    if (status != FMX_OK)
        return status;
    w->out->items = w->source.items[FMX__SPLIT_TEST];
    if (w->out->items == 0)
        return fmx__fail(w->ctx, FMX_ERROR_RECIPE,
                         "%s: the recipe's source %s keeps nothing for tests; set what is held out",
                         w->job->model, w->source.kind->name);
    w->has_labels = fmx__source_find_target(&w->source, "labels", &w->labels);
    w->baselines = w->train.source == FMX__TRAIN_MULTIPLETS;
    if (w->baselines)
        status =
            fmx__multiplets_create(w->ctx, fmx__recipe_find(&w->out->recipe, "multiplets")->options,
                                   w->out->seed, &w->multiplets);
    return status;
}

static fmx_status open_network(work *w, fmx__safetensors *file)
{
    const fmx__recipe_part *losses = fmx__recipe_find(&w->out->recipe, "train.loss");
    const fmx__loss_options *loss = losses->stage[0].options;
    fmx_status status = fmx__graph_create(w->ctx, &w->out->recipe, w->source.positions, &w->graph);
    if (status != FMX_OK)
        return status;
    w->value = w->graph.input_count + w->graph.layer_count - 1;
    bool known = loss->layer[0] == '\0' || fmx__graph_find(&w->graph, loss->layer, &w->value);
    if (!known || !fmx__source_find_target(&w->source, loss->target, &w->target))
        return fmx__fail(w->ctx, FMX_ERROR_RECIPE,
                         "%s: train.loss: no layer \"%s\" or target \"%s\"", w->job->model,
                         loss->layer, loss->target);
    const fmx__source_target *target = &w->source.target[w->target];
    w->out->target = target->name;
    w->shape = *fmx__graph_shape(&w->graph, w->value);
    w->out->outputs = fmx__shape_floats(&w->shape);
    w->out->channels = target->channels;
    w->out->positions = target->positions;
    w->out->input_channels = w->source.channels;
    w->out->input_positions = w->source.positions;
    if (w->train.source == FMX__TRAIN_DECAYS) {
        const fmx__decays_options *o = fmx__recipe_find(&w->out->recipe, "decays")->options;
        w->out->sample_hz = o->sample_hz;
    }
    status = fmx__weights_create(w->job->device, &w->graph, false, &w->weights);
    if (status == FMX_OK)
        status = fmx__weight_file_read(w->ctx, file, &w->weights, NULL);
    size_t kept[3] = {w->value};
    fmx__plan_request request = {
        .batch = FMX__SOURCE_BATCH, .step = &w->step, .keep = kept, .keep_count = 1};
    const fmx__separation_site site = {&w->source, w->out, &w->graph, FMX__SOURCE_BATCH};
    if (status == FMX_OK && w->train.source == FMX__TRAIN_LIBRARY)
        status = fmx__separation_open(&site, &w->separation);
    if (w->separation != NULL && status == FMX_OK)
        request.keep_count = fmx__separation_values(w->separation, kept);
    if (status == FMX_OK)
        status = fmx__plan_create(w->job->device, &w->graph, &w->weights, &request, &w->plan);
    return status;
}

static size_t target_floats(const work *w, size_t index)
{
    return w->source.target[index].channels * w->source.target[index].positions;
}

static size_t input_floats(const work *w)
{
    return w->source.channels * w->source.positions;
}

/* A query model's one answer. */
static bool is_queries(const work *w)
{
    return w->train.source == FMX__TRAIN_QUERIES && w->out->outputs == 1 && w->out->channels == 1 &&
           w->out->positions == 1;
}

static fmx_status make_room(work *w)
{
    fmx_device *device = w->job->device;
    size_t batch = FMX__SOURCE_BATCH;
    size_t outputs = w->out->outputs;
    fmx_status status =
        fmx_buffer_create(device, batch * input_floats(w) * sizeof(float), &w->batch.input);
    for (size_t i = 0; status == FMX_OK && i < w->source.target_count; ++i) {
        bool wanted = w->separation != NULL ? fmx__separation_wants(w->separation, i)
                                            : i == w->target || (w->has_labels && i == w->labels);
        if (wanted)
            status = fmx_buffer_create(device, batch * target_floats(w, i) * sizeof(float),
                                       &w->batch.target[i]);
    }
    if (w->separation != NULL)
        return status;
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, batch * input_floats(w), sizeof(float), "a batch", &w->input);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, batch * outputs, sizeof(float), "a batch", &w->output);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, batch * target_floats(w, w->target), sizeof(float), "a batch",
                            &w->wanted);
    if (status == FMX_OK && w->has_labels)
        status = fmx__alloc(w->ctx, batch * target_floats(w, w->labels), sizeof(float), "a batch",
                            &w->label);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->out->items, sizeof(double), "errors", &w->squares);
    for (size_t i = 0; status == FMX_OK && is_queries(w) && i < FMX__COUNT(w->asked); ++i)
        status = fmx__alloc(w->ctx, w->out->items, sizeof(float), "queries", &w->asked[i]);
    return status;
}

/* ---- the items --------------------------------------------------------------------------------
 */

/* Labels of the network: the best class at each position, or where it gives proportions, the
 * largest of them. */
static void name_labels(const work *w, const float *output, size_t parts, uint32_t *found)
{
    const fmx__shape *shape = &w->shape;
    double amount[1024];
    if (strcmp(w->out->target, "labels") == 0) {
        for (size_t k = 0; k < parts; ++k) {
            found[k] = 0;
            for (size_t c = 1; c < shape->channels; ++c)
                if (output[c * parts + k] > output[found[k] * parts + k])
                    found[k] = (uint32_t)c;
        }
        return;
    }
    for (size_t c = 0; c < w->source.classes; ++c)
        amount[c] = (double)output[c];
    fmx__take_largest(amount, w->source.classes, parts, 1 / (double)parts, found);
}

static void score_labels(work *w, size_t row)
{
    size_t parts = target_floats(w, w->labels);
    uint32_t truth[64];
    uint32_t found[METHODS][64];
    const float *label = w->label + row * parts;
    const float *output = w->output + row * w->out->outputs;
    for (size_t k = 0; k < parts; ++k) {
        truth[k] = label[k] < 0 ? UINT32_MAX : (uint32_t)label[k];
        w->named += label[k] >= 0;
    }
    name_labels(w, output, parts, found[0]);
    for (size_t k = 0; k < parts; ++k)
        w->in_order += found[0][k] == truth[k];
    if (w->baselines) {
        fmx__multiplets_least_squares(&w->multiplets, w->input + row * input_floats(w), found[1]);
        fmx__multiplets_look_up(&w->multiplets, w->input + row * input_floats(w), found[2]);
    }
    for (size_t m = 0; m < (w->baselines ? METHODS : 1); ++m)
        w->hits[m] += fmx__labels_in_common(truth, found[m], parts);
}

static void score_values(work *w, size_t row, size_t item)
{
    size_t floats = w->out->channels * w->out->positions;
    double sum = 0;
    for (size_t i = 0; i < floats; ++i) {
        double wanted = (double)w->wanted[row * floats + i];
        double error = (double)w->output[row * floats + i] - wanted;
        double *channel = w->channel[i / w->out->positions];
        channel[0] += error * error;
        channel[1] += wanted;
        channel[2] += wanted * wanted;
        sum += error * error;
    }
    w->squares[item] = sum / (double)floats;
}

static fmx_status keep_example(work *w, size_t row)
{
    fmx__source_evaluation *out = w->out;
    fmx__source_example *e = &out->example[out->examples];
    size_t inputs = input_floats(w);
    size_t outputs = out->outputs;
    size_t wanted = out->channels * out->positions;
    fmx_status status = fmx__alloc(w->ctx, inputs, sizeof(float), "an example", &e->input);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, outputs, sizeof(float), "an example", &e->output);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, wanted, sizeof(float), "an example", &e->target);
    if (status != FMX_OK)
        return status;
    memcpy(e->input, w->input + row * inputs, inputs * sizeof(float));
    memcpy(e->output, w->output + row * outputs, outputs * sizeof(float));
    memcpy(e->target, w->wanted + row * wanted, wanted * sizeof(float));
    ++out->examples;
    return FMX_OK;
}

static bool gives_values(const work *w)
{
    return w->out->outputs == w->out->channels * w->out->positions &&
           w->out->channels <= FMX__COUNT(w->channel);
}

static bool gives_labels(const work *w)
{
    size_t parts = w->has_labels ? target_floats(w, w->labels) : 0;
    bool at_positions = strcmp(w->out->target, "labels") == 0 && w->shape.positions == parts;
    bool proportions = strcmp(w->out->target, "classes") == 0 && w->source.classes <= 1024;
    return parts > 0 && parts <= 64 && (at_positions || proportions);
}

static fmx_status read_batch(work *w)
{
    size_t count = w->batch.count;
    fmx_status status =
        fmx_buffer_read(w->batch.input, 0, w->input, count * input_floats(w) * sizeof(float));
    if (status == FMX_OK)
        status = fmx_buffer_read(fmx__plan_value(w->plan, w->value), 0, w->output,
                                 count * w->out->outputs * sizeof(float));
    if (status == FMX_OK)
        status = fmx_buffer_read(w->batch.target[w->target], 0, w->wanted,
                                 count * target_floats(w, w->target) * sizeof(float));
    if (status == FMX_OK && w->has_labels)
        status = fmx_buffer_read(w->batch.target[w->labels], 0, w->label,
                                 count * target_floats(w, w->labels) * sizeof(float));
    return status;
}

static fmx_status run_batch(work *w, size_t index)
{
    size_t bytes = FMX__SOURCE_BATCH * input_floats(w) * sizeof(float);
    fmx_status status = fmx__source_next(&w->source, FMX__SPLIT_TEST, 0, index, &w->batch);
    size_t count = w->batch.count;
    if (status == FMX_OK)
        status = fmx_buffer_copy(fmx__plan_value(w->plan, 0), 0, w->batch.input, 0, bytes);
    if (status == FMX_OK)
        status = fmx__plan_forward(w->plan);
    if (status == FMX_OK && w->separation != NULL)
        status = fmx__separation_batch(w->separation, w->plan, &w->batch, index * FMX__SOURCE_BATCH,
                                       count);
    else if (status == FMX_OK)
        status = read_batch(w);
    for (size_t row = 0; status == FMX_OK && row < count && w->separation == NULL; ++row) {
        if (gives_labels(w))
            score_labels(w, row);
        if (is_queries(w)) {
            w->asked[0][index * FMX__SOURCE_BATCH + row] = w->wanted[row];
            w->asked[1][index * FMX__SOURCE_BATCH + row] = w->output[row];
        } else if (gives_values(w)) {
            score_values(w, row, index * FMX__SOURCE_BATCH + row);
        }
        if (w->out->examples < FMX__SOURCE_EXAMPLES)
            status = keep_example(w, row);
    }
    return status == FMX_OK ? fmx__check_interrupt(w->ctx) : status;
}

/* ---- figures ----------------------------------------------------------------------------------
 */

static void add(work *w, const char *name, const char *method, double value, double low,
                double high, bool share)
{
    const fmx__source_figure figure = {name, method, value, low, high, share};
    fmx__source_figure_add(w->out, &figure);
}

/* Wilson's interval of hits among n, times `scale`. */
static void add_share(work *w, const char *name, const char *method, size_t hits, double scale)
{
    double n = (double)w->named;
    double p = (double)hits / n;
    double z = 1.959963984540054;
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    add(w, name, method, scale * p, scale * fmax(0, middle - half), scale * fmin(1, middle + half),
        scale == 1);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Root of the mean squared error, with the interval of resampled items. */
static void add_rmse(work *w)
{
    double mean[RESAMPLES];
    double all = 0;
    size_t items = w->out->items;
    for (size_t i = 0; i < items; ++i)
        all += w->squares[i] / (double)items;
    for (size_t r = 0; r < RESAMPLES; ++r) {
        uint32_t word[4];
        mean[r] = 0;
        for (size_t i = 0; i < items; ++i) {
            if (i % 4 == 0)
                fmx__random_words(word, w->out->seed, FMX__PURPOSE_BOOTSTRAP, r, 0,
                                  (uint32_t)(i / 4));
            mean[r] += w->squares[fmx__random_below(word[i % 4], items)] / (double)items;
        }
    }
    qsort(mean, RESAMPLES, sizeof *mean, compare);
    add(w, "mse", methods[0], all, mean[RESAMPLES / 40], mean[RESAMPLES - 1 - RESAMPLES / 40],
        false);
    add(w, "rmse", methods[0], sqrt(all), sqrt(mean[RESAMPLES / 40]),
        sqrt(mean[RESAMPLES - 1 - RESAMPLES / 40]), false);
}

static void add_channels(work *w)
{
    static const char *const names[][2] = {{"rmse_x0_hz", "r2_x0"},
                                           {"rmse_area", "r2_area"},
                                           {"rmse_gamma_hz", "r2_gamma"},
                                           {"rmse_eta", "r2_eta"}};
    bool line = strcmp(w->out->target, "line") == 0;
    double n = (double)w->out->items * (double)w->out->positions;
    double mean = 0;
    for (size_t c = 0; c < w->out->channels; ++c) {
        double variance = w->channel[c][2] - w->channel[c][1] * w->channel[c][1] / n;
        double r2 = 1 - w->channel[c][0] / variance;
        mean += r2 / (double)w->out->channels;
        if (line && c < FMX__COUNT(names)) {
            add(w, names[c][0], methods[0], sqrt(w->channel[c][0] / n), NAN, NAN, false);
            add(w, names[c][1], methods[0], r2, NAN, NAN, false);
        }
    }
    add(w, "r2", methods[0], mean, NAN, NAN, false);
}

static fmx_status add_figures(work *w)
{
    if (is_queries(w)) {
        const fmx__query_options *o = fmx__recipe_find(&w->out->recipe, "queries")->options;
        const fmx__query_judged judged = {w->asked[0], w->asked[1], w->out->items,
                                          (size_t)o->items};
        return fmx__query_figures(w->ctx, &judged, w->out);
    }
    if (gives_labels(w)) {
        double parts = (double)target_floats(w, w->labels);
        for (size_t m = 0; m < (w->baselines ? METHODS : 1); ++m)
            add_share(w, "labels_any_order", methods[m], w->hits[m], 1);
        if (strcmp(w->out->target, "labels") == 0) {
            add_share(w, "labels", methods[0], w->in_order, 1);
            add_share(w, "hits", methods[0], w->in_order, parts);
        }
    }
    if (gives_values(w)) {
        add_rmse(w);
        add_channels(w);
    }
    return FMX_OK;
}

static fmx_status evaluate(work *w)
{
    fmx__safetensors *file = NULL;
    fmx_status status = read_model(w, &file);
    if (status == FMX_OK)
        status = open_source(w);
    if (status == FMX_OK)
        status = open_network(w, file);
    if (status == FMX_OK)
        status = make_room(w);
    size_t batches = status == FMX_OK ? fmx__source_batches(&w->source, FMX__SPLIT_TEST) : 0;
    for (size_t i = 0; status == FMX_OK && i < batches; ++i) {
        fmx__progress(w->ctx, "network", i, batches);
        status = run_batch(w, i);
    }
    if (status == FMX_OK && w->separation != NULL)
        status = fmx__separation_figures(w->separation);
    else if (status == FMX_OK)
        status = add_figures(w);
    fmx__safetensors_close(file);
    return status;
}

fmx_status fmx__source_evaluate(const fmx__source_job *job, fmx__source_evaluation *out)
{
    work *w = NULL;
    fmx_context *ctx = fmx__device_context(job->device);
    *out = (fmx__source_evaluation){.facts = fmx__model_facts_none};
    fmx_status status = fmx__alloc(ctx, 1, sizeof *w, "an evaluation", &w);
    if (status != FMX_OK)
        return status;
    w->job = job;
    w->ctx = ctx;
    w->out = out;
    status = evaluate(w);
    free(w->squares);
    free(w->asked[0]);
    free(w->asked[1]);
    free(w->label);
    free(w->wanted);
    free(w->output);
    free(w->input);
    for (size_t i = 0; i < FMX__SOURCE_TARGETS; ++i)
        fmx_buffer_release(w->batch.target[i]);
    fmx_buffer_release(w->batch.input);
    fmx__separation_close(w->separation);
    fmx__plan_destroy(w->plan);
    fmx__weights_clear(&w->weights);
    fmx__graph_clear(&w->graph);
    fmx__multiplets_clear(&w->multiplets);
    fmx__source_close(&w->source);
    free(w);
    return status;
}

void fmx__source_evaluation_clear(fmx__source_evaluation *evaluation)
{
    for (size_t i = 0; i < FMX__SOURCE_EXAMPLES; ++i) {
        free(evaluation->example[i].input);
        free(evaluation->example[i].output);
        free(evaluation->example[i].target);
        free(evaluation->mixture[i].spectrum);
    }
    fmx__recipe_clear(&evaluation->recipe);
    fmx__model_facts_clear(&evaluation->facts);
    *evaluation = (fmx__source_evaluation){.facts = fmx__model_facts_none};
}

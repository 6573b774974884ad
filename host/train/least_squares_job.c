#include "least_squares_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "least_squares.h"
#include "mixture_batch.h"
#include "recipe_sections.h"
#include "train_section.h"

typedef struct work {
    const fmx__least_squares_job *job;
    fmx_context *ctx;
    fmx_dataset *mixtures;
    fmx_dataset *pure;
    const fmx_dataset_info *set;  /* of the mixtures */
    const fmx_dataset_info *from; /* of the pure compounds */
    fmx__recipe recipe;           /* of the mixtures */
    fmx__mixture_options options;
    fmx__labels labels;
    fmx__least_squares ls;
    fmx__least_squares_scores *out;
    char *spectra; /* path of the pure compounds */
} work;

/* ---- what the two files are ----------------------------------------------------------------- */

static fmx_status read_recipe(work *w)
{
    fmx_status status =
        fmx__recipe_parse(w->ctx, w->job->mixtures, w->set->recipe, strlen(w->set->recipe),
                          &fmx__recipe_schema_full, NULL, 0, &w->recipe);
    if (status != FMX_OK)
        return fmx__fail_in(w->ctx, status, "the recipe in %s", w->job->mixtures);
    w->options = *(const fmx__mixture_options *)fmx__recipe_find(&w->recipe, "mixtures")->options;
    return FMX_OK;
}

static fmx_status check_axes(work *w)
{
    const double *a = w->set->ppm;
    const double *b = w->from->ppm;
    size_t last = w->set->points - 1;
    double step = fabs(a[0] - a[last]) / (double)w->set->points;
    if (w->set->points != w->from->points || fabs(a[0] - b[0]) > 0.5 * step ||
        fabs(a[last] - b[last]) > 0.5 * step)
        return fmx__fail(w->ctx, FMX_ERROR_FORMAT,
                         "%s has %zu points from %g to %g ppm, but %s has %zu from %g to %g; make "
                         "both from the same spectra",
                         w->job->mixtures, w->set->points, a[0], a[last], w->spectra,
                         w->from->points, b[0], b[w->from->points - 1]);
    return FMX_OK;
}

static fmx_status copy_names(work *w)
{
    w->out->mixtures = w->set->rows;
    w->out->classes = w->set->classes;
    w->out->seed = w->set->seed;
    fmx_status status = fmx__alloc(w->ctx, w->set->classes, sizeof *w->out->class_name,
                                   "class names", &w->out->class_name);
    for (size_t c = 0; status == FMX_OK && c < w->set->classes; ++c)
        status = fmx__format(w->ctx, &w->out->class_name[c], "%s", w->set->class_name[c]);
    return status;
}

fmx_status fmx__mixtures_open_source(fmx_context *ctx, fmx_dataset *mixtures, const char *path,
                                     const char *given, fmx_dataset **out, char **out_path)
{
    char **source = NULL;
    *out = NULL;
    *out_path = NULL;
    fmx_status status = FMX_OK;
    if (given != NULL) {
        status = fmx__format(ctx, out_path, "%s", given);
        return status != FMX_OK ? status : fmx_dataset_open(ctx, given, out);
    }
    status = fmx_dataset_read_text(mixtures, "source", 0, 1, &source);
    if (status == FMX_OK)
        status = fmx__format(ctx, out_path, "%s", source[0]);
    if (status == FMX_OK)
        status = fmx_dataset_open(ctx, *out_path, out);
    if (status == FMX_ERROR_NOT_FOUND && *out_path != NULL) {
        const char *end = strrchr(path, '/');
        const char *name = strrchr(source[0], '/');
        int folder = end != NULL ? (int)(end - path) + 1 : 0;
        free(*out_path);
        *out_path = NULL;
        status =
            fmx__format(ctx, out_path, "%.*s%s", folder, path, name != NULL ? name + 1 : source[0]);
        if (status == FMX_OK)
            status = fmx_dataset_open(ctx, *out_path, out);
    }
    free(source);
    if (status != FMX_OK) {
        free(*out_path);
        *out_path = NULL;
    }
    return fmx__fail_in(ctx, status, "the spectra that %s was made of", path);
}

static fmx_status open_files(work *w)
{
    fmx_status status = fmx_dataset_open(w->ctx, w->job->mixtures, &w->mixtures);
    if (status != FMX_OK)
        return status;
    w->set = fmx_dataset_describe(w->mixtures);
    if (w->set->rows == 0 || w->set->classes == 0 || w->set->points == 0)
        return fmx__fail(w->ctx, FMX_ERROR_FORMAT,
                         "%s: no mixtures with known proportions; make them with fidmix mix",
                         w->job->mixtures);
    status = fmx__mixtures_open_source(w->ctx, w->mixtures, w->job->mixtures, w->job->spectra,
                                       &w->pure, &w->spectra);
    if (status != FMX_OK)
        return status;
    w->from = fmx_dataset_describe(w->pure);
    status = read_recipe(w);
    if (status == FMX_OK)
        status = check_axes(w);
    if (status == FMX_OK)
        status = copy_names(w);
    fmx__split_options split = {0};
    if (status == FMX_OK)
        split = fmx__database_split(fmx__recipe_find(&w->recipe, "database")->options);
    if (status == FMX_OK)
        status = fmx__labels_read(w->ctx, w->pure, w->spectra, w->set->class_name, w->set->classes,
                                  &split, &w->labels);
    if (status == FMX_OK)
        status = fmx__labels_need(w->ctx, &w->labels, w->spectra, FMX__SPLIT_TRAIN, true);
    return status;
}

/* ---- the library ---------------------------------------------------------------------------- */

/* What a spectrum is divided by as a constituent of these mixtures. */
static double scale_of(const fmx__mixture_options *options, const float *row, size_t points)
{
    double most = 0;
    double area = 0;
    for (size_t j = 0; j < points; ++j) {
        most = fmax(most, row[j]);
        area += fabs((double)row[j]);
    }
    if (options->scale == FMX__MIXTURE_AS_STORED)
        return 1;
    return options->scale == FMX__MIXTURE_BY_AREA ? area : most;
}

/* The mean training spectrum of class c. */
static fmx_status mean_of(work *w, size_t c, float *row, double *sum, float *mean)
{
    size_t points = w->from->points;
    size_t count = 0;
    const uint32_t *member = fmx__labels_members(&w->labels, FMX__SPLIT_TRAIN, c, &count);
    memset(sum, 0, points * sizeof *sum);
    for (size_t i = 0; i < count; ++i) {
        fmx_status status = fmx_dataset_read_spectra(w->pure, member[i], 1, row);
        if (status != FMX_OK)
            return status;
        double scale = scale_of(&w->options, row, points);
        for (size_t j = 0; scale > 0 && j < points; ++j)
            sum[j] += row[j] / scale;
    }
    for (size_t j = 0; j < points; ++j)
        mean[j] = (float)(sum[j] / (double)count);
    return FMX_OK;
}

/* 0 where the water lies, 1 elsewhere. */
static void fill_weights(const work *w, float *weight)
{
    bool water = !w->job->with_water && strcmp(w->from->nucleus, "1H") == 0;
    for (size_t j = 0; j < w->from->points; ++j)
        weight[j] = !(water && w->from->ppm[j] >= FMX__LEAST_SQUARES_WATER_LOW &&
                      w->from->ppm[j] <= FMX__LEAST_SQUARES_WATER_HIGH);
}

/* Copies of every class that nnls can take, and their distance in points. */
static void choose_copies(work *w, fmx__least_squares_library *library)
{
    const double *ppm = w->from->ppm;
    double step = fabs(ppm[0] - ppm[w->from->points - 1]) / (double)(w->from->points - 1);
    size_t wanted = w->job->shift_steps > 0 ? w->job->shift_steps : FMX__LEAST_SQUARES_STEPS;
    size_t most = (FMX__NNLS_MOST_ROWS / w->labels.classes - 1) / 2;
    if (!(w->job->shift_ppm > 0) || !(step > 0))
        return;
    library->shift = (size_t)lround(w->job->shift_ppm / step);
    library->shift_steps = wanted < library->shift ? wanted : library->shift;
    if (library->shift_steps > most) {
        fmx__log(w->ctx, FMX_LOG_INFO,
                 "least squares: %zu instead of %zu shifted copies of %zu compounds", 2 * most,
                 2 * library->shift_steps, w->labels.classes);
        library->shift_steps = most;
    }
}

static fmx_status open_library(work *w)
{
    size_t classes = w->labels.classes;
    size_t points = w->from->points;
    float *row = NULL;
    double *sum = NULL;
    float *mean = NULL;
    float *weight = NULL;
    uint32_t *class_of = NULL;
    if (classes > FMX__NNLS_MOST_ROWS)
        return fmx__fail(w->ctx, FMX_ERROR_UNSUPPORTED,
                         "least squares: %zu compounds, at most %d are handled", classes,
                         (int)FMX__NNLS_MOST_ROWS);
    fmx_status status = fmx__alloc(w->ctx, points, sizeof *row, "a spectrum", &row);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, points, sizeof *sum, "a mean spectrum", &sum);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, classes * points, sizeof *mean, "the library", &mean);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, classes, sizeof *class_of, "classes", &class_of);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, points, sizeof *weight, "weights", &weight);
    for (size_t c = 0; status == FMX_OK && c < classes; ++c) {
        class_of[c] = (uint32_t)c;
        status = mean_of(w, c, row, sum, mean + c * points);
    }
    fmx__least_squares_library library = {.spectra = mean,
                                          .class_of = class_of,
                                          .rows = classes,
                                          .points = points,
                                          .classes = classes};
    choose_copies(w, &library);
    library.weight = weight;
    if (status == FMX_OK)
        fill_weights(w, weight);
    if (status == FMX_OK)
        status = fmx__least_squares_open(w->job->device, &library, &w->ls);
    free(row);
    free(sum);
    free(mean);
    free(weight);
    free(class_of);
    return fmx__fail_in(w->ctx, status, "%s", w->spectra);
}

/* ---- the threshold -------------------------------------------------------------------------- */

/* The validation split where it has every class, otherwise that of training. */
static fmx__split validation_split(const work *w)
{
    for (size_t c = 0; c < w->labels.classes; ++c) {
        size_t count = 0;
        fmx__labels_members(&w->labels, FMX__SPLIT_VALIDATION, c, &count);
        if (count == 0)
            return FMX__SPLIT_TRAIN;
    }
    return FMX__SPLIT_VALIDATION;
}

/* Mixtures of a batch: what they are made of, their spectra, their scores. */
typedef struct draft {
    fmx__mixer mixer;
    fmx__spectra_store store;
    fmx__mixture_batch batch;
    fmx__mixture_drawn *drawn; /* [FMX__LEAST_SQUARES_BATCH] */
    uint64_t item[FMX__LEAST_SQUARES_BATCH];
    size_t count; /* mixtures in all */
    float *truth; /* [count][classes] */
    float *presence;
    float *proportion;
    fmx_buffer *spectra;
} draft;

static fmx_status open_draft(work *w, draft *d)
{
    size_t most = FMX__LEAST_SQUARES_BATCH;
    fmx_status status =
        fmx__mixer_create(w->ctx, &w->options, &w->labels, w->spectra, (fmx__split)w->options.split,
                          (uint64_t)w->recipe.head.seed, &d->mixer);
    if (status != FMX_OK)
        return status;
    d->count = d->mixer.count < FMX__LEAST_SQUARES_VALIDATION ? d->mixer.count
                                                              : FMX__LEAST_SQUARES_VALIDATION;
    size_t cells = d->count * w->labels.classes;
    status = fmx__spectra_store_open(w->job->device, w->pure, w->spectra,
                                     fmx__spectra_budget(w->job->device), most * d->mixer.most,
                                     &d->store);
    if (status == FMX_OK)
        status = fmx__mixture_batch_create(
            &d->store, &d->mixer, fmx__recipe_find(&w->recipe, "augment"), most, &d->batch);
    if (status == FMX_OK)
        status =
            fmx_buffer_create(w->job->device, most * w->from->points * sizeof(float), &d->spectra);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, most, sizeof *d->drawn, "a batch", &d->drawn);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *d->truth, "proportions", &d->truth);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *d->presence, "scores", &d->presence);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *d->proportion, "scores", &d->proportion);
    return status;
}

static void clear_draft(draft *d)
{
    free(d->truth);
    free(d->presence);
    free(d->proportion);
    free(d->drawn);
    fmx_buffer_release(d->spectra);
    fmx__mixture_batch_clear(&d->batch);
    fmx__spectra_store_clear(&d->store);
    fmx__mixer_clear(&d->mixer);
}

/* Mixtures first .. first + count - 1 of those chosen, which are spread over all of the job. */
static fmx_status run_draft(work *w, draft *d, size_t first, size_t count)
{
    size_t classes = w->labels.classes;
    uint32_t draw = fmx__mixture_draw_of((fmx__split)w->options.split, 0);
    for (size_t i = 0; i < count; ++i) {
        d->item[i] = (uint64_t)(first + i) * d->mixer.count / d->count;
        fmx__mixer_draw(&d->mixer, d->item[i], draw, &d->drawn[i]);
        for (size_t k = 0; k < d->drawn[i].named; ++k)
            d->truth[(first + i) * classes + d->drawn[i].class_index[k]] +=
                (float)d->drawn[i].proportion[k];
    }
    fmx_status status =
        fmx__mixture_batch_run(&d->batch, d->drawn, d->item, count, draw, d->spectra);
    if (status == FMX_OK)
        status =
            fmx__least_squares_run_buffer(&w->ls, d->spectra, count, d->presence + first * classes,
                                          d->proportion + first * classes);
    return status;
}

static fmx_status choose_threshold(work *w)
{
    draft d = {0};
    w->options.split = (int)validation_split(w);
    fmx_status status = open_draft(w, &d);
    for (size_t first = 0; status == FMX_OK && first < d.count; first += FMX__LEAST_SQUARES_BATCH) {
        size_t left = d.count - first;
        status = fmx__check_interrupt(w->ctx);
        if (status == FMX_OK)
            status = run_draft(w, &d, first,
                               left < FMX__LEAST_SQUARES_BATCH ? left : FMX__LEAST_SQUARES_BATCH);
    }
    if (status == FMX_OK)
        status = fmx__evaluation_threshold(w->ctx, d.count, w->labels.classes, d.truth, d.presence,
                                           &w->out->threshold);
    w->out->threshold_mixtures = d.count;
    clear_draft(&d);
    return status;
}

/* ---- the scores ----------------------------------------------------------------------------- */

static fmx_status score(work *w)
{
    size_t points = w->set->points;
    size_t classes = w->set->classes;
    size_t cells = w->set->rows * classes;
    fmx__least_squares_scores *out = w->out;
    float *spectra = NULL;
    fmx_status status = fmx__alloc(w->ctx, FMX__LEAST_SQUARES_BATCH * points, sizeof *spectra,
                                   "a batch of mixtures", &spectra);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *out->truth, "proportions", &out->truth);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *out->presence, "scores", &out->presence);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *out->proportion, "scores", &out->proportion);
    if (status == FMX_OK)
        status = fmx_dataset_read_column(w->mixtures, "target", FMX_COLUMN_FLOAT, 0, w->set->rows,
                                         out->truth);
    for (size_t m = 0; status == FMX_OK && m < w->set->rows; m += FMX__LEAST_SQUARES_BATCH) {
        size_t left = w->set->rows - m;
        size_t now = left < FMX__LEAST_SQUARES_BATCH ? left : FMX__LEAST_SQUARES_BATCH;
        fmx__progress(w->ctx, "least squares", m, w->set->rows);
        status = fmx_dataset_read_spectra(w->mixtures, m, now, spectra);
        if (status == FMX_OK)
            status = fmx__least_squares_run(&w->ls, spectra, now, out->presence + m * classes,
                                            out->proportion + m * classes);
        status = fmx__fail_in(w->ctx, status, "%s, mixtures from %zu on", w->job->mixtures, m);
    }
    if (status == FMX_OK)
        fmx__progress(w->ctx, "least squares", w->set->rows, w->set->rows);
    free(spectra);
    return status;
}

fmx_status fmx__least_squares_score(const fmx__least_squares_job *job,
                                    fmx__least_squares_scores *out)
{
    work w = {.job = job, .ctx = fmx__device_context(job->device), .out = out};
    *out = (fmx__least_squares_scores){.threshold = job->threshold};
    fmx_status status = open_files(&w);
    if (status == FMX_OK)
        status = open_library(&w);
    if (status == FMX_OK && !(job->threshold > 0))
        status = choose_threshold(&w);
    if (status == FMX_OK)
        status = score(&w);
    fmx__least_squares_clear(&w.ls);
    fmx__labels_clear(&w.labels);
    fmx__recipe_clear(&w.recipe);
    free(w.spectra);
    fmx_dataset_close(w.pure);
    fmx_dataset_close(w.mixtures);
    return status;
}

void fmx__least_squares_scores_clear(fmx__least_squares_scores *scores)
{
    for (size_t c = 0; scores->class_name != NULL && c < scores->classes; ++c)
        free(scores->class_name[c]);
    free(scores->class_name);
    free(scores->truth);
    free(scores->presence);
    free(scores->proportion);
    *scores = (fmx__least_squares_scores){0};
}

fmx__evaluation_input fmx__least_squares_input(const fmx__least_squares_scores *scores,
                                               const char *method, uint64_t seed)
{
    return (fmx__evaluation_input){.method = method,
                                   .mixtures = scores->mixtures,
                                   .classes = scores->classes,
                                   .class_name = (const char *const *)scores->class_name,
                                   .truth = scores->truth,
                                   .presence = scores->presence,
                                   .proportion = scores->proportion,
                                   .threshold = scores->threshold,
                                   .seed = seed};
}

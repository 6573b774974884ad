#include "mix_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mixture_batch.h"

enum { MOST_BATCH = 256 };
static const size_t most_batch_bytes = (size_t)64 << 20; /* of mixtures, on device and host */
static const size_t most_part_bytes = (size_t)256 << 20; /* of their constituents, on the device */

static const fmx_column columns[] = {
    {"snr", FMX_COLUMN_FLOAT, 0},
    {"components", FMX_COLUMN_INT, 0},
    {"foreign", FMX_COLUMN_INT, 0},
};

typedef struct work {
    const fmx__mix_job *job;
    fmx_context *ctx;
    fmx_dataset *dataset;
    const fmx_dataset_info *set;
    const fmx__mixture_options *options;
    const fmx__recipe_part *augment; /* NULL: none given */
    fmx__labels labels;
    fmx__mixer mixer;
    fmx__spectra_store store;
    fmx__mixture_batch batch;
    fmx_dataset_writer *writer;
    size_t most;               /* mixtures of a batch */
    fmx__mixture_drawn *drawn; /* [most] */
    uint64_t *item;            /* [most] */
    float *spectra;            /* [most][points] */
    float *facts;              /* [most][2] */
    fmx_buffer *out;           /* [most][points] */
    float *target;             /* [classes] */
} work;

static fmx__recipe_part *part_of(fmx__recipe *recipe, const char *name)
{
    for (size_t i = 0; i < recipe->part_count; ++i) {
        if (strcmp(recipe->part[i].section->name, name) == 0)
            return &recipe->part[i];
    }
    return NULL;
}

/* The recipe in effect: its axis is the dataset's, and the sections in use are written out. */
static fmx_status settle_recipe(work *w)
{
    fmx__recipe_part *axis_part = part_of(w->job->recipe, "axis");
    fmx__axis *axis = axis_part->options;
    const fmx_dataset_info *set = w->set;
    double step = fabs(set->ppm[set->points - 1] - set->ppm[0]) / (double)set->points;
    if (axis_part->given &&
        (axis->points != (int64_t)set->points || fabs(axis->first_ppm - set->ppm[0]) > step ||
         fabs(axis->last_ppm - set->ppm[set->points - 1]) > step))
        return fmx__fail(w->ctx, FMX_ERROR_RECIPE,
                         "%s: axis: %lld points, %g to %g ppm, but %s has %zu, %g to %g ppm; "
                         "process the FIDs with this recipe, or leave its axis out",
                         w->job->recipe->file, (long long)axis->points, axis->first_ppm,
                         axis->last_ppm, w->job->in, set->points, set->ppm[0],
                         set->ppm[set->points - 1]);
    axis->points = (int64_t)set->points;
    axis->first_ppm = set->ppm[0];
    axis->last_ppm = set->ppm[set->points - 1];
    if (set->nucleus[0] != '\0')
        snprintf(axis->nucleus, sizeof axis->nucleus, "%s", set->nucleus);
    part_of(w->job->recipe, "database")->given = true;
    part_of(w->job->recipe, "mixtures")->given = true;
    return FMX_OK;
}

/* Everything that can be refused without a device. */
static fmx_status prepare(work *w)
{
    const fmx__database *database = fmx__recipe_find(w->job->recipe, "database")->options;
    const fmx__recipe_part *augment = fmx__recipe_find(w->job->recipe, "augment");
    w->options = fmx__recipe_find(w->job->recipe, "mixtures")->options;
    w->augment = augment != NULL && augment->count > 0 ? augment : NULL;
    const fmx__split_options split = fmx__database_split(database);
    fmx_status status = fmx__mixture_check(w->ctx, w->options);
    if (status == FMX_OK && w->options->augment)
        status = fmx__augment_check(w->ctx, w->augment, NULL, NULL);
    if (status == FMX_OK)
        status = fmx_dataset_open(w->ctx, w->job->in, &w->dataset);
    if (status != FMX_OK)
        return status;
    w->set = fmx_dataset_describe(w->dataset);
    if (w->set->rows == 0 || w->set->points == 0)
        return fmx__fail(w->ctx, FMX_ERROR_FORMAT, "%s: no spectra", w->job->in);
    status = settle_recipe(w);
    if (status == FMX_OK)
        status = fmx__labels_read(w->ctx, w->dataset, w->job->in, NULL, 0, &split, &w->labels);
    if (status == FMX_OK)
        status = fmx__mixer_create(w->ctx, w->options, &w->labels, w->job->in,
                                   (fmx__split)w->options->split,
                                   (uint64_t)w->job->recipe->head.seed, &w->mixer);
    return status;
}

static fmx_status open_writer(work *w)
{
    const char **source = NULL;
    char *text = NULL;
    fmx_status status = fmx__alloc(w->ctx, w->mixer.count, sizeof *source, "sources", &source);
    if (status == FMX_OK)
        status = fmx__recipe_text(w->ctx, w->job->recipe, &text);
    for (size_t i = 0; status == FMX_OK && i < w->mixer.count; ++i)
        source[i] = w->job->in;
    fmx_dataset_plan plan = {
        .rows = w->mixer.count,
        .points = w->set->points,
        .ppm = w->set->ppm,
        .source = source,
        .recipe = text,
        .nucleus = w->set->nucleus,
        .seed = w->mixer.seed,
        .parents = w->mixer.most,
        .class_name = (const char *const *)w->labels.class_name,
        .classes = w->labels.classes,
        .has_split = w->options->split != FMX__SPLIT_ALL,
        .column = columns,
        .column_count = FMX__COUNT(columns),
        .compress = w->job->compress,
        .resume = w->job->resume,
    };
    if (status == FMX_OK)
        status = fmx_dataset_writer_open(w->ctx, w->job->out, &plan, &w->writer);
    free(text);
    free(source);
    return status;
}

static fmx_status open_device(work *w)
{
    size_t row_bytes = w->set->points * sizeof(float);
    w->most = most_batch_bytes / row_bytes;
    w->most = w->most < 1 ? 1 : w->most > MOST_BATCH ? MOST_BATCH : w->most;
    size_t parts = most_part_bytes / row_bytes / w->mixer.most;
    w->most = w->most < parts ? w->most : parts > 0 ? parts : 1;
    w->most = w->most < w->mixer.count ? w->most : w->mixer.count;
    fmx_status status = fmx__spectra_store_open(w->job->device, w->dataset, w->job->in,
                                                fmx__spectra_budget(w->job->device),
                                                w->most * w->mixer.most, &w->store);
    if (status == FMX_OK)
        status = fmx__mixture_batch_create(&w->store, &w->mixer, w->augment, w->most, &w->batch);
    if (status == FMX_OK)
        status = fmx_buffer_create(w->job->device, w->most * row_bytes, &w->out);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->most, sizeof *w->drawn, "a batch", &w->drawn);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->most, sizeof *w->item, "a batch", &w->item);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->most * w->set->points, sizeof *w->spectra, "a batch",
                            &w->spectra);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, 2 * w->most, sizeof *w->facts, "a batch", &w->facts);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->labels.classes, sizeof *w->target, "a target", &w->target);
    return status;
}

/* The field where all constituents have the same; 0 otherwise. */
static float field_of(const work *w, const fmx__mixture_drawn *drawn)
{
    float field = drawn->parts > 0 ? w->store.field_mhz[drawn->row[0]] : 0;
    for (size_t k = 1; k < drawn->parts; ++k) {
        if (w->store.field_mhz[drawn->row[k]] != field)
            return 0;
    }
    return field;
}

static fmx_status store_mixture(work *w, size_t i)
{
    const fmx__mixture_drawn *drawn = &w->drawn[i];
    int32_t parent[FMX__MIXTURE_MOST];
    char name[32];
    float snr = (float)drawn->snr;
    int32_t components = 0;
    int32_t foreign = (int32_t)(drawn->parts - drawn->named);
    const void *values[] = {&snr, &components, &foreign};
    memset(w->target, 0, w->labels.classes * sizeof *w->target);
    for (size_t k = 0; k < w->mixer.most; ++k)
        parent[k] = k < drawn->parts ? w->labels.parent[drawn->row[k]] : -1;
    for (size_t k = 0; k < drawn->named; ++k)
        w->target[drawn->class_index[k]] += (float)drawn->proportion[k];
    for (size_t c = 0; c < w->labels.classes; ++c)
        components += w->target[c] > 0;
    snprintf(name, sizeof name, "mixture-%06llu", (unsigned long long)w->item[i] + 1);
    fmx_dataset_row row = {
        .name = name,
        .spectrum = w->spectra + i * w->set->points,
        .parent = parent,
        .field_mhz = field_of(w, drawn),
        .noise_sigma = w->facts[2 * i],
        .target = w->target,
        .split = (uint8_t)w->options->split,
        .column = values,
    };
    return fmx_dataset_writer_append(w->writer, (size_t)w->item[i], &row);
}

static fmx_status run_batch(work *w, size_t count)
{
    uint32_t draw = fmx__mixture_draw_of((fmx__split)w->options->split, 0);
    for (size_t i = 0; i < count; ++i)
        fmx__mixer_draw(&w->mixer, w->item[i], draw, &w->drawn[i]);
    fmx_status status = fmx__mixture_batch_run(&w->batch, w->drawn, w->item, count, draw, w->out);
    if (status == FMX_OK)
        status = fmx_buffer_read(w->out, 0, w->spectra, count * w->set->points * sizeof(float));
    if (status == FMX_OK)
        status = fmx_buffer_read(w->batch.facts, 0, w->facts, 2 * count * sizeof(float));
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        status = store_mixture(w, i);
    return status;
}

static fmx_status run_all(work *w)
{
    size_t done = 0;
    size_t next = 0;
    fmx_status status = FMX_OK;
    while (status == FMX_OK && next < w->mixer.count) {
        size_t count = 0;
        for (; next < w->mixer.count && count < w->most; ++next) {
            if (fmx_dataset_writer_has(w->writer, next))
                ++done;
            else
                w->item[count++] = next;
        }
        fmx__progress(w->ctx, "mix", done, w->mixer.count);
        status = fmx__check_interrupt(w->ctx);
        if (status == FMX_OK && count > 0)
            status = run_batch(w, count);
        done += count;
    }
    if (status == FMX_OK)
        fmx__progress(w->ctx, "mix", w->mixer.count, w->mixer.count);
    return status;
}

static void release(work *w)
{
    fmx_dataset_writer_close(w->writer);
    free(w->target);
    free(w->facts);
    free(w->spectra);
    free(w->item);
    free(w->drawn);
    fmx_buffer_release(w->out);
    fmx__mixture_batch_clear(&w->batch);
    fmx__spectra_store_clear(&w->store);
    fmx__mixer_clear(&w->mixer);
    fmx__labels_clear(&w->labels);
    fmx_dataset_close(w->dataset);
}

fmx_status fmx__mix(const fmx__mix_job *job, fmx__mix_result *result)
{
    work w = {.job = job, .ctx = fmx__device_context(job->device)};
    *result = (fmx__mix_result){0};
    fmx_status status = prepare(&w);
    if (status == FMX_OK)
        status = open_writer(&w);
    if (status == FMX_OK) {
        *result = (fmx__mix_result){w.mixer.count, w.labels.classes, w.mixer.most,
                                    fmx_dataset_writer_finished(w.writer)};
        if (result->finished_before)
            goto out;
        status = open_device(&w);
    }
    if (status == FMX_OK)
        status = run_all(&w);
    if (status == FMX_OK)
        status = fmx_dataset_writer_finish(w.writer);
out:
    release(&w);
    return status;
}

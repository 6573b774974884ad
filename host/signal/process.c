#include "process.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fidmix/real_part.h"
#include "fidmix/resample.h"
#include "signal_internal.h"

enum { MOST_BATCH_ROWS = 64 };
/* Data of one batch as loaded; zero-filling and scratch take up to eight times as much. */
static const size_t most_batch_bytes = (size_t)64 << 20;

fmx__axis fmx__axis_for(const fmx__axis *recipe, const char *nucleus)
{
    static const struct {
        const char *nucleus;
        double first_ppm;
        double last_ppm;
    } usual[] = {
        {"1H", 12, -1},    {"2H", 12, -1},      {"13C", 230, -10},  {"15N", 400, -50},
        {"19F", 50, -250}, {"31P", 100, -100},  {"29Si", 50, -200}, {"11B", 100, -100},
        {"7Li", 20, -20},  {"23Na", 100, -100},
    };
    fmx__axis axis = *recipe;
    if (strcmp(recipe->nucleus, nucleus) == 0)
        return axis;
    snprintf(axis.nucleus, sizeof axis.nucleus, "%s", nucleus);
    axis.first_ppm = 500;
    axis.last_ppm = -500;
    for (size_t i = 0; i < FMX__COUNT(usual); ++i) {
        if (strcmp(usual[i].nucleus, nucleus) == 0) {
            axis.first_ppm = usual[i].first_ppm;
            axis.last_ppm = usual[i].last_ppm;
        }
    }
    return axis;
}

/* The stage behind a group of options; every group in a `process` list belongs to one. */
static const fmx__stage *stage_of(const fmx__option_group *group)
{
    for (size_t i = 0; i < fmx__stage_count; ++i) {
        if (&fmx__stages[i]->group == group)
            return fmx__stages[i];
    }
    return NULL;
}

static bool is_stage(const fmx__recipe_stage *entry, const char *name)
{
    return strcmp(entry->group->name, name) == 0;
}

fmx_status fmx__process_check(fmx_context *ctx, const fmx__recipe_part *stages)
{
    bool in_time = true;
    bool resampled = false;
    for (size_t i = 0; i < stages->count; ++i) {
        const fmx__recipe_stage *entry = &stages->stage[i];
        const fmx__stage *stage = stage_of(entry->group);
        if (stage == NULL)
            return fmx__fail(ctx, FMX_ERROR_INTERNAL, "process.%s: no such stage",
                             entry->group->name);
        if (stage->needs == FMX__NEEDS_TIME && !in_time)
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "process.%s works on decays but stands after fft; move it before fft",
                             entry->group->name);
        if (stage->needs != FMX__NEEDS_TIME && stage->needs != FMX__NEEDS_EITHER && in_time)
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "process.%s works on spectra but stands before fft; move it after fft",
                             entry->group->name);
        if (stage->check != NULL) {
            fmx_status status = stage->check(ctx, entry->options);
            if (status != FMX_OK)
                return fmx__fail_in(ctx, status, "process.%s", entry->group->name);
        }
        in_time = in_time && !is_stage(entry, "fft");
        resampled = resampled || is_stage(entry, "resample");
    }
    if (in_time || !resampled)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "process: the list of stages must hold fft and resample, so that all "
                         "spectra share one axis");
    return FMX_OK;
}

/* Runs one stage; resample takes the job's axis unless the recipe gave it one of its own. */
static fmx_status run_stage(const fmx__process_job *job, const fmx__recipe_stage *entry,
                            fmx_signal *signal)
{
    const void *options = entry->options;
    fmx_resample onto = FMX_RESAMPLE_DEFAULT;
    if (is_stage(entry, "resample")) {
        onto = *(const fmx_resample *)options;
        if (onto.points == 0) {
            onto.first_ppm = job->axis.first_ppm;
            onto.last_ppm = job->axis.last_ppm;
            onto.points = job->axis.points;
        }
        options = &onto;
    }
    return fmx__stage_run(stage_of(entry->group), signal, options);
}

/* Runs the stages on a loaded batch. Spectra enter after fft; a stage that needs complex data is
 * passed over by real spectra (they are phased already). */
static fmx_status run_stages(const fmx__process_job *job, fmx_signal *signal)
{
    bool waiting_for_fft = signal->domain == FMX_DOMAIN_FREQUENCY;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < job->stages->count; ++i) {
        const fmx__recipe_stage *entry = &job->stages->stage[i];
        const fmx__stage *stage = stage_of(entry->group);
        if (waiting_for_fft) {
            waiting_for_fft = !is_stage(entry, "fft");
            continue;
        }
        if (stage->needs == FMX__NEEDS_COMPLEX && !signal->is_complex)
            continue;
        status = fmx__check_interrupt(fmx__device_context(job->device));
        if (status != FMX_OK)
            return status;
        if (stage->needs == FMX__NEEDS_FREQUENCY && signal->is_complex)
            status = fmx__signal_to_real(signal);
        if (status == FMX_OK)
            status = run_stage(job, entry, signal);
        status = fmx__fail_in(fmx__device_context(job->device), status, "process.%s",
                              entry->group->name);
    }
    return status;
}

static size_t rows_per_batch(const fmx__process_item *item)
{
    size_t bytes = item->stride * sizeof(float) * (item->is_complex ? 2 : 1);
    size_t rows = most_batch_bytes / bytes;
    return rows < 1 ? 1 : rows > MOST_BATCH_ROWS ? MOST_BATCH_ROWS : rows;
}

static bool same_class(const fmx__process_item *a, const fmx__process_item *b)
{
    return a->stride == b->stride && a->is_complex == b->is_complex && a->domain == b->domain;
}

static fmx_status load_item(fmx__process_item *item, size_t row, fmx_signal *signal)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    fmx_status status = FMX_OK;
    if (item->kept.data == NULL)
        status = fmx_fid_read(ctx, item->source, FMX_READ_DATA, &item->kept);
    if (status == FMX_OK)
        status = fmx_signal_load(signal, row, &item->kept, item->row);
    fmx_fid_clear(&item->kept);
    return fmx__fail_in(ctx, status, "%s changed while it was processed", item->source->path);
}

static fmx_status load_batch(fmx__process_item *const *batch, size_t count, fmx_signal *signal)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        status = load_item(batch[i], i, signal);
    return status;
}

/* Hands the finished rows of a batch to the sink. */
static fmx_status deliver(const fmx__process_job *job, fmx__process_item *const *batch,
                          fmx_signal *signal)
{
    fmx_context *ctx = fmx__device_context(job->device);
    float *data = NULL;
    if (signal->is_complex || signal->domain != FMX_DOMAIN_FREQUENCY ||
        signal->points != (size_t)job->axis.points)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "process: the stages end with %zu points, not on the axis of %lld points; "
                         "end the list with resample",
                         signal->points, (long long)job->axis.points);
    fmx_status status =
        fmx__alloc(ctx, signal->rows * signal->points, sizeof *data, "finished spectra", &data);
    if (status == FMX_OK)
        status = fmx_signal_read(signal, data);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i)
        status = job->sink(job->user, batch[i]->row, data + i * signal->points, &signal->row[i],
                           batch[i]->source);
    free(data);
    return status;
}

static fmx_status run_batch(const fmx__process_job *job, fmx__process_item *const *batch,
                            size_t count)
{
    fmx_signal signal = {0};
    fmx_status status = fmx_signal_create(job->device, batch[0]->domain, batch[0]->is_complex,
                                          count, batch[0]->stride, &signal);
    signal.seed = job->seed;
    if (status == FMX_OK)
        status = load_batch(batch, count, &signal);
    if (status == FMX_OK)
        status = run_stages(job, &signal);
    if (status == FMX_OK && signal.is_complex)
        status = fmx__signal_to_real(&signal);
    if (status == FMX_OK)
        status = deliver(job, batch, &signal);
    fmx_signal_clear(&signal);
    return status;
}

fmx_status fmx__process_run(const fmx__process_job *job, const fmx__process_group *group)
{
    fmx_context *ctx = fmx__device_context(job->device);
    fmx__process_item *batch[MOST_BATCH_ROWS];
    bool *taken = NULL;
    size_t finished = 0;
    fmx_status status = fmx__alloc(ctx, group->count, sizeof *taken, "rows done", &taken);
    for (size_t i = 0; status == FMX_OK && i < group->count; ++i) {
        taken[i] = job->done != NULL && job->done[group->item[i].row];
        finished += taken[i];
    }
    for (size_t i = 0; status == FMX_OK && i < group->count; ++i) {
        size_t count = 0;
        if (taken[i])
            continue;
        size_t most = rows_per_batch(&group->item[i]);
        for (size_t j = i; j < group->count && count < most; ++j) {
            if (!taken[j] && same_class(&group->item[i], &group->item[j])) {
                batch[count++] = &group->item[j];
                taken[j] = true;
            }
        }
        fmx__progress(ctx, "process", finished, group->count);
        status = fmx__check_interrupt(ctx);
        if (status == FMX_OK)
            status = run_batch(job, batch, count);
        finished += count;
    }
    if (status == FMX_OK)
        fmx__progress(ctx, "process", group->count, group->count);
    free(taken);
    return status;
}

#include "process_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"

/* Raw data that are read once and kept until they are processed. */
static const size_t most_kept_bytes = (size_t)256 << 20;

static fmx_context *context(const fmx__process_dataset *job)
{
    return fmx__device_context(job->device);
}

static const fmx_column columns[] = {
    {"line_width_hz", FMX_COLUMN_FLOAT, 0},
    {"sw_hz", FMX_COLUMN_FLOAT, 0},
    {"snr", FMX_COLUMN_FLOAT, 0},
    {"format", FMX_COLUMN_TEXT, 0},
};

static fmx_status find_sources(fmx__process_dataset *j)
{
    fmx_status status = FMX_OK;
    fmx_source_list *list = &j->sources;
    for (size_t i = 0; status == FMX_OK && i < j->path_count; ++i) {
        size_t before = list->count;
        status = fmx_source_find(context(j), j->path[i], j->with_processed, list);
        if (status == FMX_OK && list->count == before)
            fmx__log(context(j), FMX_LOG_WARNING, "%s: no FID or processed spectrum here",
                     j->path[i]);
    }
    if (status == FMX_OK && list->count == 0)
        status = fmx__fail(context(j), FMX_ERROR_FORMAT,
                           "%s%s: no FID or processed spectrum found; a Bruker experiment is a "
                           "folder with fid and acqus, or with pdata/1/1r",
                           j->path[0], j->path_count > 1 ? " and the other paths" : "");
    return status;
}

/* "spectra.h5" for the recipe's nucleus, "spectra.13C.h5" for another. */
static fmx_status output_path(const fmx__process_dataset *j, const char *nucleus,
                              const char *main_nucleus, char **out)
{
    const char *path = j->out;
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash : path, '.');
    if (strcmp(nucleus, main_nucleus) == 0)
        return fmx__format(context(j), out, "%s", path);
    if (dot == NULL)
        dot = path + strlen(path);
    return fmx__format(context(j), out, "%.*s.%s%s", (int)(dot - path), path, nucleus, dot);
}

static fmx_status open_writer(const fmx__process_dataset *j, fmx__process_output *o)

{
    double *ppm = NULL;
    const char **source = NULL;
    char *text = NULL;
    size_t points = (size_t)o->axis.points;
    fmx_status status = fmx__alloc(context(j), points, sizeof *ppm, "the axis", &ppm);
    if (status == FMX_OK)
        status = fmx__alloc(context(j), o->group->count, sizeof *source, "paths", &source);
    if (status == FMX_OK)
        status = fmx__recipe_text(context(j), j->recipe, &text);
    if (status != FMX_OK)
        goto out;
    for (size_t i = 0; i < points; ++i)
        ppm[i] = o->axis.first_ppm +
                 (double)i * (o->axis.last_ppm - o->axis.first_ppm) / (double)(points - 1);
    for (size_t i = 0; i < o->group->count; ++i)
        source[i] = o->group->item[i].source->path;
    fmx_dataset_plan plan = {
        .rows = o->group->count,
        .points = points,
        .ppm = ppm,
        .source = source,
        .recipe = text,
        .nucleus = o->group->nucleus,
        .seed = (uint64_t)j->recipe->head.seed,
        .column = columns,
        .column_count = FMX__COUNT(columns),
        .compress = j->compress,
        .resume = j->resume,
    };
    status = fmx_dataset_writer_open(context(j), o->path, &plan, &o->writer);
out:
    free(text);
    free(source);
    free(ppm);
    return status;
}

/* Opens every output before any FID is processed: what stands in the way is said at once. */
static fmx_status open_outputs(fmx__process_dataset *j)
{
    const fmx__axis *axis = NULL;
    fmx_status status = fmx__recipe_axis(context(j), j->recipe, &axis);
    if (status == FMX_OK)
        status = fmx__alloc(context(j), j->survey.count, sizeof *j->output, "outputs", &j->output);
    for (size_t i = 0; status == FMX_OK && i < j->survey.count; ++i) {
        fmx__process_output *o = &j->output[i];
        o->ctx = context(j);
        o->group = &j->survey.group[i];
        o->axis = fmx__axis_for(axis, o->group->nucleus);
        status = output_path(j, o->group->nucleus, axis->nucleus, &o->path);
        if (status == FMX_OK)
            status = fmx__alloc(context(j), o->group->count, sizeof *o->done, "rows", &o->done);
        if (status == FMX_OK)
            status = fmx__alloc(context(j), o->group->count, sizeof *o->facts, "rows", &o->facts);
        if (status == FMX_OK)
            status = fmx__alloc(context(j), o->group->count, sizeof *o->height, "rows", &o->height);
        if (status == FMX_OK)
            status = open_writer(j, o);
        for (size_t row = 0; status == FMX_OK && row < o->group->count; ++row)
            o->done[row] = fmx_dataset_writer_has(o->writer, row);
    }
    return status;
}

float fmx__process_snr(float height, const fmx_row *facts)
{
    return facts->noise_sigma > 0 ? height / facts->noise_sigma : 0;
}

static fmx_status store_row(void *user, size_t row, const float *spectrum, const fmx_row *facts,
                            const fmx_source *source)
{
    fmx__process_output *o = user;
    float height = 0;
    for (int64_t i = 0; i < o->axis.points; ++i)
        height = fmaxf(height, spectrum[i]);
    float width_hz = facts->line_width_hz;
    float sw_hz = (float)facts->sw_hz;
    float snr = fmx__process_snr(height, facts);
    const void *values[] = {&width_hz, &sw_hz, &snr, source->format};
    o->facts[row] = *facts;
    o->height[row] = height;
    fmx_dataset_row out = {
        .name = facts->name,
        .spectrum = spectrum,
        .field_mhz = (float)facts->obs_mhz,
        .p0_deg = (float)facts->p0_deg,
        .p1_deg = (float)facts->p1_deg,
        .noise_sigma = facts->noise_sigma,
        .column = values,
    };
    return fmx_dataset_writer_append(o->writer, row, &out);
}

static fmx_status run_output(const fmx__process_dataset *j, fmx__process_output *o)
{
    if (fmx_dataset_writer_finished(o->writer))
        return FMX_OK;
    fmx__process_job work = {
        .device = j->device,
        .stages = fmx__recipe_find(j->recipe, "process"),
        .axis = o->axis,
        .seed = (uint64_t)j->recipe->head.seed,
        .done = o->done,
        .sink = store_row,
        .user = o,
    };
    fmx_status status = fmx__process_run(&work, o->group);
    if (status == FMX_OK)
        status = fmx_dataset_writer_finish(o->writer);
    return status;
}

static void list_failures(fmx_context *ctx, const fmx__process_survey *survey)
{
    for (size_t i = 0; i < survey->failure_count; ++i)
        fmx__log(ctx, FMX_LOG_WARNING, "not used: %s", survey->failure[i].reason);
}

void fmx__process_summarise(const fmx__process_dataset *j)
{
    for (size_t i = 0; i < j->survey.count; ++i) {
        const fmx__process_output *o = &j->output[i];
        size_t before = 0;
        for (size_t row = 0; row < o->group->count; ++row)
            before += o->done[row];
        fmx__log(context(j), FMX_LOG_INFO, "%s: %zu %s spectra of %lld points, %g to %g ppm%s",
                 o->path, o->group->count, o->group->nucleus, (long long)o->axis.points,
                 o->axis.first_ppm, o->axis.last_ppm,
                 before == o->group->count ? " (up to date)"
                 : before > 0              ? " (resumed)"
                                           : "");
    }
    list_failures(context(j), &j->survey);
    if (j->survey.failure_count > 0)
        fmx__log(context(j), FMX_LOG_WARNING, "%zu of %zu FIDs and spectra could not be used",
                 j->survey.failure_count, j->sources.count);
}

void fmx__process_dataset_clear(fmx__process_dataset *j)
{
    for (size_t i = 0; j->output != NULL && i < j->survey.count; ++i) {
        fmx_dataset_writer_close(j->output[i].writer);
        free(j->output[i].path);
        free(j->output[i].done);
        free(j->output[i].facts);
        free(j->output[i].height);
    }
    free(j->output);
    fmx__process_survey_clear(&j->survey);
    fmx_source_list_clear(&j->sources);
}

static fmx_status no_usable(const fmx__process_dataset *j)
{
    list_failures(context(j), &j->survey);
    return fmx__fail(context(j), FMX_ERROR_FORMAT, "none of %zu FIDs and spectra can be used",
                     j->sources.count);
}

fmx_status fmx__process_recipe_check(fmx_context *ctx, const fmx__recipe *recipe)
{
    const fmx__axis *axis = NULL;
    fmx_status status = fmx__recipe_axis(ctx, recipe, &axis);
    if (status == FMX_OK)
        status = fmx__process_check(ctx, fmx__recipe_find(recipe, "process"));
    return status;
}

fmx_status fmx__process_to_dataset(fmx__process_dataset *j)
{
    fmx_status status = find_sources(j);
    if (status == FMX_OK)
        status = fmx__process_survey_sources(context(j), &j->sources, most_kept_bytes, &j->survey);
    if (status == FMX_OK && j->survey.count == 0)
        status = no_usable(j);
    if (status == FMX_OK)
        status = open_outputs(j);
    for (size_t i = 0; status == FMX_OK && i < j->survey.count; ++i)
        status = run_output(j, &j->output[i]);
    return status;
}

#include "identify_input.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fidmix/dataset.h"
#include "process.h"

enum { CHUNK = 16 }; /* rows of a dataset that are read at a time */
static const size_t most_kept_bytes = (size_t)256 << 20; /* of raw data, between survey and run */

static double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The context's failure belongs to `path`. */
static fmx_status failed(const fmx__identify_input *input, const char *path, fmx_status status)
{
    return status == FMX_OK ? FMX_OK : input->failed(input->failed_user, path, status);
}

/* Hands a spectrum over; what is wrong with it is noted with its path. */
static fmx_status give(const fmx__identify_input *input, const fmx__identify_spectrum *spectrum)
{
    char label[64];
    fmx_status status = FMX_OK;
    snprintf(label, sizeof label, "row %zu", spectrum->row);
    for (size_t i = 0; status == FMX_OK && i < input->facts->axis.points; ++i) {
        if (!isfinite(spectrum->value[i]))
            status =
                fmx__fail(input->ctx, FMX_ERROR_FORMAT,
                          "%s: point %zu of the spectrum is not a number; process the FID again",
                          spectrum->is_row ? label : spectrum->path, i);
    }
    if (status == FMX_OK)
        status = input->take(input->user, spectrum);
    return failed(input, spectrum->path, status);
}

/* ---- FIDs ------------------------------------------------------------------------------------ */

static fmx_status take_spectrum(void *user, size_t row, const float *value, const fmx_row *facts,
                                const fmx_source *source)
{
    fmx__identify_spectrum spectrum = {
        .path = source->path,
        .name = facts->name,
        .value = value,
        .field_mhz = facts->sf_mhz > 0 ? facts->sf_mhz : facts->obs_mhz,
        .noise_sigma = (double)facts->noise_sigma,
        .line_width_hz = (double)facts->line_width_hz,
    };
    (void)row;
    return give(user, &spectrum);
}

static fmx_status run_group(const fmx__identify_input *input, const fmx__process_group *group)
{
    const fmx__axis *axis = NULL;
    fmx_status status = fmx__recipe_axis(input->ctx, input->recipe, &axis);
    if (status != FMX_OK)
        return status;
    fmx__process_job job = {
        .device = input->device,
        .stages = fmx__recipe_find(input->recipe, "process"),
        .axis = *axis,
        .seed = (uint64_t)input->recipe->head.seed,
        .sink = take_spectrum,
        .user = (void *)input,
    };
    return fmx__process_run(&job, group);
}

/* FIDs of another nucleus than the model's. */
static fmx_status refuse_group(const fmx__identify_input *input, const fmx__process_group *group)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < group->count; ++i) {
        const char *path = group->item[i].source->path;
        status =
            fmx__fail(input->ctx, FMX_ERROR_FORMAT,
                      "%s: a %s FID, but %s names compounds in %s spectra; give it %s FIDs, or "
                      "use a model that was trained on %s",
                      path, group->nucleus, input->model_path, input->facts->axis.nucleus,
                      input->facts->axis.nucleus, group->nucleus);
        status = failed(input, path, status);
    }
    return status;
}

static fmx_status check_process(const fmx__identify_input *input, const char *path)
{
    if (fmx__recipe_find(input->recipe, "process")->count == 0)
        return fmx__fail(input->ctx, FMX_ERROR_FORMAT,
                         "%s: %s was trained without a list `process`, so it cannot say how FIDs "
                         "become spectra; process them and identify the dataset",
                         path, input->model_path);
    return fmx__process_check(input->ctx, fmx__recipe_find(input->recipe, "process"));
}

static fmx_status run_survey(const fmx__identify_input *input, const fmx__process_survey *survey)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < survey->failure_count; ++i) {
        status = fmx__fail(input->ctx, FMX_ERROR_FORMAT, "%s", survey->failure[i].reason);
        status = failed(input, survey->failure[i].path, status);
    }
    for (size_t i = 0; status == FMX_OK && i < survey->count; ++i) {
        const fmx__process_group *group = &survey->group[i];
        status = strcmp(group->nucleus, input->facts->axis.nucleus) == 0
                     ? run_group(input, group)
                     : refuse_group(input, group);
    }
    return status;
}

static fmx_status take_tree(const fmx__identify_input *input, const char *path)
{
    fmx_source_list sources = {0};
    fmx__process_survey survey = {0};
    fmx_status status = fmx_source_find(input->ctx, path, false, &sources);
    if (status == FMX_OK && sources.count == 0)
        status =
            fmx__fail(input->ctx, FMX_ERROR_FORMAT,
                      "%s: no FID here; a Bruker experiment is a folder with fid and acqus", path);
    if (status == FMX_OK)
        status = check_process(input, path);
    if (status != FMX_OK) {
        status = failed(input, path, status);
    } else {
        status = fmx__process_survey_sources(input->ctx, &sources, most_kept_bytes, &survey);
        if (status == FMX_OK)
            status = run_survey(input, &survey);
    }
    fmx__process_survey_clear(&survey);
    fmx_source_list_clear(&sources);
    return status;
}

/* ---- datasets -------------------------------------------------------------------------------- */

/* Columns of a few rows; 0 where the dataset does not say. */
typedef struct columns {
    float field_mhz[CHUNK];
    float noise_sigma[CHUNK];
    float line_width_hz[CHUNK];
} columns;

/* Reads a column that not every dataset has. */
static fmx_status read_column(fmx_dataset *dataset, const char *name, size_t first, size_t count,
                              float *out)
{
    fmx_column_type type = FMX_COLUMN_BYTE;
    size_t width = 0;
    memset(out, 0, count * sizeof *out);
    if (!fmx_dataset_find_column(dataset, name, &type, &width) || type != FMX_COLUMN_FLOAT ||
        width != 0)
        return FMX_OK;
    return fmx_dataset_read_column(dataset, name, type, first, count, out);
}

static fmx_status take_rows(const fmx__identify_input *input, const char *path,
                            fmx_dataset *dataset, size_t first, size_t count, float *value)
{
    char **name = NULL;
    columns known;
    fmx_status status = fmx_dataset_read_text(dataset, "name", first, count, &name);
    if (status == FMX_OK)
        status = read_column(dataset, "field_mhz", first, count, known.field_mhz);
    if (status == FMX_OK)
        status = read_column(dataset, "noise_sigma", first, count, known.noise_sigma);
    if (status == FMX_OK)
        status = read_column(dataset, "line_width_hz", first, count, known.line_width_hz);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        fmx__identify_spectrum spectrum = {
            .path = path,
            .name = name[i],
            .row = first + i,
            .is_row = true,
            .value = value,
            .field_mhz = (double)known.field_mhz[i],
            .noise_sigma = (double)known.noise_sigma[i],
            .line_width_hz = (double)known.line_width_hz[i],
        };
        status = fmx_dataset_read_spectra(dataset, first + i, 1, value);
        if (status == FMX_OK)
            status = give(input, &spectrum);
    }
    free(name);
    return status;
}

/* Whether its spectra lie on the model's axis. */
static fmx_status check_dataset(const fmx__identify_input *input, const char *path,
                                const fmx_dataset_info *set)
{
    fmx__model_axis axis = {.points = set->points};
    if (set->rows == 0 || set->points == 0)
        return fmx__fail(input->ctx, FMX_ERROR_FORMAT, "%s: no spectra", path);
    axis.first_ppm = set->ppm[0];
    axis.last_ppm = set->ppm[set->points - 1];
    snprintf(axis.nucleus, sizeof axis.nucleus, "%s",
             set->nucleus[0] != '\0' ? set->nucleus : input->facts->axis.nucleus);
    return fmx__model_check_axis(input->ctx, input->facts, path, &axis);
}

static fmx_status take_dataset(const fmx__identify_input *input, const char *path)
{
    fmx_dataset *dataset = NULL;
    float *value = NULL;
    fmx_status status = fmx_dataset_open(input->ctx, path, &dataset);
    const fmx_dataset_info *set = status == FMX_OK ? fmx_dataset_describe(dataset) : NULL;
    if (status == FMX_OK)
        status = check_dataset(input, path, set);
    if (status != FMX_OK) {
        status = failed(input, path, status);
    } else {
        status = fmx__alloc(input->ctx, set->points, sizeof *value, "a spectrum", &value);
        for (size_t first = 0; status == FMX_OK && first < set->rows; first += CHUNK) {
            size_t count = set->rows - first < CHUNK ? set->rows - first : CHUNK;
            status = take_rows(input, path, dataset, first, count, value);
            fmx__progress(input->ctx, "identify", first + count, set->rows);
        }
    }
    free(value);
    fmx_dataset_close(dataset);
    return status;
}

/* HDF5's signature, "HDF Format Specification" section II.A. */
bool fmx__identify_is_hdf5(const char *path)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char head[sizeof signature] = {0};
    struct stat file;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return false;
    FILE *stream = fopen(path, "rb");
    size_t bytes = stream != NULL ? fread(head, 1, sizeof head, stream) : 0;
    if (stream != NULL)
        fclose(stream);
    return bytes == sizeof head && memcmp(head, signature, sizeof head) == 0;
}

fmx_status fmx__identify_axis(fmx_context *ctx, const fmx__model_axis *axis, double **out)
{
    double step = (axis->last_ppm - axis->first_ppm) / (double)(axis->points - 1);
    fmx_status status = fmx__alloc(ctx, axis->points, sizeof **out, "the axis", out);
    for (size_t i = 0; status == FMX_OK && i < axis->points; ++i)
        (*out)[i] = axis->first_ppm + step * (double)i;
    return status;
}

fmx_status fmx__identify_walk(const fmx__identify_input *input, const char *path, double *seconds)
{
    double start = wall_seconds();
    fmx_status status =
        fmx__identify_is_hdf5(path) ? take_dataset(input, path) : take_tree(input, path);
    if (status == FMX_OK)
        status = input->end(input->user);
    *seconds = wall_seconds() - start;
    return status;
}

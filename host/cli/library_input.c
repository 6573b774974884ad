#include "library_input.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_recipe.h"
#include "fidmix/dataset.h"
#include "process.h"

static const size_t most_kept_bytes = (size_t)256 << 20; /* of raw data, between survey and run */

/* ---- what there is ----------------------------------------------------------------------------
 */

/* HDF5's signature, "HDF Format Specification" section II.A. */
static bool is_hdf5(const char *path)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char head[sizeof signature] = {0};
    FILE *stream = fopen(path, "rb");
    size_t bytes = stream != NULL ? fread(head, 1, sizeof head, stream) : 0;
    if (stream != NULL)
        fclose(stream);
    return bytes == sizeof head && memcmp(head, signature, sizeof head) == 0;
}

fmx__library_source fmx__library_kind(fmx_context *ctx, const char *path)
{
    struct stat file;
    fmx_source_list sources = {0};
    if (stat(path, &file) != 0)
        return FMX__LIBRARY_SPINS; /* a built-in one, or refused as a missing file */
    if (S_ISDIR(file.st_mode))
        return FMX__LIBRARY_FIDS;
    if (S_ISREG(file.st_mode) && is_hdf5(path))
        return FMX__LIBRARY_DATASET;
    bool found = fmx_source_find(ctx, path, false, &sources) == FMX_OK && sources.count > 0;
    fmx_source_list_clear(&sources);
    return found ? FMX__LIBRARY_FIDS : FMX__LIBRARY_SPINS;
}

/* ---- spectra ----------------------------------------------------------------------------------
 */

/* Room for one more spectrum of `points`; *value and *ppm are its arrays. */
static fmx_status begin(fmx_context *ctx, fmx__library_input *input, const char *name,
                        const char *source, size_t points, float **value, double **ppm)
{
    char *names[2] = {NULL, NULL};
    *value = NULL;
    *ppm = NULL;
    fmx_status status = fmx__grow(ctx, &input->spectrum, &input->capacity, input->count + 1,
                                  sizeof *input->spectrum, "measured spectra");
    if (status == FMX_OK)
        status = fmx__format(ctx, &names[0], "%s", name);
    if (status == FMX_OK)
        status = fmx__format(ctx, &names[1], "%s", source);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, points, sizeof **value, "a spectrum", value);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, points, sizeof **ppm, "an axis", ppm);
    if (status != FMX_OK) {
        free(names[0]);
        free(names[1]);
        free(*value);
        free(*ppm);
        return status;
    }
    input->spectrum[input->count++] = (fmx_library_spectrum){
        .name = names[0], .source = names[1], .value = *value, .ppm = *ppm, .points = points};
    return FMX_OK;
}

void fmx__library_input_clear(fmx__library_input *input)
{
    for (size_t i = 0; i < input->count; ++i) {
        free((char *)input->spectrum[i].name);
        free((char *)input->spectrum[i].source);
        free((float *)input->spectrum[i].value);
        free((double *)input->spectrum[i].ppm);
    }
    free(input->spectrum);
    *input = (fmx__library_input){0};
}

/* ---- FIDs -------------------------------------------------------------------------------------
 */

typedef struct fids {
    fmx__cli *cli;
    const char *name;
    fmx__library_input *input;
    fmx__axis axis;
} fids;

static fmx_status take(void *user, size_t row, const float *spectrum, const fmx_row *facts,
                       const fmx_source *source)
{
    const fids *f = user;
    float *value = NULL;
    double *ppm = NULL;
    size_t points = f->axis.points;
    (void)row;
    fmx_status status = begin(f->cli->ctx, f->input, f->name != NULL ? f->name : facts->name,
                              source->path, points, &value, &ppm);
    if (status != FMX_OK)
        return status;
    fmx_library_spectrum *s = &f->input->spectrum[f->input->count - 1];
    s->field_mhz = facts->sf_mhz > 0 ? facts->sf_mhz : facts->obs_mhz;
    s->noise_sigma = (double)facts->noise_sigma;
    for (size_t i = 0; i < points; ++i) {
        value[i] = spectrum[i];
        ppm[i] = f->axis.first_ppm +
                 (double)i * (f->axis.last_ppm - f->axis.first_ppm) / (double)(points - 1);
    }
    return FMX_OK;
}

/* Processes what the survey found of the recipe's nucleus. */
static fmx_status process(fids *f, const fmx__recipe *recipe, const fmx__process_survey *survey,
                          fmx_device *device)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < survey->count; ++i) {
        if (strcmp(survey->group[i].nucleus, f->axis.nucleus) != 0)
            continue;
        fmx__process_job job = {.device = device,
                                .stages = fmx__recipe_find(recipe, "process"),
                                .axis = f->axis,
                                .seed = (uint64_t)recipe->head.seed,
                                .sink = take,
                                .user = f};
        status = fmx__process_run(&job, &survey->group[i]);
    }
    return status;
}

static fmx_status read_fids(fids *f, const char *path)
{
    fmx_context *ctx = f->cli->ctx;
    fmx__recipe recipe = {0};
    fmx_source_list sources = {0};
    fmx__process_survey survey = {0};
    fmx_device *device = NULL;
    const fmx__axis *axis = NULL;
    fmx_status status = fmx__cli_recipe(f->cli, "process", &recipe);
    if (status == FMX_OK)
        status = fmx__recipe_axis(ctx, &recipe, &axis);
    if (status == FMX_OK) {
        f->axis = *axis;
        status = fmx_source_find(ctx, path, false, &sources);
    }
    if (status == FMX_OK)
        status = fmx__process_survey_sources(ctx, &sources, most_kept_bytes, &survey);
    for (size_t i = 0; status == FMX_OK && i < survey.failure_count; ++i)
        fmx__log(ctx, FMX_LOG_WARNING, "%s: %s; left out", survey.failure[i].path,
                 survey.failure[i].reason);
    if (status == FMX_OK)
        status = fmx__cli_device(f->cli, &device);
    if (status == FMX_OK)
        status = process(f, &recipe, &survey, device);
    fmx__process_survey_clear(&survey);
    fmx_source_list_clear(&sources);
    fmx__recipe_clear(&recipe);
    return status;
}

/* ---- datasets ---------------------------------------------------------------------------------
 */

/* A value of a column that not every dataset has; 0 where it is missing. */
static fmx_status read_value(fmx_dataset *set, const char *column, size_t row, double *out)
{
    fmx_column_type type = FMX_COLUMN_BYTE;
    size_t width = 0;
    float value = 0;
    fmx_status status = FMX_OK;
    if (fmx_dataset_find_column(set, column, &type, &width) && type == FMX_COLUMN_FLOAT &&
        width == 0)
        status = fmx_dataset_read_column(set, column, type, row, 1, &value);
    *out = (double)value;
    return status;
}

static fmx_status read_row(fmx_context *ctx, const char *path, fmx_dataset *set, size_t row,
                           const char *name, fmx__library_input *input)
{
    const fmx_dataset_info *info = fmx_dataset_describe(set);
    float *value = NULL;
    double *ppm = NULL;
    fmx_status status = begin(ctx, input, name, path, info->points, &value, &ppm);
    if (status != FMX_OK)
        return status;
    fmx_library_spectrum *s = &input->spectrum[input->count - 1];
    memcpy(ppm, info->ppm, info->points * sizeof *ppm);
    status = fmx_dataset_read_spectra(set, row, 1, value);
    if (status == FMX_OK)
        status = read_value(set, "field_mhz", row, &s->field_mhz);
    if (status == FMX_OK)
        status = read_value(set, "noise_sigma", row, &s->noise_sigma);
    if (status == FMX_OK)
        status = read_value(set, "protons", row, &s->protons);
    return status;
}

static fmx_status read_dataset(fmx_context *ctx, const char *path, const char *name,
                               fmx__library_input *input)
{
    fmx_dataset *set = NULL;
    char **own = NULL;
    size_t rows = 0;
    fmx_status status = fmx_dataset_open(ctx, path, &set);
    if (status == FMX_OK) {
        rows = fmx_dataset_describe(set)->rows;
        status = fmx_dataset_read_text(set, "name", 0, rows, &own);
    }
    for (size_t i = 0; status == FMX_OK && i < rows; ++i)
        status = read_row(ctx, path, set, i, name != NULL ? name : own[i], input);
    free(own);
    fmx_dataset_close(set);
    return status;
}

fmx_status fmx__library_read_spectra(fmx__cli *cli, const char *path, const char *name,
                                     fmx__library_source kind, fmx__library_input *input)
{
    fids f = {.cli = cli, .name = name, .input = input};
    size_t before = input->count;
    fmx_status status = kind == FMX__LIBRARY_DATASET ? read_dataset(cli->ctx, path, name, input)
                                                     : read_fids(&f, path);
    if (status == FMX_OK && input->count == before)
        status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                           "%s: neither spin systems nor 1H spectra of pure compounds", path);
    if (status == FMX_OK && name != NULL && input->count > before + 1)
        status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                           "%s: %zu spectra there, but one name, \"%s\", was given", path,
                           input->count - before, name);
    return status;
}

#include "identify_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fidmix/dataset.h"
#include "launch.h"
#include "mixture_draw.h"
#include "process.h"
#include "train_section.h"

enum { BATCH = 16 };
static const size_t most_kept_bytes = (size_t)256 << 20; /* of raw data, between survey and run */

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

fmx_status fmx__identify_open(fmx__identify *work, const char *model_path)
{
    work->ctx = fmx__device_context(work->device);
    work->model_path = model_path;
    fmx_status status = fmx__model_open(work->device, model_path, BATCH, &work->model);
    if (status != FMX_OK)
        return status;
    work->facts = fmx__model_describe(work->model);
    size_t points = work->facts->axis.points;
    double first = work->facts->axis.first_ppm;
    double step = (work->facts->axis.last_ppm - first) / (double)(points - 1);
    status = fmx__alloc(work->ctx, points, sizeof *work->ppm, "the axis", &work->ppm);
    for (size_t i = 0; status == FMX_OK && i < points; ++i)
        work->ppm[i] = first + step * (double)i;
    return status;
}

fmx_status fmx__identify_library(fmx__identify *work, const char *path, bool calibrate)
{
    work->calibrate = calibrate;
    return fmx__line_library_read(work->ctx, path, (const char *const *)work->facts->class_name,
                                  work->facts->classes, work->ppm, work->facts->axis.points,
                                  &work->library);
}

void fmx__identify_close(fmx__identify *work)
{
    for (size_t i = 0; i < work->count; ++i) {
        free(work->item[i].path);
        free(work->item[i].name);
        free(work->item[i].presence);
        free(work->item[i].proportion);
        free(work->item[i].shift_ppm);
    }
    fmx__line_library_clear(&work->library);
    free(work->item);
    free(work->ppm);
    fmx__model_close(work->model);
}

/* The context's failure belongs to `path`. */
static fmx_status failed(fmx__identify *work, const char *path, fmx_status status)
{
    return status == FMX_OK ? FMX_OK : work->failed(work->user, path, status);
}

static fmx_status append(fmx__identify *work, const char *path, const char *name,
                         fmx__identified **out)
{
    size_t classes = work->facts->classes;
    fmx_status status = fmx__grow(work->ctx, &work->item, &work->capacity, work->count + 1,
                                  sizeof *work->item, "answers");
    if (status != FMX_OK)
        return status;
    fmx__identified *item = &work->item[work->count++];
    *item = (fmx__identified){0};
    status = fmx__format(work->ctx, &item->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__format(work->ctx, &item->name, "%s", name);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, classes, sizeof(float), "answers", &item->presence);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, classes, sizeof(float), "answers", &item->proportion);
    *out = item;
    return status;
}

/* True where the model was trained on mixtures that were divided by their maximum. */
static bool divides(const fmx__identify *work)
{
    const fmx__recipe *recipe = fmx__model_recipe(work->model);
    const fmx__train *train = fmx__recipe_find(recipe, "train")->options;
    const fmx__mixture_options *mixtures = fmx__recipe_find(recipe, "mixtures")->options;
    return train->source == FMX__TRAIN_MIXTURES && mixtures->divide;
}

/* Moves a spectrum to the library's reference, where it shows one. */
static fmx_status reference(const fmx__identify *work, const char *path, float *spectrum,
                            double *offset_ppm)
{
    bool clear = false;
    fmx_status status = fmx__line_offset(work->ctx, &work->library, spectrum, offset_ppm, &clear);
    if (status == FMX_OK && !clear)
        fmx__log(work->ctx, FMX_LOG_WARNING,
                 "%s: its lines do not agree on an offset to the library: it stays where it is",
                 path);
    if (status == FMX_OK && clear)
        fmx__line_move(spectrum, work->facts->axis.points, work->library.step_ppm, *offset_ppm);
    return status;
}

/* Checks a spectrum and brings it to the reference and the height that the model was trained with.
 */
static fmx_status prepare(const fmx__identify *work, const char *path, float *spectrum,
                          double *offset_ppm)
{
    size_t points = work->facts->axis.points;
    float most = 0;
    fmx_status status = FMX_OK;
    *offset_ppm = 0;
    for (size_t i = 0; i < points; ++i) {
        if (!isfinite(spectrum[i]))
            return fmx__fail(work->ctx, FMX_ERROR_FORMAT,
                             "%s: point %zu of the spectrum is not a number; process the FID again",
                             path, i);
    }
    if (work->calibrate)
        status = reference(work, path, spectrum, offset_ppm);
    for (size_t i = 0; i < points; ++i)
        most = fmaxf(most, spectrum[i]);
    for (size_t i = 0; most > 0 && divides(work) && i < points; ++i)
        spectrum[i] /= most;
    return status;
}

/* ---- FIDs ------------------------------------------------------------------------------------ */

/* Rows of a run whose spectra wait for the network. */
typedef struct waiting {
    fmx__identify *work;
    size_t points;
    float *spectra;     /* [BATCH][points] */
    size_t item[BATCH]; /* their places in the list */
    double offset_ppm[BATCH];
    size_t count;
} waiting;

/* How far what is named lies from its place in the library. */
static fmx_status find_shifts(fmx__identify *work, fmx__identified *item, const float *spectrum)
{
    size_t classes = work->facts->classes;
    size_t *order = NULL;
    double *shift = NULL;
    if (work->library.multiplets == 0)
        return FMX_OK;
    fmx_status status = fmx__alloc(work->ctx, classes, sizeof *order, "answers", &order);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, classes, sizeof *shift, "shifts", &shift);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, classes, sizeof(double), "shifts", &item->shift_ppm);
    size_t named = status == FMX_OK ? fmx__identify_named(work, item, order) : 0;
    if (status == FMX_OK)
        status = fmx__line_shifts(work->ctx, &work->library, spectrum, order, named, shift);
    for (size_t c = 0; status == FMX_OK && c < classes; ++c)
        item->shift_ppm[c] = NAN;
    for (size_t i = 0; status == FMX_OK && i < named; ++i)
        item->shift_ppm[order[i]] = shift[i];
    free(shift);
    free(order);
    return status;
}

static fmx_status ask(waiting *w)
{
    fmx__identify *work = w->work;
    size_t classes = work->facts->classes;
    float *answer = NULL;
    fmx_status status =
        fmx__alloc(work->ctx, 2 * BATCH * classes, sizeof *answer, "answers", &answer);
    if (status == FMX_OK && w->count > 0)
        status =
            fmx__model_predict(work->model, w->spectra, w->count, answer, answer + BATCH * classes);
    for (size_t i = 0; status == FMX_OK && i < w->count; ++i) {
        fmx__identified *item = &work->item[w->item[i]];
        memcpy(item->presence, answer + i * classes, classes * sizeof *answer);
        memcpy(item->proportion, answer + (BATCH + i) * classes, classes * sizeof *answer);
        item->offset_ppm = w->offset_ppm[i];
        status = find_shifts(work, item, w->spectra + i * w->points);
    }
    w->count = 0;
    free(answer);
    return status;
}

static fmx_status take_spectrum(void *user, size_t row, const float *spectrum, const fmx_row *facts,
                                const fmx_source *source)
{
    waiting *w = user;
    fmx__identified *item = NULL;
    float *to = w->spectra + w->count * w->points;
    (void)row;
    memcpy(to, spectrum, w->points * sizeof *to);
    fmx_status status = prepare(w->work, source->path, to, &w->offset_ppm[w->count]);
    if (status != FMX_OK)
        return failed(w->work, source->path, status);
    status = append(w->work, source->path, facts->name, &item);
    if (status == FMX_OK) {
        w->item[w->count++] = w->work->count - 1;
        if (w->count == BATCH)
            status = ask(w);
    }
    return status;
}

static fmx_status run_group(fmx__identify *work, const fmx__process_group *group)
{
    const fmx__recipe *recipe = fmx__model_recipe(work->model);
    const fmx__axis *axis = NULL;
    waiting w = {.work = work, .points = work->facts->axis.points};
    fmx_status status = fmx__recipe_axis(work->ctx, recipe, &axis);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, BATCH * w.points, sizeof *w.spectra, "spectra", &w.spectra);
    if (status == FMX_OK) {
        fmx__process_job job = {
            .device = work->device,
            .stages = fmx__recipe_find(recipe, "process"),
            .axis = *axis,
            .seed = (uint64_t)recipe->head.seed,
            .sink = take_spectrum,
            .user = &w,
        };
        status = fmx__process_run(&job, group);
    }
    if (status == FMX_OK)
        status = ask(&w);
    free(w.spectra);
    return status;
}

/* FIDs of another nucleus than the model's. */
static fmx_status refuse_group(fmx__identify *work, const fmx__process_group *group)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < group->count; ++i) {
        const char *path = group->item[i].source->path;
        status =
            fmx__fail(work->ctx, FMX_ERROR_FORMAT,
                      "%s: a %s FID, but %s names compounds in %s spectra; give it %s FIDs, or "
                      "use a model that was trained on %s",
                      path, group->nucleus, work->model_path, work->facts->axis.nucleus,
                      work->facts->axis.nucleus, group->nucleus);
        status = failed(work, path, status);
    }
    return status;
}

static fmx_status check_process(const fmx__identify *work, const char *path)
{
    const fmx__recipe *recipe = fmx__model_recipe(work->model);
    if (fmx__recipe_find(recipe, "process")->count == 0)
        return fmx__fail(work->ctx, FMX_ERROR_FORMAT,
                         "%s: %s was trained without a list `process`, so it cannot say how FIDs "
                         "become spectra; process them and identify the dataset",
                         path, work->model_path);
    return fmx__process_check(work->ctx, fmx__recipe_find(recipe, "process"));
}

static fmx_status run_survey(fmx__identify *work, const fmx__process_survey *survey)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < survey->failure_count; ++i) {
        status = fmx__fail(work->ctx, FMX_ERROR_FORMAT, "%s", survey->failure[i].reason);
        status = failed(work, survey->failure[i].path, status);
    }
    for (size_t i = 0; status == FMX_OK && i < survey->count; ++i) {
        const fmx__process_group *group = &survey->group[i];
        status = strcmp(group->nucleus, work->facts->axis.nucleus) == 0 ? run_group(work, group)
                                                                        : refuse_group(work, group);
    }
    return status;
}

static fmx_status take_tree(fmx__identify *work, const char *path)
{
    fmx_source_list sources = {0};
    fmx__process_survey survey = {0};
    fmx_status status = fmx_source_find(work->ctx, path, false, &sources);
    if (status == FMX_OK && sources.count == 0)
        status =
            fmx__fail(work->ctx, FMX_ERROR_FORMAT,
                      "%s: no FID here; a Bruker experiment is a folder with fid and acqus", path);
    if (status == FMX_OK)
        status = check_process(work, path);
    if (status != FMX_OK) {
        status = failed(work, path, status);
    } else {
        status = fmx__process_survey_sources(work->ctx, &sources, most_kept_bytes, &survey);
        if (status == FMX_OK)
            status = run_survey(work, &survey);
    }
    fmx__process_survey_clear(&survey);
    fmx_source_list_clear(&sources);
    return status;
}

/* ---- datasets -------------------------------------------------------------------------------- */

static fmx_status take_rows(fmx__identify *work, const char *path, fmx_dataset *dataset,
                            size_t first, size_t count)
{
    char **name = NULL;
    char label[64];
    waiting w = {.work = work, .points = work->facts->axis.points};
    fmx_status status =
        fmx__alloc(work->ctx, BATCH * w.points, sizeof *w.spectra, "spectra", &w.spectra);
    if (status == FMX_OK)
        status = fmx_dataset_read_text(dataset, "name", first, count, &name);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        fmx__identified *item = NULL;
        float *to = w.spectra + w.count * w.points;
        status = fmx_dataset_read_spectra(dataset, first + i, 1, to);
        snprintf(label, sizeof label, "row %zu", first + i);
        fmx_status bad =
            status == FMX_OK ? prepare(work, label, to, &w.offset_ppm[w.count]) : FMX_OK;
        if (bad != FMX_OK) {
            status = failed(work, path, bad);
            continue;
        }
        if (status == FMX_OK)
            status = append(work, path, name[i], &item);
        if (status == FMX_OK) {
            item->row = first + i;
            item->is_row = true;
            w.item[w.count++] = work->count - 1;
        }
    }
    if (status == FMX_OK)
        status = ask(&w);
    free(name);
    free(w.spectra);
    return status;
}

static fmx_status take_dataset(fmx__identify *work, const char *path)
{
    fmx_dataset *dataset = NULL;
    fmx_status status = fmx_dataset_open(work->ctx, path, &dataset);
    const fmx_dataset_info *set = status == FMX_OK ? fmx_dataset_describe(dataset) : NULL;
    if (status == FMX_OK && (set->rows == 0 || set->points == 0))
        status = fmx__fail(work->ctx, FMX_ERROR_FORMAT, "%s: no spectra", path);
    if (status == FMX_OK)
        status = fmx__model_fits(work->model, path,
                                 set->nucleus[0] != '\0' ? set->nucleus : work->facts->axis.nucleus,
                                 set->ppm, set->points);
    if (status != FMX_OK) {
        status = failed(work, path, status);
    } else {
        for (size_t first = 0; status == FMX_OK && first < set->rows; first += BATCH) {
            size_t count = set->rows - first < BATCH ? set->rows - first : BATCH;
            status = take_rows(work, path, dataset, first, count);
            fmx__progress(work->ctx, "identify", first + count, set->rows);
        }
    }
    fmx_dataset_close(dataset);
    return status;
}

/* HDF5's signature, "HDF Format Specification" section II.A. */
static bool is_dataset(const char *path)
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

fmx_status fmx__identify_path(fmx__identify *work, const char *path)
{
    size_t before = work->count;
    double start = now_seconds();
    fmx_status status = is_dataset(path) ? take_dataset(work, path) : take_tree(work, path);
    double seconds = now_seconds() - start;
    for (size_t i = before; i < work->count; ++i)
        work->item[i].seconds = seconds / (double)(work->count - before);
    return status;
}

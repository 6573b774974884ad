#include "identify_classes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "mixture_draw.h"
#include "query_report.h"
#include "train_section.h"

enum { BATCH = FMX__IDENTIFY_BATCH };

fmx_status fmx__identify_open(fmx__identify *work, const char *model_path)
{
    work->ctx = fmx__device_context(work->device);
    work->model_path = model_path;
    fmx_status status = fmx__model_open(work->device, model_path, BATCH, &work->model);
    for (size_t i = 0; status == FMX_OK && i < work->overrides; ++i)
        status = fmx__model_set(work->model, work->override[i]);
    if (status != FMX_OK)
        return status;
    work->facts = fmx__model_describe(work->model);
    size_t points = work->facts->axis.points;
    status = fmx__identify_axis(work->ctx, &work->facts->axis, &work->ppm);
    if (status == FMX_OK)
        status =
            fmx__alloc(work->ctx, BATCH * points, sizeof *work->spectra, "spectra", &work->spectra);
    return status;
}

fmx_status fmx__identify_library(fmx__identify *work, const char *path, bool calibrate)
{
    work->calibrate = calibrate;
    work->given = true;
    return fmx__line_library_read(work->ctx, path, (const char *const *)work->facts->class_name,
                                  work->facts->classes, work->ppm, work->facts->axis.points,
                                  &work->library);
}

static void clear_item(fmx__identified *item)
{
    free(item->path);
    free(item->name);
    free(item->presence);
    free(item->proportion);
    free(item->shift_ppm);
    free(item->doubt);
    *item = (fmx__identified){0};
}

void fmx__identify_close(fmx__identify *work)
{
    for (size_t i = 0; i < work->count; ++i)
        clear_item(&work->item[i]);
    fmx__line_library_clear(&work->library);
    free(work->item);
    free(work->ppm);
    free(work->spectra);
    fmx__model_close(work->model);
}

static fmx_status append(fmx__identify *work, const fmx__identify_spectrum *spectrum,
                         double offset_ppm)
{
    size_t classes = work->facts->classes;
    fmx_status status = fmx__grow(work->ctx, &work->item, &work->capacity, work->count + 1,
                                  sizeof *work->item, "answers");
    if (status != FMX_OK)
        return status;
    fmx__identified *item = &work->item[work->count++];
    *item = (fmx__identified){
        .row = spectrum->row, .is_row = spectrum->is_row, .offset_ppm = offset_ppm};
    status = fmx__format(work->ctx, &item->path, "%s", spectrum->path);
    if (status == FMX_OK)
        status = fmx__format(work->ctx, &item->name, "%s", spectrum->name);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, classes, sizeof(float), "answers", &item->presence);
    if (status == FMX_OK)
        status = fmx__alloc(work->ctx, classes, sizeof(float), "answers", &item->proportion);
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

/* Brings a spectrum to the reference and the height that the model was trained with. */
static fmx_status prepare(const fmx__identify *work, const char *path, float *spectrum,
                          double *offset_ppm)
{
    size_t points = work->facts->axis.points;
    float most = 0;
    fmx_status status = FMX_OK;
    *offset_ppm = 0;
    if (work->calibrate)
        status = reference(work, path, spectrum, offset_ppm);
    for (size_t i = 0; i < points; ++i)
        most = fmaxf(most, spectrum[i]);
    for (size_t i = 0; most > 0 && divides(work) && i < points; ++i)
        spectrum[i] /= most;
    return status;
}

/* Asks the network about the spectra that wait. */
static fmx_status ask(void *user)
{
    fmx__identify *work = user;
    size_t classes = work->facts->classes;
    float *answer = NULL;
    if (work->waiting == 0)
        return FMX_OK;
    fmx_status status =
        fmx__alloc(work->ctx, 2 * BATCH * classes, sizeof *answer, "answers", &answer);
    if (status == FMX_OK)
        status = fmx__model_predict(work->model, work->spectra, work->waiting, answer,
                                    answer + BATCH * classes);
    for (size_t i = 0; status == FMX_OK && i < work->waiting; ++i) {
        fmx__identified *item = &work->item[work->count - work->waiting + i];
        memcpy(item->presence, answer + i * classes, classes * sizeof *answer);
        memcpy(item->proportion, answer + (BATCH + i) * classes, classes * sizeof *answer);
        status = fmx__identify_compare(work, item, work->spectra + i * work->facts->axis.points);
    }
    work->waiting = 0;
    free(answer);
    return status;
}

/* Those that wait are answered first: by the lines that they were taken with. */
static fmx_status lines_for(fmx__identify *work, const fmx__identify_spectrum *spectrum)
{
    if (!fmx__identify_other_lines(work, spectrum->field_mhz))
        return FMX_OK;
    fmx_status status = ask(work);
    return status == FMX_OK ? fmx__identify_lines(work, spectrum->path, spectrum->field_mhz)
                            : status;
}

static fmx_status take(void *user, const fmx__identify_spectrum *spectrum)
{
    fmx__identify *work = user;
    size_t points = work->facts->axis.points;
    double offset_ppm = 0;
    fmx_status status = lines_for(work, spectrum);
    if (status != FMX_OK)
        return status;
    float *to = work->spectra + work->waiting * points;
    memcpy(to, spectrum->value, points * sizeof *to);
    status = prepare(work, spectrum->path, to, &offset_ppm);
    if (status == FMX_OK)
        status = append(work, spectrum, offset_ppm);
    if (status == FMX_OK && ++work->waiting == BATCH)
        status = ask(work);
    return status;
}

fmx_status fmx__identify_path(fmx__identify *work, const char *path)
{
    size_t before = work->count;
    double seconds = 0;
    fmx__identify_input input = {
        .device = work->device,
        .ctx = work->ctx,
        .model_path = work->model_path,
        .facts = work->facts,
        .recipe = fmx__model_recipe(work->model),
        .failed = work->failed,
        .failed_user = work->user,
        .take = take,
        .end = ask,
        .user = work,
    };
    fmx_status status = fmx__identify_walk(&input, path, &seconds);
    for (size_t i = before; i < work->count; ++i)
        work->item[i].seconds = seconds / (double)(work->count - before);
    return status;
}

/* ---- several spectra of one sample ----------------------------------------------------------- */

static double logit_of(float probability)
{
    double p = fmin(fmax((double)probability, 1e-6), 1 - 1e-6); /* float says no more */
    return log(p / (1 - p));
}

/* The mean of what all say of a class, in the first item. */
static void join_class(fmx__identify *work, size_t c)
{
    double logit = 0;
    double proportion = 0;
    double shift = 0;
    size_t shifts = 0;
    for (size_t i = 0; i < work->count; ++i) {
        const fmx__identified *item = &work->item[i];
        logit += logit_of(item->presence[c]);
        proportion += (double)item->proportion[c];
        if (item->shift_ppm != NULL && isfinite(item->shift_ppm[c])) {
            shift += item->shift_ppm[c];
            ++shifts;
        }
    }
    fmx__identified *first = &work->item[0];
    for (size_t i = 1; i < work->count; ++i) /* doubted only where all doubt it */
        first->doubt[c] =
            work->item[i].doubt[c] == FMX__DOUBT_NONE ? FMX__DOUBT_NONE : first->doubt[c];
    first->presence[c] = (float)(1 / (1 + exp(-logit / (double)work->count)));
    first->proportion[c] = (float)(proportion / (double)work->count);
    if (first->shift_ppm != NULL)
        first->shift_ppm[c] = shifts > 0 ? shift / (double)shifts : NAN;
}

fmx_status fmx__identify_join(fmx__identify *work)
{
    char *folder = NULL;
    if (work->count < 2)
        return FMX_OK;
    fmx__identified *first = &work->item[0];
    for (size_t c = 0; c < work->facts->classes; ++c)
        join_class(work, c);
    fmx_status status = fmx__format(work->ctx, &folder, "%s", first->path);
    for (size_t i = 1; status == FMX_OK && i < work->count; ++i) {
        fmx__common_folder(folder, work->item[i].path);
        first->offset_ppm += work->item[i].offset_ppm;
        first->seconds += work->item[i].seconds;
        clear_item(&work->item[i]);
    }
    if (status != FMX_OK)
        return status;
    first->offset_ppm /= (double)work->count;
    first->is_row = false;
    free(first->path);
    first->path = folder;
    work->count = 1;
    return FMX_OK;
}

#include "evaluate_job.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "evaluation_output.h"
#include "train_section.h"

enum { BATCH = 32, NAMED = 4 };

/* Copies of the library lie this far to either side where constituents were moved. */
#define SHIFT_PPM 0.02

typedef fmx__evaluate_result work;

/* ---- checks -----------------------------------------------------------------------------------
 */

static fmx_status check_outputs(const work *w)
{
    const char *path[] = {w->job->out, w->job->csv};
    struct stat info;
    for (size_t i = 0; i < FMX__COUNT(path) && !w->job->overwrite; ++i) {
        if (path[i] != NULL && lstat(path[i], &info) == 0)
            return fmx__fail(w->ctx, FMX_ERROR_EXISTS,
                             "%s: exists already; remove it, name another output or use "
                             "--overwrite",
                             path[i]);
    }
    if (path[0] != NULL && path[1] != NULL && strcmp(path[0], path[1]) == 0)
        return fmx__fail(w->ctx, FMX_ERROR_USAGE, "%s: report and CSV cannot be the same file",
                         path[0]);
    return FMX_OK;
}

/* Whether two names are one where a folder can hold it only with "_" for a sign ("1,2-Propanediol",
 * "1_2-Propanediol"): simulated FIDs are labelled by their folders, a library by its names. */
static bool same_in_folders(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; ++a, ++b) {
        bool letter = isalnum((unsigned char)*a) || isalnum((unsigned char)*b);
        if (*a != *b && (letter || (*a != '_' && *b != '_')))
            return false;
    }
    return *a == *b;
}

static size_t find_name(const char *const *name, size_t count, const char *wanted)
{
    for (size_t i = 0; i < count; ++i)
        if (strcmp(name[i], wanted) == 0)
            return i;
    for (size_t i = 0; i < count; ++i)
        if (same_in_folders(name[i], wanted))
            return i;
    return count;
}

/* "a, b, c and 5 more": names of the first list that the second lacks; released with free(). */
static fmx_status list_missing(fmx_context *ctx, const char *const *name, size_t count,
                               const char *const *other, size_t others, char **out, size_t *missing)
{
    *missing = 0;
    fmx_status status = fmx__format(ctx, out, "%s", "");
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        if (find_name(other, others, name[i]) < others || ++*missing > NAMED)
            continue;
        char *longer = NULL;
        status = fmx__format(ctx, &longer, "%s%s\"%s\"", *out, *missing > 1 ? ", " : "", name[i]);
        free(*out);
        *out = longer;
    }
    if (status == FMX_OK && *missing > NAMED) {
        char *longer = NULL;
        status = fmx__format(ctx, &longer, "%s and %zu more", *out, *missing - NAMED);
        free(*out);
        *out = longer;
    }
    return status;
}

/* The classes are the same set; their order may differ. */
static fmx_status check_classes(const work *w)
{
    const fmx__model_facts *facts = fmx__model_describe(w->model);
    const char *const *known = (const char *const *)facts->class_name;
    char *unknown = NULL;
    char *absent = NULL;
    size_t unknowns = 0;
    size_t absents = 0;
    fmx_status status = list_missing(w->ctx, w->set->class_name, w->set->classes, known,
                                     facts->classes, &unknown, &unknowns);
    if (status == FMX_OK)
        status = list_missing(w->ctx, known, facts->classes, w->set->class_name, w->set->classes,
                              &absent, &absents);
    if (status == FMX_OK && (unknowns > 0 || absents > 0 || w->set->classes != facts->classes))
        status = fmx__fail(w->ctx, FMX_ERROR_FORMAT,
                           "%s has %zu classes, %s knows %zu%s%s%s%s; mix spectra of the compounds "
                           "that the model was trained on",
                           w->job->mixtures, w->set->classes, w->job->model, facts->classes,
                           unknowns > 0 ? "; only in the mixtures: " : "", unknown,
                           absents > 0 ? "; only in the model: " : "", absent);
    free(unknown);
    free(absent);
    return status;
}

static fmx_status check_mixtures(work *w)
{
    const fmx_dataset_info *set = w->set;
    if (set->rows == 0 || set->points < 2)
        return fmx__fail(w->ctx, FMX_ERROR_FORMAT, "%s: there are no mixtures in it",
                         w->job->mixtures);
    if (set->classes == 0)
        return fmx__fail(w->ctx, FMX_ERROR_FORMAT,
                         "%s: nothing says what is in these spectra (no target, no class_name); "
                         "make labelled mixtures with fidmix mix",
                         w->job->mixtures);
    fmx_status status =
        fmx__model_fits(w->model, w->job->mixtures, set->nucleus, set->ppm, set->points);
    return status == FMX_OK ? check_classes(w) : status;
}

/* How many mixtures are not of FIDs that were kept for testing. */
static fmx_status count_splits(work *w)
{
    fmx_column_type type = FMX_COLUMN_BYTE;
    size_t width = 0;
    uint8_t *split = NULL;
    if (!fmx_dataset_find_column(w->mixtures, "split", &type, &width))
        return FMX_OK;
    fmx_status status = fmx__alloc(w->ctx, w->set->rows, 1, "splits", &split);
    if (status == FMX_OK)
        status =
            fmx_dataset_read_column(w->mixtures, "split", FMX_COLUMN_BYTE, 0, w->set->rows, split);
    for (size_t i = 0; status == FMX_OK && i < w->set->rows; ++i)
        w->not_test += split[i] != FMX__SPLIT_TEST;
    free(split);
    if (status == FMX_OK && w->not_test > 0)
        fmx__log(w->ctx, FMX_LOG_WARNING,
                 "%s: %zu of %zu mixtures are not of test FIDs: the model may know their spectra, "
                 "and the figures say less",
                 w->job->mixtures, w->not_test, w->set->rows);
    return status;
}

/* ---- recipes ----------------------------------------------------------------------------------
 */

/* What the mixtures' own recipe says of how they were made; none is no error. */
static fmx_status read_mixing(work *w)
{
    if (w->set->recipe[0] == '\0')
        return FMX_OK;
    fmx_status status =
        fmx__recipe_parse(w->ctx, w->job->mixtures, w->set->recipe, strlen(w->set->recipe),
                          &fmx__recipe_schema_full, NULL, 0, &w->mixing);
    const fmx__recipe_part *part =
        status == FMX_OK ? fmx__recipe_find(&w->mixing, "mixtures") : NULL;
    if (part != NULL) {
        w->options = *(const fmx__mixture_options *)part->options;
        w->has_options = true;
    }
    return fmx__fail_in(w->ctx, status, "the recipe in %s", w->job->mixtures);
}

static fmx_status read_recipes(work *w)
{
    const fmx__model_facts *facts = fmx__model_describe(w->model);
    fmx_status status = fmx__recipe_parse(w->ctx, w->job->model, facts->recipe,
                                          strlen(facts->recipe), &fmx__recipe_schema_full,
                                          w->job->override, w->job->overrides, &w->recipe);
    if (status == FMX_OK)
        status = read_mixing(w);
    w->seed = w->job->seed != NULL ? *w->job->seed : (uint64_t)w->recipe.head.seed;
    if (w->job->shift_ppm != NULL)
        w->shift_ppm = *w->job->shift_ppm;
    else if (w->has_options && w->options.augment)
        w->shift_ppm = SHIFT_PPM;
    return status;
}

static fmx_status open_all(work *w)
{
    fmx_status status = check_outputs(w);
    if (status == FMX_OK)
        status = fmx_dataset_open(w->ctx, w->job->mixtures, &w->mixtures);
    if (status != FMX_OK)
        return status;
    w->set = fmx_dataset_describe(w->mixtures);
    size_t batch = w->set->rows < BATCH ? w->set->rows : BATCH;
    status = fmx__model_open(w->job->device, w->job->model, batch > 0 ? batch : 1, &w->model);
    if (status == FMX_OK)
        status = check_mixtures(w);
    if (status == FMX_OK)
        status = read_recipes(w);
    if (status == FMX_OK)
        status = count_splits(w);
    if (status != FMX_OK)
        return status;
    status = fmx__mixtures_open_source(w->ctx, w->mixtures, w->job->mixtures, w->job->library,
                                       &w->pure, &w->pure_path);
    if (status != FMX_ERROR_NOT_FOUND || w->job->library != NULL)
        return status;
    fmx__log(w->ctx, FMX_LOG_WARNING,
             "%s; no least squares to compare with: name the spectra with --library",
             fmx_context_message(w->ctx));
    fmx_context_clear(w->ctx);
    return FMX_OK;
}

/* ---- both methods -----------------------------------------------------------------------------
 */

/* Puts the network's classes into the order of the mixtures'. */
static void reorder(const size_t *from, size_t classes, float *row, float *scratch)
{
    memcpy(scratch, row, classes * sizeof *row);
    for (size_t c = 0; c < classes; ++c)
        row[c] = scratch[from[c]];
}

static fmx_status check_finite(const work *w, const float *spectra, size_t first, size_t count)
{
    size_t points = w->set->points;
    for (size_t i = 0; i < count * points; ++i)
        if (!isfinite(spectra[i]))
            return fmx__fail(w->ctx, FMX_ERROR_FORMAT,
                             "%s: mixture %zu, point %zu is not a number; make the mixtures again",
                             w->job->mixtures, first + i / points, i % points);
    return FMX_OK;
}

static fmx_status predict_chunk(work *w, size_t first, size_t count, float *spectra,
                                const size_t *from, float *scratch)
{
    size_t classes = w->set->classes;
    float *presence = w->presence + first * classes;
    float *proportion = w->proportion + first * classes;
    fmx_status status = fmx_dataset_read_spectra(w->mixtures, first, count, spectra);
    if (status == FMX_OK)
        status = check_finite(w, spectra, first, count);
    if (status == FMX_OK)
        status = fmx__model_predict(w->model, spectra, count, presence, proportion);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        reorder(from, classes, presence + i * classes, scratch);
        reorder(from, classes, proportion + i * classes, scratch);
    }
    return status;
}

static fmx_status predict(work *w)
{
    const fmx__model_facts *facts = fmx__model_describe(w->model);
    size_t cells = w->set->rows * w->set->classes;
    float *spectra = NULL;
    float *scratch = NULL;
    size_t *from = NULL;
    fmx_status status =
        fmx__alloc(w->ctx, BATCH * w->set->points, sizeof *spectra, "a batch", &spectra);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->set->classes, sizeof *from, "classes", &from);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->set->classes, sizeof *scratch, "classes", &scratch);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *w->truth, "proportions", &w->truth);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *w->presence, "probabilities", &w->presence);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, cells, sizeof *w->proportion, "proportions", &w->proportion);
    if (status == FMX_OK)
        status = fmx_dataset_read_column(w->mixtures, "target", FMX_COLUMN_FLOAT, 0, w->set->rows,
                                         w->truth);
    for (size_t c = 0; status == FMX_OK && c < w->set->classes; ++c)
        from[c] = find_name((const char *const *)facts->class_name, facts->classes,
                            w->set->class_name[c]);
    for (size_t i = 0; status == FMX_OK && i < w->set->rows; i += BATCH) {
        size_t left = w->set->rows - i;
        fmx__progress(w->ctx, "network", i, w->set->rows);
        status = predict_chunk(w, i, left < BATCH ? left : BATCH, spectra, from, scratch);
    }
    if (status == FMX_OK)
        fmx__progress(w->ctx, "network", w->set->rows, w->set->rows);
    free(spectra);
    free(scratch);
    free(from);
    return status;
}

static fmx_status judge_network(work *w)
{
    const fmx__model_facts *facts = fmx__model_describe(w->model);
    const fmx__evaluate_options *options = fmx__recipe_find(&w->recipe, "evaluate")->options;
    fmx__model_heads heads;
    double threshold = options->threshold > 0       ? options->threshold
                       : isfinite(facts->threshold) ? facts->threshold
                                                    : 0.5;
    fmx_status status = fmx__model_find_heads(fmx__model_graph(w->model), &heads);
    if (status == FMX_OK)
        status = fmx__format(w->ctx, &w->method_name[0], "network");
    if (status != FMX_OK)
        return status;
    bool both = heads.has_presence && heads.has_proportion;
    w->input[0] = (fmx__evaluation_input){
        .method = w->method_name[0],
        .mixtures = w->set->rows,
        .classes = w->set->classes,
        .class_name = w->set->class_name,
        .truth = w->truth,
        .presence = w->presence,
        .proportion = both ? w->proportion : NULL,
        .threshold = threshold,
        .seed = w->seed,
        .resamples = w->job->resamples > 0 ? w->job->resamples : (size_t)options->bootstrap,
    };
    status = fmx__evaluate(w->ctx, &w->input[0], &w->evaluation[0]);
    w->methods = status == FMX_OK;
    return fmx__fail_in(w->ctx, status, "%s", w->job->mixtures);
}

static fmx_status judge_least_squares(work *w)
{
    fmx__least_squares_job job = {.device = w->job->device,
                                  .spectra = w->pure_path,
                                  .mixtures = w->job->mixtures,
                                  .shift_ppm = w->shift_ppm};
    if (w->pure == NULL)
        return FMX_OK;
    fmx_status status = fmx__least_squares_score(&job, &w->scores);
    if (status == FMX_OK && w->shift_ppm > 0)
        status = fmx__format(w->ctx, &w->method_name[1], "least squares +-%g ppm", w->shift_ppm);
    else if (status == FMX_OK)
        status = fmx__format(w->ctx, &w->method_name[1], "least squares");
    if (status != FMX_OK)
        return status;
    w->input[1] = fmx__least_squares_input(&w->scores, w->method_name[1], w->seed);
    w->input[1].resamples = w->input[0].resamples;
    status = fmx__evaluate(w->ctx, &w->input[1], &w->evaluation[1]);
    w->methods += status == FMX_OK;
    return fmx__fail_in(w->ctx, status, "%s", w->job->mixtures);
}

/* Names of the mixtures for the CSV; datasets without names have numbers. */
static fmx_status write_csv(work *w)
{
    char **name = NULL;
    fmx_column_type type = FMX_COLUMN_TEXT;
    size_t width = 0;
    fmx_status status = FMX_OK;
    if (w->job->csv == NULL)
        return FMX_OK;
    if (fmx_dataset_find_column(w->mixtures, "name", &type, &width))
        status = fmx_dataset_read_text(w->mixtures, "name", 0, w->set->rows, &name);
    if (status == FMX_OK)
        status = fmx__evaluation_csv(w->ctx, w->job->csv, w->job->overwrite, &w->input[0], name);
    free(name);
    return status;
}

fmx_status fmx__evaluate_run(const fmx__evaluate_job *job, fmx__evaluate_result *out)
{
    *out = (work){.job = job, .ctx = fmx__device_context(job->device)};
    fmx_status status = open_all(out);
    if (status == FMX_OK)
        status = predict(out);
    if (status == FMX_OK)
        status = judge_network(out);
    if (status == FMX_OK)
        status = judge_least_squares(out);
    if (status == FMX_OK && job->out != NULL)
        status = fmx__evaluate_report(out);
    if (status == FMX_OK)
        status = write_csv(out);
    return status;
}

void fmx__evaluate_clear(fmx__evaluate_result *result)
{
    for (size_t m = 0; m < FMX__EVALUATE_METHODS; ++m) {
        fmx__evaluation_clear(&result->evaluation[m]);
        free(result->method_name[m]);
    }
    fmx__least_squares_scores_clear(&result->scores);
    free(result->truth);
    free(result->presence);
    free(result->proportion);
    fmx__recipe_clear(&result->mixing);
    fmx__recipe_clear(&result->recipe);
    free(result->pure_path);
    fmx_dataset_close(result->pure);
    fmx__model_close(result->model);
    fmx_dataset_close(result->mixtures);
    *result = (work){0};
}

/* The steps of `fidmix run`: each is a command that could be given by hand, skipped where its
 * output is up to date. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evaluate_source.h"
#include "mixture_draw.h"
#include "process_job.h"
#include "recipe_sections.h"
#include "run_job.h"
#include "run_remove.h"
#include "simulate_job.h"

enum { MOST_WORDS = 16 };

/* `fidmix VERB --out OUT --recipe DIR/recipe.yml --resume IN` (FMX__RUN_FILES: without it), each of
 * `set` (up to NULL) behind a --set, on the device that the run was given. */
static fmx_status command(fmx__run_job *job, const char *verb, fmx__run_file in, fmx__run_file out,
                          const char *const *set)
{
    const char *words[MOST_WORDS] = {
        "fidmix", verb, "--out", job->path[out], "--recipe", job->path[FMX__RUN_RECIPE], "--resume",
    };
    char *argv[MOST_WORDS] = {NULL};
    int count = 7;
    int argc = 0;
    fmx__cli sub = {.ctx = job->ctx};
    fmx__cli_wants wants = FMX__WANTS_RUN;
    if (in != FMX__RUN_FILES)
        words[count++] = job->path[in];
    for (; set != NULL && *set != NULL; ++set) {
        words[count++] = "--set";
        words[count++] = *set;
    }
    fmx_status status = fmx__cli_device(job->cli, &sub.device);
    for (; status == FMX_OK && argc < count; ++argc)
        status = fmx__format(job->ctx, &argv[argc], "%s", words[argc]);
    if (status == FMX_OK)
        status = fmx__cli_parse(&sub, argc, argv, &wants);
    if (status == FMX_OK)
        status = sub.verb->run(&sub);
    fmx__cli_release(&sub);
    for (int i = 0; i < argc; ++i)
        free(argv[i]);
    return status;
}

/* One step: nothing where the output is up to date, else `work`, after an outdated output is gone.
 * `depends` is released. */
static fmx_status step(fmx__run_job *job, fmx__run_file file, char *depends,
                       fmx_status (*work)(fmx__run_job *job))
{
    char key[FMX__RUN_KEY];
    const char *path = job->path[file];
    const char *name = strrchr(path, '/') + 1;
    fmx__run_key(depends, key);
    free(depends);
    if (access(path, F_OK) == 0 && fmx__run_finished(job->stamps, name, key)) {
        fmx__log(job->ctx, FMX_LOG_INFO, "%s: up to date", path);
        return FMX_OK;
    }
    fmx_status status = FMX_OK;
    if (fmx__run_outdated(job->stamps, name, key))
        status = fmx__run_remove(job->ctx, path);
    if (status == FMX_OK)
        status = fmx__run_begin(job->stamps, name, key);
    if (status == FMX_OK)
        status = work(job);
    return status == FMX_OK ? fmx__run_finish(job->stamps, name, key) : status;
}

static const fmx__database *database_of(const fmx__run_job *job)
{
    return fmx__recipe_find(&job->recipe, "database")->options;
}

static fmx_status simulate(fmx__run_job *job)
{
    const fmx__database *d = database_of(job);
    fmx_simulation options = FMX_SIMULATION_DEFAULT;
    fmx__simulate_result result = {0};
    options.field_mhz = d->field_mhz;
    options.points = (size_t)d->fid_points;
    options.width_low_hz = d->width_least_hz;
    options.width_high_hz = d->width_most_hz;
    options.snr = d->snr_least;
    options.snr_high = d->snr_most;
    options.multiplet_shift_ppm = d->multiplet_shift_ppm;
    options.water = d->water;
    options.reference = d->reference;
    options.seed = (uint64_t)job->recipe.head.seed;
    fmx__simulate_job simulation = {
        .spins = d->spins,
        .replicates = (uint32_t)d->per_compound,
        .out = job->path[FMX__RUN_RAW],
        .options = options,
        .resume = true,
    };
    char *only = NULL;
    fmx_status status = fmx__cli_device(job->cli, &simulation.device);
    if (status == FMX_OK)
        status = fmx__format(job->ctx, &only, "%s%s%s", d->only, d->foreign[0] != '\0' ? ", " : "",
                             d->foreign);
    simulation.only = d->only[0] != '\0' ? only : NULL; /* all: the foreign ones among them */
    if (status == FMX_OK)
        status = fmx__simulate(&simulation, &result);
    if (status == FMX_OK)
        fmx__log(job->ctx, FMX_LOG_INFO, "%s: %zu FIDs of %zu compounds", simulation.out,
                 result.fids, result.samples);
    free(only);
    return status;
}

/* As `fidmix process` does, without its table of every FID. */
static fmx_status process(fmx__run_job *job)
{
    const fmx__database *d = database_of(job);
    const char *const paths[] = {d->spins[0] != '\0' ? job->path[FMX__RUN_RAW] : d->path};
    fmx__process_dataset data = {
        .path = paths,
        .path_count = FMX__COUNT(paths),
        .with_processed = d->with_processed,
        .out = job->path[FMX__RUN_SPECTRA],
        .recipe = &job->recipe,
        .resume = true,
    };
    fmx_status status = fmx__process_recipe_check(job->ctx, &job->recipe);
    if (status == FMX_OK)
        status = fmx__cli_device(job->cli, &data.device);
    if (status == FMX_OK)
        status = fmx__process_to_dataset(&data);
    if (status == FMX_OK)
        fmx__process_summarise(&data);
    fmx__process_dataset_clear(&data);
    return status;
}

static fmx_status augment(fmx__run_job *job)
{
    return command(job, "augment", FMX__RUN_SPECTRA, FMX__RUN_AUGMENTED, NULL);
}

/* Whether the recipe asks for augmented spectra on disk: rows are trained on, and not varied as
 * they are drawn. */
static bool in_bulk(const fmx__run_job *job)
{
    const fmx__train *train = fmx__recipe_find(&job->recipe, "train")->options;
    return fmx__recipe_find(&job->recipe, "augment")->count > 0 &&
           train->source == FMX__TRAIN_ROWS && !train->augment;
}

/* The dataset that the network is trained on; FMX__RUN_FILES: the recipe generates its items. */
static fmx__run_file training_data(const fmx__run_job *job)
{
    const fmx__train *train = fmx__recipe_find(&job->recipe, "train")->options;
    if (train->source != FMX__TRAIN_ROWS && train->source != FMX__TRAIN_MIXTURES)
        return FMX__RUN_FILES;
    return in_bulk(job) ? FMX__RUN_AUGMENTED : FMX__RUN_SPECTRA;
}

static fmx_status train(fmx__run_job *job)
{
    return command(job, "train", training_data(job), FMX__RUN_MODEL, NULL);
}

/* Test mixtures: constituents as they were measured, from FIDs that training never saw. */
static fmx_status mix_compounds(fmx__run_job *job)
{
    static const char *const set[] = {"mixtures.augment=false", "mixtures.foreign=0", NULL};
    return command(job, "mix", FMX__RUN_SPECTRA, FMX__RUN_MIXTURES, set);
}

static fmx_status mix_pairs(fmx__run_job *job)
{
    static const char *const set[] = {"mixtures.augment=false", "mixtures.mode=pairs", NULL};
    return command(job, "mix", FMX__RUN_SPECTRA, FMX__RUN_PAIRS, set);
}

static fmx_status mix_foreign(fmx__run_job *job)
{
    static const char *const set[] = {"mixtures.augment=false", NULL};
    return command(job, "mix", FMX__RUN_SPECTRA, FMX__RUN_FOREIGN, set);
}

/* Whether all pairs are judged too: where the recipe's own mixtures are drawn. */
static bool wants_pairs(const fmx__run_job *job)
{
    const fmx__mixture_options *options = fmx__recipe_find(&job->recipe, "mixtures")->options;
    return options->mode == FMX__MIXTURE_RANDOM;
}

/* Whether mixtures with signals of no class are judged too. */
static bool wants_foreign(const fmx__run_job *job)
{
    const fmx__mixture_options *options = fmx__recipe_find(&job->recipe, "mixtures")->options;
    return options->mode == FMX__MIXTURE_RANDOM && options->foreign > 0;
}

static fmx_status data_steps(fmx__run_job *job)
{
    static const char *const simulation[] = {"database", NULL};
    static const char *const processing[] = {"axis", "process", "database", NULL};
    static const char *const augmenting[] = {"augment", NULL};
    static const fmx__run_file raw[] = {FMX__RUN_RAW};
    static const fmx__run_file spectra[] = {FMX__RUN_SPECTRA};
    char *depends = NULL;
    bool simulated = database_of(job)->spins[0] != '\0';
    fmx_status status = FMX_OK;
    if (simulated) {
        status = fmx__run_inputs(job, simulation, NULL, 0, &depends);
        if (status == FMX_OK)
            status = step(job, FMX__RUN_RAW, depends, simulate);
        if (status == FMX_OK)
            status = fmx__run_inputs(job, processing, raw, 1, &depends);
        if (status == FMX_OK)
            status = step(job, FMX__RUN_SPECTRA, depends, process);
    } else {
        status = process(job); /* it looks for itself whether all FIDs are in its output */
    }
    if (status == FMX_OK && in_bulk(job)) {
        status = fmx__run_inputs(job, augmenting, spectra, 1, &depends);
        if (status == FMX_OK)
            status = step(job, FMX__RUN_AUGMENTED, depends, augment);
    }
    return status;
}

static fmx_status mixture_steps(fmx__run_job *job)
{
    static const char *const mixing[] = {"mixtures", "database", NULL};
    static const fmx__run_file spectra[] = {FMX__RUN_SPECTRA};
    char *depends = NULL;
    fmx_status status = fmx__run_inputs(job, mixing, spectra, 1, &depends);
    if (status == FMX_OK)
        status = step(job, FMX__RUN_MIXTURES, depends, mix_compounds);
    if (status == FMX_OK && wants_pairs(job)) {
        status = fmx__run_inputs(job, mixing, spectra, 1, &depends);
        if (status == FMX_OK)
            status = step(job, FMX__RUN_PAIRS, depends, mix_pairs);
    }
    if (status == FMX_OK && wants_foreign(job)) {
        status = fmx__run_inputs(job, mixing, spectra, 1, &depends);
        if (status == FMX_OK)
            status = step(job, FMX__RUN_FOREIGN, depends, mix_foreign);
    }
    return status;
}

static fmx_status train_step(fmx__run_job *job)
{
    static const char *const training[] = {"axis",    "database", "augment",    "mixtures",
                                           "library", "decays",   "multiplets", "model",
                                           "train",   "evaluate", NULL};
    const fmx__run_file data = training_data(job);
    char *depends = NULL;
    fmx_status status = fmx__run_inputs(job, training, &data, data != FMX__RUN_FILES, &depends);
    return status == FMX_OK ? step(job, FMX__RUN_MODEL, depends, train) : status;
}

static fmx_status model_steps(fmx__run_job *job)
{
    fmx_status status = train_step(job);
    if (status == FMX_OK)
        status = mixture_steps(job);
    if (status == FMX_OK && wants_pairs(job))
        status = fmx__run_evaluate(job, FMX__RUN_PAIRS, FMX__RUN_PAIRS_REPORT, "all pairs");
    if (status == FMX_OK && wants_foreign(job))
        status = fmx__run_evaluate(job, FMX__RUN_FOREIGN, FMX__RUN_FOREIGN_REPORT,
                                   "mixtures with signals of no class");
    if (status == FMX_OK)
        status = fmx__run_evaluate(job, FMX__RUN_MIXTURES, FMX__RUN_REPORT, "mixtures");
    return status;
}

/* A recipe without FIDs, whose items a generator makes: trained, and judged on what it makes for
 * tests. */
static fmx_status generated_steps(fmx__run_job *job)
{
    fmx__source_job evaluation = {.model = job->path[FMX__RUN_MODEL]};
    fmx_status status = train_step(job);
    if (status == FMX_OK)
        status = fmx__cli_device(job->cli, &evaluation.device);
    if (status == FMX_OK)
        status = fmx__evaluate_source(job->cli, &evaluation, job->path[FMX__RUN_REPORT], true);
    if (status == FMX_OK)
        printf("report: %s\n", job->path[FMX__RUN_REPORT]);
    return status;
}

fmx_status fmx__run_steps(fmx__run_job *job)
{
    const fmx__database *d = database_of(job);
    bool empty = d->spins[0] == '\0' && d->path[0] == '\0';
    if (empty && fmx__recipe_find(&job->recipe, "model")->given &&
        training_data(job) == FMX__RUN_FILES)
        return generated_steps(job);
    if (empty)
        return fmx__fail(job->ctx, FMX_ERROR_RECIPE,
                         "%s: database: neither path (where FIDs are) nor spins (what to simulate) "
                         "is given",
                         job->recipe.file);
    fmx_status status = data_steps(job);
    if (status == FMX_OK && fmx__recipe_find(&job->recipe, "model")->given)
        status = model_steps(job);
    return status;
}

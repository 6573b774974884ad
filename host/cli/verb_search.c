#include <stdlib.h>

#include "cli_recipe.h"
#include "search_report.h"

/* The ranking: to stdout, and as a page. */
static fmx_status report_trials(fmx__cli *cli, const fmx__search_job *job,
                                const fmx__search_trial *trial)
{
    char *path = NULL;
    fmx__search_report report = {.title = job->recipe->head.name[0] != '\0' ? job->recipe->head.name
                                                                            : job->recipe->file,
                                 .space = job->space,
                                 .trial = trial,
                                 .trials = job->trials};
    fmx__search_text(stdout, &report);
    fmx_status status = fmx__format(cli->ctx, &path, "%s/report.html", job->out);
    if (status == FMX_OK)
        status = fmx__search_html(cli->ctx, path, &report);
    free(path);
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    fmx__recipe recipe = {0};
    fmx__search_space space = {.metric = ""};
    fmx__search_trial *trial = NULL;
    int64_t trials = 0;
    const char *space_path = fmx__cli_value(cli, "--space");
    fmx__search_job job = {.recipe = &recipe,
                           .space = &space,
                           .spectra = fmx__cli_value(cli, "--spectra"),
                           .out = fmx__cli_value(cli, "--out"),
                           .resume = fmx__cli_has(cli, "--resume")};
    if (job.out == NULL || space_path == NULL || !fmx__cli_has(cli, "--trials"))
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--space, --trials and --out are needed: what shall be tried, how often, "
                         "and where do the trials go?");
    fmx_status status = fmx__cli_integer(cli, "--trials", 0, 1, 9999, &trials);
    job.trials = (size_t)trials;
    if (status == FMX_OK)
        status = fmx__cli_recipe(cli, cli->path[0], &recipe);
    if (status == FMX_OK)
        status = fmx__search_space_read(cli->ctx, space_path, &space);
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &job.device);
    if (status == FMX_OK)
        status = fmx__search_run(&job, &trial);
    if (status == FMX_OK)
        status = report_trials(cli, &job, trial);
    fmx__search_trials_clear(trial, trial != NULL ? job.trials : 0, space.entries);
    fmx__search_space_clear(&space);
    fmx__recipe_clear(&recipe);
    return status;
}

static const fmx__cli_option options[] = {
    {"--space", "SPACE.yml", "which settings are tried, and how trials are judged", false},
    {"--trials", "N", "how many", false},
    {"--out", "DIR", "where models, trials.csv and report.html go", false},
    {"--spectra", "SPECTRA.h5", "the dataset, where the recipe trains on one", false},
    {"--resume", NULL, "goes on with a search, also with more trials", false},
};

const fmx__verb fmx__verb_search = {
    .name = "search",
    .usage = "RECIPE --space SPACE.yml --trials N --out DIR [--spectra SPECTRA.h5] [--resume]",
    .summary = "tries settings of a recipe and ranks them",
    .examples = "  fidmix search s1_cnn --space data/spaces/s1_cnn.yml --spectra spectra.h5 "
                "--trials 30 --out search\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = 1,
    .run = run,
    .reads_recipe = true,
};

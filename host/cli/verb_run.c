#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "cli_recipe.h"
#include "run_job.h"

static const char *const names[FMX__RUN_FILES] = {
    "recipe.yml", "raw",        "spectra.h5",  "augmented.h5", "model.safetensors", "mixtures.h5",
    "pairs.h5",   "foreign.h5", "report.html", "pairs.html",   "foreign.html",
};

/* The folder of --out, or the recipe's name. */
static fmx_status make_folder(fmx__run_job *job, char **folder)
{
    const char *out = fmx__cli_value(job->cli, "--out");
    const char *name = job->recipe.head.name[0] != '\0' ? job->recipe.head.name : "run";
    fmx_status status = fmx__format(job->ctx, folder, "%s", out != NULL ? out : name);
    if (status == FMX_OK && out == NULL && strchr(*folder, '/') != NULL)
        status = fmx__fail(job->ctx, FMX_ERROR_RECIPE,
                           "%s: the name \"%s\" is no folder's name; give --out DIR",
                           job->recipe.file, name);
    if (status == FMX_OK)
        status = fmx__make_folders(job->ctx, *folder);
    for (size_t i = 0; status == FMX_OK && i < FMX__RUN_FILES; ++i)
        status = fmx__format(job->ctx, &job->path[i], "%s/%s", *folder, names[i]);
    return status;
}

static fmx_status write_recipe(fmx__run_job *job)
{
    char *text = NULL;
    fmx_status status = fmx__recipe_text(job->ctx, &job->recipe, &text);
    if (status == FMX_OK)
        status = fmx__atomic_write(job->ctx, job->path[FMX__RUN_RECIPE], true, text, strlen(text));
    free(text);
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    fmx__run_job job = {.cli = cli, .ctx = cli->ctx};
    char *folder = NULL;
    fmx_status status = fmx__cli_recipe(cli, cli->path[0], &job.recipe);
    if (status == FMX_OK)
        status = make_folder(&job, &folder);
    if (status == FMX_OK)
        status = write_recipe(&job);
    if (status == FMX_OK)
        status = fmx__run_stamps_open(cli->ctx, folder, &job.stamps);
    if (status == FMX_OK)
        status = fmx__run_steps(&job);
    fmx__run_stamps_close(job.stamps);
    for (size_t i = 0; i < FMX__RUN_FILES; ++i)
        free(job.path[i]);
    free(folder);
    fmx__recipe_clear(&job.recipe);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "DIR", "where everything goes (default: a folder of the recipe's name)", false},
};

const fmx__verb fmx__verb_run = {
    .name = "run",
    .usage = "recipe.yml [--out DIR] [--set key=value]...",
    .summary =
        "all of a recipe: FIDs, spectra, training, mixtures, report; skips what is up to date",
    .examples = "  fidmix run demo --out demo\n"
                "  fidmix run data/recipes/demo.yml --out demo --set train.epochs=5\n"
                "  fidmix run mine.yml          # goes on where it was interrupted\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = 1,
    .run = run,
    .reads_recipe = true,
};

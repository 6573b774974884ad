#include <stdlib.h>

#include "cli.h"
#include "mix_job.h"
#include "train_section.h"

/* The recipe with --set and --seed applied. */
static fmx_status read_recipe(fmx__cli *cli, fmx__recipe *recipe)
{
    const char *name = fmx__cli_value(cli, "--recipe");
    const char *seed = fmx__cli_value(cli, "--seed");
    char *assignment = NULL;
    fmx_status status = fmx__recipe_read(cli->ctx, name != NULL ? name : "mix",
                                         &fmx__recipe_schema_full, NULL, 0, recipe);
    for (size_t i = 0; status == FMX_OK && fmx__cli_nth(cli, "--set", i) != NULL; ++i)
        status = fmx__recipe_set(cli->ctx, recipe, fmx__cli_nth(cli, "--set", i));
    if (status == FMX_OK && seed != NULL)
        status = fmx__format(cli->ctx, &assignment, "seed=%s", seed);
    if (status == FMX_OK && seed != NULL)
        status = fmx__recipe_set(cli->ctx, recipe, assignment);
    free(assignment);
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    fmx__recipe recipe = {0};
    fmx__mix_result result = {0};
    const char *out = fmx__cli_value(cli, "--out");
    fmx__mix_job job = {.in = cli->path[0],
                        .out = out,
                        .recipe = &recipe,
                        .compress = fmx__cli_has(cli, "--compress"),
                        .resume = fmx__cli_has(cli, "--resume")};
    if (out == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--out is missing: where shall the mixtures go?");
    fmx_status status = read_recipe(cli, &recipe);
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &job.device);
    if (status == FMX_OK)
        status = fmx__mix(&job, &result);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: %zu mixtures of up to %zu of %zu compounds%s", out,
                 result.mixtures, result.most_parts, result.classes,
                 result.finished_before ? " (up to date)" : "");
    fmx__recipe_clear(&recipe);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "FILE.h5", "the dataset to write; must not exist yet", false},
    {"--recipe", "FILE|NAME", "what to mix, a file or a built-in recipe (default: mix)", false},
    {"--compress", NULL, "compresses the spectra (noise hardly shrinks)", false},
    {"--resume", NULL, "goes on with an unfinished output", false},
};

const fmx__verb fmx__verb_mix = {
    .name = "mix",
    .usage = "spectra.h5 --out mixtures.h5 [--recipe R] [--set key=value]... [--resume]",
    .summary = "mixes spectra of pure compounds into a labelled dataset",
    .examples = "  fidmix mix spectra.h5 --out pairs.h5\n"
                "  fidmix mix spectra.h5 --out pairs.h5 --set mixtures.split=all\n"
                "  fidmix mix spectra.h5 --out mixtures.h5 --set mixtures.mode=random --set "
                "mixtures.count=2000 \\\n"
                "      --set mixtures.snr_least=20 --set mixtures.snr_most=200\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = 1,
    .run = run,
};

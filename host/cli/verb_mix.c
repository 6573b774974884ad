#include <stdlib.h>

#include "cli_recipe.h"
#include "mix_job.h"

static fmx_status run(fmx__cli *cli)
{
    fmx__recipe recipe = {0};
    fmx__mix_result result = {0};
    const char *name = fmx__cli_value(cli, "--recipe");
    const char *out = fmx__cli_value(cli, "--out");
    fmx__mix_job job = {.in = cli->path[0],
                        .out = out,
                        .recipe = &recipe,
                        .compress = fmx__cli_has(cli, "--compress"),
                        .resume = fmx__cli_has(cli, "--resume")};
    if (out == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--out is missing: where shall the mixtures go?");
    fmx_status status = fmx__cli_recipe(cli, name != NULL ? name : "mix", &recipe);
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
    .reads_recipe = true,
};

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli_recipe.h"
#include "trainer.h"

static fmx_status run(fmx__cli *cli)
{
    fmx__recipe recipe = {0};
    fmx__train_result result = {0};
    const char *name = fmx__cli_value(cli, "--recipe");
    fmx__train_job job = {.recipe = &recipe,
                          .spectra = cli->path[0],
                          .out = fmx__cli_value(cli, "--out"),
                          .events = fmx__cli_value(cli, "--tensorboard"),
                          .init = fmx__cli_value(cli, "--init"),
                          .resume = fmx__cli_has(cli, "--resume"),
                          .table = isatty(STDERR_FILENO) == 1};
    if (job.out == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--out is missing: where shall the model go?");
    if (name == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--recipe is missing: which network shall be trained? For instance "
                         "--recipe demo");
    fmx_status status = fmx__cli_recipe(cli, name, &recipe);
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &job.device);
    if (status == FMX_OK)
        status = fmx__train_run(&job, &result);
    if (status == FMX_OK && result.finished_before)
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: up to date", job.out);
    else if (status == FMX_OK && !isfinite(result.best_loss)) /* none was judged */
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: %zu weights, %zu epochs", job.out, result.parameters,
                 result.epochs);
    else if (status == FMX_OK && !result.names_compounds)
        fmx__log(cli->ctx, FMX_LOG_INFO,
                 "%s: %zu weights, best of %zu epochs: %zu, validation loss %.7g", job.out,
                 result.parameters, result.epochs, result.best_epoch, result.best_loss);
    else if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO,
                 "%s: %zu weights for %zu compounds, best of %zu epochs: %zu, validation loss "
                 "%.5f, F1 %.4f at probability %.3f",
                 job.out, result.parameters, result.classes, result.epochs, result.best_epoch,
                 result.best_loss, result.best_f1, result.threshold);
    fmx__recipe_clear(&recipe);
    return status;
}

static const fmx__cli_option options[] = {
    {"--recipe", "FILE|NAME", "network and training, a file or a built-in recipe", false},
    {"--out", "MODEL.safetensors", "the model to write; must not exist yet", false},
    {"--init", "MODEL.safetensors", "weights to start from, instead of random ones", false},
    {"--tensorboard", "DIR", "writes each epoch's figures there, for TensorBoard to draw", false},
    {"--resume", NULL, "goes on from the last checkpoint beside the output", false},
};

const fmx__verb fmx__verb_train = {
    .name = "train",
    .usage = "[spectra.h5] --recipe R --out model.safetensors [--init MODEL] [--set key=value]... "
             "[--tensorboard DIR] [--resume]",
    .summary = "trains the recipe's network on a dataset, or on what the recipe generates",
    .examples = "  fidmix train spectra.h5 --recipe demo --out model.safetensors\n"
                "  fidmix train spectra.h5 --recipe demo --out model.safetensors --resume\n"
                "  fidmix train augmented.h5 --recipe s1_cnn --out s1.safetensors --set "
                "train.batch=64 \\\n"
                "      --set train.optimiser.adam.learning_rate=0.0005\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 0,
    .most_paths = 1,
    .run = run,
    .reads_recipe = true,
};

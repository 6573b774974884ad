#include <stdlib.h>

#include "cli_json.h"
#include "evaluate_job.h"
#include "evaluate_source.h"
#include "evaluation_output.h"

static fmx_status print_result(fmx__cli *cli, const fmx__evaluate_result *result)
{
    const fmx__evaluation *all[FMX__EVALUATE_METHODS];
    char *text = NULL;
    for (size_t m = 0; m < result->methods; ++m)
        all[m] = &result->evaluation[m];
    if (fmx__cli_has(cli, "--json"))
        return fmx__cli_print_json(cli, fmx__evaluation_json(all, result->methods));
    fmx_status status = fmx__evaluation_text(cli->ctx, all, result->methods, &text);
    if (status == FMX_OK)
        fputs(text, stdout);
    free(text);
    return status;
}

static fmx_status parse_numbers(fmx__cli *cli, fmx__evaluate_job *job, int64_t *seed,
                                double *shift_ppm)
{
    int64_t resamples = 0;
    fmx_status status = fmx__cli_integer(cli, "--bootstrap", 0, 2, 1000000, &resamples);
    if (status == FMX_OK)
        status = fmx__cli_integer(cli, "--seed", 0, 0, INT64_MAX, seed);
    if (status == FMX_OK)
        status = fmx__cli_number(cli, "--shift", 0, 0, 1, shift_ppm);
    job->resamples = (size_t)resamples;
    job->shift_ppm = fmx__cli_has(cli, "--shift") ? shift_ppm : NULL;
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    fmx__evaluate_result result = {0};
    fmx__evaluate_job job = {.model = cli->path[0],
                             .mixtures = cli->path[1],
                             .library = fmx__cli_value(cli, "--library"),
                             .out = fmx__cli_value(cli, "--out"),
                             .csv = fmx__cli_value(cli, "--csv"),
                             .overwrite = fmx__cli_has(cli, "--overwrite")};
    const char **overrides = NULL;
    int64_t seed = 0;
    uint64_t given = 0;
    double shift_ppm = 0;
    if (job.out == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--out is missing: where shall the report go? For instance --out "
                         "report.html");
    fmx_status status = parse_numbers(cli, &job, &seed, &shift_ppm);
    if (status == FMX_OK)
        status = fmx__cli_overrides(cli, &overrides, &job.overrides);
    job.override = overrides;
    if (status == FMX_OK && job.mixtures == NULL) {
        status = fmx__cli_evaluate_source(cli, overrides, job.overrides);
        free(overrides);
        return status;
    }
    given = (uint64_t)seed;
    job.seed = fmx__cli_value(cli, "--seed") != NULL ? &given : NULL;
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &job.device);
    if (status == FMX_OK)
        status = fmx__evaluate_run(&job, &result);
    if (status == FMX_OK)
        status = print_result(cli, &result);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: %zu mixtures of %zu compounds", job.out,
                 result.set->rows, result.set->classes);
    fmx__evaluate_clear(&result);
    free(overrides);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "REPORT.html", "the report, one file that needs nothing else", false},
    {"--csv", "FILE.csv", "true and predicted proportion of every mixture and compound", false},
    {"--json", NULL, "prints the figures as JSON instead of a table", false},
    {"--library", "SPECTRA.h5",
     "what the mixtures were made of, for least squares and overlays (default: as they say)",
     false},
    {"--bootstrap", "N", "resamples for the intervals (default: the recipe's, 1000)", false},
    {"--shift", "PPM",
     "least squares may move compounds by so much (default: 0.02 where mixtures were augmented)",
     false},
    {"--items", "N", "without mixtures: test items that the model's generator makes", false},
    {"--overwrite", NULL, "replaces outputs that exist", false},
};

const fmx__verb fmx__verb_evaluate = {
    .name = "evaluate",
    .usage = "model.safetensors [mixtures.h5] --out report.html [--csv F] [--json]",
    .summary = "judges a model on labelled mixtures, beside least squares, or on its generator",
    .examples = "  fidmix evaluate model.safetensors mixtures.h5 --out report.html\n"
                "  fidmix evaluate model.safetensors pairs.h5 --out pairs.html --csv pairs.csv\n"
                "  fidmix evaluate model.safetensors mixtures.h5 --out report.html --json "
                "--bootstrap 5000 \\\n"
                "      --library spectra.h5 --set evaluate.threshold=0.4\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = 2,
    .run = run,
    .reads_recipe = true,
};

#include <stdlib.h>

#include "cli_failures.h"
#include "cli_json.h"
#include "cli_model.h"
#include "identify_classes.h"
#include "identify_query.h"

typedef struct failures {
    fmx__cli *cli;
    fmx__cli_failures list;
} failures;

static fmx_status note(void *user, const char *path, fmx_status status)
{
    failures *f = user;
    return fmx__cli_failures_add(f->cli, &f->list, path, status);
}

/* A classifier knows its compounds by itself. */
static fmx_status run_classes(fmx__cli *cli, const fmx__identify *given, const char *model,
                              failures *bad)
{
    static const char *const queries_only[] = {"--out", "--all"};
    fmx__identify work = *given;
    const char *library = fmx__cli_value(cli, "--library");
    bool calibrate = fmx__cli_has(cli, "--calibrate");
    for (size_t i = 0; i < FMX__COUNT(queries_only); ++i) {
        if (fmx__cli_has(cli, queries_only[i]))
            return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                             "identify: %s needs a query model (docs/identify.md), and %s is a "
                             "classifier",
                             queries_only[i], cli->path[0]);
    }
    if (calibrate && library == NULL)
        return fmx__fail(
            cli->ctx, FMX_ERROR_USAGE,
            "identify: --calibrate needs --library, spectra that are referenced rightly");
    fmx_status status = fmx__identify_open(&work, model);
    if (status == FMX_OK && library != NULL)
        status = fmx__identify_library(&work, library, calibrate);
    for (size_t i = 1; status == FMX_OK && i < cli->path_count; ++i)
        status = fmx__identify_path(&work, cli->path[i]);
    size_t count = work.count;
    if (status == FMX_OK && fmx__cli_has(cli, "--joint"))
        status = fmx__identify_join(&work);
    if (status == FMX_OK && fmx__cli_has(cli, "--json"))
        status = fmx__cli_print_json(cli, fmx__identify_json(&work));
    else if (status == FMX_OK)
        status = fmx__identify_print(&work, stdout);
    fflush(stdout); /* before the failures on the other stream */
    fmx_status failed = fmx__cli_failures_end(cli, &bad->list, status == FMX_OK ? count : 1);
    fmx__identify_close(&work);
    return status != FMX_OK ? status : failed;
}

/* A query model asks about every compound of a library. */
static fmx_status run_queries(fmx__cli *cli, const fmx__identify_query *given, const char *model,
                              failures *bad)
{
    const char *out = fmx__cli_value(cli, "--out");
    const char *library = fmx__cli_value(cli, "--library");
    fmx__identify_query work = *given;
    work.joint = fmx__cli_has(cli, "--joint");
    work.pictures = out != NULL;
    if (library == NULL)
        return fmx__fail(
            cli->ctx, FMX_ERROR_USAGE,
            "identify: %s is a query model, which knows no compound by itself: give it "
            "--library, what `fidmix library` wrote or spin systems (--library "
            "spin_systems takes those built in)",
            cli->path[0]);
    fmx_status status = fmx__identify_query_open(&work, model, library);
    for (size_t i = 1; status == FMX_OK && i < cli->path_count; ++i)
        status = fmx__identify_query_path(&work, cli->path[i]);
    size_t count = work.count;
    if (status == FMX_OK)
        status = fmx__identify_query_end(&work);
    if (status == FMX_OK && out != NULL && work.count > 0)
        status = fmx__identify_query_page(&work, out, fmx__cli_has(cli, "--overwrite"));
    if (status == FMX_OK && fmx__cli_has(cli, "--json"))
        status =
            fmx__cli_print_json(cli, fmx__identify_query_json(&work, fmx__cli_has(cli, "--all")));
    for (size_t i = 0; status == FMX_OK && i < work.count && !fmx__cli_has(cli, "--json"); ++i)
        fmx__found_print(&work.item[i], stdout);
    fflush(stdout); /* before the failures on the other stream */
    fmx_status failed = fmx__cli_failures_end(cli, &bad->list, status == FMX_OK ? count : 1);
    fmx__identify_query_close(&work);
    return status != FMX_OK ? status : failed;
}

static fmx_status run(fmx__cli *cli)
{
    failures bad = {.cli = cli};
    fmx_device *device = NULL;
    char *model = NULL;
    const char **override = NULL;
    size_t overrides = 0;
    fmx_status status = fmx__cli_device(cli, &device);
    if (status != FMX_OK)
        return status;
    status = fmx__cli_model(cli->ctx, cli->path[0], &model);
    if (status == FMX_OK)
        status = fmx__cli_overrides(cli, &override, &overrides);
    const fmx__identify classes = {.device = device,
                                   .override = override,
                                   .overrides = overrides,
                                   .failed = note,
                                   .user = &bad};
    const fmx__identify_query queries = {.device = device,
                                         .override = override,
                                         .overrides = overrides,
                                         .failed = note,
                                         .user = &bad};
    if (status == FMX_OK)
        status = fmx__model_asks(cli->ctx, model) ? run_queries(cli, &queries, model, &bad)
                                                  : run_classes(cli, &classes, model, &bad);
    free(override);
    free(model);
    return status;
}

static const fmx__cli_option options[] = {
    {"--library", "FILE",
     "query model: compounds to look for, what `fidmix library` wrote or spin systems; classifier: "
     "library or dataset of pure compounds, to tell how far each one named is shifted",
     false},
    {"--joint", NULL, "all spectra are of one sample: one answer for them", false},
    {"--out", "FILE.html", "query model: a page with every multiplet over the spectrum", false},
    {"--overwrite", NULL, "replaces a page that exists", false},
    {"--all", NULL, "query model, with --json: candidates below the threshold too, as `others`",
     false},
    {"--calibrate", NULL,
     "classifier: spectra are moved to the library's reference first (a query model always does)",
     false},
    {"--json", NULL, "prints a JSON array", false},
};

const fmx__verb fmx__verb_identify = {
    .name = "identify",
    .usage = "model.safetensors PATH... [--library L] [--joint] [--json] [--out page.html]",
    .summary = "names the compounds in FIDs, trees of them, or datasets",
    .examples = "  fidmix identify model.safetensors sample/7\n"
                "  fidmix identify model.safetensors raw --json\n"
                "  fidmix identify model.safetensors mixtures.h5\n"
                "  fidmix identify model.safetensors raw --library library.h5 --calibrate\n"
                "  fidmix identify identify raw --library library.h5 --out page.html\n"
                "  fidmix identify identify sample/1 sample/2 --library library.h5 "
                "--joint --json\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 2,
    .most_paths = SIZE_MAX,
    .run = run,
    .reads_recipe = true,
};

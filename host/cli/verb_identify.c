#include "cli_failures.h"
#include "cli_json.h"
#include "identify_classes.h"

typedef struct failures {
    fmx__cli *cli;
    fmx__cli_failures list;
} failures;

static fmx_status note(void *user, const char *path, fmx_status status)
{
    failures *f = user;
    return fmx__cli_failures_add(f->cli, &f->list, path, status);
}

static fmx_status run(fmx__cli *cli)
{
    failures bad = {.cli = cli};
    fmx__identify work = {.failed = note, .user = &bad};
    if (fmx__cli_has(cli, "--calibrate") && fmx__cli_value(cli, "--library") == NULL)
        return fmx__fail(
            cli->ctx, FMX_ERROR_USAGE,
            "identify: --calibrate needs --library, spectra that are referenced rightly");
    fmx_status status = fmx__cli_device(cli, &work.device);
    if (status == FMX_OK)
        status = fmx__identify_open(&work, cli->path[0]);
    const char *library = fmx__cli_value(cli, "--library");
    bool calibrate = fmx__cli_has(cli, "--calibrate");
    if (status == FMX_OK && library != NULL)
        status = fmx__identify_library(&work, library, calibrate);
    for (size_t i = 1; status == FMX_OK && i < cli->path_count; ++i)
        status = fmx__identify_path(&work, cli->path[i]);
    size_t count = work.count;
    if (status == FMX_OK && fmx__cli_has(cli, "--json"))
        status = fmx__cli_print_json(cli, fmx__identify_json(&work));
    else if (status == FMX_OK)
        status = fmx__identify_print(&work, stdout);
    fflush(stdout); /* before the failures on the other stream */
    fmx_status failed = fmx__cli_failures_end(cli, &bad.list, status == FMX_OK ? count : 1);
    fmx__identify_close(&work);
    return status != FMX_OK ? status : failed;
}

static const fmx__cli_option options[] = {
    {"--library", "FILE", "library or dataset of pure compounds: how far each one named is shifted",
     false},
    {"--calibrate", NULL, "spectra are moved to the library's reference first", false},
    {"--json", NULL, "prints a JSON array", false},
};

const fmx__verb fmx__verb_identify = {
    .name = "identify",
    .usage = "model.safetensors PATH... [--library L] [--calibrate] [--json]",
    .summary = "names the compounds in FIDs, trees of them, or datasets",
    .examples = "  fidmix identify model.safetensors sample/7\n"
                "  fidmix identify model.safetensors raw --json\n"
                "  fidmix identify model.safetensors mixtures.h5\n"
                "  fidmix identify model.safetensors raw --library library.h5 --calibrate\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 2,
    .most_paths = SIZE_MAX,
    .run = run,
};

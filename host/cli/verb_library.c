/* fidmix library: spin systems to lines and multiplets. */
#include <stdint.h>
#include <stdlib.h>

#include "cli.h"
#include "fidmix/library.h"
#include "simulate_plan.h"

/* Appends the spin systems of a file. */
static fmx_status add_file(fmx__cli *cli, const char *path, fmx_spin_library *all)
{
    fmx_spin_library one = {0};
    fmx_status status = fmx_spin_library_read(cli->ctx, path, &one);
    if (status == FMX_OK)
        status = fmx__grow(cli->ctx, &all->compound, &all->capacity, all->count + one.count,
                           sizeof *all->compound, "compounds");
    for (size_t i = 0; status == FMX_OK && i < one.count; ++i)
        all->compound[all->count++] = one.compound[i];
    if (status == FMX_OK)
        one.count = 0; /* they have moved */
    fmx_spin_library_clear(&one);
    return status;
}

/* keep[i]: spin system i is one of those that --only names. */
static fmx_status choose(fmx__cli *cli, const fmx_spin_library *all, bool *keep)
{
    fmx__plan plan = {0};
    fmx_status status = fmx__plan_compounds(cli->ctx, all, fmx__cli_value(cli, "--only"), 1, &plan);
    for (size_t i = 0; status == FMX_OK && i < plan.count; ++i)
        keep[plan.sample[i].part[0].compound] = true;
    fmx__plan_clear(&plan);
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    fmx_spin_library all = {0};
    fmx_library *library = NULL;
    bool *keep = NULL;
    size_t left_out = 0;
    const char *out = fmx__cli_value(cli, "--out");
    if (out == NULL || out[0] == '\0')
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--out FILE.h5 is missing");
    fmx_status status =
        fmx__cli_number(cli, "--field-mhz", options.field_mhz, 1, 3000, &options.field_mhz);
    if (status == FMX_OK)
        status = fmx__cli_number(cli, "--gap-ppm", options.gap_ppm, 0, 100, &options.gap_ppm);
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i)
        status = add_file(cli, cli->path[i], &all);
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, all.count, sizeof *keep, "compounds", &keep);
    if (status == FMX_OK)
        status = choose(cli, &all, keep);
    if (status == FMX_OK)
        status = fmx_library_build(cli->ctx, &all, keep, &options, &library, &left_out);
    if (status == FMX_OK)
        status = fmx_library_write(cli->ctx, library, out);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO,
                 "%s: %zu compounds (%zu entries), %zu multiplets, %zu lines at %g MHz%s", out,
                 library->compounds, library->entries, library->multiplets, library->lines,
                 library->field_mhz, left_out > 0 ? "; some were left out" : "");
    fmx_library_release(library);
    fmx_spin_library_clear(&all);
    free(keep);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "FILE.h5", "the library to write; must not exist yet", false},
    {"--field-mhz", "F", "1H frequency of 0 ppm (default 600)", false},
    {"--only", "A,B", "these compounds only (names or synonyms)", false},
    {"--gap-ppm", "G",
     "lines further apart are of different multiplets (default 0.025, at least 18 Hz)", false},
};

const fmx__verb fmx__verb_library = {
    .name = "library",
    .usage = "SPINS... --out library.h5 [--field-mhz F] [--only A,B]",
    .summary = "makes a library: lines and multiplets of compounds from their spin systems",
    .examples =
        "  fidmix library spin_systems --out library.h5\n"
        "  fidmix library data/spin_systems.yml mine.yml --out library.h5 --field-mhz 700\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = SIZE_MAX,
    .run = run,
};

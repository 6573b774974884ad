/* fidmix library: spin systems and measured spectra to lines and multiplets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "c_locale.h"
#include "library_input.h"
#include "simulate_plan.h"

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

enum { MOST_REGIONS = 32 };

/* Everything that a library is made of. */
typedef struct job {
    fmx__cli *cli;
    fmx_spin_library spins;
    fmx__library_input input;
    fmx_library_region region[MOST_REGIONS];
    fmx_library_measured measured;
    size_t left_out;
    fmx_library *library;
} job;

/* "NAME=PATH" where there is no file of that whole name: NAME, in *name, released with free(). */
static fmx_status split_name(fmx__cli *cli, const char **path, char **name)
{
    struct stat file;
    const char *equals = strchr(*path, '=');
    *name = NULL;
    if (equals == NULL || equals == *path || stat(*path, &file) == 0)
        return FMX_OK;
    fmx_status status = fmx__format(cli->ctx, name, "%.*s", (int)(equals - *path), *path);
    *path = equals + 1;
    return status;
}

static fmx_status add_path(job *j, const char *path)
{
    char *name = NULL;
    fmx_status status = split_name(j->cli, &path, &name);
    if (status == FMX_OK) {
        fmx__library_source kind = fmx__library_kind(j->cli->ctx, path);
        status = kind == FMX__LIBRARY_SPINS
                     ? fmx_spin_library_add(j->cli->ctx, path, &j->spins)
                     : fmx__library_read_spectra(j->cli, path, name, kind, &j->input);
    }
    free(name);
    return status;
}

/* "LOW:HIGH,LOW:HIGH..." in ppm. */
static fmx_status read_regions(job *j)
{
    const char *given = fmx__cli_value(j->cli, "--leave-out");
    const char *at = given != NULL ? given : "-1:0.3,4.65:4.95";
    size_t count = 0;
    for (bool more = *at != '\0'; more; ++count) {
        char *end = NULL;
        double low = fmx__c_strtod(at, &end);
        bool good = count < MOST_REGIONS && end != at && *end == ':';
        const char *second = good ? end + 1 : at;
        double high = good ? fmx__c_strtod(second, &end) : 0;
        if (!good || end == second || (*end != ',' && *end != '\0') || !(low < high))
            return fmx__fail(j->cli->ctx, FMX_ERROR_USAGE,
                             "--leave-out %s: regions are LOW:HIGH in ppm, separated by commas",
                             given);
        j->region[count] = (fmx_library_region){low, high};
        more = *end == ',';
        at = end + 1;
    }
    j->measured.left_out = j->region;
    j->measured.left_out_count = count;
    return FMX_OK;
}

/* Spin systems, where there are some. */
static fmx_status build(job *j, const fmx_library_options *options)
{
    bool *keep = NULL;
    fmx_status status = fmx__alloc(j->cli->ctx, j->spins.count, sizeof *keep, "compounds", &keep);
    if (status == FMX_OK && j->spins.count > 0)
        status = choose(j->cli, &j->spins, keep);
    if (status == FMX_OK && j->spins.count > 0)
        status =
            fmx_library_build(j->cli->ctx, &j->spins, keep, options, &j->library, &j->left_out);
    free(keep);
    return status;
}

/* Measured spectra, beside them or alone. */
static fmx_status add_measured(job *j, const fmx_library_options *options)
{
    fmx_library *both = NULL;
    size_t left_out = 0;
    if (j->input.count == 0)
        return FMX_OK;
    j->measured.field_mhz = options->field_mhz;
    j->measured.gap_ppm = options->gap_ppm;
    fmx_status status = fmx_library_add_measured(j->cli->ctx, j->library, j->input.spectrum,
                                                 j->input.count, &j->measured, &both, &left_out);
    if (status != FMX_OK)
        return status;
    fmx_library_release(j->library);
    j->library = both;
    j->left_out += left_out;
    return FMX_OK;
}

/* Where no field is asked for, the measured spectra say it. */
static double usual_field(const job *j, double otherwise)
{
    for (size_t i = 0; i < j->input.count; ++i) {
        if (j->input.spectrum[i].field_mhz > 0)
            return j->input.spectrum[i].field_mhz;
    }
    return otherwise;
}

static fmx_status make(job *j, const char *out)
{
    fmx_library_options options = FMX_LIBRARY_DEFAULT;
    fmx__cli *cli = j->cli;
    fmx_status status =
        fmx__cli_number(cli, "--gap-ppm", options.gap_ppm, 0, 100, &options.gap_ppm);
    if (status == FMX_OK) /* before anything is read */
        status =
            fmx__cli_number(cli, "--field-mhz", options.field_mhz, 1, 3000, &options.field_mhz);
    options.between = !fmx__cli_has(cli, "--no-between");
    if (status == FMX_OK)
        status = read_regions(j);
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i)
        status = add_path(j, cli->path[i]);
    if (status == FMX_OK && !fmx__cli_has(cli, "--field-mhz"))
        options.field_mhz = usual_field(j, options.field_mhz);
    if (status == FMX_OK)
        status = build(j, &options);
    if (status == FMX_OK)
        status = add_measured(j, &options);
    return status == FMX_OK ? fmx_library_write(cli->ctx, j->library, out) : status;
}

static fmx_status run(fmx__cli *cli)
{
    job j = {.cli = cli};
    const char *out = fmx__cli_value(cli, "--out");
    if (out == NULL || out[0] == '\0')
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--out FILE.h5 is missing");
    fmx_status status = make(&j, out);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO,
                 "%s: %zu compounds (%zu entries), %zu multiplets, %zu lines at %g MHz%s", out,
                 j.library->compounds, j.library->entries, j.library->multiplets, j.library->lines,
                 j.library->field_mhz, j.left_out > 0 ? "; some were left out" : "");
    fmx_library_release(j.library);
    fmx_spin_library_clear(&j.spins);
    fmx__library_input_clear(&j.input);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "FILE.h5", "the library to write; must not exist yet", false},
    {"--field-mhz", "F", "1H frequency of 0 ppm (default: that of the measured spectra, else 600)",
     false},
    {"--only", "A,B", "of the spin systems these compounds only (names or synonyms)", false},
    {"--no-between", NULL, "no states between two measured ones of a compound", false},
    {"--gap-ppm", "G",
     "lines further apart are of different multiplets (default 0.025, at least 18 Hz)", false},
    {"--leave-out", "LOW:HIGH,...",
     "of measured spectra: regions of solvent and reference, ppm (default -1:0.3,4.65:4.95)",
     false},
};

const fmx__verb fmx__verb_library = {
    .name = "library",
    .usage = "SPINS|[NAME=]FID|DATASET... --out library.h5 [--field-mhz F] [--only A,B]",
    .summary =
        "makes a library: lines and multiplets of compounds from spin systems or pure spectra",
    .examples = "  fidmix library spin_systems spin_states --out library.h5\n"
                "  fidmix library data/spin_systems.yml mine.yml --out library.h5 --field-mhz 700\n"
                "  fidmix library spin_systems Shikimate=raw/shikimate/1 --out library.h5\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = SIZE_MAX,
    .run = run,
    .reads_recipe = true,
};

#include <stdio.h>
#include <stdlib.h>

#include "atomic_file.h"
#include "cli_recipe.h"
#include "process_job.h"

/* The recipe with --set, --seed and --nucleus applied, checked before any data is touched. */
static fmx_status read_recipe(fmx__cli *cli, fmx__recipe *recipe)
{
    const char *name = fmx__cli_value(cli, "--recipe");
    fmx_status status = fmx__cli_recipe(cli, name != NULL ? name : "process", recipe);
    if (status == FMX_OK)
        status = fmx__cli_recipe_set(cli, recipe, "axis.nucleus", "--nucleus");
    if (status == FMX_OK)
        status = fmx__process_recipe_check(cli->ctx, recipe);
    return status;
}

static void print_table(const fmx__process_output *o)
{
    printf("%-28s %9s %8s %8s %8s %9s  %s\n", "name", "field/MHz", "SNR", "p0/deg", "p1/deg",
           "width/Hz", "source");
    for (size_t i = 0; i < o->group->count; ++i) {
        const fmx_row *r = &o->facts[i];
        if (!o->done[i])
            printf("%-28.28s %9.3f %8.1f %8.1f %8.1f %9.2f  %s\n", r->name, r->obs_mhz,
                   (double)fmx__process_snr(o->height[i], r), r->p0_deg, r->p1_deg,
                   (double)r->line_width_hz, o->group->item[i].source->path);
    }
}

/* The rows of this run as CSV, for scripts. */
static fmx_status write_csv(fmx__cli *cli, const fmx__process_dataset *j, const char *path)
{
    fmx__atomic_file file;
    fmx_status status = fmx__atomic_open(cli->ctx, path, true, &file);
    if (status != FMX_OK)
        return status;
    fprintf(file.stream, "name,source,nucleus,field_mhz,snr,p0_deg,p1_deg,line_width_hz\n");
    for (size_t k = 0; k < j->survey.count; ++k) {
        const fmx__process_output *o = &j->output[k];
        for (size_t i = 0; i < o->group->count; ++i) {
            const fmx_row *r = &o->facts[i];
            if (!o->done[i])
                fprintf(file.stream, "\"%s\",\"%s\",%s,%.6f,%.2f,%.3f,%.3f,%.3f\n", r->name,
                        o->group->item[i].source->path, o->group->nucleus, r->obs_mhz,
                        (double)fmx__process_snr(o->height[i], r), r->p0_deg, r->p1_deg,
                        (double)r->line_width_hz);
        }
    }
    return fmx__atomic_commit(cli->ctx, &file);
}

static fmx_status run(fmx__cli *cli)
{
    fmx__recipe recipe = {0};
    const char *csv = fmx__cli_value(cli, "--csv");
    fmx__process_dataset job = {
        .path = cli->path,
        .path_count = cli->path_count,
        .with_processed = fmx__cli_has(cli, "--with-processed"),
        .out = fmx__cli_value(cli, "--out"),
        .recipe = &recipe,
        .compress = fmx__cli_has(cli, "--compress"),
        .resume = fmx__cli_has(cli, "--resume"),
    };
    if (job.out == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--out is missing: where shall the spectra go?");
    fmx_status status = read_recipe(cli, &recipe);
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &job.device);
    if (status == FMX_OK)
        status = fmx__process_to_dataset(&job);
    if (status == FMX_OK && csv != NULL)
        status = write_csv(cli, &job, csv);
    for (size_t i = 0; status == FMX_OK && !cli->quiet && i < job.survey.count; ++i)
        print_table(&job.output[i]);
    if (status == FMX_OK)
        fmx__process_summarise(&job);
    fmx__process_dataset_clear(&job);
    fmx__recipe_clear(&recipe);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "FILE.h5", "the dataset to write; must not exist yet", false},
    {"--recipe", "FILE|NAME", "what to do, a file or a built-in recipe (default: process)", false},
    {"--nucleus", "1H", "nucleus of the main output (default: the recipe's)", false},
    {"--with-processed", NULL, "TopSpin's own spectra (1r) become rows too", false},
    {"--csv", "FILE", "also writes the table of rows there", false},
    {"--compress", NULL, "compresses the spectra (noise hardly shrinks)", false},
    {"--resume", NULL, "goes on with an unfinished output", false},
};

const fmx__verb fmx__verb_process = {
    .name = "process",
    .usage = "PATH... --out spectra.h5 [--recipe R] [--set key=value]... [--nucleus 1H] [--resume]",
    .summary = "takes FIDs to spectra on one axis, as one dataset",
    .examples = "  fidmix process raw --out spectra.h5\n"
                "  fidmix process raw --out spectra.h5 --recipe s1_process --profile\n"
                "  fidmix process raw --out spectra.h5 --set process.apodisation.lb_hz=1 --set "
                "axis.points=32768\n"
                "  fidmix process raw --out spectra.h5 --resume\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = SIZE_MAX,
    .run = run,
    .reads_recipe = true,
};

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "cli.h"
#include "fidmix/dataset.h"
#include "process.h"
#include "train_section.h"

/* Raw data that are read once and kept until they are processed. */
static const size_t most_kept_bytes = (size_t)256 << 20;

/* One output: all rows of a nucleus. */
typedef struct output {
    fmx_context *ctx;
    const fmx__process_group *group;
    fmx__axis axis;
    char *path;
    fmx_dataset_writer *writer;
    bool *done;
    fmx_row *facts; /* [group->count], of rows processed in this run */
    float *height;  /* [group->count], highest point */
} output;

typedef struct job {
    fmx_source_list sources;
    fmx__recipe recipe;
    fmx__process_survey survey;
    output *output; /* [survey.count] */
} job;

static const fmx_column columns[] = {
    {"line_width_hz", FMX_COLUMN_FLOAT, 0},
    {"sw_hz", FMX_COLUMN_FLOAT, 0},
    {"snr", FMX_COLUMN_FLOAT, 0},
    {"format", FMX_COLUMN_TEXT, 0},
};

static fmx_status find_sources(fmx__cli *cli, fmx_source_list *list)
{
    fmx_status status = FMX_OK;
    bool with_processed = fmx__cli_has(cli, "--with-processed");
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i) {
        size_t before = list->count;
        status = fmx_source_find(cli->ctx, cli->path[i], with_processed, list);
        if (status == FMX_OK && list->count == before)
            fmx__log(cli->ctx, FMX_LOG_WARNING, "%s: no FID or processed spectrum here",
                     cli->path[i]);
    }
    if (status == FMX_OK && list->count == 0)
        status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                           "%s%s: no FID or processed spectrum found; a Bruker experiment is a "
                           "folder with fid and acqus, or with pdata/1/1r",
                           cli->path[0], cli->path_count > 1 ? " and the other paths" : "");
    return status;
}

/* Sets `key` of the recipe to an option's value, where the option was given. */
static fmx_status set_from_option(fmx__cli *cli, fmx__recipe *recipe, const char *key,
                                  const char *option)
{
    const char *value = fmx__cli_value(cli, option);
    char *assignment = NULL;
    if (value == NULL)
        return FMX_OK;
    fmx_status status = fmx__format(cli->ctx, &assignment, "%s=%s", key, value);
    if (status == FMX_OK)
        status = fmx__recipe_set(cli->ctx, recipe, assignment);
    free(assignment);
    return status;
}

/* The recipe with --set, --seed and --nucleus applied, checked before any data is touched. */
static fmx_status read_recipe(fmx__cli *cli, fmx__recipe *recipe)
{
    const char *name = fmx__cli_value(cli, "--recipe");
    const fmx__axis *axis = NULL;
    fmx_status status = fmx__recipe_read(cli->ctx, name != NULL ? name : "process",
                                         &fmx__recipe_schema_full, NULL, 0, recipe);
    for (size_t i = 0; status == FMX_OK && fmx__cli_nth(cli, "--set", i) != NULL; ++i)
        status = fmx__recipe_set(cli->ctx, recipe, fmx__cli_nth(cli, "--set", i));
    if (status == FMX_OK)
        status = set_from_option(cli, recipe, "seed", "--seed");
    if (status == FMX_OK)
        status = set_from_option(cli, recipe, "axis.nucleus", "--nucleus");
    if (status == FMX_OK)
        status = fmx__recipe_axis(cli->ctx, recipe, &axis);
    if (status == FMX_OK)
        status = fmx__process_check(cli->ctx, fmx__recipe_find(recipe, "process"));
    return status;
}

/* "spectra.h5" for the recipe's nucleus, "spectra.13C.h5" for another. */
static fmx_status output_path(fmx__cli *cli, const char *nucleus, const char *main_nucleus,
                              char **out)
{
    const char *path = fmx__cli_value(cli, "--out");
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash != NULL ? slash : path, '.');
    if (strcmp(nucleus, main_nucleus) == 0)
        return fmx__format(cli->ctx, out, "%s", path);
    if (dot == NULL)
        dot = path + strlen(path);
    return fmx__format(cli->ctx, out, "%.*s.%s%s", (int)(dot - path), path, nucleus, dot);
}

static fmx_status open_writer(fmx__cli *cli, const fmx__recipe *recipe, output *o)
{
    double *ppm = NULL;
    const char **source = NULL;
    char *text = NULL;
    size_t points = (size_t)o->axis.points;
    fmx_status status = fmx__alloc(cli->ctx, points, sizeof *ppm, "the axis", &ppm);
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, o->group->count, sizeof *source, "paths", &source);
    if (status == FMX_OK)
        status = fmx__recipe_text(cli->ctx, recipe, &text);
    if (status != FMX_OK)
        goto out;
    for (size_t i = 0; i < points; ++i)
        ppm[i] = o->axis.first_ppm +
                 (double)i * (o->axis.last_ppm - o->axis.first_ppm) / (double)(points - 1);
    for (size_t i = 0; i < o->group->count; ++i)
        source[i] = o->group->item[i].source->path;
    fmx_dataset_plan plan = {
        .rows = o->group->count,
        .points = points,
        .ppm = ppm,
        .source = source,
        .recipe = text,
        .nucleus = o->group->nucleus,
        .seed = (uint64_t)recipe->head.seed,
        .column = columns,
        .column_count = FMX__COUNT(columns),
        .compress = fmx__cli_has(cli, "--compress"),
        .resume = fmx__cli_has(cli, "--resume"),
    };
    status = fmx_dataset_writer_open(cli->ctx, o->path, &plan, &o->writer);
out:
    free(text);
    free(source);
    free(ppm);
    return status;
}

/* Opens every output before any FID is processed: what stands in the way is said at once. */
static fmx_status open_outputs(fmx__cli *cli, job *j)
{
    const fmx__axis *axis = NULL;
    fmx_status status = fmx__recipe_axis(cli->ctx, &j->recipe, &axis);
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, j->survey.count, sizeof *j->output, "outputs", &j->output);
    for (size_t i = 0; status == FMX_OK && i < j->survey.count; ++i) {
        output *o = &j->output[i];
        o->ctx = cli->ctx;
        o->group = &j->survey.group[i];
        o->axis = fmx__axis_for(axis, o->group->nucleus);
        status = output_path(cli, o->group->nucleus, axis->nucleus, &o->path);
        if (status == FMX_OK)
            status = fmx__alloc(cli->ctx, o->group->count, sizeof *o->done, "rows", &o->done);
        if (status == FMX_OK)
            status = fmx__alloc(cli->ctx, o->group->count, sizeof *o->facts, "rows", &o->facts);
        if (status == FMX_OK)
            status = fmx__alloc(cli->ctx, o->group->count, sizeof *o->height, "rows", &o->height);
        if (status == FMX_OK)
            status = open_writer(cli, &j->recipe, o);
        for (size_t row = 0; status == FMX_OK && row < o->group->count; ++row)
            o->done[row] = fmx_dataset_writer_has(o->writer, row);
    }
    return status;
}

static float signal_to_noise(float height, const fmx_row *facts)
{
    return facts->noise_sigma > 0 ? height / facts->noise_sigma : 0;
}

static fmx_status store_row(void *user, size_t row, const float *spectrum, const fmx_row *facts,
                            const fmx_source *source)
{
    output *o = user;
    float height = 0;
    for (int64_t i = 0; i < o->axis.points; ++i)
        height = fmaxf(height, spectrum[i]);
    float width_hz = facts->line_width_hz;
    float sw_hz = (float)facts->sw_hz;
    float snr = signal_to_noise(height, facts);
    const void *values[] = {&width_hz, &sw_hz, &snr, source->format};
    o->facts[row] = *facts;
    o->height[row] = height;
    fmx_dataset_row out = {
        .name = facts->name,
        .spectrum = spectrum,
        .field_mhz = (float)facts->obs_mhz,
        .p0_deg = (float)facts->p0_deg,
        .p1_deg = (float)facts->p1_deg,
        .noise_sigma = facts->noise_sigma,
        .column = values,
    };
    return fmx_dataset_writer_append(o->writer, row, &out);
}

static fmx_status run_output(fmx__cli *cli, const job *j, output *o)
{
    fmx_device *device = NULL;
    fmx_status status = FMX_OK;
    if (fmx_dataset_writer_finished(o->writer))
        return FMX_OK;
    status = fmx__cli_device(cli, &device);
    fmx__process_job work = {
        .device = device,
        .stages = fmx__recipe_find(&j->recipe, "process"),
        .axis = o->axis,
        .seed = (uint64_t)j->recipe.head.seed,
        .done = o->done,
        .sink = store_row,
        .user = o,
    };
    if (status == FMX_OK)
        status = fmx__process_run(&work, o->group);
    if (status == FMX_OK)
        status = fmx_dataset_writer_finish(o->writer);
    return status;
}

static void print_table(const output *o)
{
    printf("%-28s %9s %8s %8s %8s %9s  %s\n", "name", "field/MHz", "SNR", "p0/deg", "p1/deg",
           "width/Hz", "source");
    for (size_t i = 0; i < o->group->count; ++i) {
        const fmx_row *r = &o->facts[i];
        if (!o->done[i])
            printf("%-28.28s %9.3f %8.1f %8.1f %8.1f %9.2f  %s\n", r->name, r->obs_mhz,
                   (double)signal_to_noise(o->height[i], r), r->p0_deg, r->p1_deg,
                   (double)r->line_width_hz, o->group->item[i].source->path);
    }
}

/* The rows of this run as CSV, for scripts. */
static fmx_status write_csv(fmx__cli *cli, const job *j, const char *path)
{
    fmx__atomic_file file;
    fmx_status status = fmx__atomic_open(cli->ctx, path, true, &file);
    if (status != FMX_OK)
        return status;
    fprintf(file.stream, "name,source,nucleus,field_mhz,snr,p0_deg,p1_deg,line_width_hz\n");
    for (size_t k = 0; k < j->survey.count; ++k) {
        const output *o = &j->output[k];
        for (size_t i = 0; i < o->group->count; ++i) {
            const fmx_row *r = &o->facts[i];
            if (!o->done[i])
                fprintf(file.stream, "\"%s\",\"%s\",%s,%.6f,%.2f,%.3f,%.3f,%.3f\n", r->name,
                        o->group->item[i].source->path, o->group->nucleus, r->obs_mhz,
                        (double)signal_to_noise(o->height[i], r), r->p0_deg, r->p1_deg,
                        (double)r->line_width_hz);
        }
    }
    return fmx__atomic_commit(cli->ctx, &file);
}

static void list_failures(fmx__cli *cli, const fmx__process_survey *survey)
{
    for (size_t i = 0; i < survey->failure_count; ++i)
        fmx__log(cli->ctx, FMX_LOG_WARNING, "not used: %s", survey->failure[i].reason);
}

static void summarise(fmx__cli *cli, const job *j)
{
    for (size_t i = 0; i < j->survey.count; ++i) {
        const output *o = &j->output[i];
        size_t before = 0;
        for (size_t row = 0; row < o->group->count; ++row)
            before += o->done[row];
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: %zu %s spectra of %lld points, %g to %g ppm%s",
                 o->path, o->group->count, o->group->nucleus, (long long)o->axis.points,
                 o->axis.first_ppm, o->axis.last_ppm,
                 before == o->group->count ? " (up to date)"
                 : before > 0              ? " (resumed)"
                                           : "");
    }
    list_failures(cli, &j->survey);
    if (j->survey.failure_count > 0)
        fmx__log(cli->ctx, FMX_LOG_WARNING, "%zu of %zu FIDs and spectra could not be used",
                 j->survey.failure_count, j->sources.count);
}

static void release(job *j)
{
    for (size_t i = 0; j->output != NULL && i < j->survey.count; ++i) {
        fmx_dataset_writer_close(j->output[i].writer);
        free(j->output[i].path);
        free(j->output[i].done);
        free(j->output[i].facts);
        free(j->output[i].height);
    }
    free(j->output);
    fmx__process_survey_clear(&j->survey);
    fmx__recipe_clear(&j->recipe);
    fmx_source_list_clear(&j->sources);
}

static fmx_status no_usable(fmx__cli *cli, const job *j)
{
    list_failures(cli, &j->survey);
    return fmx__fail(cli->ctx, FMX_ERROR_FORMAT, "none of %zu FIDs and spectra can be used",
                     j->sources.count);
}

static fmx_status run(fmx__cli *cli)
{
    job j = {0};
    const char *csv = fmx__cli_value(cli, "--csv");
    fmx_status status = FMX_OK;
    if (fmx__cli_value(cli, "--out") == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--out is missing: where shall the spectra go?");
    status = read_recipe(cli, &j.recipe);
    if (status == FMX_OK)
        status = find_sources(cli, &j.sources);
    if (status == FMX_OK)
        status = fmx__process_survey_sources(cli->ctx, &j.sources, most_kept_bytes, &j.survey);
    if (status == FMX_OK && j.survey.count == 0)
        status = no_usable(cli, &j);
    if (status == FMX_OK)
        status = open_outputs(cli, &j);
    for (size_t i = 0; status == FMX_OK && i < j.survey.count; ++i)
        status = run_output(cli, &j, &j.output[i]);
    if (status == FMX_OK && csv != NULL)
        status = write_csv(cli, &j, csv);
    for (size_t i = 0; status == FMX_OK && !cli->quiet && i < j.survey.count; ++i)
        print_table(&j.output[i]);
    if (status == FMX_OK)
        summarise(cli, &j);
    release(&j);
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
};

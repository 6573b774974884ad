#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fidmix/dataset.h"
#include "fidmix/plot.h"
#include "options.h"

enum { MOST_SPECTRA = 4096, SPECTRA = 48 }; /* --max: largest, default */

/* A spectrum chosen from one of the datasets. */
typedef struct choice {
    fmx_dataset *dataset;
    size_t row;
    const char *name;
} choice;

typedef struct job {
    fmx__cli *cli;
    fmx_dataset **dataset; /* [path_count] */
    char ***names;         /* [path_count][rows] */
    choice *chosen;
    size_t count;
    size_t capacity;
    size_t matching; /* spectra that would have been drawn without --max */
    float *spectrum; /* [count][points] */
    fmx_plot_trace *trace;
} job;

static fmx_status parse_region(fmx__cli *cli, const char *option, const char *text,
                               fmx_plot_region *out)
{
    char *middle = NULL;
    char *end = NULL;
    double first = strtod(text, &middle);
    bool good = middle != text && *middle == ':';
    double second = good ? strtod(middle + 1, &end) : 0;
    if (!good || end == middle + 1 || *end != '\0' || !isfinite(first) || !isfinite(second) ||
        first == second)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "%s: \"%s\" is not a region; write HI:LO in ppm, for instance 4.2:3.1",
                         option, text);
    *out = (fmx_plot_region){fmax(first, second), fmin(first, second)};
    return FMX_OK;
}

/* All regions of a repeated option, in an array released with free(). */
static fmx_status parse_regions(fmx__cli *cli, const char *option, fmx_plot_region **out,
                                size_t *count)
{
    fmx_status status = FMX_OK;
    *count = 0;
    *out = NULL;
    while (fmx__cli_nth(cli, option, *count) != NULL)
        ++*count;
    if (*count > 0)
        status = fmx__alloc(cli->ctx, *count, sizeof **out, option, out);
    for (size_t i = 0; status == FMX_OK && i < *count; ++i)
        status = parse_region(cli, option, fmx__cli_nth(cli, option, i), &(*out)[i]);
    return status;
}

/* Several datasets are drawn together only on one axis. */
static fmx_status check_axis(job *j, size_t index)
{
    const fmx_dataset_info *first = fmx_dataset_describe(j->dataset[0]);
    const fmx_dataset_info *other = fmx_dataset_describe(j->dataset[index]);
    bool same = first->points == other->points;
    for (size_t i = 0; same && i < first->points; ++i)
        same = fabs(first->ppm[i] - other->ppm[i]) <= 1e-6;
    if (same)
        return FMX_OK;
    return fmx__fail(j->cli->ctx, FMX_ERROR_SHAPE,
                     "%s has another ppm axis than %s; process both with the same recipe to draw "
                     "them together",
                     j->cli->path[index], j->cli->path[0]);
}

static fmx_status open_datasets(job *j)
{
    fmx__cli *cli = j->cli;
    fmx_status status =
        fmx__alloc(cli->ctx, cli->path_count, sizeof *j->dataset, "datasets", &j->dataset);
    if (status == FMX_OK)
        status = fmx__alloc(cli->ctx, cli->path_count, sizeof *j->names, "names", &j->names);
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i) {
        status = fmx_dataset_open(cli->ctx, cli->path[i], &j->dataset[i]);
        if (status == FMX_OK)
            status = check_axis(j, i);
        if (status == FMX_OK)
            status = fmx_dataset_read_text(j->dataset[i], "name", 0,
                                           fmx_dataset_describe(j->dataset[i])->rows, &j->names[i]);
    }
    return status;
}

/* Takes every spectrum of that name (NULL: all), as long as --max allows. */
static fmx_status choose(job *j, const char *name, size_t most)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < j->cli->path_count; ++i) {
        size_t rows = fmx_dataset_describe(j->dataset[i])->rows;
        for (size_t row = 0; status == FMX_OK && row < rows; ++row) {
            if (name != NULL && strcmp(j->names[i][row], name) != 0)
                continue;
            ++j->matching;
            if (j->count >= most)
                continue;
            status = fmx__grow(j->cli->ctx, &j->chosen, &j->capacity, j->count + 1,
                               sizeof *j->chosen, "chosen spectra");
            if (status == FMX_OK)
                j->chosen[j->count++] = (choice){j->dataset[i], row, j->names[i][row]};
        }
    }
    return status;
}

static fmx_status unknown_name(job *j, const char *name)
{
    const char **all = NULL;
    size_t count = 0;
    size_t capacity = 0;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < j->cli->path_count; ++i) {
        size_t rows = fmx_dataset_describe(j->dataset[i])->rows;
        status = fmx__grow(j->cli->ctx, &all, &capacity, count + rows, sizeof *all, "names");
        for (size_t row = 0; status == FMX_OK && row < rows; ++row)
            all[count++] = j->names[i][row];
    }
    if (status == FMX_OK) {
        const char *near = fmx__nearest_name(name, all, count);
        status = fmx__fail(j->cli->ctx, FMX_ERROR_NOT_FOUND,
                           "%s%s: no spectrum is called \"%s\"%s%s%s; `fidmix info` lists them",
                           j->cli->path[0], j->cli->path_count > 1 ? " and others" : "", name,
                           near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    free(all);
    return status;
}

static fmx_status choose_all(job *j)
{
    int64_t most = 0;
    fmx_status status = fmx__cli_integer(j->cli, "--max", SPECTRA, 1, MOST_SPECTRA, &most);
    const char *name = NULL;
    if (status == FMX_OK && !fmx__cli_has(j->cli, "--name"))
        status = choose(j, NULL, (size_t)most);
    for (size_t n = 0; status == FMX_OK && (name = fmx__cli_nth(j->cli, "--name", n)) != NULL;
         ++n) {
        size_t before = j->matching;
        status = choose(j, name, (size_t)most);
        if (status == FMX_OK && j->matching == before)
            status = unknown_name(j, name);
    }
    if (status == FMX_OK && j->matching > j->count)
        fmx__log(j->cli->ctx, FMX_LOG_INFO,
                 "drawing %zu of %zu spectra; --max draws more, --name chooses", j->count,
                 j->matching);
    return status;
}

static fmx_status read_spectra(job *j)
{
    fmx_context *ctx = j->cli->ctx;
    size_t points = fmx_dataset_describe(j->dataset[0])->points;
    size_t floats = 0;
    if (!fmx__size_mul(j->count, points, &floats))
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "%zu spectra of %zu points are too many", j->count,
                         points);
    fmx_status status = fmx__alloc(ctx, floats, sizeof *j->spectrum, "spectra", &j->spectrum);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, j->count, sizeof *j->trace, "traces", &j->trace);
    for (size_t i = 0; status == FMX_OK && i < j->count; ++i) {
        float field_mhz = 0;
        float *row = j->spectrum + i * points;
        status = fmx_dataset_read_spectra(j->chosen[i].dataset, j->chosen[i].row, 1, row);
        if (status == FMX_OK)
            status = fmx_dataset_read_column(j->chosen[i].dataset, "field_mhz", FMX_COLUMN_FLOAT,
                                             j->chosen[i].row, 1, &field_mhz);
        if (status == FMX_OK)
            status = fmx__check_interrupt(ctx);
        j->trace[i] = (fmx_plot_trace){j->chosen[i].name, row, (double)field_mhz};
    }
    return status;
}

static fmx_status parse_options(fmx__cli *cli, fmx_plot_options *out, fmx_plot_region **zoom,
                                fmx_plot_region **unscaled)
{
    static const char *const scales[] = {"common", "own"};
    const char *ppm = fmx__cli_value(cli, "--ppm");
    const char *scale = fmx__cli_value(cli, "--scale");
    if (fmx__cli_value(cli, "--out") == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "plot needs --out FILE.svg");
    if (fmx__cli_has(cli, "--stack") && fmx__cli_has(cli, "--overlay"))
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--stack and --overlay exclude each other");
    out->layout = fmx__cli_has(cli, "--stack")     ? FMX_PLOT_STACK
                  : fmx__cli_has(cli, "--overlay") ? FMX_PLOT_OVERLAY
                                                   : FMX_PLOT_AUTOMATIC;
    for (size_t i = 0; scale != NULL && i < FMX__COUNT(scales); ++i) {
        if (strcmp(scale, scales[i]) == 0)
            out->scale = FMX_PLOT_SCALE_COMMON + (int)i;
    }
    if (scale != NULL && out->scale == FMX_PLOT_SCALE_AUTOMATIC)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "--scale: \"%s\" is neither common nor own",
                         scale);
    fmx_status status = ppm != NULL ? parse_region(cli, "--ppm", ppm, &out->region) : FMX_OK;
    if (status == FMX_OK)
        status = parse_regions(cli, "--zoom", zoom, &out->zooms);
    if (status == FMX_OK)
        status = parse_regions(cli, "--unscaled", unscaled, &out->unscaled_count);
    if (status == FMX_OK)
        status = fmx__cli_number(cli, "--width", out->width_px, 320, 10000, &out->width_px);
    if (status == FMX_OK)
        status = fmx__cli_number(cli, "--height", 0, 0, 20000, &out->height_px);
    if (status == FMX_OK)
        status = fmx__cli_number(cli, "--gain", 1, 1e-6, 1e9, &out->gain);
    out->zoom = *zoom;
    out->unscaled = *unscaled;
    out->title = fmx__cli_value(cli, "--title");
    return status;
}

static void release(job *j)
{
    for (size_t i = 0; i < j->cli->path_count; ++i) {
        if (j->names != NULL)
            free(j->names[i]);
        if (j->dataset != NULL)
            fmx_dataset_close(j->dataset[i]);
    }
    free(j->names);
    free(j->dataset);
    free(j->chosen);
    free(j->spectrum);
    free(j->trace);
}

static fmx_status run(fmx__cli *cli)
{
    job j = {.cli = cli};
    fmx_plot_options options = FMX_PLOT_DEFAULT;
    fmx_plot_region *zoom = NULL;
    fmx_plot_region *unscaled = NULL;
    fmx_status status = parse_options(cli, &options, &zoom, &unscaled);
    if (status == FMX_OK)
        status = open_datasets(&j);
    if (status == FMX_OK)
        status = choose_all(&j);
    if (status == FMX_OK)
        status = read_spectra(&j);
    if (status == FMX_OK) {
        const fmx_dataset_info *info = fmx_dataset_describe(j.dataset[0]);
        fmx_plot_data data = {info->ppm, info->points, j.trace, j.count, info->nucleus};
        const char *slash = strrchr(cli->path[0], '/');
        if (options.title == NULL && j.count > 1 && cli->path_count == 1)
            options.title = slash != NULL ? slash + 1 : cli->path[0];
        status = fmx_plot_write(cli->ctx, &data, &options, fmx__cli_value(cli, "--out"),
                                fmx__cli_has(cli, "--overwrite"));
    }
    release(&j);
    free(zoom);
    free(unscaled);
    return status;
}

static const fmx__cli_option options_table[] = {
    {"--out", "FILE", "the picture, an SVG file", false},
    {"--name", "N", "draws the spectra of this name (default: all)", true},
    {"--ppm", "HI:LO", "region shown", false},
    {"--zoom", "HI:LO", "magnified region in a panel of its own below", true},
    {"--overlay", NULL, "one baseline, one colour each (default up to six spectra)", false},
    {"--stack", NULL, "one baseline each (default beyond six)", false},
    {"--scale", "common|own", "one scale, or each its own (default: own when stacked)", false},
    {"--unscaled", "HI:LO", "region that does not count for the scale, such as water", true},
    {"--gain", "G", "magnifies intensities; what leaves the panel is cut", false},
    {"--max", "N", "at most this many spectra (default: 48)", false},
    {"--title", "TEXT", "heading", false},
    {"--width", "PX", "width of the picture (default: 1120)", false},
    {"--height", "PX", "height of the picture (default: as the content needs)", false},
    {"--overwrite", NULL, "replaces an output that exists", false},
};

const fmx__verb fmx__verb_plot = {
    .name = "plot",
    .usage = "spectra.h5... [--name N]... --out spectrum.svg",
    .summary = "draws spectra, overlaid or stacked, with magnified regions",
    .examples = "  fidmix plot spectra.h5 --out all.svg\n"
                "  fidmix plot spectra.h5 --name glucose --zoom 5.3:5.15 --out glucose.svg\n"
                "  fidmix plot spectra.h5 --stack --unscaled 5.2:4.5 --ppm 9.5:0.5 --out s.svg\n",
    .options = options_table,
    .option_count = FMX__COUNT(options_table),
    .least_paths = 1,
    .most_paths = 256,
    .run = run,
};

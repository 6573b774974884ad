#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment.h"
#include "augment_input.h"
#include "cli_recipe.h"
#include "fidmix/dataset.h"
#include "recipe_sections.h"
#include "train_section.h"

typedef struct job {
    fmx__cli *cli;
    fmx__recipe recipe;
    const fmx__recipe_part *stages;
    fmx__augment_input input;
    size_t copies;
    size_t first; /* rows of the whole output that this run writes: [first, end) */
    size_t end;
    size_t done; /* of them, already there */
    bool keeps_noise;
    bool up_to_date;
    fmx_dataset_writer *writer;
} job;

/* ---- the recipe ------------------------------------------------------------------------------ */

static fmx_status read_recipe(job *j)
{
    const char *name = fmx__cli_value(j->cli, "--recipe");
    fmx_status status = fmx__cli_recipe(j->cli, name != NULL ? name : "augment", &j->recipe);
    if (status == FMX_OK)
        j->stages = fmx__recipe_find(&j->recipe, "augment");
    return status;
}

/* Takes a whole number of digits from a text that goes on with `then` (NULL: that ends). */
static bool take_number(const char **text, const char *then, size_t *out)
{
    char *end = NULL;
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(*text, &end, 10);
    if (errno != 0 || value > SIZE_MAX / 2)
        return false;
    *out = (size_t)value;
    if (then == NULL)
        return *end == '\0';
    if (strncmp(end, then, strlen(then)) != 0)
        return false;
    *text = end + strlen(then);
    return true;
}

/* "I/N", 1 <= I <= N; the whole without it. */
static fmx_status read_shard(const fmx__cli *cli, size_t *part, size_t *parts)
{
    const char *text = fmx__cli_value(cli, "--shard");
    const char *at = text;
    *part = *parts = 1;
    if (text != NULL && (!take_number(&at, "/", part) || !take_number(&at, NULL, parts) ||
                         *part < 1 || *part > *parts))
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "--shard %s: give the part and the number of parts, as in --shard 2/4",
                         text);
    return FMX_OK;
}

/* ---- the output ------------------------------------------------------------------------------ */

static fmx_status open_writer(job *j)
{
    fmx_context *ctx = j->cli->ctx;
    const char **source = NULL;
    char *text = NULL;
    char *inputs = NULL;
    size_t rows = j->end - j->first;
    fmx_status status = fmx__alloc(ctx, rows, sizeof *source, "paths", &source);
    if (status == FMX_OK)
        status = fmx__recipe_text(ctx, &j->recipe, &text);
    if (status == FMX_OK)
        status =
            fmx__format(ctx, &inputs, "%zu spectra %016llx, rows %zu to %zu", j->input.info->rows,
                        (unsigned long long)j->input.hash, j->first, j->end);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i)
        source[i] = j->input.source[(j->first + i) / j->copies];
    fmx_dataset_plan plan = {
        .rows = rows,
        .points = j->input.info->points,
        .ppm = j->input.info->ppm,
        .source = source,
        .recipe = text,
        .nucleus = j->input.info->nucleus,
        .seed = (uint64_t)j->recipe.head.seed,
        .parents = j->input.parents,
        .class_name = j->input.info->class_name,
        .classes = j->input.info->classes,
        .has_split = j->input.split != NULL,
        .column = j->input.column,
        .column_count = j->input.column_count,
        .compress = fmx__cli_has(j->cli, "--compress"),
        .resume = fmx__cli_has(j->cli, "--resume"),
        .inputs = inputs,
        .in_order = !fmx__cli_has(j->cli, "--compress"),
    };
    if (status == FMX_OK)
        status = fmx_dataset_writer_open(ctx, fmx__cli_value(j->cli, "--out"), &plan, &j->writer);
    free(inputs);
    free(text);
    free(source);
    return status;
}

static fmx_status read_rows(void *user, size_t first, size_t count, float *out)
{
    const job *j = user;
    return fmx_dataset_read_spectra(j->input.set, first, count, out);
}

static fmx_status store_row(job *j, size_t row, const float *spectrum, const void **values)
{
    int32_t copy = (int32_t)(row % j->copies);
    fmx_dataset_row out = {0};
    fmx__augment_input_row(&j->input, row / j->copies, &copy, values, &out);
    out.spectrum = spectrum;
    if (!j->keeps_noise)
        out.noise_sigma = 0; /* not known */
    return fmx_dataset_writer_append(j->writer, row - j->first, &out);
}

static fmx_status store_rows(void *user, size_t first, size_t count, const float *spectra)
{
    job *j = user;
    const void **values = NULL;
    fmx_status status =
        fmx__alloc(j->cli->ctx, j->input.column_count, sizeof *values, "columns", &values);
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        status = store_row(j, first + i, spectra + i * j->input.info->points, values);
    free(values);
    return status;
}

static fmx_status run_job(job *j)
{
    fmx_device *device = NULL;
    const fmx_dataset_info *info = j->input.info;
    j->up_to_date = fmx_dataset_writer_finished(j->writer);
    if (j->up_to_date)
        return FMX_OK;
    while (j->done < j->end - j->first && fmx_dataset_writer_has(j->writer, j->done))
        ++j->done;
    fmx_status status = fmx__cli_device(j->cli, &device);
    fmx__augment_job work = {
        .device = device,
        .stages = j->stages,
        .axis = {.points = info->points,
                 .ppm_step =
                     (info->ppm[info->points - 1] - info->ppm[0]) / (double)(info->points - 1),
                 .seed = (uint64_t)j->recipe.head.seed},
        .field_mhz = j->input.field_mhz,
        .first = j->first + j->done,
        .end = j->end,
        .source = read_rows,
        .sink = store_rows,
        .user = j,
    };
    if (status == FMX_OK)
        status = fmx__augment_run(&work);
    if (status == FMX_OK)
        status = fmx_dataset_writer_finish(j->writer);
    return status;
}

static fmx_status plan_rows(job *j)
{
    size_t part = 1;
    size_t parts = 1;
    size_t total = 0;
    fmx_status status = read_shard(j->cli, &part, &parts);
    if (status != FMX_OK)
        return status;
    if (!fmx__size_mul(j->input.info->rows, j->copies, &total) || total > INT32_MAX * parts)
        return fmx__fail(j->cli->ctx, FMX_ERROR_SHAPE,
                         "%s: %zu spectra in %zu copies each are more than %d in a dataset; take "
                         "fewer copies, or write parts with --shard",
                         j->input.path, j->input.info->rows, j->copies, INT32_MAX);
    if (parts > total)
        return fmx__fail(j->cli->ctx, FMX_ERROR_USAGE,
                         "--shard: %zu parts of %zu spectra would leave some empty", parts, total);
    /* whole parts as even as can be, without an overflow */
    j->first = total / parts * (part - 1) + (total % parts) * (part - 1) / parts;
    j->end = total / parts * part + (total % parts) * part / parts;
    return FMX_OK;
}

static void summarise(const job *j)
{
    size_t rows = j->end - j->first;
    bool whole = rows == j->input.info->rows * j->copies;
    fmx__log(j->cli->ctx, FMX_LOG_INFO, "%s: %zu spectra, %zu of each of %zu%s%s",
             fmx__cli_value(j->cli, "--out"), rows, j->copies, j->input.info->rows,
             whole ? "" : ", this part only",
             j->up_to_date ? " (up to date)"
             : j->done > 0 ? " (resumed)"
                           : "");
}

static void release(job *j)
{
    fmx_dataset_writer_close(j->writer);
    fmx__augment_input_clear(&j->input);
    fmx__recipe_clear(&j->recipe);
}

/* ---- parts put together ---------------------------------------------------------------------- */

/* Which rows of the whole a part holds; false where it does not say. */
static bool rows_of(const char *inputs, size_t *spectra, char hash[17], size_t *first, size_t *end)
{
    const char *at = strstr(inputs, "; ");
    if (at == NULL)
        return false;
    at += 2;
    if (!take_number(&at, " spectra ", spectra) || strspn(at, "0123456789abcdef") != 16)
        return false;
    memcpy(hash, at, 16);
    at += 16;
    if (strncmp(at, ", rows ", 7) != 0)
        return false;
    at += 7;
    return take_number(&at, " to ", first) && take_number(&at, NULL, end) && *first < *end;
}

/* Copies that the recipe in a dataset makes of each spectrum. */
static fmx_status copies_of(fmx_context *ctx, const char *path, const char *text, size_t *copies)
{
    fmx__recipe recipe = {0};
    fmx_status status = fmx__recipe_parse(ctx, path, text, strlen(text), &fmx__recipe_schema_full,
                                          NULL, 0, &recipe);
    if (status == FMX_OK)
        status = fmx__augment_check(ctx, fmx__recipe_find(&recipe, "augment"), copies, NULL);
    fmx__recipe_clear(&recipe);
    return status;
}

/* The parts are all there, in order, of the same spectra. */
static fmx_status check_parts(const fmx__cli *cli)
{
    size_t at = 0;
    size_t total = 0;
    char first_hash[17] = "";
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i) {
        fmx_dataset *set = NULL;
        size_t spectra = 0;
        size_t copies = 0;
        size_t first = 0;
        size_t end = 0;
        char hash[17] = "";
        status = fmx_dataset_open(cli->ctx, cli->path[i], &set);
        if (status != FMX_OK)
            break;
        const fmx_dataset_info *info = fmx_dataset_describe(set);
        if (!rows_of(info->inputs, &spectra, hash, &first, &end) || end - first != info->rows)
            status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                               "%s: not a part that `fidmix augment --shard` wrote", cli->path[i]);
        if (status == FMX_OK && i == 0) {
            status = copies_of(cli->ctx, cli->path[i], info->recipe, &copies);
            total = spectra * copies;
            memcpy(first_hash, hash, sizeof hash);
        }
        if (status == FMX_OK && strcmp(hash, first_hash) != 0)
            status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT, "%s: made from other spectra than %s",
                               cli->path[i], cli->path[0]);
        if (status == FMX_OK && first != at)
            status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                               "%s: begins with row %zu where row %zu is due; name all parts, in "
                               "order",
                               cli->path[i], first, at);
        at = end;
        fmx_dataset_close(set);
    }
    if (status == FMX_OK && at != total)
        status = fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                           "%s: ends with row %zu of %zu; the parts behind it are missing",
                           cli->path[cli->path_count - 1], at, total);
    return status;
}

static fmx_status join(fmx__cli *cli)
{
    const char *out = fmx__cli_value(cli, "--out");
    fmx_status status = check_parts(cli);
    if (status == FMX_OK)
        status = fmx_dataset_join(cli->ctx, cli->path, cli->path_count, out);
    if (status == FMX_OK)
        fmx__log(cli->ctx, FMX_LOG_INFO, "%s: %zu parts shown as one; keep them beside it", out,
                 cli->path_count);
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    job j = {.cli = cli};
    bool needs_field = false;
    fmx_status status = FMX_OK;
    if (fmx__cli_value(cli, "--out") == NULL)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "augment: --out is missing, the dataset to write");
    if (fmx__cli_has(cli, "--join"))
        return join(cli);
    if (cli->path_count > 1)
        return fmx__fail(cli->ctx, FMX_ERROR_USAGE,
                         "augment: one dataset at a time; %s is the second", cli->path[1]);
    status = read_recipe(&j);
    if (status == FMX_OK)
        status = fmx__augment_check(cli->ctx, j.stages, &j.copies, &needs_field);
    if (status == FMX_OK)
        status = fmx__augment_input_read(cli->ctx, cli->path[0], needs_field, &j.input);
    if (status == FMX_OK)
        status = plan_rows(&j);
    j.keeps_noise = true;
    for (size_t i = 0; status == FMX_OK && i < j.stages->count; ++i)
        j.keeps_noise = j.keeps_noise && strcmp(j.stages->stage[i].group->name, "shift") == 0;
    if (status == FMX_OK)
        status = open_writer(&j);
    if (status == FMX_OK)
        status = run_job(&j);
    if (status == FMX_OK)
        summarise(&j);
    release(&j);
    return status;
}

static const fmx__cli_option options[] = {
    {"--out", "FILE", "the dataset to write; must not exist yet", false},
    {"--recipe", "FILE|NAME", "what is done (its section augment); default: augment", false},
    {"--shard", "I/N", "write part I of N only: the same rows that the whole would have there",
     false},
    {"--join", NULL, "show parts that --shard wrote as one dataset: name all of them, in order",
     false},
    {"--compress", NULL, "compress the spectra; noise hardly shrinks", false},
    {"--resume", NULL, "go on with an unfinished output, from its last complete file", false},
};

const fmx__verb fmx__verb_augment = {
    .name = "augment",
    .usage = "spectra.h5 --out augmented.h5 [--recipe R] [--shard I/N] [--join] [--resume]",
    .summary = "Makes variants of spectra: shifted, warped, broadened, with noise.",
    .examples = "  fidmix augment spectra.h5 --out augmented.h5\n"
                "  fidmix augment spectra.h5 --out many.h5 --set augment.augmentation.copies=100\n"
                "  fidmix augment spectra.h5 --out part2.h5 --shard 2/4    on the second of four "
                "machines\n"
                "  fidmix augment part1.h5 part2.h5 part3.h5 part4.h5 --join --out many.h5\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = 10000,
    .run = run,
    .reads_recipe = true,
};

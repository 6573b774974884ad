/* fidmix info: what files are, one line each or JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_json.h"
#include "info.h"
#include "text_encoding.h"

/* Kinds of single files; a new one is a row here. */
static const fmx__info_kind *const kinds[] = {
    &fmx__info_library, /* before datasets: both are HDF5 */
    &fmx__info_dataset,
    &fmx__info_model,
    &fmx__info_recipe,
};

fmx_status fmx__info_item(fmx__info *info, const char *path, const char *kind, const char *format,
                          cJSON **out)
{
    char *utf8 = NULL;
    fmx_status status = fmx__text_to_utf8(info->cli->ctx, path, strlen(path), &utf8);
    if (status != FMX_OK)
        return status;
    *out = cJSON_CreateObject();
    cJSON_AddStringToObject(*out, "path", utf8);
    cJSON_AddStringToObject(*out, "kind", kind);
    cJSON_AddStringToObject(*out, "format", format);
    free(utf8);
    if (!cJSON_AddItemToArray(info->array, *out))
        return fmx__fail(info->cli->ctx, FMX_ERROR_MEMORY, "out of memory for the JSON output");
    return FMX_OK;
}

fmx_status fmx__info_failed(fmx__info *info, const char *path, fmx_status status)
{
    return fmx__cli_failures_add(info->cli, &info->failures, path, status);
}

/* The first bytes of a regular file; 0 of anything else. */
static size_t read_head(const char *path, unsigned char *head)
{
    struct stat file;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return 0;
    FILE *stream = fopen(path, "rb");
    size_t bytes = stream != NULL ? fread(head, 1, FMX__INFO_HEAD_BYTES, stream) : 0;
    if (stream != NULL)
        fclose(stream);
    return bytes;
}

static fmx_status describe(fmx__info *info, const char *path)
{
    unsigned char head[FMX__INFO_HEAD_BYTES];
    struct stat file;
    size_t bytes = read_head(path, head);
    bool is_folder = stat(path, &file) == 0 && S_ISDIR(file.st_mode);
    for (size_t i = 0; !is_folder && i < FMX__COUNT(kinds); ++i) {
        if (kinds[i]->is(path, head, bytes))
            return kinds[i]->describe(info, path);
    }
    return fmx__info_tree(info, path);
}

static fmx_status run(fmx__cli *cli)
{
    fmx__info info = {.cli = cli};
    fmx_status status = FMX_OK;
    if (fmx__cli_has(cli, "--json")) {
        info.array = cJSON_CreateArray();
        if (info.array == NULL)
            return fmx__fail(cli->ctx, FMX_ERROR_MEMORY, "out of memory for the JSON output");
    }
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i)
        status = describe(&info, cli->path[i]);
    if (status == FMX_OK && info.array != NULL)
        status = fmx__cli_print_json(cli, info.array);
    else
        cJSON_Delete(info.array);
    fflush(stdout); /* before the failures on the other stream */
    fmx_status failed =
        fmx__cli_failures_end(cli, &info.failures, status == FMX_OK ? info.count : 1);
    return status != FMX_OK ? status : failed;
}

static const fmx__cli_option options[] = {
    {"--json", NULL, "prints a JSON array", false},
};

const fmx__verb fmx__verb_info = {
    .name = "info",
    .usage = "PATH... [--json]",
    .summary = "says what files are: every FID and spectrum in a tree, datasets, libraries, "
               "models, recipes",
    .examples = "  fidmix info raw\n  fidmix info sample/7 sample/7/pdata/1 --json\n"
                "  fidmix info process.yml\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = SIZE_MAX,
    .run = run,
    .reads_recipe = true,
};

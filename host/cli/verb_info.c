/* fidmix info: what files are, one line each or JSON. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_failures.h"
#include "cli_json.h"
#include "text_encoding.h"

typedef struct report {
    fmx__cli *cli;
    cJSON *array; /* NULL: lines of text */
    size_t count;
    fmx__cli_failures failures;
} report;

/* A path as UTF-8, for JSON. */
static fmx_status add_path(report *r, cJSON *item, const char *path)
{
    char *utf8 = NULL;
    fmx_status status = fmx__text_to_utf8(r->cli->ctx, path, strlen(path), &utf8);
    if (status == FMX_OK)
        cJSON_AddStringToObject(item, "path", utf8);
    free(utf8);
    return status;
}

static const char *fid_kind(const fmx_fid *fid)
{
    return fid->kind == FMX_KIND_FID ? "fid" : "spectrum";
}

static fmx_status fid_to_json(report *r, const fmx_fid *fid)
{
    cJSON *item = cJSON_CreateObject();
    fmx_status status = add_path(r, item, fid->path);
    cJSON_AddStringToObject(item, "kind", fid_kind(fid));
    cJSON_AddStringToObject(item, "format", fid->format);
    cJSON_AddStringToObject(item, "name", fid->name);
    cJSON_AddStringToObject(item, "nucleus", fid->nucleus);
    cJSON_AddNumberToObject(item, "points", (double)fid->points);
    cJSON_AddNumberToObject(item, "sw_hz", fid->sw_hz);
    cJSON_AddNumberToObject(item, "obs_mhz", fid->obs_mhz);
    cJSON_AddNumberToObject(item, "group_delay", fid->group_delay);
    if (fid->kind == FMX_KIND_SPECTRUM) {
        cJSON_AddNumberToObject(item, "ppm_first", fid->ppm_first);
        cJSON_AddNumberToObject(item, "ppm_last",
                                fid->ppm_first + (double)(fid->points - 1) * fid->ppm_step);
    }
    cJSON_AddStringToObject(item, "solvent", fid->solvent);
    cJSON_AddStringToObject(item, "title", fid->title);
    cJSON_AddNumberToObject(item, "scans", fid->scans);
    cJSON_AddItemToArray(r->array, item);
    return status;
}

static void print_fid(const fmx_fid *fid)
{
    printf("%s: %s %s, %s%s%zu %s points, %.6g Hz, %.6f MHz", fid->path, fid->format, fid_kind(fid),
           fid->nucleus, fid->nucleus[0] != '\0' ? ", " : "", fid->points,
           fid->is_complex ? "complex" : "real", fid->sw_hz, fid->obs_mhz);
    if (fid->kind == FMX_KIND_SPECTRUM)
        printf(", %.3f to %.3f ppm", fid->ppm_first,
               fid->ppm_first + (double)(fid->points - 1) * fid->ppm_step);
    else
        printf(", group delay %.4g", fid->group_delay);
    printf(", %d scan%s", fid->scans, fid->scans == 1 ? "" : "s");
    if (fid->solvent[0] != '\0')
        printf(", %s", fid->solvent);
    if (fid->title[0] != '\0')
        printf(", \"%s\"", fid->title);
    putchar('\n');
}

static fmx_status describe_fid(report *r, const fmx_source *source)
{
    fmx_fid fid = {0};
    fmx_status status = fmx_fid_read(r->cli->ctx, source, FMX_READ_PARAMETERS, &fid);
    if (status != FMX_OK)
        return fmx__cli_failures_add(r->cli, &r->failures, source->path, status);
    ++r->count;
    if (r->array != NULL)
        status = fid_to_json(r, &fid);
    else
        print_fid(&fid);
    fmx_fid_clear(&fid);
    return status;
}

/* Every FID and lone spectrum at or below a path. */
static fmx_status describe_tree(report *r, const char *path)
{
    fmx_source_list list = {0};
    fmx_status status = fmx_source_find(r->cli->ctx, path, false, &list);
    if (status == FMX_OK && list.count == 0)
        status = fmx__fail(r->cli->ctx, FMX_ERROR_NOT_FOUND,
                           "%s: neither a FID nor a spectrum in or below it", path);
    if (status != FMX_OK)
        status = fmx__cli_failures_add(r->cli, &r->failures, path, status);
    for (size_t i = 0; status == FMX_OK && i < list.count; ++i) {
        status = fmx__check_interrupt(r->cli->ctx);
        if (status == FMX_OK)
            status = describe_fid(r, &list.item[i]);
    }
    fmx_source_list_clear(&list);
    return status;
}

static fmx_status run(fmx__cli *cli)
{
    report r = {.cli = cli};
    fmx_status status = FMX_OK;
    if (fmx__cli_has(cli, "--json")) {
        r.array = cJSON_CreateArray();
        if (r.array == NULL)
            return fmx__fail(cli->ctx, FMX_ERROR_MEMORY, "out of memory for the JSON output");
    }
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i)
        status = describe_tree(&r, cli->path[i]);
    if (status == FMX_OK && r.array != NULL)
        status = fmx__cli_print_json(cli, r.array);
    else
        cJSON_Delete(r.array);
    fflush(stdout);
    fmx_status failed = fmx__cli_failures_end(cli, &r.failures, status == FMX_OK ? r.count : 1);
    return status != FMX_OK ? status : failed;
}

static const fmx__cli_option options[] = {
    {"--json", NULL, "prints a JSON array", false},
};

const fmx__verb fmx__verb_info = {
    .name = "info",
    .usage = "PATH... [--json]",
    .summary = "says what files are: every FID and spectrum at or below each path",
    .examples = "  fidmix info raw\n  fidmix info sample/7 sample/7/pdata/1 --json\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .least_paths = 1,
    .most_paths = SIZE_MAX,
    .run = run,
};

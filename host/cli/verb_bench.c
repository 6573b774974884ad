#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cli.h"
#include "cli_json.h"
#include "options.h"

static fmx_status check_stem(fmx__cli *cli, const char *stem)
{
    const char *names[256];
    size_t count = 0;
    for (size_t i = 0; i < fmx__bench_count && i < FMX__COUNT(names); ++i) {
        names[count++] = fmx__benches[i]->stem;
        if (strcmp(fmx__benches[i]->stem, stem) == 0)
            return FMX_OK;
    }
    const char *near = fmx__nearest_name(stem, names, count);
    return fmx__fail(cli->ctx, FMX_ERROR_USAGE, "there is no stem \"%s\"%s%s%s", stem,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool wanted(const fmx__cli *cli, const char *stem)
{
    if (cli->path_count == 0)
        return true;
    for (size_t i = 0; i < cli->path_count; ++i) {
        if (strcmp(cli->path[i], stem) == 0)
            return true;
    }
    return false;
}

static cJSON *result_json(const fmx__bench_result *r)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "stem", r->stem);
    cJSON_AddStringToObject(item, "case", r->name);
    cJSON_AddNumberToObject(item, "median_us", r->median_us);
    cJSON_AddNumberToObject(item, "least_us", r->least_us);
    cJSON_AddNumberToObject(item, "wall_us", r->wall_us);
    cJSON_AddNumberToObject(item, "first_us", r->first_us);
    cJSON_AddNumberToObject(item, "rounds", (double)r->rounds);
    cJSON_AddNumberToObject(item, "gb_s", r->gb_s);
    cJSON_AddNumberToObject(item, "gflop_s", r->gflop_s);
    cJSON_AddNumberToObject(item, "roofline", r->roofline);
    return item;
}

static fmx_status print_json(fmx__cli *cli, const fmx__bench_run *run)
{
    const fmx_device_info *info = fmx_device_describe(run->device);
    cJSON *root = cJSON_CreateObject();
    cJSON *device = cJSON_AddObjectToObject(root, "device");
    cJSON_AddStringToObject(device, "name", info->name);
    cJSON_AddStringToObject(device, "driver", info->driver);
    cJSON_AddStringToObject(device, "platform", info->platform);
    cJSON_AddStringToObject(root, "version", fmx_version());
    cJSON_AddStringToObject(root, "commit", FMX_COMMIT);
    cJSON *limits = cJSON_AddObjectToObject(root, "limits");
    cJSON_AddNumberToObject(limits, "copy_gb_s", run->limits.copy_gb_s);
    cJSON_AddNumberToObject(limits, "fma_gflop_s", run->limits.fma_gflop_s);
    cJSON *results = cJSON_AddArrayToObject(root, "results");
    for (size_t i = 0; i < run->count; ++i)
        cJSON_AddItemToArray(results, result_json(&run->result[i]));
    return fmx__cli_print_json(cli, root);
}

/* Median of the same stem and case in an older result file; 0 when there is none. */
static double old_median(const cJSON *old, const fmx__bench_result *r)
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(old, "results"))
    {
        const cJSON *stem = cJSON_GetObjectItemCaseSensitive(item, "stem");
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "case");
        const cJSON *us = cJSON_GetObjectItemCaseSensitive(item, "median_us");
        if (cJSON_IsString(stem) && cJSON_IsString(name) && cJSON_IsNumber(us) &&
            strcmp(stem->valuestring, r->stem) == 0 && strcmp(name->valuestring, r->name) == 0)
            return us->valuedouble;
    }
    return 0;
}

static void print_table(const fmx__bench_run *run, const cJSON *old)
{
    const fmx_device_info *info = fmx_device_describe(run->device);
    printf("%s (%s, driver %s), fidmix %s %s\n", info->name, info->platform, info->driver,
           fmx_version(), FMX_COMMIT);
    printf("limits measured: copy %.1f GB/s, FMA %.0f GFLOP/s\n", run->limits.copy_gb_s,
           run->limits.fma_gflop_s);
    printf("%-16s %-30s %12s %12s %8s %9s %9s%s\n", "stem", "case", "median us", "first us", "GB/s",
           "GFLOP/s", "roofline", old ? "  old us   ratio" : "");
    for (size_t i = 0; i < run->count; ++i) {
        const fmx__bench_result *r = &run->result[i];
        printf("%-16s %-30s %12.1f %12.0f %8.2f %9.2f %8.0f%%", r->stem, r->name, r->median_us,
               r->first_us, r->gb_s, r->gflop_s, 100 * r->roofline);
        double before = old != NULL ? old_median(old, r) : 0;
        if (before > 0)
            printf(" %9.1f %6.2fx", before, before / r->median_us);
        else if (old != NULL)
            printf(" %9s %7s", "-", "-");
        printf("\n");
    }
}

static fmx_status read_old(fmx__cli *cli, const char *path, cJSON **out)
{
    char *text = NULL;
    size_t bytes = 0;
    fmx_status status = fmx__read_file(cli->ctx, path, (size_t)64 << 20, &text, &bytes);
    if (status == FMX_OK)
        *out = cJSON_Parse(text);
    free(text);
    if (status == FMX_OK && (*out == NULL || !cJSON_IsArray(cJSON_GetObjectItem(*out, "results"))))
        status =
            fmx__fail(cli->ctx, FMX_ERROR_FORMAT,
                      "%s: not a result of `fidmix bench --json` (no array \"results\")", path);
    return status;
}

static fmx_status run_verb(fmx__cli *cli)
{
    fmx__bench_run run = {0};
    cJSON *old = NULL;
    const char *compare = fmx__cli_value(cli, "--compare");
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < cli->path_count; ++i)
        status = check_stem(cli, cli->path[i]);
    if (status == FMX_OK && compare != NULL)
        status = read_old(cli, compare, &old);
    if (status == FMX_OK)
        status = fmx__cli_device(cli, &run.device);
    if (status == FMX_OK)
        status = fmx__bench_measure_limits(run.device, &run.limits);
    for (size_t i = 0; status == FMX_OK && i < fmx__bench_count; ++i) {
        fmx__progress(cli->ctx, "bench", i, fmx__bench_count);
        run.stem = fmx__benches[i]->stem;
        if (wanted(cli, run.stem))
            status = fmx__benches[i]->run(run.device, &run);
        if (status == FMX_OK)
            status = fmx__check_interrupt(cli->ctx);
    }
    fmx__progress(cli->ctx, "bench", fmx__bench_count, fmx__bench_count);
    if (status == FMX_OK && fmx__cli_has(cli, "--json"))
        status = print_json(cli, &run);
    else if (status == FMX_OK)
        print_table(&run, old);
    fmx__bench_clear(&run);
    cJSON_Delete(old);
    return status;
}

static const fmx__cli_option options[] = {
    {"--json", NULL, "prints a JSON object", false},
    {"--compare", "OLD.json", "an earlier result to compare with", false},
};

const fmx__verb fmx__verb_bench = {
    .name = "bench",
    .usage = "[STEM...] [--json] [--compare OLD.json]",
    .summary = "measures every kernel: median time, GB/s, GFLOP/s, share of this device's limits",
    .examples = "  fidmix bench\n  fidmix bench fft --device gpu\n"
                "  fidmix bench --json > new.json; fidmix bench --compare new.json\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .most_paths = 256,
    .run = run_verb,
};

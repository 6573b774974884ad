#include <cjson/cJSON.h>
#include <stdlib.h>

#include "cli.h"
#include "cli_json.h"

static const char *kind_name(fmx_device_kind kind)
{
    return kind == FMX_DEVICE_GPU ? "gpu" : kind == FMX_DEVICE_CPU ? "cpu" : "other";
}

static fmx_status print_json(fmx__cli *cli, const fmx_device_info *list, size_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < count; ++i) {
        const fmx_device_info *d = &list[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "index", (double)i);
        cJSON_AddStringToObject(item, "name", d->name);
        cJSON_AddStringToObject(item, "platform", d->platform);
        cJSON_AddStringToObject(item, "driver", d->driver);
        cJSON_AddStringToObject(item, "version", d->version);
        cJSON_AddStringToObject(item, "kind", kind_name(d->kind));
        cJSON_AddNumberToObject(item, "compute_units", d->compute_units);
        cJSON_AddNumberToObject(item, "clock_mhz", d->clock_mhz);
        cJSON_AddNumberToObject(item, "memory_bytes", (double)d->memory_bytes);
        cJSON_AddNumberToObject(item, "largest_allocation_bytes",
                                (double)d->largest_allocation_bytes);
        cJSON_AddNumberToObject(item, "local_memory_bytes", (double)d->local_memory_bytes);
        cJSON_AddNumberToObject(item, "largest_group", (double)d->largest_group);
        cJSON_AddBoolToObject(item, "subgroups", d->has_subgroups);
        cJSON_AddBoolToObject(item, "half", d->has_half);
        cJSON_AddStringToObject(item, "kernels", d->prefers_wide ? "wide" : "gpu");
        cJSON_AddItemToArray(array, item);
    }
    return fmx__cli_print_json(cli, array);
}

static void print_table(const fmx_device_info *list, size_t count)
{
    printf("%5s  %-5s %-44s %-32s %8s %6s  %s\n", "index", "kind", "name", "platform", "memory",
           "units", "kernels");
    for (size_t i = 0; i < count; ++i)
        printf("%5zu  %-5s %-44.44s %-32.32s %5.1f GB %6u  %s%s\n", i, kind_name(list[i].kind),
               list[i].name, list[i].platform, (double)list[i].memory_bytes * 1e-9,
               (unsigned)list[i].compute_units, list[i].prefers_wide ? "wide" : "gpu",
               list[i].has_subgroups ? ", sub-groups" : "");
}

static fmx_status run(fmx__cli *cli)
{
    fmx_device_info *list = NULL;
    size_t count = 0;
    fmx_status status = fmx_device_list(cli->ctx, &list, &count);
    if (status == FMX_OK && count == 0)
        status = fmx__fail(cli->ctx, FMX_ERROR_NO_DEVICE,
                           "no OpenCL device found; install pocl-opencl-icd for the CPU, or your "
                           "GPU's driver (intel-opencl-icd)");
    if (status == FMX_OK && fmx__cli_has(cli, "--json"))
        status = print_json(cli, list, count);
    else if (status == FMX_OK)
        print_table(list, count);
    free(list);
    return status;
}

static const fmx__cli_option options[] = {
    {"--json", NULL, "prints a JSON array", false},
};

const fmx__verb fmx__verb_devices = {
    .name = "devices",
    .usage = "[--json]",
    .summary = "lists the OpenCL devices, the one that --device auto takes first",
    .examples = "  fidmix devices\n  fidmix devices --json\n",
    .options = options,
    .option_count = FMX__COUNT(options),
    .run = run,
};

/* Datasets: size, axis, classes. */
#include <stdlib.h>
#include <string.h>

#include "fidmix/dataset.h"
#include "info.h"

/* HDF5's signature, "HDF Format Specification" section II.A. */
static bool is(const char *path, const unsigned char *head, size_t bytes)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    (void)path;
    return bytes >= sizeof signature && memcmp(head, signature, sizeof signature) == 0;
}

static fmx_status to_json(fmx__info *info, const char *path, const fmx_dataset_info *set)
{
    cJSON *item = NULL;
    fmx_status status = fmx__info_item(info, path, "dataset", "hdf5", &item);
    if (status != FMX_OK)
        return status;
    cJSON_AddNumberToObject(item, "spectra", (double)set->rows);
    cJSON_AddNumberToObject(item, "points", (double)set->points);
    if (set->points > 0) {
        cJSON_AddNumberToObject(item, "ppm_first", set->ppm[0]);
        cJSON_AddNumberToObject(item, "ppm_last", set->ppm[set->points - 1]);
    }
    cJSON *classes = cJSON_AddArrayToObject(item, "classes");
    for (size_t i = 0; i < set->classes; ++i)
        cJSON_AddItemToArray(classes, cJSON_CreateString(set->class_name[i]));
    cJSON_AddStringToObject(item, "nucleus", set->nucleus);
    cJSON_AddStringToObject(item, "fidmix_version", set->fidmix_version);
    return FMX_OK;
}

static void to_text(const char *path, const fmx_dataset_info *set)
{
    printf("%s: hdf5 dataset, %s%s%zu spectr%s, %zu points", path, set->nucleus,
           set->nucleus[0] != '\0' ? ", " : "", set->rows, set->rows == 1 ? "um" : "a",
           set->points);
    if (set->points > 0)
        printf(", %.3f to %.3f ppm", set->ppm[0], set->ppm[set->points - 1]);
    if (set->classes > 0)
        printf(", %zu class%s", set->classes, set->classes == 1 ? "" : "es");
    putchar('\n');
}

static fmx_status describe(fmx__info *info, const char *path)
{
    fmx_dataset *dataset = NULL;
    fmx_status status = fmx_dataset_open(info->cli->ctx, path, &dataset);
    if (status != FMX_OK)
        return fmx__info_failed(info, path, status);
    const fmx_dataset_info *set = fmx_dataset_describe(dataset);
    if (info->array != NULL)
        status = to_json(info, path, set);
    else
        to_text(path, set);
    ++info->count;
    fmx_dataset_close(dataset);
    return status;
}

const fmx__info_kind fmx__info_dataset = {is, describe};

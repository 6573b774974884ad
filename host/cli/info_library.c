/* Libraries: how much is in them, at which field. */
#include <stdlib.h>

#include "fidmix/library.h"
#include "info.h"
#include "library_file.h"

static bool is(const char *path, const unsigned char *head, size_t bytes)
{
    return bytes > 0 && head[0] == 0x89 && fmx__library_is(NULL, path);
}

static size_t measured_entries(const fmx_library *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->entries; ++i)
        count += l->entry[i].width_hz > 0;
    return count;
}

static fmx_status to_json(fmx__info *info, const char *path, const fmx_library *l)
{
    cJSON *item = NULL;
    fmx_status status = fmx__info_item(info, path, "library", "hdf5", &item);
    if (status != FMX_OK)
        return status;
    cJSON_AddNumberToObject(item, "field_mhz", l->field_mhz);
    cJSON_AddNumberToObject(item, "compounds", (double)l->compounds);
    cJSON_AddNumberToObject(item, "entries", (double)l->entries);
    cJSON_AddNumberToObject(item, "measured", (double)measured_entries(l));
    cJSON_AddNumberToObject(item, "multiplets", (double)l->multiplets);
    cJSON_AddNumberToObject(item, "lines", (double)l->lines);
    cJSON *names = cJSON_AddArrayToObject(item, "classes");
    cJSON *also = cJSON_AddObjectToObject(item, "also");
    for (size_t i = 0; i < l->compounds; ++i) {
        cJSON_AddItemToArray(names, cJSON_CreateString(l->compound[i].name));
        if (l->compound[i].also[0] != '\0')
            cJSON_AddStringToObject(also, l->compound[i].name, l->compound[i].also);
    }
    return FMX_OK;
}

static void print(const char *path, const fmx_library *l)
{
    printf("%s: hdf5 library, %g MHz, %zu compounds (%zu entries, %zu of them measured), %zu "
           "multiplets, %zu lines\n",
           path, l->field_mhz, l->compounds, l->entries, measured_entries(l), l->multiplets,
           l->lines);
    for (size_t i = 0; i < l->compounds; ++i) {
        if (l->compound[i].also[0] != '\0')
            printf("  %s has the lines of %s\n", l->compound[i].name, l->compound[i].also);
    }
}

static fmx_status describe(fmx__info *info, const char *path)
{
    fmx_library *l = NULL;
    fmx_status status = fmx_library_read(info->cli->ctx, path, &l);
    if (status != FMX_OK)
        return fmx__info_failed(info, path, status);
    if (info->array != NULL)
        status = to_json(info, path, l);
    else
        print(path, l);
    ++info->count;
    fmx_library_release(l);
    return status;
}

const fmx__info_kind fmx__info_library = {is, describe};

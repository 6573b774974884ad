/* Models: parameters, classes, axis, layers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "model_file.h"

/* Eight bytes of length, then a JSON object; or the name, so that a damaged one is called so. */
static bool is(const char *path, const unsigned char *head, size_t bytes)
{
    static const char ending[] = ".safetensors";
    size_t length = strlen(path);
    bool named =
        length >= sizeof ending - 1 && strcmp(path + length - (sizeof ending - 1), ending) == 0;
    /* a header of at most 100 MB leaves the upper four bytes zero */
    bool looks_so = bytes > 10 && memcmp(head + 4, "\0\0\0\0{\"", 6) == 0;
    return named ? bytes > 0 : looks_so;
}

static void add_texts(cJSON *item, const fmx__model_facts *facts)
{
    if (facts->version != NULL)
        cJSON_AddStringToObject(item, "fidmix_version", facts->version);
    if (facts->tile_set != NULL)
        cJSON_AddStringToObject(item, "tile_set", facts->tile_set);
    if (!isnan(facts->threshold))
        cJSON_AddNumberToObject(item, "threshold", facts->threshold);
    if (facts->axis.points == 0)
        return;
    cJSON_AddStringToObject(item, "nucleus", facts->axis.nucleus);
    cJSON_AddNumberToObject(item, "points", (double)facts->axis.points);
    cJSON_AddNumberToObject(item, "ppm_first", facts->axis.first_ppm);
    cJSON_AddNumberToObject(item, "ppm_last", facts->axis.last_ppm);
}

static fmx_status to_json(fmx__info *info, const char *path, const fmx__model_facts *facts)
{
    cJSON *item = NULL;
    fmx_status status = fmx__info_item(info, path, "model", "safetensors", &item);
    if (status != FMX_OK)
        return status;
    cJSON_AddNumberToObject(item, "parameters", (double)facts->parameters);
    cJSON_AddNumberToObject(item, "trainable_parameters", (double)facts->trainable_parameters);
    cJSON *classes = cJSON_AddArrayToObject(item, "classes");
    for (size_t i = 0; i < facts->classes; ++i)
        cJSON_AddItemToArray(classes, cJSON_CreateString(facts->class_name[i]));
    cJSON *layers = cJSON_AddArrayToObject(item, "layers");
    for (size_t i = 0; i < facts->layers; ++i) {
        const fmx__model_layer *layer = &facts->layer[i];
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "name", layer->name);
        cJSON_AddStringToObject(one, "op", layer->op);
        cJSON *shape = cJSON_AddArrayToObject(one, "shape");
        for (size_t k = 0; k < layer->rank; ++k)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)layer->shape[k]));
        cJSON_AddNumberToObject(one, "parameters", (double)layer->parameters);
        cJSON_AddItemToArray(layers, one);
    }
    add_texts(item, facts);
    return FMX_OK;
}

static void to_text(const char *path, const fmx__model_facts *facts)
{
    printf("%s: safetensors model, %zu parameters, %zu of them trainable, %zu layer%s", path,
           facts->parameters, facts->trainable_parameters, facts->layers,
           facts->layers == 1 ? "" : "s");
    if (facts->axis.points > 0)
        printf(", %s, %zu points, %.3f to %.3f ppm", facts->axis.nucleus, facts->axis.points,
               facts->axis.first_ppm, facts->axis.last_ppm);
    if (facts->classes > 0)
        printf(", %zu class%s", facts->classes, facts->classes == 1 ? "" : "es");
    if (!isnan(facts->threshold))
        printf(", threshold %.3g", facts->threshold);
    putchar('\n');
}

static fmx_status describe(fmx__info *info, const char *path)
{
    fmx__safetensors *file = NULL;
    fmx__model_facts facts = fmx__model_facts_none;
    fmx_status status = fmx__safetensors_open(info->cli->ctx, path, &file);
    if (status == FMX_OK)
        status = fmx__model_facts_read(info->cli->ctx, path, file, &facts);
    if (status != FMX_OK) {
        status = fmx__info_failed(info, path, status);
    } else {
        if (info->array != NULL)
            status = to_json(info, path, &facts);
        else
            to_text(path, &facts);
        ++info->count;
    }
    fmx__model_facts_clear(&facts);
    fmx__safetensors_close(file);
    return status;
}

const fmx__info_kind fmx__info_model = {is, describe};

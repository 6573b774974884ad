/* Recipes: name and stages. */
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "recipe_sections.h"
#include "train_section.h"

/* YAML has no mark of its own: the name decides. */
static bool is(const char *path, const unsigned char *head, size_t bytes)
{
    const char *dot = strrchr(path, '.');
    (void)head;
    (void)bytes;
    return dot != NULL && (strcmp(dot, ".yml") == 0 || strcmp(dot, ".yaml") == 0);
}

static fmx_status to_json(fmx__info *info, const char *path, const fmx__recipe *recipe)
{
    cJSON *item = NULL;
    fmx_status status = fmx__info_item(info, path, "recipe", "yaml", &item);
    if (status != FMX_OK)
        return status;
    cJSON_AddStringToObject(item, "name", recipe->head.name);
    for (size_t i = 0; i < recipe->part_count; ++i) {
        const fmx__recipe_part *part = &recipe->part[i];
        if (part->section->stage == NULL)
            continue;
        cJSON *stages = cJSON_AddArrayToObject(item, part->section->name);
        for (size_t k = 0; k < part->count; ++k)
            cJSON_AddItemToArray(stages, cJSON_CreateString(part->stage[k].group->name));
    }
    /* a recipe without a model has none of these */
    cJSON_AddNumberToObject(item, "parameters", 0);
    cJSON_AddNumberToObject(item, "trainable_parameters", 0);
    cJSON_AddArrayToObject(item, "classes");
    cJSON_AddArrayToObject(item, "layers");
    return FMX_OK;
}

static void to_text(const char *path, const fmx__recipe *recipe)
{
    printf("%s: recipe \"%s\"", path, recipe->head.name);
    for (size_t i = 0; i < recipe->part_count; ++i) {
        const fmx__recipe_part *part = &recipe->part[i];
        if (part->section->stage == NULL || part->count == 0)
            continue;
        printf("; %s:", part->section->name);
        for (size_t k = 0; k < part->count; ++k)
            printf("%s %s", k > 0 ? "," : "", part->stage[k].group->name);
    }
    putchar('\n');
}

static fmx_status describe(fmx__info *info, const char *path)
{
    fmx__recipe recipe = {0};
    fmx_status status =
        fmx__recipe_read(info->cli->ctx, path, &fmx__recipe_schema_full, NULL, 0, &recipe);
    if (status != FMX_OK) {
        fmx__recipe_clear(&recipe);
        return fmx__info_failed(info, path, status);
    }
    if (info->array != NULL)
        status = to_json(info, path, &recipe);
    else
        to_text(path, &recipe);
    ++info->count;
    fmx__recipe_clear(&recipe);
    return status;
}

const fmx__info_kind fmx__info_recipe = {is, describe};

#include "cli_recipe.h"

#include <stdlib.h>

#include "train_section.h"

fmx_status fmx__cli_recipe_set(fmx__cli *cli, fmx__recipe *recipe, const char *key,
                               const char *option)
{
    const char *value = fmx__cli_value(cli, option);
    char *assignment = NULL;
    if (value == NULL)
        return FMX_OK;
    fmx_status status = fmx__format(cli->ctx, &assignment, "%s=%s", key, value);
    if (status == FMX_OK)
        status = fmx__recipe_set(cli->ctx, recipe, assignment);
    free(assignment);
    return status;
}

fmx_status fmx__cli_recipe(fmx__cli *cli, const char *name, fmx__recipe *out)
{
    fmx_status status = fmx__recipe_read(cli->ctx, name, &fmx__recipe_schema_full, NULL, 0, out);
    for (size_t i = 0; status == FMX_OK && fmx__cli_nth(cli, "--set", i) != NULL; ++i)
        status = fmx__recipe_set(cli->ctx, out, fmx__cli_nth(cli, "--set", i));
    return status == FMX_OK ? fmx__cli_recipe_set(cli, out, "seed", "--seed") : status;
}

fmx_status fmx__cli_overrides(fmx__cli *cli, const char ***out, size_t *count)
{
    *count = 0;
    while (fmx__cli_nth(cli, "--set", *count) != NULL)
        ++*count;
    fmx_status status = fmx__alloc(cli->ctx, *count + 1, sizeof **out, "overrides", out);
    for (size_t i = 0; status == FMX_OK && i < *count; ++i)
        (*out)[i] = fmx__cli_nth(cli, "--set", i);
    return status;
}

/* The recipe of a verb. */
#ifndef FIDMIX_CLI_RECIPE_H
#define FIDMIX_CLI_RECIPE_H

#include "cli.h"
#include "recipe.h"

/* Reads the recipe `name` (a file, or a built-in one) with every --set and --seed applied. Release
 * with fmx__recipe_clear, also after an error. Errors: those of fmx__recipe_read and _set. */
fmx_status fmx__cli_recipe(fmx__cli *cli, const char *name, fmx__recipe *out);

/* Sets `key` of the recipe to an option's value, where the option was given. */
fmx_status fmx__cli_recipe_set(fmx__cli *cli, fmx__recipe *recipe, const char *key,
                               const char *option);

#endif

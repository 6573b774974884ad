/* What the files of the recipe share. */
#ifndef FIDMIX_RECIPE_INTERNAL_H
#define FIDMIX_RECIPE_INTERNAL_H

#include "recipe.h"

/* Text that grows. */
typedef struct fmx__text {
    char *text; /* zero-terminated once something was added */
    size_t length;
    size_t capacity;
} fmx__text;

fmx_status fmx__text_add(fmx_context *ctx, fmx__text *to, const char *format, ...)
    FMX__PRINTF(3, 4);

/* The nearest of names as "; did you mean \"x\"?", or "". `out` holds at least 128 bytes. */
void fmx__did_you_mean(char out[128], const char *text, const char *const *names, size_t count);

/* What follows the dot of an inner section's name, "loss" of "train.loss"; NULL for others. */
const char *fmx__recipe_inner(const char *section);

/* The inner section `key` of a map; NULL when there is none. */
fmx__recipe_part *fmx__recipe_inner_part(fmx__recipe *recipe, const char *outer, const char *key);

/* The sections of a schema in order, those of its base first; NULL past the last. */
const fmx__recipe_section *fmx__recipe_schema_at(const fmx__recipe_schema *schema, size_t index);

/* Fails with "where: no stage ...", naming the nearest of a section's stages. */
fmx_status fmx__unknown_stage(fmx_context *ctx, const char *where,
                              const fmx__recipe_section *section, const char *name);

/* Fails with "where: unknown key ...", naming the nearest top-level key; FMX_ERROR_UNSUPPORTED for
 * a key of the format that this schema lacks. */
fmx_status fmx__unknown_top_key(fmx_context *ctx, const char *where, const fmx__recipe *recipe,
                                const char *key);

#endif

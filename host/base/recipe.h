/* Recipes: what docs/recipes.md describes, read by tables.
 *
 * The rooms above say which sections there are and which stages may stand in them (fmx__recipe_
 * schema); this file knows none by name. A section is either a map of options (axis) or a list of
 * stages in order (process), each a name alone or a name with its options. What a recipe leaves
 * out has its table's default. */
#ifndef FIDMIX_RECIPE_H
#define FIDMIX_RECIPE_H

#include "options.h"

enum { FMX__RECIPE_FORMAT = 1, FMX__RECIPE_MOST_BYTES = 1 << 20, FMX__RECIPE_MOST_STAGES = 256 };

/* One top-level key; exactly one of `group` and `stage` is set. "train.loss" is a list that stands
 * as the key `loss` inside the map `train`, which must come before it in the schema. A list of one
 * stage may be written without the dash. "train.average" may as well be a map inside it. */
typedef struct fmx__recipe_section {
    const char *name;                                /* "axis" */
    const char *doc;                                 /* one sentence */
    const fmx__option_group *group;                  /* a map of options */
    const fmx__option_group *(*stage)(size_t index); /* a list of stages; NULL past the last */
    bool implied; /* its defaults hold also where the recipe does not name it */
} fmx__recipe_section;

/* What recipes may contain. A top-level key of the format that is not in the table is refused as
 * FMX_ERROR_UNSUPPORTED, any other as FMX_ERROR_RECIPE. */
typedef struct fmx__recipe_schema {
    const fmx__recipe_section *section;
    size_t count;
    const struct fmx__recipe_schema *base; /* whose sections come first; NULL: none */
} fmx__recipe_schema;

/* A stage as the recipe chose it. */
typedef struct fmx__recipe_stage {
    const fmx__option_group *group;
    void *options; /* group->options_size bytes, filled */
} fmx__recipe_stage;

typedef struct fmx__recipe_part {
    const fmx__recipe_section *section;
    bool given;               /* named by the recipe or an override */
    void *options;            /* map: filled, also when not given */
    fmx__recipe_stage *stage; /* list: [count], in order */
    size_t count;
    size_t capacity;
} fmx__recipe_part;

/* The top-level values. */
typedef struct fmx__recipe_head {
    int64_t format;
    char name[FMX__TEXT_OPTION];
    int64_t seed;
} fmx__recipe_head;

extern const fmx__option_group fmx__recipe_head_group;

typedef struct fmx__recipe {
    char *file;   /* heads messages */
    char *source; /* the text as it was read */
    fmx__recipe_head head;
    fmx__recipe_part *part; /* one for each section of the schema, in its order */
    size_t part_count;
} fmx__recipe;

/* Reads a recipe from text and applies `overrides` ("key=value", see fmx__recipe_set) in order.
 * Release with fmx__recipe_clear, also after an error. Errors: FMX_ERROR_RECIPE ("file:line: path:
 * what", with the nearest valid name), FMX_ERROR_UNSUPPORTED (a section that is not registered, or
 * a later format), FMX_ERROR_FORMAT (not YAML), FMX_ERROR_MEMORY. */
fmx_status fmx__recipe_parse(fmx_context *ctx, const char *file, const char *text, size_t bytes,
                             const fmx__recipe_schema *schema, const char *const *overrides,
                             size_t override_count, fmx__recipe *out);

/* The same for a file, or for a recipe in the binary: "process" or "process.yml" where no such file
 * exists. Also FMX_ERROR_NOT_FOUND (listing the built-in ones), FMX_ERROR_READ. */
fmx_status fmx__recipe_read(fmx_context *ctx, const char *path, const fmx__recipe_schema *schema,
                            const char *const *overrides, size_t override_count, fmx__recipe *out);

/* Sets one value: "seed=5", "axis.points=32768", "process.apodisation.lb_hz=1"; for a stage that
 * stands twice "process.apodisation[1].lb_hz=1", counted from 0; "process.apodisation=off" takes
 * the stage out. Errors: FMX_ERROR_RECIPE. */
fmx_status fmx__recipe_set(fmx_context *ctx, fmx__recipe *recipe, const char *assignment);

/* The recipe in effect as text that reads back to the same recipe: every value is written out,
 * defaults and overrides included; sections that neither were given nor are implied are left away.
 * Release with free(). */
fmx_status fmx__recipe_text(fmx_context *ctx, const fmx__recipe *recipe, char **out);

void fmx__recipe_clear(fmx__recipe *recipe);

/* A section of the recipe; NULL when the schema has none of that name. */
const fmx__recipe_part *fmx__recipe_find(const fmx__recipe *recipe, const char *section);

/* The n-th stage (from 0) of that name in a list; NULL when there is none. */
const fmx__recipe_stage *fmx__recipe_stage_find(const fmx__recipe_part *part, const char *name,
                                                size_t n);

/* The tables of docs/recipes.md for a schema: every key with type, unit, default and meaning.
 * Release with free(). */
fmx_status fmx__recipe_keys(fmx_context *ctx, const fmx__recipe_schema *schema, char **out);

#endif

/* Options of stages, ops and sections: one table serves the recipe parser, --set, the docs and the
 * provenance that is written into every output. */
#ifndef FIDMIX_OPTIONS_H
#define FIDMIX_OPTIONS_H

#include "base.h"

enum { FMX__TEXT_OPTION = 256, FMX__NUMBERS_OPTION = 64 };

typedef enum fmx__option_type {
    FMX__OPTION_NUMBER,  /* double */
    FMX__OPTION_INTEGER, /* int64_t */
    FMX__OPTION_BOOL,    /* bool */
    FMX__OPTION_CHOICE,  /* int, index into choices */
    FMX__OPTION_TEXT,    /* char[FMX__TEXT_OPTION], or char[most] where `most` is above 0 */
    FMX__OPTION_NUMBERS, /* fmx__numbers */
    FMX__OPTION_NAMES,   /* the same: "a" or, from [a, b] in a recipe, "a, b" */
} fmx__option_type;

/* A short list of numbers, [0.5, 9.5] in a recipe. */
typedef struct fmx__numbers {
    size_t count;
    double value[FMX__NUMBERS_OPTION];
} fmx__numbers;

typedef struct fmx__option {
    const char *key;
    fmx__option_type type;
    size_t offset;    /* offsetof in the options struct */
    const char *unit; /* "Hz", "ppm", "points"; "" for none */
    double least;     /* NUMBER, INTEGER and each of NUMBERS: allowed range, ends included */
    double most;      /* TEXT and NAMES: bytes of the field; 0: FMX__TEXT_OPTION */
    const char *const *choices; /* CHOICE: NULL-terminated names, by value */
    const char *doc;            /* one sentence for docs/recipes.md and error messages */
} fmx__option;

/* A named group of options: a stage of `process`, or a section of a recipe such as `axis`. Where
 * the recipe names the group, it takes a copy of the defaults and sets the options given there. */
typedef struct fmx__option_group {
    const char *name;
    const char *doc; /* one sentence for docs/recipes.md */
    const fmx__option *options;
    size_t option_count;
    const void *defaults; /* an options struct holding the published defaults */
    size_t options_size;
} fmx__option_group;

/* Sets one option from its text ("0.3", "true", "gaussian", "[0.5, 9.5]") in the options struct at
 * `options`. `where` heads the message ("recipe.yml:12: process.apodisation", or ending in a space,
 * "recipe.yml:12: ", for a key without a path). Errors: FMX_ERROR_RECIPE naming key, what was
 * expected and, for an unknown key or choice, the nearest. */
fmx_status fmx__option_set(fmx_context *ctx, const fmx__option *table, size_t count, void *options,
                           const char *where, const char *key, const char *text);

/* Checks a filled options struct against its table: numbers finite and within range, choices known.
 * For structs that a caller of the C API filled. Errors: FMX_ERROR_ARGUMENT naming group and key.
 */
fmx_status fmx__options_check(fmx_context *ctx, const fmx__option_group *group,
                              const void *options);

/* What stands between `where` and a key: "." or, after a space, "". */
const char *fmx__option_dot(const char *where);

/* The value of an option as text that fmx__option_set reads back to the same value (numbers with
 * the fewest digits that do), in a string released with free(). */
fmx_status fmx__option_text(fmx_context *ctx, const fmx__option *option, const void *options,
                            char **out);

/* The name in `names` (count of them) with the smallest edit distance to `text`; NULL when nothing
 * is near (distance above half the length). */
const char *fmx__nearest_name(const char *text, const char *const *names, size_t count);

#endif

/* What the parts of `fidmix info` share: one file per kind of input, info_<kind>.c. */
#ifndef FIDMIX_INFO_H
#define FIDMIX_INFO_H

#include <cjson/cJSON.h>

#include "cli.h"
#include "cli_failures.h"

typedef struct fmx__info {
    fmx__cli *cli;
    cJSON *array; /* one object for each input; NULL: lines of text on standard output */
    size_t count; /* inputs described */
    fmx__cli_failures failures;
} fmx__info;

/* Kinds that are single files, known by their first bytes or their name. Everything else is a tree
 * of FIDs and spectra. */
typedef struct fmx__info_kind {
    bool (*is)(const char *path, const unsigned char *head, size_t bytes);
    fmx_status (*describe)(fmx__info *info, const char *path);
} fmx__info_kind;

enum { FMX__INFO_HEAD_BYTES = 64 };

/* A new object with `path`, `kind` and `format` at the end of the array. */
fmx_status fmx__info_item(fmx__info *info, const char *path, const char *kind, const char *format,
                          cJSON **out);

/* A failed input is noted and the work goes on; see fmx__cli_failures_add. */
fmx_status fmx__info_failed(fmx__info *info, const char *path, fmx_status status);

fmx_status fmx__info_tree(fmx__info *info, const char *path);

extern const fmx__info_kind fmx__info_dataset;
extern const fmx__info_kind fmx__info_library;
extern const fmx__info_kind fmx__info_model;
extern const fmx__info_kind fmx__info_recipe;

#endif

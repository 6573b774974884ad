/* Parameter files of XWIN-NMR and TopSpin (acqus, procs): records "##$KEY= value" in the manner of
 * JCAMP-DX. */
#ifndef FIDMIX_JCAMP_PARAMETERS_H
#define FIDMIX_JCAMP_PARAMETERS_H

#include "base.h"

typedef struct fmx__parameter {
    const char *key;   /* "TD" of "##$TD=", "TITLE" of "##TITLE=" */
    const char *value; /* blanks at the ends and a "$$" comment removed; of <text>, text */
} fmx__parameter;

typedef struct fmx__parameters {
    char *path;
    char *text; /* the whole file, UTF-8; keys and values point into it */
    fmx__parameter *item;
    size_t count;
    size_t capacity;
} fmx__parameters;

/* Reads and splits a parameter file. Values may span lines; a "##" at the start of a line always
 * starts a record. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT (no record at all,
 * or larger than 16 MiB), FMX_ERROR_MEMORY. */
fmx_status fmx__parameters_read(fmx_context *ctx, const char *path, fmx__parameters *out);

/* The same for a text at hand, which `path` names in messages. */
fmx_status fmx__parameters_parse(fmx_context *ctx, const char *path, const char *text, size_t bytes,
                                 fmx__parameters *out);
void fmx__parameters_clear(fmx__parameters *parameters);

/* Value of a key, the last where it stands twice; NULL when absent. */
const char *fmx__parameters_text(const fmx__parameters *parameters, const char *key);

/* Value of a key as a number within [least, most]. An absent key gives `otherwise`, or
 * FMX_ERROR_FORMAT where otherwise is NaN. Errors: FMX_ERROR_FORMAT naming file, key, value and
 * range. */
fmx_status fmx__parameters_number(fmx_context *ctx, const fmx__parameters *parameters,
                                  const char *key, double least, double most, double otherwise,
                                  double *out);

/* The same for whole numbers ("3." and "1e3" are whole); a key that must be there has `needed`. */
fmx_status fmx__parameters_integer(fmx_context *ctx, const fmx__parameters *parameters,
                                   const char *key, int64_t least, int64_t most, bool needed,
                                   int64_t otherwise, int64_t *out);

#endif

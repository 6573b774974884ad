/* Parameter files of VNMR, VnmrJ and OpenVnmrJ. A parameter is a line that describes it (name,
 * subtype, type: 1 numbers, 2 text ...), then the number of its values and the values, then the
 * number of allowed values and these; text stands in double quotes. */
#ifndef FIDMIX_PROCPAR_H
#define FIDMIX_PROCPAR_H

#include "base.h"

/* One parameter; both point into the text of the file. */
typedef struct fmx__procpar_item {
    const char *name;
    const char *value; /* the first; text without its quotes */
    size_t count;      /* of values */
} fmx__procpar_item;

typedef struct fmx__procpar {
    char *path;
    char *text; /* UTF-8 */
    fmx__procpar_item *item;
    size_t count;
    size_t capacity;
} fmx__procpar;

/* Reads and splits a parameter file; release with fmx__procpar_clear, also after an error. Errors:
 * FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT (not such a file, with the line; larger
 * than 16 MiB), FMX_ERROR_MEMORY. */
fmx_status fmx__procpar_read(fmx_context *ctx, const char *path, fmx__procpar *out);
void fmx__procpar_clear(fmx__procpar *procpar);

/* NULL when absent. */
const fmx__procpar_item *fmx__procpar_find(const fmx__procpar *procpar, const char *name);

/* The first value as a number within [least, most]. An absent parameter gives `otherwise`, or
 * FMX_ERROR_FORMAT where that is NaN. Errors: FMX_ERROR_FORMAT naming file, parameter, value and
 * range. */
fmx_status fmx__procpar_number(fmx_context *ctx, const fmx__procpar *procpar, const char *name,
                               double least, double most, double otherwise, double *out);

#endif

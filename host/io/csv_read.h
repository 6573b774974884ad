/* Comma-separated values: rows of fields, quotes as in RFC 4180. */
#ifndef FIDMIX_CSV_READ_H
#define FIDMIX_CSV_READ_H

#include "base.h"

typedef struct fmx__csv_row {
    size_t line;  /* from 1 */
    char **field; /* [count], inside the file's text */
    size_t count;
} fmx__csv_row;

typedef struct fmx__csv {
    char *text;
    fmx__csv_row *row;
    size_t count;
    size_t capacity;
    char **field; /* all fields */
} fmx__csv;

/* Reads a file of at most `most` bytes. Fields lose the blanks around them unless quoted; "" inside
 * quotes is one quote; empty lines and lines that begin with # are left out. Release with
 * fmx__csv_clear, also after an error. Errors: FMX_ERROR_NOT_FOUND, FMX_ERROR_READ,
 * FMX_ERROR_FORMAT (a zero byte, a quote that does not end, text behind one). */
fmx_status fmx__csv_read(fmx_context *ctx, const char *path, size_t most, fmx__csv *out);
void fmx__csv_clear(fmx__csv *csv);

#endif

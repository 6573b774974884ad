/* Tables of JCAMP-DX, (X++(Y..Y)): AFFN, PAC, SQZ, DIF and DUP, mixed at will. */
#ifndef FIDMIX_JCAMP_TABLE_H
#define FIDMIX_JCAMP_TABLE_H

#include "base.h"

typedef struct fmx__jcamp_table {
    const char *path;  /* for messages */
    size_t first_line; /* number of the table's first line in the file */
    const char *text;  /* the lines below the label */
    size_t bytes;
    double factor; /* every value is multiplied by it */
    size_t points; /* that the file declares; more are refused */
} fmx__jcamp_table;

/* Decodes into out[0], out[stride] ...; *count points were there. The X value that begins a line is
 * not used. After a line that ends in a difference the next line's first value must repeat the last
 * one. Errors: FMX_ERROR_FORMAT with the line (a check value that differs, a character that does
 * not belong, a missing value "?", a difference or repetition without a value before it, more
 * points than declared, a number that is not finite in single precision). */
fmx_status fmx__jcamp_decode(fmx_context *ctx, const fmx__jcamp_table *table, size_t stride,
                             float *out, size_t *count);

#endif

/* The history of a training, as models carry it: CSV with a head, one row an epoch. */
#ifndef FIDMIX_HISTORY_CSV_H
#define FIDMIX_HISTORY_CSV_H

#include "base.h"

enum { FMX__HISTORY_COLUMNS = 64, FMX__HISTORY_NAME = 64 };

typedef struct fmx__history {
    char name[FMX__HISTORY_COLUMNS][FMX__HISTORY_NAME];
    size_t columns; /* the first is what the others are drawn over */
    size_t rows;
    double *value; /* [columns][rows]; NaN where the text has no number */
} fmx__history;

/* Reads the text; further columns than FMX__HISTORY_COLUMNS are left out, lines that begin with '#'
 * and empty ones too. Text without rows gives none. Release with fmx__history_clear. Errors:
 * FMX_ERROR_MEMORY. */
fmx_status fmx__history_read(fmx_context *ctx, const char *text, fmx__history *out);
void fmx__history_clear(fmx__history *history);

#endif

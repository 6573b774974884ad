/* Compounds as lists of multiplets, and mixtures of them, in a JSON file: `singles`
 * [compound][position][line] areas, `train` and `test` [mixture][constituent] numbers of compounds.
 */
#ifndef FIDMIX_MULTIPLET_FILE_H
#define FIDMIX_MULTIPLET_FILE_H

#include "base.h"

enum { FMX__MULTIPLET_FILE_BYTES = 1 << 24, FMX__MULTIPLET_FILE_MOST = 4096 };

/* Mixtures of `parts` compounds each. */
typedef struct fmx__multiplet_list {
    size_t count;
    uint32_t *compound; /* [count][parts] */
} fmx__multiplet_list;

typedef struct fmx__multiplet_file {
    size_t compounds;
    size_t positions;
    size_t lines;
    double *area; /* [compounds][positions][lines], never negative */
    size_t parts;
    fmx__multiplet_list train;
    fmx__multiplet_list test;
} fmx__multiplet_file;

/* Release with fmx__multiplet_file_clear, also after an error. Errors: FMX_ERROR_NOT_FOUND,
 * FMX_ERROR_READ, FMX_ERROR_FORMAT (what, where in the file; sizes above FMX__MULTIPLET_FILE_MOST),
 * FMX_ERROR_MEMORY. */
fmx_status fmx__multiplet_file_read(fmx_context *ctx, const char *path, fmx__multiplet_file *out);
void fmx__multiplet_file_clear(fmx__multiplet_file *file);

#endif

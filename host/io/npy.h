/* NumPy's .npy files: one array, little-endian, in C order. */
#ifndef FIDMIX_NPY_H
#define FIDMIX_NPY_H

#include "base.h"

enum { FMX__NPY_RANK_MOST = 8 };

typedef enum fmx__npy_type {
    FMX__NPY_FLOAT,   /* "<f4", float */
    FMX__NPY_DOUBLE,  /* "<f8", double */
    FMX__NPY_COMPLEX, /* "<c8", float re, im */
    FMX__NPY_TYPES
} fmx__npy_type;

typedef struct fmx__npy {
    fmx__npy_type type;
    size_t rank; /* 0: one value */
    size_t shape[FMX__NPY_RANK_MOST];
    size_t values; /* product of the shape */
    void *data;    /* reading: released with free() */
} fmx__npy;

/* Reads a file of format 1.0 or 2.0 and at most `most` bytes. Errors: FMX_ERROR_NOT_FOUND,
 * FMX_ERROR_READ, FMX_ERROR_FORMAT (not .npy, a size that its shape does not have),
 * FMX_ERROR_UNSUPPORTED (another type, byte order, Fortran order, a later format),
 * FMX_ERROR_MEMORY. */
fmx_status fmx__npy_read(fmx_context *ctx, const char *path, size_t most, fmx__npy *out);

/* Writes beside the target and renames; format 1.0. type, rank, shape and data are taken. Errors:
 * FMX_ERROR_EXISTS, FMX_ERROR_WRITE, FMX_ERROR_ARGUMENT (sizes that overflow, too many axes). */
fmx_status fmx__npy_write(fmx_context *ctx, const char *path, bool overwrite, const fmx__npy *npy);

#endif

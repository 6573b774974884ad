/* Outputs appear whole or not at all: written beside their target, synced, renamed. */
#ifndef FIDMIX_ATOMIC_FILE_H
#define FIDMIX_ATOMIC_FILE_H

#include <stdio.h>

#include "base.h"

typedef struct fmx__atomic_file {
    FILE *stream; /* write here; NULL after commit or abandon */
    char *path;
    char *beside; /* "<path>.<pid>.part" */
} fmx__atomic_file;

/* Opens a file beside `path`. Errors: FMX_ERROR_EXISTS when path exists and !overwrite,
 * FMX_ERROR_WRITE. */
fmx_status fmx__atomic_open(fmx_context *ctx, const char *path, bool overwrite,
                            fmx__atomic_file *out);

/* Flushes, syncs file and folder, renames to the target. On failure the target stays as it was and
 * the part is removed. Errors: FMX_ERROR_WRITE (no space included). */
fmx_status fmx__atomic_commit(fmx_context *ctx, fmx__atomic_file *file);

/* Removes the part; nothing happens after a commit or on a zeroed struct. */
void fmx__atomic_abandon(fmx__atomic_file *file);

/* Syncs a finished file at `beside` and renames it to `path`, for writers that open files on their
 * own (HDF5). */
fmx_status fmx__atomic_rename(fmx_context *ctx, const char *beside, const char *path);

/* Writes `bytes` bytes at `data` as the whole content of `path`. */
fmx_status fmx__atomic_write(fmx_context *ctx, const char *path, bool overwrite, const void *data,
                             size_t bytes);

/* Makes a folder and those above it; an existing one is fine. */
fmx_status fmx__make_folders(fmx_context *ctx, const char *path);

#endif

/* Between the two halves of the zip reader: the check of an archive and its unpacking. */
#ifndef FIDMIX_ZIP_INTERNAL_H
#define FIDMIX_ZIP_INTERNAL_H

#include <zip.h>

#include "zip_archive.h"

typedef struct fmx__zip_check {
    fmx_context *ctx;
    zip_t *zip;
    const char *path;
    uint64_t bytes; /* of the archive */
    const fmx__zip_limits *limits;
} fmx__zip_check;

/* Refuses an archive whose end claims more entries than its bytes can hold. */
fmx_status fmx__zip_check_directory(fmx_context *ctx, const char *path, uint64_t bytes);

/* Refuses what must not be unpacked, from the directory alone; *total is what all entries together
 * say that they are. */
fmx_status fmx__zip_check_all(const fmx__zip_check *c, uint64_t *total);

#endif

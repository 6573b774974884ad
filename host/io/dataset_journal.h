/* An append-only file of rows, each with checksums: what a killed process leaves is whole up to the
 * last complete row. */
#ifndef FIDMIX_DATASET_JOURNAL_H
#define FIDMIX_DATASET_JOURNAL_H

#include "base.h"

/* Receives one intact row of a journal: where its payload lies and what it holds (valid during the
 * call). */
typedef fmx_status (*fmx__journal_visit)(void *user, uint32_t row, uint64_t offset,
                                         const char *payload, size_t bytes);

/* Appends a row (header and payload in one write); *offset is where the payload lies. After a
 * failed write the file has its old length. Errors: FMX_ERROR_WRITE. */
fmx_status fmx__journal_append(fmx_context *ctx, const char *path, uint32_t row,
                               const char *payload, size_t bytes, uint64_t *offset);

/* Visits the rows of a journal in the order they were written, up to the first that is not intact;
 * what follows is cut off. A file that is not there has no rows. `most` bounds a payload. */
fmx_status fmx__journal_scan(fmx_context *ctx, const char *path, size_t most,
                             fmx__journal_visit visit, void *user);

/* Reads the payload at `offset` and checks it again; *payload grows as needed. Errors:
 * FMX_ERROR_READ when it changed since. */
fmx_status fmx__journal_read(fmx_context *ctx, int fd, const char *path, uint64_t offset,
                             size_t most, char **payload, size_t *capacity, size_t *bytes);

#endif

/* Zip archives of measurements: checked as a whole, then unpacked into a private temporary folder,
 * from which the readers read as from any other. */
#ifndef FIDMIX_ZIP_ARCHIVE_H
#define FIDMIX_ZIP_ARCHIVE_H

#include "base.h"
#include "fidmix/fid.h"

/* What an archive may claim; more is refused before a byte is written. */
typedef struct fmx__zip_limits {
    uint64_t entries;
    uint64_t entry_bytes; /* of one entry, unpacked */
    uint64_t total_bytes; /* of all of them */
    uint64_t ratio;       /* unpacked bytes for each byte of the archive, and ratio_anyway */
    uint64_t ratio_anyway;
} fmx__zip_limits;

extern const fmx__zip_limits fmx__zip_limits_default;

/* An unpacked archive; a list of sources owns those that its sources lie in. */
struct fmx_archive {
    struct fmx_archive *next;
    char *path;   /* of the archive, as the user would write it */
    char *folder; /* where its entries lie, below $TMPDIR or /tmp */
};

/* True where the first bytes of a file are a zip archive's. */
bool fmx__zip_begins(const char *start, size_t bytes);

/* True where they are those of a document (office, e-book, Java) that is a zip archive too. */
bool fmx__zip_is_document(const char *start, size_t bytes);

/* Why an entry of this name is refused; NULL where it is not. */
const char *fmx__zip_bad_name(const char *name);

/* Checks and unpacks. Nothing is left behind after an error. Errors: FMX_ERROR_FORMAT and
 * FMX_ERROR_UNSUPPORTED (archive, entry and reason), FMX_ERROR_READ, FMX_ERROR_WRITE (the temporary
 * folder; no room in it), FMX_ERROR_INTERRUPTED, FMX_ERROR_MEMORY. */
fmx_status fmx__zip_open(fmx_context *ctx, const char *path, const fmx__zip_limits *limits,
                         struct fmx_archive **out);

/* Removes the folder. archive may be NULL. */
void fmx__zip_close(struct fmx_archive *archive);

#endif

/* Writers of FIDs and spectra in other people's formats. All write beside the target and rename;
 * none overwrites. docs/formats.md says what each keeps. */
#ifndef FIDMIX_RAW_WRITE_H
#define FIDMIX_RAW_WRITE_H

#include "fidmix/fid.h"

typedef struct fmx__raw_format {
    const char *name;          /* of --to: "jcamp-dx" */
    const char *const *ending; /* of file names, NULL at the end; the first format without one takes
                                  what no other does */
    const char *doc;
    /* Errors: FMX_ERROR_EXISTS, FMX_ERROR_WRITE, FMX_ERROR_ARGUMENT (what the format cannot hold).
     */
    fmx_status (*write)(fmx_context *ctx, const char *path, const fmx_fid *fid);
} fmx__raw_format;

/* The table of formats; NULL past the last. */
const fmx__raw_format *fmx__raw_format_at(size_t index);

/* The format of a name; or, where name is NULL, the one that the ending of `path` stands for. NULL:
 * no such name. */
const fmx__raw_format *fmx__raw_format_find(const char *name, const char *path);

fmx_status fmx__jcamp_write(fmx_context *ctx, const char *path, const fmx_fid *fid);
fmx_status fmx__nmrpipe_write(fmx_context *ctx, const char *path, const fmx_fid *fid);

#endif

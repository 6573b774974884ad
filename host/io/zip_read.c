/* Archives that the walk could not open: reading them says why. */
#include "io.h"
#include "zip_archive.h"

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    (void)ctx;
    (void)entry;
    (void)list;
    return FMX_OK;
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    fmx_archive *archive = NULL;
    (void)depth;
    (void)out;
    if (source->archive != NULL)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: an archive in an archive; unpack the outer one and give its folder",
                         source->path);
    fmx_status status = fmx__zip_open(ctx, source->path, &fmx__zip_limits_default, &archive);
    fmx__zip_close(archive);
    if (status == FMX_OK)
        status = fmx__fail(ctx, FMX_ERROR_READ, "%s: the archive changed while it was read",
                           source->path);
    return status;
}

const fmx__reader fmx__reader_zip = {
    .name = "zip",
    .find = find,
    .read = read,
};

/* Tecmag's TNMR files are known by their first bytes, so that they are refused by name and not
 * passed over. */
#include <string.h>

#include "io.h"

static const char magic[] = "TNT1.";

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    if (entry->is_folder || entry->start_bytes < sizeof magic - 1 ||
        memcmp(entry->start, magic, sizeof magic - 1) != 0)
        return FMX_OK;
    return fmx__source_append(ctx, list, entry->path, fmx__reader_tnmr.name, FMX_KIND_FID);
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    (void)depth;
    (void)out;
    return fmx__fail(
        ctx, FMX_ERROR_UNSUPPORTED,
        "%s: a file of Tecmag TNMR (begins with TNT1.), which is not handled; export it "
        "from TNMR as JCAMP-DX or NMRPipe",
        source->path);
}

const fmx__reader fmx__reader_tnmr = {
    .name = "tnmr",
    .find = find,
    .read = read,
};

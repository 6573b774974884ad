/* The table of formats: a new one is one row here. Sources, and their reading. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "c_locale.h"
#include "io.h"
#include "zip_archive.h"

const fmx__reader *const fmx__readers[] = {
    &fmx__reader_bruker, &fmx__reader_varian, &fmx__reader_spinsolve,
    &fmx__reader_jcamp,  &fmx__reader_jeol,   &fmx__reader_nmrpipe,
    &fmx__reader_nmrml,  &fmx__reader_tnmr,   &fmx__reader_zip,
};
const size_t fmx__reader_count = FMX__COUNT(fmx__readers);

fmx_status fmx__source_append(fmx_context *ctx, fmx_source_list *list, const char *path,
                              const char *format, fmx_kind kind)
{
    char *copy = NULL;
    fmx_status status = fmx__format(ctx, &copy, "%s", path);
    if (status == FMX_OK)
        status = fmx__grow(ctx, &list->item, &list->capacity, list->count + 1, sizeof *list->item,
                           "list of sources");
    if (status != FMX_OK) {
        free(copy);
        return status;
    }
    list->item[list->count++] = (fmx_source){.path = copy, .format = format, .kind = kind};
    return FMX_OK;
}

void fmx_source_list_clear(fmx_source_list *list)
{
    for (size_t i = 0; i < list->count; ++i)
        free(list->item[i].path);
    free(list->item);
    for (fmx_archive *a = list->archive; a != NULL;) {
        fmx_archive *next = a->next;
        fmx__zip_close(a);
        a = next;
    }
    *list = (fmx_source_list){0};
}

static fmx_status read_with(fmx_context *ctx, const fmx__reader *reader, const fmx_source *source,
                            fmx_read_depth depth, fmx_fid *out)
{
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    fmx_status status = reader->read(ctx, source, depth, out);
    fmx__c_locale_leave(&locale);
    return status;
}

/* Reads from the unpacked files, and speaks of the archive. */
static fmx_status read_in_archive(fmx_context *ctx, const fmx__reader *reader,
                                  const fmx_source *source, fmx_read_depth depth, fmx_fid *out)
{
    const fmx_archive *archive = source->archive;
    fmx_source there = *source;
    size_t length = strlen(out->name);
    /* "urea.zip/7" is urea, as the folder would be */
    if (length > 4 && strcasecmp(out->name + length - 4, ".zip") == 0)
        out->name[length - 4] = '\0';
    fmx_status status = fmx__format(ctx, &there.path, "%s%s", archive->folder,
                                    source->path + strlen(archive->path));
    if (status != FMX_OK)
        return status;
    fmx__show_as(ctx, archive->folder, archive->path);
    status = read_with(ctx, reader, &there, depth, out);
    fmx__show_as(ctx, NULL, NULL);
    free(there.path);
    return status;
}

fmx_status fmx_fid_read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                        fmx_fid *out)
{
    *out = (fmx_fid){.format = source->format, .kind = source->kind};
    const fmx__reader *reader = NULL;
    for (size_t i = 0; i < fmx__reader_count; ++i) {
        if (source->format != NULL && strcmp(fmx__readers[i]->name, source->format) == 0)
            reader = fmx__readers[i];
    }
    if (reader == NULL)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: \"%s\" is no format of FIDs or spectra",
                         source->path, source->format != NULL ? source->format : "");
    fmx_status status = fmx__format(ctx, &out->path, "%s", source->path);
    if (status == FMX_OK)
        status = fmx__sample_name(ctx, source->path, &out->name);
    if (status == FMX_OK && source->archive != NULL)
        status = read_in_archive(ctx, reader, source, depth, out);
    else if (status == FMX_OK)
        status = read_with(ctx, reader, source, depth, out);
    if (status != FMX_OK)
        fmx_fid_clear(out);
    return status;
}

void fmx_fid_clear(fmx_fid *fid)
{
    free(fid->path);
    free(fid->name);
    free(fid->data);
    free(fid->solvent);
    free(fid->title);
    *fid = (fmx_fid){0};
}

/* FIDs and processed spectra, in trees of any size. */
#include "info.h"

static const char *kind_name(const fmx_fid *fid)
{
    return fid->kind == FMX_KIND_FID ? "fid" : "spectrum";
}

static double last_ppm(const fmx_fid *fid)
{
    return fid->ppm_first + (double)(fid->points - 1) * fid->ppm_step;
}

static fmx_status to_json(fmx__info *info, const fmx_fid *fid)
{
    cJSON *item = NULL;
    fmx_status status = fmx__info_item(info, fid->path, kind_name(fid), fid->format, &item);
    if (status != FMX_OK)
        return status;
    cJSON_AddStringToObject(item, "name", fid->name);
    cJSON_AddStringToObject(item, "nucleus", fid->nucleus);
    cJSON_AddNumberToObject(item, "points", (double)fid->points);
    cJSON_AddNumberToObject(item, "sw_hz", fid->sw_hz);
    cJSON_AddNumberToObject(item, "obs_mhz", fid->obs_mhz);
    cJSON_AddNumberToObject(item, "group_delay", fid->group_delay);
    if (fid->kind == FMX_KIND_SPECTRUM) {
        cJSON_AddNumberToObject(item, "ppm_first", fid->ppm_first);
        cJSON_AddNumberToObject(item, "ppm_last", last_ppm(fid));
    }
    cJSON_AddStringToObject(item, "solvent", fid->solvent);
    cJSON_AddStringToObject(item, "title", fid->title);
    cJSON_AddNumberToObject(item, "scans", fid->scans);
    return FMX_OK;
}

static void to_text(const fmx_fid *fid)
{
    printf("%s: %s %s, %s%s%zu %s points, %.6g Hz, %.6f MHz", fid->path, fid->format,
           kind_name(fid), fid->nucleus, fid->nucleus[0] != '\0' ? ", " : "", fid->points,
           fid->is_complex ? "complex" : "real", fid->sw_hz, fid->obs_mhz);
    if (fid->kind == FMX_KIND_SPECTRUM)
        printf(", %.3f to %.3f ppm", fid->ppm_first, last_ppm(fid));
    else
        printf(", group delay %.4g", fid->group_delay);
    printf(", %d scan%s", fid->scans, fid->scans == 1 ? "" : "s");
    if (fid->solvent[0] != '\0')
        printf(", %s", fid->solvent);
    if (fid->title[0] != '\0')
        printf(", \"%s\"", fid->title);
    putchar('\n');
}

static fmx_status describe(fmx__info *info, const fmx_source *source)
{
    fmx_fid fid = {0};
    fmx_status status = fmx_fid_read(info->cli->ctx, source, FMX_READ_PARAMETERS, &fid);
    if (status != FMX_OK)
        return fmx__info_failed(info, source->path, status);
    if (info->array != NULL)
        status = to_json(info, &fid);
    else
        to_text(&fid);
    ++info->count;
    fmx_fid_clear(&fid);
    return status;
}

fmx_status fmx__info_tree(fmx__info *info, const char *path)
{
    fmx_source_list list = {0};
    fmx_status status = fmx_source_find(info->cli->ctx, path, false, &list);
    if (status == FMX_OK && list.count == 0)
        status = fmx__fail(info->cli->ctx, FMX_ERROR_NOT_FOUND,
                           "%s: neither a FID nor a spectrum in or below it", path);
    if (status != FMX_OK)
        status = fmx__info_failed(info, path, status);
    for (size_t i = 0; status == FMX_OK && i < list.count; ++i) {
        status = fmx__check_interrupt(info->cli->ctx);
        if (status == FMX_OK)
            status = describe(info, &list.item[i]);
    }
    fmx_source_list_clear(&list);
    return status;
}

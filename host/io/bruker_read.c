/* Experiment folders: which folder holds what, parameters, and the FID. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bruker.h"
#include "io.h"
#include "text_encoding.h"

enum {
    TD_MOST = 1 << 28,  /* real values: 1 GiB of int32 */
    BLOCK_BYTES = 1024, /* TopSpin pads a FID to whole blocks */
    NC_MOST = 200,      /* 2^200 is beyond single precision anyway */
};

static bool has_fid(const char *folder)
{
    return fmx__is_file_in(folder, "fid") || fmx__is_file_in(folder, "ser");
}

/* A folder with procs and 1r is a processed spectrum; it is a source of its own where it is wanted,
 * where the user named it or the pdata above it, or where the experiment has no FID. */
static fmx_status find_processed(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    char *experiment = NULL;
    fmx_status status = fmx__format(ctx, &experiment, "%s/../..", entry->path);
    bool alone = status == FMX_OK && !has_fid(experiment);
    free(experiment);
    if (status == FMX_OK && (alone || entry->with_processed || entry->depth <= 1))
        status =
            fmx__source_append(ctx, list, entry->path, fmx__reader_bruker.name, FMX_KIND_SPECTRUM);
    return status;
}

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    if (!entry->is_folder)
        return FMX_OK;
    if (fmx__entry_has(entry, "1r") &&
        (fmx__entry_has(entry, "procs") || fmx__entry_has(entry, "proc")))
        return find_processed(ctx, entry, list);
    /* a fid without acqus is listed, so that its failure is; with procpar it is Varian's */
    if ((fmx__entry_has(entry, "fid") || fmx__entry_has(entry, "ser")) &&
        !fmx__entry_has(entry, "procpar"))
        return fmx__source_append(ctx, list, entry->path, fmx__reader_bruker.name, FMX_KIND_FID);
    return FMX_OK;
}

fmx_status fmx__bruker_parameters(fmx_context *ctx, const char *folder, const char *status_name,
                                  const char *setup_name, fmx__parameters *out)
{
    bool other = !fmx__is_file_in(folder, status_name) && fmx__is_file_in(folder, setup_name);
    char *path = NULL;
    *out = (fmx__parameters){0};
    fmx_status status = fmx__format(ctx, &path, "%s/%s", folder, other ? setup_name : status_name);
    if (status == FMX_OK) {
        status = fmx__parameters_read(ctx, path, out);
        if (status == FMX_ERROR_NOT_FOUND)
            status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                               "%s: missing; without it the data beside it cannot be read, copy it "
                               "from the instrument too",
                               path);
    }
    free(path);
    return status;
}

fmx_status fmx__bruker_describe(fmx_context *ctx, const fmx__parameters *acqus, fmx_fid *out)
{
    int64_t scans = 0;
    const char *nucleus = fmx__parameters_text(acqus, "NUC1");
    const char *solvent = fmx__parameters_text(acqus, "SOLVENT");
    if (nucleus == NULL)
        nucleus = fmx__parameters_text(acqus, "NUCLEUS"); /* XWIN-NMR 1 */
    if (nucleus != NULL && strcmp(nucleus, "off") != 0 && strlen(nucleus) < sizeof out->nucleus)
        strcpy(out->nucleus, nucleus);
    fmx_status status = fmx__parameters_number(ctx, acqus, "SFO1", 0.01, 1e4, NAN, &out->obs_mhz);
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, acqus, "BF1", 0.01, 1e4, out->obs_mhz, &out->base_mhz);
    if (status == FMX_OK)
        status = fmx__parameters_integer(ctx, acqus, "NS", 0, INT32_MAX, false, 1, &scans);
    out->scans = (int)scans;
    free(out->solvent);
    out->solvent = NULL;
    if (status == FMX_OK)
        status = fmx__text_one_line(ctx, solvent != NULL ? solvent : "", &out->solvent);
    return status;
}

fmx_status fmx__bruker_title(fmx_context *ctx, const char *const *folder, size_t count, char **out)
{
    fmx_status status = FMX_OK;
    char *path = NULL;
    for (size_t i = 0; status == FMX_OK && path == NULL && i < count; ++i) {
        if (fmx__is_file_in(folder[i], "title"))
            status = fmx__format(ctx, &path, "%s/title", folder[i]);
    }
    if (status == FMX_OK)
        status = fmx__title_read(ctx, path, out);
    free(path);
    return status;
}

/* Refuses what is no sequence of complex points. */
static fmx_status check_mode(fmx_context *ctx, const fmx__parameters *acqus)
{
    static const char *const names[] = {"qf: one channel", "qsim", "qseq: sequential (Redfield)",
                                        "DQD"};
    int64_t mode = 0;
    fmx_status status = fmx__parameters_integer(ctx, acqus, "AQ_mod", 0, 3, false, 3, &mode);
    if (status == FMX_OK && mode != 1 && mode != 3)
        status = fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                           "%s: ##$AQ_mod= %d (%s) is not handled, only 1 (qsim) and 3 (DQD)",
                           acqus->path, (int)mode, names[mode]);
    return status;
}

/* Type, byte order and scale of the values in the FID. */
static fmx_status value_layout(fmx_context *ctx, const fmx__parameters *acqus, fmx__values *values)
{
    int64_t order = 0;
    int64_t exponent = 0;
    fmx_status status = fmx__parameters_integer(ctx, acqus, "DTYPA", 0, 2, false, 0, &values->type);
    if (status == FMX_OK)
        status = fmx__parameters_integer(ctx, acqus, "BYTORDA", 0, 1, false, 0, &order);
    if (status == FMX_OK)
        status = fmx__parameters_integer(ctx, acqus, "NC", -NC_MOST, NC_MOST, false, 0, &exponent);
    values->big_endian = order == 1;
    values->scale = ldexp(1.0, (int)exponent);
    return status;
}

/* Complex points: TD where the file holds that many; what there is where it ends early. */
static fmx_status count_points(fmx_context *ctx, const fmx__parameters *acqus,
                               const fmx__values *values, size_t *points)
{
    int64_t td = 0;
    uint64_t bytes = 0;
    fmx_status status = fmx__parameters_integer(ctx, acqus, "TD", 2, TD_MOST, true, 0, &td);
    if (status == FMX_OK)
        status = fmx__file_bytes(ctx, values->path, &bytes);
    if (status != FMX_OK)
        return status;
    size_t width = fmx__value_bytes(values->type);
    uint64_t promised = (uint64_t)(td / 2);
    uint64_t present = bytes / (2 * width);
    if (present == 0)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: %ju bytes hold no complex point of %zu bytes; the acquisition was "
                         "never written, copy the file again",
                         values->path, (uintmax_t)bytes, 2 * width);
    if (present < promised)
        fmx__log(ctx, FMX_LOG_WARNING,
                 "%s: %ju complex points, %s says TD = %jd (%ju points): a truncated acquisition, "
                 "read as far as it goes",
                 values->path, (uintmax_t)present, acqus->path, (intmax_t)td, (uintmax_t)promised);
    else if (bytes - promised * 2 * width >= BLOCK_BYTES)
        fmx__log(ctx, FMX_LOG_WARNING,
                 "%s: %ju bytes, TD = %jd in %s needs %ju; what lies behind is not read",
                 values->path, (uintmax_t)bytes, (intmax_t)td, acqus->path,
                 (uintmax_t)(promised * 2 * width));
    *points = (size_t)(present < promised ? present : promised);
    return FMX_OK;
}

/* Spectral width in Hz: SW_h, or SW (ppm) times SFO1. */
static fmx_status read_width(fmx_context *ctx, const fmx__parameters *acqus, fmx_fid *out)
{
    double sw_ppm = 0;
    if (fmx__parameters_text(acqus, "SW_h") != NULL || fmx__parameters_text(acqus, "SW") == NULL)
        return fmx__parameters_number(ctx, acqus, "SW_h", 0.1, 1e9, NAN, &out->sw_hz);
    fmx_status status = fmx__parameters_number(ctx, acqus, "SW", 1e-5, 1e6, NAN, &sw_ppm);
    out->sw_hz = sw_ppm * out->obs_mhz;
    return status;
}

/* Two things of the FID itself are only told by pdata/1/procs: the frequency of 0 ppm where
 * somebody referenced it (one equal to BF1 is the default), and whether it turns the other way
 * (data converted from other makers). Nothing else of the processing is looked at. */
static fmx_status read_conventions(fmx_context *ctx, const char *processed, fmx_fid *out)
{
    static const double furthest = 1e-3; /* of BF1: 1000 ppm */
    fmx__parameters procs = {0};
    double sf_mhz = 0;
    if (!fmx__is_file_in(processed, "procs"))
        return FMX_OK;
    fmx_status status = fmx__bruker_parameters(ctx, processed, "procs", "proc", &procs);
    const char *reverse = fmx__parameters_text(&procs, "REVERSE");
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, &procs, "SF", 0.01, 1e4, 0, &sf_mhz);
    out->reversed = reverse != NULL && strcmp(reverse, "yes") == 0;
    fmx__parameters_clear(&procs);
    if (status == FMX_OK && fabs(sf_mhz - out->base_mhz) < furthest * out->base_mhz &&
        sf_mhz != out->base_mhz)
        out->reference_mhz = sf_mhz;
    if (status == FMX_OK || status == FMX_ERROR_MEMORY)
        return status;
    fmx__log(ctx, FMX_LOG_WARNING, "%s; the FID is read without its reference",
             fmx_context_message(ctx));
    fmx_context_clear(ctx);
    return FMX_OK;
}

static fmx_status read_fid(fmx_context *ctx, const char *folder, fmx_read_depth depth, fmx_fid *out)
{
    fmx__parameters acqus = {0};
    fmx__values values = {0};
    char *path = NULL;
    char *processed = NULL;
    if (!fmx__is_file_in(folder, "fid"))
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                         "%s/ser: experiments of two and more dimensions are not handled; give the "
                         "folders of one-dimensional FIDs",
                         folder);
    out->is_complex = true;
    fmx_status status = fmx__bruker_parameters(ctx, folder, "acqus", "acqu", &acqus);
    if (status == FMX_OK)
        status = fmx__format(ctx, &path, "%s/fid", folder);
    if (status == FMX_OK)
        status = fmx__format(ctx, &processed, "%s/pdata/1", folder);
    values.path = path;
    if (status == FMX_OK)
        status = check_mode(ctx, &acqus);
    if (status == FMX_OK)
        status = fmx__bruker_describe(ctx, &acqus, out);
    if (status == FMX_OK)
        status = read_width(ctx, &acqus, out);
    if (status == FMX_OK)
        status = fmx__bruker_group_delay(ctx, &acqus, &out->group_delay);
    if (status == FMX_OK)
        status = value_layout(ctx, &acqus, &values);
    if (status == FMX_OK)
        status = count_points(ctx, &acqus, &values, &out->points);
    if (status == FMX_OK) {
        const char *const folders[] = {processed, folder};
        status = fmx__bruker_title(ctx, folders, 2, &out->title);
    }
    if (status == FMX_OK)
        status = read_conventions(ctx, processed, out);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = fmx__alloc(ctx, out->points, 2 * sizeof *out->data, path, &out->data);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = fmx__values_read(ctx, &values, 2 * out->points, 1, out->data);
    free(processed);
    free(path);
    fmx__parameters_clear(&acqus);
    return status;
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    if (source->kind == FMX_KIND_SPECTRUM)
        return fmx__bruker_read_spectrum(ctx, source->path, depth, out);
    return read_fid(ctx, source->path, depth, out);
}

static const char *const files[] = {"fid", "ser",   "acqus", "acqu", "1r",
                                    "1i",  "procs", "proc",  NULL};

const fmx__reader fmx__reader_bruker = {
    .name = "bruker",
    .files = files,
    .find = find,
    .read = read,
};

/* Varian and Agilent (VNMR, VnmrJ, OpenVnmrJ): a folder with `fid` and `procpar`. docs/formats.md
 * says what of them is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "procpar.h"
#include "text_encoding.h"
#include "values_read.h"

enum {
    FILE_HEADER = 32,  /* bytes */
    BLOCK_HEADER = 28, /* bytes */
    NP_MOST = 1 << 28, /* real values of a FID */
    BLOCK_HEADERS_MOST = 9,
};

/* Bits of `status` in the file header. */
enum { HAS_DATA = 0x1, IS_SPECTRUM = 0x2, IS_32_BIT = 0x4, IS_FLOAT = 0x8 };

typedef struct header {
    int64_t blocks;
    int64_t traces; /* of a block */
    int64_t values; /* of a trace */
    int64_t value_bytes;
    int64_t trace_bytes;
    int64_t status;
    int64_t block_headers;
} header;

/* The file of a name as instruments write it, or in upper case; NULL when neither is there. */
static const char *name_in(const char *folder, const char *lower, const char *upper)
{
    return fmx__is_file_in(folder, lower) ? lower : fmx__is_file_in(folder, upper) ? upper : NULL;
}

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    if (!entry->is_folder || (!fmx__entry_has(entry, "fid") && !fmx__entry_has(entry, "FID")) ||
        (!fmx__entry_has(entry, "procpar") && !fmx__entry_has(entry, "PROCPAR")))
        return FMX_OK;
    return fmx__source_append(ctx, list, entry->path, fmx__reader_varian.name, FMX_KIND_FID);
}

static int64_t load_32(const char *at)
{
    return (int32_t)fmx__bits_at(at, 4, true);
}

static fmx_status read_header(fmx_context *ctx, const char *path, uint64_t bytes, header *out)
{
    char *raw = NULL;
    size_t have = 0;
    if (bytes < FILE_HEADER + BLOCK_HEADER)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: %ju bytes, the headers alone have %d; the acquisition was never "
                         "written, copy the file again",
                         path, (uintmax_t)bytes, FILE_HEADER + BLOCK_HEADER);
    fmx_status status = fmx__read_start(ctx, path, FILE_HEADER, &raw, &have);
    if (status == FMX_OK && have < FILE_HEADER)
        status = fmx__fail(ctx, FMX_ERROR_READ, "%s: shrank while it was read", path);
    if (status != FMX_OK) {
        free(raw);
        return status;
    }
    *out = (header){
        .blocks = load_32(raw),
        .traces = load_32(raw + 4),
        .values = load_32(raw + 8),
        .value_bytes = load_32(raw + 12),
        .trace_bytes = load_32(raw + 16),
        .status = (int64_t)fmx__bits_at(raw + 26, 2, true),
        .block_headers = load_32(raw + 28),
    };
    free(raw);
    return FMX_OK;
}

static fmx_status refuse(fmx_context *ctx, const char *path, int offset, const char *field,
                         int64_t value, const char *expected)
{
    return fmx__fail(ctx, FMX_ERROR_FORMAT,
                     "%s: byte %d: %s is %jd, expected %s; the file is damaged", path, offset,
                     field, (intmax_t)value, expected);
}

/* Whether the numbers of the header fit one another, and one FID is all there is. */
static fmx_status check_header(fmx_context *ctx, const char *path, const header *h)
{
    if (h->values < 2 || h->values > NP_MOST)
        return refuse(ctx, path, 8, "np", h->values, "2 to 2^28 values");
    if (h->value_bytes != ((h->status & (IS_32_BIT | IS_FLOAT)) != 0 ? 4 : 2))
        return refuse(ctx, path, 12, "ebytes", h->value_bytes, "the size that `status` tells");
    if (h->trace_bytes != h->values * h->value_bytes)
        return refuse(ctx, path, 16, "tbytes", h->trace_bytes, "np times ebytes");
    if ((h->status & HAS_DATA) == 0)
        return refuse(ctx, path, 26, "status", h->status, "one that says that there are data");
    if ((h->status & IS_SPECTRUM) != 0)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: holds a spectrum, not a FID (status 0x%jx); give the folder of the "
                         "acquisition",
                         path, (uintmax_t)h->status);
    if (h->blocks != 1 || h->traces != 1)
        return fmx__fail(
            ctx, FMX_ERROR_UNSUPPORTED,
            "%s: holds %jd FIDs (an array, or two and more dimensions), and only single "
            "ones are read; save each as a folder of its own",
            path, (intmax_t)h->blocks * (intmax_t)h->traces);
    if (h->block_headers < 1 || h->block_headers > BLOCK_HEADERS_MOST)
        return refuse(ctx, path, 28, "nbheaders", h->block_headers, "1 to 9");
    return FMX_OK;
}

/* The frequency of 0 ppm: reffrq, or from the reference line (rfp Hz, rfl Hz from the right end).
 */
static fmx_status read_reference(fmx_context *ctx, const fmx__procpar *procpar, fmx_fid *out)
{
    double rfl_hz = 0;
    double rfp_hz = 0;
    double reference = 0;
    fmx_status status = fmx__procpar_number(ctx, procpar, "reffrq", 0, 1e4, 0, &reference);
    if (status == FMX_OK)
        status = fmx__procpar_number(ctx, procpar, "rfl", -1e9, 1e9, 0, &rfl_hz);
    if (status == FMX_OK)
        status = fmx__procpar_number(ctx, procpar, "rfp", -1e9, 1e9, 0, &rfp_hz);
    if (reference == 0 && fmx__procpar_find(procpar, "rfl") != NULL)
        reference = out->obs_mhz + 1e-6 * (rfl_hz - rfp_hz - 0.5 * out->sw_hz);
    if (fabs(reference - out->obs_mhz) < 1e-3 * out->obs_mhz) /* 1000 ppm */
        out->reference_mhz = reference;
    return status;
}

static fmx_status describe(fmx_context *ctx, const fmx__procpar *procpar, fmx_fid *out)
{
    const fmx__procpar_item *tn = fmx__procpar_find(procpar, "tn");
    const fmx__procpar_item *solvent = fmx__procpar_find(procpar, "solvent");
    double scans = 1;
    if (tn != NULL && !fmx__nucleus_name(tn->value, out->nucleus) &&
        strlen(tn->value) < sizeof out->nucleus)
        strcpy(out->nucleus, tn->value);
    fmx_status status = fmx__procpar_number(ctx, procpar, "sfrq", 0.01, 1e4, NAN, &out->obs_mhz);
    if (status == FMX_OK)
        status = fmx__procpar_number(ctx, procpar, "sw", 0.1, 1e9, NAN, &out->sw_hz);
    if (status == FMX_OK)
        status = fmx__procpar_number(ctx, procpar, "nt", 0, 2147483647, 1, &scans);
    out->scans = (int)scans;
    out->base_mhz = out->obs_mhz;
    /* the signal turns the other way than Bruker's */
    out->reversed = true;
    if (status == FMX_OK)
        status = read_reference(ctx, procpar, out);
    if (status == FMX_OK)
        status = fmx__text_one_line(ctx, solvent != NULL ? solvent->value : "", &out->solvent);
    return status;
}

/* The file `text`. */
static fmx_status read_title(fmx_context *ctx, const char *folder, char **out)
{
    const char *name = name_in(folder, "text", "TEXT");
    char *path = NULL;
    fmx_status status = name != NULL ? fmx__format(ctx, &path, "%s/%s", folder, name) : FMX_OK;
    if (status == FMX_OK)
        status = fmx__title_read(ctx, path, out);
    free(path);
    return status;
}

/* Layout of the values, and how many complex points there are. */
static fmx_status locate(fmx_context *ctx, const char *path, fmx__values *values, size_t *points)
{
    header h = {0};
    uint64_t bytes = 0;
    fmx_status status = fmx__file_bytes(ctx, path, &bytes);
    if (status == FMX_OK)
        status = read_header(ctx, path, bytes, &h);
    if (status == FMX_OK)
        status = check_header(ctx, path, &h);
    if (status != FMX_OK)
        return status;
    *values = (fmx__values){
        .path = path,
        .offset = FILE_HEADER + (uint64_t)h.block_headers * BLOCK_HEADER,
        .type = (h.status & IS_FLOAT) != 0    ? FMX__VALUE_FLOAT32
                : (h.status & IS_32_BIT) != 0 ? FMX__VALUE_INT32
                                              : FMX__VALUE_INT16,
        .big_endian = true,
        .scale = 1,
    };
    uint64_t room = bytes > values->offset ? bytes - values->offset : 0;
    uint64_t present = room / (2 * (uint64_t)h.value_bytes);
    uint64_t promised = (uint64_t)h.values / 2;
    if (present == 0)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: ends at byte %ju, before its first point; copy the file again", path,
                         (uintmax_t)bytes);
    if (present < promised)
        fmx__log(
            ctx, FMX_LOG_WARNING,
            "%s: %ju complex points, its header says %ju: a truncated acquisition, read as far "
            "as it goes",
            path, (uintmax_t)present, (uintmax_t)promised);
    *points = (size_t)(present < promised ? present : promised);
    return FMX_OK;
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    const char *folder = source->path;
    const char *parameters = name_in(folder, "procpar", "PROCPAR");
    const char *data = name_in(folder, "fid", "FID");
    fmx__procpar procpar = {0};
    fmx__values values = {0};
    char *path = NULL;
    if (parameters == NULL || data == NULL)
        return fmx__fail(ctx, FMX_ERROR_NOT_FOUND, "%s: %s is missing", folder,
                         data == NULL ? "fid" : "procpar");
    out->is_complex = true;
    fmx_status status = fmx__format(ctx, &path, "%s/%s", folder, parameters);
    if (status == FMX_OK)
        status = fmx__procpar_read(ctx, path, &procpar);
    if (status == FMX_OK)
        status = describe(ctx, &procpar, out);
    fmx__procpar_clear(&procpar);
    free(path);
    path = NULL;
    if (status == FMX_OK)
        status = read_title(ctx, folder, &out->title);
    if (status == FMX_OK)
        status = fmx__format(ctx, &path, "%s/%s", folder, data);
    if (status == FMX_OK)
        status = locate(ctx, path, &values, &out->points);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = fmx__alloc(ctx, out->points, 2 * sizeof *out->data, path, &out->data);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = fmx__values_read(ctx, &values, 2 * out->points, 1, out->data);
    free(path);
    return status;
}

static const char *const files[] = {"fid", "FID", "procpar", "PROCPAR", NULL};

const fmx__reader fmx__reader_varian = {
    .name = "varian",
    .files = files,
    .find = find,
    .read = read,
};

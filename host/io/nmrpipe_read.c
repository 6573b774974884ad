/* NMRPipe, one dimension: a header of 512 single-precision numbers, then all real and all imaginary
 * values. docs/formats.md says what of it is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "text_encoding.h"
#include "values_read.h"

enum { HEADER = 2048, POINTS_MOST = 1 << 28, TITLE_BYTES = 60, LABEL_BYTES = 8 };

/* Numbers of the header, counted in floats. */
enum {
    MAGIC = 0,
    FORMAT = 1,
    ORDER = 2,
    DIMENSIONS = 9,
    LABEL = 16,
    REAL_ONLY = 56,
    SIZE = 99,
    WIDTH_HZ = 100,
    ORIGIN_HZ = 101, /* frequency of the last point, Hz from 0 ppm */
    OBSERVE_MHZ = 119,
    IS_SPECTRUM = 220,
    DELAY = 40, /* FDDMXVAL: points of digital-filter delay */
    TITLE = 297,
};

/* FDFLTORDER: tells the byte order. */
static const float order = 2.345f;
/* FDFLTFORMAT of IEEE numbers, as a float of either byte order. */
static const float ieee = 4008636160.0f;

static float single(const char *start, size_t n, bool big_endian)
{
    return (float)fmx__value_at(start + 4 * n, FMX__VALUE_FLOAT32, big_endian);
}

/* 0: not NMRPipe's, 1: little-endian, 2: big-endian. */
static int order_of(const char *start, size_t bytes)
{
    if (bytes < HEADER || single(start, MAGIC, false) != 0)
        return 0;
    for (int big = 0; big <= 1; ++big) {
        if (single(start, ORDER, big) == order && single(start, FORMAT, big) == ieee)
            return 1 + big;
    }
    return 0;
}

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    int found = entry->is_folder ? 0 : order_of(entry->start, entry->start_bytes);
    if (found == 0)
        return FMX_OK;
    bool transformed = single(entry->start, IS_SPECTRUM, found == 2) != 0;
    return fmx__source_append(ctx, list, entry->path, fmx__reader_nmrpipe.name,
                              transformed ? FMX_KIND_SPECTRUM : FMX_KIND_FID);
}

static fmx_status refuse(fmx_context *ctx, const char *path, size_t n, const char *field,
                         double found, const char *expected)
{
    return fmx__fail(ctx, FMX_ERROR_FORMAT,
                     "%s: byte %zu: %s is %.9g, expected %s; the file is damaged or not finished",
                     path, 4 * n, field, found, expected);
}

static fmx_status text_at(fmx_context *ctx, const char *start, size_t n, size_t bytes, char **out)
{
    char *utf8 = NULL;
    fmx_status status = fmx__text_to_utf8(ctx, start + 4 * n, strnlen(start + 4 * n, bytes), &utf8);
    if (status == FMX_OK)
        status = fmx__text_one_line(ctx, utf8, out);
    free(utf8);
    return status;
}

static fmx_status describe(fmx_context *ctx, const char *path, const char *start, bool big,
                           fmx_fid *out)
{
    char label[LABEL_BYTES + 1] = "";
    double width = (double)single(start, WIDTH_HZ, big);
    double observe = (double)single(start, OBSERVE_MHZ, big);
    double origin = (double)single(start, ORIGIN_HZ, big);
    double size = (double)single(start, SIZE, big);
    double delay = (double)single(start, DELAY, big);
    if (single(start, DIMENSIONS, big) != 1)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: %g dimensions; only one-dimensional files are read", path,
                         (double)single(start, DIMENSIONS, big));
    if (!(size >= 1 && size <= POINTS_MOST) || size != floor(size))
        return refuse(ctx, path, SIZE, "FDSIZE", size, "1 to 2^28 points");
    if (!(width >= 0.1 && width <= 1e9))
        return refuse(ctx, path, WIDTH_HZ, "FDF2SW", width, "0.1 to 1e9 Hz");
    if (!(observe >= 0.01 && observe <= 1e4))
        return refuse(ctx, path, OBSERVE_MHZ, "FDF2OBS", observe, "0.01 to 1e4 MHz");
    if (!(fabs(origin) <= 1e9))
        return refuse(ctx, path, ORIGIN_HZ, "FDF2ORIG", origin, "a frequency within 1e9 Hz");
    if (!(fabs(delay) < size))
        return refuse(ctx, path, DELAY, "FDDMXVAL", delay, "less than the number of points");
    memcpy(label, start + 4 * LABEL, LABEL_BYTES);
    (void)fmx__nucleus_name(label, out->nucleus); /* any other label says nothing */
    out->points = (size_t)size;
    out->sw_hz = width;
    out->base_mhz = observe;
    out->group_delay = delay > 0 ? delay : 0;
    out->scans = 1;
    /* the last point of a spectrum lies at ORIG, its centre (point N/2 from 0) at the transmitter
     */
    double step_hz = width / size;
    double centre_hz = origin + step_hz * (size - 1 - floor(size / 2));
    out->obs_mhz = observe;
    out->reference_mhz = observe / (1 + 1e-6 * centre_hz / observe);
    out->ppm_step = -step_hz / observe;
    out->ppm_first = (origin + step_hz * (size - 1)) / observe;
    fmx_status status = text_at(ctx, start, TITLE, TITLE_BYTES, &out->title);
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->solvent, "%s", "");
    return status;
}

static fmx_status read_values(fmx_context *ctx, fmx__values *values, fmx_fid *out)
{
    size_t parts = out->is_complex ? 2 : 1;
    fmx_status status =
        fmx__alloc(ctx, out->points, parts * sizeof *out->data, values->path, &out->data);
    for (size_t part = 0; status == FMX_OK && part < parts; ++part) {
        values->offset = HEADER + (uint64_t)part * out->points * sizeof(float);
        status = fmx__values_read(ctx, values, out->points, parts, out->data + part);
    }
    return status;
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    fmx__values values = {.path = source->path, .type = FMX__VALUE_FLOAT32, .scale = 1};
    char *start = NULL;
    size_t bytes = 0;
    uint64_t file_bytes = 0;
    int found = 0;
    fmx_status status = fmx__file_bytes(ctx, source->path, &file_bytes);
    if (status == FMX_OK)
        status = fmx__read_start(ctx, source->path, HEADER, &start, &bytes);
    if (status == FMX_OK)
        found = order_of(start, bytes);
    if (status == FMX_OK && found == 0)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: byte 8 is not 2.345, NMRPipe's mark of its header", source->path);
    values.big_endian = found == 2;
    if (status == FMX_OK)
        status = describe(ctx, source->path, start, values.big_endian, out);
    if (status == FMX_OK) {
        out->is_complex = single(start, REAL_ONLY, values.big_endian) == 0;
        uint64_t needed = HEADER + (uint64_t)out->points * (out->is_complex ? 8 : 4);
        if (source->kind == FMX_KIND_FID && !out->is_complex)
            status = fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                               "%s: a FID of real points only is not handled", source->path);
        else if (file_bytes < needed)
            status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                               "%s: %ju bytes, its %zu points need %ju; copy the file again",
                               source->path, (uintmax_t)file_bytes, out->points, (uintmax_t)needed);
    }
    free(start);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = read_values(ctx, &values, out);
    return status;
}

const fmx__reader fmx__reader_nmrpipe = {
    .name = "nmrpipe",
    .find = find,
    .read = read,
};

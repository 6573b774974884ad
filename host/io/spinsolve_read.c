/* Magritek Spinsolve and Prospa: a folder with data.1d (the FID), acqu.par (parameters) and perhaps
 * spectrum.1d. docs/formats.md says what of them is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "text_encoding.h"
#include "values_read.h"

enum {
    HEADER = 32,
    COMPLEX_POINTS = 504, /* an axis of n values, then n complex points */
    POINTS_MOST = 1 << 28,
    PARAMETER_BYTES_MOST = 1 << 20,
    KEY_MOST = 64,
};

/* "PROS" "DATA" "V1.1" as little-endian words. */
static const char magic[12] = {'S', 'O', 'R', 'P', 'A', 'T', 'A', 'D', '1', '.', '1', 'V'};

static const char data_name[] = "data.1d";
static const char spectrum_name[] = "spectrum.1d";
static const char parameters_name[] = "acqu.par";

/* The spectrum named itself; in a tree it comes with its folder. */
static fmx_status find_named(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    const char *slash = strrchr(entry->path, '/');
    char *folder = NULL;
    if (entry->depth > 0 || strcmp(slash != NULL ? slash + 1 : entry->path, spectrum_name) != 0)
        return FMX_OK;
    fmx_status status =
        slash != NULL ? fmx__format(ctx, &folder, "%.*s", (int)(slash - entry->path), entry->path)
                      : fmx__format(ctx, &folder, ".");
    if (status == FMX_OK && fmx__is_file_in(folder, parameters_name))
        status = fmx__source_append(ctx, list, entry->path, fmx__reader_spinsolve.name,
                                    FMX_KIND_SPECTRUM);
    free(folder);
    return status;
}

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    char *path = NULL;
    if (!entry->is_folder)
        return find_named(ctx, entry, list);
    if (!fmx__entry_has(entry, parameters_name))
        return FMX_OK;
    bool fid = fmx__entry_has(entry, data_name);
    bool spectrum = fmx__entry_has(entry, spectrum_name);
    fmx_status status = FMX_OK;
    if (fid)
        status =
            fmx__source_append(ctx, list, entry->path, fmx__reader_spinsolve.name, FMX_KIND_FID);
    if (status == FMX_OK && spectrum && (!fid || entry->with_processed)) {
        status = fmx__format(ctx, &path, "%s/%s", entry->path, spectrum_name);
        if (status == FMX_OK)
            status =
                fmx__source_append(ctx, list, path, fmx__reader_spinsolve.name, FMX_KIND_SPECTRUM);
        free(path);
    }
    return status;
}

typedef struct parameters {
    fmx_context *ctx;
    char *path;
    char *text; /* UTF-8 */
} parameters;

static fmx_status read_parameters(fmx_context *ctx, const char *folder, parameters *out)
{
    char *raw = NULL;
    size_t bytes = 0;
    *out = (parameters){.ctx = ctx};
    fmx_status status = fmx__format(ctx, &out->path, "%s/%s", folder, parameters_name);
    if (status == FMX_OK)
        status = fmx__read_file(ctx, out->path, PARAMETER_BYTES_MOST, &raw, &bytes);
    if (status == FMX_OK)
        status = fmx__text_to_utf8(ctx, raw, bytes, &out->text);
    free(raw);
    return status;
}

static void clear_parameters(parameters *p)
{
    free(p->path);
    free(p->text);
}

/* The value of `key = value` or `key = "value"`, blanks and quotes off, as a range of the text;
 * NULL when there is none. */
static const char *find_value(const parameters *p, const char *key, size_t *length)
{
    size_t n = strlen(key);
    for (const char *line = p->text; line != NULL && *line != '\0';) {
        const char *end = line + strcspn(line, "\r\n");
        const char *at = line + strspn(line, " \t");
        if (strncmp(at, key, n) == 0) {
            at += n;
            at += strspn(at, " \t");
            if (*at == '=' && at < end) {
                ++at;
                while (at < end && (*at == ' ' || *at == '\t'))
                    ++at;
                while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
                    --end;
                if (end - at >= 2 && *at == '"' && end[-1] == '"') {
                    ++at;
                    --end;
                }
                *length = (size_t)(end - at);
                return at;
            }
        }
        line = end + strspn(end, "\r\n");
    }
    return NULL;
}

/* A number within [least, most]; it may end in "d". Absent: `otherwise`, refused where that is NaN.
 */
static fmx_status number(const parameters *p, const char *key, double least, double most,
                         double otherwise, double *out)
{
    size_t length = 0;
    char text[KEY_MOST] = "";
    char *end = NULL;
    const char *value = find_value(p, key, &length);
    *out = otherwise;
    if (value == NULL && !isnan(otherwise))
        return FMX_OK;
    if (value == NULL)
        return fmx__fail(p->ctx, FMX_ERROR_FORMAT,
                         "%s: %s is missing; copy the file from the instrument again", p->path,
                         key);
    memcpy(text, value, length < sizeof text ? length : sizeof text - 1);
    double found = strtod(text, &end);
    end += end != text && *end == 'd';
    if (end == text || *end != '\0' || !(found >= least && found <= most))
        return fmx__fail(p->ctx, FMX_ERROR_FORMAT, "%s: %s = \"%s\" is no number from %g to %g",
                         p->path, key, text, least, most);
    *out = found;
    return FMX_OK;
}

static fmx_status text(const parameters *p, const char *key, char **out)
{
    size_t length = 0;
    char *copy = NULL;
    const char *value = find_value(p, key, &length);
    fmx_status status = fmx__format(p->ctx, &copy, "%.*s", (int)length, value != NULL ? value : "");
    if (status == FMX_OK)
        status = fmx__text_one_line(p->ctx, copy, out);
    free(copy);
    return status;
}

static fmx_status describe(const parameters *p, fmx_fid *out)
{
    double dwell_us = 0;
    double lowest_hz = 0;
    double scans = 1;
    size_t length = 0;
    const char *channel = find_value(p, "rxChannel", &length);
    if (channel != NULL && length < sizeof out->nucleus)
        memcpy(out->nucleus, channel, length);
    fmx_status status = number(p, "b1Freq", 0.01, 1e4, NAN, &out->obs_mhz);
    if (status == FMX_OK)
        status = number(p, "dwellTime", 1e-3, 1e7, NAN, &dwell_us);
    if (status == FMX_OK)
        status = number(p, "nrScans", 0, 2147483647, 1, &scans);
    bool referenced = find_value(p, "lowestFrequency", &length) != NULL; /* Prospa knows no shift */
    if (status == FMX_OK)
        status = number(p, "lowestFrequency", -1e9, 1e9, 0, &lowest_hz);
    out->scans = (int)scans;
    out->base_mhz = out->obs_mhz;
    out->sw_hz = dwell_us > 0 ? 1e6 / dwell_us : 0;
    out->reversed = true; /* the signal turns the other way than Bruker's */
    if (status == FMX_OK && referenced)
        out->reference_mhz = out->obs_mhz - 1e-6 * (lowest_hz + 0.5 * out->sw_hz);
    if (status == FMX_OK)
        status = text(p, "Solvent", &out->solvent);
    if (status == FMX_OK)
        status =
            text(p, find_value(p, "Sample", &length) != NULL ? "Sample" : "expName", &out->title);
    return status;
}

/* Points of a file of type 504, with its size checked. */
static fmx_status read_header(fmx_context *ctx, const char *path, size_t *points)
{
    char *start = NULL;
    size_t have = 0;
    uint64_t bytes = 0;
    fmx_status status = fmx__file_bytes(ctx, path, &bytes);
    if (status == FMX_OK)
        status = fmx__read_start(ctx, path, HEADER, &start, &have);
    if (status != FMX_OK)
        return status;
    bool whole = have == HEADER && memcmp(start, magic, sizeof magic) == 0;
    uint32_t type = whole ? (uint32_t)fmx__bits_at(start + 12, 4, false) : 0;
    uint32_t n = whole ? (uint32_t)fmx__bits_at(start + 16, 4, false) : 0;
    uint32_t rows = whole ? (uint32_t)fmx__bits_at(start + 20, 4, false) : 0;
    free(start);
    if (!whole)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: does not begin with a header of Prospa (\"PROSDATAV1.1\"); copy the "
                         "file again",
                         path);
    if (type != COMPLEX_POINTS)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: byte 12: type %u is not handled, only 504 (complex points with an "
                         "axis)",
                         path, type);
    if (n < 1 || n > POINTS_MOST || rows != 1)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: byte 16: %u x %u points, expected one row of 1 to 2^28; the file is "
                         "damaged or of two dimensions",
                         path, n, rows);
    if (bytes < HEADER + (uint64_t)n * 12)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: %ju bytes, its %u points need %ju; copy the file again", path,
                         (uintmax_t)bytes, n, (uintmax_t)(HEADER + (uint64_t)n * 12));
    *points = n;
    return FMX_OK;
}

/* The real part and the axis (ppm, ascending) of a processed spectrum, turned round. */
static fmx_status read_spectrum(fmx_context *ctx, const char *path, fmx_read_depth depth,
                                fmx_fid *out)
{
    fmx__values values = {.path = path, .offset = HEADER, .type = FMX__VALUE_FLOAT32, .scale = 1};
    float *axis = NULL;
    float *complex_points = NULL;
    size_t n = out->points;
    fmx_status status = fmx__alloc(ctx, n, sizeof *axis, path, &axis);
    if (status == FMX_OK)
        status = fmx__values_read(ctx, &values, n, 1, axis);
    if (status == FMX_OK && (n < 2 || !(axis[n - 1] > axis[0])))
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: byte 32: the axis does not rise; the file is damaged", path);
    if (status == FMX_OK) {
        out->ppm_first = (double)axis[n - 1];
        out->ppm_step = ((double)axis[0] - (double)axis[n - 1]) / (double)(n - 1);
        out->sw_hz = -out->ppm_step * (double)n * out->obs_mhz;
        out->is_complex = false;
    }
    values.offset += n * sizeof(float);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = fmx__alloc(ctx, n, sizeof *out->data, path, &out->data);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = fmx__alloc(ctx, n, 2 * sizeof *complex_points, path, &complex_points);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = fmx__values_read(ctx, &values, 2 * n, 1, complex_points);
    for (size_t i = 0; status == FMX_OK && depth == FMX_READ_DATA && i < n; ++i)
        out->data[i] = complex_points[2 * (n - 1 - i)];
    free(complex_points);
    free(axis);
    return status;
}

static fmx_status read_fid(fmx_context *ctx, const char *path, fmx_fid *out)
{
    fmx__values values = {
        .path = path,
        .offset = HEADER + (uint64_t)out->points * sizeof(float),
        .type = FMX__VALUE_FLOAT32,
        .scale = 1,
    };
    fmx_status status = fmx__alloc(ctx, out->points, 2 * sizeof *out->data, path, &out->data);
    if (status == FMX_OK)
        status = fmx__values_read(ctx, &values, 2 * out->points, 1, out->data);
    return status;
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    bool spectrum = source->kind == FMX_KIND_SPECTRUM;
    parameters p = {0};
    char *folder = NULL;
    char *path = NULL;
    fmx_status status = fmx__format(ctx, &folder, "%s", source->path);
    if (status == FMX_OK && spectrum) {
        char *slash = strrchr(folder, '/');
        if (slash != NULL)
            *slash = '\0';
        else
            strcpy(folder, ".");
    }
    if (status == FMX_OK)
        status = fmx__format(ctx, &path, "%s/%s", folder, spectrum ? spectrum_name : data_name);
    if (status == FMX_OK)
        status = read_parameters(ctx, folder, &p);
    out->is_complex = true;
    if (status == FMX_OK)
        status = describe(&p, out);
    clear_parameters(&p);
    if (status == FMX_OK)
        status = read_header(ctx, path, &out->points);
    if (status == FMX_OK && spectrum)
        status = read_spectrum(ctx, path, depth, out);
    if (status == FMX_OK && !spectrum && depth == FMX_READ_DATA)
        status = read_fid(ctx, path, out);
    free(path);
    free(folder);
    return status;
}

static const char *const files[] = {data_name, parameters_name, NULL};

const fmx__reader fmx__reader_spinsolve = {
    .name = "spinsolve",
    .files = files,
    .find = find,
    .read = read,
};

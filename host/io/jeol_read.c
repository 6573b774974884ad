/* JEOL Delta (.jdf): a header with big-endian numbers, parameters and values in the order that the
 * header tells. docs/formats.md says what of it is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io.h"
#include "text_encoding.h"
#include "values_read.h"

enum {
    HEADER = 1360,
    AXES = 8,
    RECORD = 64, /* bytes of a parameter */
    PARAMETERS_MOST = 1 << 16,
    POINTS_MOST = 1 << 28,
    UNIT_HERTZ = 13,
    UNIT_PPM = 26,
    UNIT_SECOND = 28,
    FILTER_STAGES = 8,
};

/* Offsets in the header. */
enum {
    AT_ENDIAN = 8,
    AT_DIMENSIONS = 12,
    AT_TYPE = 14,
    AT_AXIS_TYPE = 24,
    AT_UNIT = 32,
    AT_TITLE = 48,
    AT_POINTS = 176,
    AT_FIRST = 208,
    AT_LAST = 240,
    AT_AXIS_START = 272,
    AT_AXIS_STOP = 336,
    AT_PARAMETERS = 1212,
    AT_DATA = 1284,
};

/* How the values of an axis type lie: sections of `points` values one behind the other. */
enum { AXIS_REAL = 1, AXIS_COMPLEX = 3 };

typedef struct jdf {
    fmx_context *ctx;
    const char *path;
    unsigned char *head; /* header and parameters */
    size_t head_bytes;
    bool little; /* parameters and values */
    uint64_t file_bytes;
    size_t records;
    const unsigned char *record; /* the first */
} jdf;

/* The value of a parameter: text, or a number in the unit that the file gives, without its prefix.
 */
typedef struct value {
    bool is_number;
    double number;
    char text[17];
} value;

static const unsigned char magic[8] = {'J', 'E', 'O', 'L', '.', 'N', 'M', 'R'};

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    bool in_seconds = entry->start_bytes > AT_UNIT + 1 && entry->start[AT_UNIT + 1] == UNIT_SECOND;
    if (entry->is_folder || entry->start_bytes < sizeof magic ||
        memcmp(entry->start, magic, sizeof magic) != 0)
        return FMX_OK;
    return fmx__source_append(ctx, list, entry->path, fmx__reader_jeol.name,
                              in_seconds ? FMX_KIND_FID : FMX_KIND_SPECTRUM);
}

static fmx_status refuse(const jdf *f, size_t offset, const char *field, double found,
                         const char *expected)
{
    return fmx__fail(f->ctx, FMX_ERROR_FORMAT,
                     "%s: byte %zu: %s is %.15g, expected %s; the file is damaged", f->path, offset,
                     field, found, expected);
}

/* Header and parameters, in one piece. */
static fmx_status open_file(jdf *f)
{
    char *raw = NULL;
    fmx_status status = fmx__file_bytes(f->ctx, f->path, &f->file_bytes);
    if (status == FMX_OK)
        status = fmx__read_start(f->ctx, f->path, HEADER, &raw, &f->head_bytes);
    f->head = (unsigned char *)raw;
    if (status != FMX_OK)
        return status;
    if (f->head_bytes < HEADER || memcmp(f->head, magic, sizeof magic) != 0)
        return fmx__fail(f->ctx, FMX_ERROR_FORMAT,
                         "%s: %zu bytes without a whole header of JEOL Delta; copy the file again",
                         f->path, f->head_bytes);
    uint64_t start = fmx__bits_at(f->head + AT_PARAMETERS, 4, true);
    uint64_t length = fmx__bits_at(f->head + AT_PARAMETERS + 4, 4, true);
    if (f->head[AT_ENDIAN] > 1)
        return refuse(f, AT_ENDIAN, "the byte order", f->head[AT_ENDIAN], "0 or 1");
    f->little = f->head[AT_ENDIAN] == 1;
    if (start < HEADER || length < 16 || length > (uint64_t)PARAMETERS_MOST * RECORD ||
        start > f->file_bytes || length > f->file_bytes - start)
        return refuse(f, AT_PARAMETERS, "the place of the parameters", (double)start,
                      "one behind the header and inside the file");
    free(raw);
    f->head = NULL;
    status = fmx__read_start(f->ctx, f->path, (size_t)(start + length), &raw, &f->head_bytes);
    f->head = (unsigned char *)raw;
    if (status == FMX_OK && f->head_bytes < start + length)
        status = fmx__fail(f->ctx, FMX_ERROR_READ, "%s: shrank while it was read", f->path);
    if (status != FMX_OK)
        return status;
    const unsigned char *block = f->head + start;
    uint64_t records = fmx__bits_at(block + 8, 4, !f->little) + 1;
    if (fmx__bits_at(block, 4, !f->little) != RECORD || records * RECORD + 16 > length)
        return refuse(f, (size_t)start, "the size of a parameter",
                      (double)fmx__bits_at(block, 4, !f->little),
                      "64, and all of them inside the block");
    f->records = (size_t)records;
    f->record = block + 16;
    return FMX_OK;
}

/* Names of files differ in case between versions of Delta. */
static bool named(const unsigned char *name, const char *wanted)
{
    size_t n = strlen(wanted);
    for (size_t i = 0; i < n; ++i) {
        int c = name[i] >= 'A' && name[i] <= 'Z' ? name[i] + ('a' - 'A') : name[i];
        if (c != wanted[i])
            return false;
    }
    return n == 28 || name[n] == ' ' || name[n] == '\0';
}

/* The last parameter of a name; false when there is none. */
static bool look_up(const jdf *f, const char *name, value *out)
{
    bool found = false;
    for (size_t i = 0; i < f->records; ++i) {
        const unsigned char *r = f->record + i * RECORD;
        if (!named(r + 36, name))
            continue;
        uint64_t type = fmx__bits_at(r + 32, 4, !f->little);
        found = true;
        *out = (value){.is_number = type == 1 || type == 2};
        if (type == 1)
            out->number = (int32_t)fmx__bits_at(r + 16, 4, !f->little);
        else if (type == 2)
            out->number = fmx__value_at(r + 16, FMX__VALUE_FLOAT64, !f->little);
        else
            memcpy(out->text, r + 16, 16);
        for (size_t n = strlen(out->text); n > 0 && out->text[n - 1] == ' '; --n)
            out->text[n - 1] = '\0';
    }
    return found;
}

/* A number within [least, most]; absent: `otherwise`, or refused where that is NaN. */
static fmx_status number(const jdf *f, const char *name, double least, double most,
                         double otherwise, double *out)
{
    value v = {0};
    *out = otherwise;
    if (!look_up(f, name, &v)) {
        if (!isnan(otherwise))
            return FMX_OK;
        return fmx__fail(f->ctx, FMX_ERROR_FORMAT, "%s: parameter %s is missing", f->path, name);
    }
    if (!v.is_number || !(v.number >= least && v.number <= most))
        return fmx__fail(f->ctx, FMX_ERROR_FORMAT, "%s: %s = %.15g is no number from %g to %g",
                         f->path, name, v.number, least, most);
    *out = v.number;
    return FMX_OK;
}

/* "Proton", "1H", "Carbon13", "Fluorine19": to mass and symbol. */
static void name_nucleus(const char *domain, char nucleus[16])
{
    static const char *const names[][2] = {
        {"Proton", "1H"},      {"Deuterium", "2H"}, {"Carbon13", "13C"},   {"Nitrogen14", "14N"},
        {"Nitrogen15", "15N"}, {"Oxygen17", "17O"}, {"Fluorine19", "19F"}, {"Phosphorus31", "31P"},
        {"Silicon29", "29Si"}, {"Boron11", "11B"},  {"Sodium23", "23Na"},  {"Lithium7", "7Li"},
    };
    if (strlen(domain) < 16)
        strcpy(nucleus, domain);
    for (size_t i = 0; i < FMX__COUNT(names); ++i) {
        if (strcmp(domain, names[i][0]) == 0)
            strcpy(nucleus, names[i][1]);
    }
}

/* Stages of decimation, `orders` taps and `factors` each: the delay in points of what comes out is
 * half the sum of (order - 1) / (product of the factors of this and all later stages). */
static fmx_status filter_delay(const jdf *f, double *points)
{
    value on = {0};
    value orders = {0};
    value factors = {0};
    double order[FILTER_STAGES];
    double factor[FILTER_STAGES];
    *points = 0;
    bool digital = look_up(f, "digital_filter", &on) && strcmp(on.text, "TRUE") == 0;
    if (!digital)
        return FMX_OK;
    bool known = look_up(f, "orders", &orders) && look_up(f, "factors", &factors) &&
                 !orders.is_number && !factors.is_number;
    char *at = orders.text;
    char *below = factors.text;
    long stages = known ? strtol(at, &at, 10) : 0;
    known = known && stages >= 1 && stages <= FILTER_STAGES;
    for (long i = 0; known && i < stages; ++i) {
        order[i] = (double)strtol(at, &at, 10);
        factor[i] = (double)strtol(below, &below, 10);
        known = order[i] >= 1 && factor[i] >= 1;
    }
    if (!known || *at != '\0' || *below != '\0')
        return fmx__fail(
            f->ctx, FMX_ERROR_UNSUPPORTED,
            "%s: a digital filter of orders \"%s\" and factors \"%s\" is not understood, "
            "so its delay is not known",
            f->path, orders.text, factors.text);
    double below_it = 1;
    for (long i = stages; i-- > 0;) {
        below_it *= factor[i];
        *points += 0.5 * (order[i] - 1) / below_it;
    }
    return FMX_OK;
}

static fmx_status describe(const jdf *f, fmx_fid *out)
{
    value v = {0};
    double scans = 1;
    double reference_hz = 0;
    double offset_ppm = 0;
    if (look_up(f, "x_domain", &v) && !v.is_number)
        name_nucleus(v.text, out->nucleus);
    fmx_status status = number(f, "x_freq", 1e4, 1e10, NAN, &reference_hz);
    if (status == FMX_OK)
        status = number(f, "x_offset", -1e6, 1e6, 0, &offset_ppm);
    if (status == FMX_OK)
        status = number(f, "x_sweep", 0.1, 1e9, NAN, &out->sw_hz);
    if (status == FMX_OK)
        status = number(f, "total_scans", 0, 2147483647, 1, &scans);
    out->scans = (int)scans;
    out->reversed = true;                /* the signal turns the other way than Bruker's */
    out->base_mhz = 1e-6 * reference_hz; /* nominal: nobody has put a line to its place */
    out->obs_mhz = out->base_mhz * (1 + 1e-6 * offset_ppm);
    if (status == FMX_OK) {
        bool named_solvent = look_up(f, "solvent", &v) && !v.is_number;
        status = fmx__text_one_line(f->ctx, named_solvent ? v.text : "", &out->solvent);
    }
    if (status == FMX_OK) {
        char title[125] = "";
        char *utf8 = NULL;
        memcpy(title, f->head + AT_TITLE, 124);
        status = fmx__text_to_utf8(f->ctx, title, strlen(title), &utf8);
        if (status == FMX_OK)
            status = fmx__text_one_line(f->ctx, utf8, &out->title);
        free(utf8);
    }
    return status;
}

/* One axis of points from the first to the last that the user kept; values in sections. */
static fmx_status read_layout(const jdf *f, fmx_fid *out, fmx__values *values, size_t *all,
                              size_t *first)
{
    const unsigned char *h = f->head;
    int axis = h[AT_AXIS_TYPE];
    int type = h[AT_TYPE] >> 6;
    uint64_t points = fmx__bits_at(h + AT_POINTS, 4, true);
    uint64_t from = fmx__bits_at(h + AT_FIRST, 4, true);
    uint64_t to = fmx__bits_at(h + AT_LAST, 4, true);
    if (h[AT_DIMENSIONS] != 1 || (h[AT_TYPE] & 0x3f) != 1)
        return fmx__fail(f->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: %d dimensions; only one-dimensional files are read", f->path,
                         h[AT_DIMENSIONS]);
    if (type > 1)
        return refuse(f, AT_TYPE, "the type of values", type, "0 (64 bits) or 1 (32 bits)");
    if (axis != AXIS_REAL && axis != AXIS_COMPLEX)
        return fmx__fail(f->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: axis type %d is not handled, only real (1) and complex (3)", f->path,
                         axis);
    if (points < 1 || points > POINTS_MOST || from > to || to >= points)
        return refuse(f, AT_POINTS, "the number of points", (double)points,
                      "1 to 2^28, and a first and last of them in order");
    *values = (fmx__values){
        .path = f->path,
        .offset = fmx__bits_at(h + AT_DATA, 4, true),
        .type = type == 0 ? FMX__VALUE_FLOAT64 : FMX__VALUE_FLOAT32,
        .big_endian = !f->little,
        .scale = 1,
    };
    out->is_complex = axis == AXIS_COMPLEX;
    uint64_t bytes =
        points * fmx__value_bytes(values->type) * (out->is_complex ? 2 : 1); /* at most 2^32 */
    if (values->offset < HEADER || values->offset > f->file_bytes ||
        bytes > f->file_bytes - values->offset)
        return fmx__fail(f->ctx, FMX_ERROR_FORMAT,
                         "%s: %ju bytes, its %ju points need %ju behind byte %ju; copy the file "
                         "again",
                         f->path, (uintmax_t)f->file_bytes, (uintmax_t)points, (uintmax_t)bytes,
                         (uintmax_t)values->offset);
    *all = (size_t)points;
    *first = (size_t)from;
    out->points = (size_t)(to - from + 1);
    return FMX_OK;
}

static fmx_status read_values(const jdf *f, const fmx__values *values, size_t all, size_t first,
                              fmx_fid *out)
{
    size_t parts = out->is_complex ? 2 : 1;
    size_t width = fmx__value_bytes(values->type);
    fmx_status status =
        fmx__alloc(f->ctx, out->points, parts * sizeof *out->data, f->path, &out->data);
    for (size_t part = 0; status == FMX_OK && part < parts; ++part) {
        fmx__values section = *values;
        section.offset += (part * all + first) * width;
        status = fmx__values_read(f->ctx, &section, out->points, parts, out->data + part);
    }
    return status;
}

/* Chemical shifts of the first and last point, from high to low. */
static fmx_status read_axis(const jdf *f, fmx_fid *out, size_t all, size_t first)
{
    int unit = f->head[AT_UNIT + 1];
    double start = fmx__value_at(f->head + AT_AXIS_START, FMX__VALUE_FLOAT64, true);
    double stop = fmx__value_at(f->head + AT_AXIS_STOP, FMX__VALUE_FLOAT64, true);
    if (unit == UNIT_HERTZ) {
        start /= out->base_mhz;
        stop /= out->base_mhz;
    } else if (unit != UNIT_PPM) {
        return fmx__fail(
            f->ctx, FMX_ERROR_UNSUPPORTED,
            "%s: an axis in unit %d is not handled, only seconds (28), ppm (26) and Hz "
            "(13)",
            f->path, unit);
    }
    if (!(start > stop) || !isfinite(start) || !isfinite(stop) || all < 2)
        return refuse(f, AT_AXIS_START, "the start of the axis", start,
                      "a finite number above its end");
    out->ppm_step = (stop - start) / (double)(all - 1);
    out->ppm_first = start + (double)first * out->ppm_step;
    out->sw_hz = -out->ppm_step * out->base_mhz * (double)out->points;
    return FMX_OK;
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    jdf f = {.ctx = ctx, .path = source->path};
    fmx__values values = {0};
    size_t all = 0;
    size_t first = 0;
    fmx_status status = open_file(&f);
    if (status == FMX_OK)
        status = describe(&f, out);
    if (status == FMX_OK)
        status = read_layout(&f, out, &values, &all, &first);
    if (status == FMX_OK && source->kind == FMX_KIND_SPECTRUM)
        status = read_axis(&f, out, all, first);
    if (status == FMX_OK && source->kind == FMX_KIND_FID && !out->is_complex)
        status = fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                           "%s: a FID of real points only is not handled", source->path);
    if (status == FMX_OK && source->kind == FMX_KIND_FID)
        status = filter_delay(&f, &out->group_delay);
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = read_values(&f, &values, all, first, out);
    free(f.head);
    return status;
}

const fmx__reader fmx__reader_jeol = {
    .name = "jeol",
    .find = find,
    .read = read,
};

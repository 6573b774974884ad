/* nmrML 1.0: acquisition parameters and data as XML, by expat; the data are base64, often
 * compressed. docs/formats.md says what of it is read. */
#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "io.h"
#include "values_read.h"

enum {
    FILE_BYTES_MOST = 1 << 30,
    HEAD_BYTES_MOST = 1 << 20, /* in which the data begin */
    POINTS_MOST = 1 << 28,
    VALUE_MOST = 80,
    ONSET_POINTS = 200,
};

/* One block of base64 text and how its bytes are to be read. */
typedef struct encoded {
    char *text; /* grows while the element is open */
    size_t length;
    size_t capacity;
    char format[VALUE_MOST]; /* byteFormat */
    bool compressed;
    bool found;
} encoded;

typedef struct document {
    fmx_context *ctx;
    const char *path;
    XML_Parser parser;
    fmx_status status; /* of a callback */
    encoded fid;
    encoded spectrum;
    encoded *open; /* where text goes */
    bool is_varian;
    bool is_bruker;
    bool has_delay;
    bool has_axis;
    double start_ppm;
    double end_ppm;
    double real_values; /* numberOfDataPoints of the FID */
    fmx_fid *out;
} document;

/* A file whose first MiB has the begin of a spectrum and of no decay is a spectrum. */
static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    char *text = NULL;
    size_t bytes = 0;
    if (entry->is_folder || strstr(entry->start, "<nmrML") == NULL)
        return FMX_OK;
    fmx_status status = fmx__read_start(ctx, entry->path, HEAD_BYTES_MOST, &text, &bytes);
    if (status == FMX_ERROR_MEMORY)
        return status;
    if (status != FMX_OK) /* reading it will say why */
        fmx_context_clear(ctx);
    const char *decay = text != NULL ? strstr(text, "<fidData") : NULL;
    const char *spectrum = text != NULL ? strstr(text, "<spectrumDataArray") : NULL;
    bool is_spectrum = decay == NULL && spectrum != NULL;
    free(text);
    return fmx__source_append(ctx, list, entry->path, fmx__reader_nmrml.name,
                              is_spectrum ? FMX_KIND_SPECTRUM : FMX_KIND_FID);
}

/* ---- the document -----------------------------------------------------------------------------
 */

static void stop(document *d, fmx_status status)
{
    if (d->status == FMX_OK)
        d->status = status;
    (void)XML_StopParser(d->parser, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *name)
{
    for (; attributes[0] != NULL; attributes += 2) {
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    }
    return NULL;
}

/* A number within [least, most] in *out; absent leaves it, anything else ends the reading. */
static bool number(document *d, const char *element, const char **attributes, const char *name,
                   double least, double most, double *out)
{
    const char *text = attribute(attributes, name);
    char *end = NULL;
    if (text == NULL)
        return false;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most)) {
        stop(d, fmx__fail(d->ctx, FMX_ERROR_FORMAT,
                          "%s: line %lu: %s of <%s> is \"%.60s\", expected a number from %g to %g",
                          d->path, (unsigned long)XML_GetCurrentLineNumber(d->parser), name,
                          element, text, least, most));
        return false;
    }
    *out = value;
    return true;
}

/* A frequency in MHz or Hz, as its unit says; other units (tesla) leave *out. */
static void frequency(document *d, const char *element, const char **attributes, double *out)
{
    const char *unit = attribute(attributes, "unitName");
    double value = 0;
    if (unit != NULL && strcmp(unit, "hertz") != 0 && strcmp(unit, "megaHertz") != 0 &&
        strcmp(unit, "megahertz") != 0)
        return;
    if (number(d, element, attributes, "value", 0.01, 1e10, &value))
        *out = value > 1e4 ? 1e-6 * value : value;
}

static void name_nucleus(const char *name, char nucleus[16])
{
    static const char *const names[][2] = {
        {"hydrogen", "1H"},  {"carbon", "13C"},     {"nitrogen", "15N"},
        {"fluorine", "19F"}, {"phosphorus", "31P"}, {"deuterium", "2H"},
    };
    for (size_t i = 0; name != NULL && i < FMX__COUNT(names); ++i) {
        if (strncmp(name, names[i][0], strlen(names[i][0])) == 0)
            strcpy(nucleus, names[i][1]);
    }
}

static void open_data(document *d, encoded *data, const char **attributes)
{
    const char *format = attribute(attributes, "byteFormat");
    const char *compressed = attribute(attributes, "compressed");
    if (data->found) /* a further one: the first is read */
        return;
    data->found = true;
    data->compressed = compressed != NULL && strcmp(compressed, "true") == 0;
    if (format != NULL && strlen(format) < sizeof data->format)
        strcpy(data->format, format);
    d->open = data;
}

static void read_parameters(document *d, const char *element, const char **attributes)
{
    fmx_fid *out = d->out;
    double scans = 1;
    if (strcmp(element, "acquisitionParameterSet") == 0 &&
        number(d, element, attributes, "numberOfScans", 0, 2147483647, &scans))
        out->scans = (int)scans;
    else if (strcmp(element, "groupDelay") == 0)
        d->has_delay = number(d, element, attributes, "value", 0, 1e6, &out->group_delay);
    else if (strcmp(element, "DirectDimensionParameterSet") == 0)
        (void)number(d, element, attributes, "numberOfDataPoints", 1, 2.0 * POINTS_MOST,
                     &d->real_values);
    else if (strcmp(element, "acquisitionNucleus") == 0)
        name_nucleus(attribute(attributes, "name"), out->nucleus);
    else if (strcmp(element, "effectiveExcitationField") == 0)
        frequency(d, element, attributes, &out->base_mhz);
    else if (strcmp(element, "irradiationFrequency") == 0)
        frequency(d, element, attributes, &out->obs_mhz);
    else if (strcmp(element, "sweepWidth") == 0)
        (void)number(d, element, attributes, "value", 0.1, 1e9, &out->sw_hz);
}

static void XMLCALL on_start(void *user, const char *name, const char **attributes)
{
    document *d = user;
    const char *colon = strchr(name, ':');
    const char *element = colon != NULL ? colon + 1 : name;
    if (strcmp(element, "cvParam") == 0) {
        const char *what = attribute(attributes, "name");
        d->is_varian |= what != NULL && strstr(what, "Varian VNMR") != NULL;
        d->is_bruker |= what != NULL && strstr(what, "Bruker") != NULL;
    } else if (strcmp(element, "fidData") == 0) {
        open_data(d, &d->fid, attributes);
    } else if (strcmp(element, "spectrumDataArray") == 0) {
        open_data(d, &d->spectrum, attributes);
    } else if (strcmp(element, "xAxis") == 0) {
        d->has_axis = number(d, element, attributes, "startValue", -1e6, 1e6, &d->start_ppm) &&
                      number(d, element, attributes, "endValue", -1e6, 1e6, &d->end_ppm);
    } else if (!d->fid.found) { /* what stands behind belongs to other acquisitions */
        read_parameters(d, element, attributes);
    }
}

static void XMLCALL on_end(void *user, const char *name)
{
    document *d = user;
    (void)name;
    d->open = NULL;
}

static void XMLCALL on_text(void *user, const char *text, int length)
{
    document *d = user;
    encoded *to = d->open;
    if (to == NULL || d->status != FMX_OK)
        return;
    fmx_status status =
        fmx__grow(d->ctx, &to->text, &to->capacity, to->length + (size_t)length, 1, d->path);
    if (status != FMX_OK) {
        stop(d, status);
        return;
    }
    memcpy(to->text + to->length, text, (size_t)length);
    to->length += (size_t)length;
}

/* A document type could define entities that expand without end; nmrML has none. */
static void XMLCALL on_doctype(void *user, const char *name, const char *system, const char *public,
                               int internal)
{
    document *d = user;
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    stop(d, fmx__fail(d->ctx, FMX_ERROR_FORMAT,
                      "%s: line %lu: a document type declaration, which nmrML does not have",
                      d->path, (unsigned long)XML_GetCurrentLineNumber(d->parser)));
}

static fmx_status parse(document *d)
{
    char *text = NULL;
    size_t bytes = 0;
    fmx_status status = fmx__read_file(d->ctx, d->path, FILE_BYTES_MOST, &text, &bytes);
    if (status != FMX_OK)
        return status;
    d->parser = XML_ParserCreate(NULL);
    if (d->parser == NULL) {
        free(text);
        return fmx__fail(d->ctx, FMX_ERROR_MEMORY, "%s: out of memory for XML", d->path);
    }
    XML_SetUserData(d->parser, d);
    XML_SetElementHandler(d->parser, on_start, on_end);
    XML_SetCharacterDataHandler(d->parser, on_text);
    XML_SetStartDoctypeDeclHandler(d->parser, on_doctype);
    enum XML_Status parsed = XML_Parse(d->parser, text, (int)bytes, 1);
    status = d->status;
    if (status == FMX_OK && parsed != XML_STATUS_OK)
        status = fmx__fail(d->ctx, FMX_ERROR_FORMAT, "%s: line %lu: %s; copy the file again",
                           d->path, (unsigned long)XML_GetCurrentLineNumber(d->parser),
                           XML_ErrorString(XML_GetErrorCode(d->parser)));
    XML_ParserFree(d->parser);
    free(text);
    return status;
}

/* ---- the data ---------------------------------------------------------------------------------
 */

static int digit_64(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Base64 in place: blanks do not count, "=" ends it. */
static fmx_status decode_64(const document *d, encoded *data)
{
    uint32_t word = 0;
    size_t bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < data->length && data->text[i] != '='; ++i) {
        char c = data->text[i];
        int digit = digit_64(c);
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
            continue;
        if (digit < 0)
            return fmx__fail(d->ctx, FMX_ERROR_FORMAT,
                             "%s: character %zu of the data is no base64; copy the file again",
                             d->path, i);
        word = word << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            data->text[n++] = (char)(word >> bits);
        }
    }
    data->length = n;
    return FMX_OK;
}

/* zlib's stream: at most 1032 bytes come from one, so that memory is bounded by the file. */
static fmx_status inflate_data(const document *d, encoded *data, size_t most)
{
    enum { RATIO = 1032 };
    uLongf size = 0;
    char *out = NULL;
    size_t bound = data->length * RATIO;
    size_t room = most < bound ? most : bound;
    fmx_status status = fmx__alloc(d->ctx, room + 1, 1, d->path, &out);
    if (status != FMX_OK)
        return status;
    size = (uLongf)(room + 1);
    int result = uncompress((Bytef *)out, &size, (const Bytef *)data->text, (uLong)data->length);
    if (result != Z_OK) {
        free(out);
        return fmx__fail(d->ctx, FMX_ERROR_FORMAT,
                         "%s: the compressed data %s; copy the file again", d->path,
                         result == Z_BUF_ERROR ? "end early, or are more than the file declares"
                                               : "are damaged");
    }
    free(data->text);
    data->text = out;
    data->length = size;
    return FMX_OK;
}

/* Whole numbers came in the order of their source, which the file does not tell: read the wrong way
 * round, small values become large ones. */
static bool is_big_endian(const char *bytes, size_t values)
{
    double little = 0;
    double big = 0;
    for (size_t i = 0; i < values; ++i) {
        little += fabs(fmx__value_at(bytes + 4 * i, FMX__VALUE_INT32, false));
        big += fabs(fmx__value_at(bytes + 4 * i, FMX__VALUE_INT32, true));
    }
    return big < little;
}

/* What a format and the number of bytes mean; `declared` values, 0: not known. */
static fmx_status choose_layout(const document *d, const encoded *data, double declared,
                                int64_t *type)
{
    if (strstr(data->format, "Integer") != NULL || strstr(data->format, "int32") != NULL ||
        strstr(data->format, "Int32") != NULL)
        *type = FMX__VALUE_INT32;
    else if (strstr(data->format, "omplex64") != NULL || strstr(data->format, "loat32") != NULL)
        *type = FMX__VALUE_FLOAT32;
    else if (strstr(data->format, "omplex128") != NULL || strstr(data->format, "loat64") != NULL)
        /* some say Complex128 and hold single precision */
        *type = declared > 0 && (double)data->length == 4 * declared ? FMX__VALUE_FLOAT32
                                                                     : FMX__VALUE_FLOAT64;
    else
        return fmx__fail(
            d->ctx, FMX_ERROR_UNSUPPORTED,
            "%s: byteFormat \"%s\" is not handled, only Complex128, Complex64, float64, "
            "float32 and Integer",
            d->path, data->format);
    return FMX_OK;
}

static fmx_status unpack(const document *d, const encoded *data, int64_t type, size_t values,
                         float *out)
{
    const fmx__values layout = {
        .type = type,
        .big_endian = type == FMX__VALUE_INT32 && is_big_endian(data->text, values),
        .scale = 1,
    };
    size_t good = fmx__values_decode(&layout, data->text, values, 1, out);
    if (good == values)
        return FMX_OK;
    return fmx__fail(d->ctx, FMX_ERROR_FORMAT,
                     "%s: value %zu is not a finite number of single precision", d->path, good);
}

/* Bytes of a data element, and how many values they are. */
static fmx_status open_values(document *d, encoded *data, double declared, int64_t *type,
                              size_t *values)
{
    fmx_status status = decode_64(d, data);
    if (status == FMX_OK && data->compressed)
        status = inflate_data(d, data,
                              declared > 0 ? (size_t)declared * 16 + 64 /* some count pairs */
                                           : (size_t)POINTS_MOST * 16);
    if (status == FMX_OK)
        status = choose_layout(d, data, declared, type);
    *values = data->length / fmx__value_bytes(*type);
    return status;
}

/* A FID from Bruker whose file does not tell the delay of the digital filter: where the decay first
 * reaches half of what it reaches at all. */
static void find_onset(const document *d, fmx_fid *out)
{
    double most = 0;
    size_t onset = 0;
    size_t end = out->points < ONSET_POINTS ? out->points : ONSET_POINTS;
    for (size_t i = 0; i < end; ++i)
        most = fmax(most, (double)hypotf(out->data[2 * i], out->data[2 * i + 1]));
    while (onset < end &&
           (double)hypotf(out->data[2 * onset], out->data[2 * onset + 1]) < 0.5 * most)
        ++onset;
    out->group_delay = (double)onset;
    if (onset > 0)
        fmx__log(d->ctx, FMX_LOG_WARNING,
                 "%s: no <groupDelay>; the decay begins at point %zu, which is taken for it",
                 d->path, onset);
}

static fmx_status read_fid(document *d, fmx_fid *out)
{
    int64_t type = FMX__VALUE_FLOAT64;
    size_t values = 0;
    fmx_status status = open_values(d, &d->fid, d->real_values, &type, &values);
    if (status == FMX_OK && values < 2)
        status =
            fmx__fail(d->ctx, FMX_ERROR_FORMAT, "%s: <fidData> holds no complex point", d->path);
    if (status == FMX_OK && d->real_values > 0 && (double)values < d->real_values)
        fmx__log(d->ctx, FMX_LOG_WARNING,
                 "%s: %zu values, %.0f are declared: read as far as it goes", d->path, values,
                 d->real_values);
    out->is_complex = true;
    out->points = values / 2;
    if (status == FMX_OK)
        status = fmx__alloc(d->ctx, out->points, 2 * sizeof *out->data, d->path, &out->data);
    if (status == FMX_OK)
        status = unpack(d, &d->fid, type, 2 * out->points, out->data);
    if (status == FMX_OK && d->is_bruker && !d->has_delay)
        find_onset(d, out);
    return status;
}

/* Real points, or the real parts of complex ones, on the axis that is given. */
static fmx_status read_spectrum(document *d, fmx_fid *out)
{
    int64_t type = FMX__VALUE_FLOAT64;
    size_t values = 0;
    bool pairs = strstr(d->spectrum.format, "omplex") != NULL;
    if (!d->spectrum.found || !d->has_axis || d->start_ppm == d->end_ppm)
        return fmx__fail(d->ctx, FMX_ERROR_FORMAT,
                         "%s: neither <fidData> nor a <spectrumDataArray> with an <xAxis>",
                         d->path);
    fmx_status status = open_values(d, &d->spectrum, 0, &type, &values);
    size_t points = pairs ? values / 2 : values;
    if (status == FMX_OK && points < 2)
        status = fmx__fail(d->ctx, FMX_ERROR_FORMAT, "%s: the spectrum has no points", d->path);
    if (status == FMX_OK)
        status = fmx__alloc(d->ctx, values, sizeof *out->data, d->path, &out->data);
    if (status == FMX_OK)
        status = unpack(d, &d->spectrum, type, values, out->data);
    if (status != FMX_OK)
        return status;
    bool turn = d->start_ppm < d->end_ppm;
    for (size_t i = 0; pairs && i < points; ++i)
        out->data[i] = out->data[2 * i];
    if (turn)
        fmx__turn_round(out->data, points, 1);
    out->is_complex = false;
    out->points = points;
    out->ppm_first = turn ? d->end_ppm : d->start_ppm;
    out->ppm_step = -fabs(d->start_ppm - d->end_ppm) / (double)(points - 1);
    out->sw_hz = -out->ppm_step * (double)points * out->base_mhz;
    return FMX_OK;
}

static fmx_status check_parameters(const document *d, const fmx_fid *out)
{
    if (out->obs_mhz < 0.01 || out->obs_mhz > 1e4)
        return fmx__fail(d->ctx, FMX_ERROR_FORMAT,
                         "%s: no <irradiationFrequency> in hertz or megaHertz from 0.01 MHz to 1e4 "
                         "MHz",
                         d->path);
    if (out->kind == FMX_KIND_FID && !(out->sw_hz > 0))
        return fmx__fail(d->ctx, FMX_ERROR_FORMAT, "%s: no <sweepWidth>", d->path);
    return FMX_OK;
}

static fmx_status read_source(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                              fmx_fid *out)
{
    document d = {.ctx = ctx, .path = source->path, .out = out};
    out->scans = 1;
    fmx_status status = parse(&d);
    if (status == FMX_OK)
        status = check_parameters(&d, out);
    if (out->base_mhz == 0)
        out->base_mhz = out->obs_mhz;
    out->reversed = d.is_varian; /* the points are those of the source */
    if (status == FMX_OK)
        status = source->kind == FMX_KIND_FID ? read_fid(&d, out) : read_spectrum(&d, out);
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->solvent, "%s", "");
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->title, "%s", "");
    free(d.fid.text);
    free(d.spectrum.text);
    if (depth == FMX_READ_PARAMETERS) { /* the points had to be counted */
        free(out->data);
        out->data = NULL;
    }
    return status;
}

const fmx__reader fmx__reader_nmrml = {
    .name = "nmrml",
    .find = find,
    .read = read_source,
};

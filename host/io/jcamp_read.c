/* JCAMP-DX 4.24 to 6: NMR FID and NMR SPECTRUM. docs/formats.md says what of them is read. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bruker.h"
#include "io.h"
#include "jcamp_blocks.h"
#include "jcamp_table.h"
#include "text_encoding.h"

enum {
    FILE_BYTES_MOST = 1 << 30,
    POINTS_MOST = 1 << 27,
    POINTS_A_BYTE = 64, /* that repetitions may make of a file's byte */
    POINTS_ANYWAY = 4096,
    COLUMNS = 8,
};

typedef struct dx {
    fmx_context *ctx;
    const char *path;
    char *text;
    size_t bytes;
    fmx__jcamp_block block;
    fmx__parameters head;
} dx;

/* Columns of the tuples: X, R, I, or of XYDATA: X, Y. */
typedef struct columns {
    size_t points;
    double first; /* of X, in its unit */
    double last;
    char unit[16]; /* capitals */
    double factor[2];
} columns;

/* Spinsolve writes its FID a second time beside data.1d, as nmr_fid.dx: only one of them counts,
 * unless the user named this one. */
static fmx_status is_second_copy(fmx_context *ctx, const fmx__entry *entry, bool *copy)
{
    static const char name[] = "/nmr_fid.dx";
    size_t length = strlen(entry->path);
    size_t tail = sizeof name - 1;
    char *folder = NULL;
    *copy = false;
    if (entry->depth == 0 || length < tail || strcmp(entry->path + length - tail, name) != 0)
        return FMX_OK;
    fmx_status status = fmx__format(ctx, &folder, "%.*s", (int)(length - tail), entry->path);
    *copy = status == FMX_OK && fmx__is_file_in(folder, "data.1d") &&
            fmx__is_file_in(folder, "acqu.par");
    free(folder);
    return status;
}

static fmx_status find(fmx_context *ctx, const fmx__entry *entry, fmx_source_list *list)
{
    fmx__jcamp_block block;
    char *text = NULL;
    size_t bytes = 0;
    bool copy = false;
    if (entry->is_folder || !fmx__jcamp_begins(entry->start, entry->start_bytes))
        return FMX_OK;
    fmx_status status = is_second_copy(ctx, entry, &copy);
    if (status != FMX_OK || copy)
        return status;
    fmx__jcamp_find(entry->start, entry->start_bytes, &block);
    if (!block.found && strstr(entry->start, "JCAMP") == NULL)
        return FMX_OK;
    if (!block.found) { /* blocks in blocks: the type stands further down, or is none of ours */
        if (strstr(entry->start, "Parameter Values") != NULL)
            return FMX_OK;
        status = fmx__read_file(ctx, entry->path, FILE_BYTES_MOST, &text, &bytes);
        if (status != FMX_OK) {
            fmx_context_clear(ctx);
            return status == FMX_ERROR_MEMORY ? status : FMX_OK;
        }
        fmx__jcamp_find(text, bytes, &block);
        free(text);
    }
    if (!block.found)
        return FMX_OK;
    return fmx__source_append(ctx, list, entry->path, fmx__reader_jcamp.name, block.kind);
}

static fmx_status refuse(const dx *f, const char *label, const char *found, const char *expected)
{
    return fmx__fail(f->ctx, FMX_ERROR_FORMAT, "%s: ##%s= %.60s, expected %s", f->path, label,
                     found != NULL ? found : "(missing)", expected);
}

/* The value of the n-th column of a list "a, b, c", blanks off; false when there is none. */
static bool column(const char *list, size_t n, char *out, size_t most)
{
    for (; list != NULL && n > 0; --n) {
        list = strchr(list, ',');
        list = list != NULL ? list + 1 : NULL;
    }
    if (list == NULL)
        return false;
    list += strspn(list, " \t\r\n");
    size_t length = strcspn(list, ",\r\n");
    while (length > 0 && isspace((unsigned char)list[length - 1]))
        --length;
    if (length == 0 || length >= most)
        return false;
    memcpy(out, list, length);
    out[length] = '\0';
    return true;
}

static bool number_in(const char *list, size_t n, double *out)
{
    char text[64];
    char *end = NULL;
    if (!column(list, n, text, sizeof text))
        return false;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

/* A number of the head within [least, most]; false when absent or no such number. */
static bool number(const dx *f, const char *label, double least, double most, double *out)
{
    double value = 0;
    if (!number_in(fmx__jcamp_text(&f->head, label), 0, &value) ||
        !(value >= least && value <= most))
        return false;
    *out = value;
    return true;
}

static fmx_status take_points(const dx *f, const char *label, double points, size_t *out)
{
    double most = (double)f->bytes * POINTS_A_BYTE + POINTS_ANYWAY;
    char found[40];
    if (points >= 1 && points <= POINTS_MOST && points <= most && points == floor(points)) {
        *out = (size_t)points;
        return FMX_OK;
    }
    snprintf(found, sizeof found, "%.15g", points);
    return refuse(f, label, found, "1 to 2^27 points, at most 64 for each byte of the file");
}

static void upper(const char *from, char *out, size_t most)
{
    size_t n = 0;
    for (; *from != '\0' && n + 1 < most; ++from)
        out[n++] = (char)toupper((unsigned char)*from);
    out[n] = '\0';
}

/* The lists below ##NTUPLES, by the symbols X, R and I. */
static fmx_status read_tuples(const dx *f, columns *out)
{
    const char *symbols = fmx__jcamp_text(&f->head, "SYMBOL");
    const char *units = fmx__jcamp_text(&f->head, "UNITS");
    const char *sizes = fmx__jcamp_text(&f->head, "VARDIM");
    const char *factors = fmx__jcamp_text(&f->head, "FACTOR");
    size_t at[3] = {COLUMNS, COLUMNS, COLUMNS};
    char text[64];
    double points = 0;
    for (size_t i = 0; i < COLUMNS && column(symbols, i, text, sizeof text); ++i) {
        const char *which =
            strlen(text) == 1 ? strchr("XRI", toupper((unsigned char)text[0])) : NULL;
        if (which != NULL && *which != '\0')
            at[*which == 'X' ? 0 : *which == 'R' ? 1 : 2] = i;
    }
    if (at[0] == COLUMNS || at[1] == COLUMNS)
        return refuse(f, "SYMBOL", symbols, "columns X, R and I");
    if (!number_in(sizes, at[1], &points))
        return refuse(f, "VAR_DIM", sizes, "the number of points of each column");
    if (!number_in(fmx__jcamp_text(&f->head, "FIRST"), at[0], &out->first) ||
        !number_in(fmx__jcamp_text(&f->head, "LAST"), at[0], &out->last))
        return refuse(f, "FIRST", fmx__jcamp_text(&f->head, "FIRST"),
                      "first and last values of the columns, here and in ##LAST=");
    if (column(units, at[0], text, sizeof text))
        upper(text, out->unit, sizeof out->unit);
    for (size_t part = 0; part < 2; ++part) {
        out->factor[part] = 1;
        if (at[1 + part] < COLUMNS && factors != NULL &&
            !number_in(factors, at[1 + part], &out->factor[part]))
            return refuse(f, "FACTOR", factors, "a factor for each column");
    }
    return take_points(f, "VAR_DIM", points, &out->points);
}

static fmx_status read_xy(const dx *f, columns *out)
{
    const char *unit = fmx__jcamp_text(&f->head, "XUNITS");
    double points = 0;
    out->factor[0] = 1;
    if (!number(f, "NPOINTS", 1, POINTS_MOST, &points))
        return refuse(f, "NPOINTS", fmx__jcamp_text(&f->head, "NPOINTS"), "1 to 2^27");
    if (!number(f, "FIRSTX", -1e12, 1e12, &out->first) ||
        !number(f, "LASTX", -1e12, 1e12, &out->last))
        return refuse(f, "FIRSTX", fmx__jcamp_text(&f->head, "FIRSTX"),
                      "a number, here and in ##LASTX=");
    const char *factor = fmx__jcamp_text(&f->head, "YFACTOR");
    if (factor != NULL && !number_in(factor, 0, &out->factor[0]))
        return refuse(f, "YFACTOR", factor, "a number");
    if (unit != NULL)
        upper(unit, out->unit, sizeof out->unit);
    return take_points(f, "NPOINTS", points, &out->points);
}

/* "^1H", "<1H>", "1H". */
static void name_nucleus(const char *text, char nucleus[16])
{
    text += strspn(text, "^<\" ");
    size_t length = strcspn(text, "> \"\r\n,");
    if (length < 16)
        memcpy(nucleus, text, length);
}

/* ##.SHIFT REFERENCE= (INTERNAL, solvent, point, ppm): the chemical shift of point 1 of a spectrum
 * of `points` points over `width_ppm`; false when it is not given. */
static bool shift_of_first(const dx *f, size_t points, double width_ppm, double *ppm)
{
    const char *text = fmx__jcamp_text(&f->head, "SHIFTREFERENCE");
    char last[64];
    char *end = NULL;
    double point = 0;
    if (text == NULL || !number_in(text, 2, &point) || !column(text, 3, last, sizeof last))
        return false;
    double value = strtod(last, &end);
    if (end == last || (*end != '\0' && *end != ')') || !isfinite(value))
        return false;
    *ppm = value + (point >= 1 ? point - 1 : 0) * width_ppm / (double)points;
    return true;
}

static fmx_status describe(const dx *f, fmx_fid *out)
{
    const char *nucleus = fmx__jcamp_text(&f->head, "OBSERVENUCLEUS");
    const char *solvent = fmx__jcamp_text(&f->head, "SOLVENTNAME");
    const char *reverse = fmx__jcamp_text(&f->head, "REVERSE");
    const char *title = fmx__jcamp_text(&f->head, "TITLE");
    double scans = 1;
    double sf = 0;
    if (!number(f, "SFO1", 0.01, 1e4, &out->obs_mhz) &&
        !number(f, "OBSERVEFREQUENCY", 0.01, 1e4, &out->obs_mhz))
        return refuse(f, ".OBSERVE FREQUENCY", fmx__jcamp_text(&f->head, "OBSERVEFREQUENCY"),
                      "the frequency of the transmitter, 0.01 to 1e4 MHz");
    out->base_mhz = out->obs_mhz;
    (void)number(f, "BF1", 0.01, 1e4, &out->base_mhz);
    if (number(f, "SF", 0.01, 1e4, &sf) && sf != out->base_mhz &&
        fabs(sf - out->base_mhz) < 1e-3 * out->base_mhz)
        out->reference_mhz = sf;
    if (!number(f, "NS", 0, 2147483647, &scans))
        (void)number(f, "AVERAGES", 0, 2147483647, &scans);
    out->scans = (int)scans;
    out->reversed = reverse != NULL && strcmp(reverse, "yes") == 0;
    if (nucleus != NULL)
        name_nucleus(nucleus, out->nucleus);
    if (solvent == NULL)
        solvent = fmx__jcamp_text(&f->head, "SOLVENT");
    fmx_status status = fmx__text_one_line(f->ctx, solvent != NULL ? solvent : "", &out->solvent);
    if (status == FMX_OK)
        status = fmx__text_one_line(f->ctx, title != NULL ? title : "", &out->title);
    return status;
}

/* Width, delay and reference of a FID. */
static fmx_status describe_fid(const dx *f, const columns *c, fmx_fid *out)
{
    double first_ppm = 0;
    if (!number(f, "SWH", 0.1, 1e9, &out->sw_hz)) {
        double dwell_s = c->points > 1 ? (c->last - c->first) / (double)(c->points - 1) : 0;
        if (strncmp(c->unit, "SEC", 3) != 0 || !(dwell_s > 1e-9 && dwell_s < 10))
            return refuse(f, "UNITS", c->unit,
                          "SECONDS, with ##FIRST= and ##LAST= that tell the time between points");
        out->sw_hz = 1 / dwell_s;
    }
    bool vendor = fmx__jcamp_text(&f->head, "BF1") != NULL;
    double centre = 0.5 * out->sw_hz / out->obs_mhz;
    if (!vendor && shift_of_first(f, c->points, 2 * centre, &first_ppm))
        out->reference_mhz = out->obs_mhz / (1 + 1e-6 * (first_ppm - centre));
    out->is_complex = true;
    return fmx__bruker_group_delay(f->ctx, &f->head, &out->group_delay);
}

/* The axis of a spectrum, from high to low ppm; *turn: the table runs the other way. */
static fmx_status describe_spectrum(const dx *f, const columns *c, fmx_fid *out, bool *turn)
{
    double offset = 0;
    double first = c->first;
    double last = c->last;
    if (c->points < 2 || first == last)
        return refuse(f, "FIRST", "one point", "an axis of two points and more");
    double sf = out->reference_mhz > 0 ? out->reference_mhz : out->base_mhz;
    double step = (last - first) / (double)(c->points - 1);
    if (strcmp(c->unit, "HZ") == 0) {
        step /= sf;
        first /= sf;
        last /= sf;
        double width = fabs(step) * (double)c->points;
        if (number(f, "OFFSET", -1e6, 1e6, &offset) ||
            shift_of_first(f, c->points, width, &offset)) { /* Hz from the right end */
            double left = first > last ? first : last;
            first += offset - left;
            last += offset - left;
        }
    } else if (strcmp(c->unit, "PPM") != 0) {
        return refuse(f, "XUNITS", c->unit, "HZ or PPM");
    }
    *turn = step > 0;
    out->ppm_step = -fabs(step);
    out->ppm_first = *turn ? last : first;
    out->sw_hz = fabs(step) * (double)c->points * sf;
    out->base_mhz = sf;
    return FMX_OK;
}

static const fmx__jcamp_data *table_of(const dx *f, char symbol)
{
    for (size_t i = 0; i < f->block.table_count; ++i) {
        if (f->block.table[i].symbol == symbol)
            return &f->block.table[i];
    }
    return NULL;
}

static fmx_status decode(const dx *f, const fmx__jcamp_data *data, const columns *c, size_t part,
                         size_t stride, float *out)
{
    size_t count = 0;
    const fmx__jcamp_table table = {
        .path = f->path,
        .first_line = data->line,
        .text = data->text,
        .bytes = data->bytes,
        .factor = c->factor[part],
        .points = c->points,
    };
    fmx_status status = fmx__jcamp_decode(f->ctx, &table, stride, out, &count);
    if (status == FMX_OK && count < c->points)
        status = fmx__fail(f->ctx, FMX_ERROR_FORMAT,
                           "%s: line %zu: a table of %zu points, %zu are declared; the file ends "
                           "early, copy it again",
                           f->path, data->line, count, c->points);
    return status;
}

static fmx_status read_data(const dx *f, const columns *c, bool turn, fmx_fid *out)
{
    const fmx__jcamp_data *real = table_of(f, f->block.tuples ? 'R' : 'Y');
    const fmx__jcamp_data *imaginary = table_of(f, 'I');
    size_t parts = out->is_complex ? 2 : 1;
    fmx_status status =
        fmx__alloc(f->ctx, c->points, parts * sizeof *out->data, f->path, &out->data);
    if (status == FMX_OK)
        status = decode(f, real, c, 0, parts, out->data);
    if (status == FMX_OK && parts == 2)
        status = decode(f, imaginary, c, 1, 2, out->data + 1);
    if (status == FMX_OK && turn)
        fmx__turn_round(out->data, c->points, parts);
    /* TopSpin's imaginary part has the sign of exp(+i w t), see pdata/N/1i */
    for (size_t i = 0;
         status == FMX_OK && parts == 2 && out->kind == FMX_KIND_SPECTRUM && i < c->points; ++i)
        out->data[2 * i + 1] = -out->data[2 * i + 1];
    return status;
}

static fmx_status open_file(dx *f, fmx_kind kind)
{
    fmx_status status = fmx__read_file(f->ctx, f->path, FILE_BYTES_MOST, &f->text, &f->bytes);
    if (status != FMX_OK)
        return status;
    fmx__jcamp_find(f->text, f->bytes, &f->block);
    if (!f->block.found || f->block.kind != kind)
        return fmx__fail(f->ctx, FMX_ERROR_FORMAT,
                         "%s: no block with ##DATA TYPE= NMR FID or NMR SPECTRUM", f->path);
    if (f->block.others > 0)
        fmx__log(f->ctx, FMX_LOG_WARNING, "%s: %zu measurements, the first is read", f->path,
                 f->block.others + 1);
    if (table_of(f, f->block.tuples ? 'R' : 'Y') == NULL ||
        (kind == FMX_KIND_FID && table_of(f, 'I') == NULL))
        return fmx__fail(f->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: %s; only (X++(Y..Y)) of a spectrum and pages (X++(R..R)) and "
                         "(X++(I..I)) are handled",
                         f->path,
                         f->block.table_count == 0
                             ? "no table of data"
                             : "a table of another form, or real points only");
    return fmx__parameters_parse(f->ctx, f->path, f->block.head, f->block.head_bytes, &f->head);
}

static fmx_status read(fmx_context *ctx, const fmx_source *source, fmx_read_depth depth,
                       fmx_fid *out)
{
    dx f = {.ctx = ctx, .path = source->path};
    columns c = {0};
    bool turn = false;
    fmx_status status = open_file(&f, source->kind);
    if (status == FMX_OK)
        status = f.block.tuples ? read_tuples(&f, &c) : read_xy(&f, &c);
    if (status == FMX_OK)
        status = describe(&f, out);
    if (status == FMX_OK && source->kind == FMX_KIND_FID)
        status = describe_fid(&f, &c, out);
    if (status == FMX_OK && source->kind == FMX_KIND_SPECTRUM) {
        const char *origin = fmx__jcamp_text(&f.head, "ORIGIN");
        out->is_complex =
            table_of(&f, 'I') != NULL && origin != NULL && strstr(origin, "Bruker") != NULL;
        status = describe_spectrum(&f, &c, out, &turn);
    }
    out->points = c.points;
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = read_data(&f, &c, turn, out);
    fmx__parameters_clear(&f.head);
    free(f.text);
    return status;
}

const fmx__reader fmx__reader_jcamp = {
    .name = "jcamp-dx",
    .find = find,
    .read = read,
};

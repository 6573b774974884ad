#include "csv_read.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the quoted field at *at (behind its first quote), unescaped in place; *at ends behind the
 * last quote. NULL where the quote does not end on this line. */
static char *take_quoted(char **at)
{
    char *from = *at;
    char *to = from;
    char *start = from;
    for (; *from != '\0' && *from != '\n'; ++from) {
        if (from[0] == '"' && from[1] == '"') {
            *to++ = *from++;
        } else if (*from == '"') {
            *at = from + 1;
            *to = '\0';
            return start;
        } else {
            *to++ = *from;
        }
    }
    return NULL;
}

/* Takes the field at *at; *at ends on the comma, newline or end behind it, *ending holds which. The
 * field's end is written over, so *ending must be used instead. NULL: the message in *wrong. */
static char *take_field(char **at, char *ending, const char **wrong)
{
    while (is_blank(**at))
        ++*at;
    char *field = *at;
    if (**at == '"') {
        ++*at;
        field = take_quoted(at);
        while (field != NULL && is_blank(**at))
            ++*at;
        *wrong = field == NULL                                 ? "a quote that does not end"
                 : **at != ',' && **at != '\n' && **at != '\0' ? "text behind a quoted field"
                                                               : NULL;
        *ending = **at;
        return *wrong == NULL ? field : NULL;
    }
    *at += strcspn(*at, ",\n");
    *ending = **at;
    char *end = *at;
    while (end > field && is_blank(end[-1]))
        --end;
    *end = '\0';
    return field;
}

static fmx_status take_rows(fmx_context *ctx, const char *path, fmx__csv *out)
{
    fmx_status status = FMX_OK;
    const char *wrong = NULL;
    char *at = out->text;
    size_t fields = 0;
    for (size_t line = 1; status == FMX_OK && *at != '\0'; ++line) {
        if (*at == '#' || at[strspn(at, " \t\r")] == '\n') {
            at += strcspn(at, "\n");
            at += *at == '\n';
            continue;
        }
        if (at[strspn(at, " \t\r")] == '\0')
            break;
        if (out->count == out->capacity)
            status = fmx__grow(ctx, &out->row, &out->capacity, 2 * out->count + 64,
                               sizeof *out->row, "rows of a table");
        if (status != FMX_OK)
            break;
        fmx__csv_row *row = &out->row[out->count++];
        *row = (fmx__csv_row){.line = line, .field = out->field + fields};
        char ending = ',';
        while (ending == ',') {
            char *field = take_field(&at, &ending, &wrong);
            if (field == NULL)
                return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s", path, line, wrong);
            out->field[fields++] = field;
            ++row->count;
            at += ending != '\0';
        }
    }
    return status;
}

fmx_status fmx__csv_read(fmx_context *ctx, const char *path, size_t most, fmx__csv *out)
{
    size_t bytes = 0;
    *out = (fmx__csv){0};
    fmx_status status = fmx__read_file(ctx, path, most, &out->text, &bytes);
    if (status == FMX_OK && strlen(out->text) != bytes)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: a zero byte at offset %zu; a table is text",
                           path, strlen(out->text));
    size_t fields = 1; /* at most one more than commas and newlines */
    for (size_t i = 0; status == FMX_OK && i < bytes; ++i)
        fields += out->text[i] == ',' || out->text[i] == '\n';
    if (status == FMX_OK)
        status = fmx__alloc(ctx, fields, sizeof *out->field, "fields of a table", &out->field);
    if (status == FMX_OK)
        status = take_rows(ctx, path, out);
    return status;
}

void fmx__csv_clear(fmx__csv *csv)
{
    free(csv->field);
    free(csv->row);
    free(csv->text);
    *csv = (fmx__csv){0};
}

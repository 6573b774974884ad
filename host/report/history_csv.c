#include "history_csv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "c_locale.h"

/* The next line that says something in [*from, *from + *bytes); false at the end. */
static bool next_line(const char **at, const char **from, size_t *bytes)
{
    while (**at != '\0') {
        size_t length = strcspn(*at, "\r\n");
        *from = *at;
        *bytes = length;
        *at += length;
        *at += strspn(*at, "\r\n");
        if (length > 0 && (*from)[0] != '#')
            return true;
    }
    return false;
}

static void read_head(const char *line, size_t bytes, fmx__history *out)
{
    const char *end = line + bytes;
    while (line <= end && out->columns < FMX__HISTORY_COLUMNS) {
        const char *comma = memchr(line, ',', (size_t)(end - line));
        size_t length = (size_t)((comma != NULL ? comma : end) - line);
        if (length >= FMX__HISTORY_NAME)
            length = FMX__HISTORY_NAME - 1;
        memcpy(out->name[out->columns], line, length);
        out->name[out->columns++][length] = '\0';
        line = comma != NULL ? comma + 1 : end + 1;
    }
}

static void read_row(const char *line, size_t bytes, size_t row, fmx__history *out)
{
    const char *end = line + bytes;
    for (size_t c = 0; c < out->columns; ++c) {
        char *behind = NULL;
        double value = line < end && *line != ',' ? fmx__c_strtod(line, &behind) : NAN;
        bool good = behind != NULL && behind <= end && (behind == end || *behind == ',');
        out->value[c * out->rows + row] = good ? value : NAN;
        const char *comma = line < end ? memchr(line, ',', (size_t)(end - line)) : NULL;
        line = comma != NULL ? comma + 1 : end;
    }
}

fmx_status fmx__history_read(fmx_context *ctx, const char *text, fmx__history *out)
{
    const char *at = text;
    const char *line = NULL;
    size_t bytes = 0;
    size_t values = 0;
    memset(out, 0, sizeof *out);
    if (!next_line(&at, &line, &bytes))
        return FMX_OK;
    read_head(line, bytes, out);
    const char *body = at;
    while (next_line(&at, &line, &bytes))
        ++out->rows;
    if (!fmx__size_mul(out->columns, out->rows, &values))
        return fmx__fail(ctx, FMX_ERROR_MEMORY, "the history of the training is too long");
    fmx_status status = fmx__alloc(ctx, values, sizeof *out->value, "the history", &out->value);
    at = body;
    for (size_t row = 0; status == FMX_OK && row < out->rows && next_line(&at, &line, &bytes);
         ++row)
        read_row(line, bytes, row, out);
    return status;
}

void fmx__history_clear(fmx__history *history)
{
    free(history->value);
    memset(history, 0, sizeof *history);
}

#include "jcamp_parameters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text_encoding.h"

enum { FILE_BYTES_MOST = 16 << 20 };

/* End of the line at `at`, or of the text. */
static char *line_end(char *at)
{
    return at + strcspn(at, "\r\n");
}

static char *trim(char *from, char *to)
{
    while (to > from && (unsigned char)to[-1] <= ' ')
        --to;
    *to = '\0';
    while ((unsigned char)*from <= ' ' && *from != '\0')
        ++from;
    return from;
}

/* The value between from and to, made a string of its own. */
static const char *take_value(char *from, char *to)
{
    from = trim(from, to);
    if (*from == '<') {
        char *close = strrchr(from, '>');
        if (close == NULL)
            close = from + strlen(from);
        return trim(from + 1, close);
    }
    char *comment = strstr(from, "$$");
    return comment != NULL ? trim(from, comment) : from;
}

/* The first line that starts a record ("##") or a comment ("$$"); a line starts at `at`. */
static char *next_record(char *at)
{
    while (*at != '\0' && strncmp(at, "##", 2) != 0 && strncmp(at, "$$", 2) != 0) {
        at = line_end(at);
        at += strspn(at, "\r\n");
    }
    return at;
}

static fmx_status split(fmx_context *ctx, fmx__parameters *p)
{
    fmx_status status = FMX_OK;
    char *at = next_record(p->text);
    while (status == FMX_OK && *at != '\0') {
        char *line = line_end(at);
        char *next = next_record(line + strspn(line, "\r\n"));
        char *equals = at[0] == '#' ? memchr(at, '=', (size_t)(line - at)) : NULL;
        if (equals != NULL) {
            char *key = at + 2 + (at[2] == '$');
            /* a line end stands before `next`, so that the value's zero never hits it */
            const char *value = take_value(equals + 1, next);
            key = trim(key, equals);
            status = fmx__grow(ctx, &p->item, &p->capacity, p->count + 1, sizeof *p->item, p->path);
            if (status == FMX_OK)
                p->item[p->count++] = (fmx__parameter){key, value};
        }
        at = next;
    }
    return status;
}

fmx_status fmx__parameters_parse(fmx_context *ctx, const char *path, const char *text, size_t bytes,
                                 fmx__parameters *out)
{
    *out = (fmx__parameters){0};
    fmx_status status = fmx__format(ctx, &out->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__text_to_utf8(ctx, text, bytes, &out->text);
    if (status == FMX_OK)
        status = split(ctx, out);
    if (status == FMX_OK && out->count == 0)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: no \"##KEY= value\" in %zu bytes; copy the file again from the "
                           "instrument",
                           path, bytes);
    if (status != FMX_OK)
        fmx__parameters_clear(out);
    return status;
}

fmx_status fmx__parameters_read(fmx_context *ctx, const char *path, fmx__parameters *out)
{
    char *raw = NULL;
    size_t bytes = 0;
    *out = (fmx__parameters){0};
    fmx_status status = fmx__read_file(ctx, path, FILE_BYTES_MOST, &raw, &bytes);
    if (status == FMX_OK)
        status = fmx__parameters_parse(ctx, path, raw, bytes, out);
    free(raw);
    return status;
}

void fmx__parameters_clear(fmx__parameters *parameters)
{
    free(parameters->item);
    free(parameters->text);
    free(parameters->path);
    *parameters = (fmx__parameters){0};
}

const char *fmx__parameters_text(const fmx__parameters *parameters, const char *key)
{
    for (size_t i = parameters->count; i-- > 0;) {
        if (strcmp(parameters->item[i].key, key) == 0)
            return parameters->item[i].value;
    }
    return NULL;
}

fmx_status fmx__parameters_number(fmx_context *ctx, const fmx__parameters *parameters,
                                  const char *key, double least, double most, double otherwise,
                                  double *out)
{
    const char *text = fmx__parameters_text(parameters, key);
    char *end = NULL;
    *out = otherwise;
    if (text == NULL && isnan(otherwise))
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: ##$%s is missing, a number from %g to %g; copy the file again or add "
                         "the line",
                         parameters->path, key, least, most);
    if (text == NULL)
        return FMX_OK;
    double value = strtod(text, &end);
    /* the comparison is false for NaN */
    if (end == text || *end != '\0' || !(value >= least && value <= most))
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: ##$%s= %.40s is not a number from %g to %g; correct the line or copy "
                         "the file again",
                         parameters->path, key, text, least, most);
    *out = value;
    return FMX_OK;
}

fmx_status fmx__parameters_integer(fmx_context *ctx, const fmx__parameters *parameters,
                                   const char *key, int64_t least, int64_t most, bool needed,
                                   int64_t otherwise, int64_t *out)
{
    double value = 0;
    *out = otherwise;
    fmx_status status = fmx__parameters_number(ctx, parameters, key, (double)least, (double)most,
                                               needed ? (double)NAN : (double)otherwise, &value);
    if (status == FMX_OK && value != floor(value))
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: ##$%s= %g is not a whole number",
                           parameters->path, key, value);
    if (status == FMX_OK)
        *out = (int64_t)value;
    return status;
}

#include "procpar.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text_encoding.h"

enum { BYTES_MOST = 16 << 20, VALUES_MOST = 1 << 20 };

typedef struct cursor {
    fmx_context *ctx;
    const char *path;
    char *at;
    size_t line; /* of `at`, from 1 */
} cursor;

static fmx_status broken(const cursor *c, const char *what)
{
    return fmx__fail(c->ctx, FMX_ERROR_FORMAT,
                     "%s: line %zu: %s; not a parameter file of VNMR, or damaged: copy it again",
                     c->path, c->line, what);
}

static void skip(cursor *c, bool across_lines)
{
    for (; *c->at != '\0' && isspace((unsigned char)*c->at); ++c->at) {
        if (*c->at == '\n' && !across_lines)
            return;
        c->line += *c->at == '\n';
    }
}

/* The next word or quoted text, ended by a zero that is written over what follows it. A backslash
 * in front of a quote keeps it. */
static fmx_status next(cursor *c, bool across_lines, char **word)
{
    bool quoted;
    skip(c, across_lines);
    quoted = *c->at == '"';
    c->at += quoted;
    *word = c->at;
    if (quoted) {
        for (; *c->at != '"'; ++c->at) {
            if (c->at[0] == '\\' && c->at[1] != '\0')
                ++c->at;
            if (*c->at == '\0')
                return broken(c, "a text in quotes does not end");
            c->line += *c->at == '\n';
        }
    } else {
        while (*c->at != '\0' && !isspace((unsigned char)*c->at))
            ++c->at;
        if (c->at == *word)
            return broken(c, "a value is missing");
        if (*c->at == '\0')
            return FMX_OK;
        c->line += *c->at == '\n';
    }
    *c->at++ = '\0';
    return FMX_OK;
}

static fmx_status next_count(cursor *c, size_t *count)
{
    char *word = NULL;
    char *end = NULL;
    fmx_status status = next(c, true, &word);
    if (status != FMX_OK)
        return status;
    long value = strtol(word, &end, 10);
    if (end == word || *end != '\0' || value < 0 || value > VALUES_MOST)
        return broken(c, "the number of values is none");
    *count = (size_t)value;
    return FMX_OK;
}

/* `count` values; *first is the first of them, "" when there is none. */
static fmx_status next_values(cursor *c, size_t count, const char **first)
{
    fmx_status status = FMX_OK;
    *first = "";
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        char *word = NULL;
        status = next(c, true, &word);
        if (i == 0)
            *first = word;
    }
    return status;
}

/* The rest of the describing line: ten fields, of which nothing is needed. `ended`: the name was
 * the last word of its line. */
static fmx_status pass_description(cursor *c)
{
    fmx_status status = FMX_OK;
    char *word = NULL;
    size_t line = c->line;
    for (size_t i = 0; status == FMX_OK && i < 10; ++i) {
        status = next(c, false, &word);
        if (status == FMX_OK && c->line != line && i < 9)
            status = broken(c, "a parameter is described by eleven fields on a line");
    }
    return status;
}

static fmx_status next_parameter(cursor *c, fmx__procpar *out)
{
    char *name = NULL;
    const char *allowed = NULL;
    fmx__procpar_item item = {0};
    size_t choices = 0;
    fmx_status status = next(c, true, &name);
    item.name = name;
    if (status == FMX_OK)
        status = pass_description(c);
    if (status == FMX_OK)
        status = next_count(c, &item.count);
    if (status == FMX_OK)
        status = next_values(c, item.count, &item.value);
    if (status == FMX_OK)
        status = next_count(c, &choices);
    if (status == FMX_OK)
        status = next_values(c, choices, &allowed);
    if (status == FMX_OK)
        status = fmx__grow(c->ctx, &out->item, &out->capacity, out->count + 1, sizeof *out->item,
                           c->path);
    if (status == FMX_OK)
        out->item[out->count++] = item;
    return status;
}

fmx_status fmx__procpar_read(fmx_context *ctx, const char *path, fmx__procpar *out)
{
    char *raw = NULL;
    size_t bytes = 0;
    *out = (fmx__procpar){0};
    fmx_status status = fmx__format(ctx, &out->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__read_file(ctx, path, BYTES_MOST, &raw, &bytes);
    if (status == FMX_OK)
        status = fmx__text_to_utf8(ctx, raw, bytes, &out->text);
    free(raw);
    if (status != FMX_OK)
        return status;
    cursor c = {ctx, out->path, out->text, 1};
    for (skip(&c, true); status == FMX_OK && *c.at != '\0'; skip(&c, true))
        status = next_parameter(&c, out);
    if (status == FMX_OK && out->count == 0)
        status = broken(&c, "no parameter");
    return status;
}

void fmx__procpar_clear(fmx__procpar *procpar)
{
    free(procpar->path);
    free(procpar->text);
    free(procpar->item);
    *procpar = (fmx__procpar){0};
}

const fmx__procpar_item *fmx__procpar_find(const fmx__procpar *procpar, const char *name)
{
    for (size_t i = 0; i < procpar->count; ++i) {
        if (strcmp(procpar->item[i].name, name) == 0)
            return &procpar->item[i];
    }
    return NULL;
}

fmx_status fmx__procpar_number(fmx_context *ctx, const fmx__procpar *procpar, const char *name,
                               double least, double most, double otherwise, double *out)
{
    const fmx__procpar_item *item = fmx__procpar_find(procpar, name);
    char *end = NULL;
    *out = otherwise;
    if (item == NULL || item->count == 0) {
        if (!isnan(otherwise))
            return FMX_OK;
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: parameter %s is missing; copy the file from the instrument again",
                         procpar->path, name);
    }
    double value = strtod(item->value, &end);
    if (end == item->value || *end != '\0' || !(value >= least && value <= most))
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: %s = \"%.60s\" is no number from %g to %g",
                         procpar->path, name, item->value, least, most);
    *out = value;
    return FMX_OK;
}

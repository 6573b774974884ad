#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "c_locale.h"

enum { LONGEST_NAME = 64, MOST_NAMES = 128 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance, both texts cut at LONGEST_NAME. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[LONGEST_NAME + 1];
    size_t m = strnlen(a, LONGEST_NAME);
    size_t n = strnlen(b, LONGEST_NAME);
    for (size_t j = 0; j <= n; ++j)
        row[j] = j;
    for (size_t i = 1; i <= m; ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; ++j) {
            size_t above = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[n];
}

const char *fmx__nearest_name(const char *text, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t best_distance = 0;
    for (size_t i = 0; i < count; ++i) {
        size_t distance = edit_distance(text, names[i]);
        if (best == NULL || distance < best_distance) {
            best = names[i];
            best_distance = distance;
        }
    }
    size_t limit = strlen(text) / 2 + 1;
    return best != NULL && best_distance <= limit ? best : NULL;
}

const char *fmx__option_dot(const char *where)
{
    size_t length = strlen(where);
    return length > 0 && where[length - 1] == ' ' ? "" : ".";
}

static fmx_status parse_number(fmx_context *ctx, const fmx__option *option, const char *where,
                               const char *text, double *out)
{
    char *end = NULL;
    errno = 0;
    double value = strtod(text, &end);
    while (end != NULL && (*end == ' ' || *end == '\t'))
        ++end;
    if (end == text || *end != '\0' || !isfinite(value))
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s%s%s: \"%s\" is not a number%s%s", where,
                         fmx__option_dot(where), option->key, text,
                         option->unit[0] ? "; unit " : "", option->unit);
    if (value < option->least || value > option->most)
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s%s%s: %s is outside %g to %g%s%s", where,
                         fmx__option_dot(where), option->key, text, option->least, option->most,
                         option->unit[0] ? " " : "", option->unit);
    *out = value;
    return FMX_OK;
}

static fmx_status set_integer(fmx_context *ctx, const fmx__option *option, const char *where,
                              const char *text, int64_t *out)
{
    double value = 0;
    fmx_status status = parse_number(ctx, option, where, text, &value);
    if (status != FMX_OK)
        return status;
    if (value != floor(value) || fabs(value) > 9007199254740992.0)
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s%s%s: %s is not a whole number", where,
                         fmx__option_dot(where), option->key, text);
    *out = (int64_t)value;
    return FMX_OK;
}

static fmx_status set_bool(fmx_context *ctx, const fmx__option *option, const char *where,
                           const char *text, bool *out)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0)
        *out = true;
    else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0)
        *out = false;
    else
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s%s%s: \"%s\" is neither true nor false", where,
                         fmx__option_dot(where), option->key, text);
    return FMX_OK;
}

static fmx_status set_choice(fmx_context *ctx, const fmx__option *option, const char *where,
                             const char *text, int *out)
{
    size_t count = 0;
    while (option->choices[count] != NULL) {
        if (strcmp(option->choices[count], text) == 0) {
            *out = (int)count;
            return FMX_OK;
        }
        ++count;
    }
    char list[512] = "";
    for (size_t i = 0; i < count; ++i) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", option->choices[i]);
    }
    const char *near = fmx__nearest_name(text, option->choices, count);
    return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s%s%s: \"%s\" is none of %s%s%s%s", where,
                     fmx__option_dot(where), option->key, text, list,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static fmx_status set_numbers(fmx_context *ctx, const fmx__option *option, const char *where,
                              const char *text, fmx__numbers *out)
{
    fmx__numbers list = {0};
    const char *at = text + strspn(text, " \t[");
    while (*at != '\0' && *at != ']') {
        size_t length = strcspn(at, ",]");
        char one[64];
        if (length >= sizeof one || list.count == FMX__NUMBERS_OPTION)
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "%s%s%s: \"%s\" is not a list of at most %d numbers", where,
                             fmx__option_dot(where), option->key, text, FMX__NUMBERS_OPTION);
        memcpy(one, at, length);
        one[length] = '\0';
        fmx_status status = parse_number(ctx, option, where, one, &list.value[list.count]);
        if (status != FMX_OK)
            return status;
        ++list.count;
        at += length;
        at += strspn(at, ", \t");
    }
    *out = list;
    return FMX_OK;
}

static const fmx__option *find_option(const fmx__option *table, size_t count, const char *key)
{
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    }
    return NULL;
}

static fmx_status unknown_key(fmx_context *ctx, const fmx__option *table, size_t count,
                              const char *where, const char *key)
{
    const char *names[MOST_NAMES];
    size_t known = count < MOST_NAMES ? count : MOST_NAMES;
    for (size_t i = 0; i < known; ++i)
        names[i] = table[i].key;
    const char *near = fmx__nearest_name(key, names, known);
    return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s: unknown key \"%s\"%s%s%s", where, key,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Room for the value of a TEXT or NAMES option. */
static size_t text_bytes(const fmx__option *option)
{
    return option->most > 0 ? (size_t)option->most : FMX__TEXT_OPTION;
}

static fmx_status set_option(fmx_context *ctx, const fmx__option *table, size_t count,
                             void *options, const char *where, const char *key, const char *text)
{
    const fmx__option *option = find_option(table, count, key);
    if (option == NULL)
        return unknown_key(ctx, table, count, where, key);
    char *field = (char *)options + option->offset;
    switch (option->type) {
    case FMX__OPTION_NUMBER:
        return parse_number(ctx, option, where, text, (double *)(void *)field);
    case FMX__OPTION_INTEGER:
        return set_integer(ctx, option, where, text, (int64_t *)(void *)field);
    case FMX__OPTION_BOOL:
        return set_bool(ctx, option, where, text, (bool *)field);
    case FMX__OPTION_CHOICE:
        return set_choice(ctx, option, where, text, (int *)(void *)field);
    case FMX__OPTION_NUMBERS:
        return set_numbers(ctx, option, where, text, (fmx__numbers *)(void *)field);
    case FMX__OPTION_TEXT:
    case FMX__OPTION_NAMES:
        if (strlen(text) >= text_bytes(option))
            return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s%s%s: longer than %zu bytes", where,
                             fmx__option_dot(where), option->key, text_bytes(option) - 1);
        snprintf(field, text_bytes(option), "%s", text);
        return FMX_OK;
    }
    return fmx__fail(ctx, FMX_ERROR_INTERNAL, "%s%s%s: option type %d", where,
                     fmx__option_dot(where), key, (int)option->type);
}

fmx_status fmx__option_set(fmx_context *ctx, const fmx__option *table, size_t count, void *options,
                           const char *where, const char *key, const char *text)
{
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    fmx_status status = set_option(ctx, table, count, options, where, key, text);
    fmx__c_locale_leave(&locale);
    return status;
}

/* The fewest digits that strtod reads back to the same double. */
static void shortest_number(char text[32], double value)
{
    for (int digits = 6; digits <= 17; ++digits) {
        snprintf(text, 32, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

static fmx_status option_text(fmx_context *ctx, const fmx__option *option, const void *options,
                              char **out)
{
    const char *field = (const char *)options + option->offset;
    char text[FMX__NUMBERS_OPTION * 34 + 8];
    switch (option->type) {
    case FMX__OPTION_NUMBER:
        shortest_number(text, *(const double *)(const void *)field);
        break;
    case FMX__OPTION_INTEGER:
        snprintf(text, sizeof text, "%lld", (long long)*(const int64_t *)(const void *)field);
        break;
    case FMX__OPTION_BOOL:
        snprintf(text, sizeof text, "%s", *(const bool *)field ? "true" : "false");
        break;
    case FMX__OPTION_CHOICE:
        snprintf(text, sizeof text, "%s", option->choices[*(const int *)(const void *)field]);
        break;
    case FMX__OPTION_TEXT:
    case FMX__OPTION_NAMES:
        return fmx__format(ctx, out, "%s", field);
    case FMX__OPTION_NUMBERS: {
        const fmx__numbers *list = (const fmx__numbers *)(const void *)field;
        size_t used = 0;
        text[used++] = '[';
        for (size_t i = 0; i < list->count; ++i) {
            char one[32];
            shortest_number(one, list->value[i]);
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", one);
        }
        snprintf(text + used, sizeof text - used, "]");
        break;
    }
    }
    return fmx__format(ctx, out, "%s", text);
}

fmx_status fmx__option_text(fmx_context *ctx, const fmx__option *option, const void *options,
                            char **out)
{
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    fmx_status status = option_text(ctx, option, options, out);
    fmx__c_locale_leave(&locale);
    return status;
}

static bool within(const fmx__option *option, double value)
{
    return value >= option->least && value <= option->most;
}

static bool numbers_valid(const fmx__option *option, const fmx__numbers *list)
{
    if (list->count > FMX__NUMBERS_OPTION)
        return false;
    for (size_t i = 0; i < list->count; ++i) {
        if (!within(option, list->value[i]))
            return false;
    }
    return true;
}

static bool choice_valid(const fmx__option *option, int value)
{
    int count = 0;
    while (option->choices[count] != NULL)
        ++count;
    return value >= 0 && value < count;
}

static bool is_valid(const fmx__option *option, const void *options)
{
    const void *field = (const char *)options + option->offset;
    switch (option->type) {
    case FMX__OPTION_NUMBER:
        return within(option, *(const double *)field);
    case FMX__OPTION_INTEGER:
        return within(option, (double)*(const int64_t *)field);
    case FMX__OPTION_CHOICE:
        return choice_valid(option, *(const int *)field);
    case FMX__OPTION_TEXT:
    case FMX__OPTION_NAMES:
        return memchr(field, '\0', text_bytes(option)) != NULL;
    case FMX__OPTION_NUMBERS:
        return numbers_valid(option, field);
    case FMX__OPTION_BOOL:
        return true;
    }
    return false;
}

fmx_status fmx__options_check(fmx_context *ctx, const fmx__option_group *group, const void *options)
{
    for (size_t i = 0; i < group->option_count; ++i) {
        const fmx__option *option = &group->options[i];
        if (!is_valid(option, options))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s.%s: not within %g to %g%s%s", group->name,
                             option->key, option->least, option->most, option->unit[0] ? " " : "",
                             option->unit);
    }
    return FMX_OK;
}

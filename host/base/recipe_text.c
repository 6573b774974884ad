/* A recipe written back as text, and the tables of its documentation. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipe_internal.h"
#include "utf8.h"

fmx_status fmx__text_add(fmx_context *ctx, fmx__text *to, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    fmx_status status = FMX_OK;
    if (length < 0)
        status = fmx__fail(ctx, FMX_ERROR_INTERNAL, "format \"%s\" failed", format);
    else
        status =
            fmx__grow(ctx, &to->text, &to->capacity, to->length + (size_t)length + 1, 1, "text");
    if (status == FMX_OK) {
        vsnprintf(to->text + to->length, (size_t)length + 1, format, again);
        to->length += (size_t)length;
    }
    va_end(again);
    return status;
}

/* Text between double quotes, with YAML's escapes for all that a reader might fold or refuse. */
static fmx_status add_quoted(fmx_context *ctx, fmx__text *to, const char *text)
{
    size_t left = strlen(text);
    fmx_status status = fmx__text_add(ctx, to, "\"");
    while (status == FMX_OK && left > 0) {
        uint32_t code = 0;
        size_t bytes = fmx__utf8_decode(text, left, &code);
        bool plain = (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code < 0xfffe);
        if (bytes == 0) {
            bytes = 1; /* no UTF-8: the replacement character */
            status = fmx__text_add(ctx, to, "\\uFFFD");
        } else if (code == '"' || code == '\\') {
            status = fmx__text_add(ctx, to, "\\%c", (char)code);
        } else if (plain && code != 0xfeff && code != 0x2028 && code != 0x2029) {
            status = fmx__text_add(ctx, to, "%.*s", (int)bytes, text);
        } else {
            status = fmx__text_add(ctx, to, "\\U%08X", (unsigned)code);
        }
        text += bytes;
        left -= bytes;
    }
    return status == FMX_OK ? fmx__text_add(ctx, to, "\"") : status;
}

static fmx_status add_options(fmx_context *ctx, fmx__text *to, const char *indent,
                              const fmx__option_group *group, const void *options)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < group->option_count; ++i) {
        char *value = NULL;
        status = fmx__option_text(ctx, &group->options[i], options, &value);
        if (status == FMX_OK)
            status = fmx__text_add(ctx, to, "%s%s: ", indent, group->options[i].key);
        if (status == FMX_OK && (group->options[i].type == FMX__OPTION_TEXT ||
                                 group->options[i].type == FMX__OPTION_NAMES))
            status = add_quoted(ctx, to, value);
        else if (status == FMX_OK)
            status = fmx__text_add(ctx, to, "%s", value);
        if (status == FMX_OK)
            status = fmx__text_add(ctx, to, "\n");
        free(value);
    }
    return status;
}

static fmx_status add_list(fmx_context *ctx, fmx__text *to, const fmx__recipe_part *part)
{
    const char *inner = fmx__recipe_inner(part->section->name);
    const char *indent = inner != NULL ? "    " : "  ";
    fmx_status status =
        fmx__text_add(ctx, to, "%s%s:%s\n", inner != NULL ? "  " : "",
                      inner != NULL ? inner : part->section->name, part->count == 0 ? " []" : "");
    for (size_t i = 0; status == FMX_OK && i < part->count; ++i) {
        const fmx__recipe_stage *stage = &part->stage[i];
        status = fmx__text_add(ctx, to, "%s- %s%s\n", indent, stage->group->name,
                               stage->group->option_count > 0 ? ":" : "");
        if (status == FMX_OK)
            status = add_options(ctx, to, inner != NULL ? "        " : "      ", stage->group,
                                 stage->options);
    }
    return status;
}

static bool belongs_to(const fmx__recipe_part *inner, const fmx__recipe_part *outer)
{
    size_t length = strlen(outer->section->name);
    return strncmp(inner->section->name, outer->section->name, length) == 0 &&
           inner->section->name[length] == '.';
}

static fmx_status add_inner_map(fmx_context *ctx, fmx__text *to, const fmx__recipe_part *part)
{
    fmx_status status = fmx__text_add(ctx, to, "  %s:\n", fmx__recipe_inner(part->section->name));
    return status == FMX_OK ? add_options(ctx, to, "    ", part->section->group, part->options)
                            : status;
}

static fmx_status add_map(fmx_context *ctx, fmx__text *to, const fmx__recipe *recipe,
                          const fmx__recipe_part *part)
{
    bool empty = part->section->group->option_count == 0;
    for (size_t i = 0; i < recipe->part_count; ++i)
        empty = empty && !(recipe->part[i].given && belongs_to(&recipe->part[i], part));
    fmx_status status = fmx__text_add(ctx, to, "%s:%s\n", part->section->name, empty ? " {}" : "");
    if (status == FMX_OK)
        status = add_options(ctx, to, "  ", part->section->group, part->options);
    for (size_t i = 0; status == FMX_OK && i < recipe->part_count; ++i) {
        if (recipe->part[i].given && belongs_to(&recipe->part[i], part))
            status = recipe->part[i].section->group != NULL
                         ? add_inner_map(ctx, to, &recipe->part[i])
                         : add_list(ctx, to, &recipe->part[i]);
    }
    return status;
}

fmx_status fmx__recipe_text(fmx_context *ctx, const fmx__recipe *recipe, char **out)
{
    fmx__text text = {0};
    fmx_status status = add_options(ctx, &text, "", &fmx__recipe_head_group, &recipe->head);
    for (size_t i = 0; status == FMX_OK && i < recipe->part_count; ++i) {
        const fmx__recipe_part *part = &recipe->part[i];
        if (fmx__recipe_inner(part->section->name) != NULL ||
            !(part->given || part->section->implied))
            continue;
        status = part->section->group != NULL ? add_map(ctx, &text, recipe, part)
                                              : add_list(ctx, &text, part);
    }
    if (status != FMX_OK) {
        free(text.text);
        text.text = NULL;
    }
    *out = text.text;
    return status;
}

static fmx_status add_type(fmx_context *ctx, fmx__text *to, const fmx__option *option)
{
    fmx_status status = FMX_OK;
    switch (option->type) {
    case FMX__OPTION_NUMBER:
        return fmx__text_add(ctx, to, "number, %g to %g", option->least, option->most);
    case FMX__OPTION_INTEGER:
        return fmx__text_add(ctx, to, "whole number, %.17g to %.17g", option->least, option->most);
    case FMX__OPTION_NUMBERS:
        return fmx__text_add(ctx, to, "list of numbers, %g to %g", option->least, option->most);
    case FMX__OPTION_BOOL:
        return fmx__text_add(ctx, to, "true or false");
    case FMX__OPTION_TEXT:
        return fmx__text_add(ctx, to, "text");
    case FMX__OPTION_NAMES:
        return fmx__text_add(ctx, to, "a name or a list of names");
    case FMX__OPTION_CHOICE:
        status = fmx__text_add(ctx, to, "one of");
        for (size_t i = 0; status == FMX_OK && option->choices[i] != NULL; ++i)
            status = fmx__text_add(ctx, to, "%s `%s`", i > 0 ? "," : "", option->choices[i]);
        return status;
    }
    return status;
}

static fmx_status add_key(fmx_context *ctx, fmx__text *to, const fmx__option *option,
                          const void *defaults)
{
    char *value = NULL;
    fmx_status status = fmx__option_text(ctx, option, defaults, &value);
    if (status == FMX_OK)
        status = fmx__text_add(ctx, to, "| `%s` | ", option->key);
    if (status == FMX_OK)
        status = add_type(ctx, to, option);
    if (status == FMX_OK)
        status =
            fmx__text_add(ctx, to, " | %s | %s%s%s | %s |\n", option->unit, value[0] ? "`" : "",
                          value[0] ? value : "(empty)", value[0] ? "`" : "", option->doc);
    free(value);
    return status;
}

static fmx_status add_table(fmx_context *ctx, fmx__text *to, const char *heading, const char *doc,
                            const fmx__option_group *group)
{
    fmx_status status = fmx__text_add(ctx, to, "\n%s\n\n%s\n", heading, doc);
    if (status == FMX_OK && group->option_count > 0)
        status = fmx__text_add(ctx, to,
                               "\n| key | type | unit | default | meaning |\n"
                               "| --- | --- | --- | --- | --- |\n");
    else if (status == FMX_OK)
        status = fmx__text_add(ctx, to, "\nNo options.\n");
    for (size_t i = 0; status == FMX_OK && i < group->option_count; ++i)
        status = add_key(ctx, to, &group->options[i], group->defaults);
    return status;
}

fmx_status fmx__recipe_keys(fmx_context *ctx, const fmx__recipe_schema *schema, char **out)
{
    char heading[128];
    fmx__text text = {0};
    const fmx__option_group *group = NULL;
    fmx_status status =
        add_table(ctx, &text, "## Top level", fmx__recipe_head_group.doc, &fmx__recipe_head_group);
    const fmx__recipe_section *section = NULL;
    for (size_t i = 0; status == FMX_OK && (section = fmx__recipe_schema_at(schema, i)) != NULL;
         ++i) {
        snprintf(heading, sizeof heading, "## `%s`", section->name);
        if (section->group != NULL) {
            status = add_table(ctx, &text, heading, section->doc, section->group);
            continue;
        }
        status = fmx__text_add(ctx, &text, "\n%s\n\n%s\n", heading, section->doc);
        for (size_t j = 0; status == FMX_OK && (group = section->stage(j)) != NULL; ++j) {
            snprintf(heading, sizeof heading, "### `%s.%s`", section->name, group->name);
            status = add_table(ctx, &text, heading, group->doc, group);
        }
    }
    if (status != FMX_OK) {
        free(text.text);
        text.text = NULL;
    }
    *out = text.text;
    return status;
}

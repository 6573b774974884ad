/* --set: one value of a recipe from the command line. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipe_internal.h"
#include "utf8.h"

enum { LONGEST_PATH = 256, MOST_NAMES = 128 };

/* "section.stage[index].key" in pieces; absent ones are empty. */
typedef struct target {
    char section[LONGEST_PATH];
    char stage[LONGEST_PATH];
    char key[LONGEST_PATH];
    bool has_index;
    size_t index;
} target;

static fmx_status not_understood(fmx_context *ctx, const char *assignment)
{
    return fmx__fail(ctx, FMX_ERROR_RECIPE,
                     "--set %.200s: write key=value, for instance process.apodisation.lb_hz=1 or "
                     "axis.points=32768",
                     assignment);
}

/* Takes the part of *at up to one of `ends`; false when it is empty or does not fit. */
static bool take_word(const char **at, const char *ends, char out[LONGEST_PATH])
{
    size_t length = strcspn(*at, ends);
    if (length == 0 || length >= LONGEST_PATH)
        return false;
    memcpy(out, *at, length);
    out[length] = '\0';
    *at += length;
    return true;
}

static bool take_index(const char **at, target *to)
{
    char *end = NULL;
    if (!isdigit((unsigned char)(*at)[1]))
        return false;
    unsigned long index = strtoul(*at + 1, &end, 10);
    if (*end != ']')
        return false;
    to->has_index = true;
    to->index = index;
    *at = end + 1;
    return true;
}

/* Splits "a.b[1].c=v" into the target and the value behind the first "=". */
static bool split(const char *assignment, target *to, const char **value)
{
    const char *at = assignment;
    *to = (target){0};
    if (!take_word(&at, ".[=", to->section))
        return false;
    if (*at == '.' && (++at, !take_word(&at, ".[=", to->stage)))
        return false;
    if (*at == '[' && (to->stage[0] == '\0' || !take_index(&at, to)))
        return false;
    if (*at == '.' && (++at, !take_word(&at, "=", to->key)))
        return false;
    if (*at != '=')
        return false;
    *value = at + 1;
    return true;
}

/* The stage that a target names. Errors: FMX_ERROR_RECIPE when there is none, or several. */
static fmx_status choose_stage(fmx_context *ctx, const char *where, fmx__recipe_part *part,
                               const target *to, size_t *out)
{
    const char *names[MOST_NAMES];
    size_t found = 0;
    size_t known = 0;
    char near[128];
    for (size_t i = 0; i < part->count; ++i) {
        const char *name = part->stage[i].group->name;
        if (known < MOST_NAMES)
            names[known++] = name;
        if (strcmp(name, to->stage) != 0)
            continue;
        if (!to->has_index || found == to->index)
            *out = i;
        ++found;
    }
    if (found == 0) {
        const fmx__option_group *group = NULL;
        for (size_t i = 0; (group = part->section->stage(i)) != NULL; ++i) {
            if (strcmp(group->name, to->stage) == 0)
                return fmx__fail(ctx, FMX_ERROR_RECIPE,
                                 "%s: the recipe's %s list has no stage \"%s\"; add it to the list",
                                 where, part->section->name, to->stage);
        }
        fmx__did_you_mean(near, to->stage, names, known);
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s: there is no stage \"%s\" in the list%s", where,
                         to->stage, near);
    }
    if (to->has_index && to->index >= found)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: the list has %zu of that name, counted from 0: %s[0]%s", where, found,
                         to->stage, found > 1 ? " and on" : "");
    if (!to->has_index && found > 1)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: the list has %zu of that name; say which: %s.%s[0] to [%zu]", where,
                         found, to->section, to->stage, found - 1);
    return FMX_OK;
}

static void remove_stage(fmx__recipe_part *part, size_t index)
{
    free(part->stage[index].options);
    memmove(part->stage + index, part->stage + index + 1,
            (part->count - index - 1) * sizeof *part->stage);
    --part->count;
}

static fmx_status set_in_list(fmx_context *ctx, fmx__recipe_part *part, const target *to,
                              const char *assignment, const char *value)
{
    char where[LONGEST_PATH * 3];
    size_t index = 0;
    snprintf(where, sizeof where, "--set %s.%s", to->section, to->stage);
    if (to->stage[0] == '\0')
        return not_understood(ctx, assignment);
    fmx_status status = choose_stage(ctx, where, part, to, &index);
    if (status != FMX_OK)
        return status;
    if (to->key[0] != '\0') {
        const fmx__recipe_stage *stage = &part->stage[index];
        return fmx__option_set(ctx, stage->group->options, stage->group->option_count,
                               stage->options, where, to->key, value);
    }
    if (strcmp(value, "off") != 0)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: \"off\" takes the stage out; to set an option write %s.%s.KEY=%s",
                         where, to->section, to->stage, value);
    remove_stage(part, index);
    return FMX_OK;
}

/* For "train.loss.x=v" where train.loss is a section: its name in `section`, and what follows the
 * first dot ("loss.x=v"); NULL for all else. */
static const char *join_inner(fmx__recipe *recipe, const char *assignment,
                              char section[LONGEST_PATH])
{
    char outer[LONGEST_PATH];
    char key[LONGEST_PATH];
    const char *at = assignment;
    if (!take_word(&at, ".[=", outer) || *at != '.')
        return NULL;
    const char *tail = ++at;
    if (!take_word(&at, ".[=", key))
        return NULL;
    const fmx__recipe_part *part = fmx__recipe_inner_part(recipe, outer, key);
    if (part == NULL)
        return NULL;
    snprintf(section, LONGEST_PATH, "%s", part->section->name);
    return tail;
}

fmx_status fmx__recipe_set(fmx_context *ctx, fmx__recipe *recipe, const char *assignment)
{
    target to;
    const char *value = NULL;
    char where[LONGEST_PATH * 2];
    char inner[LONGEST_PATH];
    const char *tail = join_inner(recipe, assignment, inner);
    if (!split(tail != NULL ? tail : assignment, &to, &value) || !fmx__utf8_valid(assignment))
        return not_understood(ctx, assignment);
    if (tail != NULL)
        memcpy(to.section, inner, sizeof inner);
    for (size_t i = 0; i < recipe->part_count; ++i) {
        fmx__recipe_part *part = &recipe->part[i];
        if (strcmp(part->section->name, to.section) != 0)
            continue;
        if (part->section->stage != NULL)
            return set_in_list(ctx, part, &to, assignment, value);
        if (to.stage[0] == '\0' || to.has_index || to.key[0] != '\0')
            return not_understood(ctx, assignment);
        part->given = true;
        snprintf(where, sizeof where, "--set %s", to.section);
        return fmx__option_set(ctx, part->section->group->options,
                               part->section->group->option_count, part->options, where, to.stage,
                               value);
    }
    for (size_t i = 0; i < fmx__recipe_head_group.option_count; ++i) {
        if (strcmp(fmx__recipe_head_group.options[i].key, to.section) == 0 && to.stage[0] == '\0')
            return fmx__option_set(ctx, fmx__recipe_head_group.options,
                                   fmx__recipe_head_group.option_count, &recipe->head, "--set ",
                                   to.section, value);
    }
    return fmx__unknown_top_key(ctx, "--set", recipe, to.section);
}

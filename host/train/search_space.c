/* The space of a search: reading it, and drawing from it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "c_locale.h"
#include "philox.h"
#include "search.h"
#include "yaml_tree.h"

enum { SPACE_MOST_BYTES = 1 << 20 };

static fmx_status refuse(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *node,
                         const char *what)
{
    return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s: %s", yaml->file, node->line,
                     node->key != NULL ? node->key : "space", what);
}

/* A list of values. */
static fmx_status read_choices(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *node,
                               fmx__search_entry *entry)
{
    fmx_status status = FMX_OK;
    entry->kind = FMX__SEARCH_CHOICE;
    if (node->count == 0 || node->count > FMX__SEARCH_CHOICES)
        return refuse(ctx, yaml, node, "a list of 1 to 64 values is needed");
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i) {
        if (node->child[i]->kind != FMX__YAML_SCALAR)
            return refuse(ctx, yaml, node, "each value of the list is a number or a word");
        status = fmx__format(ctx, &entry->choice[entry->choices++], "%s", node->child[i]->text);
    }
    return status;
}

/* {least, most, step, log}. */
static fmx_status read_range(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *node,
                             fmx__search_entry *entry)
{
    entry->kind = FMX__SEARCH_RANGE;
    fmx_status status = fmx__yaml_number(ctx, yaml, node, "least", -1e12, 1e12, &entry->least);
    if (status == FMX_OK)
        status = fmx__yaml_number(ctx, yaml, node, "most", -1e12, 1e12, &entry->most);
    if (status == FMX_OK && fmx__yaml_get(node, "step") != NULL)
        status = fmx__yaml_number(ctx, yaml, node, "step", 1e-12, 1e12, &entry->step);
    const fmx__yaml_node *log = fmx__yaml_get(node, "log");
    entry->log = log != NULL && log->text != NULL && strcmp(log->text, "true") == 0;
    size_t known = 2 + (entry->step > 0) + (log != NULL);
    if (status != FMX_OK)
        return status;
    if (known != node->count || !(entry->least < entry->most))
        return refuse(ctx, yaml, node,
                      "a range is {least: A, most: B} with A below B, and step: S "
                      "or log: true");
    if (entry->log && (!(entry->least > 0) || entry->step > 0))
        return refuse(ctx, yaml, node, "log needs least above 0, and no step");
    return FMX_OK;
}

/* A map of names, each with a list of assignments. */
static fmx_status read_variants(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *node,
                                fmx__search_entry *entry)
{
    fmx_status status = FMX_OK;
    entry->kind = FMX__SEARCH_VARIANT;
    if (node->count == 0 || node->count > FMX__SEARCH_CHOICES)
        return refuse(ctx, yaml, node, "1 to 64 variants are needed");
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i) {
        const fmx__yaml_node *variant = node->child[i];
        char *all = NULL;
        if (variant->kind != FMX__YAML_LIST)
            return refuse(ctx, yaml, variant, "a variant is a list of settings, \"- key=value\"");
        status = fmx__format(ctx, &all, "%s", "");
        for (size_t k = 0; status == FMX_OK && k < variant->count; ++k) {
            char *longer = NULL;
            const char *text = variant->child[k]->text;
            if (text == NULL || strchr(text, '=') == NULL)
                status = refuse(ctx, yaml, variant, "a setting is written as key=value");
            if (status == FMX_OK)
                status = fmx__format(ctx, &longer, "%s%s\n", all, text);
            if (status == FMX_OK) {
                free(all);
                all = longer;
            }
        }
        entry->assignment[entry->choices] = all;
        if (status == FMX_OK)
            status = fmx__format(ctx, &entry->choice[entry->choices], "%s", variant->key);
        ++entry->choices;
    }
    return status;
}

static fmx_status read_entries(fmx_context *ctx, const fmx__yaml *yaml, fmx__search_space *out)
{
    const fmx__yaml_node *space = fmx__yaml_get(yaml->root, "space");
    if (space == NULL || space->kind != FMX__YAML_MAP || space->count == 0 ||
        space->count > FMX__SEARCH_ENTRIES)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: space: a map of 1 to 32 keys is needed, for instance \"train.batch: "
                         "[16, 32]\"",
                         yaml->file);
    fmx_status status = fmx__alloc(ctx, space->count, sizeof *out->entry, "a space", &out->entry);
    for (size_t i = 0; status == FMX_OK && i < space->count; ++i) {
        const fmx__yaml_node *node = space->child[i];
        fmx__search_entry *entry = &out->entry[out->entries++];
        status = fmx__format(ctx, &entry->name, "%s", node->key);
        if (status != FMX_OK)
            break;
        if (node->kind == FMX__YAML_LIST)
            status = read_choices(ctx, yaml, node, entry);
        else if (node->kind == FMX__YAML_MAP && fmx__yaml_get(node, "least") != NULL)
            status = read_range(ctx, yaml, node, entry);
        else if (node->kind == FMX__YAML_MAP)
            status = read_variants(ctx, yaml, node, entry);
        else
            status = refuse(ctx, yaml, node, "a list of values, a range or variants is needed");
    }
    return status;
}

/* The keys beside `space`. */
static fmx_status read_head(fmx_context *ctx, const fmx__yaml *yaml, fmx__search_space *out)
{
    static const char *const known[] = {"fidmix", "metric", "goal", "halving", "space"};
    const fmx__yaml_node *halving = fmx__yaml_get(yaml->root, "halving");
    const char *text = NULL;
    double least = 0;
    double version = 0;
    for (size_t i = 0; i < yaml->root->count; ++i) {
        const char *near = fmx__nearest_name(yaml->root->child[i]->key, known, FMX__COUNT(known));
        if (near == NULL || strcmp(near, yaml->root->child[i]->key) != 0)
            return refuse(ctx, yaml, yaml->root->child[i],
                          "unknown; there are fidmix, metric, goal, halving and space");
    }
    fmx_status status = fmx__yaml_number(ctx, yaml, yaml->root, "fidmix", 1, 1, &version);
    snprintf(out->metric, sizeof out->metric, "validation_loss");
    if (status == FMX_OK && fmx__yaml_get(yaml->root, "metric") != NULL) {
        status = fmx__yaml_text(ctx, yaml, yaml->root, "metric", &text);
        if (status == FMX_OK)
            snprintf(out->metric, sizeof out->metric, "%s", text);
    }
    out->most = strcmp(out->metric, "validation_loss") != 0;
    if (status == FMX_OK && fmx__yaml_get(yaml->root, "goal") != NULL) {
        status = fmx__yaml_text(ctx, yaml, yaml->root, "goal", &text);
        out->most = status == FMX_OK && strcmp(text, "most") == 0;
        if (status == FMX_OK && !out->most && strcmp(text, "least") != 0)
            return refuse(ctx, yaml, fmx__yaml_get(yaml->root, "goal"), "least or most");
    }
    if (status == FMX_OK && halving != NULL) {
        status = fmx__yaml_number(ctx, yaml, halving, "factor", 2, 100, &out->factor);
        if (status == FMX_OK)
            status = fmx__yaml_number(ctx, yaml, halving, "least_epochs", 1, 1e6, &least);
        out->least_epochs = (int64_t)least;
    }
    return status;
}

fmx_status fmx__search_space_read(fmx_context *ctx, const char *path, fmx__search_space *out)
{
    fmx__yaml yaml = {0};
    size_t bytes = 0;
    *out = (fmx__search_space){.metric = ""};
    fmx_status status = fmx__read_file(ctx, path, SPACE_MOST_BYTES, &out->text, &bytes);
    if (status == FMX_OK)
        status = fmx__yaml_parse(ctx, path, out->text, bytes, &yaml);
    if (status == FMX_OK && (yaml.root == NULL || yaml.root->kind != FMX__YAML_MAP))
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: a map with \"fidmix: 1\" and \"space\" is needed", path);
    if (status == FMX_OK)
        status = read_head(ctx, &yaml, out);
    if (status == FMX_OK)
        status = read_entries(ctx, &yaml, out);
    fmx__yaml_clear(&yaml);
    return status;
}

void fmx__search_space_clear(fmx__search_space *space)
{
    for (size_t i = 0; i < space->entries; ++i) {
        for (size_t k = 0; k < FMX__SEARCH_CHOICES; ++k) {
            free(space->entry[i].choice[k]);
            free(space->entry[i].assignment[k]);
        }
        free(space->entry[i].name);
    }
    free(space->entry);
    free(space->text);
    *space = (fmx__search_space){.metric = ""};
}

fmx_status fmx__search_value(fmx_context *ctx, const fmx__search_space *space, uint64_t seed,
                             size_t trial, size_t entry, char **out, size_t *choice)
{
    const fmx__search_entry *e = &space->entry[entry];
    uint32_t word[4];
    fmx__random_words(word, seed, FMX__PURPOSE_SEARCH, trial, (uint32_t)entry, 0);
    *choice = 0;
    if (e->kind != FMX__SEARCH_RANGE) {
        *choice = fmx__random_below(word[0], e->choices);
        return fmx__format(ctx, out, "%s", e->choice[*choice]);
    }
    double u = fmx__uniform(word[0]);
    double value = e->least + u * (e->most - e->least);
    if (e->log)
        value = exp(log(e->least) + u * (log(e->most) - log(e->least)));
    if (e->step > 0)
        value = e->least +
                e->step * floor(u * (floor((e->most - e->least) / e->step * (1 + 1e-12)) + 1));
    fmx__c_locale locale;
    fmx__c_locale_enter(&locale);
    fmx_status status = fmx__format(ctx, out, "%.6g", value);
    fmx__c_locale_leave(&locale);
    return status;
}

/* Sets "key=value", for each key of the name. */
static fmx_status set_all(fmx_context *ctx, fmx__recipe *recipe, const char *names,
                          const char *value)
{
    fmx_status status = FMX_OK;
    for (const char *at = names; status == FMX_OK && *at != '\0';) {
        size_t length = strcspn(at, " ");
        char *assignment = NULL;
        status = fmx__format(ctx, &assignment, "%.*s=%s", (int)length, at, value);
        if (status == FMX_OK)
            status = fmx__recipe_set(ctx, recipe, assignment);
        free(assignment);
        at += length;
        at += strspn(at, " ");
    }
    return status;
}

static fmx_status set_lines(fmx_context *ctx, fmx__recipe *recipe, const char *lines)
{
    fmx_status status = FMX_OK;
    for (const char *at = lines; status == FMX_OK && *at != '\0';) {
        size_t length = strcspn(at, "\n");
        char *assignment = NULL;
        status = fmx__format(ctx, &assignment, "%.*s", (int)length, at);
        if (status == FMX_OK)
            status = fmx__recipe_set(ctx, recipe, assignment);
        free(assignment);
        at += length + 1;
    }
    return status;
}

fmx_status fmx__search_apply(fmx_context *ctx, const fmx__search_space *space, uint64_t seed,
                             size_t trial, fmx__recipe *recipe)
{
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < space->entries; ++i) {
        const fmx__search_entry *e = &space->entry[i];
        char *value = NULL;
        size_t choice = 0;
        status = fmx__search_value(ctx, space, seed, trial, i, &value, &choice);
        if (status == FMX_OK && e->kind == FMX__SEARCH_VARIANT)
            status = set_lines(ctx, recipe, e->assignment[choice]);
        else if (status == FMX_OK)
            status = set_all(ctx, recipe, e->name, value);
        status = fmx__fail_in(ctx, status, "space: %s", e->name);
        free(value);
    }
    return status;
}

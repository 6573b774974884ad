#include "recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded.h"
#include "recipe_internal.h"
#include "yaml_tree.h"

enum { MOST_NAMES = 128, WHERE_BYTES = 512 };

/* Every top-level key of format 1, also those that a schema may lack. */
static const char *const top_keys[] = {"fidmix",   "name",    "seed",    "axis",
                                       "database", "process", "augment", "mixtures",
                                       "model",    "train",   "evaluate"};

#define FMX_FIELD(name) offsetof(fmx__recipe_head, name)
static const fmx__option head_table[] = {
    {"fidmix", FMX__OPTION_INTEGER, FMX_FIELD(format), "", FMX__RECIPE_FORMAT, FMX__RECIPE_FORMAT,
     NULL, "version of the recipe format; must be given"},
    {"name", FMX__OPTION_TEXT, FMX_FIELD(name), "", 0, 0, NULL, "what the recipe is called"},
    {"seed", FMX__OPTION_INTEGER, FMX_FIELD(seed), "", 0, 9007199254740992.0, NULL,
     "seed of every random number"},
};
#undef FMX_FIELD

static const fmx__recipe_head head_defaults = {FMX__RECIPE_FORMAT, "", 1};

const fmx__option_group fmx__recipe_head_group = {
    .name = "",
    .doc = "Top-level values.",
    .options = head_table,
    .option_count = FMX__COUNT(head_table),
    .defaults = &head_defaults,
    .options_size = sizeof head_defaults,
};

void fmx__did_you_mean(char out[128], const char *text, const char *const *names, size_t count)
{
    const char *near = fmx__nearest_name(text, names, count);
    out[0] = '\0';
    if (near != NULL)
        snprintf(out, 128, "; did you mean \"%.80s\"?", near);
}

fmx_status fmx__unknown_stage(fmx_context *ctx, const char *where,
                              const fmx__recipe_section *section, const char *name)
{
    const char *names[MOST_NAMES];
    size_t count = 0;
    char near[128];
    const fmx__option_group *group = NULL;
    while (count < MOST_NAMES && (group = section->stage(count)) != NULL)
        names[count++] = group->name;
    fmx__did_you_mean(near, name, names, count);
    return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s: there is no stage \"%s\"%s", where, name, near);
}

fmx_status fmx__unknown_top_key(fmx_context *ctx, const char *where, const fmx__recipe *recipe,
                                const char *key)
{
    for (size_t i = 0; i < FMX__COUNT(top_keys); ++i) {
        if (strcmp(top_keys[i], key) == 0)
            return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                             "%s: %s: this version of fidmix does not handle this section; take it "
                             "out of the recipe",
                             where, key);
    }
    const char *names[MOST_NAMES];
    size_t count = 0;
    char near[128];
    for (size_t i = 0; i < FMX__COUNT(head_table); ++i)
        names[count++] = head_table[i].key;
    for (size_t i = 0; i < recipe->part_count && count < MOST_NAMES; ++i) {
        if (fmx__recipe_inner(recipe->part[i].section->name) == NULL)
            names[count++] = recipe->part[i].section->name;
    }
    fmx__did_you_mean(near, key, names, count);
    return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s: unknown key \"%s\"%s", where, key, near);
}

static fmx_status copy_defaults(fmx_context *ctx, const fmx__option_group *group, void **out)
{
    fmx_status status = fmx__alloc(ctx, 1, group->options_size, "options of a recipe", out);
    if (status == FMX_OK && group->options_size > 0)
        memcpy(*out, group->defaults, group->options_size);
    return status;
}

/* Number, integer and bool are never written in quotes; only a list of numbers takes a list. */
static fmx_status check_type(fmx_context *ctx, const fmx__option_group *group, const char *where,
                             const fmx__yaml_node *node)
{
    for (size_t i = 0; i < group->option_count; ++i) {
        const fmx__option *option = &group->options[i];
        if (strcmp(option->key, node->key) != 0)
            continue;
        bool names = option->type == FMX__OPTION_NAMES;
        bool list = option->type == FMX__OPTION_NUMBERS || names;
        bool word = option->type == FMX__OPTION_TEXT || option->type == FMX__OPTION_CHOICE || names;
        if (node->kind == FMX__YAML_MAP || (node->kind == FMX__YAML_LIST && !list))
            return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s%s%s: %s is needed here, not %s", where,
                             fmx__option_dot(where), node->key,
                             names  ? "a name or a list of names"
                             : list ? "a list of numbers"
                                    : "a single value",
                             fmx__yaml_kind_name(node->kind));
        if (node->kind == FMX__YAML_SCALAR && node->quoted && !word)
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "%s%s%s: \"%s\" is text, but a value without quotes is needed", where,
                             fmx__option_dot(where), node->key, node->text);
    }
    return FMX_OK;
}

/* The items of a list as "[a, b]", for fmx__option_set; names without the brackets. */
static fmx_status list_text(fmx_context *ctx, const char *where, const fmx__yaml_node *node,
                            bool names, fmx__text *out)
{
    fmx_status status = fmx__text_add(ctx, out, names ? "" : "[");
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i) {
        const fmx__yaml_node *item = node->child[i];
        if (item->kind != FMX__YAML_SCALAR || (item->quoted && !names) || item->text[0] == '\0')
            return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s.%s: every item must be a %s", where,
                             node->key, names ? "name" : "number");
        status = fmx__text_add(ctx, out, "%s%s", i > 0 ? ", " : "", item->text);
    }
    return status == FMX_OK ? fmx__text_add(ctx, out, names ? "" : "]") : status;
}

static bool takes_names(const fmx__option_group *group, const char *key)
{
    for (size_t i = 0; i < group->option_count; ++i) {
        if (strcmp(group->options[i].key, key) == 0)
            return group->options[i].type == FMX__OPTION_NAMES;
    }
    return false;
}

/* Sets one option of a group from one entry of a map; `path` is "process.apodisation". */
static fmx_status take_option(fmx_context *ctx, const fmx__recipe *recipe, const char *path,
                              const fmx__option_group *group, const fmx__yaml_node *node,
                              void *options)
{
    char where[WHERE_BYTES];
    fmx__text list = {0};
    snprintf(where, sizeof where, "%s:%zu: %s", recipe->file, node->line, path);
    fmx_status status = check_type(ctx, group, where, node);
    if (status == FMX_OK && node->kind == FMX__YAML_LIST)
        status = list_text(ctx, where, node, takes_names(group, node->key), &list);
    if (status == FMX_OK)
        status =
            fmx__option_set(ctx, group->options, group->option_count, options, where, node->key,
                            list.text != NULL    ? list.text
                            : node->text != NULL ? node->text
                                                 : "");
    free(list.text);
    return status;
}

/* All options of a group from a map; an empty value stands for an empty map. */
static fmx_status take_group(fmx_context *ctx, const fmx__recipe *recipe, const char *path,
                             const fmx__option_group *group, const fmx__yaml_node *node,
                             void *options)
{
    bool empty = node->kind == FMX__YAML_SCALAR && !node->quoted && node->text[0] == '\0';
    if (node->kind != FMX__YAML_MAP && !empty)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s:%zu: %s: options are written as \"key: value\", "
                         "not as %s",
                         recipe->file, node->line, path, fmx__yaml_kind_name(node->kind));
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i)
        status = take_option(ctx, recipe, path, group, node->child[i], options);
    return status;
}

static const fmx__option_group *stage_group(const fmx__recipe_section *section, const char *name)
{
    const fmx__option_group *group = NULL;
    for (size_t i = 0; (group = section->stage(i)) != NULL; ++i) {
        if (strcmp(group->name, name) == 0)
            return group;
    }
    return NULL;
}

/* One item of a list of stages: a name alone, or a map of one name with its options. */
static fmx_status take_stage(fmx_context *ctx, const fmx__recipe *recipe, fmx__recipe_part *part,
                             const fmx__yaml_node *item)
{
    char where[WHERE_BYTES];
    const char *section = part->section->name;
    snprintf(where, sizeof where, "%s:%zu: %s", recipe->file, item->line, section);
    bool map = item->kind == FMX__YAML_MAP && item->count == 1;
    const char *name = map ? item->child[0]->key : item->text;
    if (!map && item->kind != FMX__YAML_SCALAR)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s: an item is the name of a stage, or \"- name: {key: value}\"; here "
                         "stands %s%s",
                         where, fmx__yaml_kind_name(item->kind),
                         item->kind == FMX__YAML_MAP ? " of several keys (indent the options)"
                                                     : "");
    const fmx__option_group *group = stage_group(part->section, name);
    if (group == NULL)
        return fmx__unknown_stage(ctx, where, part->section, name);
    if (part->count == FMX__RECIPE_MOST_STAGES)
        return fmx__fail(ctx, FMX_ERROR_RECIPE, "%s: more than %d stages", where,
                         FMX__RECIPE_MOST_STAGES);
    fmx_status status = fmx__grow(ctx, &part->stage, &part->capacity, part->count + 1,
                                  sizeof *part->stage, "stages of a recipe");
    if (status != FMX_OK)
        return status;
    fmx__recipe_stage *stage = &part->stage[part->count++];
    *stage = (fmx__recipe_stage){.group = group};
    status = copy_defaults(ctx, group, &stage->options);
    if (status == FMX_OK && map) {
        snprintf(where, sizeof where, "%s.%s", section, name);
        status = take_group(ctx, recipe, where, group, item->child[0], stage->options);
    }
    return status;
}

static fmx_status take_list(fmx_context *ctx, const fmx__recipe *recipe, fmx__recipe_part *part,
                            const fmx__yaml_node *node)
{
    part->given = true;
    bool single = (node->kind == FMX__YAML_SCALAR && node->text[0] != '\0') ||
                  (node->kind == FMX__YAML_MAP && node->count == 1);
    if (fmx__recipe_inner(part->section->name) != NULL && single)
        return take_stage(ctx, recipe, part, node);
    if (node->kind != FMX__YAML_LIST)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s:%zu: %s: a list of stages is needed (\"- name\"), "
                         "not %s",
                         recipe->file, node->line, part->section->name,
                         fmx__yaml_kind_name(node->kind));
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i)
        status = take_stage(ctx, recipe, part, node->child[i]);
    return status;
}

const char *fmx__recipe_inner(const char *section)
{
    const char *dot = strchr(section, '.');
    return dot != NULL ? dot + 1 : NULL;
}

fmx__recipe_part *fmx__recipe_inner_part(fmx__recipe *recipe, const char *outer, const char *key)
{
    size_t length = strlen(outer);
    for (size_t i = 0; i < recipe->part_count; ++i) {
        const char *name = recipe->part[i].section->name;
        if (strncmp(name, outer, length) == 0 && name[length] == '.' &&
            strcmp(name + length + 1, key) == 0)
            return &recipe->part[i];
    }
    return NULL;
}

/* A map of options, among them perhaps lists of stages and maps that are sections of their own. */
static fmx_status take_map(fmx_context *ctx, fmx__recipe *recipe, fmx__recipe_part *part,
                           const fmx__yaml_node *node)
{
    const fmx__recipe_section *section = part->section;
    fmx_status status = FMX_OK;
    part->given = true;
    if (node->kind != FMX__YAML_MAP) /* empty, or the message */
        return take_group(ctx, recipe, section->name, section->group, node, part->options);
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i) {
        const fmx__yaml_node *child = node->child[i];
        fmx__recipe_part *inner = fmx__recipe_inner_part(recipe, section->name, child->key);
        if (inner != NULL && inner->section->group != NULL) {
            inner->given = true;
            status = take_group(ctx, recipe, inner->section->name, inner->section->group, child,
                                inner->options);
        } else if (inner != NULL) {
            status = take_list(ctx, recipe, inner, child);
        } else {
            status = take_option(ctx, recipe, section->name, section->group, child, part->options);
        }
    }
    return status;
}

static fmx_status take_top(fmx_context *ctx, fmx__recipe *recipe, const fmx__yaml_node *node)
{
    char where[WHERE_BYTES];
    for (size_t i = 0; i < FMX__COUNT(head_table); ++i) {
        if (strcmp(head_table[i].key, node->key) == 0)
            return take_option(ctx, recipe, "", &fmx__recipe_head_group, node, &recipe->head);
    }
    for (size_t i = 0; i < recipe->part_count; ++i) {
        fmx__recipe_part *part = &recipe->part[i];
        const char *name = part->section->name;
        if (strcmp(name, node->key) == 0 && fmx__recipe_inner(name) == NULL)
            return part->section->group != NULL ? take_map(ctx, recipe, part, node)
                                                : take_list(ctx, recipe, part, node);
    }
    snprintf(where, sizeof where, "%s:%zu", recipe->file, node->line);
    return fmx__unknown_top_key(ctx, where, recipe, node->key);
}

/* The format version comes first: a later version may mean every other key differently. */
static fmx_status check_version(fmx_context *ctx, const char *file, const fmx__yaml_node *root)
{
    if (root == NULL || root->kind != FMX__YAML_MAP)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s:1: a recipe is a map of sections, this is %s; "
                         "start with \"fidmix: 1\"",
                         file, root == NULL ? "empty" : fmx__yaml_kind_name(root->kind));
    const fmx__yaml_node *node = fmx__yaml_get(root, "fidmix");
    if (node == NULL)
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "%s:1: \"fidmix\" is missing; start with "
                         "\"fidmix: %d\", the version of the format",
                         file, FMX__RECIPE_FORMAT);
    char *end = NULL;
    long version = node->kind == FMX__YAML_SCALAR ? strtol(node->text, &end, 10) : 0;
    if (end != NULL && *end == '\0' && version > FMX__RECIPE_FORMAT)
        return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                         "%s:%zu: fidmix: format %ld is newer than this "
                         "program, which reads format %d",
                         file, node->line, version, FMX__RECIPE_FORMAT);
    return FMX_OK;
}

const fmx__recipe_section *fmx__recipe_schema_at(const fmx__recipe_schema *schema, size_t index)
{
    size_t before = 0;
    for (const fmx__recipe_schema *base = schema->base; base != NULL; base = base->base)
        before += base->count;
    if (index < before)
        return fmx__recipe_schema_at(schema->base, index);
    return index - before < schema->count ? &schema->section[index - before] : NULL;
}

static fmx_status make_parts(fmx_context *ctx, const fmx__recipe_schema *schema, fmx__recipe *out)
{
    size_t capacity = 0;
    const fmx__recipe_section *section = NULL;
    fmx_status status = FMX_OK;
    out->head = head_defaults;
    for (size_t i = 0; status == FMX_OK && (section = fmx__recipe_schema_at(schema, i)) != NULL;
         ++i) {
        status =
            fmx__grow(ctx, &out->part, &capacity, i + 1, sizeof *out->part, "sections of a recipe");
        if (status != FMX_OK)
            break;
        out->part[i] = (fmx__recipe_part){.section = section};
        out->part_count = i + 1;
        if (section->group != NULL)
            status = copy_defaults(ctx, section->group, &out->part[i].options);
    }
    return status;
}

fmx_status fmx__recipe_parse(fmx_context *ctx, const char *file, const char *text, size_t bytes,
                             const fmx__recipe_schema *schema, const char *const *overrides,
                             size_t override_count, fmx__recipe *out)
{
    fmx__yaml yaml = {0};
    *out = (fmx__recipe){0};
    fmx_status status = fmx__format(ctx, &out->file, "%s", file);
    if (status == FMX_OK)
        status = make_parts(ctx, schema, out);
    if (status == FMX_OK && bytes > FMX__RECIPE_MOST_BYTES)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: %zu bytes; a recipe has %d at most", file,
                           bytes, FMX__RECIPE_MOST_BYTES);
    if (status == FMX_OK)
        status = fmx__yaml_parse(ctx, file, text, bytes, &yaml);
    if (status == FMX_OK)
        status = fmx__format(ctx, &out->source, "%.*s", (int)bytes, text);
    if (status == FMX_OK)
        status = check_version(ctx, file, yaml.root);
    for (size_t i = 0; status == FMX_OK && i < yaml.root->count; ++i)
        status = take_top(ctx, out, yaml.root->child[i]);
    for (size_t i = 0; status == FMX_OK && i < override_count; ++i)
        status = fmx__recipe_set(ctx, out, overrides[i]);
    fmx__yaml_clear(&yaml);
    return status;
}

static const fmx__embedded *built_in(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < fmx__data_file_count; ++i) {
        const char *file = fmx__data_files[i].file;
        if (strncmp(file, name, length) == 0 &&
            (file[length] == '\0' || strcmp(file + length, ".yml") == 0))
            return &fmx__data_files[i];
    }
    return NULL;
}

fmx_status fmx__recipe_read(fmx_context *ctx, const char *path, const fmx__recipe_schema *schema,
                            const char *const *overrides, size_t override_count, fmx__recipe *out)
{
    char *text = NULL;
    size_t bytes = 0;
    *out = (fmx__recipe){0};
    const fmx__embedded *shipped = access(path, F_OK) != 0 ? built_in(path) : NULL;
    if (shipped != NULL)
        return fmx__recipe_parse(ctx, shipped->file, shipped->text, shipped->bytes, schema,
                                 overrides, override_count, out);
    fmx_status status = fmx__read_file(ctx, path, FMX__RECIPE_MOST_BYTES, &text, &bytes);
    if (status == FMX_ERROR_NOT_FOUND)
        status = fmx__fail(ctx, status,
                           "%s: no such recipe; give a file, or the name of one in "
                           "data/recipes",
                           path);
    if (status == FMX_OK)
        status = fmx__recipe_parse(ctx, path, text, bytes, schema, overrides, override_count, out);
    free(text);
    return status;
}

void fmx__recipe_clear(fmx__recipe *recipe)
{
    for (size_t i = 0; i < recipe->part_count; ++i) {
        for (size_t j = 0; j < recipe->part[i].count; ++j)
            free(recipe->part[i].stage[j].options);
        free(recipe->part[i].stage);
        free(recipe->part[i].options);
    }
    free(recipe->part);
    free(recipe->source);
    free(recipe->file);
    *recipe = (fmx__recipe){0};
}

const fmx__recipe_part *fmx__recipe_find(const fmx__recipe *recipe, const char *section)
{
    for (size_t i = 0; i < recipe->part_count; ++i) {
        if (strcmp(recipe->part[i].section->name, section) == 0)
            return &recipe->part[i];
    }
    return NULL;
}

const fmx__recipe_stage *fmx__recipe_stage_find(const fmx__recipe_part *part, const char *name,
                                                size_t n)
{
    for (size_t i = 0; part != NULL && i < part->count; ++i) {
        if (strcmp(part->stage[i].group->name, name) == 0 && n-- == 0)
            return &part->stage[i];
    }
    return NULL;
}

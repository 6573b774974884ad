/* Spin systems as YAML, docs/spin_systems.md: what data/spin_systems.yml holds. */
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "spins_internal.h"
#include "yaml_tree.h"

static const char *const top_keys[] = {"fidmix_spin_systems", "compounds"};
static const char *const compound_keys[] = {"name", "synonyms", "source",
                                            "note", "groups",   "couplings"};
static const char *const group_keys[] = {"id", "ppm", "n", "population"};

static fmx_status wrong(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *at,
                        const char *what)
{
    return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s; see docs/spin_systems.md", yaml->file,
                     at->line, what);
}

/* The node must be a map whose keys are all known. */
static fmx_status check_keys(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                             const char *const *keys, size_t count, const char *what)
{
    if (map->kind != FMX__YAML_MAP)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s is %s, a map is expected", yaml->file,
                         map->line, what, fmx__yaml_kind_name(map->kind));
    for (size_t i = 0; i < map->count; ++i) {
        const char *key = map->child[i]->key;
        bool known = false;
        for (size_t k = 0; k < count; ++k)
            known = known || strcmp(keys[k], key) == 0;
        if (known)
            continue;
        const char *near = fmx__nearest_name(key, keys, count);
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s has no key \"%s\"%s%s%s", yaml->file,
                         map->child[i]->line, what, key, near ? "; did you mean \"" : "",
                         near ? near : "", near ? "\"?" : "");
    }
    return FMX_OK;
}

static fmx_status need_list(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                            const char *key, const fmx__yaml_node **out)
{
    *out = fmx__yaml_get(map, key);
    if (*out == NULL || (*out)->kind != FMX__YAML_LIST || (*out)->count == 0)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s:%zu: %s: a list with at least one entry is "
                         "expected; see docs/spin_systems.md",
                         yaml->file, *out != NULL ? (*out)->line : map->line, key);
    return FMX_OK;
}

static fmx_status read_group(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *node,
                             fmx_spin_group *out)
{
    const char *id = NULL;
    double n = 0;
    *out = (fmx_spin_group){.population = 1};
    fmx_status status = check_keys(ctx, yaml, node, group_keys, FMX__COUNT(group_keys), "a group");
    if (status == FMX_OK)
        status = fmx__yaml_text(ctx, yaml, node, "id", &id);
    if (status == FMX_OK && (id[0] == '\0' || strlen(id) >= sizeof out->id || strchr(id, '-')))
        status = wrong(ctx, yaml, node, "id: 1 to 15 characters without \"-\"");
    if (status == FMX_OK)
        memcpy(out->id, id, strlen(id) + 1);
    if (status == FMX_OK)
        status = fmx__yaml_number(ctx, yaml, node, "ppm", -1000, 1000, &out->ppm);
    if (status == FMX_OK)
        status = fmx__yaml_number(ctx, yaml, node, "n", 1, FMX_SPINS_MOST_PER_GROUP, &n);
    out->n = (int)n;
    if (status == FMX_OK && out->n != n)
        status = wrong(ctx, yaml, node, "n: a whole number of spins");
    if (status == FMX_OK && fmx__yaml_get(node, "population") != NULL)
        status = fmx__yaml_number(ctx, yaml, node, "population", 1e-9, 1, &out->population);
    return status;
}

static fmx_status read_groups(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                              fmx_compound *out)
{
    const fmx__yaml_node *list = NULL;
    fmx_status status = need_list(ctx, yaml, map, "groups", &list);
    if (status == FMX_OK && list->count > FMX_SPINS_MOST_GROUPS)
        status = wrong(ctx, yaml, list, "groups: more than 128");
    if (status == FMX_OK)
        status = fmx__alloc(ctx, list->count, sizeof *out->group, "a spin system", &out->group);
    for (size_t i = 0; status == FMX_OK && i < list->count; ++i) {
        status = read_group(ctx, yaml, list->child[i], &out->group[i]);
        for (size_t k = 0; status == FMX_OK && k < i; ++k) {
            if (strcmp(out->group[k].id, out->group[i].id) == 0)
                status = wrong(ctx, yaml, list->child[i], "id: used twice");
        }
        out->group_count = i + 1;
    }
    return status;
}

/* Index of the group whose id is the first `length` bytes of text; group_count when there is none.
 */
static size_t group_named(const fmx_compound *compound, const char *text, size_t length)
{
    size_t i = 0;
    while (i < compound->group_count && (strlen(compound->group[i].id) != length ||
                                         strncmp(compound->group[i].id, text, length) != 0))
        ++i;
    return i;
}

static fmx_status read_couplings(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                                 fmx_compound *out)
{
    const fmx__yaml_node *node = fmx__yaml_get(map, "couplings");
    if (node == NULL || node->count == 0)
        return FMX_OK;
    if (node->kind != FMX__YAML_MAP)
        return wrong(ctx, yaml, node, "couplings: a map {a-b: Hz, ...} is expected");
    fmx_status status =
        fmx__alloc(ctx, node->count, sizeof *out->coupling, "a spin system", &out->coupling);
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i) {
        const char *key = node->child[i]->key;
        size_t dash = strcspn(key, "-");
        fmx_spin_coupling *c = &out->coupling[i];
        c->a = group_named(out, key, dash);
        c->b = key[dash] == '-' ? group_named(out, key + dash + 1, strlen(key + dash + 1))
                                : out->group_count;
        if (c->a == out->group_count || c->b == out->group_count || c->a == c->b)
            status = wrong(ctx, yaml, node->child[i], "couplings: a key is not a-b of two groups");
        for (size_t k = 0; status == FMX_OK && k < i; ++k) {
            const fmx_spin_coupling *other = &out->coupling[k];
            if ((other->a == c->a && other->b == c->b) || (other->a == c->b && other->b == c->a))
                status =
                    wrong(ctx, yaml, node->child[i], "couplings: two groups are coupled twice");
        }
        if (status == FMX_OK)
            status = fmx__yaml_number(ctx, yaml, node, key, -1000, 1000, &c->hz);
    }
    if (status == FMX_OK)
        out->coupling_count = node->count;
    return status;
}

static fmx_status read_synonyms(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                                fmx_compound *out)
{
    const fmx__yaml_node *list = NULL;
    if (fmx__yaml_get(map, "synonyms") == NULL)
        return FMX_OK;
    fmx_status status = need_list(ctx, yaml, map, "synonyms", &list);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, list->count, sizeof *out->synonym, "synonyms", &out->synonym);
    for (size_t i = 0; status == FMX_OK && i < list->count; ++i) {
        if (list->child[i]->kind != FMX__YAML_SCALAR || list->child[i]->text[0] == '\0')
            status = wrong(ctx, yaml, list->child[i], "synonyms: a list of names is expected");
        else
            status = fmx__format(ctx, &out->synonym[i], "%s", list->child[i]->text);
        out->synonym_count += status == FMX_OK;
    }
    return status;
}

static fmx_status read_compound(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *node,
                                fmx_spin_library *out)
{
    const char *name = NULL;
    const char *source = "";
    fmx_compound *compound = NULL;
    size_t index = 0;
    fmx_status status =
        check_keys(ctx, yaml, node, compound_keys, FMX__COUNT(compound_keys), "a compound");
    if (status == FMX_OK)
        status = fmx__yaml_text(ctx, yaml, node, "name", &name);
    if (status == FMX_OK && name[0] == '\0')
        status = wrong(ctx, yaml, node, "name: empty");
    if (status == FMX_OK && fmx_spin_library_find(out, name, &index))
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: the name %s occurs twice", yaml->file,
                           node->line, name);
    if (status == FMX_OK && fmx__yaml_get(node, "source") != NULL)
        status = fmx__yaml_text(ctx, yaml, node, "source", &source);
    char *kept_name = NULL;
    char *kept_source = NULL;
    if (status == FMX_OK)
        status = fmx__format(ctx, &kept_name, "%s", name);
    if (status == FMX_OK)
        status = fmx__format(ctx, &kept_source, "%s", source);
    if (status == FMX_OK)
        status = fmx__compound_append(ctx, out, &compound);
    if (status != FMX_OK) {
        free(kept_name);
        free(kept_source);
        return status;
    }
    compound->name = kept_name;
    compound->source = kept_source;
    status = read_synonyms(ctx, yaml, node, compound);
    if (status == FMX_OK)
        status = read_groups(ctx, yaml, node, compound);
    if (status == FMX_OK)
        status = read_couplings(ctx, yaml, node, compound);
    return status;
}

fmx_status fmx__spins_read_yaml(fmx_context *ctx, const char *path, const char *text, size_t bytes,
                                fmx_spin_library *out)
{
    fmx__yaml yaml = {0};
    const fmx__yaml_node *list = NULL;
    double version = 0;
    fmx_status status = fmx__yaml_parse(ctx, path, text, bytes, &yaml);
    if (status == FMX_OK && yaml.root == NULL)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: empty; see docs/spin_systems.md", path);
    if (status == FMX_OK)
        status = check_keys(ctx, &yaml, yaml.root, top_keys, FMX__COUNT(top_keys), "the file");
    if (status == FMX_OK)
        status = fmx__yaml_number(ctx, &yaml, yaml.root, "fidmix_spin_systems", 1, 1, &version);
    if (status == FMX_OK)
        status = need_list(ctx, &yaml, yaml.root, "compounds", &list);
    for (size_t i = 0; status == FMX_OK && i < list->count; ++i)
        status = read_compound(ctx, &yaml, list->child[i], out);
    fmx__yaml_clear(&yaml);
    return status;
}

#include "yaml_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "c_locale.h"

/* Values, and bytes of text that aliases copy: at most this many, and for each byte of the file. A
 * value takes some 100 bytes of memory. */
enum { COPIES_ANYWAY = 4096, COPIES_EACH = 16 };

typedef struct anchor {
    char *name;
    const fmx__yaml_node *node;
} anchor;

typedef struct reader {
    fmx_context *ctx;
    const char *file;
    yaml_parser_t parser;
    size_t nodes;
    size_t copied_bytes; /* of text, by aliases */
    size_t copies_most;  /* of either */
    anchor *anchors;
    size_t anchor_count;
    size_t anchor_capacity;
} reader;

static void release_node(fmx__yaml_node *node)
{
    if (node == NULL)
        return;
    for (size_t i = 0; i < node->count; ++i)
        release_node(node->child[i]); /* as deep as FMX__YAML_MOST_DEPTH at most */
    free(node->child);
    free(node->key);
    free(node->text);
    free(node);
}

static fmx_status refuse(reader *r, size_t line, const char *what)
{
    return fmx__fail(r->ctx, FMX_ERROR_FORMAT, "%s:%zu: %s", r->file, line, what);
}

static fmx_status next_event(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return FMX_OK;
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return fmx__fail(r->ctx, FMX_ERROR_MEMORY, "out of memory for %s", r->file);
    if (p->error == YAML_READER_ERROR)
        return fmx__fail(r->ctx, FMX_ERROR_FORMAT, "%s: byte %zu: %s; save it as UTF-8 text",
                         r->file, p->problem_offset, p->problem);
    return fmx__fail(r->ctx, FMX_ERROR_FORMAT, "%s:%zu: not YAML: %s%s%s", r->file,
                     p->problem_mark.line + 1, p->problem != NULL ? p->problem : "syntax",
                     p->context != NULL ? " " : "", p->context != NULL ? p->context : "");
}

static fmx_status new_node(reader *r, fmx__yaml_kind kind, size_t line, fmx__yaml_node **out)
{
    if (++r->nodes > FMX__YAML_MOST_NODES || r->nodes > r->copies_most)
        return refuse(r, line, "more values than fidmix reads from one file");
    fmx_status status = fmx__alloc(r->ctx, 1, sizeof **out, "YAML", out);
    if (status == FMX_OK) {
        (*out)->kind = kind;
        (*out)->line = line;
    }
    return status;
}

static fmx_status append(reader *r, fmx__yaml_node *parent, fmx__yaml_node *child)
{
    fmx_status status = fmx__grow(r->ctx, &parent->child, &parent->capacity, parent->count + 1,
                                  sizeof(fmx__yaml_node *), "YAML");
    if (status == FMX_OK)
        parent->child[parent->count++] = child;
    return status;
}

static fmx_status copy_text(reader *r, const char *text, char **out)
{
    return text == NULL ? FMX_OK : fmx__format(r->ctx, out, "%s", text);
}

/* A text of a copy, counted: a long one behind many aliases would fill the memory. */
static fmx_status copy_again(reader *r, const char *text, size_t line, char **out)
{
    r->copied_bytes += text != NULL ? strlen(text) : 0;
    if (r->copied_bytes > r->copies_most)
        return refuse(r, line, "aliases make more text than fidmix reads from one file");
    return copy_text(r, text, out);
}

/* A deep copy, counted against the limits of nodes and text, which go with the size of the file:
 * nested aliases cannot grow without bound. */
static fmx_status copy_node(reader *r, const fmx__yaml_node *node, size_t depth,
                            fmx__yaml_node **out)
{
    if (depth > FMX__YAML_MOST_DEPTH)
        return refuse(r, node->line, "nested too deeply");
    fmx_status status = new_node(r, node->kind, node->line, out);
    if (status == FMX_OK)
        status = copy_again(r, node->key, node->line, &(*out)->key);
    if (status == FMX_OK)
        status = copy_again(r, node->text, node->line, &(*out)->text);
    if (status == FMX_OK)
        (*out)->quoted = node->quoted;
    for (size_t i = 0; status == FMX_OK && i < node->count; ++i) {
        fmx__yaml_node *child = NULL;
        status = copy_node(r, node->child[i], depth + 1, &child);
        if (status == FMX_OK)
            status = append(r, *out, child);
        if (status != FMX_OK)
            release_node(child);
    }
    if (status != FMX_OK) {
        release_node(*out);
        *out = NULL;
    }
    return status;
}

static fmx_status remember(reader *r, const yaml_char_t *name, const fmx__yaml_node *node)
{
    if (name == NULL)
        return FMX_OK;
    if (r->anchor_count == FMX__YAML_MOST_ANCHORS)
        return refuse(r, node->line, "more anchors (&name) than fidmix reads from one file");
    fmx_status status = fmx__grow(r->ctx, &r->anchors, &r->anchor_capacity, r->anchor_count + 1,
                                  sizeof(anchor), "YAML anchors");
    if (status == FMX_OK)
        status = copy_text(r, (const char *)name, &r->anchors[r->anchor_count].name);
    if (status == FMX_OK)
        r->anchors[r->anchor_count++].node = node;
    return status;
}

static fmx_status follow_alias(reader *r, const yaml_event_t *event, size_t line, size_t depth,
                               fmx__yaml_node **out)
{
    for (size_t i = r->anchor_count; i-- > 0;) {
        if (strcmp(r->anchors[i].name, (const char *)event->data.alias.anchor) == 0)
            return copy_node(r, r->anchors[i].node, depth, out);
    }
    return refuse(r, line, "an alias (*name) without its anchor (&name) before it");
}

static int by_key_and_line(const void *a, const void *b)
{
    const fmx__yaml_node *x = *(fmx__yaml_node *const *)a;
    const fmx__yaml_node *y = *(fmx__yaml_node *const *)b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static fmx_status refuse_duplicates(reader *r, const fmx__yaml_node *map)
{
    const fmx__yaml_node **sorted = NULL;
    fmx_status status = fmx__alloc(r->ctx, map->count, sizeof(*sorted), "YAML keys", &sorted);
    if (status != FMX_OK || map->count == 0)
        return status;
    memcpy(sorted, map->child, map->count * sizeof(*sorted));
    qsort(sorted, map->count, sizeof(*sorted), by_key_and_line);
    for (size_t i = 1; status == FMX_OK && i < map->count; ++i) {
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            status = fmx__fail(r->ctx, FMX_ERROR_FORMAT,
                               "%s:%zu: the key \"%s\" stands twice, first on line %zu", r->file,
                               sorted[i]->line, sorted[i]->key, sorted[i - 1]->line);
    }
    free(sorted);
    return status;
}

static fmx_status read_node(reader *r, yaml_event_t *event, size_t depth, fmx__yaml_node **out);

/* The entries of a list or map up to its end; each node is appended as soon as it exists, so that
 * the caller releases all of it. */
static fmx_status read_children(reader *r, fmx__yaml_node *parent, size_t depth)
{
    bool is_map = parent->kind == FMX__YAML_MAP;
    yaml_event_type_t end = is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    for (;;) {
        yaml_event_t event;
        char *key = NULL;
        fmx__yaml_node *child = NULL;
        fmx_status status = next_event(r, &event);
        if (status != FMX_OK)
            return status;
        size_t line = event.start_mark.line + 1;
        bool done = event.type == end;
        if (!done && is_map) {
            if (event.type != YAML_SCALAR_EVENT)
                status = refuse(r, line, "a key must be a plain word");
            else if (strlen((const char *)event.data.scalar.value) != event.data.scalar.length)
                status = refuse(r, line, "a zero byte inside a key");
            else
                status = copy_text(r, (const char *)event.data.scalar.value, &key);
            yaml_event_delete(&event);
            if (status == FMX_OK)
                status = next_event(r, &event);
            if (status != FMX_OK) {
                free(key);
                return status;
            }
        }
        if (!done)
            status = read_node(r, &event, depth + 1, &child);
        yaml_event_delete(&event);
        if (done)
            return is_map ? refuse_duplicates(r, parent) : FMX_OK;
        if (status == FMX_OK)
            status = append(r, parent, child);
        if (status != FMX_OK) {
            release_node(child);
            free(key);
            return status;
        }
        free(child->key); /* an alias copies the key of what it names */
        child->key = key;
        child->line = line;
    }
}

static fmx_status read_scalar(reader *r, const yaml_event_t *event, size_t line,
                              fmx__yaml_node **out)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        return refuse(r, line, "a zero byte inside a value");
    fmx_status status = new_node(r, FMX__YAML_SCALAR, line, out);
    if (status == FMX_OK)
        status = copy_text(r, text, &(*out)->text);
    if (status == FMX_OK) {
        (*out)->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        status = remember(r, event->data.scalar.anchor, *out);
    }
    return status;
}

static fmx_status read_node(reader *r, yaml_event_t *event, size_t depth, fmx__yaml_node **out)
{
    size_t line = event->start_mark.line + 1;
    const yaml_char_t *tag = NULL;
    const yaml_char_t *name = NULL;
    fmx__yaml_kind kind = FMX__YAML_SCALAR;
    fmx_status status = FMX_OK;
    if (event->type == YAML_SCALAR_EVENT) {
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        kind = FMX__YAML_LIST;
        tag = event->data.sequence_start.tag;
        name = event->data.sequence_start.anchor;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        kind = FMX__YAML_MAP;
        tag = event->data.mapping_start.tag;
        name = event->data.mapping_start.anchor;
    }
    if (depth > FMX__YAML_MOST_DEPTH)
        return refuse(r, line, "nested too deeply");
    if (tag != NULL)
        return refuse(r, line, "tags (!name) are not understood");
    if (event->type == YAML_ALIAS_EVENT)
        return follow_alias(r, event, line, depth, out);
    if (kind == FMX__YAML_SCALAR)
        status = read_scalar(r, event, line, out);
    else
        status = new_node(r, kind, line, out);
    if (status == FMX_OK && kind != FMX__YAML_SCALAR)
        status = read_children(r, *out, depth);
    if (status == FMX_OK)
        status = remember(r, name, *out);
    if (status != FMX_OK) {
        release_node(*out);
        *out = NULL;
    }
    return status;
}

static fmx_status read_stream(reader *r, fmx__yaml *out)
{
    for (;;) {
        yaml_event_t event;
        fmx_status status = next_event(r, &event);
        if (status != FMX_OK)
            return status;
        bool done = event.type == YAML_STREAM_END_EVENT;
        bool node = event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
                    event.type == YAML_SEQUENCE_START_EVENT ||
                    event.type == YAML_MAPPING_START_EVENT;
        if (node && out->root == NULL)
            status = read_node(r, &event, 0, &out->root);
        else if (event.type == YAML_DOCUMENT_START_EVENT && out->root != NULL)
            status = refuse(r, event.start_mark.line + 1, "a second document; one file holds one");
        yaml_event_delete(&event);
        if (done || status != FMX_OK)
            return status;
    }
}

fmx_status fmx__yaml_parse(fmx_context *ctx, const char *file, const char *text, size_t bytes,
                           fmx__yaml *out)
{
    reader r = {.ctx = ctx, .file = file};
    r.copies_most = COPIES_ANYWAY + COPIES_EACH * (bytes < FMX__YAML_MOST_BYTES ? bytes : 0);
    *out = (fmx__yaml){0};
    fmx_status status = fmx__format(ctx, &out->file, "%s", file);
    if (status == FMX_OK && bytes > FMX__YAML_MOST_BYTES)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: %zu bytes, more than the %d that are read",
                           file, bytes, FMX__YAML_MOST_BYTES);
    if (status == FMX_OK && !yaml_parser_initialize(&r.parser))
        status = fmx__fail(ctx, FMX_ERROR_MEMORY, "out of memory for %s", file);
    if (status != FMX_OK)
        return status;
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, bytes);
    status = read_stream(&r, out);
    yaml_parser_delete(&r.parser);
    for (size_t i = 0; i < r.anchor_count; ++i)
        free(r.anchors[i].name);
    free(r.anchors);
    return status;
}

fmx_status fmx__yaml_read(fmx_context *ctx, const char *path, fmx__yaml *out)
{
    char *text = NULL;
    size_t bytes = 0;
    *out = (fmx__yaml){0};
    fmx_status status = fmx__read_file(ctx, path, FMX__YAML_MOST_BYTES, &text, &bytes);
    if (status == FMX_OK)
        status = fmx__yaml_parse(ctx, path, text, bytes, out);
    free(text);
    return status;
}

void fmx__yaml_clear(fmx__yaml *yaml)
{
    release_node(yaml->root);
    free(yaml->file);
    *yaml = (fmx__yaml){0};
}

const char *fmx__yaml_kind_name(fmx__yaml_kind kind)
{
    return kind == FMX__YAML_MAP ? "a map" : kind == FMX__YAML_LIST ? "a list" : "a single value";
}

const fmx__yaml_node *fmx__yaml_get(const fmx__yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != FMX__YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; ++i) {
        if (strcmp(map->child[i]->key, key) == 0)
            return map->child[i];
    }
    return NULL;
}

fmx_status fmx__yaml_text(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                          const char *key, const char **out)
{
    const fmx__yaml_node *node = fmx__yaml_get(map, key);
    *out = NULL;
    if (node == NULL)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: \"%s\" is missing", yaml->file,
                         map != NULL ? map->line : 1, key);
    if (node->kind != FMX__YAML_SCALAR)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s: a single value is needed, not %s",
                         yaml->file, node->line, key, fmx__yaml_kind_name(node->kind));
    *out = node->text;
    return FMX_OK;
}

fmx_status fmx__yaml_number(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                            const char *key, double least, double most, double *out)
{
    const char *text = NULL;
    fmx_status status = fmx__yaml_text(ctx, yaml, map, key, &text);
    if (status != FMX_OK)
        return status;
    char *end = NULL;
    double value = fmx__c_strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || value < least || value > most)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: %s: \"%s\" is not a number from %g to %g",
                         yaml->file, fmx__yaml_get(map, key)->line, key, text, least, most);
    *out = value;
    return FMX_OK;
}

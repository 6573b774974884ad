/* YAML as a tree of nodes that remember their lines. Input is hostile: size, depth, number of nodes
 * (copies made by aliases included) and text that aliases copy are limited, the latter two by the
 * file's size; duplicate keys, tags and second documents are refused. */
#ifndef FIDMIX_YAML_TREE_H
#define FIDMIX_YAML_TREE_H

#include "base.h"

enum {
    FMX__YAML_MOST_BYTES = 16 << 20,
    FMX__YAML_MOST_NODES = 1 << 20,
    FMX__YAML_MOST_DEPTH = 64,
    FMX__YAML_MOST_ANCHORS = 256,
};

typedef enum fmx__yaml_kind {
    FMX__YAML_SCALAR,
    FMX__YAML_LIST,
    FMX__YAML_MAP,
} fmx__yaml_kind;

typedef struct fmx__yaml_node {
    fmx__yaml_kind kind;
    size_t line; /* from 1; of the key where there is one */
    char *key;   /* in a map; NULL elsewhere */
    char *text;  /* SCALAR: UTF-8, "" for an empty value; NULL elsewhere */
    bool quoted; /* SCALAR: written in quotes or as a block, so text and not a number */
    struct fmx__yaml_node **child; /* LIST, MAP: [count], in the order of the file */
    size_t count;
    size_t capacity;
} fmx__yaml_node;

typedef struct fmx__yaml {
    char *file;           /* heads messages */
    fmx__yaml_node *root; /* NULL for an empty document */
} fmx__yaml;

/* Parses `bytes` bytes at `text` as the content of `file`. Release with fmx__yaml_clear, also after
 * an error. Errors: FMX_ERROR_FORMAT ("file:line: ..."), FMX_ERROR_MEMORY. */
fmx_status fmx__yaml_parse(fmx_context *ctx, const char *file, const char *text, size_t bytes,
                           fmx__yaml *out);

/* The same for a file; also FMX_ERROR_NOT_FOUND, FMX_ERROR_READ. */
fmx_status fmx__yaml_read(fmx_context *ctx, const char *path, fmx__yaml *out);

void fmx__yaml_clear(fmx__yaml *yaml);

/* "a scalar", "a list", "a map": for messages. */
const char *fmx__yaml_kind_name(fmx__yaml_kind kind);

/* The entry of a map; NULL when map is NULL, is no map, or has no such key. */
const fmx__yaml_node *fmx__yaml_get(const fmx__yaml_node *map, const char *key);

/* Text or number of a scalar entry that must be there. Errors: FMX_ERROR_FORMAT
 * ("file:line: key: ..."). */
fmx_status fmx__yaml_text(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                          const char *key, const char **out);
fmx_status fmx__yaml_number(fmx_context *ctx, const fmx__yaml *yaml, const fmx__yaml_node *map,
                            const char *key, double least, double most, double *out);

#endif

/* Dealing FIDs out to training, validation and test: see labels.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "philox.h"

/* One FID: the set of rows that descend from it. */
typedef struct family {
    uint32_t root;    /* its lowest row */
    int32_t class_of; /* of the root */
    const char *path; /* of the experiment, smallest of its rows' */
    size_t path_length;
} family;

/* A row under a value or a path, for finding those that share it. */
typedef struct keyed_row {
    const char *path;
    size_t length;
    int32_t parent;
    uint32_t row;
} keyed_row;

static uint32_t root_of(uint32_t *up, uint32_t row)
{
    while (up[row] != row) {
        up[row] = up[up[row]];
        row = up[row];
    }
    return row;
}

/* Joins the sets of two rows; the lower root stays. */
static void join(uint32_t *up, uint32_t a, uint32_t b)
{
    a = root_of(up, a);
    b = root_of(up, b);
    if (a < b)
        up[b] = a;
    else
        up[a] = b;
}

/* Bytes of the experiment's path: without "/pdata/..." behind it, which a processed spectrum has.
 */
static size_t experiment_length(const char *path)
{
    const char *last = NULL;
    for (const char *at = strstr(path, "/pdata/"); at != NULL; at = strstr(at + 1, "/pdata/"))
        last = at;
    return last != NULL ? (size_t)(last - path) : strlen(path);
}

static int compare_paths(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t common = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, common);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

static int by_parent(const void *left, const void *right)
{
    const keyed_row *a = left;
    const keyed_row *b = right;
    return (a->parent > b->parent) - (a->parent < b->parent);
}

static int by_path(const void *left, const void *right)
{
    const keyed_row *a = left;
    const keyed_row *b = right;
    return compare_paths(a->path, a->length, b->path, b->length);
}

static int by_class_and_path(const void *left, const void *right)
{
    const family *a = left;
    const family *b = right;
    if (a->class_of != b->class_of)
        return a->class_of > b->class_of ? 1 : -1;
    int order = compare_paths(a->path, a->path_length, b->path, b->path_length);
    return order != 0 ? order : (a->root > b->root) - (a->root < b->root);
}

/* Joins rows of one parent and rows of one experiment. */
static fmx_status find_families(fmx_context *ctx, size_t rows, const int32_t *parents, size_t width,
                                char *const *source, uint32_t *up)
{
    keyed_row *key = NULL;
    size_t count = 0;
    fmx_status status = fmx__alloc(ctx, rows * width, sizeof *key, "parents", &key);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < rows * width; ++i) {
        if (parents[i] >= 0)
            key[count++] = (keyed_row){.parent = parents[i], .row = (uint32_t)(i / width)};
    }
    qsort(key, count, sizeof *key, by_parent);
    for (size_t i = 1; i < count; ++i) {
        if (key[i].parent == key[i - 1].parent)
            join(up, key[i].row, key[i - 1].row);
    }
    /* a mixture's source is the dataset that it was made from, which tells nothing */
    for (size_t i = 0; width == 1 && i < rows; ++i)
        key[i] = (keyed_row){source[i], experiment_length(source[i]), 0, (uint32_t)i};
    if (width == 1)
        qsort(key, rows, sizeof *key, by_path);
    for (size_t i = 1; width == 1 && i < rows; ++i) {
        if (key[i].length > 0 && by_path(&key[i], &key[i - 1]) == 0)
            join(up, key[i].row, key[i - 1].row);
    }
    free(key);
    return FMX_OK;
}

/* FNV-1a. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; ++text)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* How many of a class's FIDs go to test and to validation. */
static void shares(size_t count, const fmx__split_options *o, size_t *test, size_t *validation)
{
    *test = o->test > 0 ? (size_t)fmax(1, floor(o->test * (double)count + 0.5)) : 0;
    *validation =
        o->validation > 0 ? (size_t)fmax(1, floor(o->validation * (double)count + 0.5)) : 0;
    while (*test + *validation >= count && *validation > 0)
        --*validation;
    while (*test >= count && *test > 0)
        --*test;
}

/* Deals the FIDs of one class, in the order of their paths. */
static void deal_class(family *of, size_t count, const char *name, const fmx__split_options *o,
                       uint8_t *split)
{
    size_t test = 0;
    size_t validation = 0;
    uint64_t item = hash_of(name);
    for (size_t i = count; i > 1; --i) { /* Fisher and Yates */
        uint32_t word[4];
        fmx__random_words(word, (uint64_t)o->seed, FMX__PURPOSE_SPLIT, item, 0, (uint32_t)i);
        size_t other = fmx__random_below(word[0], i);
        family kept = of[i - 1];
        of[i - 1] = of[other];
        of[other] = kept;
    }
    shares(count, o, &test, &validation);
    for (size_t i = 0; i < count; ++i) {
        bool judges = i < test + validation;
        if (o->folds > 0)
            judges =
                count - test > 1 &&
                (i - test + item % (uint64_t)o->folds) % (uint64_t)o->folds == (uint64_t)o->fold;
        split[of[i].root] = i < test ? FMX__SPLIT_TEST
                            : judges ? FMX__SPLIT_VALIDATION
                                     : FMX__SPLIT_TRAIN;
    }
}

fmx_status fmx__labels_deal(fmx_context *ctx, fmx__labels *labels, const int32_t *parents,
                            size_t width, char *const *source, const fmx__split_options *options)
{
    uint32_t *up = NULL;
    uint32_t *at = NULL; /* of a root: its family */
    family *of = NULL;
    size_t families = 0;
    fmx_status status = fmx__alloc(ctx, labels->rows, sizeof *up, "FIDs", &up);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, labels->rows, sizeof *at, "FIDs", &at);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, labels->rows, sizeof *of, "FIDs", &of);
    for (size_t i = 0; status == FMX_OK && i < labels->rows; ++i)
        up[i] = (uint32_t)i;
    if (status == FMX_OK)
        status = find_families(ctx, labels->rows, parents, width, source, up);
    if (status != FMX_OK)
        goto out;
    for (size_t i = 0; i < labels->rows; ++i) {
        size_t length = experiment_length(source[i]);
        uint32_t root = root_of(up, (uint32_t)i);
        if (root == i) {
            at[i] = (uint32_t)families;
            of[families++] = (family){root, labels->class_of[i], source[i], length};
            continue;
        }
        /* its root came before; the path of a FID is the smallest of its rows' */
        family *f = &of[at[root]];
        if (compare_paths(source[i], length, f->path, f->path_length) < 0) {
            f->path = source[i];
            f->path_length = length;
        }
    }
    qsort(of, families, sizeof *of, by_class_and_path);
    for (size_t first = 0, end = 0; first < families; first = end) {
        int32_t class_of = of[first].class_of;
        for (end = first; end < families && of[end].class_of == class_of; ++end)
            ;
        deal_class(of + first, end - first, class_of >= 0 ? labels->class_name[class_of] : "",
                   options, labels->split);
    }
    for (size_t i = 0; i < labels->rows; ++i)
        labels->split[i] = labels->split[root_of(up, (uint32_t)i)];
out:
    free(of);
    free(at);
    free(up);
    return status;
}

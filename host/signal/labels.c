#include "labels.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const fmx__split_names[] = {"train", "validation", "test", "all", NULL};

/* A row's name, for sorting. */
typedef struct named_row {
    const char *name;
    size_t row;
} named_row;

static int by_name(const void *left, const void *right)
{
    const named_row *a = left;
    const named_row *b = right;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a->row > b->row) - (a->row < b->row);
}

static fmx_status copy_names(fmx_context *ctx, const char *const *name, size_t count,
                             fmx__labels *out)
{
    fmx_status status =
        fmx__alloc(ctx, count, sizeof *out->class_name, "classes", &out->class_name);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        status = fmx__format(ctx, &out->class_name[i], "%s", name[i]);
        out->classes = i + 1;
    }
    return status;
}

bool fmx__same_compound(const char *name, const char *listed, size_t length)
{
    for (size_t i = 0; i < length; ++i) {
        bool replaced = !isalnum((unsigned char)listed[i]) && strchr("+-.()", listed[i]) == NULL;
        if (name[i] != listed[i] && (name[i] != '_' || !replaced))
            return false;
    }
    return name[length] == '\0';
}

/* Whether a list separated by commas names a compound; names may hold commas themselves. */
static bool is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    size_t all = list != NULL ? strlen(list) : 0;
    for (size_t at = 0; length > 0 && at + length <= all; ++at) {
        size_t before = at; /* behind the comma */
        while (before > 0 && list[before - 1] == ' ')
            --before;
        bool begins = before == 0 || list[before - 1] == ',';
        bool ends = list[at + length] == ',' || list[at + length] == '\0';
        if (begins && ends && fmx__same_compound(name, list + at, length))
            return true;
    }
    return false;
}

/* Classes from the rows' names. */
static fmx_status classes_of_names(fmx_context *ctx, const char *path, char *const *name,
                                   const char *foreign, fmx__labels *out)
{
    named_row *sorted = NULL;
    const char **distinct = NULL;
    size_t count = 0;
    fmx_status status = fmx__alloc(ctx, out->rows, sizeof *sorted, "names", &sorted);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *distinct, "names", &distinct);
    for (size_t i = 0; status == FMX_OK && i < out->rows; ++i) {
        sorted[i] = (named_row){name[i], i};
        if (name[i][0] == '\0')
            status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                               "%s: spectrum %zu has no name, so its compound is not known; name "
                               "the folder of each FID after its compound",
                               path, i);
    }
    if (status == FMX_OK)
        qsort(sorted, out->rows, sizeof *sorted, by_name);
    for (size_t i = 0; status == FMX_OK && i < out->rows; ++i) {
        if (is_listed(foreign, sorted[i].name)) {
            out->class_of[sorted[i].row] = FMX__CLASS_FOREIGN;
            continue;
        }
        if (count == 0 || strcmp(sorted[i].name, distinct[count - 1]) != 0)
            distinct[count++] = sorted[i].name;
        out->class_of[sorted[i].row] = (int32_t)(count - 1);
    }
    if (status == FMX_OK)
        status = copy_names(ctx, distinct, count, out);
    free(distinct);
    free(sorted);
    return status;
}

/* Index of a name among `count`; -1: not there. */
static int32_t find_name(const char *const *name, size_t count, const char *wanted)
{
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(name[i], wanted) == 0)
            return (int32_t)i;
    }
    return -1;
}

/* Moves the labels found to the classes of a model. */
static fmx_status match_classes(fmx_context *ctx, const char *path, const char *const *wanted,
                                size_t count, fmx__labels *labels)
{
    int32_t *to = NULL;
    float *target = NULL;
    fmx_status status = fmx__alloc(ctx, labels->classes, sizeof *to, "classes", &to);
    for (size_t i = 0; status == FMX_OK && i < labels->classes; ++i) {
        to[i] = find_name(wanted, count, labels->class_name[i]);
        if (to[i] < 0)
            status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                               "%s: the compound \"%s\" is not among the %zu classes of the model; "
                               "train with it, or leave its spectra out",
                               path, labels->class_name[i], count);
    }
    if (status == FMX_OK && labels->target != NULL)
        status = fmx__alloc(ctx, labels->rows * count, sizeof *target, "targets", &target);
    for (size_t row = 0; status == FMX_OK && row < labels->rows; ++row) {
        if (labels->class_of[row] >= 0)
            labels->class_of[row] = to[labels->class_of[row]];
        for (size_t i = 0; target != NULL && i < labels->classes; ++i)
            target[row * count + (size_t)to[i]] = labels->target[row * labels->classes + i];
    }
    if (status == FMX_OK) {
        for (size_t i = 0; i < labels->classes; ++i)
            free(labels->class_name[i]);
        free(labels->class_name);
        free(labels->target);
        labels->target = target;
        labels->class_name = NULL;
        labels->classes = 0;
        target = NULL;
        status = copy_names(ctx, wanted, count, labels);
    }
    free(target);
    free(to);
    return status;
}

/* Classes and targets of a labelled dataset. */
static fmx_status classes_of_targets(fmx_context *ctx, fmx_dataset *dataset, const char *path,
                                     fmx__labels *out)
{
    const fmx_dataset_info *set = fmx_dataset_describe(dataset);
    bool mixed = false;
    fmx_status status = copy_names(ctx, set->class_name, set->classes, out);
    if (status == FMX_OK)
        status =
            fmx__alloc(ctx, out->rows * out->classes, sizeof *out->target, "targets", &out->target);
    if (status == FMX_OK)
        status =
            fmx_dataset_read_column(dataset, "target", FMX_COLUMN_FLOAT, 0, out->rows, out->target);
    for (size_t row = 0; status == FMX_OK && row < out->rows; ++row) {
        size_t present = 0;
        out->class_of[row] = FMX__CLASS_NONE;
        for (size_t i = 0; status == FMX_OK && i < out->classes; ++i) {
            float t = out->target[row * out->classes + i];
            if (!(t >= 0 && t <= 1))
                status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                                   "%s: target of row %zu, class \"%s\" is %g; it must be a "
                                   "proportion from 0 to 1",
                                   path, row, out->class_name[i], (double)t);
            if (t > 0) {
                out->class_of[row] = ++present == 1 ? (int32_t)i : FMX__CLASS_NONE;
                mixed = mixed || t < 1;
            }
        }
        mixed = mixed || present > 1;
        if (present == 0)
            out->class_of[row] = FMX__CLASS_FOREIGN;
    }
    if (status == FMX_OK && !mixed) {
        free(out->target);
        out->target = NULL;
    }
    return status;
}

static fmx_status read_parents(fmx_context *ctx, fmx_dataset *dataset, fmx__labels *out,
                               int32_t **parents, size_t *width)
{
    fmx_column_type type = FMX_COLUMN_INT;
    size_t values = 0;
    bool there = fmx_dataset_find_column(dataset, "parent", &type, &values);
    *width = values > 0 ? values : 1;
    fmx_status status = fmx__alloc(ctx, out->rows * *width, sizeof **parents, "parents", parents);
    if (status == FMX_OK && there)
        status = fmx_dataset_read_column(dataset, "parent", FMX_COLUMN_INT, 0, out->rows, *parents);
    for (size_t i = 0; status == FMX_OK && i < out->rows; ++i) {
        if (!there)
            (*parents)[i] = (int32_t)i;
        out->parent[i] = (*parents)[i * *width];
    }
    return status;
}

/* The split: as stored, or dealt out. */
static fmx_status read_split(fmx_context *ctx, fmx_dataset *dataset, const char *path,
                             const fmx__split_options *options, fmx__labels *out)
{
    fmx_column_type type = FMX_COLUMN_BYTE;
    size_t width = 0;
    int32_t *parents = NULL;
    char **source = NULL;
    fmx_status status = read_parents(ctx, dataset, out, &parents, &width);
    size_t split_width = 0;
    out->stored_split = fmx_dataset_find_column(dataset, "split", &type, &split_width);
    if (status == FMX_OK && out->stored_split && options->folds > 0)
        status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                           "%s: brings its own split, folds cannot be made; take its column "
                           "`split` out, or train.fold out of the recipe",
                           path);
    if (status == FMX_OK && out->stored_split) {
        status =
            fmx_dataset_read_column(dataset, "split", FMX_COLUMN_BYTE, 0, out->rows, out->split);
        for (size_t i = 0; status == FMX_OK && i < out->rows; ++i) {
            if (out->split[i] >= FMX__SPLITS)
                status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                                   "%s: split of row %zu is %d; it must be 0 (training), 1 "
                                   "(validation) or 2 (test)",
                                   path, i, (int)out->split[i]);
        }
    } else if (status == FMX_OK) {
        status = fmx_dataset_read_text(dataset, "source", 0, out->rows, &source);
        if (status == FMX_OK)
            status = fmx__labels_deal(ctx, out, parents, width, source, options);
    }
    free(source);
    free(parents);
    return status;
}

/* Lists the rows of each split by class. */
static fmx_status list_members(fmx_context *ctx, fmx__labels *labels)
{
    size_t kinds = labels->classes + 2; /* the last two: mixtures, foreign rows */
    fmx_status status = FMX_OK;
    for (int s = 0; status == FMX_OK && s <= FMX__SPLITS; ++s) {
        status =
            fmx__alloc(ctx, labels->rows, sizeof **labels->member, "members", &labels->member[s]);
        if (status == FMX_OK)
            status =
                fmx__alloc(ctx, kinds + 1, sizeof **labels->first, "members", &labels->first[s]);
        if (status != FMX_OK)
            break;
        size_t *first = labels->first[s];
        for (int pass = 0; pass < 2; ++pass) {
            for (size_t row = 0; row < labels->rows; ++row) {
                int32_t of = labels->class_of[row];
                size_t kind = of >= 0 ? (size_t)of : labels->classes + (of == FMX__CLASS_FOREIGN);
                if (s != FMX__SPLIT_ALL && labels->split[row] != s)
                    continue;
                if (pass == 0)
                    ++first[kind + 1]; /* sizes, one place on */
                else
                    labels->member[s][first[kind]++] = (uint32_t)row;
            }
            /* sizes become starts; then each start, moved to its end by filling, moves back */
            for (size_t k = kinds; pass == 1 && k > 0; --k)
                first[k] = first[k - 1];
            first[0] = 0;
            for (size_t k = 1; pass == 0 && k <= kinds; ++k)
                first[k] += first[k - 1];
        }
    }
    return status;
}

static bool is_fraction(double f)
{
    return f >= 0 && f < 1;
}

fmx_status fmx__labels_read(fmx_context *ctx, fmx_dataset *dataset, const char *path,
                            const char *const *class_name, size_t classes,
                            const fmx__split_options *split, fmx__labels *out)
{
    const fmx_dataset_info *set = fmx_dataset_describe(dataset);
    char **name = NULL;
    *out = (fmx__labels){.rows = set->rows};
    if (!is_fraction(split->validation) || !is_fraction(split->test) ||
        split->validation + split->test >= 1)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "database: validation (%g) and test (%g) are fractions that leave some "
                         "for training: their sum must be below 1",
                         split->validation, split->test);
    if (split->folds > 0 && (split->folds == 1 || split->fold < 0 || split->fold >= split->folds))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "train.fold: index %lld of %lld folds; there are 2 or more, counted from "
                         "0",
                         (long long)split->fold, (long long)split->folds);
    fmx_status status = fmx__alloc(ctx, out->rows, sizeof *out->class_of, "rows", &out->class_of);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *out->split, "rows", &out->split);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *out->parent, "rows", &out->parent);
    if (status == FMX_OK && set->classes > 0) {
        status = classes_of_targets(ctx, dataset, path, out);
    } else if (status == FMX_OK) {
        status = fmx_dataset_read_text(dataset, "name", 0, out->rows, &name);
        if (status == FMX_OK)
            status = classes_of_names(ctx, path, name, split->foreign, out);
    }
    if (status == FMX_OK && class_name == NULL && out->classes < 2)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: all %zu spectra are of one class, \"%s\"; there is nothing to tell "
                           "apart: add spectra of other compounds, each named after its own",
                           path, out->rows, out->classes > 0 ? out->class_name[0] : "");
    if (status == FMX_OK && class_name != NULL)
        status = match_classes(ctx, path, class_name, classes, out);
    if (status == FMX_OK)
        status = read_split(ctx, dataset, path, split, out);
    if (status == FMX_OK)
        status = list_members(ctx, out);
    free(name);
    return status;
}

void fmx__labels_clear(fmx__labels *labels)
{
    for (size_t i = 0; labels->class_name != NULL && i < labels->classes; ++i)
        free(labels->class_name[i]);
    free(labels->class_name);
    free(labels->class_of);
    free(labels->target);
    free(labels->split);
    free(labels->parent);
    for (int s = 0; s <= FMX__SPLITS; ++s) {
        free(labels->member[s]);
        free(labels->first[s]);
    }
    *labels = (fmx__labels){0};
}

const uint32_t *fmx__labels_members(const fmx__labels *labels, fmx__split split, size_t class_index,
                                    size_t *count)
{
    const size_t *first = labels->first[split] + class_index;
    *count = first[1] - first[0];
    return labels->member[split] + first[0];
}

size_t fmx__labels_count(const fmx__labels *labels, fmx__split split)
{
    return labels->first[split][labels->classes + 2];
}

fmx_status fmx__labels_need(fmx_context *ctx, const fmx__labels *labels, const char *path,
                            fmx__split split, bool every_class)
{
    const char *remedy = labels->stored_split
                             ? "the dataset's column split says which rows belong to it"
                             : "it takes more FIDs of each compound (one for each of training, "
                               "validation and test), or other fractions in the recipe "
                               "(database.validation, database.test)";
    if (fmx__labels_count(labels, split) == 0)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: the split \"%s\" has no spectra; %s", path,
                         fmx__split_names[split], remedy);
    for (size_t i = 0; every_class && i < labels->classes; ++i) {
        size_t count = 0;
        fmx__labels_members(labels, split, i, &count);
        if (count == 0)
            return fmx__fail(ctx, FMX_ERROR_FORMAT,
                             "%s: the class \"%s\" has no spectrum in the split \"%s\"; %s", path,
                             labels->class_name[i], fmx__split_names[split], remedy);
    }
    return FMX_OK;
}

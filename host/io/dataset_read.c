#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_check.h"
#include "dataset_heap.h"
#include "dataset_writer.h"

enum { MOST_CLASSES = 1 << 16 };

struct fmx_dataset {
    fmx_context *ctx;
    char *path;
    hid_t file;
    hid_t spectra;
    fmx_dataset_info info;
    double *ppm;
    char *version;
    char *recipe;
    char *nucleus;
    char *inputs;
    char **class_name;
};

/* A text attribute of the root, "" where it is missing. */
static fmx_status get_text(fmx_dataset *set, const char *name, char **out)
{
    char *value = NULL;
    hid_t attribute = H5I_INVALID_HID;
    hid_t type = H5I_INVALID_HID;
    fmx_status status = FMX_OK;
    if (H5Aexists(set->file, name) <= 0)
        return fmx__format(set->ctx, out, "%s", "");
    attribute = H5Aopen(set->file, name, H5P_DEFAULT);
    type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
    hid_t space = attribute >= 0 ? H5Aget_space(attribute) : H5I_INVALID_HID;
    bool text = type >= 0 && H5Tget_class(type) == H5T_STRING &&
                H5Sget_simple_extent_type(space) == H5S_SCALAR;
    if (text && H5Tis_variable_str(type) > 0) {
        if (H5Aread(attribute, type, &value) < 0)
            status = fmx__hdf5_fail(set->ctx, FMX_ERROR_FORMAT, set->path, name);
        else
            status = fmx__format(set->ctx, out, "%s", value != NULL ? value : "");
        H5free_memory(value);
    } else if (text && H5Tget_size(type) <= 1 << 20) {
        status = fmx__alloc(set->ctx, H5Tget_size(type) + 1, 1, name, out);
        if (status == FMX_OK && H5Aread(attribute, type, *out) < 0)
            status = fmx__hdf5_fail(set->ctx, FMX_ERROR_FORMAT, set->path, name);
    } else {
        status = fmx__fail(set->ctx, FMX_ERROR_FORMAT, "%s: attribute %s: one text is expected",
                           set->path, name);
    }
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (attribute >= 0)
        H5Aclose(attribute);
    return status;
}

static fmx_status get_seed(fmx_dataset *set)
{
    fmx_status status = FMX_OK;
    if (H5Aexists(set->file, "seed") <= 0)
        return FMX_OK;
    hid_t attribute = H5Aopen(set->file, "seed", H5P_DEFAULT);
    hid_t space = attribute >= 0 ? H5Aget_space(attribute) : H5I_INVALID_HID;
    hid_t type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
    if (type < 0 || H5Tget_class(type) != H5T_INTEGER || H5Tget_size(type) > 8 ||
        H5Sget_simple_extent_npoints(space) != 1 ||
        H5Aread(attribute, H5T_NATIVE_UINT64, &set->info.seed) < 0)
        status = fmx__fail(set->ctx, FMX_ERROR_FORMAT,
                           "%s: attribute seed: one whole number is expected", set->path);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return status;
}

static fmx_status get_axis(fmx_dataset *set)
{
    hid_t axis = H5I_INVALID_HID;
    fmx__hdf5_shape shape;
    fmx_status status = fmx__hdf5_dataset(set->ctx, set->file, set->path, "ppm", &axis, &shape);
    if (status == FMX_OK && (shape.kind != H5T_FLOAT || shape.rank != 1 || shape.shards > 0 ||
                             shape.dims[0] != set->info.points))
        status = fmx__fail(set->ctx, FMX_ERROR_FORMAT,
                           "%s: ppm: one number for each of the %zu points is expected", set->path,
                           set->info.points);
    if (status == FMX_OK)
        status = fmx__alloc(set->ctx, set->info.points, sizeof *set->ppm, "axis", &set->ppm);
    if (status == FMX_OK &&
        H5Dread(axis, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, set->ppm) < 0)
        status = fmx__hdf5_fail(set->ctx, FMX_ERROR_READ, set->path, "ppm");
    for (size_t i = 0; status == FMX_OK && i < set->info.points; ++i) {
        if (!isfinite(set->ppm[i]) || (i > 0 && !(set->ppm[i] < set->ppm[i - 1])))
            status = fmx__fail(set->ctx, FMX_ERROR_FORMAT, "%s: ppm: does not descend at point %zu",
                               set->path, i);
    }
    if (axis >= 0)
        H5Dclose(axis);
    return status;
}

/* Reads `count` texts of an open dataset from `first` on into one piece of memory. */
static fmx_status read_texts(fmx_dataset *set, hid_t texts, const fmx__hdf5_shape *shape,
                             const char *name, size_t first, size_t count, char ***out)
{
    char **value = NULL; /* variable: [count] of HDF5's */
    char *fixed = NULL;
    size_t total = count * sizeof(char *);
    hsize_t start = first;
    hsize_t many = count;
    hid_t type = H5Dget_type(texts);
    hid_t space = H5Dget_space(texts);
    hid_t memory = H5Screate_simple(1, &many, NULL);
    fmx_status status = FMX_OK;
    if (shape->bytes == 0)
        status = fmx__heap_check_texts(set->ctx, set->path, name, texts, first, count);
    if (status == FMX_OK && shape->bytes == 0)
        status = fmx__alloc(set->ctx, count, sizeof *value, name, &value);
    else if (status == FMX_OK)
        status = fmx__alloc(set->ctx, count, shape->bytes, name, &fixed);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &many, NULL);
    if (status == FMX_OK && H5Dread(texts, type, memory, space, H5P_DEFAULT,
                                    value != NULL ? (void *)value : (void *)fixed) < 0)
        status = fmx__hdf5_fail(set->ctx, FMX_ERROR_READ, set->path, name);
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        total += value != NULL ? (value[i] != NULL ? strlen(value[i]) : 0) + 1 : shape->bytes + 1;
    if (status == FMX_OK)
        status = fmx__alloc(set->ctx, total, 1, name, out);
    char *to = status == FMX_OK ? (char *)(*out + count) : NULL;
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        const char *from = value != NULL ? value[i] : fixed + i * shape->bytes;
        size_t length = from == NULL        ? 0
                        : shape->bytes == 0 ? strlen(from)
                                            : strnlen(from, shape->bytes);
        (*out)[i] = to;
        memcpy(to, length > 0 ? from : "", length);
        to += length + 1; /* zero already */
    }
    if (value != NULL)
        H5Dvlen_reclaim(type, memory, H5P_DEFAULT, value);
    free(value);
    free(fixed);
    H5Sclose(memory);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

static fmx_status get_classes(fmx_dataset *set)
{
    hid_t names = H5I_INVALID_HID;
    fmx__hdf5_shape shape;
    if (H5Lexists(set->file, "class_name", H5P_DEFAULT) <= 0)
        return FMX_OK;
    fmx_status status =
        fmx__hdf5_dataset(set->ctx, set->file, set->path, "class_name", &names, &shape);
    if (status == FMX_OK && (shape.kind != H5T_STRING || shape.rank != 1 || shape.shards > 0 ||
                             shape.dims[0] > MOST_CLASSES))
        status = fmx__fail(set->ctx, FMX_ERROR_FORMAT,
                           "%s: class_name: a list of texts is expected", set->path);
    if (status == FMX_OK)
        status = read_texts(set, names, &shape, "class_name", 0, (size_t)shape.dims[0],
                            &set->class_name);
    if (status == FMX_OK) {
        set->info.classes = (size_t)shape.dims[0];
        set->info.class_name = (const char *const *)set->class_name;
    }
    if (names >= 0)
        H5Dclose(names);
    return status;
}

static fmx_status get_all(fmx_dataset *set)
{
    fmx__hdf5_shape shape;
    fmx_status status = fmx__hdf5_open(set->ctx, set->path, &set->file);
    if (status == FMX_OK)
        status = fmx__heap_check(set->ctx, set->path, H5I_INVALID_HID);
    if (status == FMX_OK)
        status =
            fmx__hdf5_dataset(set->ctx, set->file, set->path, "spectra", &set->spectra, &shape);
    if (status == FMX_OK)
        status = fmx__heap_check(set->ctx, set->path, set->spectra);
    if (status == FMX_OK && (shape.kind != H5T_FLOAT || shape.rank != 2))
        status = fmx__fail(set->ctx, FMX_ERROR_FORMAT,
                           "%s: spectra: rows of floating-point values are expected", set->path);
    if (status == FMX_OK) {
        set->info.rows = (size_t)shape.dims[0];
        set->info.points = (size_t)shape.dims[1];
        set->info.shards = shape.shards;
        status = get_axis(set);
    }
    if (status == FMX_OK)
        status = get_text(set, "fidmix_version", &set->version);
    if (status == FMX_OK)
        status = get_text(set, "recipe", &set->recipe);
    if (status == FMX_OK)
        status = get_text(set, "nucleus", &set->nucleus);
    if (status == FMX_OK)
        status = get_text(set, "inputs", &set->inputs);
    if (status == FMX_OK)
        status = get_seed(set);
    return status == FMX_OK ? get_classes(set) : status;
}

fmx_status fmx_dataset_open(fmx_context *ctx, const char *path, fmx_dataset **out)
{
    fmx_dataset *set = NULL;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    *out = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *set, "dataset", &set);
    if (status == FMX_OK) {
        *set = (fmx_dataset){.ctx = ctx, .file = H5I_INVALID_HID, .spectra = H5I_INVALID_HID};
        status = fmx__format(ctx, &set->path, "%s", path);
    }
    if (status == FMX_OK)
        status = get_all(set);
    if (status == FMX_OK) {
        set->info.ppm = set->ppm;
        set->info.fidmix_version = set->version;
        set->info.recipe = set->recipe;
        set->info.nucleus = set->nucleus;
        set->info.inputs = set->inputs;
        *out = set;
    } else {
        fmx_dataset_close(set);
    }
    fmx__hdf5_end(&quiet);
    return status;
}

const fmx_dataset_info *fmx_dataset_describe(const fmx_dataset *dataset)
{
    return &dataset->info;
}

bool fmx__dataset_inputs_are(fmx_dataset *dataset, const char *inputs)
{
    return strcmp(dataset->inputs, inputs) == 0;
}

static fmx_status check_range(const fmx_dataset *set, const char *name, size_t first, size_t count)
{
    if (count == 0 || first > set->info.rows || count > set->info.rows - first)
        return fmx__fail(set->ctx, FMX_ERROR_ARGUMENT, "%s: %s: rows %zu to %zu of %zu", set->path,
                         name, first, first + count, set->info.rows);
    return FMX_OK;
}

/* Reads rows of an open dataset of `width` values a row (rank 1 for width 0). */
static fmx_status read_rows(fmx_dataset *set, hid_t from, const char *name, hid_t type,
                            size_t first, size_t count, size_t width, void *out)
{
    hsize_t start[2] = {first, 0};
    hsize_t many[2] = {count, width};
    hid_t space = H5Dget_space(from);
    hid_t memory = H5Screate_simple(width > 0 ? 2 : 1, many, NULL);
    fmx_status status = FMX_OK;
    if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, many, NULL) < 0 ||
        H5Dread(from, type, memory, space, H5P_DEFAULT, out) < 0)
        status = fmx__hdf5_fail(set->ctx, FMX_ERROR_READ, set->path, name);
    H5Sclose(memory);
    H5Sclose(space);
    return status;
}

fmx_status fmx_dataset_read_spectra(fmx_dataset *dataset, size_t first, size_t count, float *out)
{
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    fmx_status status = check_range(dataset, "spectra", first, count);
    if (status == FMX_OK)
        status = read_rows(dataset, dataset->spectra, "spectra", H5T_NATIVE_FLOAT, first, count,
                           dataset->info.points, out);
    fmx__hdf5_end(&quiet);
    return status;
}

/* Opens a column and checks that it has one entry for each row. */
static fmx_status open_column(fmx_dataset *set, const char *name, hid_t *out,
                              fmx__hdf5_shape *shape, fmx_column_type *type)
{
    fmx_status status = fmx__hdf5_dataset(set->ctx, set->file, set->path, name, out, shape);
    if (status == FMX_OK && (shape->dims[0] != set->info.rows || shape->shards > 0 ||
                             (shape->kind == H5T_STRING && shape->rank != 1)))
        status = fmx__fail(set->ctx, FMX_ERROR_FORMAT, "%s: %s: not a column of the %zu rows",
                           set->path, name, set->info.rows);
    *type = shape->kind == H5T_STRING  ? FMX_COLUMN_TEXT
            : shape->kind == H5T_FLOAT ? FMX_COLUMN_FLOAT
            : shape->bytes == 1        ? FMX_COLUMN_BYTE
                                       : FMX_COLUMN_INT;
    return status;
}

/* Names of the root as zero-terminated texts, one behind the other. */
typedef struct name_list {
    char *to; /* NULL: only measured */
    size_t bytes;
} name_list;

static herr_t note_name(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
    name_list *list = user;
    size_t length = strlen(name) + 1;
    (void)group;
    (void)info;
    if (list->to != NULL)
        memcpy(list->to + list->bytes, name, length);
    list->bytes += length;
    return 0;
}

/* All names; an empty one ends them. */
static fmx_status list_names(fmx_dataset *set, char **out, size_t *bytes)
{
    name_list list = {NULL, 0};
    herr_t code = H5Literate(set->file, H5_INDEX_NAME, H5_ITER_INC, NULL, note_name, &list);
    fmx_status status = fmx__alloc(set->ctx, list.bytes + 1, 1, "names of columns", out);
    *bytes = list.bytes;
    list = (name_list){*out, 0};
    if (status == FMX_OK && code >= 0)
        code = H5Literate(set->file, H5_INDEX_NAME, H5_ITER_INC, NULL, note_name, &list);
    if (status == FMX_OK && code < 0)
        status = fmx__hdf5_fail(set->ctx, FMX_ERROR_FORMAT, set->path, "its datasets");
    return status;
}

fmx_status fmx_dataset_list_columns(fmx_dataset *dataset, fmx_column **out, size_t *count)
{
    char *names = NULL;
    size_t bytes = 0;
    size_t most = 0;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    *out = NULL;
    *count = 0;
    fmx_status status = list_names(dataset, &names, &bytes);
    for (size_t i = 0; status == FMX_OK && i < bytes; ++i)
        most += names[i] == '\0';
    if (status == FMX_OK)
        status = fmx__alloc(dataset->ctx, 1, (most + 1) * sizeof **out + bytes, "columns", out);
    char *copy = status == FMX_OK ? (char *)(*out + most + 1) : NULL;
    for (const char *name = names; status == FMX_OK && *name != '\0'; name += strlen(name) + 1) {
        fmx_column *c = &(*out)[*count];
        if (strcmp(name, "spectra") == 0 || strcmp(name, "ppm") == 0 ||
            strcmp(name, "class_name") == 0 ||
            !fmx_dataset_find_column(dataset, name, &c->type, &c->width))
            continue;
        memcpy(copy, name, strlen(name) + 1);
        c->name = copy;
        copy += strlen(name) + 1;
        ++*count;
    }
    free(names);
    fmx__hdf5_end(&quiet);
    return status;
}

bool fmx_dataset_find_column(fmx_dataset *dataset, const char *name, fmx_column_type *type,
                             size_t *width)
{
    hid_t column = H5I_INVALID_HID;
    fmx__hdf5_shape shape;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    bool found = open_column(dataset, name, &column, &shape, type) == FMX_OK;
    *width = found && shape.rank == 2 ? (size_t)shape.dims[1] : 0;
    if (column >= 0)
        H5Dclose(column);
    fmx_context_clear(dataset->ctx);
    fmx__hdf5_end(&quiet);
    return found;
}

fmx_status fmx_dataset_read_column(fmx_dataset *dataset, const char *name, fmx_column_type type,
                                   size_t first, size_t count, void *out)
{
    hid_t column = H5I_INVALID_HID;
    fmx_column_type found = type;
    fmx__hdf5_shape shape;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    hid_t native = fmx__hdf5_type(type, false);
    fmx_status status = check_range(dataset, name, first, count);
    if (status == FMX_OK)
        status = open_column(dataset, name, &column, &shape, &found);
    if (status == FMX_OK && (found != type || type == FMX_COLUMN_TEXT))
        status = fmx__fail(dataset->ctx, FMX_ERROR_FORMAT, "%s: %s: a column of another type",
                           dataset->path, name);
    if (status == FMX_OK)
        status = read_rows(dataset, column, name, native, first, count,
                           shape.rank == 2 ? (size_t)shape.dims[1] : 0, out);
    if (column >= 0)
        H5Dclose(column);
    H5Tclose(native);
    fmx__hdf5_end(&quiet);
    return status;
}

fmx_status fmx_dataset_read_text(fmx_dataset *dataset, const char *name, size_t first, size_t count,
                                 char ***out)
{
    hid_t column = H5I_INVALID_HID;
    fmx_column_type found = FMX_COLUMN_TEXT;
    fmx__hdf5_shape shape;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    *out = NULL;
    fmx_status status = check_range(dataset, name, first, count);
    if (status == FMX_OK)
        status = open_column(dataset, name, &column, &shape, &found);
    if (status == FMX_OK && found != FMX_COLUMN_TEXT)
        status =
            fmx__fail(dataset->ctx, FMX_ERROR_FORMAT, "%s: %s: not texts", dataset->path, name);
    if (status == FMX_OK)
        status = read_texts(dataset, column, &shape, name, first, count, out);
    if (column >= 0)
        H5Dclose(column);
    fmx__hdf5_end(&quiet);
    return status;
}

void fmx_dataset_close(fmx_dataset *dataset)
{
    if (dataset == NULL)
        return;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    if (dataset->spectra >= 0)
        H5Dclose(dataset->spectra);
    if (dataset->file >= 0)
        H5Fclose(dataset->file);
    fmx__hdf5_end(&quiet);
    free(dataset->class_name);
    free(dataset->ppm);
    free(dataset->version);
    free(dataset->recipe);
    free(dataset->nucleus);
    free(dataset->inputs);
    free(dataset->path);
    free(dataset);
}

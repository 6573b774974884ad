/* Datasets that lie beside each other, shown as one: no spectrum is copied. */
#include <stdlib.h>
#include <string.h>

#include "dataset_check.h"
#include "dataset_part.h"
#include "dataset_writer.h"

enum { LONGEST_FILE = 1024 };

typedef struct joining {
    fmx_context *ctx;
    fmx_dataset **part; /* [count], open */
    const char *const *path;
    size_t count;
    size_t rows;
    char **file;               /* [files]: what holds the spectra */
    fmx__dataset_shard *shard; /* [files] */
    size_t files;
    size_t files_capacity;
    size_t shards_capacity;
} joining;

/* Length of the folder's part of a path, its last slash included. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

/* A view names its files relative to its own folder. */
static fmx_status check_folder(const joining *j, const char *out)
{
    char *folders[2] = {NULL, NULL};
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < j->count; ++i) {
        const char *paths[2] = {out, j->path[i]};
        for (int k = 0; status == FMX_OK && k < 2; ++k) {
            char *folder = NULL;
            status = fmx__format(j->ctx, &folder, "./%.*s", (int)folder_length(paths[k]), paths[k]);
            if (status == FMX_OK && paths[k][0] == '/')
                memmove(folder, folder + 2, strlen(folder) - 1);
            folders[k] = status == FMX_OK ? realpath(folder, NULL) : NULL;
            free(folder);
        }
        if (status == FMX_OK &&
            (folders[0] == NULL || folders[1] == NULL || strcmp(folders[0], folders[1]) != 0))
            status = fmx__fail(j->ctx, FMX_ERROR_ARGUMENT,
                               "%s: lies in another folder than %s; parts must lie beside the file "
                               "that shows them as one",
                               j->path[i], out);
        free(folders[0]);
        free(folders[1]);
        folders[0] = folders[1] = NULL;
    }
    return status;
}

static fmx_status add_file(joining *j, const char *folder, size_t length, const char *name)
{
    fmx_dataset *set = NULL;
    char *path = NULL;
    size_t need = j->files + 1;
    fmx_status status =
        fmx__grow(j->ctx, &j->file, &j->files_capacity, need, sizeof *j->file, "files");
    if (status == FMX_OK)
        status = fmx__grow(j->ctx, &j->shard, &j->shards_capacity, need, sizeof *j->shard, "files");
    if (status == FMX_OK)
        status = fmx__format(j->ctx, &path, "%.*s%s", (int)length, folder, name);
    if (status == FMX_OK)
        status = fmx_dataset_open(j->ctx, path, &set);
    if (status != FMX_OK) {
        free(path);
        return status;
    }
    j->shard[j->files] = (fmx__dataset_shard){fmx_dataset_describe(set)->rows, true};
    j->file[j->files++] = path;
    fmx_dataset_close(set);
    return FMX_OK;
}

/* The files of a part: itself, or those that it shows as one. */
static fmx_status add_files(joining *j, size_t part)
{
    const char *path = j->path[part];
    size_t length = folder_length(path);
    hid_t file = H5I_INVALID_HID;
    hid_t set = H5I_INVALID_HID;
    hid_t properties = H5I_INVALID_HID;
    fmx__hdf5_shape shape;
    if (fmx_dataset_describe(j->part[part])->shards == 0)
        return add_file(j, path, length, path + length);
    fmx_status status = fmx__hdf5_open(j->ctx, path, &file);
    if (status == FMX_OK)
        status = fmx__hdf5_dataset(j->ctx, file, path, "spectra", &set, &shape);
    if (status == FMX_OK)
        properties = H5Dget_create_plist(set);
    for (size_t i = 0; status == FMX_OK && i < shape.shards; ++i) {
        char name[LONGEST_FILE] = "";
        if (H5Pget_virtual_filename(properties, i, name, sizeof name) < 0)
            status = fmx__hdf5_fail(j->ctx, FMX_ERROR_READ, path, "spectra");
        else
            status = add_file(j, path, length, name);
    }
    if (properties >= 0)
        H5Pclose(properties);
    if (set >= 0)
        H5Dclose(set);
    if (file >= 0)
        H5Fclose(file);
    return status;
}

static bool same_texts(const char *const *a, const char *const *b, size_t count)
{
    for (size_t i = 0; i < count; ++i) {
        if (strcmp(a[i], b[i]) != 0)
            return false;
    }
    return true;
}

/* What of a part is not as in the first; NULL: nothing. */
static const char *difference(fmx_dataset *first, fmx_dataset *part, const fmx_column *column,
                              size_t columns)
{
    const fmx_dataset_info *a = fmx_dataset_describe(first);
    const fmx_dataset_info *b = fmx_dataset_describe(part);
    if (a->points != b->points || memcmp(a->ppm, b->ppm, a->points * sizeof *a->ppm) != 0)
        return "axis";
    if (strcmp(a->recipe, b->recipe) != 0 || a->seed != b->seed)
        return "recipe";
    if (strcmp(a->nucleus, b->nucleus) != 0)
        return "nucleus";
    if (a->classes != b->classes || !same_texts(a->class_name, b->class_name, a->classes))
        return "list of classes";
    for (size_t i = 0; i < columns; ++i) {
        fmx_column_type type = column[i].type;
        size_t width = 0;
        if (!fmx_dataset_find_column(part, column[i].name, &type, &width) ||
            type != column[i].type || width != column[i].width)
            return "set of columns";
    }
    return NULL;
}

/* Writes the view; everything that the parts share stands in the first. */
static fmx_status write_view(joining *j, const char *path, const fmx_column *column, size_t columns)
{
    static const char *const fixed[] = {"name",   "source",      "parent", "field_mhz", "p0_deg",
                                        "p1_deg", "noise_sigma", "target", "split"};
    const fmx_dataset_info *info = fmx_dataset_describe(j->part[0]);
    fmx_dataset_writer *w = NULL;
    const char **source = NULL;
    fmx_column *further = NULL;
    char *inputs = NULL;
    fmx_dataset_plan plan = {.rows = j->rows,
                             .points = info->points,
                             .ppm = info->ppm,
                             .recipe = info->recipe,
                             .nucleus = info->nucleus,
                             .seed = info->seed,
                             .parents = 1,
                             .class_name = info->class_name,
                             .classes = info->classes,
                             .shard_bytes = SIZE_MAX};
    fmx_status status = fmx__alloc(j->ctx, j->rows, sizeof *source, "paths", &source);
    if (status == FMX_OK)
        status = fmx__alloc(j->ctx, columns, sizeof *further, "columns", &further);
    if (status == FMX_OK)
        status = fmx__format(j->ctx, &inputs, "%zu parts", j->count);
    for (size_t i = 0; status == FMX_OK && i < j->rows; ++i)
        source[i] = ""; /* those of the parts are taken over */
    for (size_t i = 0; status == FMX_OK && i < columns; ++i) {
        bool known = false;
        for (size_t k = 0; k < FMX__COUNT(fixed); ++k)
            known = known || strcmp(fixed[k], column[i].name) == 0;
        if (strcmp(column[i].name, "parent") == 0 && column[i].width > 0)
            plan.parents = column[i].width;
        plan.has_split = plan.has_split || strcmp(column[i].name, "split") == 0;
        if (!known)
            further[plan.column_count++] = column[i];
    }
    plan.source = source;
    plan.column = further;
    plan.inputs = inputs;
    if (status == FMX_OK)
        status = fmx_dataset_writer_open(j->ctx, path, &plan, &w);
    if (status == FMX_OK) {
        free(w->shard);
        w->shard = j->shard;
        w->shard_file = j->file;
        w->shard_count = j->files;
        w->stored = j->rows;
        status = fmx__dataset_build_view(w);
        fmx__part_remove(w);
        w->shard = NULL; /* they stay ours */
        w->shard_file = NULL;
    }
    fmx_dataset_writer_close(w);
    free(inputs);
    free(further);
    free(source);
    return status;
}

static fmx_status join(joining *j, const char *path)
{
    fmx_column *column = NULL;
    size_t columns = 0;
    fmx_status status = check_folder(j, path);
    for (size_t i = 0; status == FMX_OK && i < j->count; ++i) {
        const char *what = NULL;
        status = fmx_dataset_open(j->ctx, j->path[i], &j->part[i]);
        if (status == FMX_OK && i == 0)
            status = fmx_dataset_list_columns(j->part[0], &column, &columns);
        if (status == FMX_OK)
            what = difference(j->part[0], j->part[i], column, columns);
        if (status == FMX_OK && what != NULL)
            status = fmx__fail(j->ctx, FMX_ERROR_FORMAT,
                               "%s: another %s than %s; only parts of one dataset go together",
                               j->path[i], what, j->path[0]);
        if (status == FMX_OK) {
            j->rows += fmx_dataset_describe(j->part[i])->rows;
            status = add_files(j, i);
        }
    }
    if (status == FMX_OK)
        status = write_view(j, path, column, columns);
    free(column);
    return status;
}

fmx_status fmx_dataset_join(fmx_context *ctx, const char *const *parts, size_t count,
                            const char *path)
{
    joining j = {.ctx = ctx, .path = parts, .count = count};
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    fmx_status status = FMX_OK;
    if (count == 0)
        status = fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: no parts to put together", path);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, count, sizeof(fmx_dataset *), "parts", &j.part);
    if (status == FMX_OK)
        status = join(&j, path);
    for (size_t i = 0; j.part != NULL && i < count; ++i)
        fmx_dataset_close(j.part[i]);
    for (size_t i = 0; i < j.files; ++i)
        free(j.file[i]);
    free(j.part);
    free(j.file);
    free(j.shard);
    fmx__hdf5_end(&quiet);
    return status;
}

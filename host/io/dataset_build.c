#define _GNU_SOURCE /* fallocate */
/* From the rows of a journal to an HDF5 file, and from shards to one view of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomic_file.h"
#include "dataset_journal.h"
#include "dataset_writer.h"

static fmx_status put_head(fmx__dataset_building *b)
{
    const fmx_dataset_writer *w = b->w;
    const fmx_column names = {"class_name", FMX_COLUMN_TEXT, 0};
    fmx_status status =
        fmx__hdf5_put_text(w->ctx, b->file, b->beside, "fidmix_version", FMX_VERSION);
    if (status == FMX_OK)
        status = fmx__hdf5_put_text(w->ctx, b->file, b->beside, "recipe", w->recipe);
    if (status == FMX_OK)
        status = fmx__hdf5_put_text(w->ctx, b->file, b->beside, "nucleus", w->nucleus);
    if (status == FMX_OK)
        status = fmx__hdf5_put_text(w->ctx, b->file, b->beside, "inputs", w->inputs);
    if (status == FMX_OK)
        status = fmx__hdf5_put_u64(w->ctx, b->file, b->beside, "seed", w->seed);
    if (status == FMX_OK && w->classes > 0)
        status = fmx__hdf5_put(w->ctx, b->file, b->beside, &names, w->classes, w->class_name);
    return status;
}

static fmx_status put_axis(fmx__dataset_building *b)
{
    const fmx_dataset_writer *w = b->w;
    hsize_t points = w->points;
    fmx_status status = FMX_OK;
    hid_t space = H5Screate_simple(1, &points, NULL);
    hid_t properties = fmx__hdf5_dataset_properties();
    hid_t set =
        H5Dcreate2(b->file, "ppm", H5T_IEEE_F64LE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    if (set < 0 || H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, w->ppm) < 0)
        status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "ppm");
    if (set >= 0 && H5Dclose(set) < 0 && status == FMX_OK) /* writes what HDF5 still holds */
        status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "cannot be written");
    H5Pclose(properties);
    H5Sclose(space);
    return status;
}

static fmx_status make_values(fmx__dataset_building *b)
{
    const fmx_dataset_writer *w = b->w;
    fmx_status status =
        fmx__alloc(w->ctx, w->column_count, sizeof *b->values, "columns", &b->values);
    for (size_t i = 0; status == FMX_OK && i < w->column_count; ++i) {
        size_t width = w->column[i].width > 0 ? w->column[i].width : 1;
        status = fmx__alloc(w->ctx, b->rows, width * fmx__column_size(w->column[i].type),
                            w->column[i].name, &b->values[i]);
    }
    return status;
}

/* Takes one row's columns; texts are kept as offsets until all are there (fix_texts). */
fmx_status fmx__building_take(fmx__dataset_building *b, size_t at, const char *const *column)
{
    const fmx_dataset_writer *w = b->w;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < w->column_count; ++i) {
        const fmx_column *c = &w->column[i];
        size_t size = fmx__column_size(c->type) * (c->width > 0 ? c->width : 1);
        if (c->type != FMX_COLUMN_TEXT) {
            memmove(b->values[i] + at * size, column[i], size); /* may be there already */
            continue;
        }
        size_t length = strlen(column[i]) + 1;
        status = fmx__grow(w->ctx, &b->texts, &b->texts_capacity, b->texts_used + length, 1,
                           "texts of a dataset");
        if (status == FMX_OK) {
            memcpy(b->texts + b->texts_used, column[i], length);
            memcpy(b->values[i] + at * size, &b->texts_used, sizeof b->texts_used);
            b->texts_used += length;
        }
    }
    return status;
}

_Static_assert(sizeof(size_t) == sizeof(char *), "offsets of texts become pointers in place");

static void fix_texts(fmx__dataset_building *b)
{
    for (size_t i = 0; i < b->w->column_count; ++i) {
        for (size_t row = 0; b->w->column[i].type == FMX_COLUMN_TEXT && row < b->rows; ++row) {
            size_t offset = 0;
            memcpy(&offset, b->values[i] + row * sizeof(char *), sizeof offset);
            const char *text = b->texts + offset;
            memcpy(b->values[i] + row * sizeof(char *), &text, sizeof text);
        }
    }
}

fmx_status fmx__building_put_columns(fmx__dataset_building *b)
{
    const fmx_dataset_writer *w = b->w;
    fmx_status status = FMX_OK;
    if (w->self_parent) {
        for (size_t row = 0; row < b->rows; ++row) {
            int32_t self = (int32_t)row;
            memcpy(b->values[2] + row * sizeof self, &self, sizeof self);
        }
    }
    fix_texts(b);
    for (size_t i = 0; status == FMX_OK && i < w->column_count; ++i)
        status = fmx__hdf5_put(w->ctx, b->file, b->beside, &w->column[i], b->rows, b->values[i]);
    return status;
}

hid_t fmx__building_spectra(fmx__dataset_building *b, hid_t space, hid_t properties)
{
    hid_t set =
        H5Dcreate2(b->file, "spectra", H5T_IEEE_F32LE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    H5Pclose(properties);
    return set;
}

/* How spectra are stored: one chunk a row where they are compressed. */
static hid_t spectra_properties(const fmx_dataset_writer *w)
{
    hid_t properties = fmx__hdf5_dataset_properties();
    hsize_t chunk[2] = {1, w->points};
    if (w->compress) {
        H5Pset_chunk(properties, 2, chunk);
        H5Pset_shuffle(properties);
        H5Pset_deflate(properties, 4);
    }
    return properties;
}

/* Row by row from the journal: the spectrum to its place, the columns into memory. */
static fmx_status copy_rows(fmx__dataset_building *b, size_t shard, int fd, const char *journal,
                            hid_t set, hid_t space)
{
    fmx_dataset_writer *w = b->w;
    const char **column = NULL;
    hsize_t count[2] = {1, w->points};
    hid_t one = H5Screate_simple(2, count, NULL);
    size_t at = 0;
    fmx_status status = fmx__alloc(w->ctx, w->column_count, sizeof *column, "columns", &column);
    for (size_t row = fmx__shard_first(w, shard);
         status == FMX_OK && row < fmx__shard_first(w, shard + 1); ++row) {
        const float *spectrum = NULL;
        size_t bytes = 0;
        hsize_t start[2] = {at, 0};
        if (w->offset[row] == FMX__ROW_ABSENT)
            continue;
        status = fmx__journal_read(w->ctx, fd, journal, w->offset[row], fmx__payload_most(w),
                                   &w->payload, &w->payload_capacity, &bytes);
        if (status == FMX_OK && !fmx__payload_unpack(w, w->payload, bytes, column, &spectrum))
            status =
                fmx__fail(w->ctx, FMX_ERROR_READ, "%s: row %zu is of another plan", journal, row);
        if (status == FMX_OK)
            status = fmx__building_take(b, at, column);
        if (status == FMX_OK &&
            (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
             H5Dwrite(set, H5T_NATIVE_FLOAT, one, space, H5P_DEFAULT, spectrum) < 0))
            status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "spectra");
        ++at;
        if (status == FMX_OK && at % 64 == 0)
            status = fmx__check_interrupt(w->ctx);
    }
    H5Sclose(one);
    free(column);
    return status;
}

static fmx_status put_rows(fmx__dataset_building *b, size_t shard)
{
    fmx_dataset_writer *w = b->w;
    char *journal = NULL;
    hsize_t dims[2] = {b->rows, w->points};
    hid_t space = H5Screate_simple(2, dims, NULL);
    hid_t set = fmx__building_spectra(b, space, spectra_properties(w));
    int fd = -1;
    fmx_status status = FMX_OK;
    if (set < 0)
        status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "spectra");
    if (status == FMX_OK)
        status = fmx__shard_journal(w, shard, &journal);
    if (status == FMX_OK && (fd = open(journal, O_RDONLY | O_CLOEXEC)) < 0)
        status = fmx__fail(w->ctx, FMX_ERROR_READ, "%s: %s", journal, strerror(errno));
    if (status == FMX_OK)
        status = copy_rows(b, shard, fd, journal, set, space);
    if (fd >= 0)
        close(fd);
    if (set >= 0 && H5Dclose(set) < 0 && status == FMX_OK) /* writes what HDF5 still holds */
        status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "cannot be written");
    H5Sclose(space);
    free(journal);
    return status;
}

/* Makes sure that the disk has room before HDF5 is asked to write: a file that HDF5 cannot write
 * out it cannot close either. The room is taken for a moment by a file without a name. */
static fmx_status check_room(const fmx_dataset_writer *w, const char *beside, double bytes)
{
    int code = 0;
    int fd = open(beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || unlink(beside) != 0)
        code = errno;
    else if (fallocate(fd, 0, 0, (off_t)bytes) != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        code = errno;
    if (fd >= 0)
        close(fd);
    if (code == 0)
        return FMX_OK;
    return fmx__fail(w->ctx, FMX_ERROR_WRITE,
                     "%s: cannot write %.1f MB: %s; free space on that disk, then run the same "
                     "command with --resume",
                     beside, bytes * 1e-6, strerror(code));
}

/* Bytes that a file of `rows` rows takes at most, its texts (and what HDF5 keeps for itself)
 * generously counted. */
static double file_bytes(const fmx_dataset_writer *w, size_t rows, bool spectra)
{
    double row = spectra ? (double)w->points * sizeof(float) * 1.01 + 128 : 0;
    for (size_t i = 0; i < w->column_count; ++i) {
        const fmx_column *c = &w->column[i];
        row += c->type == FMX_COLUMN_TEXT
                   ? 512
                   : (double)(fmx__column_size(c->type) * (c->width > 0 ? c->width : 1));
    }
    return row * (double)rows + (double)w->points * sizeof(double) + (double)strlen(w->recipe) +
           (double)w->classes * 512 + (1 << 18);
}

fmx_status fmx__building_begin(fmx__dataset_building *b, char *beside, bool spectra)
{
    fmx_status status = check_room(b->w, beside, file_bytes(b->w, b->rows, spectra));
    if (status != FMX_OK)
        return status;
    b->beside = beside;
    b->file = fmx__hdf5_create(beside);
    if (b->file < 0)
        status = fmx__hdf5_fail(b->w->ctx, FMX_ERROR_WRITE, beside, "cannot be made");
    if (status == FMX_OK)
        status = put_head(b);
    if (status == FMX_OK)
        status = put_axis(b);
    if (status == FMX_OK)
        status = make_values(b);
    return status;
}

/* Closes the file (which writes what HDF5 still holds), syncs and renames it. */
fmx_status fmx__building_end(fmx__dataset_building *b, fmx_status status, const char *path)
{
    fmx_dataset_writer *w = b->w;
    if (b->file >= 0 && H5Fclose(b->file) < 0 && status == FMX_OK)
        status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "cannot be written");
    if (status == FMX_OK)
        status = fmx__atomic_rename(w->ctx, b->beside, path);
    else if (b->beside != NULL)
        unlink(b->beside);
    for (size_t i = 0; b->values != NULL && i < w->column_count; ++i)
        free(b->values[i]);
    free(b->values);
    free(b->texts);
    return status;
}

fmx_status fmx__dataset_build(fmx_dataset_writer *w, size_t shard)
{
    fmx__dataset_building b = {.w = w, .file = H5I_INVALID_HID, .rows = w->shard[shard].stored};
    char *beside = NULL;
    char *path = NULL;
    fmx_status status = fmx__format(w->ctx, &beside, "%s/building.h5", w->part);
    if (status == FMX_OK)
        status = fmx__shard_path(w, shard, &path);
    if (status == FMX_OK)
        status = fmx__building_begin(&b, beside, true);
    if (status == FMX_OK)
        status = put_rows(&b, shard);
    if (status == FMX_OK)
        status = fmx__building_put_columns(&b);
    status = fmx__building_end(&b, status, path);
    free(path);
    free(beside);
    return status;
}

/* Adds a shard's columns to those of the view. */
static fmx_status gather_shard(fmx__dataset_building *b, const char *path, size_t first,
                               size_t rows)
{
    const fmx_dataset_writer *w = b->w;
    fmx_dataset *shard = NULL;
    const char **column = NULL;
    char ***texts = NULL;
    fmx_status status = fmx_dataset_open(w->ctx, path, &shard);
    if (status == FMX_OK && fmx_dataset_describe(shard)->rows != rows)
        status = fmx__fail(w->ctx, FMX_ERROR_FORMAT, "%s: %zu rows instead of %zu", path,
                           fmx_dataset_describe(shard)->rows, rows);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->column_count, sizeof *column, "columns", &column);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->column_count, sizeof *texts, "columns", &texts);
    for (size_t i = 0; status == FMX_OK && i < w->column_count; ++i) {
        const fmx_column *c = &w->column[i];
        size_t size = fmx__column_size(c->type) * (c->width > 0 ? c->width : 1);
        if (c->type == FMX_COLUMN_TEXT)
            status = fmx_dataset_read_text(shard, c->name, 0, rows, &texts[i]);
        else
            status = fmx_dataset_read_column(shard, c->name, c->type, 0, rows,
                                             b->values[i] + first * size);
    }
    for (size_t row = 0; status == FMX_OK && row < rows; ++row) {
        for (size_t i = 0; i < w->column_count; ++i) {
            const fmx_column *c = &w->column[i];
            size_t size = fmx__column_size(c->type) * (c->width > 0 ? c->width : 1);
            column[i] = texts[i] != NULL ? texts[i][row] : b->values[i] + (first + row) * size;
        }
        status = fmx__building_take(b, first + row, column);
    }
    for (size_t i = 0; texts != NULL && i < w->column_count; ++i)
        free(texts[i]);
    free(texts);
    free(column);
    fmx_dataset_close(shard);
    return status;
}

/* Maps the shard's rows into the view, by a name relative to the view's own folder. */
static fmx_status map_shard(fmx__dataset_building *b, hid_t properties, hid_t view,
                            const char *path, size_t first, size_t rows)
{
    const char *slash = strrchr(path, '/');
    hsize_t start[2] = {first, 0};
    hsize_t count[2] = {rows, b->w->points};
    hid_t source = H5Screate_simple(2, count, NULL);
    fmx_status status = FMX_OK;
    if (H5Sselect_hyperslab(view, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
        H5Pset_virtual(properties, view, slash != NULL ? slash + 1 : path, "spectra", source) < 0)
        status = fmx__hdf5_fail(b->w->ctx, FMX_ERROR_WRITE, b->beside, "spectra");
    H5Sclose(source);
    return status;
}

static fmx_status put_view(fmx__dataset_building *b)
{
    fmx_dataset_writer *w = b->w;
    const float missing = __builtin_nanf("");
    hsize_t dims[2] = {b->rows, w->points};
    hid_t space = H5Screate_simple(2, dims, NULL);
    hid_t properties = fmx__hdf5_dataset_properties();
    hid_t set = H5I_INVALID_HID;
    size_t first = 0;
    fmx_status status = FMX_OK;
    H5Pset_fill_value(properties, H5T_NATIVE_FLOAT, &missing); /* a shard that is lost reads NaN */
    for (size_t i = 0; status == FMX_OK && i < w->shard_count; ++i) {
        char *path = NULL;
        size_t rows = w->shard[i].stored;
        if (rows == 0)
            continue;
        status = fmx__shard_path(w, i, &path);
        if (status == FMX_OK)
            status = gather_shard(b, path, first, rows);
        if (status == FMX_OK)
            status = map_shard(b, properties, space, path, first, rows);
        first += rows;
        free(path);
    }
    H5Sselect_all(space);
    if (status == FMX_OK) {
        set = H5Dcreate2(b->file, "spectra", H5T_IEEE_F32LE, space, H5P_DEFAULT, properties,
                         H5P_DEFAULT);
        if (set < 0)
            status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "spectra");
    }
    if (set >= 0 && H5Dclose(set) < 0 && status == FMX_OK) /* writes what HDF5 still holds */
        status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, b->beside, "cannot be written");
    H5Pclose(properties);
    H5Sclose(space);
    return status;
}

fmx_status fmx__dataset_build_view(fmx_dataset_writer *w)
{
    fmx__dataset_building b = {.w = w, .file = H5I_INVALID_HID, .rows = w->stored};
    char *beside = NULL;
    fmx_status status = fmx__format(w->ctx, &beside, "%s/building.h5", w->part);
    if (status == FMX_OK)
        status = fmx__building_begin(&b, beside, false);
    if (status == FMX_OK)
        status = put_view(&b);
    if (status == FMX_OK)
        status = fmx__building_put_columns(&b);
    status = fmx__building_end(&b, status, w->path);
    free(beside);
    return status;
}

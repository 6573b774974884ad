#define _GNU_SOURCE /* fallocate, sync_file_range */
/* Rows that come in order go straight to their place in the HDF5 file, which is laid out before the
 * first of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset_writer.h"

static const size_t sync_bytes = (size_t)32 << 20; /* the disk is kept busy by pieces of this */

/* The file under way. */
typedef struct direct {
    fmx__dataset_building b;
    char *beside;
    char *path;
    hid_t set;
    int fd;
    off_t spectra; /* where row 0 of the file lies */
    off_t synced;
    size_t shard;
    size_t next; /* row of the file */
    const char **column;
} direct;

_Static_assert(offsetof(direct, b) == 0, "the writer holds a pointer to b");

static direct *direct_of(const fmx_dataset_writer *w)
{
    return (direct *)(void *)w->making;
}

/* Ends the file: into its place when status is FMX_OK, else it is removed. */
static fmx_status end(fmx_dataset_writer *w, fmx_status status)
{
    direct *d = direct_of(w);
    if (d->fd >= 0)
        close(d->fd);
    if (d->set >= 0 && H5Dclose(d->set) < 0 && status == FMX_OK)
        status = fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, d->beside, "cannot be written");
    if (status == FMX_OK)
        status = fmx__building_put_columns(&d->b);
    status = fmx__building_end(&d->b, status, d->path);
    w->making = NULL;
    free(d->column);
    free(d->beside);
    free(d->path);
    free(d);
    return status;
}

/* Lays out the dataset of spectra and finds out where it begins. */
static fmx_status lay_out(direct *d)
{
    fmx_dataset_writer *w = d->b.w;
    hsize_t dims[2] = {d->b.rows, w->points};
    hid_t space = H5Screate_simple(2, dims, NULL);
    hid_t properties = fmx__hdf5_dataset_properties();
    fmx_status status = FMX_OK;
    H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
    d->set = fmx__building_spectra(&d->b, space, properties);
    H5Sclose(space);
    haddr_t at = d->set >= 0 ? H5Dget_offset(d->set) : HADDR_UNDEF;
    if (at == HADDR_UNDEF || H5Fflush(d->b.file, H5F_SCOPE_LOCAL) < 0)
        return fmx__hdf5_fail(w->ctx, FMX_ERROR_WRITE, d->beside, "spectra");
    d->spectra = d->synced = (off_t)at;
    d->fd = open(d->beside, O_WRONLY | O_CLOEXEC);
    if (d->fd < 0)
        return fmx__fail(w->ctx, FMX_ERROR_WRITE, "%s: %s", d->beside, strerror(errno));
    /* the room is ours from now on, where the file system can promise it */
    if (fallocate(d->fd, FALLOC_FL_KEEP_SIZE, d->spectra,
                  (off_t)(d->b.rows * w->points * sizeof(float))) != 0 &&
        errno == ENOSPC)
        status = fmx__fail(w->ctx, FMX_ERROR_WRITE,
                           "%s: %s; free space on that disk, then run the same command with "
                           "--resume",
                           d->beside, strerror(errno));
    return status;
}

static fmx_status begin(fmx_dataset_writer *w, size_t shard)
{
    direct *d = NULL;
    fmx_status status = fmx__alloc(w->ctx, 1, sizeof *d, "a file of spectra", &d);
    if (status != FMX_OK)
        return status;
    d->b = (fmx__dataset_building){.w = w,
                                   .file = H5I_INVALID_HID,
                                   .rows =
                                       fmx__shard_first(w, shard + 1) - fmx__shard_first(w, shard)};
    d->set = H5I_INVALID_HID;
    d->fd = -1;
    d->shard = shard;
    w->making = &d->b;
    status = fmx__format(w->ctx, &d->beside, "%s/building.h5", w->part);
    if (status == FMX_OK)
        status = fmx__shard_path(w, shard, &d->path);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->column_count, sizeof *d->column, "columns", &d->column);
    if (status == FMX_OK)
        status = fmx__building_begin(&d->b, d->beside, false); /* lay_out takes the room */
    if (status == FMX_OK)
        status = lay_out(d);
    return status;
}

static fmx_status write_spectrum(direct *d, const float *spectrum)
{
    const fmx_dataset_writer *w = d->b.w;
    const char *from = (const char *)spectrum;
    size_t left = w->points * sizeof(float);
    off_t at = d->spectra + (off_t)(d->next * left);
    while (left > 0) {
        ssize_t n = pwrite(d->fd, from, left, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fmx__fail(w->ctx, FMX_ERROR_WRITE,
                             "%s: %s; free space on that disk, then run the same command with "
                             "--resume",
                             d->beside, n < 0 ? strerror(errno) : "nothing was written");
        from += n;
        at += n;
        left -= (size_t)n;
    }
    if ((size_t)(at - d->synced) >= sync_bytes) { /* begins, waits for nothing */
        sync_file_range(d->fd, d->synced, at - d->synced, SYNC_FILE_RANGE_WRITE);
        d->synced = at;
    }
    return FMX_OK;
}

/* A file is complete. */
static fmx_status settle(fmx_dataset_writer *w)
{
    size_t shard = direct_of(w)->shard;
    fmx_status status = end(w, FMX_OK);
    if (status == FMX_OK) {
        w->shard[shard].built = true;
        for (size_t i = fmx__shard_first(w, shard); i < fmx__shard_first(w, shard + 1); ++i)
            w->offset[i] = FMX__ROW_BUILT;
    }
    return status;
}

fmx_status fmx__direct_append(fmx_dataset_writer *w, size_t row, const fmx_dataset_row *values)
{
    size_t shard = row / w->shard_rows;
    size_t first = fmx__shard_first(w, shard);
    size_t bytes = 0;
    size_t end_of_columns = 0;
    fmx_status status = FMX_OK;
    if (w->making == NULL ? row != first
                          : shard != direct_of(w)->shard || row - first != direct_of(w)->next)
        return fmx__fail(w->ctx, FMX_ERROR_ARGUMENT,
                         "%s: row %zu out of order; such a dataset is written in ascending order",
                         w->path, row);
    if (w->making == NULL)
        status = begin(w, shard);
    direct *d = direct_of(w);
    if (status == FMX_OK)
        status = fmx__payload_columns(w, row, values, &bytes);
    if (status == FMX_OK && !fmx__payload_find(w, w->payload, bytes, d->column, &end_of_columns))
        status =
            fmx__fail(w->ctx, FMX_ERROR_INTERNAL, "%s: row %zu cannot be packed", w->path, row);
    if (status == FMX_OK)
        status = fmx__building_take(&d->b, d->next, d->column);
    if (status == FMX_OK)
        status = write_spectrum(d, values->spectrum);
    if (status != FMX_OK) {
        fmx__direct_drop(w);
        return status;
    }
    w->offset[row] = 0;
    ++d->next;
    ++w->stored;
    ++w->shard[shard].stored;
    return w->shard_count > 1 && d->next == d->b.rows ? settle(w) : FMX_OK;
}

fmx_status fmx__direct_finish(fmx_dataset_writer *w)
{
    if (w->stored < w->rows)
        return fmx__fail(w->ctx, FMX_ERROR_ARGUMENT,
                         "%s: %zu of %zu rows; such a dataset is complete or none", w->path,
                         w->stored, w->rows);
    return w->making != NULL ? settle(w) : FMX_OK;
}

void fmx__direct_drop(fmx_dataset_writer *w)
{
    if (w->making == NULL)
        return;
    /* rows that are lost with it are to be written again */
    direct *d = direct_of(w);
    size_t first = fmx__shard_first(w, d->shard);
    for (size_t i = 0; i < d->next; ++i)
        w->offset[first + i] = FMX__ROW_ABSENT;
    w->stored -= d->next;
    w->shard[d->shard].stored = 0;
    end(w, FMX_ERROR_INTERRUPTED);
}

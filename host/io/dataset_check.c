#include "dataset_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_SHARDS = 1 << 16, LONGEST_NAME = 256, MOST_CHUNK_BYTES = 1 << 28 };

/* Deflate cannot shrink by more: what claims to is a trap. */
static const double most_deflate = 1100;

fmx_status fmx__hdf5_open(fmx_context *ctx, const char *path, hid_t *out)
{
    static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char head[8] = {0};
    struct stat info;
    *out = H5I_INVALID_HID;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang */
    if (fd < 0)
        return fmx__fail(ctx, errno == ENOENT ? FMX_ERROR_NOT_FOUND : FMX_ERROR_READ, "%s: %s",
                         path, strerror(errno));
    bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    bool signed_so = regular && read(fd, head, sizeof head) == (ssize_t)sizeof head &&
                     memcmp(head, signature, sizeof head) == 0;
    close(fd);
    if (!regular)
        return fmx__fail(ctx, FMX_ERROR_READ, "%s: not a regular file", path);
    if (!signed_so)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: not an HDF5 file", path);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    *out = H5Fopen(path, H5F_ACC_RDONLY, access);
    fmx_status status = FMX_OK;
    if (*out < 0)
        status = fmx__hdf5_fail(ctx, FMX_ERROR_FORMAT, path, "cannot be opened");
    H5Pclose(access);
    return status;
}

static fmx_status refuse(fmx_context *ctx, const char *path, const char *name, const char *what)
{
    return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s: %s: %s", path, name, what);
}

/* Only a dataset in the file itself: a link may name any file of this machine. */
static fmx_status check_link(fmx_context *ctx, hid_t file, const char *path, const char *name)
{
    H5L_info_t link;
    H5O_info_t object;
    if (H5Lexists(file, name, H5P_DEFAULT) <= 0)
        return fmx__fail(ctx, FMX_ERROR_NOT_FOUND, "%s: no dataset \"%s\" in the file", path, name);
    if (H5Lget_info(file, name, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
        return refuse(ctx, path, name, "a link to elsewhere; only data in the file are read");
    if (H5Oget_info_by_name2(file, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
        object.type != H5O_TYPE_DATASET)
        return refuse(ctx, path, name, "not a dataset");
    return FMX_OK;
}

static fmx_status check_type(fmx_context *ctx, hid_t set, const char *path, const char *name,
                             fmx__hdf5_shape *shape)
{
    hid_t type = H5Dget_type(set);
    hid_t space = H5Dget_space(set);
    fmx_status status = FMX_OK;
    shape->kind = H5Tget_class(type);
    bool variable = shape->kind == H5T_STRING && H5Tis_variable_str(type) > 0;
    shape->bytes = variable ? 0 : H5Tget_size(type);
    shape->rank = H5Sget_simple_extent_ndims(space);
    if (shape->kind != H5T_FLOAT && shape->kind != H5T_INTEGER && shape->kind != H5T_STRING)
        status = refuse(ctx, path, name, "neither numbers nor text");
    else if (shape->kind != H5T_STRING && (shape->bytes < 1 || shape->bytes > 8))
        status = refuse(ctx, path, name, "numbers of a size that is not known");
    else if (shape->kind == H5T_STRING && shape->bytes > 1 << 16)
        status = refuse(ctx, path, name, "texts longer than 64 KiB");
    else if (shape->rank < 1 || shape->rank > 2 || H5Sget_simple_extent_type(space) != H5S_SIMPLE)
        status = refuse(ctx, path, name, "one or two dimensions are expected");
    else if (H5Sget_simple_extent_dims(space, shape->dims, NULL) != shape->rank ||
             shape->dims[0] < 1 || shape->dims[0] > INT32_MAX ||
             (shape->rank == 2 && (shape->dims[1] < 1 || shape->dims[1] > 1 << 24)))
        status = refuse(ctx, path, name, "empty, or beyond 2^31 rows of 2^24 values");
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

/* Bytes that the values take when not compressed; text of variable length is a reference each. */
static double plain_bytes(const fmx__hdf5_shape *shape)
{
    double values = (double)shape->dims[0] * (shape->rank == 2 ? (double)shape->dims[1] : 1);
    return values * (shape->bytes > 0 ? (double)shape->bytes : 16);
}

static fmx_status check_storage(fmx_context *ctx, hid_t set, hid_t properties, const char *path,
                                const char *name, const fmx__hdf5_shape *shape)
{
    hsize_t chunk[2] = {1, 1};
    struct stat info;
    H5D_layout_t layout = H5Pget_layout(properties);
    double stored = (double)H5Dget_storage_size(set);
    double wanted = plain_bytes(shape);
    if (stat(path, &info) != 0 || stored > (double)info.st_size)
        return refuse(ctx, path, name, "says to be larger than the file; it is cut short");
    if (layout == H5D_CONTIGUOUS || layout == H5D_COMPACT) {
        if (stored < wanted)
            return refuse(ctx, path, name, "holds fewer values than its shape says");
        return FMX_OK;
    }
    if (layout != H5D_CHUNKED || H5Pget_chunk(properties, 2, chunk) != shape->rank)
        return refuse(ctx, path, name, "a storage layout that is not known");
    double chunk_bytes = (double)chunk[0] * (double)(shape->rank == 2 ? chunk[1] : 1) *
                         (shape->bytes > 0 ? (double)shape->bytes : 16);
    if (chunk_bytes > MOST_CHUNK_BYTES)
        return refuse(ctx, path, name, "chunks above 256 MiB");
    if (stored * most_deflate + chunk_bytes < wanted)
        return refuse(ctx, path, name, "holds fewer values than its shape says");
    return FMX_OK;
}

/* HDF5 would load a plug-in for a filter that it does not know. */
static fmx_status check_filters(fmx_context *ctx, hid_t properties, const char *path,
                                const char *name)
{
    int count = H5Pget_nfilters(properties);
    for (int i = 0; i < count; ++i) {
        unsigned flags = 0;
        size_t values = 0;
        unsigned config = 0;
        H5Z_filter_t filter =
            H5Pget_filter2(properties, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE &&
            filter != H5Z_FILTER_FLETCHER32)
            return fmx__fail(ctx, FMX_ERROR_UNSUPPORTED,
                             "%s: %s: filter %d is not read; write it with deflate or without",
                             path, name, (int)filter);
    }
    return FMX_OK;
}

/* One file of a virtual dataset: beside the view, a plain dataset of spectra. */
static fmx_status check_shard(fmx_context *ctx, hid_t properties, size_t index, const char *path,
                              const char *name)
{
    char file[LONGEST_NAME] = "";
    char inside[LONGEST_NAME] = "";
    char *beside = NULL;
    hid_t shard = H5I_INVALID_HID;
    hid_t set = H5I_INVALID_HID;
    fmx__hdf5_shape shape;
    ssize_t length = H5Pget_virtual_filename(properties, index, file, sizeof file);
    ssize_t inner = H5Pget_virtual_dsetname(properties, index, inside, sizeof inside);
    if (length < 1 || length >= LONGEST_NAME || inner < 1 || inner >= LONGEST_NAME ||
        strchr(file, '/') != NULL || strchr(file, '%') != NULL || strcmp(file, ".") == 0 ||
        strcmp(inside, name) != 0)
        return refuse(ctx, path, name, "put together from other files than shards beside it");
    const char *slash = strrchr(path, '/');
    fmx_status status = fmx__format(ctx, &beside, "%.*s%s",
                                    slash != NULL ? (int)(slash - path + 1) : 0, path, file);
    if (status == FMX_OK)
        status = fmx__hdf5_open(ctx, beside, &shard);
    if (status == FMX_OK)
        status = fmx__hdf5_dataset(ctx, shard, beside, inside, &set, &shape);
    if (status == FMX_OK && shape.shards > 0)
        status = refuse(ctx, beside, inside, "a shard put together from shards");
    if (status != FMX_OK)
        status = fmx__fail_in(ctx, status, "%s: %s", path, name);
    if (set >= 0)
        H5Dclose(set);
    if (shard >= 0)
        H5Fclose(shard);
    free(beside);
    return status;
}

static fmx_status check_virtual(fmx_context *ctx, hid_t properties, const char *path,
                                const char *name, fmx__hdf5_shape *shape)
{
    size_t count = 0;
    if (H5Pget_virtual_count(properties, &count) < 0 || count < 1 || count > MOST_SHARDS)
        return refuse(ctx, path, name, "put together from no files, or from too many");
    shape->shards = count;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        status = check_shard(ctx, properties, i, path, name);
    return status;
}

fmx_status fmx__hdf5_dataset(fmx_context *ctx, hid_t file, const char *path, const char *name,
                             hid_t *out, fmx__hdf5_shape *shape)
{
    hid_t properties = H5I_INVALID_HID;
    *out = H5I_INVALID_HID;
    *shape = (fmx__hdf5_shape){0};
    fmx_status status = check_link(ctx, file, path, name);
    if (status == FMX_OK) {
        *out = H5Dopen2(file, name, H5P_DEFAULT);
        properties = *out >= 0 ? H5Dget_create_plist(*out) : H5I_INVALID_HID;
        if (properties < 0)
            status = fmx__hdf5_fail(ctx, FMX_ERROR_FORMAT, path, name);
    }
    if (status == FMX_OK)
        status = check_type(ctx, *out, path, name, shape);
    if (status == FMX_OK && H5Pget_external_count(properties) != 0)
        status = refuse(ctx, path, name, "its data lie in another file; only data in it are read");
    if (status == FMX_OK)
        status = check_filters(ctx, properties, path, name);
    if (status == FMX_OK && H5Pget_layout(properties) == H5D_VIRTUAL)
        status = check_virtual(ctx, properties, path, name, shape);
    else if (status == FMX_OK)
        status = check_storage(ctx, *out, properties, path, name, shape);
    if (properties >= 0)
        H5Pclose(properties);
    if (status != FMX_OK && *out >= 0) {
        H5Dclose(*out);
        *out = H5I_INVALID_HID;
    }
    return status;
}

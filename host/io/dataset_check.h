/* Whether a dataset inside an HDF5 file may be read: everything that the file says is checked
 * before HDF5 follows it. */
#ifndef FIDMIX_DATASET_CHECK_H
#define FIDMIX_DATASET_CHECK_H

#include "dataset_hdf5.h"

/* What a dataset inside the file is. */
typedef struct fmx__hdf5_shape {
    int rank;
    hsize_t dims[2];
    H5T_class_t kind; /* H5T_FLOAT, H5T_INTEGER, H5T_STRING */
    size_t bytes;     /* of one value; 0 for text of variable length */
    size_t shards;    /* virtual: files that it is put together from */
} fmx__hdf5_shape;

/* Opens a file for reading; negative on failure. Only files with HDF5's signature. Errors:
 * FMX_ERROR_NOT_FOUND, FMX_ERROR_READ, FMX_ERROR_FORMAT. */
fmx_status fmx__hdf5_open(fmx_context *ctx, const char *path, hid_t *out);

/* Opens the dataset `name` of the file at `path` and describes it. A link to elsewhere, external
 * storage, an unknown filter, sizes beyond the file, a virtual dataset of anything but shards
 * beside the file are refused. Errors: FMX_ERROR_FORMAT, FMX_ERROR_UNSUPPORTED, FMX_ERROR_NOT_FOUND
 * (no such dataset, or a shard is missing). */
fmx_status fmx__hdf5_dataset(fmx_context *ctx, hid_t file, const char *path, const char *name,
                             hid_t *out, fmx__hdf5_shape *shape);

#endif

/* HDF5 in the manner of this library: silent, with a status and a reason. */
#ifndef FIDMIX_DATASET_HDF5_H
#define FIDMIX_DATASET_HDF5_H

#include <hdf5.h>

#include "base.h"
#include "fidmix/dataset.h"

/* HDF5 prints its errors unless told not to; every public function is quiet between these two and
 * leaves the caller's setting as it was. */
typedef struct fmx__hdf5_quiet {
    H5E_auto2_t function;
    void *data;
} fmx__hdf5_quiet;

fmx__hdf5_quiet fmx__hdf5_begin(void);
void fmx__hdf5_end(const fmx__hdf5_quiet *quiet);

/* Fails with "path: what: HDF5's innermost reason". */
fmx_status fmx__hdf5_fail(fmx_context *ctx, fmx_status status, const char *path, const char *what);

/* Bytes of one value; sizeof(char *) for text. */
size_t fmx__column_size(fmx_column_type type);

/* Type in the file or in memory; close it with H5Tclose. */
hid_t fmx__hdf5_type(fmx_column_type type, bool in_file);

/* Creates a file (an older one of that name is replaced) without object times; negative on
 * failure. */
hid_t fmx__hdf5_create(const char *path);

/* Properties of a dataset without object times. */
hid_t fmx__hdf5_dataset_properties(void);

/* Writes a whole dataset: values [rows], or [rows][width] for width > 0. */
fmx_status fmx__hdf5_put(fmx_context *ctx, hid_t file, const char *path, const fmx_column *column,
                         size_t rows, const void *values);

fmx_status fmx__hdf5_put_text(fmx_context *ctx, hid_t file, const char *path, const char *name,
                              const char *value);
fmx_status fmx__hdf5_put_u64(fmx_context *ctx, hid_t file, const char *path, const char *name,
                             uint64_t value);

#endif

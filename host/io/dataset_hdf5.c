#include "dataset_hdf5.h"

#include <stdio.h>
#include <string.h>

fmx__hdf5_quiet fmx__hdf5_begin(void)
{
    fmx__hdf5_quiet quiet = {NULL, NULL};
    H5Eget_auto2(H5E_DEFAULT, &quiet.function, &quiet.data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return quiet;
}

void fmx__hdf5_end(const fmx__hdf5_quiet *quiet)
{
    H5Eset_auto2(H5E_DEFAULT, quiet->function, quiet->data);
}

/* The innermost entry of the error stack comes first. */
static herr_t take_reason(unsigned n, const H5E_error2_t *error, void *user)
{
    if (n == 0 && error->desc != NULL)
        snprintf(user, 256, "%s", error->desc);
    return 0;
}

fmx_status fmx__hdf5_fail(fmx_context *ctx, fmx_status status, const char *path, const char *what)
{
    char reason[256] = "no reason given";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_reason, reason);
    return fmx__fail(ctx, status, "%s: %s: HDF5: %s", path, what, reason);
}

size_t fmx__column_size(fmx_column_type type)
{
    return type == FMX_COLUMN_TEXT   ? sizeof(char *)
           : type == FMX_COLUMN_BYTE ? sizeof(uint8_t)
           : type == FMX_COLUMN_INT  ? sizeof(int32_t)
                                     : sizeof(float);
}

hid_t fmx__hdf5_type(fmx_column_type type, bool in_file)
{
    hid_t made = H5I_INVALID_HID;
    switch (type) {
    case FMX_COLUMN_FLOAT:
        return H5Tcopy(in_file ? H5T_IEEE_F32LE : H5T_NATIVE_FLOAT);
    case FMX_COLUMN_INT:
        return H5Tcopy(in_file ? H5T_STD_I32LE : H5T_NATIVE_INT32);
    case FMX_COLUMN_BYTE:
        return H5Tcopy(in_file ? H5T_STD_U8LE : H5T_NATIVE_UINT8);
    case FMX_COLUMN_TEXT:
        made = H5Tcopy(H5T_C_S1);
        H5Tset_size(made, H5T_VARIABLE);
        H5Tset_cset(made, H5T_CSET_UTF8);
        return made;
    }
    return made;
}

hid_t fmx__hdf5_create(const char *path)
{
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_obj_track_times(creation, false);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110); /* virtual datasets */
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    H5Pclose(access);
    H5Pclose(creation);
    return file;
}

hid_t fmx__hdf5_dataset_properties(void)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(properties, false);
    return properties;
}

fmx_status fmx__hdf5_put(fmx_context *ctx, hid_t file, const char *path, const fmx_column *column,
                         size_t rows, const void *values)
{
    hsize_t dims[2] = {rows, column->width};
    hid_t space = H5Screate_simple(column->width > 0 ? 2 : 1, dims, NULL);
    hid_t properties = fmx__hdf5_dataset_properties();
    hid_t stored = fmx__hdf5_type(column->type, true);
    hid_t native = fmx__hdf5_type(column->type, false);
    hid_t dataset =
        H5Dcreate2(file, column->name, stored, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    fmx_status status = FMX_OK;
    if (dataset < 0 || H5Dwrite(dataset, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        status = fmx__hdf5_fail(ctx, FMX_ERROR_WRITE, path, column->name);
    if (dataset >= 0 && H5Dclose(dataset) < 0 && status == FMX_OK)
        status = fmx__hdf5_fail(ctx, FMX_ERROR_WRITE, path, column->name);
    H5Tclose(native);
    H5Tclose(stored);
    H5Pclose(properties);
    H5Sclose(space);
    return status;
}

static fmx_status put_attribute(fmx_context *ctx, hid_t file, const char *path, const char *name,
                                hid_t stored, hid_t native, const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(file, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    fmx_status status = FMX_OK;
    if (attribute < 0 || H5Awrite(attribute, native, value) < 0)
        status = fmx__hdf5_fail(ctx, FMX_ERROR_WRITE, path, name);
    if (attribute >= 0 && H5Aclose(attribute) < 0 && status == FMX_OK)
        status = fmx__hdf5_fail(ctx, FMX_ERROR_WRITE, path, name);
    H5Sclose(space);
    return status;
}

fmx_status fmx__hdf5_put_text(fmx_context *ctx, hid_t file, const char *path, const char *name,
                              const char *value)
{
    hid_t type = fmx__hdf5_type(FMX_COLUMN_TEXT, true);
    fmx_status status = put_attribute(ctx, file, path, name, type, type, &value);
    H5Tclose(type);
    return status;
}

fmx_status fmx__hdf5_put_u64(fmx_context *ctx, hid_t file, const char *path, const char *name,
                             uint64_t value)
{
    return put_attribute(ctx, file, path, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &value);
}

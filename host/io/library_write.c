/* A library as HDF5, docs/library.md: flat columns, texts of fixed length. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "dataset_hdf5.h"
#include "fidmix/fidmix.h"
#include "library_file.h"

typedef struct output {
    fmx_context *ctx;
    const char *path; /* as the user named it */
    hid_t file;
} output;

static fmx_status put(const output *o, const char *name, hid_t stored, hid_t native, size_t count,
                      const void *values)
{
    hsize_t dims = count;
    hid_t space = H5Screate_simple(1, &dims, NULL);
    hid_t properties = fmx__hdf5_dataset_properties();
    hid_t set = H5Dcreate2(o->file, name, stored, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    fmx_status status = FMX_OK;
    if (set < 0 || H5Dwrite(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        status = fmx__hdf5_fail(o->ctx, FMX_ERROR_WRITE, o->path, name);
    if (set >= 0 && H5Dclose(set) < 0 && status == FMX_OK)
        status = fmx__hdf5_fail(o->ctx, FMX_ERROR_WRITE, o->path, name);
    H5Pclose(properties);
    H5Sclose(space);
    return status;
}

/* Texts at `first`, `stride` bytes apart, padded to the length of the longest. */
static fmx_status put_texts(const output *o, const char *name, size_t count, const void *first,
                            size_t stride)
{
    size_t longest = 1;
    char *flat = NULL;
    for (size_t i = 0; i < count; ++i) {
        const char *text = *(char *const *)((const char *)first + i * stride);
        longest = strlen(text) > longest ? strlen(text) : longest;
    }
    if (longest > FMX__LIBRARY_LONGEST_TEXT)
        return fmx__fail(o->ctx, FMX_ERROR_UNSUPPORTED,
                         "%s: %s: a text of %zu bytes; %d are possible", o->path, name, longest,
                         FMX__LIBRARY_LONGEST_TEXT);
    fmx_status status = fmx__alloc(o->ctx, count, longest, name, &flat);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < count; ++i) { /* ended by zeros, except the longest */
        const char *text = *(char *const *)((const char *)first + i * stride);
        for (size_t k = 0; text[k] != '\0'; ++k)
            flat[i * longest + k] = text[k];
    }
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, longest);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    status = put(o, name, type, type, count, flat);
    H5Tclose(type);
    free(flat);
    return status;
}

static fmx_status put_number(const output *o, const char *name, double value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(o->file, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    fmx_status status = FMX_OK;
    if (attribute < 0 || H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value) < 0)
        status = fmx__hdf5_fail(o->ctx, FMX_ERROR_WRITE, o->path, name);
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Sclose(space);
    return status;
}

/* Where each begins, and the end of the last. */
static fmx_status put_firsts(const output *o, const fmx_library *l)
{
    size_t most = (l->entries > l->multiplets ? l->entries : l->multiplets) + 1;
    int32_t *first = NULL;
    fmx_status status = fmx__alloc(o->ctx, most, sizeof *first, "a column", &first);
    for (size_t i = 0; status == FMX_OK && i < l->compounds; ++i)
        first[i] = (int32_t)l->compound[i].first_entry;
    if (status == FMX_OK) {
        first[l->compounds] = (int32_t)l->entries;
        status = put(o, "compound_first_entry", H5T_STD_I32LE, H5T_NATIVE_INT32, l->compounds + 1,
                     first);
    }
    for (size_t i = 0; status == FMX_OK && i < l->entries; ++i)
        first[i] = (int32_t)l->entry[i].first_multiplet;
    if (status == FMX_OK) {
        first[l->entries] = (int32_t)l->multiplets;
        status =
            put(o, "entry_first_multiplet", H5T_STD_I32LE, H5T_NATIVE_INT32, l->entries + 1, first);
    }
    for (size_t i = 0; status == FMX_OK && i < l->multiplets; ++i)
        first[i] = (int32_t)l->multiplet[i].first_line;
    if (status == FMX_OK) {
        first[l->multiplets] = (int32_t)l->lines;
        status = put(o, "multiplet_first_line", H5T_STD_I32LE, H5T_NATIVE_INT32, l->multiplets + 1,
                     first);
    }
    free(first);
    return status;
}

/* What readers of the file may like to have without adding up lines. */
static fmx_status put_sums(const output *o, const fmx_library *l)
{
    double *value = NULL;
    fmx_status status = fmx__alloc(o->ctx, l->multiplets, sizeof *value, "a column", &value);
    for (size_t i = 0; status == FMX_OK && i < l->multiplets; ++i)
        value[i] = l->multiplet[i].ppm;
    if (status == FMX_OK)
        status = put(o, "multiplet_ppm", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, l->multiplets, value);
    for (size_t i = 0; status == FMX_OK && i < l->multiplets; ++i)
        value[i] = l->multiplet[i].protons;
    if (status == FMX_OK)
        status =
            put(o, "multiplet_protons", H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, l->multiplets, value);
    free(value);
    return status;
}

static fmx_status put_widths(const output *o, const fmx_library *l)
{
    double *value = NULL;
    fmx_status status = fmx__alloc(o->ctx, l->entries, sizeof *value, "a column", &value);
    for (size_t i = 0; status == FMX_OK && i < l->entries; ++i)
        value[i] = l->entry[i].width_hz;
    if (status == FMX_OK)
        status = put(o, "entry_width_hz", H5T_IEEE_F32LE, H5T_NATIVE_DOUBLE, l->entries, value);
    free(value);
    return status;
}

static fmx_status put_between(const output *o, const fmx_library *l)
{
    uint8_t *value = NULL;
    fmx_status status = fmx__alloc(o->ctx, l->entries, sizeof *value, "a column", &value);
    for (size_t i = 0; status == FMX_OK && i < l->entries; ++i)
        value[i] = l->entry[i].is_between;
    if (status == FMX_OK)
        status = put(o, "entry_between", H5T_STD_U8LE, H5T_NATIVE_UINT8, l->entries, value);
    free(value);
    return status;
}

static fmx_status put_all(const output *o, const fmx_library *l)
{
    const size_t one = sizeof *l->entry;
    fmx_status status = fmx__hdf5_put_text(o->ctx, o->file, o->path, "kind", "library");
    if (status == FMX_OK)
        status = fmx__hdf5_put_text(o->ctx, o->file, o->path, "fidmix_version", fmx_version());
    if (status == FMX_OK)
        status = put_number(o, "field_mhz", l->field_mhz);
    if (status == FMX_OK)
        status = put_number(o, "gap_ppm", l->gap_ppm);
    if (status == FMX_OK)
        status =
            put_texts(o, "compound_name", l->compounds, &l->compound[0].name, sizeof *l->compound);
    if (status == FMX_OK)
        status =
            put_texts(o, "compound_also", l->compounds, &l->compound[0].also, sizeof *l->compound);
    if (status == FMX_OK)
        status = put_texts(o, "entry_name", l->entries, &l->entry[0].name, one);
    if (status == FMX_OK)
        status = put_texts(o, "entry_synonyms", l->entries, &l->entry[0].synonyms, one);
    if (status == FMX_OK)
        status = put_texts(o, "entry_source", l->entries, &l->entry[0].source, one);
    if (status == FMX_OK)
        status = put_firsts(o, l);
    if (status == FMX_OK)
        status = put_widths(o, l);
    if (status == FMX_OK)
        status = put_between(o, l);
    if (status == FMX_OK)
        status = put_sums(o, l);
    if (status == FMX_OK)
        status = put(o, "line_ppm", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, l->lines, l->line_ppm);
    if (status == FMX_OK)
        status =
            put(o, "line_protons", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, l->lines, l->line_protons);
    return status;
}

fmx_status fmx_library_write(fmx_context *ctx, const fmx_library *library, const char *path)
{
    output o = {ctx, path, H5I_INVALID_HID};
    char *beside = NULL;
    struct stat info;
    if (lstat(path, &info) == 0)
        return fmx__fail(ctx, FMX_ERROR_EXISTS,
                         "%s: exists already; remove it or name another output", path);
    fmx_status status = fmx__format(ctx, &beside, "%s.%ld.part", path, (long)getpid());
    if (status != FMX_OK)
        return status;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    o.file = fmx__hdf5_create(beside);
    if (o.file < 0)
        status = fmx__hdf5_fail(ctx, FMX_ERROR_WRITE, path, "cannot be written");
    if (status == FMX_OK)
        status = put_all(&o, library);
    if (o.file >= 0 && H5Fclose(o.file) < 0 && status == FMX_OK)
        status = fmx__hdf5_fail(ctx, FMX_ERROR_WRITE, path, "cannot be written");
    fmx__hdf5_end(&quiet);
    if (status == FMX_OK)
        status = fmx__atomic_rename(ctx, beside, path);
    if (status != FMX_OK)
        unlink(beside);
    free(beside);
    return status;
}

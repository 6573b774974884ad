/* Reads what library_write.c writes; nothing that the file says is trusted. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_check.h"
#include "library_file.h"
#include "utf8.h"

typedef struct input {
    fmx_context *ctx;
    const char *path;
    hid_t file;
} input;

static fmx_status refuse(const input *in, const char *name, const char *what)
{
    return fmx__fail(in->ctx, FMX_ERROR_FORMAT,
                     "%s: %s: %s; make the library again with fidmix library", in->path, name,
                     what);
}

/* Opens a column of one dimension and this kind; *count is 0 or the length that it must have. */
static fmx_status open_column(const input *in, const char *name, H5T_class_t kind, size_t *count,
                              hid_t *set, fmx__hdf5_shape *shape)
{
    fmx_status status = fmx__hdf5_dataset(in->ctx, in->file, in->path, name, set, shape);
    if (status == FMX_OK &&
        (shape->rank != 1 || shape->kind != kind || shape->shards > 0 ||
         shape->dims[0] > FMX__LIBRARY_MOST_LINES || (*count > 0 && shape->dims[0] != *count)))
        status = refuse(in, name, "not the column that is expected");
    if (status == FMX_OK)
        *count = (size_t)shape->dims[0];
    return status;
}

/* A column of numbers, converted to `native`; *out is released with free(). */
static fmx_status get(const input *in, const char *name, H5T_class_t kind, hid_t native,
                      size_t bytes, size_t *count, void *out)
{
    hid_t set = H5I_INVALID_HID;
    fmx__hdf5_shape shape;
    fmx_status status = open_column(in, name, kind, count, &set, &shape);
    if (status == FMX_OK)
        status = fmx__alloc(in->ctx, *count, bytes, name, out);
    if (status == FMX_OK && H5Dread(set, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, *(void **)out) < 0)
        status = fmx__hdf5_fail(in->ctx, FMX_ERROR_READ, in->path, name);
    if (set >= 0)
        H5Dclose(set);
    return status;
}

/* Texts of fixed length into pointers `stride` bytes apart. */
static fmx_status get_texts(const input *in, const char *name, size_t count, void *first,
                            size_t stride)
{
    hid_t set = H5I_INVALID_HID;
    fmx__hdf5_shape shape;
    char *flat = NULL;
    fmx_status status = open_column(in, name, H5T_STRING, &count, &set, &shape);
    if (status == FMX_OK && (shape.bytes < 1 || shape.bytes > FMX__LIBRARY_LONGEST_TEXT))
        status = refuse(in, name, "texts of a fixed length up to 4096 bytes are expected");
    if (status == FMX_OK)
        status = fmx__alloc(in->ctx, count, shape.bytes, name, &flat);
    hid_t type = status == FMX_OK ? H5Dget_type(set) : H5I_INVALID_HID;
    if (status == FMX_OK && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, flat) < 0)
        status = fmx__hdf5_fail(in->ctx, FMX_ERROR_READ, in->path, name);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        const char *text = flat + i * shape.bytes;
        size_t length = strnlen(text, shape.bytes);
        char **to = (char **)(void *)((char *)first + i * stride);
        status = fmx__format(in->ctx, to, "%.*s", (int)length, text);
        if (status == FMX_OK && !fmx__utf8_valid(*to))
            status = refuse(in, name, "a text that is not UTF-8");
    }
    if (type >= 0)
        H5Tclose(type);
    if (set >= 0)
        H5Dclose(set);
    free(flat);
    return status;
}

/* Column `name` of count + 1 numbers that rise from 0 to `end`, none empty. */
static fmx_status get_firsts(const input *in, const char *name, size_t *count, size_t end,
                             int32_t **out)
{
    size_t length = 0;
    fmx_status status = get(in, name, H5T_INTEGER, H5T_NATIVE_INT32, sizeof **out, &length, out);
    if (status != FMX_OK)
        return status;
    bool good = length >= 2 && (*out)[0] == 0 && (*out)[length - 1] == (int64_t)end;
    for (size_t i = 0; good && i + 1 < length; ++i)
        good = (*out)[i + 1] > (*out)[i];
    *count = length - 1;
    return good ? FMX_OK : refuse(in, name, "does not rise from 0 to the end of what it counts");
}

static fmx_status get_number(const input *in, const char *name, double least, double most,
                             double *out)
{
    if (H5Aexists(in->file, name) <= 0)
        return refuse(in, name, "is missing");
    hid_t attribute = H5Aopen(in->file, name, H5P_DEFAULT);
    hid_t space = attribute >= 0 ? H5Aget_space(attribute) : H5I_INVALID_HID;
    hid_t type = attribute >= 0 ? H5Aget_type(attribute) : H5I_INVALID_HID;
    bool good = type >= 0 && H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) <= 8 &&
                H5Sget_simple_extent_npoints(space) == 1 &&
                H5Aread(attribute, H5T_NATIVE_DOUBLE, out) >= 0 && *out >= least && *out <= most;
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (attribute >= 0)
        H5Aclose(attribute);
    return good ? FMX_OK : refuse(in, name, "not a number in its range");
}

static fmx_status check_lines(const input *in, const fmx_library *l)
{
    for (size_t e = 0; e < l->entries; ++e) {
        const fmx_library_multiplet *m = &l->multiplet[l->entry[e].first_multiplet];
        size_t end = m[l->entry[e].multiplet_count - 1].first_line +
                     m[l->entry[e].multiplet_count - 1].line_count;
        for (size_t i = m->first_line; i < end; ++i) {
            if (!(fabs(l->line_ppm[i]) <= 1000) ||
                (i > m->first_line && l->line_ppm[i] < l->line_ppm[i - 1]))
                return refuse(in, "line_ppm", "an entry whose lines do not rise");
            if (!(l->line_protons[i] > 0) || !(l->line_protons[i] < 1e6F))
                return refuse(in, "line_protons", "a line without intensity");
        }
    }
    return FMX_OK;
}

static fmx_status get_tree(const input *in, fmx_library *l)
{
    int32_t *line = NULL;
    int32_t *multiplet = NULL;
    int32_t *entry = NULL;
    fmx_status status = get_firsts(in, "multiplet_first_line", &l->multiplets, l->lines, &line);
    if (status == FMX_OK)
        status = get_firsts(in, "entry_first_multiplet", &l->entries, l->multiplets, &multiplet);
    if (status == FMX_OK)
        status = get_firsts(in, "compound_first_entry", &l->compounds, l->entries, &entry);
    if (status == FMX_OK)
        status =
            fmx__alloc(in->ctx, l->multiplets, sizeof *l->multiplet, "multiplets", &l->multiplet);
    if (status == FMX_OK)
        status = fmx__alloc(in->ctx, l->entries, sizeof *l->entry, "entries", &l->entry);
    if (status == FMX_OK)
        status = fmx__alloc(in->ctx, l->compounds, sizeof *l->compound, "compounds", &l->compound);
    for (size_t i = 0; status == FMX_OK && i < l->multiplets; ++i) {
        l->multiplet[i].first_line = (size_t)line[i];
        l->multiplet[i].line_count = (size_t)(line[i + 1] - line[i]);
    }
    for (size_t i = 0; status == FMX_OK && i < l->entries; ++i) {
        l->entry[i].first_multiplet = (size_t)multiplet[i];
        l->entry[i].multiplet_count = (size_t)(multiplet[i + 1] - multiplet[i]);
    }
    for (size_t i = 0; status == FMX_OK && i < l->compounds; ++i) {
        l->compound[i].first_entry = (size_t)entry[i];
        l->compound[i].entry_count = (size_t)(entry[i + 1] - entry[i]);
        for (int32_t e = entry[i]; e < entry[i + 1]; ++e)
            l->entry[e].compound = i;
    }
    free(line);
    free(multiplet);
    free(entry);
    return status;
}

/* Files from before entries were measured have no widths: all are 0. */
static fmx_status get_widths(const input *in, fmx_library *l)
{
    static const char name[] = "entry_width_hz";
    double *value = NULL;
    size_t count = l->entries;
    fmx_status status = FMX_OK;
    if (H5Lexists(in->file, name, H5P_DEFAULT) <= 0)
        return FMX_OK;
    status = get(in, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, sizeof *value, &count, &value);
    for (size_t i = 0; status == FMX_OK && i < l->entries; ++i) {
        if (!(value[i] >= 0 && value[i] <= 1000))
            status = refuse(in, name, "not a line width");
        l->entry[i].width_hz = value[i];
    }
    free(value);
    return status;
}

/* Files from before there were states between measured ones have none. */
static fmx_status get_between(const input *in, fmx_library *l)
{
    static const char name[] = "entry_between";
    uint8_t *value = NULL;
    size_t count = l->entries;
    if (H5Lexists(in->file, name, H5P_DEFAULT) <= 0)
        return FMX_OK;
    fmx_status status = get(in, name, H5T_INTEGER, H5T_NATIVE_UINT8, sizeof *value, &count, &value);
    for (size_t i = 0; status == FMX_OK && i < l->entries; ++i)
        l->entry[i].is_between = value[i] != 0;
    free(value);
    return status;
}

/* Files from before compounds of equal lines were merged have no such names. */
static fmx_status get_also(const input *in, fmx_library *l)
{
    static const char name[] = "compound_also";
    fmx_status status = FMX_OK;
    if (H5Lexists(in->file, name, H5P_DEFAULT) > 0)
        return get_texts(in, name, l->compounds, &l->compound[0].also, sizeof *l->compound);
    for (size_t i = 0; status == FMX_OK && i < l->compounds; ++i)
        status = fmx__format(in->ctx, &l->compound[i].also, "%s", "");
    return status;
}

static fmx_status get_all(const input *in, fmx_library *l)
{
    const size_t one = sizeof *l->entry;
    fmx_status status = get_number(in, "field_mhz", 1, 3000, &l->field_mhz);
    if (status == FMX_OK)
        status = get_number(in, "gap_ppm", 0, 1000, &l->gap_ppm);
    if (status == FMX_OK)
        status = get(in, "line_ppm", H5T_FLOAT, H5T_NATIVE_DOUBLE, sizeof *l->line_ppm, &l->lines,
                     &l->line_ppm);
    if (status == FMX_OK)
        status = get(in, "line_protons", H5T_FLOAT, H5T_NATIVE_FLOAT, sizeof *l->line_protons,
                     &l->lines, &l->line_protons);
    if (status == FMX_OK)
        status = get_tree(in, l);
    if (status == FMX_OK)
        status = check_lines(in, l);
    if (status == FMX_OK)
        status = get_widths(in, l);
    if (status == FMX_OK)
        status = get_between(in, l);
    if (status == FMX_OK)
        status =
            get_texts(in, "compound_name", l->compounds, &l->compound[0].name, sizeof *l->compound);
    if (status == FMX_OK)
        status = get_also(in, l);
    if (status == FMX_OK)
        status = get_texts(in, "entry_name", l->entries, &l->entry[0].name, one);
    if (status == FMX_OK)
        status = get_texts(in, "entry_synonyms", l->entries, &l->entry[0].synonyms, one);
    if (status == FMX_OK)
        status = get_texts(in, "entry_source", l->entries, &l->entry[0].source, one);
    if (status == FMX_OK)
        fmx__library_sum(l);
    return status;
}

fmx_status fmx_library_read(fmx_context *ctx, const char *path, fmx_library **out)
{
    input in = {ctx, path, H5I_INVALID_HID};
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    *out = NULL;
    fmx_status status = fmx__hdf5_open(ctx, path, &in.file);
    if (status == FMX_OK && H5Lexists(in.file, "line_ppm", H5P_DEFAULT) <= 0)
        status =
            fmx__fail(ctx, FMX_ERROR_FORMAT,
                      "%s: not a library; make one with fidmix library SPINS --out FILE.h5", path);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof **out, "a library", out);
    if (status == FMX_OK)
        status = get_all(&in, *out);
    if (in.file >= 0)
        H5Fclose(in.file);
    fmx__hdf5_end(&quiet);
    if (status != FMX_OK) {
        fmx_library_release(*out);
        *out = NULL;
    }
    return status;
}

bool fmx__library_is(fmx_context *ctx, const char *path)
{
    hid_t file = H5I_INVALID_HID;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    bool is =
        fmx__hdf5_open(ctx, path, &file) == FMX_OK && H5Lexists(file, "line_ppm", H5P_DEFAULT) > 0;
    if (file >= 0)
        H5Fclose(file);
    fmx__hdf5_end(&quiet);
    return is;
}

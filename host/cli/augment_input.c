#include "augment_input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t scan_bytes = (size_t)32 << 20;
static const size_t sizes[] = {sizeof(float), sizeof(int32_t), 1}; /* by fmx_column_type */

/* A column that a dataset of ours has, zeros where another's lacks it. */
static fmx_status read_numbers(fmx__augment_input *in, const char *name, fmx_column_type type,
                               size_t width, size_t size, void *out)
{
    fmx_context *ctx = in->ctx;
    fmx_column_type found = type;
    size_t found_width = 0;
    fmx_status status = fmx__alloc(ctx, in->info->rows * (width > 0 ? width : 1), size, name, out);
    if (status != FMX_OK || !fmx_dataset_find_column(in->set, name, &found, &found_width))
        return status;
    if (found != type || found_width != width)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s: %s: another type or width than fidmix writes; see docs/dataset.md",
                         in->path, name);
    return fmx_dataset_read_column(in->set, name, type, 0, in->info->rows, *(void **)out);
}

static fmx_status read_texts(fmx__augment_input *in, const char *name, const char *otherwise,
                             char ***out)
{
    fmx_column_type type = FMX_COLUMN_TEXT;
    size_t width = 0;
    if (fmx_dataset_find_column(in->set, name, &type, &width))
        return fmx_dataset_read_text(in->set, name, 0, in->info->rows, out);
    size_t rows = in->info->rows;
    size_t length = strlen(otherwise) + 1;
    fmx_status status = fmx__alloc(in->ctx, rows * sizeof(char *) + length, 1, name, out);
    for (size_t i = 0; status == FMX_OK && i < rows; ++i)
        (*out)[i] = (char *)(*out + rows);
    if (status == FMX_OK)
        memcpy(*out + rows, otherwise, length);
    return status;
}

static fmx_status read_parents(fmx__augment_input *in)
{
    fmx_column_type type = FMX_COLUMN_INT;
    size_t width = 0;
    bool given = fmx_dataset_find_column(in->set, "parent", &type, &width);
    in->parents = given && width > 1 ? width : 1;
    if (given)
        return read_numbers(in, "parent", FMX_COLUMN_INT, width, sizeof *in->parent, &in->parent);
    fmx_status status =
        fmx__alloc(in->ctx, in->info->rows, sizeof *in->parent, "parents", &in->parent);
    for (size_t i = 0; status == FMX_OK && i < in->info->rows; ++i)
        in->parent[i] = (int32_t)i;
    return status;
}

/* Columns that the writer makes by itself, or that this verb gives by their own names. */
static bool is_own_column(const char *name)
{
    static const char *const own[] = {"name",   "source", "parent",      "field_mhz", "p0_deg",
                                      "p1_deg", "split",  "noise_sigma", "target",    "copy"};
    for (size_t i = 0; i < FMX__COUNT(own); ++i) {
        if (strcmp(own[i], name) == 0)
            return true;
    }
    return false;
}

static fmx_status read_further(fmx__augment_input *in)
{
    fmx_context *ctx = in->ctx;
    fmx_column *listed = NULL;
    size_t count = 0;
    fmx_status status = fmx_dataset_list_columns(in->set, &listed, &count);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, count + 1, sizeof *in->column, "columns", &in->column);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, count + 1, sizeof *in->values, "columns", &in->values);
    if (status == FMX_OK)
        in->column[in->column_count++] = (fmx_column){"copy", FMX_COLUMN_INT, 0};
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        const fmx_column *c = &listed[i];
        void **values = &in->values[in->column_count];
        char *name = NULL;
        if (is_own_column(c->name))
            continue;
        status = fmx__format(ctx, &name, "%s", c->name);
        if (status != FMX_OK)
            break;
        in->column[in->column_count++] = (fmx_column){name, c->type, c->width};
        status = c->type == FMX_COLUMN_TEXT
                     ? fmx_dataset_read_text(in->set, name, 0, in->info->rows, (char ***)values)
                     : read_numbers(in, name, c->type, c->width, sizes[c->type], values);
    }
    free(listed);
    return status;
}

static fmx_status read_carried(fmx__augment_input *in)
{
    fmx_column_type type = FMX_COLUMN_BYTE;
    size_t width = 0;
    fmx_status status = read_texts(in, "name", "", &in->name);
    if (status == FMX_OK)
        status = read_texts(in, "source", in->path, &in->source);
    if (status == FMX_OK)
        status = read_parents(in);
    if (status == FMX_OK)
        status = read_numbers(in, "field_mhz", FMX_COLUMN_FLOAT, 0, 4, &in->field_mhz);
    if (status == FMX_OK)
        status = read_numbers(in, "p0_deg", FMX_COLUMN_FLOAT, 0, 4, &in->p0_deg);
    if (status == FMX_OK)
        status = read_numbers(in, "p1_deg", FMX_COLUMN_FLOAT, 0, 4, &in->p1_deg);
    if (status == FMX_OK)
        status = read_numbers(in, "noise_sigma", FMX_COLUMN_FLOAT, 0, 4, &in->noise_sigma);
    if (status == FMX_OK && in->info->classes > 0)
        status = read_numbers(in, "target", FMX_COLUMN_FLOAT, in->info->classes, 4, &in->target);
    if (status == FMX_OK && fmx_dataset_find_column(in->set, "split", &type, &width))
        status = read_numbers(in, "split", FMX_COLUMN_BYTE, 0, 1, &in->split);
    return status == FMX_OK ? read_further(in) : status;
}

/* The axis must be even: displacements are in points. */
static fmx_status check_axis(const fmx__augment_input *in)
{
    const fmx_dataset_info *info = in->info;
    if (info->points < 2)
        return fmx__fail(in->ctx, FMX_ERROR_SHAPE,
                         "%s: spectra of one point have no axis; nothing can be shifted", in->path);
    double step = (info->ppm[info->points - 1] - info->ppm[0]) / (double)(info->points - 1);
    for (size_t i = 0; i < info->points; ++i) {
        if (fabs(info->ppm[i] - (info->ppm[0] + (double)i * step)) > 0.01 * fabs(step))
            return fmx__fail(in->ctx, FMX_ERROR_FORMAT,
                             "%s: ppm: not evenly spaced at point %zu; bring the spectra to an "
                             "even axis first (the stage resample of `fidmix process`)",
                             in->path, i);
    }
    return FMX_OK;
}

static fmx_status check_fields(const fmx__augment_input *in, bool needed)
{
    for (size_t i = 0; needed && i < in->info->rows; ++i) {
        if (!(in->field_mhz[i] > 0))
            return fmx__fail(in->ctx, FMX_ERROR_FORMAT,
                             "%s: row %zu (%s) does not say its field_mhz, which widths in Hz "
                             "need; set it, or take lorentzian_hz and gaussian_hz out of the "
                             "recipe",
                             in->path, i, in->name[i]);
    }
    return FMX_OK;
}

static uint64_t mix(uint64_t hash, const void *data, size_t words)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < words; ++i) {
        uint32_t word = 0;
        memcpy(&word, bytes + 4 * i, 4);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
    }
    return hash;
}

/* Reads every spectrum once: a value that is not finite is found before any work is done, and
 * the hash tells these contents from others. */
static fmx_status scan(fmx__augment_input *in)
{
    const fmx_dataset_info *info = in->info;
    size_t chunk = scan_bytes / (info->points * sizeof(float));
    float *rows = NULL;
    chunk = chunk < 1 ? 1 : chunk < info->rows ? chunk : info->rows;
    fmx_status status = fmx__alloc(in->ctx, chunk * info->points, sizeof *rows, "spectra", &rows);
    in->hash = mix(0, info->ppm, 2 * info->points);
    for (size_t first = 0; status == FMX_OK && first < info->rows; first += chunk) {
        size_t count = info->rows - first < chunk ? info->rows - first : chunk;
        status = fmx__check_interrupt(in->ctx);
        if (status == FMX_OK)
            status = fmx_dataset_read_spectra(in->set, first, count, rows);
        for (size_t i = 0; status == FMX_OK && i < count * info->points; ++i) {
            if (!isfinite(rows[i]))
                status = fmx__fail(in->ctx, FMX_ERROR_FORMAT,
                                   "%s: row %zu (%s), point %zu is not a finite number; process "
                                   "that FID again, or leave the row out",
                                   in->path, first + i / info->points,
                                   in->name[first + i / info->points], i % info->points);
        }
        if (status == FMX_OK)
            in->hash = mix(in->hash, rows, count * info->points);
    }
    free(rows);
    return status;
}

static fmx_status open_input(fmx__augment_input *in)
{
    fmx_status status = fmx_dataset_open(in->ctx, in->path, &in->set);
    if (status != FMX_OK)
        return status;
    in->info = fmx_dataset_describe(in->set);
    if (in->info->rows == 0)
        return fmx__fail(in->ctx, FMX_ERROR_FORMAT,
                         "%s: no spectra in it; `fidmix process` a tree that holds FIDs first",
                         in->path);
    return check_axis(in);
}

double fmx__augment_input_step(const fmx__augment_input *in)
{
    const fmx_dataset_info *info = in->info;
    return (info->ppm[info->points - 1] - info->ppm[0]) / (double)(info->points - 1);
}

fmx_status fmx__augment_input_read(fmx_context *ctx, const char *path, bool needs_field,
                                   fmx__augment_input *out)
{
    *out = (fmx__augment_input){.ctx = ctx, .path = path};
    fmx_status status = open_input(out);
    if (status == FMX_OK)
        status = read_carried(out);
    if (status == FMX_OK)
        status = check_fields(out, needs_field);
    return status == FMX_OK ? scan(out) : status;
}

void fmx__augment_input_clear(fmx__augment_input *in)
{
    for (size_t i = 1; i < in->column_count; ++i) {
        free((char *)(uintptr_t)in->column[i].name);
        free(in->values[i]);
    }
    free(in->values);
    free(in->column);
    free(in->split);
    free(in->target);
    free(in->noise_sigma);
    free(in->p1_deg);
    free(in->p0_deg);
    free(in->field_mhz);
    free(in->parent);
    free(in->source);
    free(in->name);
    fmx_dataset_close(in->set);
}

void fmx__augment_input_row(const fmx__augment_input *in, size_t parent, const int32_t *copy,
                            const void **values, fmx_dataset_row *out)
{
    values[0] = copy;
    for (size_t i = 1; i < in->column_count; ++i) {
        const fmx_column *c = &in->column[i];
        size_t width = c->width > 0 ? c->width : 1;
        values[i] = c->type == FMX_COLUMN_TEXT
                        ? (const void *)((char **)in->values[i])[parent]
                        : (const char *)in->values[i] + parent * width * sizes[c->type];
    }
    out->name = in->name[parent];
    out->parent = in->parent + parent * in->parents;
    out->field_mhz = in->field_mhz[parent];
    out->p0_deg = in->p0_deg[parent];
    out->p1_deg = in->p1_deg[parent];
    out->noise_sigma = in->noise_sigma[parent];
    out->target = in->target != NULL ? in->target + parent * in->info->classes : NULL;
    out->split = in->split != NULL ? in->split[parent] : 0;
    out->column = values;
}

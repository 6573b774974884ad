/* Writing a dataset: rows go to journals, journals become shards, shards become the output. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "dataset_journal.h"
#include "dataset_part.h"
#include "dataset_writer.h"
#include "utf8.h"

static const size_t most_points = (size_t)1 << 24;
static const size_t most_shard_rows = (size_t)1 << 22; /* bounds the columns held while building */
static const size_t default_shard_bytes = (size_t)2 << 30;

size_t fmx__shard_first(const fmx_dataset_writer *w, size_t shard)
{
    return shard >= w->shard_count ? w->rows : shard * w->shard_rows;
}

fmx_status fmx__shard_path(const fmx_dataset_writer *w, size_t shard, char **out)
{
    size_t length = strlen(w->path);
    if (w->shard_file != NULL)
        return fmx__format(w->ctx, out, "%s", w->shard_file[shard]);
    bool ending = length > 3 && strcmp(w->path + length - 3, ".h5") == 0;
    if (w->shard_count == 1)
        return fmx__format(w->ctx, out, "%s", w->path);
    return fmx__format(w->ctx, out, "%.*s.shard-%04zu.h5", (int)(length - (ending ? 3 : 0)),
                       w->path, shard + 1);
}

fmx_status fmx__shard_journal(const fmx_dataset_writer *w, size_t shard, char **out)
{
    return fmx__format(w->ctx, out, "%s/rows-%04zu", w->part, shard + 1);
}

static fmx_status check_plan(fmx_context *ctx, const char *path, const fmx_dataset_plan *plan)
{
    if (plan->rows == 0 || plan->rows > INT32_MAX || plan->points == 0 ||
        plan->points > most_points)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "%s: %zu rows of %zu points cannot be written",
                         path, plan->rows, plan->points);
    for (size_t i = 0; i < plan->points; ++i) {
        if (!isfinite(plan->ppm[i]) || (i > 0 && !(plan->ppm[i] < plan->ppm[i - 1])))
            return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                             "%s: ppm must descend; it does not at point %zu", path, i);
    }
    return FMX_OK;
}

static fmx_status copy_texts(fmx_context *ctx, const char *const *from, size_t count, char ***out)
{
    fmx_status status = fmx__alloc(ctx, count, sizeof **out, "texts", out);
    for (size_t i = 0; status == FMX_OK && i < count; ++i)
        status = fmx__utf8_repair(ctx, from[i], &(*out)[i]);
    return status;
}

static fmx_status add_column(fmx_dataset_writer *w, size_t *capacity, const char *name,
                             fmx_column_type type, size_t width)
{
    static const char *const taken[] = {"spectra", "ppm", "class_name"};
    char *copy = NULL;
    bool clash = name[0] == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0;
    for (size_t i = 0; i < FMX__COUNT(taken); ++i)
        clash = clash || strcmp(taken[i], name) == 0;
    for (size_t i = 0; i < w->column_count; ++i)
        clash = clash || strcmp(w->column[i].name, name) == 0;
    if (clash || (type == FMX_COLUMN_TEXT && width > 0) || width > most_points)
        return fmx__fail(w->ctx, FMX_ERROR_ARGUMENT, "%s: a column \"%s\" cannot be added", w->path,
                         name);
    fmx_status status = fmx__format(w->ctx, &copy, "%s", name);
    if (status == FMX_OK)
        status = fmx__grow(w->ctx, &w->column, capacity, w->column_count + 1, sizeof *w->column,
                           "columns");
    if (status == FMX_OK)
        w->column[w->column_count++] = (fmx_column){copy, type, width};
    else
        free(copy);
    return status;
}

static fmx_status make_columns(fmx_dataset_writer *w, const fmx_dataset_plan *plan)
{
    const fmx_column fixed[FMX__FIXED_COLUMNS] = {
        {"name", FMX_COLUMN_TEXT, 0},
        {"source", FMX_COLUMN_TEXT, 0},
        {"parent", FMX_COLUMN_INT, plan->parents > 1 ? plan->parents : 0},
        {"field_mhz", FMX_COLUMN_FLOAT, 0},
        {"p0_deg", FMX_COLUMN_FLOAT, 0},
        {"p1_deg", FMX_COLUMN_FLOAT, 0},
        {"noise_sigma", FMX_COLUMN_FLOAT, 0},
    };
    size_t capacity = 0;
    fmx_status status = FMX_OK;
    for (size_t i = 0; status == FMX_OK && i < FMX__FIXED_COLUMNS; ++i)
        status = add_column(w, &capacity, fixed[i].name, fixed[i].type, fixed[i].width);
    if (status == FMX_OK && plan->classes > 0)
        status = add_column(w, &capacity, "target", FMX_COLUMN_FLOAT, plan->classes);
    if (status == FMX_OK && plan->has_split)
        status = add_column(w, &capacity, "split", FMX_COLUMN_BYTE, 0);
    for (size_t i = 0; status == FMX_OK && i < plan->column_count; ++i)
        status = add_column(w, &capacity, plan->column[i].name, plan->column[i].type,
                            plan->column[i].width);
    return status;
}

static uint32_t checksum_texts(char *const *text, size_t count)
{
    uLong crc = crc32_z(0, NULL, 0);
    for (size_t i = 0; i < count; ++i)
        crc = crc32_z(crc, (const Bytef *)text[i], strlen(text[i]) + 1);
    return (uint32_t)crc;
}

/* The part's plan: everything that its rows depend on but the sources, which each row carries. */
static fmx_status describe_plan(fmx_dataset_writer *w, const char *inputs)
{
    char *columns = NULL;
    fmx_status status =
        fmx__format(w->ctx, &w->inputs, "%zu sources, crc32 %08x%s%s", w->rows,
                    (unsigned)checksum_texts(w->source, w->rows), inputs[0] ? "; " : "", inputs);
    for (size_t i = 0; status == FMX_OK && i < w->column_count; ++i) {
        char *longer = NULL;
        status = fmx__format(w->ctx, &longer, "%s %s:%d:%zu", columns != NULL ? columns : "",
                             w->column[i].name, (int)w->column[i].type, w->column[i].width);
        free(columns);
        columns = longer;
    }
    uint32_t axis =
        (uint32_t)crc32_z(crc32_z(0, NULL, 0), (const Bytef *)w->ppm, w->points * sizeof *w->ppm);
    if (status == FMX_OK)
        status = fmx__format(
            w->ctx, &w->plan_text,
            "fidmix dataset part 1\nversion %s\npoints %zu\naxis crc32 %08x\nshard rows %zu\n"
            "compress %d\nself parent %d\nseed %llu\nnucleus %s\nclasses %zu crc32 %08x\n"
            "columns%s\n%s%s%srecipe\n%s",
            FMX_VERSION, w->points, (unsigned)axis, w->shard_count > 1 ? w->shard_rows : 0,
            w->compress, w->self_parent, (unsigned long long)w->seed, w->nucleus, w->classes,
            (unsigned)checksum_texts(w->class_name, w->classes), columns,
            inputs[0] ? "inputs " : "", inputs, inputs[0] ? "\n" : "", w->recipe);
    free(columns);
    return status;
}

static fmx_status make_shards(fmx_dataset_writer *w, size_t shard_bytes)
{
    size_t row_bytes = w->points * sizeof(float);
    size_t fits = (shard_bytes > 0 ? shard_bytes : default_shard_bytes) / row_bytes;
    fits = fits < 1 ? 1 : fits > most_shard_rows ? most_shard_rows : fits;
    w->shard_rows = w->rows <= fits ? w->rows : fits;
    w->shard_count = (w->rows + w->shard_rows - 1) / w->shard_rows;
    fmx_status status = fmx__alloc(w->ctx, w->shard_count, sizeof *w->shard, "shards", &w->shard);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->rows, sizeof *w->offset, "rows", &w->offset);
    for (size_t i = 0; status == FMX_OK && i < w->rows; ++i)
        w->offset[i] = FMX__ROW_ABSENT;
    return status;
}

static fmx_status copy_plan(fmx_dataset_writer *w, const char *path, const fmx_dataset_plan *plan)
{
    char *inputs = NULL;
    w->rows = plan->rows;
    w->points = plan->points;
    w->seed = plan->seed;
    w->compress = plan->compress;
    w->in_order = plan->in_order && !plan->compress;
    w->self_parent = plan->parents == 0;
    w->has_split = plan->has_split;
    w->classes = plan->classes;
    fmx_status status = fmx__format(w->ctx, &w->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__format(w->ctx, &w->part, "%s.part", path);
    if (status == FMX_OK)
        status = fmx__utf8_repair(w->ctx, plan->recipe != NULL ? plan->recipe : "", &w->recipe);
    if (status == FMX_OK)
        status = fmx__utf8_repair(w->ctx, plan->nucleus != NULL ? plan->nucleus : "", &w->nucleus);
    if (status == FMX_OK)
        status = fmx__utf8_repair(w->ctx, plan->inputs != NULL ? plan->inputs : "", &inputs);
    if (status == FMX_OK)
        status = copy_texts(w->ctx, plan->source, w->rows, &w->source);
    if (status == FMX_OK)
        status = copy_texts(w->ctx, plan->class_name, w->classes, &w->class_name);
    if (status == FMX_OK)
        status = fmx__alloc(w->ctx, w->points, sizeof *w->ppm, "axis", &w->ppm);
    if (status == FMX_OK) {
        memcpy(w->ppm, plan->ppm, w->points * sizeof *w->ppm);
        status = make_columns(w, plan);
    }
    if (status == FMX_OK)
        status = make_shards(w, plan->shard_bytes);
    if (status == FMX_OK)
        status = describe_plan(w, inputs);
    free(inputs);
    return status;
}

/* Builds a shard and lets its journal go where nothing of it is needed for a resume. */
static fmx_status settle_shard(fmx_dataset_writer *w, size_t shard)
{
    char *journal = NULL;
    size_t first = fmx__shard_first(w, shard);
    size_t rows = fmx__shard_first(w, shard + 1) - first;
    fmx_status status = fmx__shard_journal(w, shard, &journal);
    if (status == FMX_OK)
        status = fmx__dataset_build(w, shard);
    if (status == FMX_OK && w->shard_count > 1 && w->shard[shard].stored == rows) {
        unlink(journal);
        for (size_t i = 0; i < rows; ++i)
            w->offset[first + i] = FMX__ROW_BUILT;
    }
    if (status == FMX_OK)
        w->shard[shard].built = true;
    free(journal);
    return status;
}

fmx_status fmx_dataset_writer_open(fmx_context *ctx, const char *path, const fmx_dataset_plan *plan,
                                   fmx_dataset_writer **out)
{
    fmx_dataset_writer *w = NULL;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    *out = NULL;
    fmx_status status = check_plan(ctx, path, plan);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, 1, sizeof *w, "dataset", &w);
    if (status == FMX_OK) {
        w->ctx = ctx;
        w->lock = -1;
        status = copy_plan(w, path, plan);
    }
    if (status == FMX_OK)
        status = fmx__part_enter(w, plan->resume, &w->finished);
    /* full shards whose building was cut short */
    for (size_t i = 0; status == FMX_OK && !w->finished && w->shard_count > 1 && i < w->shard_count;
         ++i) {
        size_t rows = fmx__shard_first(w, i + 1) - fmx__shard_first(w, i);
        if (!w->shard[i].built && w->shard[i].stored == rows)
            status = settle_shard(w, i);
    }
    if (status != FMX_OK)
        fmx_dataset_writer_close(w);
    else
        *out = w;
    fmx__hdf5_end(&quiet);
    return status;
}

bool fmx_dataset_writer_finished(const fmx_dataset_writer *writer)
{
    return writer->finished;
}

bool fmx_dataset_writer_has(const fmx_dataset_writer *writer, size_t row)
{
    return writer->finished || (row < writer->rows && writer->offset[row] != FMX__ROW_ABSENT);
}

size_t fmx_dataset_writer_count(const fmx_dataset_writer *writer)
{
    return writer->stored;
}

fmx_status fmx_dataset_writer_append(fmx_dataset_writer *w, size_t row,
                                     const fmx_dataset_row *values)
{
    char *journal = NULL;
    size_t bytes = 0;
    uint64_t offset = 0;
    if (w->finished)
        return FMX_OK;
    if (row >= w->rows || values->spectrum == NULL)
        return fmx__fail(w->ctx, FMX_ERROR_ARGUMENT, "%s: row %zu of %zu, or no spectrum", w->path,
                         row, w->rows);
    if (w->offset[row] == FMX__ROW_BUILT)
        return FMX_OK; /* its shard is complete and in place */
    if (w->in_order) {
        fmx__hdf5_quiet direct = fmx__hdf5_begin();
        fmx_status written = fmx__direct_append(w, row, values);
        fmx__hdf5_end(&direct);
        return written;
    }
    size_t shard = row / w->shard_rows;
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    fmx_status status = fmx__shard_journal(w, shard, &journal);
    if (status == FMX_OK)
        status = fmx__payload_pack(w, row, values, &bytes);
    if (status == FMX_OK)
        status = fmx__journal_append(w->ctx, journal, (uint32_t)row, w->payload, bytes, &offset);
    if (status == FMX_OK && w->offset[row] == FMX__ROW_ABSENT) {
        ++w->shard[shard].stored;
        ++w->stored;
    }
    if (status == FMX_OK) {
        w->offset[row] = offset;
        w->shard[shard].built = false; /* a finish that failed may have made it */
    }
    size_t full = fmx__shard_first(w, shard + 1) - fmx__shard_first(w, shard);
    if (status == FMX_OK && w->shard_count > 1 && w->shard[shard].stored == full)
        status = settle_shard(w, shard);
    fmx__hdf5_end(&quiet);
    free(journal);
    return status;
}

fmx_status fmx_dataset_writer_finish(fmx_dataset_writer *w)
{
    fmx_status status = FMX_OK;
    if (w->finished)
        return FMX_OK;
    if (w->stored == 0)
        return fmx__fail(w->ctx, FMX_ERROR_ARGUMENT, "%s: a dataset without rows", w->path);
    fmx__hdf5_quiet quiet = fmx__hdf5_begin();
    if (w->in_order)
        status = fmx__direct_finish(w);
    for (size_t i = 0; status == FMX_OK && i < w->shard_count; ++i) {
        if (!w->shard[i].built && w->shard[i].stored > 0)
            status = settle_shard(w, i);
    }
    if (status == FMX_OK && w->shard_count > 1)
        status = fmx__dataset_build_view(w);
    if (status == FMX_OK) {
        w->finished = true;
        fmx__part_remove(w);
    }
    fmx__hdf5_end(&quiet);
    return status;
}

void fmx_dataset_writer_close(fmx_dataset_writer *w)
{
    if (w == NULL)
        return;
    fmx__direct_drop(w);
    for (size_t i = 0; w->source != NULL && i < w->rows; ++i)
        free(w->source[i]);
    for (size_t i = 0; w->class_name != NULL && i < w->classes; ++i)
        free(w->class_name[i]);
    for (size_t i = 0; i < w->column_count; ++i)
        free((char *)(uintptr_t)w->column[i].name);
    if (w->lock >= 0)
        close(w->lock);
    free(w->source);
    free(w->class_name);
    free(w->column);
    free(w->payload);
    free(w->offset);
    free(w->shard);
    free(w->ppm);
    free(w->inputs);
    free(w->nucleus);
    free(w->recipe);
    free(w->plan_text);
    free(w->part);
    free(w->path);
    free(w);
}

void fmx_dataset_writer_abandon(fmx_dataset_writer *w)
{
    for (size_t i = 0; w != NULL && !w->finished && w->shard_count > 1 && i < w->shard_count; ++i) {
        char *path = NULL;
        if (w->shard[i].built && fmx__shard_path(w, i, &path) == FMX_OK)
            unlink(path);
        free(path);
    }
    if (w != NULL && !w->finished)
        fmx__part_remove(w);
    fmx_dataset_writer_close(w);
}

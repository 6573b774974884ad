#include "fidmix/regions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "philox.h"
#include "signal_internal.h"

enum { GROUP = 64, BLOCK = 4, WIDE = 64 }; /* points per item of the two variants */

static const char *const actions[] = {"keep", "exclude", NULL};
static const char *const fills[] = {"noise", "zero", NULL};
static const char *const offsets[] = {"edge", "line", "none", NULL};
static const char *const waters[] = {"keep", "zero", "noise", NULL};

#define FMX_FIELD(name) offsetof(fmx_regions, name)
static const fmx__option option_table[] = {
    {"file", FMX__OPTION_TEXT, FMX_FIELD(file), "", 0, 0, NULL,
     "table of regions: CSV with the columns name, min_ppm, max_ppm; empty: water only"},
    {"action", FMX__OPTION_CHOICE, FMX_FIELD(action), "", 0, 0, actions,
     "whether the regions are what is kept or what is replaced"},
    {"fill", FMX__OPTION_CHOICE, FMX_FIELD(fill), "", 0, 0, fills, "what replaces points"},
    {"offset", FMX__OPTION_CHOICE, FMX_FIELD(offset), "", 0, 0, offsets,
     "what is taken away from a kept region: its edge's value, the line between both edges"},
    {"edge_points", FMX__OPTION_INTEGER, FMX_FIELD(edge_points), "points", 1, 10000, NULL,
     "the value at an edge is the mean of so many points"},
    {"water", FMX__OPTION_CHOICE, FMX_FIELD(water), "", 0, 0, waters,
     "what becomes of the range of residual water"},
    {"water_from_ppm", FMX__OPTION_NUMBER, FMX_FIELD(water_from_ppm), "ppm", -1e5, 1e5, NULL,
     "residual water: from"},
    {"water_to_ppm", FMX__OPTION_NUMBER, FMX_FIELD(water_to_ppm), "ppm", -1e5, 1e5, NULL,
     "residual water: to"},
};
#undef FMX_FIELD

static const fmx_regions defaults = FMX_REGIONS_DEFAULT;

extern const fmx__stage fmx__stage_regions;

/* As in the kernel file. */
typedef struct span {
    uint32_t first;
    uint32_t end;
    uint32_t edge_first;
    uint32_t edge_end; /* 0: the span becomes zero */
} span;

typedef struct row_plan {
    uint32_t first;
    uint32_t end;
    float sigma;
    uint32_t item_low;
    uint32_t item_high;
    uint32_t unused[3];
} row_plan;

/* Rows that lack something. */
typedef struct missing {
    size_t count;
    const fmx_row *first;
} missing;

static void note(missing *what, const fmx_row *row)
{
    if (what->count++ == 0)
        what->first = row;
}

/* Spans of all rows as they are made. */
typedef struct span_list {
    fmx_context *ctx;
    span *item;
    uint32_t *row;
    size_t count;
    size_t capacity;
    size_t row_capacity;
    missing unknown; /* to the table */
} span_list;

/* The points [first, end) within from..to ppm, on an axis of either direction. */
static span range_of(const fmx_row *row, size_t points, double from_ppm, double to_ppm)
{
    double a = (from_ppm - row->ppm_first) / row->ppm_step;
    double b = (to_ppm - row->ppm_first) / row->ppm_step;
    double n = (double)points;
    uint32_t first = (uint32_t)fmax(0, fmin(n, ceil(fmin(a, b) - 1e-9)));
    uint32_t end = (uint32_t)fmax(first, fmin(n, floor(fmax(a, b) + 1e-9) + 1));
    return (span){first, end, first, end};
}

static fmx_status push(span_list *list, size_t row, span s)
{
    if (s.first >= s.end)
        return FMX_OK;
    fmx_status status = fmx__grow(list->ctx, &list->item, &list->capacity, list->count + 1,
                                  sizeof *list->item, "spans of regions");
    if (status == FMX_OK)
        status = fmx__grow(list->ctx, &list->row, &list->row_capacity, list->count + 1,
                           sizeof *list->row, "rows of regions");
    if (status != FMX_OK)
        return status;
    list->item[list->count] = s;
    list->row[list->count++] = (uint32_t)row;
    return FMX_OK;
}

/* A span without the points of water, which become a span of their own where they are zeroed. */
static fmx_status push_around(span_list *list, size_t row, span s, span water)
{
    span before = s;
    span after = s;
    before.end = s.end < water.first ? s.end : water.first;
    after.first = s.first > water.end ? s.first : water.end;
    if (water.first >= water.end)
        return push(list, row, s);
    fmx_status status = push(list, row, before);
    return status == FMX_OK ? push(list, row, after) : status;
}

static int by_first(const void *a, const void *b)
{
    const span *x = a;
    const span *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Ranges of a row's name in the table, sorted and merged, in found[]; returns how many lines of the
 * table bear the name. */
static size_t find_regions(const fmx_signal *signal, size_t i, const fmx_region_table *table,
                           span *found, size_t *count)
{
    const fmx_row *row = &signal->row[i];
    size_t named = 0;
    size_t n = 0;
    for (size_t k = 0; k < table->count; ++k) {
        const fmx_region *region = &table->region[k];
        if (strcasecmp(region->name, row->name) != 0)
            continue;
        ++named;
        found[n] = range_of(row, signal->points, region->min_ppm, region->max_ppm);
        n += found[n].end > found[n].first;
    }
    qsort(found, n, sizeof *found, by_first);
    *count = 0;
    for (size_t k = 0; k < n; ++k) {
        if (*count > 0 && found[k].first <= found[*count - 1].end) {
            if (found[k].end > found[*count - 1].end)
                found[*count - 1].end = found[*count - 1].edge_end = found[k].end;
        } else
            found[(*count)++] = found[k];
    }
    return named;
}

/* The spans that a row keeps: its regions, or what lies between them. */
static fmx_status plan_row(const fmx_signal *signal, size_t i, const fmx_regions *o,
                           const fmx_region_table *table, span *found, span_list *list)
{
    const fmx_row *row = &signal->row[i];
    uint32_t n = (uint32_t)signal->points;
    size_t count = 0;
    size_t first = list->count;
    fmx_status status = FMX_OK;
    span water = {0};
    if (o->water != FMX_REGIONS_WATER_KEEP)
        water = range_of(row, signal->points, o->water_from_ppm, o->water_to_ppm);
    size_t named = find_regions(signal, i, table, found, &count);
    if (named == 0 && table->count > 0)
        note(&list->unknown, row);
    if (named > 0 && o->action == FMX_REGIONS_KEEP) {
        for (size_t k = 0; status == FMX_OK && k < count; ++k)
            status = push_around(list, i, found[k], water);
    } else {
        uint32_t at = 0; /* between the regions; an empty region as edge: no offset is taken */
        for (size_t k = 0; status == FMX_OK && k <= count; ++k) {
            span s = {at, k < count ? found[k].first : n, n, n};
            status = push_around(list, i, s, water);
            at = k < count ? found[k].end : n;
        }
    }
    if (status == FMX_OK && o->water == FMX_REGIONS_WATER_ZERO && water.end > water.first) {
        water.edge_first = water.edge_end = 0;
        status = push(list, i, water);
        if (status == FMX_OK)
            qsort(list->item + first, list->count - first, sizeof *list->item, by_first);
    }
    return status;
}

static fmx_status launch_offsets(fmx_signal *signal, const fmx_regions *o, const span_list *list,
                                 fmx_buffer *out)
{
    fmx__arg args[] = {
        fmx__arg_buffer(out, list->count * 2 * sizeof(float)),
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_data(list->item, list->count * sizeof *list->item),
        fmx__arg_data(list->row, list->count * sizeof *list->row),
        fmx__arg_u32(list->count),
        fmx__arg_u32(signal->points),
        fmx__arg_u32((size_t)o->edge_points),
        fmx__arg_u32((size_t)o->offset),
    };
    fmx__launch job = {
        .stem = "regions",
        .kernel = "regions_offsets",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .global = {list->count},
        .local = {GROUP},
        .flops = 2.0 * (double)o->edge_points * (double)list->count,
        .bytes = (2.0 * (double)o->edge_points + 2) * sizeof(float) * (double)list->count,
    };
    return fmx__launch_kernel(signal->device, &job);
}

static fmx_status launch_apply(fmx_signal *signal, const row_plan *plan, const span_list *list,
                               fmx_buffer *values)
{
    bool wide = fmx__device_wide(signal->device);
    size_t per_item = wide ? WIDE : BLOCK;
    double points = (double)signal->rows * (double)signal->points;
    fmx__arg args[] = {
        fmx__arg_buffer(signal->data, fmx__signal_bytes(signal)),
        fmx__arg_buffer(values, list->count * 2 * sizeof(float)),
        fmx__arg_data(list->item, list->count * sizeof *list->item),
        fmx__arg_data(plan, signal->rows * sizeof *plan),
        fmx__arg_u32(signal->rows),
        fmx__arg_u32(signal->points),
        fmx__arg_u32(fmx__random_key(signal->seed)),
    };
    fmx__launch job = {
        .stem = "regions",
        .kernel = wide ? "regions_apply_wide" : "regions_apply",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {(signal->points + per_item - 1) / per_item, signal->rows},
        .local = {GROUP},
        .flops = 45 * points, /* Philox, logarithm, sine and cosine: about 45 a sample */
        .bytes = 2 * sizeof(float) * points,
    };
    return fmx__launch_kernel(signal->device, &job);
}

static const char *name_of(const missing *what)
{
    return what->first->name[0] != '\0' ? what->first->name : "a spectrum";
}

/* Once for all rows. */
static void say_missing(fmx_context *ctx, const missing *unknown, const missing *noise, size_t rows)
{
    if (unknown->count > 0)
        fmx__log(ctx, FMX_LOG_INFO, "%s%s (%zu of %zu spectra): no regions in the table",
                 name_of(unknown), unknown->count > 1 ? " and others" : "", unknown->count, rows);
    if (noise->count > 0)
        fmx__log(ctx, FMX_LOG_WARNING,
                 "%s%s (%zu of %zu spectra): regions are filled with zeros: put the stage noise "
                 "before regions",
                 name_of(noise), noise->count > 1 ? " and others" : "", noise->count, rows);
}

static fmx_status plan_all(fmx_signal *signal, const fmx_regions *o, const fmx_region_table *table,
                           row_plan *plan, span_list *list)
{
    span *found = NULL;
    missing silent = {0};
    fmx_status status =
        fmx__alloc(list->ctx, table->count + 1, sizeof *found, "regions of a row", &found);
    for (size_t i = 0; status == FMX_OK && i < signal->rows; ++i) {
        const fmx_row *row = &signal->row[i];
        bool noise = o->fill == FMX_REGIONS_NOISE && row->noise_sigma > 0;
        if (!isfinite(row->ppm_first) || !isnormal(row->ppm_step)) {
            status =
                fmx__fail(list->ctx, FMX_ERROR_ARGUMENT, "regions: row %zu has no ppm axis", i);
            break;
        }
        plan[i] = (row_plan){.first = (uint32_t)list->count,
                             .sigma = noise ? row->noise_sigma : 0,
                             .item_low = (uint32_t)row->item,
                             .item_high = (uint32_t)(row->item >> 32)};
        size_t unknown = list->unknown.count;
        status = plan_row(signal, i, o, table, found, list);
        bool filled = (table->count > 0 && list->unknown.count == unknown) ||
                      o->water == FMX_REGIONS_WATER_NOISE;
        if (o->fill == FMX_REGIONS_NOISE && !noise && filled)
            note(&silent, row);
        plan[i].end = (uint32_t)list->count;
    }
    if (status == FMX_OK)
        say_missing(list->ctx, &list->unknown, &silent, signal->rows);
    /* the kernels' arrays must not be empty */
    if (status == FMX_OK && list->count == 0)
        status = push(list, 0, (span){0, 1, 1, 1});
    free(found);
    return status;
}

fmx_status fmx_apply_regions(fmx_signal *signal, const fmx_regions *options,
                             const fmx_region_table *table)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    span_list list = {.ctx = ctx};
    row_plan *plan = NULL;
    fmx_buffer *values = NULL;
    fmx_status status = fmx__options_check(ctx, &fmx__stage_regions.group, options);
    if (status == FMX_OK && options->water == FMX_REGIONS_WATER_NOISE &&
        options->fill == FMX_REGIONS_ZERO)
        status = fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                           "regions: water: noise needs fill: noise; use water: zero");
    if (status == FMX_OK)
        status = fmx__signal_to_real(signal);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, signal->rows, sizeof *plan, "regions of rows", &plan);
    if (status == FMX_OK)
        status = plan_all(signal, options, table, plan, &list);
    if (status == FMX_OK)
        status = fmx_buffer_create(signal->device, list.count * 2 * sizeof(float), &values);
    if (status == FMX_OK)
        status = launch_offsets(signal, options, &list, values);
    if (status == FMX_OK)
        status = launch_apply(signal, plan, &list, values);
    fmx_buffer_release(values);
    free(plan);
    free(list.row);
    free(list.item);
    return status;
}

static fmx_status create_table(fmx_device *device, const void *path, void **out)
{
    fmx_context *ctx = fmx__device_context(device);
    fmx_region_table *table = NULL;
    fmx_status status = fmx__alloc(ctx, 1, sizeof *table, "a region table", &table);
    if (status == FMX_OK)
        status = fmx_region_table_read(ctx, path, table);
    if (status != FMX_OK && table != NULL) {
        fmx_region_table_clear(table);
        free(table);
        table = NULL;
    }
    *out = table;
    return status;
}

static void destroy_table(void *table)
{
    fmx_region_table_clear(table);
    free(table);
}

static const fmx__cached_kind table_kind = {create_table, destroy_table};

/* The table of a file, which is read once: the device keeps it. */
static fmx_status table_of(fmx_device *device, const char *path, const fmx_region_table **out)
{
    fmx_context *ctx = fmx__device_context(device);
    struct stat file;
    char key[64];
    *out = NULL;
    if (stat(path, &file) != 0)
        return fmx__fail(ctx, FMX_ERROR_NOT_FOUND, "%s: no such table of regions", path);
    /* the file, whatever path leads to it, in the state of that moment; 63 bytes at most */
    snprintf(key, sizeof key, "regions %llx %llx %llx %lx", (unsigned long long)file.st_dev,
             (unsigned long long)file.st_ino, (unsigned long long)file.st_mtim.tv_sec,
             (unsigned long)file.st_mtim.tv_nsec);
    return fmx__device_cache(device, key, &table_kind, path, out);
}

static fmx_status run(fmx_signal *signal, const void *options)
{
    static const fmx_region_table water_only = {0};
    const fmx_regions *o = options;
    const fmx_region_table *table = &water_only;
    fmx_status status = FMX_OK;
    if (o->file[0] != '\0')
        status = table_of(signal->device, o->file, &table);
    return status == FMX_OK ? fmx_apply_regions(signal, o, table) : status;
}

const fmx__stage fmx__stage_regions = {
    .group = {.name = "regions",
              .doc = "Keeps the parts of a spectrum that a table gives to its compound.",
              .options = option_table,
              .option_count = FMX__COUNT(option_table),
              .defaults = &defaults,
              .options_size = sizeof defaults},
    .needs = FMX__NEEDS_FREQUENCY,
    .run = run,
};

/* Region tables: which parts of a spectrum belong to a compound. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base.h"
#include "c_locale.h"
#include "csv_read.h"
#include "fidmix/regions.h"

static const size_t most_table_bytes = (size_t)4 << 20;

enum { NAME, MIN, MAX, COLUMNS };

static const char *const columns[COLUMNS] = {"name", "min_ppm", "max_ppm"};

static bool number_of(const char *text, double *out)
{
    char *end = NULL;
    *out = fmx__c_strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*out);
}

/* Where the columns stand, from the table's first line. */
static fmx_status find_columns(fmx_context *ctx, const char *path, const fmx__csv *csv,
                               size_t at[COLUMNS])
{
    for (size_t c = 0; c < COLUMNS; ++c) {
        at[c] = SIZE_MAX;
        for (size_t i = 0; csv->count > 0 && i < csv->row[0].count; ++i) {
            if (strcasecmp(csv->row[0].field[i], columns[c]) == 0)
                at[c] = i;
        }
        if (at[c] == SIZE_MAX)
            return fmx__fail(ctx, FMX_ERROR_FORMAT,
                             "%s: no column %s; the first line must name the columns name, min_ppm "
                             "and max_ppm",
                             path, columns[c]);
    }
    return FMX_OK;
}

static fmx_status read_region(fmx_context *ctx, const char *path, const fmx__csv_row *row,
                              const size_t at[COLUMNS], fmx_region *out)
{
    for (size_t c = 0; c < COLUMNS; ++c) {
        if (at[c] >= row->count)
            return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: no value for %s", path, row->line,
                             columns[c]);
    }
    const char *name = row->field[at[NAME]];
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof out->name)
        return fmx__fail(ctx, FMX_ERROR_FORMAT, "%s:%zu: the name must have 1 to %zu bytes", path,
                         row->line, sizeof out->name - 1);
    memcpy(out->name, name, length + 1);
    if (!number_of(row->field[at[MIN]], &out->min_ppm) ||
        !number_of(row->field[at[MAX]], &out->max_ppm) || out->min_ppm >= out->max_ppm)
        return fmx__fail(ctx, FMX_ERROR_FORMAT,
                         "%s:%zu: \"%s\" to \"%s\" is no region: two numbers, the smaller first",
                         path, row->line, row->field[at[MIN]], row->field[at[MAX]]);
    return FMX_OK;
}

fmx_status fmx_region_table_read(fmx_context *ctx, const char *path, fmx_region_table *out)
{
    fmx__csv csv = {0};
    size_t at[COLUMNS];
    *out = (fmx_region_table){0};
    fmx_status status = fmx__csv_read(ctx, path, most_table_bytes, &csv);
    if (status == FMX_OK)
        status = find_columns(ctx, path, &csv, at);
    if (status == FMX_OK && csv.count > 1)
        status =
            fmx__alloc(ctx, csv.count - 1, sizeof *out->region, "a region table", &out->region);
    for (size_t i = 1; status == FMX_OK && i < csv.count; ++i) {
        status = read_region(ctx, path, &csv.row[i], at, &out->region[i - 1]);
        out->count += status == FMX_OK;
    }
    fmx__csv_clear(&csv);
    return status;
}

void fmx_region_table_clear(fmx_region_table *table)
{
    free(table->region);
    *table = (fmx_region_table){0};
}

#include "spectra_store.h"

#include <math.h>
#include <stdlib.h>

static const size_t most_budget = (size_t)1 << 30;

size_t fmx__spectra_budget(fmx_device *device)
{
    const fmx_device_info *info = fmx_device_describe(device);
    uint64_t quarter = info->memory_bytes / 4;
    uint64_t budget = quarter < most_budget ? quarter : most_budget;
    return (size_t)(budget < info->largest_allocation_bytes ? budget
                                                            : info->largest_allocation_bytes);
}

static fmx_status not_finite(fmx__spectra_store *s, size_t row, size_t point)
{
    fmx_context *ctx = fmx__device_context(s->device);
    char **name = NULL;
    fmx_status status = fmx_dataset_read_text(s->dataset, "name", row, 1, &name);
    if (status == FMX_OK)
        status = fmx__fail(ctx, FMX_ERROR_FORMAT,
                           "%s: spectrum %zu (\"%s\") is not finite at point %zu; process its FID "
                           "again or leave it out",
                           s->path, row, name[0], point);
    free(name);
    return status;
}

/* Reads a row into s->row and notes what is known of it. */
static fmx_status survey_row(fmx__spectra_store *s, size_t row)
{
    double highest = -INFINITY;
    double sum = 0;
    fmx_status status = fmx_dataset_read_spectra(s->dataset, row, 1, s->row);
    if (status != FMX_OK)
        return status;
    for (size_t i = 0; i < s->points; ++i) {
        double x = (double)s->row[i];
        if (!isfinite(x))
            return not_finite(s, row, i);
        highest = x > highest ? x : highest;
        sum += fabs(x);
    }
    s->highest[row] = highest;
    s->area[row] = sum * fabs(s->ppm_step);
    return FMX_OK;
}

static void survey_axis(fmx__spectra_store *s, const double *ppm)
{
    size_t n = s->points;
    s->uniform = n > 1;
    s->ppm_step = n > 1 ? (ppm[n - 1] - ppm[0]) / (double)(n - 1) : -1;
    for (size_t i = 0; i < n; ++i) {
        if (!(fabs(ppm[0] + (double)i * s->ppm_step - ppm[i]) <= 0.01 * fabs(s->ppm_step)))
            s->uniform = false;
    }
}

static fmx_status read_fields(fmx__spectra_store *s)
{
    fmx_column_type type = FMX_COLUMN_FLOAT;
    size_t width = 0;
    if (!fmx_dataset_find_column(s->dataset, "field_mhz", &type, &width))
        return FMX_OK;
    return fmx_dataset_read_column(s->dataset, "field_mhz", FMX_COLUMN_FLOAT, 0, s->rows,
                                   s->field_mhz);
}

fmx_status fmx__spectra_store_open(fmx_device *device, fmx_dataset *dataset, const char *path,
                                   size_t budget, size_t most_rows, fmx__spectra_store *out)
{
    fmx_context *ctx = fmx__device_context(device);
    const fmx_dataset_info *set = fmx_dataset_describe(dataset);
    size_t row_bytes = set->points * sizeof(float);
    *out = (fmx__spectra_store){
        .device = device, .dataset = dataset, .rows = set->rows, .points = set->points};
    out->resident = set->rows <= budget / row_bytes;
    out->library_rows = out->resident ? set->rows : most_rows;
    fmx_status status = fmx__format(ctx, &out->path, "%s", path);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *out->highest, "heights", &out->highest);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *out->area, "areas", &out->area);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *out->field_mhz, "fields", &out->field_mhz);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->points, sizeof *out->row, "a spectrum", &out->row);
    if (status == FMX_OK)
        status = fmx_buffer_create(device, out->library_rows * row_bytes, &out->library);
    if (status == FMX_OK)
        status = read_fields(out);
    if (status == FMX_OK)
        survey_axis(out, set->ppm);
    for (size_t row = 0; status == FMX_OK && row < out->rows; ++row) {
        status = survey_row(out, row);
        if (status == FMX_OK && out->resident)
            status = fmx_buffer_write(out->library, row * row_bytes, out->row, row_bytes);
        if (status == FMX_OK)
            status = fmx__check_interrupt(ctx);
    }
    return status;
}

void fmx__spectra_store_clear(fmx__spectra_store *store)
{
    fmx_buffer_release(store->library);
    free(store->path);
    free(store->highest);
    free(store->area);
    free(store->field_mhz);
    free(store->row);
    *store = (fmx__spectra_store){0};
}

fmx_status fmx__spectra_store_gather(fmx__spectra_store *s, const uint32_t *row, size_t count,
                                     uint32_t *at)
{
    size_t row_bytes = s->points * sizeof(float);
    fmx_status status = FMX_OK;
    if (!s->resident && count > s->library_rows)
        return fmx__fail(fmx__device_context(s->device), FMX_ERROR_SHAPE,
                         "%s: %zu spectra are wanted at once, there is room for %zu", s->path,
                         count, s->library_rows);
    for (size_t i = 0; status == FMX_OK && i < count; ++i) {
        if (s->resident) {
            at[i] = row[i];
            continue;
        }
        status = fmx_dataset_read_spectra(s->dataset, row[i], 1, s->row);
        if (status == FMX_OK)
            status = fmx_buffer_write(s->library, i * row_bytes, s->row, row_bytes);
        at[i] = (uint32_t)i;
    }
    return status;
}

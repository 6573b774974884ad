#include "normalise_pqn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fidmix/dataset.h"
#include "signal_internal.h"

/* A slice of points, all rows of it, on the device; rows of the file, read at once. */
static const size_t most_slice_bytes = (size_t)256 << 20;
static const size_t most_chunk_bytes = (size_t)16 << 20;

/* What the device keeps. */
typedef struct kept {
    size_t points;
    double first_ppm;
    double last_ppm;
    float median[];
} kept;

/* What it is made from: the batch says which axis is wanted. */
typedef struct request {
    const char *path;
    const fmx_signal *signal;
} request;

/* The first and last point of every row lie where the reference's do, to a thousandth of a point.
 */
static fmx_status check_axis(const request *from, size_t points, double first_ppm, double last_ppm)
{
    const fmx_signal *signal = from->signal;
    fmx_context *ctx = fmx__device_context(signal->device);
    for (size_t i = 0; i < signal->rows; ++i) {
        const fmx_row *row = &signal->row[i];
        double last = row->ppm_first + row->ppm_step * (double)(signal->points - 1);
        double tolerance = 1e-3 * fabs(row->ppm_step);
        if (points == signal->points && fabs(row->ppm_first - first_ppm) <= tolerance &&
            fabs(last - last_ppm) <= tolerance)
            continue;
        return fmx__fail(ctx, FMX_ERROR_RECIPE,
                         "reference %s: ppm: %zu points from %g to %g ppm, but the spectra have "
                         "%zu from %g to %g; make it with the same axis, and resample before "
                         "normalise",
                         from->path, points, first_ppm, last_ppm, signal->points, row->ppm_first,
                         last);
    }
    return FMX_OK;
}

/* Between its ends the axis is a straight line, as a batch's is. */
static fmx_status check_even(fmx_context *ctx, const char *path, const fmx_dataset_info *info)
{
    size_t last = info->points - 1;
    double step = last > 0 ? (info->ppm[last] - info->ppm[0]) / (double)last : 0;
    for (size_t j = 0; j <= last; ++j) {
        if (fabs(info->ppm[j] - (info->ppm[0] + step * (double)j)) > 1e-3 * fabs(step))
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "reference %s: ppm: the steps are not equal at point %zu; make it "
                             "with fidmix process",
                             path, j);
    }
    return FMX_OK;
}

/* A median over spectra of unlike scale is no reference. A row of zeros has no area to bring to 1.
 */
static fmx_status check_areas(fmx_context *ctx, const request *from, const float *x, size_t first,
                              size_t count)
{
    size_t points = from->signal->points;
    double step = fabs(from->signal->row[0].ppm_step);
    for (size_t i = 0; i < count; ++i) {
        double sum = 0;
        for (size_t j = 0; j < points; ++j)
            sum += fabs((double)x[i * points + j]);
        if (sum != 0 && !(fabs(sum * step - 1) <= 0.01))
            return fmx__fail(ctx, FMX_ERROR_RECIPE,
                             "reference %s: spectra: row %zu has the area %g ppm, not 1; make it "
                             "with normalise: {method: area} as the last stage",
                             from->path, first + i, sum * step);
    }
    return FMX_OK;
}

/* Points [at, at + slice->points) of every row to the device; `chunk` holds chunk_rows rows. */
static fmx_status load_slice(const request *from, fmx_dataset *set, fmx_signal *slice, size_t at,
                             float *chunk, size_t chunk_rows)
{
    fmx_context *ctx = fmx__device_context(slice->device);
    size_t points = from->signal->points;
    size_t width = slice->points;
    fmx_status status = FMX_OK;
    for (size_t first = 0; status == FMX_OK && first < slice->rows; first += chunk_rows) {
        size_t count = slice->rows - first < chunk_rows ? slice->rows - first : chunk_rows;
        status = fmx__check_interrupt(ctx);
        if (status == FMX_OK)
            status = fmx_dataset_read_spectra(set, first, count, chunk);
        if (status == FMX_OK && at == 0)
            status = check_areas(ctx, from, chunk, first, count);
        for (size_t i = 0; status == FMX_OK && i < count; ++i)
            memmove(chunk + i * width, chunk + i * points + at, width * sizeof *chunk);
        if (status == FMX_OK)
            status = fmx_buffer_write(slice->data, first * width * sizeof *chunk, chunk,
                                      count * width * sizeof *chunk);
    }
    return status;
}

/* The median slice by slice: the file is read once for every slice. */
static fmx_status fill(const request *from, fmx_dataset *set, size_t slice_bytes,
                       size_t chunk_bytes, float *median)
{
    fmx_device *device = from->signal->device;
    fmx_context *ctx = fmx__device_context(device);
    size_t rows = fmx_dataset_describe(set)->rows;
    size_t points = from->signal->points;
    size_t width = slice_bytes / sizeof *median / rows;
    size_t chunk_rows = chunk_bytes / sizeof *median / points;
    float *chunk = NULL;
    width = width < 1 ? 1 : width;
    chunk_rows = chunk_rows < 1 ? 1 : chunk_rows > rows ? rows : chunk_rows;
    fmx_status status =
        fmx__alloc(ctx, chunk_rows * points, sizeof *chunk, "rows of the reference", &chunk);
    for (size_t at = 0; status == FMX_OK && at < points; at += width) {
        fmx_signal slice = {0};
        status = fmx__signal_create_raw(device, FMX_DOMAIN_FREQUENCY, false, rows,
                                        points - at < width ? points - at : width, &slice);
        if (status == FMX_OK)
            status = load_slice(from, set, &slice, at, chunk, chunk_rows);
        if (status == FMX_OK)
            status = fmx_normalise_reference(&slice, median + at);
        fmx_signal_clear(&slice);
    }
    free(chunk);
    return status;
}

fmx_status fmx__normalise_dataset_median(const fmx_signal *signal, const char *path,
                                         size_t slice_bytes, size_t chunk_bytes, float *median)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    request from = {path, signal};
    fmx_dataset *set = NULL;
    fmx_status status = fmx_dataset_open(ctx, path, &set);
    if (status == FMX_OK) {
        const fmx_dataset_info *info = fmx_dataset_describe(set);
        status = check_axis(&from, info->points, info->ppm[0], info->ppm[info->points - 1]);
        if (status == FMX_OK)
            status = check_even(ctx, path, info);
    }
    if (status == FMX_OK)
        status = fill(&from, set, slice_bytes, chunk_bytes, median);
    fmx_dataset_close(set);
    return status;
}

static fmx_status create(fmx_device *device, const void *user, void **out)
{
    const request *from = user;
    const fmx_signal *signal = from->signal;
    size_t points = signal->points;
    kept *made = NULL;
    fmx_status status =
        fmx__alloc(fmx__device_context(device), 1, sizeof *made + points * sizeof *made->median,
                   "a reference", &made);
    if (status != FMX_OK)
        return status;
    made->points = points;
    made->first_ppm = signal->row[0].ppm_first;
    made->last_ppm = made->first_ppm + signal->row[0].ppm_step * (double)(points - 1);
    status = fmx__normalise_dataset_median(signal, from->path, most_slice_bytes, most_chunk_bytes,
                                           made->median);
    if (status == FMX_OK)
        *out = made;
    else
        free(made);
    return status;
}

static const fmx__cached_kind kept_kind = {create, free};

static fmx_status check_named(fmx_context *ctx, const fmx_normalise *options)
{
    if (options->reference[0] != '\0')
        return FMX_OK;
    return fmx__fail(ctx, FMX_ERROR_RECIPE,
                     "method pqn needs `reference`, a dataset of area 1 on the same axis. First: "
                     "fidmix process DATA --recipe R --set process.normalise.method=area --out "
                     "area.h5. Then: fidmix process DATA --recipe R --set "
                     "process.normalise.method=pqn --set process.normalise.reference=area.h5 --out "
                     "pqn.h5");
}

fmx_status fmx__normalise_check(fmx_context *ctx, const void *user)
{
    const fmx_normalise *options = user;
    fmx_dataset *set = NULL;
    if (options->method != FMX_NORMALISE_PQN)
        return FMX_OK;
    fmx_status status = check_named(ctx, options);
    if (status == FMX_OK)
        status = fmx_dataset_open(ctx, options->reference, &set);
    fmx_dataset_close(set);
    return fmx__fail_in(ctx, status, "reference");
}

fmx_status fmx__normalise_reference_of(const fmx_signal *signal, const fmx_normalise *options,
                                       const float **median)
{
    fmx_context *ctx = fmx__device_context(signal->device);
    request from = {options->reference, signal};
    struct stat file;
    char key[64];
    kept *reference = NULL;
    *median = NULL;
    fmx_status status = check_named(ctx, options);
    if (status != FMX_OK)
        return status;
    if (stat(from.path, &file) != 0)
        return fmx__fail(ctx, FMX_ERROR_NOT_FOUND,
                         "reference %s: no such file; make it with normalise: {method: area}",
                         from.path);
    /* the file, whatever path leads to it, in the state of that moment; 63 bytes at most */
    snprintf(key, sizeof key, "pqn %llx %llx %llx %lx", (unsigned long long)file.st_dev,
             (unsigned long long)file.st_ino, (unsigned long long)file.st_mtim.tv_sec,
             (unsigned long)file.st_mtim.tv_nsec);
    status = fmx__device_cache(signal->device, key, &kept_kind, &from, &reference);
    if (status == FMX_OK)
        status = check_axis(&from, reference->points, reference->first_ppm, reference->last_ppm);
    if (status == FMX_OK)
        *median = reference->median;
    return status;
}

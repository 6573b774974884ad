#include "least_squares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The rows before they are shifted: class means, or the rows as given. */
typedef struct base {
    float *spectra; /* owned where means are taken */
    uint32_t *class_of;
    const float *from;
    const uint32_t *of;
    size_t rows;
} base;

static fmx_status take_means(fmx_context *ctx, const fmx__least_squares_library *library, base *out)
{
    double *sum = NULL;
    size_t values = library->classes * library->points;
    fmx_status status = fmx__alloc(ctx, library->points, sizeof *sum, "a mean spectrum", &sum);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, values, sizeof *out->spectra, "mean spectra", &out->spectra);
    if (status == FMX_OK)
        status =
            fmx__alloc(ctx, library->classes, sizeof *out->class_of, "classes", &out->class_of);
    for (size_t c = 0; status == FMX_OK && c < library->classes; ++c) {
        size_t members = 0;
        memset(sum, 0, library->points * sizeof *sum);
        for (size_t r = 0; r < library->rows; ++r) {
            if (library->class_of[r] != c)
                continue;
            ++members;
            for (size_t j = 0; j < library->points; ++j)
                sum[j] += library->spectra[r * library->points + j];
        }
        float *mean = out->spectra + out->rows * library->points;
        for (size_t j = 0; members > 0 && j < library->points; ++j)
            mean[j] = (float)(sum[j] / (double)members);
        if (members > 0)
            out->class_of[out->rows++] = (uint32_t)c;
    }
    free(sum);
    out->from = out->spectra;
    out->of = out->class_of;
    return status;
}

/* Row `row` shifted by `by` points towards lower ppm (right), zeros coming in. */
static void shift_row(float *to, const float *row, size_t points, ptrdiff_t by)
{
    size_t distance = (size_t)(by < 0 ? -by : by);
    size_t kept = points - distance;
    memset(to, 0, points * sizeof *to);
    memcpy(to + (by > 0 ? distance : 0), row + (by < 0 ? distance : 0), kept * sizeof *to);
}

static double norm_of(const float *row, size_t points)
{
    double sum = 0;
    for (size_t j = 0; j < points; ++j)
        sum += (double)row[j] * row[j];
    return sqrt(sum);
}

static fmx_status check(fmx_context *ctx, const fmx__least_squares_library *library, size_t rows)
{
    if (library->rows == 0 || library->points == 0 || library->classes == 0)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "least squares: a library of %zu spectra of %zu points in %zu classes",
                         library->rows, library->points, library->classes);
    if (library->shift >= library->points)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "least squares: copies shifted by %zu of %zu points are empty; shift by "
                         "less",
                         library->shift, library->points);
    if (rows > FMX__NNLS_MOST_ROWS)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "least squares: %zu rows with their shifted copies, at most %d are "
                         "handled; take class means, or fewer copies",
                         rows, (int)FMX__NNLS_MOST_ROWS);
    for (size_t r = 0; r < library->rows; ++r) {
        if (library->class_of[r] >= library->classes)
            return fmx__fail(ctx, FMX_ERROR_SHAPE, "least squares: row %zu: no class %u of %zu", r,
                             library->class_of[r], library->classes);
        if (!isfinite(norm_of(library->spectra + r * library->points, library->points)))
            return fmx__fail(ctx, FMX_ERROR_FORMAT,
                             "least squares: row %zu of the library has values that are not finite",
                             r);
    }
    return FMX_OK;
}

/* Copies of every base row, its own place included, to the device. */
static fmx_status upload(fmx_context *ctx, const fmx__least_squares_library *library,
                         const base *from, fmx__least_squares *out)
{
    size_t copies = 2 * library->shift_steps + 1;
    size_t points = library->points;
    float *spectra = NULL;
    float *weight = NULL;
    out->rows = from->rows * copies;
    fmx_status status =
        fmx__alloc(ctx, out->rows * points, sizeof *spectra, "the library", &spectra);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, points, sizeof *weight, "weights", &weight);
    for (size_t j = 0; status == FMX_OK && j < points; ++j)
        weight[j] = library->weight != NULL ? library->weight[j] : 1;
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *out->class_of, "classes", &out->class_of);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, out->rows, sizeof *out->norm, "norms", &out->norm);
    for (size_t r = 0; status == FMX_OK && r < out->rows; ++r) {
        double step = (double)(r % copies) - (double)library->shift_steps;
        double by = library->shift_steps > 0
                        ? step / (double)library->shift_steps * (double)library->shift
                        : 0;
        shift_row(spectra + r * points, from->from + r / copies * points, points,
                  (ptrdiff_t)lround(by));
        for (size_t j = 0; j < points; ++j)
            spectra[r * points + j] *= weight[j];
        out->class_of[r] = from->of[r / copies];
        out->norm[r] = (float)norm_of(spectra + r * points, points);
    }
    if (status == FMX_OK)
        status = fmx_buffer_create_copy(out->device, spectra, out->rows * points * sizeof *spectra,
                                        &out->library);
    if (status == FMX_OK)
        status =
            fmx_buffer_create_copy(out->device, weight, points * sizeof *weight, &out->weights);
    free(weight);
    free(spectra);
    return status;
}

static fmx_status make_room(fmx_context *ctx, fmx__least_squares *out)
{
    size_t stride = fmx__nnls_stride(out->rows);
    size_t batch = FMX__LEAST_SQUARES_BATCH;
    size_t values = batch * stride;
    fmx_status status =
        fmx_buffer_create(out->device, out->rows * stride * sizeof(float), &out->gram);
    if (status == FMX_OK)
        status = fmx_buffer_create(out->device, batch * out->points * sizeof(float), &out->spectra);
    if (status == FMX_OK)
        status = fmx_buffer_create(out->device, values * sizeof(float), &out->gradient);
    if (status == FMX_OK)
        status = fmx_buffer_create(out->device, values * sizeof(float), &out->amounts);
    if (status == FMX_OK)
        status = fmx_buffer_create(out->device, batch * sizeof(float), &out->norms);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, values, sizeof(float), "amounts", &out->host_amounts);
    if (status == FMX_OK)
        status = fmx__alloc(ctx, batch, sizeof(float), "norms", &out->host_norms);
    return status;
}

fmx_status fmx__least_squares_open(fmx_device *device, const fmx__least_squares_library *library,
                                   fmx__least_squares *out)
{
    fmx_context *ctx = fmx__device_context(device);
    size_t copies = 2 * library->shift_steps + 1;
    size_t rows =
        library->means && library->classes < library->rows ? library->classes : library->rows;
    base from = {.from = library->spectra, .of = library->class_of, .rows = library->rows};
    *out = (fmx__least_squares){
        .device = device, .classes = library->classes, .points = library->points};
    if (!fmx__size_mul(rows, copies, &rows))
        rows = SIZE_MAX;
    fmx_status status = check(ctx, library, rows);
    if (status == FMX_OK && library->means) {
        from = (base){0};
        status = take_means(ctx, library, &from);
    }
    if (status == FMX_OK)
        status = upload(ctx, library, &from, out);
    if (status == FMX_OK)
        status = make_room(ctx, out);
    if (status == FMX_OK)
        status = fmx__nnls_gram(device, out->gram, out->library, out->rows, out->points);
    free(from.spectra);
    free(from.class_of);
    return status;
}

void fmx__least_squares_clear(fmx__least_squares *ls)
{
    if (ls == NULL)
        return;
    fmx_buffer_release(ls->library);
    fmx_buffer_release(ls->gram);
    fmx_buffer_release(ls->weights);
    fmx_buffer_release(ls->spectra);
    fmx_buffer_release(ls->gradient);
    fmx_buffer_release(ls->amounts);
    fmx_buffer_release(ls->norms);
    free(ls->class_of);
    free(ls->norm);
    free(ls->host_amounts);
    free(ls->host_norms);
    *ls = (fmx__least_squares){0};
}

/* What the amounts of one mixture say of the classes. */
static void sum_classes(const fmx__least_squares *ls, const float *amount, double norm,
                        float *presence, float *proportion)
{
    double total = 0;
    memset(presence, 0, ls->classes * sizeof *presence);
    memset(proportion, 0, ls->classes * sizeof *proportion);
    for (size_t r = 0; r < ls->rows; ++r) {
        total += amount[r];
        proportion[ls->class_of[r]] += amount[r];
        presence[ls->class_of[r]] += amount[r] * ls->norm[r];
    }
    for (size_t c = 0; c < ls->classes; ++c) {
        proportion[c] = total > 0 ? (float)(proportion[c] / total) : 0;
        presence[c] = norm > 0 ? (float)fmin(1, presence[c] / norm) : 0;
    }
}

fmx_status fmx__least_squares_run_buffer(fmx__least_squares *ls, fmx_buffer *spectra, size_t count,
                                         float *presence, float *proportion)
{
    size_t stride = fmx__nnls_stride(ls->rows);
    fmx__nnls_of of = {.library = ls->library,
                       .gram = ls->gram,
                       .rows = ls->rows,
                       .points = ls->points,
                       .spectra = spectra,
                       .count = count,
                       .gradient = ls->gradient};
    if (count > FMX__LEAST_SQUARES_BATCH)
        return fmx__fail(fmx__device_context(ls->device), FMX_ERROR_SHAPE,
                         "least squares: %zu spectra at a time, at most %d are handled", count,
                         (int)FMX__LEAST_SQUARES_BATCH);
    fmx_status status = fmx__nnls(ls->device, ls->amounts, &of);
    if (status == FMX_OK)
        status = fmx__nnls_norms(ls->device, ls->norms, spectra, ls->weights, count, ls->points);
    if (status == FMX_OK)
        status = fmx_buffer_read(ls->amounts, 0, ls->host_amounts, count * stride * sizeof(float));
    if (status == FMX_OK)
        status = fmx_buffer_read(ls->norms, 0, ls->host_norms, count * sizeof(float));
    for (size_t m = 0; status == FMX_OK && m < count; ++m) {
        if (!isfinite(ls->host_norms[m]))
            return fmx__fail(fmx__device_context(ls->device), FMX_ERROR_FORMAT,
                             "least squares: spectrum %zu has values that are not finite", m);
        sum_classes(ls, ls->host_amounts + m * stride, ls->host_norms[m],
                    presence + m * ls->classes, proportion + m * ls->classes);
    }
    return status;
}

fmx_status fmx__least_squares_run(fmx__least_squares *ls, const float *spectra, size_t count,
                                  float *presence, float *proportion)
{
    fmx_context *ctx = fmx__device_context(ls->device);
    fmx_status status = FMX_OK;
    for (size_t first = 0; status == FMX_OK && first < count; first += FMX__LEAST_SQUARES_BATCH) {
        size_t now =
            count - first < FMX__LEAST_SQUARES_BATCH ? count - first : FMX__LEAST_SQUARES_BATCH;
        status = fmx__check_interrupt(ctx);
        if (status == FMX_OK)
            status = fmx_buffer_write(ls->spectra, 0, spectra + first * ls->points,
                                      now * ls->points * sizeof *spectra);
        if (status == FMX_OK)
            status =
                fmx__least_squares_run_buffer(ls, ls->spectra, now, presence + first * ls->classes,
                                              proportion + first * ls->classes);
        if (first > 0)
            status = fmx__fail_in(ctx, status, "spectra from %zu on", first);
    }
    return status;
}

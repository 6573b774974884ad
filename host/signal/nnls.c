#include "nnls.h"

#include <math.h>

/* as in kernels/nnls.cl */
enum {
    SIDE = 16,
    OWN = 4,
    TILE = SIDE * OWN,
    DEEP = 16,
    PAD = TILE + 4,
    GROUP = 64,
    NORM_GROUP = 256
};

#define MOST_POINTS ((size_t)1 << 24)

size_t fmx__nnls_stride(size_t rows)
{
    return (rows + 15) / 16 * 16;
}

static fmx_status check(fmx_device *device, size_t rows, size_t points, size_t count)
{
    if (rows < 1 || rows > FMX__NNLS_MOST_ROWS || points < 1 || points > MOST_POINTS || count < 1)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "nnls: %zu spectra of %zu points on a library of %zu rows; there must be "
                         "at least one of each, at most %d rows and %zu points",
                         count, points, rows, (int)FMX__NNLS_MOST_ROWS, MOST_POINTS);
    return FMX_OK;
}

/* out[m][k] = scale left[m] . right[k], out [rows_left][stride of rows_right] */
static fmx_status dots(fmx_device *device, fmx_buffer *out, fmx_buffer *left, fmx_buffer *right,
                       size_t rows_left, size_t rows_right, size_t points, double scale)
{
    bool wide = fmx__device_wide(device);
    size_t stride = fmx__nnls_stride(rows_right);
    size_t across = (stride + TILE - 1) / TILE;
    size_t down = (rows_left + TILE - 1) / TILE;
    fmx__arg args[] = {
        fmx__arg_buffer(out, rows_left * stride * sizeof(float)),
        fmx__arg_buffer(left, rows_left * points * sizeof(float)),
        fmx__arg_buffer(right, rows_right * points * sizeof(float)),
        fmx__arg_local(wide ? sizeof(float) : 2 * DEEP * PAD * sizeof(float)),
        fmx__arg_u32(rows_left),
        fmx__arg_u32(rows_right),
        fmx__arg_u32(points),
        fmx__arg_u32(stride),
        fmx__arg_f32(scale),
    };
    double products = (double)rows_left * (double)rows_right;
    fmx__launch job = {
        .stem = "nnls",
        .kernel = wide ? "nnls_dots_wide" : "nnls_dots",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 2,
        .global = {wide ? stride / OWN : across * SIDE,
                   wide ? (rows_left + OWN - 1) / OWN : down * SIDE},
        .local = {wide ? 1 : SIDE, wide ? 1 : SIDE},
        .fixed_group = !wide,
        .flops = 2 * products * (double)points,
        .bytes = sizeof(float) * ((double)(rows_left + rows_right) * (double)points + products),
    };
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__nnls_gram(fmx_device *device, fmx_buffer *gram, fmx_buffer *library, size_t rows,
                          size_t points)
{
    fmx_status status = check(device, rows, points, 1);
    if (status == FMX_OK)
        status = dots(device, gram, library, library, rows, rows, points, 1);
    return status;
}

static fmx_status descend(fmx_device *device, fmx_buffer *amounts, const fmx__nnls_of *of)
{
    bool wide = fmx__device_wide(device);
    size_t stride = fmx__nnls_stride(of->rows);
    size_t local = wide ? sizeof(float) : stride * sizeof(float);
    size_t values = of->count * stride;
    fmx__arg args[] = {
        fmx__arg_buffer(amounts, values * sizeof(float)),
        fmx__arg_buffer(of->gradient, values * sizeof(float)),
        fmx__arg_buffer(of->gram, of->rows * stride * sizeof(float)),
        fmx__arg_local(local),
        fmx__arg_local(local),
        fmx__arg_local(wide ? sizeof(float) : GROUP * sizeof(float)),
        fmx__arg_u32(of->rows),
        fmx__arg_u32(stride),
        fmx__arg_u32(of->sweeps > 0 ? of->sweeps : FMX__NNLS_SWEEPS),
        fmx__arg_f32(of->tolerance > 0 ? of->tolerance : FMX__NNLS_TOLERANCE),
    };
    double rows = (double)of->rows;
    fmx__launch job = {
        .stem = "nnls",
        .kernel = wide ? "nnls_descent_wide" : "nnls_descent",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {of->count},
        .local = {wide ? 1 : GROUP},
        /* of one sweep in which every coordinate moves; how many it takes depends on the data */
        .flops = 2 * (double)of->count * rows * rows,
        .bytes = sizeof(float) * (rows * rows + 3 * (double)of->count * rows),
    };
    return fmx__launch_kernel(device, &job);
}

fmx_status fmx__nnls(fmx_device *device, fmx_buffer *amounts, const fmx__nnls_of *of)
{
    fmx_status status = check(device, of->rows, of->points, of->count);
    if (status == FMX_OK && !(of->tolerance >= 0 && of->tolerance < 1))
        status = fmx__fail(fmx__device_context(device), FMX_ERROR_ARGUMENT,
                           "nnls: tolerance %g; it must be from 0 (the default) to below 1",
                           of->tolerance);
    if (status == FMX_OK)
        status = dots(device, of->gradient, of->spectra, of->library, of->count, of->rows,
                      of->points, -1);
    if (status == FMX_OK)
        status = descend(device, amounts, of);
    return status;
}

fmx_status fmx__nnls_norms(fmx_device *device, fmx_buffer *norms, fmx_buffer *spectra,
                           fmx_buffer *weights, size_t count, size_t points)
{
    bool wide = fmx__device_wide(device);
    fmx_status status = check(device, 1, points, count);
    if (status != FMX_OK)
        return status;
    fmx__arg args[] = {
        fmx__arg_buffer(norms, count * sizeof(float)),
        fmx__arg_buffer(spectra, count * points * sizeof(float)),
        fmx__arg_buffer(weights, points * sizeof(float)),
        fmx__arg_local(wide ? sizeof(float) : NORM_GROUP * sizeof(float)),
        fmx__arg_u32(points),
    };
    fmx__launch job = {
        .stem = "nnls",
        .kernel = wide ? "nnls_norms_wide" : "nnls_norms",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {count},
        .local = {wide ? 1 : NORM_GROUP},
        .flops = 3 * (double)count * (double)points,
        .bytes = sizeof(float) * ((double)points + (double)count * ((double)points + 1)),
    };
    return fmx__launch_kernel(device, &job);
}

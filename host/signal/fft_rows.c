#include "fft_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clfft_plan.h"
#include "fft_plan.h"

static const size_t most_scratch_bytes = (size_t)512 << 20;

size_t fmx__fft_chunk(fmx_device *device, size_t rows, size_t row_bytes)
{
    size_t most = fmx_device_describe(device)->largest_allocation_bytes / 4;
    if (most > most_scratch_bytes)
        most = most_scratch_bytes;
    size_t chunk = most / row_bytes;
    return chunk == 0 ? 1 : chunk < rows ? chunk : rows;
}

/* ---- the table, made once per device and length ---------------------------------------------- */

static fmx_status make_table(fmx_device *device, const void *from, void **out)
{
    const fmx__fft_shape *shape = from;
    float *table = NULL;
    fmx_buffer *buffer = NULL;
    size_t floats = fmx__fft_table(shape, NULL);
    fmx_status status = fmx__alloc(fmx__device_context(device), floats, sizeof *table,
                                   "a transform's table", &table);
    if (status == FMX_OK) {
        fmx__fft_table(shape, table);
        status = fmx_buffer_create_copy(device, table, floats * sizeof *table, &buffer);
    }
    free(table);
    *out = buffer;
    return status;
}

static void release_table(void *object)
{
    fmx_buffer_release(object);
}

static const fmx__cached_kind table_kind = {make_table, release_table};

/* ---- powers of two --------------------------------------------------------------------------- */

/* What the device allows, in shape; compiles the kernels at first use. */
static fmx_status device_limits(fmx_device *device, fmx__fft_shape *shape)
{
    const fmx_device_info *info = fmx_device_describe(device);
    size_t items = 1;
    fmx_status status = FMX_OK;
    shape->wide = fmx__device_wide(device);
    shape->local_bytes = info->local_memory_bytes;
    shape->compute_units = info->compute_units;
    if (!shape->wide)
        status = fmx__kernel_group(device, "fft", NULL, "fft_pass", &items);
    shape->largest_group = items < UINT32_MAX ? (uint32_t)items : UINT32_MAX;
    return status;
}

fmx_status fmx__fft_power(fmx_device *device, const fmx__fft *of)
{
    fmx__fft_shape shape = {.n = (uint32_t)of->points,
                            .out_stride = of->out_stride,
                            .in_stride = of->in_stride,
                            .scale = (float)of->scale,
                            .inverse = of->inverse,
                            .in_place = of->out == of->in};
    fmx__fft_buffers buffers = {.out = of->out, .in = of->in};
    fmx__fft_pass pass[2];
    char key[64];
    fmx_status status = device_limits(device, &shape);
    if (status != FMX_OK)
        return status;
    shape.rows = (uint32_t)fmx__fft_chunk(device, of->rows, 2 * sizeof(float) * of->points);
    size_t scratch_bytes = fmx__fft_scratch_bytes(&shape);
    snprintf(key, sizeof key, "fft %zu", of->points);
    status = fmx__device_cache(device, key, &table_kind, &shape, &buffers.table);
    if (status == FMX_OK && scratch_bytes > 0)
        status = fmx_buffer_create(device, scratch_bytes, &buffers.scratch);
    for (size_t row = 0; status == FMX_OK && row < of->rows; row += shape.rows) {
        if (shape.rows > of->rows - row)
            shape.rows = (uint32_t)(of->rows - row);
        shape.out_first = of->out_first + row * of->out_stride;
        shape.in_first = of->in_first + row * of->in_stride;
        /* fewer rows may want another way and so more scratch: the last, shorter go */
        size_t need = fmx__fft_scratch_bytes(&shape);
        if (need > scratch_bytes) {
            fmx_buffer_release(buffers.scratch);
            scratch_bytes = need;
            status = fmx_buffer_create(device, need, &buffers.scratch);
        }
        size_t count = fmx__fft_passes(&shape, &buffers, pass);
        for (size_t i = 0; status == FMX_OK && i < count; ++i)
            status = fmx__launch_kernel(device, &pass[i].launch);
    }
    fmx_buffer_release(buffers.scratch);
    return status;
}

/* ---- any length ------------------------------------------------------------------------------ */

/* The powers of two that the device's kernels can do, as a bound on n. */
static fmx_status longest_power(fmx_device *device, size_t *points)
{
    fmx__fft_shape shape = {.rows = 1, .out_stride = SIZE_MAX, .in_stride = SIZE_MAX};
    fmx_status status = device_limits(device, &shape);
    *points = FMX__FFT_MOST_POINTS;
    for (; *points > 1; *points /= 2) {
        shape.n = (uint32_t)*points;
        if (fmx__fft_possible(&shape))
            break;
    }
    return status;
}

fmx_status fmx__fft_length(fmx_device *device, size_t points)
{
    size_t longest = 0;
    fmx_status status = longest_power(device, &longest);
    bool power = (points & (points - 1)) == 0;
    if (status == FMX_OK && !fmx__clfft_knows(points) &&
        (points == 0 || points > (power ? longest : longest / 2)))
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "fft: %zu points; this device transforms 1 to %zu, powers of two up to "
                         "%zu, and up to %d what has only the factors 2, 3, 5, 7, 11 and 13",
                         points, longest / 2, longest, FMX__CLFFT_MOST_POINTS);
    return status;
}

/* Lengths beyond the own kernels. clFFT wants rows from element 0 on. */
static fmx_status by_clfft(fmx_device *device, const fmx__fft *of)
{
    fmx__clfft_of plan = {.out = of->out,
                          .in = of->in,
                          .rows = of->rows,
                          .points = of->points,
                          .out_stride = of->out_stride,
                          .in_stride = of->in_stride,
                          .inverse = of->inverse,
                          .scale = of->scale};
    if (of->out_first != 0 || of->in_first != 0)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "fft: rows of %zu points must start at the buffer's start", of->points);
    return fmx__clfft(device, &plan);
}

static bool overlap(const fmx__fft *of)
{
    size_t out_end = of->out_first + (of->rows - 1) * of->out_stride + of->points;
    size_t in_end = of->in_first + (of->rows - 1) * of->in_stride + of->points;
    bool same = of->out_first == of->in_first && of->out_stride == of->in_stride;
    return of->out == of->in && !same && of->out_first < in_end && of->in_first < out_end;
}

fmx_status fmx__fft_rows(fmx_device *device, const fmx__fft *given)
{
    fmx__fft of = *given;
    fmx_context *ctx = fmx__device_context(device);
    fmx_status status = fmx__fft_length(device, of.points);
    if (status != FMX_OK)
        return status;
    if (of.out_stride == 0)
        of.out_stride = of.points;
    if (of.in_stride == 0)
        of.in_stride = of.points;
    if (of.rows == 0 || of.rows > UINT32_MAX || of.out_stride < of.points ||
        of.in_stride < of.points || of.out_stride > UINT32_MAX || of.in_stride > UINT32_MAX ||
        of.out_first > SIZE_MAX / 64 || of.in_first > SIZE_MAX / 64)
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "fft: %zu rows of %zu points, %zu and %zu apart, is impossible", of.rows,
                         of.points, of.out_stride, of.in_stride);
    if (overlap(&of))
        return fmx__fail(ctx, FMX_ERROR_SHAPE, "fft: the results would overwrite other rows");
    size_t longest = 0;
    status = longest_power(device, &longest);
    bool power = of.points > 1 && (of.points & (of.points - 1)) == 0;
    if (status != FMX_OK)
        return status;
    if (of.points > (power ? longest : longest / 2))
        return by_clfft(device, &of);
    return power ? fmx__fft_power(device, &of) : fmx__fft_chirp(device, &of);
}

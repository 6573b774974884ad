#include "quantile.h"

#include <math.h>

#include "launch.h"

enum { GROUP = 256, PASSES = 4 };
enum { ABSOLUTE = 1, CENTRE = 2, LIMIT = 4 }; /* flags of kernels/quantile.cl */

static const size_t most_count = (size_t)1 << 25;
static const double q_scale = 274877906944.0; /* 2^38 */

static size_t blocks_of(const fmx__quantile_of *of)
{
    return of->blocks > 0 ? of->blocks : 1;
}

/* Floats that the kernel reaches in `data`; false when that overflows or exceeds 32 bits a row. */
static bool floats_reached(const fmx__quantile_of *of, size_t *out)
{
    size_t in_row = 0;
    size_t blocks = 0;
    size_t rows = 0;
    return fmx__size_mul(of->count - 1, of->step, &in_row) &&
           fmx__size_mul(blocks_of(of) - 1, of->block_stride, &blocks) &&
           fmx__size_add(in_row, blocks, &in_row) && fmx__size_add(in_row, of->first, &in_row) &&
           fmx__size_add(in_row, of->lag, &in_row) && fmx__size_add(in_row, 1, &in_row) &&
           in_row <= UINT32_MAX && fmx__size_mul(of->rows - 1, of->stride, &rows) &&
           fmx__size_add(rows, in_row, out) && fmx__size_mul(*out, sizeof(float), &rows);
}

static fmx_status check(fmx_context *ctx, const fmx__quantile_of *of, double q, size_t *floats)
{
    if (!(q >= 0 && q <= 1))
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT, "quantile: q is %g; 0 to 1 is possible", q);
    if (of->rows == 0 || of->count == 0 || of->count > most_count || of->step == 0 ||
        (of->lag > 0 && of->centre != NULL) || !floats_reached(of, floats))
        return fmx__fail(ctx, FMX_ERROR_SHAPE,
                         "quantile: %zu rows of %zu elements, step %zu, lag %zu: at least one row, "
                         "1 to %zu elements, a step, and not both a lag and a centre are possible",
                         of->rows, of->count, of->step, of->lag, most_count);
    return FMX_OK;
}

fmx_status fmx__quantile(fmx_buffer *out, const fmx__quantile_of *of, double q, fmx_device *device)
{
    bool wide = fmx__device_wide(device);
    size_t floats = 0;
    fmx_status status = check(fmx__device_context(device), of, q, &floats);
    if (status != FMX_OK)
        return status;
    size_t outputs = 0;
    if (!fmx__size_mul(of->rows, blocks_of(of), &outputs) || outputs > UINT32_MAX)
        return fmx__fail(fmx__device_context(device), FMX_ERROR_SHAPE,
                         "quantile: %zu rows of %zu blocks are too many", of->rows, of->blocks);
    size_t out_bytes = outputs * sizeof(float);
    size_t flags = (of->absolute ? (size_t)ABSOLUTE : 0) | (of->centre ? (size_t)CENTRE : 0) |
                   (of->limit ? (size_t)LIMIT : 0);
    fmx__arg args[] = {
        fmx__arg_buffer(out, out_bytes),
        fmx__arg_buffer(of->data, floats * sizeof(float)),
        /* a buffer that is not asked for is not read; something has to stand there */
        fmx__arg_buffer(of->centre ? of->centre : out, out_bytes),
        fmx__arg_buffer(of->limit ? of->limit : out, out_bytes),
        fmx__arg_u32(of->stride),
        fmx__arg_u32(blocks_of(of)),
        fmx__arg_u32(of->block_stride),
        fmx__arg_u32(of->first),
        fmx__arg_u32(of->step),
        fmx__arg_u32(of->lag),
        fmx__arg_u32(of->count),
        fmx__arg_u32(flags),
        fmx__arg_f32(of->limit_factor),
        fmx__arg_u64((uint64_t)llround(q * q_scale)),
    };
    double elements = (double)outputs * (double)of->count;
    fmx__launch job = {
        .stem = "quantile",
        .kernel = wide ? "quantile_wide" : "quantile",
        .arg = args,
        .arg_count = FMX__COUNT(args),
        .dims = 1,
        .groups = {outputs},
        .local = {wide ? 1 : GROUP},
        .fixed_group = true,
        /* a subtraction and a comparison per element and pass; the row is read once from memory,
         * later passes find it in a cache */
        .flops = elements * 2 * PASSES,
        .bytes = elements * (double)(of->step < 16 ? of->step : 16) * sizeof(float),
    };
    return fmx__launch_kernel(device, &job);
}

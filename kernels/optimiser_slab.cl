/* What stands around an optimiser: norms of gradients, and sums of slabs.
 *
 * Spans: at most 4096 floats of one tensor each, (first, count, row) in a table; the spans of a row
 * are neighbours. Row 0 is all of them together, rows from 1 are tensors.
 *
 * optimiser_squares        partial[span] = sum of squares; a group per span
 * optimiser_squares_wide   the same, an item per span; for PoCL
 * optimiser_norm           norm[row] = sqrt(sum of partial over the row's spans), one group each, and
 *                          factor[row] = min(1, limit / (norm + beside)): 1 where limit is 0
 * optimiser_scale          grad *= factor[row of the span]; a group per span
 * optimiser_blend          y = a y + b x; items of 16, the last takes its tail
 * optimiser_swap           x and y change places; the same
 *
 * Additions have a fixed order; it depends on the sizes of groups only. A norm that is NaN leaves
 * factor 1, so that the gradient's own NaN is what reaches the weights.
 *
 * Twin: host/ref/optimiser_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void optimiser_squares(__global float *partial, __global const float *g,
                                __global const uint4 *table, uint first_span,
                                __local float *scratch)
{
    size_t span = first_span + get_group_id(0);
    uint4 row = table[span];
    __global const float *at = g + (((ulong)row.y << 32) | row.x);
    float sum = 0.0f;
    for (size_t i = get_local_id(0); i < row.z; i += get_local_size(0))
        sum = fma(at[i], at[i], sum);
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        partial[span] = sum;
}

FMX_SUBGROUP_KERNEL
__kernel void optimiser_norm(__global float *norm, __global float *factor,
                             __global const float *partial, __global const uint2 *rows, float limit,
                             float beside, __local float *scratch)
{
    size_t row = get_group_id(0);
    uint2 spans = rows[row];
    float sum = 0.0f;
    for (size_t i = get_local_id(0); i < spans.y; i += get_local_size(0))
        sum += partial[spans.x + i];
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0) {
        float length = sqrt(sum);
        float share = limit / (length + beside);
        norm[row] = length;
        factor[row] = limit > 0.0f && share < 1.0f ? share : 1.0f;
    }
}

FMX_SUBGROUP_KERNEL
__kernel void optimiser_scale(__global float *g, __global const float *factor,
                              __global const uint4 *table, uint first_span)
{
    uint4 row = table[first_span + get_group_id(0)];
    __global float *at = g + (((ulong)row.y << 32) | row.x);
    float share = factor[row.w];
    for (size_t i = get_local_id(0); i < row.z; i += get_local_size(0))
        at[i] *= share;
}

FMX_SUBGROUP_KERNEL
__kernel void optimiser_blend(__global float *y, __global const float *x, ulong count, float a,
                              float b)
{
    size_t first = get_global_id(0) * 16;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            y[i] = fma(a, y[i], b * x[i]);
        return;
    }
    vstore16(fma((float16)(a), vload16(0, y + first), b * vload16(0, x + first)), 0, y + first);
}

FMX_SUBGROUP_KERNEL
__kernel void optimiser_swap(__global float *x, __global float *y, ulong count)
{
    size_t first = get_global_id(0) * 16;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i) {
            float kept = x[i];
            x[i] = y[i];
            y[i] = kept;
        }
        return;
    }
    float16 kept = vload16(0, x + first);
    vstore16(vload16(0, y + first), 0, x + first);
    vstore16(kept, 0, y + first);
}

#ifdef FMX_VARIANT_CPU
__kernel void optimiser_squares_wide(__global float *partial, __global const float *g,
                                     __global const uint4 *table, uint first_span, uint spans)
{
    size_t span = get_global_id(0);
    if (span >= spans)
        return;
    span += first_span;
    uint4 row = table[span];
    __global const float *at = g + (((ulong)row.y << 32) | row.x);
    float16 sum = 0.0f;
    size_t i = 0;
    for (; i + 16 <= row.z; i += 16)
        sum = fma(vload16(0, at + i), vload16(0, at + i), sum);
    float8 eight = sum.lo + sum.hi;
    float4 four = eight.lo + eight.hi;
    float all = (four.x + four.z) + (four.y + four.w);
    for (; i < row.z; ++i)
        all = fma(at[i], at[i], all);
    partial[span] = all;
}
#endif

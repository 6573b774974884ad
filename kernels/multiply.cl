/* Product of two tensors, out float [batch][channels][positions]; a has a_channels, 1 or channels, and
 * a_positions, 1 or positions: what it has once stands for all. The same for b. out may be a or b where
 * that has out's shape.
 *
 *   multiply               out[b][c][p] = a[b][c or 0][p or 0] b[b][c or 0][p or 0]; one item per value
 *   multiply_sum_rows      to[r] = sum of from[r][i], i < length; a group per row: its items take every
 *                          get_local_size(0)-th value, then fmx_group_sum
 *   multiply_sum_channels  to[b][p] = sum of from[b][c][p]; one item per position, over the channels in
 *                          their order
 *
 * multiply_wide, one item per 1024 values of a row; multiply_sum_rows_wide, one per row, vectors of 16
 * put aside after every 64; multiply_sum_channels_wide, one per 16 positions: for PoCL.
 *
 * Twin: host/ref/multiply_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void multiply(__global float *out, __global const float *a, __global const float *b,
                       ulong batch, uint channels, uint positions, uint a_channels,
                       uint a_positions, uint b_channels, uint b_positions)
{
    size_t i = get_global_id(0);
    size_t item = get_global_id(1);
    if (i >= (size_t)channels * positions || item >= batch)
        return;
    uint c = (uint)i / positions;
    uint p = (uint)i - c * positions;
    size_t in_a = (item * a_channels + (a_channels > 1 ? c : 0)) * a_positions;
    size_t in_b = (item * b_channels + (b_channels > 1 ? c : 0)) * b_positions;
    out[item * channels * positions + i] =
        a[in_a + (a_positions > 1 ? p : 0)] * b[in_b + (b_positions > 1 ? p : 0)];
}

FMX_SUBGROUP_KERNEL
__kernel void multiply_sum_rows(__global float *to, __global const float *from, ulong rows,
                                ulong length, __local float *scratch)
{
    size_t row = get_group_id(0);
    float sum = 0.0f;
    for (size_t i = get_local_id(0); i < length; i += get_local_size(0))
        sum += from[row * length + i];
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        to[row] = sum;
}

FMX_SUBGROUP_KERNEL
__kernel void multiply_sum_channels(__global float *to, __global const float *from, ulong batch,
                                    ulong channels, ulong positions)
{
    size_t p = get_global_id(0);
    size_t b = get_global_id(1);
    if (p >= positions || b >= batch)
        return;
    float sum = 0.0f;
    for (size_t c = 0; c < channels; ++c)
        sum += from[(b * channels + c) * positions + p];
    to[b * positions + p] = sum;
}

#ifdef FMX_VARIANT_CPU
#define MULTIPLY_RUN 1024

__kernel void multiply_wide(__global float *out, __global const float *a, __global const float *b,
                            ulong batch, uint channels, uint positions, uint a_channels,
                            uint a_positions, uint b_channels, uint b_positions)
{
    size_t runs = (positions + MULTIPLY_RUN - 1) / MULTIPLY_RUN;
    size_t c = get_global_id(0) / runs;
    size_t item = get_global_id(1);
    if (c >= channels || item >= batch)
        return;
    size_t p = get_global_id(0) % runs * MULTIPLY_RUN;
    size_t end = min(p + MULTIPLY_RUN, (size_t)positions);
    bool many_a = a_positions > 1;
    bool many_b = b_positions > 1;
    out += (item * channels + c) * positions;
    a += (item * a_channels + (a_channels > 1 ? c : 0)) * a_positions;
    b += (item * b_channels + (b_channels > 1 ? c : 0)) * b_positions;
    for (; p + 16 <= end; p += 16) {
        float16 x = many_a ? vload16(0, a + p) : (float16)(a[0]);
        float16 y = many_b ? vload16(0, b + p) : (float16)(b[0]);
        vstore16(x * y, 0, out + p);
    }
    for (; p < end; ++p)
        out[p] = a[many_a ? p : 0] * b[many_b ? p : 0];
}

__kernel void multiply_sum_rows_wide(__global float *to, __global const float *from, ulong rows,
                                     ulong length)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    from += row * length;
    float16 whole = (float16)(0.0f);
    size_t i = 0;
    while (i + 16 <= length) {
        float16 sum = (float16)(0.0f);
        for (size_t stop = min(i + 1024, (size_t)length); i + 16 <= stop; i += 16)
            sum += vload16(0, from + i);
        whole += sum;
    }
    float rest = 0.0f;
    for (; i < length; ++i)
        rest += from[i];
    float8 eight = whole.lo + whole.hi;
    float4 four = eight.lo + eight.hi;
    to[row] = ((four.x + four.y) + (four.z + four.w)) + rest;
}

__kernel void multiply_sum_channels_wide(__global float *to, __global const float *from, ulong batch,
                                         ulong channels, ulong positions)
{
    size_t p = get_global_id(0) * 16;
    size_t b = get_global_id(1);
    if (p >= positions || b >= batch)
        return;
    from += b * channels * positions;
    to += b * positions;
    if (p + 16 <= positions) {
        float16 sum = (float16)(0.0f);
        for (size_t c = 0; c < channels; ++c)
            sum += vload16(0, from + c * positions + p);
        vstore16(sum, 0, to + p);
        return;
    }
    for (; p < positions; ++p) {
        float sum = 0.0f;
        for (size_t c = 0; c < channels; ++c)
            sum += from[c * positions + p];
        to[p] = sum;
    }
}
#endif

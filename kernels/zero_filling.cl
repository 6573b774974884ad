/* Rows moved into rows of another length: the copy behind zero_filling and digital_filter.
 *
 *   out[row][j] = weight (in[first + j] + (j < fold ? in[first - 1 - j] : 0))   j < keep
 *               = in[j - (points - wrap)]                                       j >= points - wrap
 *               = 0                                                             between
 *
 * with weight = weights[row] for j = 0 and 1 for every other point.
 *
 * out      complex64 [rows][points]
 * in       complex64 [rows][in_points], another buffer
 * moves    uint4 [rows]: first, keep, fold, wrap; keep + wrap <= points, first + keep <= in_points
 * weights  float [rows]
 *
 * zero_filling       one item per complex point; GPUs and Intel's CPU runtime
 * zero_filling_wide  one item per 8 points of a row, for PoCL; items that lie whole inside the copied
 *                    or the zeroed part move one float16, the others go point by point
 *
 * Twin: host/ref/zero_filling_ref.c.
 */

static inline float2 zero_filling_point(__global const float2 *in, uint4 move, float weight,
                                        uint points, uint j)
{
    float2 v = (float2)(0.0f);
    if (j < move.y) {
        v = in[move.x + j];
        if (j < move.z)
            v += in[move.x - 1 - j];
        if (j == 0)
            v *= weight;
    } else if (j >= points - move.w) {
        v = in[j - (points - move.w)];
    }
    return v;
}

FMX_SUBGROUP_KERNEL
__kernel void zero_filling(__global float2 *out, __global const float2 *in,
                           __global const uint4 *moves, __global const float *weights, uint rows,
                           uint points, uint in_points)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    out[row * points + j] =
        zero_filling_point(in + row * in_points, moves[row], weights[row], points, (uint)j);
}

#ifdef FMX_VARIANT_CPU
__kernel void zero_filling_wide(__global float2 *out, __global const float2 *in,
                                __global const uint4 *moves, __global const float *weights,
                                uint rows, uint points, uint in_points)
{
    uint j = (uint)get_global_id(0) * 8;
    size_t row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    uint4 move = moves[row];
    __global const float2 *from = in + row * in_points;
    __global float *to = (__global float *)(out + row * points + j);
    if (j > 0 && j >= move.z && j + 8 <= move.y) {
        vstore16(vload16(0, (__global const float *)(from + move.x + j)), 0, to);
    } else if (j >= move.y && j + 8 <= points - move.w) {
        vstore16((float16)(0.0f), 0, to);
    } else {
        uint end = min(points - j, 8u);
        for (uint i = 0; i < end; ++i)
            vstore2(zero_filling_point(from, move, weights[row], points, j + i), i, to);
    }
}
#endif

/* The bias of a transposed convolution, out [batch][filters][positions]; its products are those of
 * conv1d.cl with the directions exchanged (host/ops/conv1d_transpose.c).
 *
 * conv1d_transpose_bias           out[b][f][n] += bias[f]; one item per value
 * conv1d_transpose_bias_gradient  grad_bias[f] = sum over b, n of grad[b][f][n]; a group per filter, its
 *                                 items take every get_local_size(0)-th position of every item of the
 *                                 batch, then fmx_group_sum
 * ..._gradient_wide               for PoCL: one item per filter, rows in vectors of 16, put aside after
 *                                 every 64 vectors
 *
 * Twin: host/ref/conv1d_transpose_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void conv1d_transpose_bias(__global float *out, __global const float *bias, ulong rows,
                                    ulong filters, ulong positions)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n < positions && row < rows)
        out[row * positions + n] += bias[row % filters];
}

FMX_SUBGROUP_KERNEL
__kernel void conv1d_transpose_bias_gradient(__global float *grad_bias, __global const float *grad,
                                             ulong batch, ulong filters, ulong positions,
                                             __local float *scratch)
{
    size_t filter = get_group_id(0);
    float whole = 0.0f;
    for (size_t b = 0; b < batch; ++b) {
        __global const float *row = grad + (b * filters + filter) * positions;
        float sum = 0.0f;
        for (size_t n = get_local_id(0); n < positions; n += get_local_size(0))
            sum += row[n];
        whole += sum;
    }
    whole = fmx_group_sum(whole, scratch);
    if (get_local_id(0) == 0)
        grad_bias[filter] = whole;
}

#ifdef FMX_VARIANT_CPU
__kernel void conv1d_transpose_bias_gradient_wide(__global float *grad_bias,
                                                  __global const float *grad, ulong batch,
                                                  ulong filters, ulong positions)
{
    size_t filter = get_global_id(0);
    float16 whole = (float16)(0.0f);
    float rest = 0.0f;
    if (filter >= filters)
        return;
    for (size_t b = 0; b < batch; ++b) {
        __global const float *row = grad + (b * filters + filter) * positions;
        size_t n = 0;
        while (n + 16 <= positions) {
            float16 sum = (float16)(0.0f);
            for (size_t stop = min(n + 1024, (size_t)positions); n + 16 <= stop; n += 16)
                sum += vload16(0, row + n);
            whole += sum;
        }
        float tail = 0.0f;
        for (; n < positions; ++n)
            tail += row[n];
        rest += tail;
    }
    float8 eight = whole.lo + whole.hi;
    float4 four = eight.lo + eight.hi;
    grad_bias[filter] = ((four.x + four.y) + (four.z + four.w)) + rest;
}
#endif

/* PReLU: y = x where x > 0, otherwise w x with a learned slope w; one for all values or one for each
 * channel. float x, y [rows][length], the last row may be shorter: `count` values in all; row r has the
 * slope w[r % slopes]. With a slope for each channel a row is a channel of an item; with one slope the
 * host cuts all values into rows of its choice.
 *
 *   dL/dx = g where x > 0, otherwise w g;   dL/dw = sum of g x over the slope's values with x <= 0
 *
 * prelu_forward     one item per value
 * prelu_backward    a group per row: dL/dx (NULL: not wanted) and the row's sum of g x in part[row]
 * prelu_slope       a group per slope: the sum of its rows' parts
 *
 * Sums: items take every get_local_size(0)-th value, then fmx_group_sum; the order depends on the
 * group's size only. For PoCL: prelu_forward_wide, prelu_backward_wide, one item per row, sixteen sums
 * along the row, put aside every 64 vectors; prelu_slope_wide, one item per slope.
 *
 * NaN stays NaN. Twin: host/ref/prelu_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void prelu_forward(__global float *y, __global const float *x, __global const float *w,
                            ulong count, uint length, uint slopes)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    size_t i = row * length + n;
    if (n >= length || i >= count)
        return;
    float value = x[i];
    y[i] = value > 0.0f ? value : w[row % slopes] * value;
}

FMX_SUBGROUP_KERNEL
__kernel void prelu_backward(__global float *grad_x, __global float *part,
                             __global const float *grad_y, __global const float *x,
                             __global const float *w, ulong count, uint length, uint slopes,
                             __local float *scratch)
{
    size_t row = get_group_id(0);
    size_t end = min((row + 1) * length, (size_t)count);
    float slope = w[row % slopes];
    float sum = 0.0f;
    for (size_t i = row * length + get_local_id(0); i < end; i += get_local_size(0)) {
        float value = x[i];
        float g = grad_y[i];
        bool above = value > 0.0f;
        sum = fma(g, above ? 0.0f : value, sum);
        if (grad_x)
            grad_x[i] = above ? g : slope * g;
    }
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        part[row] = sum;
}

FMX_SUBGROUP_KERNEL
__kernel void prelu_slope(__global float *grad_w, __global const float *part, ulong rows, uint slopes,
                          __local float *scratch)
{
    size_t slope = get_group_id(0);
    float sum = 0.0f;
    for (size_t r = slope + get_local_id(0) * slopes; r < rows; r += get_local_size(0) * slopes)
        sum += part[r];
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        grad_w[slope] = sum;
}

#ifdef FMX_VARIANT_CPU
__kernel void prelu_forward_wide(__global float *y, __global const float *x, __global const float *w,
                                 ulong count, uint length, uint slopes)
{
    size_t row = get_global_id(0);
    size_t i = row * length;
    if (i >= count)
        return;
    size_t end = min(i + length, (size_t)count);
    float slope = w[row % slopes];
    for (; i + 16 <= end; i += 16) {
        float16 value = vload16(0, x + i);
        vstore16(select(slope * value, value, value > 0.0f), 0, y + i);
    }
    for (; i < end; ++i)
        y[i] = x[i] > 0.0f ? x[i] : slope * x[i];
}

__kernel void prelu_backward_wide(__global float *grad_x, __global float *part,
                                  __global const float *grad_y, __global const float *x,
                                  __global const float *w, ulong count, uint length, uint slopes)
{
    size_t row = get_global_id(0);
    size_t i = row * length;
    if (i >= count)
        return;
    size_t end = min(i + length, (size_t)count);
    float slope = w[row % slopes];
    float16 whole = (float16)(0.0f);
    while (i + 16 <= end) {
        size_t stop = min(end, i + 64 * 16);
        float16 sum = (float16)(0.0f);
        for (; i + 16 <= stop; i += 16) {
            float16 value = vload16(0, x + i);
            float16 g = vload16(0, grad_y + i);
            sum = fma(g, select(value, (float16)(0.0f), value > 0.0f), sum);
            if (grad_x)
                vstore16(select(slope * g, g, value > 0.0f), 0, grad_x + i);
        }
        whole += sum;
    }
    float rest = 0.0f;
    for (; i < end; ++i) {
        bool above = x[i] > 0.0f;
        rest = fma(grad_y[i], above ? 0.0f : x[i], rest);
        if (grad_x)
            grad_x[i] = above ? grad_y[i] : slope * grad_y[i];
    }
    float8 eight = whole.lo + whole.hi;
    float4 four = eight.lo + eight.hi;
    part[row] = ((four.x + four.y) + (four.z + four.w)) + rest;
}

__kernel void prelu_slope_wide(__global float *grad_w, __global const float *part, ulong rows,
                               uint slopes)
{
    size_t slope = get_global_id(0);
    if (slope >= slopes)
        return;
    float sum = 0.0f;
    for (size_t r = slope; r < rows;) {
        float few = 0.0f;
        for (size_t stop = min(r + 64 * (size_t)slopes, (size_t)rows); r < stop; r += slopes)
            few += part[r];
        sum += few;
    }
    grad_w[slope] = sum;
}
#endif

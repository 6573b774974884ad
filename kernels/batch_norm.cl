/* Batch normalisation of x, float [batch][channels][positions]; a row is one channel of one item.
 *
 *   y = (x - mean_c) * inverse_c * weight_c + bias_c,   inverse = 1 / sqrt(variance + epsilon)
 *
 * Training takes mean and (biased) variance of channel c over all rows and positions, and moves the
 * running ones: running += rate (batch value - running), the variance times `unbias` first.
 *
 * batch_norm_rows[_wide]           mean and sum of squared deviations of each row (two passes over the
 *                                  row, which is near): float2 [batch][channels]
 * batch_norm_statistics            one item per channel: combines its rows in their order (Chan et al.
 *                                  1983), moves the running values, leaves (mean, inverse) float2
 *                                  [channels]
 * batch_norm_running               evaluation: (mean, inverse) from the running values
 * batch_norm_apply[_wide]          y, with relu where asked
 * batch_norm_gradient_rows[_wide]  sums of g and g xhat of each row, float2 [batch][channels], g = dL/dy,
 *                                  0 where a fused relu cut y; xhat = (x - mean) inverse
 * batch_norm_gradient_channels     one item per channel: sums the rows in their order: gradients of
 *                                  bias and weight; their means over all values go where the
 *                                  sums of the first item were, for
 * batch_norm_gradient_apply[_wide] dL/dx = weight inverse (g - mean(g) - xhat mean(g xhat))
 *
 * The plain row kernels: one group per row, one item takes every n-th position; _wide: one item per
 * row, 16 positions at a time, without barriers, for PoCL. Sums are in a fixed order.
 *
 * Twin: host/ref/batch_norm_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void batch_norm_rows(__global float2 *rows, __global const float *x, ulong positions,
                              __local float *scratch)
{
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    __global const float *from = x + row * positions;
    float sum = 0.0f;
    for (size_t n = l; n < positions; n += items)
        sum += from[n];
    float mean = fmx_group_sum(sum, scratch) / (float)positions;
    float squares = 0.0f;
    for (size_t n = l; n < positions; n += items) {
        float d = from[n] - mean;
        squares = fma(d, d, squares);
    }
    squares = fmx_group_sum(squares, scratch);
    if (l == 0)
        rows[row] = (float2)(mean, squares);
}

__kernel void batch_norm_statistics(__global float2 *statistics, __global float *running_mean,
                                    __global float *running_var, __global const float2 *rows,
                                    ulong batch, ulong channels, ulong positions, float epsilon,
                                    float rate, float unbias)
{
    size_t c = get_global_id(0);
    if (c >= channels)
        return;
    float mean = 0.0f;
    float squares = 0.0f;
    float each = (float)positions;
    for (size_t b = 0; b < batch; ++b) {
        float2 row = rows[b * channels + c];
        float before = (float)b * each;
        float delta = row.x - mean;
        float share = each / (before + each);
        mean = fma(delta, share, mean);
        squares += row.y + delta * delta * before * share;
    }
    float variance = squares / ((float)batch * each);
    statistics[c] = (float2)(mean, 1.0f / sqrt(variance + epsilon));
    running_mean[c] += rate * (mean - running_mean[c]);
    running_var[c] += rate * (variance * unbias - running_var[c]);
}

__kernel void batch_norm_running(__global float2 *statistics, __global const float *running_mean,
                                 __global const float *running_var, ulong channels, float epsilon)
{
    size_t c = get_global_id(0);
    if (c < channels)
        statistics[c] = (float2)(running_mean[c], 1.0f / sqrt(running_var[c] + epsilon));
}

FMX_SUBGROUP_KERNEL
__kernel void batch_norm_apply(__global float *y, __global const float *x,
                               __global const float2 *statistics, __global const float *weight,
                               __global const float *bias, ulong rows, ulong channels,
                               ulong positions, uint relu)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= positions || row >= rows)
        return;
    size_t c = row % channels;
    float2 s = statistics[c];
    float value = (x[row * positions + n] - s.x) * (s.y * weight[c]) + bias[c];
    if (relu != 0 && value <= 0.0f)
        value = 0.0f;
    y[row * positions + n] = value;
}

FMX_SUBGROUP_KERNEL
__kernel void batch_norm_gradient_rows(__global float2 *sums, __global const float *grad_y,
                                       __global const float *y, __global const float *x,
                                       __global const float2 *statistics, ulong channels,
                                       ulong positions, uint relu, __local float *scratch)
{
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    float2 s = statistics[row % channels];
    size_t start = row * positions;
    float sum = 0.0f;
    float product = 0.0f;
    for (size_t n = l; n < positions; n += items) {
        float g = relu != 0 && y[start + n] <= 0.0f ? 0.0f : grad_y[start + n];
        sum += g;
        product = fma(g, (x[start + n] - s.x) * s.y, product);
    }
    sum = fmx_group_sum(sum, scratch);
    product = fmx_group_sum(product, scratch);
    if (l == 0)
        sums[row] = (float2)(sum, product);
}

__kernel void batch_norm_gradient_channels(__global float *grad_weight, __global float *grad_bias,
                                           __global float2 *sums, ulong batch, ulong channels,
                                           ulong positions)
{
    size_t c = get_global_id(0);
    if (c >= channels)
        return;
    float2 sum = (float2)(0.0f);
    for (size_t b = 0; b < batch; ++b)
        sum += sums[b * channels + c];
    grad_bias[c] = sum.x;
    grad_weight[c] = sum.y;
    sums[c] = sum / ((float)batch * (float)positions);
}

FMX_SUBGROUP_KERNEL
__kernel void batch_norm_gradient_apply(__global float *grad_x, __global const float *grad_y,
                                        __global const float *y, __global const float *x,
                                        __global const float2 *statistics,
                                        __global const float2 *means, __global const float *weight,
                                        ulong rows, ulong channels, ulong positions, uint relu)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= positions || row >= rows)
        return;
    size_t c = row % channels;
    size_t at = row * positions + n;
    float2 s = statistics[c];
    float2 m = means[c];
    float g = relu != 0 && y[at] <= 0.0f ? 0.0f : grad_y[at];
    grad_x[at] = weight[c] * s.y * (g - m.x - (x[at] - s.x) * s.y * m.y);
}

#ifdef FMX_VARIANT_CPU
/* Sum of the sixteen in a fixed order. */
static inline float batch_norm_sum16(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

__kernel void batch_norm_rows_wide(__global float2 *rows, __global const float *x, ulong positions,
                                   ulong count)
{
    size_t row = get_global_id(0);
    if (row >= count)
        return;
    __global const float *from = x + row * positions;
    size_t whole = positions / 16;
    float16 sum16 = (float16)(0.0f);
    for (size_t i = 0; i < whole; ++i)
        sum16 += vload16(i, from);
    float sum = batch_norm_sum16(sum16);
    for (size_t n = whole * 16; n < positions; ++n)
        sum += from[n];
    float mean = sum / (float)positions;
    float16 squares16 = (float16)(0.0f);
    for (size_t i = 0; i < whole; ++i) {
        float16 d = vload16(i, from) - mean;
        squares16 = fma(d, d, squares16);
    }
    float squares = batch_norm_sum16(squares16);
    for (size_t n = whole * 16; n < positions; ++n) {
        float d = from[n] - mean;
        squares = fma(d, d, squares);
    }
    rows[row] = (float2)(mean, squares);
}

__kernel void batch_norm_apply_wide(__global float *y, __global const float *x,
                                    __global const float2 *statistics, __global const float *weight,
                                    __global const float *bias, ulong rows, ulong channels,
                                    ulong positions, uint relu)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    size_t c = row % channels;
    float2 s = statistics[c];
    float slope = s.y * weight[c];
    float shift = bias[c];
    float least = relu != 0 ? 0.0f : -INFINITY;
    __global const float *from = x + row * positions;
    __global float *to = y + row * positions;
    size_t whole = positions / 16;
    for (size_t i = 0; i < whole; ++i) {
        float16 value = (vload16(i, from) - s.x) * slope + shift;
        vstore16(select(value, (float16)(least), value < least), i, to);
    }
    for (size_t n = whole * 16; n < positions; ++n) {
        float value = (from[n] - s.x) * slope + shift;
        to[n] = value < least ? least : value;
    }
}

__kernel void batch_norm_gradient_rows_wide(__global float2 *sums, __global const float *grad_y,
                                            __global const float *y, __global const float *x,
                                            __global const float2 *statistics, ulong channels,
                                            ulong positions, uint relu, ulong count)
{
    size_t row = get_global_id(0);
    if (row >= count)
        return;
    float2 s = statistics[row % channels];
    size_t start = row * positions;
    size_t whole = positions / 16;
    float16 sum16 = (float16)(0.0f);
    float16 product16 = (float16)(0.0f);
    for (size_t i = 0; i < whole; ++i) {
        float16 g = vload16(i, grad_y + start);
        if (relu != 0)
            g = select(g, (float16)(0.0f), vload16(i, y + start) <= 0.0f);
        sum16 += g;
        product16 = fma(g, (vload16(i, x + start) - s.x) * s.y, product16);
    }
    float sum = batch_norm_sum16(sum16);
    float product = batch_norm_sum16(product16);
    for (size_t n = whole * 16; n < positions; ++n) {
        float g = relu != 0 && y[start + n] <= 0.0f ? 0.0f : grad_y[start + n];
        sum += g;
        product = fma(g, (x[start + n] - s.x) * s.y, product);
    }
    sums[row] = (float2)(sum, product);
}

__kernel void batch_norm_gradient_apply_wide(__global float *grad_x, __global const float *grad_y,
                                             __global const float *y, __global const float *x,
                                             __global const float2 *statistics,
                                             __global const float2 *means,
                                             __global const float *weight, ulong rows,
                                             ulong channels, ulong positions, uint relu)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    size_t c = row % channels;
    float2 s = statistics[c];
    float2 m = means[c];
    float factor = weight[c] * s.y;
    size_t start = row * positions;
    size_t whole = positions / 16;
    for (size_t i = 0; i < whole; ++i) {
        float16 g = vload16(i, grad_y + start);
        if (relu != 0)
            g = select(g, (float16)(0.0f), vload16(i, y + start) <= 0.0f);
        float16 xhat = (vload16(i, x + start) - s.x) * s.y;
        vstore16(factor * (g - m.x - xhat * m.y), i, grad_x + start);
    }
    for (size_t n = whole * 16; n < positions; ++n) {
        float g = relu != 0 && y[start + n] <= 0.0f ? 0.0f : grad_y[start + n];
        grad_x[start + n] = factor * (g - m.x - (x[start + n] - s.x) * s.y * m.y);
    }
}
#endif

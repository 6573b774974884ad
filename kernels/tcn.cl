/* Depthwise convolution, PReLU and normalisation of a whole item in one piece, of x, float
 * [batch][channels][positions]; a row is one channel of one item:
 *
 *   u[n] = bias_c + sum_t weight[c][t] x[n + t dilation - left]     or u = x, where taps is 0
 *   p    = u where u > 0, slope u elsewhere
 *   y    = (p - mean) inverse norm_weight_c + norm_bias_c,   mean and inverse = 1 / sqrt(variance +
 *          epsilon) over channels and positions of the item
 *
 * u and p are never written: they are computed again wherever they are wanted, so that forward
 * reads x twice and writes y, backward reads x and g = dL/dy twice and writes dL/dx.
 *
 * tcn_statistics[_wide]  mean and sum of squared deviations of p in each row: float2 [row]
 * tcn_finish[_wide]      one group (item) per item of the batch: joins its rows, all equally long,
 *                        into (mean, inverse)
 * tcn_apply[_wide]       y
 * Backward; parts: float [row][taps + 4]: sums of g, g xhat, dp min(u, 0), du, du x (each tap)
 * tcn_sums[_wide]        the first two of each row
 * tcn_means              one group per item of the batch: means of q = g norm_weight and q xhat
 * tcn_gradient           du = dp (1 or slope), dp = inverse (q - mean(q) - xhat mean(q xhat)), into
 *                        `to` (may be g itself), and the third of the parts; the convolution's own
 *                        backward follows
 * tcn_gradient_wide      dL/dx and the other parts
 * tcn_collect            sums of parts over the batch, in its order
 *
 * The plain kernels: a group per row, an item per value; the statistics in two passes. _wide: an
 * item per row, segments of 2048 positions with the reach of the taps on both sides in private
 * memory, 16 positions at a time, for PoCL. Its statistics take one pass: in each segment of n
 * values they are sums of d = p - shift, shift the mean of its first k = 16 (or the first value of
 * fewer). As the variance is at least about k / n (mean - shift)^2, sum d^2 - (sum d)^2 / n loses
 * at most a factor n / k = 128 in relative precision whatever the data; segments are joined as
 * Chan et al. do.
 *
 * Sums have a fixed order. Twin: host/ref/tcn_ref.c.
 */

static inline float tcn_prelu(float u, float slope)
{
    return u > 0.0f ? u : slope * u;
}

/* u at n; the row is zero outside. */
static inline float tcn_u(__global const float *x, long n, long positions,
                          __global const float *weight, float bias, long taps, long dilation,
                          long left)
{
    if (taps == 0)
        return x[n];
    float u = bias;
    for (long t = 0; t < taps; ++t) {
        long i = n + t * dilation - left;
        if (i >= 0 && i < positions)
            u = fma(weight[t], x[i], u);
    }
    return u;
}

FMX_SUBGROUP_KERNEL
__kernel void tcn_statistics(__global float2 *rows, __global const float *x,
                             __global const float *weight, __global const float *bias,
                             __global const float *slope, ulong channels, long positions, long taps,
                             long dilation, long left)
{
    __local float scratch[256];
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    size_t c = row % channels;
    float a = slope[0];
    float start = taps > 0 && bias != 0 ? bias[c] : 0.0f;
    weight += c * (size_t)taps;
    x += row * (size_t)positions;
    float sum = 0.0f;
    for (size_t n = l; n < (size_t)positions; n += items)
        sum += tcn_prelu(tcn_u(x, (long)n, positions, weight, start, taps, dilation, left), a);
    float mean = fmx_group_sum(sum, scratch) / (float)positions;
    float squares = 0.0f;
    for (size_t n = l; n < (size_t)positions; n += items) {
        float u = tcn_u(x, (long)n, positions, weight, start, taps, dilation, left);
        float d = tcn_prelu(u, a) - mean;
        squares = fma(d, d, squares);
    }
    squares = fmx_group_sum(squares, scratch);
    if (l == 0)
        rows[row] = (float2)(mean, squares);
}

FMX_SUBGROUP_KERNEL
__kernel void tcn_finish(__global float2 *statistics, __global const float2 *rows, ulong channels,
                         long positions, float epsilon)
{
    __local float scratch[256];
    size_t b = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    float sum = 0.0f;
    for (size_t c = l; c < channels; c += items)
        sum += rows[b * channels + c].x;
    float mean = fmx_group_sum(sum, scratch) / (float)channels;
    float squares = 0.0f;
    for (size_t c = l; c < channels; c += items) {
        float2 row = rows[b * channels + c];
        float d = row.x - mean;
        squares += row.y + d * d * (float)positions;
    }
    squares = fmx_group_sum(squares, scratch) / ((float)channels * (float)positions);
    if (l == 0)
        statistics[b] = (float2)(mean, 1.0f / sqrt(squares + epsilon));
}

FMX_SUBGROUP_KERNEL
__kernel void tcn_apply(__global float *y, __global const float *x, __global const float *weight,
                        __global const float *bias, __global const float *slope,
                        __global const float2 *statistics, __global const float *norm_weight,
                        __global const float *norm_bias, ulong rows, ulong channels, long positions,
                        long taps, long dilation, long left)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= (size_t)positions || row >= rows)
        return;
    size_t c = row % channels;
    float2 s = statistics[row / channels];
    float start = taps > 0 && bias != 0 ? bias[c] : 0.0f;
    float u = tcn_u(x + row * (size_t)positions, (long)n, positions, weight + c * (size_t)taps,
                    start, taps, dilation, left);
    float xhat = (tcn_prelu(u, slope[0]) - s.x) * s.y;
    if (norm_weight != 0)
        xhat = fma(xhat, norm_weight[c], norm_bias[c]);
    y[row * (size_t)positions + n] = xhat;
}

FMX_SUBGROUP_KERNEL
__kernel void tcn_sums(__global float *work, ulong parts_at, __global const float *grad_y,
                       __global const float *x, __global const float *weight,
                       __global const float *bias, __global const float *slope,
                       __global const float2 *statistics, ulong channels, long positions,
                       long taps, long dilation, long left)
{
    __local float scratch[256];
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t c = row % channels;
    float2 s = statistics[row / channels];
    float a = slope[0];
    float start = taps > 0 && bias != 0 ? bias[c] : 0.0f;
    weight += c * (size_t)taps;
    x += row * (size_t)positions;
    grad_y += row * (size_t)positions;
    float sum = 0.0f;
    float product = 0.0f;
    for (size_t n = l; n < (size_t)positions; n += get_local_size(0)) {
        float u = tcn_u(x, (long)n, positions, weight, start, taps, dilation, left);
        sum += grad_y[n];
        product = fma(grad_y[n], (tcn_prelu(u, a) - s.x) * s.y, product);
    }
    sum = fmx_group_sum(sum, scratch);
    product = fmx_group_sum(product, scratch);
    if (l == 0) {
        work[parts_at + row * (size_t)(taps + 4)] = sum;
        work[parts_at + row * (size_t)(taps + 4) + 1] = product;
    }
}

/* means: float2 [batch] at the start of the scratch, parts from `parts_at` on. */
FMX_SUBGROUP_KERNEL
__kernel void tcn_means(__global float *work, ulong parts_at, __global const float *norm_weight,
                        ulong channels, long positions, long taps)
{
    __local float scratch[256];
    size_t b = get_group_id(0);
    size_t l = get_local_id(0);
    __global const float *parts = work + parts_at + b * channels * (size_t)(taps + 4);
    float sum = 0.0f;
    float product = 0.0f;
    for (size_t c = l; c < channels; c += get_local_size(0)) {
        float w = norm_weight != 0 ? norm_weight[c] : 1.0f;
        sum = fma(w, parts[c * (size_t)(taps + 4)], sum);
        product = fma(w, parts[c * (size_t)(taps + 4) + 1], product);
    }
    sum = fmx_group_sum(sum, scratch);
    product = fmx_group_sum(product, scratch);
    if (l == 0) {
        float count = (float)channels * (float)positions;
        work[2 * b] = sum / count;
        work[2 * b + 1] = product / count;
    }
}

FMX_SUBGROUP_KERNEL
__kernel void tcn_gradient(__global float *to, __global float *work, ulong parts_at,
                           __global const float *grad_y, __global const float *x,
                           __global const float *weight, __global const float *bias,
                           __global const float *slope, __global const float2 *statistics,
                           __global const float *norm_weight, ulong channels, long positions,
                           long taps, long dilation, long left)
{
    __local float scratch[256];
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t c = row % channels;
    float2 s = statistics[row / channels];
    float2 m = vload2(row / channels, work);
    float w = norm_weight != 0 ? norm_weight[c] : 1.0f;
    float a = slope[0];
    float start = taps > 0 && bias != 0 ? bias[c] : 0.0f;
    weight += c * (size_t)taps;
    x += row * (size_t)positions;
    grad_y += row * (size_t)positions;
    if (to != 0)
        to += row * (size_t)positions;
    float sum = 0.0f;
    for (size_t n = l; n < (size_t)positions; n += get_local_size(0)) {
        float u = tcn_u(x, (long)n, positions, weight, start, taps, dilation, left);
        float xhat = (tcn_prelu(u, a) - s.x) * s.y;
        float dp = s.y * (grad_y[n] * w - m.x - xhat * m.y);
        sum = fma(dp, u > 0.0f ? 0.0f : u, sum);
        if (to != 0)
            to[n] = u > 0.0f ? dp : a * dp;
    }
    sum = fmx_group_sum(sum, scratch);
    if (l == 0)
        work[parts_at + row * (size_t)(taps + 4) + 2] = sum;
}

/* Item (which part, channel); the slope's is that of channel 0. Where `all` is 0 the convolution's
 * own sums are left out. */
__kernel void tcn_collect(__global float *grad_weight, __global float *grad_bias,
                          __global float *grad_slope, __global float *grad_norm_weight,
                          __global float *grad_norm_bias, __global const float *work,
                          ulong parts_at, ulong batch, ulong channels, long taps, uint all)
{
    size_t k = get_global_id(0);
    size_t c = get_global_id(1);
    size_t width = (size_t)taps + 4;
    bool is_slope = k == 2;
    if (k >= width || c >= channels || (is_slope && c > 0) || (k > 2 && all == 0))
        return;
    size_t step = is_slope ? width : channels * width;
    size_t count = is_slope ? batch * channels : batch;
    __global const float *from = work + parts_at + c * width + k;
    float sum = 0.0f;
    for (size_t i = 0; i < count; ++i)
        sum += from[i * step];
    if (k == 0 && grad_norm_bias != 0)
        grad_norm_bias[c] = sum;
    if (k == 1 && grad_norm_weight != 0)
        grad_norm_weight[c] = sum;
    if (k == 2)
        grad_slope[0] = sum;
    if (k == 3 && grad_bias != 0)
        grad_bias[c] = sum;
    if (k > 3)
        grad_weight[c * (size_t)taps + k - 4] = sum;
}

#ifdef FMX_VARIANT_CPU
#include "tcn_wide.clh"
#endif

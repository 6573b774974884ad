/* Depthwise convolution along positions (cross-correlation), a filter for each channel:
 * in [batch][channels][in_n], weight [channels][1][taps], out [batch][channels][out_n].
 *
 *   forward      out[b][c][n] = bias[c] + sum_t weight[c][t] in[b][c][n stride + t dilation - left]
 *   backward     grad_in[b][c][i] = sum_t weight[c][t] grad_out[b][c][n] over those n with
 *                                   n stride + t dilation - left = i
 *                grad_weight[c][t] = sum_{b,n} grad_out[b][c][n]
 *                                    in[b][c][n stride + t dilation - left]
 *                grad_bias[c] = sum_{b,n} grad_out[b][c][n]
 *
 * What lies outside of a row counts as 0. A row is one channel of one item.
 *
 * depthwise_conv1d_rows[_wide]   forward; with stride 1 backward to the input is the same sum with
 *                                the taps in reverse (flip) and left = reach - 1 - left
 * depthwise_conv1d_spread        backward to the input for other strides
 * depthwise_conv1d_parts[_wide]  [row][taps + 1]: each row's share of grad_weight, then of
 *                                grad_bias
 * depthwise_conv1d_sum           sums them over the batch, in its order
 *
 * The plain kernels: one item per value, parts one group per row; _wide: one item per row, 16
 * positions at a time without barriers, for PoCL. Where all taps of a vector (of a group) lie
 * inside of the row nothing is checked. Sums have a fixed order: taps ascending (forward), 16
 * interleaved or 256 interleaved runs of positions (parts), items of the batch.
 *
 * Twin: host/ref/depthwise_conv1d_ref.c.
 */

/* sum + the taps of output n that lie inside. */
static inline float depthwise_conv1d_at(float sum, __global const float *from, long from_n,
                                        __global const float *weight, long taps, long step,
                                        long dilation, long at)
{
    for (long t = 0; t < taps; ++t) {
        long i = at + t * dilation;
        if (i >= 0 && i < from_n)
            sum = fma(weight[t * step], from[i], sum);
    }
    return sum;
}

FMX_SUBGROUP_KERNEL
__kernel void depthwise_conv1d_rows(__global float *to, __global const float *from,
                                    __global const float *weight, __global const float *bias,
                                    ulong rows, ulong channels, long from_n, long to_n, long taps,
                                    long stride, long dilation, long left, uint flip)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (row >= rows)
        return;
    size_t c = row % channels;
    long first = (long)(n - get_local_id(0)) * stride - left;
    long last = first + (long)(get_local_size(0) - 1) * stride + (taps - 1) * dilation;
    bool inside = first >= 0 && last < from_n && stride == 1;
    long step = flip != 0 ? -1 : 1;
    weight += c * (size_t)taps + (flip != 0 ? (size_t)taps - 1 : 0);
    from += row * (size_t)from_n;
    float sum = bias != 0 ? bias[c] : 0.0f;
    if (n >= (size_t)to_n)
        return;
    if (inside) {
        for (long t = 0; t < taps; ++t)
            sum = fma(weight[t * step], from[n + (size_t)(t * dilation - left)], sum);
    } else {
        sum = depthwise_conv1d_at(sum, from, from_n, weight, taps, step, dilation,
                                  (long)n * stride - left);
    }
    to[row * (size_t)to_n + n] = sum;
}

FMX_SUBGROUP_KERNEL
__kernel void depthwise_conv1d_spread(__global float *grad_in, __global const float *grad_out,
                                      __global const float *weight, ulong rows, ulong channels,
                                      long in_n, long out_n, long taps, long stride, long dilation,
                                      long left)
{
    size_t i = get_global_id(0);
    size_t row = get_global_id(1);
    if (i >= (size_t)in_n || row >= rows)
        return;
    weight += row % channels * (size_t)taps;
    grad_out += row * (size_t)out_n;
    float sum = 0.0f;
    for (long t = 0; t < taps; ++t) {
        long at = (long)i + left - t * dilation;
        long n = at / stride;
        if (at >= 0 && n * stride == at && n < out_n)
            sum = fma(weight[t], grad_out[n], sum);
    }
    grad_in[row * (size_t)in_n + i] = sum;
}

FMX_SUBGROUP_KERNEL
__kernel void depthwise_conv1d_parts(__global float *parts, __global const float *grad_out,
                                     __global const float *in, long in_n, long out_n, long taps,
                                     long stride, long dilation, long left)
{
    __local float scratch[256];
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    in += row * (size_t)in_n;
    grad_out += row * (size_t)out_n;
    parts += row * (size_t)(taps + 1);
    for (long t = 0; t <= taps; ++t) {
        float sum = 0.0f;
        for (size_t n = l; n < (size_t)out_n; n += items) {
            long i = (long)n * stride + t * dilation - left;
            float x = t == taps ? 1.0f : i >= 0 && i < in_n ? in[i] : 0.0f;
            sum = fma(grad_out[n], x, sum);
        }
        sum = fmx_group_sum(sum, scratch);
        if (l == 0)
            parts[t] = sum;
    }
}

/* Item (tap, channel); tap `taps` is the bias, which may be missing. */
__kernel void depthwise_conv1d_sum(__global float *grad_weight, __global float *grad_bias,
                                   __global const float *parts, ulong batch, ulong channels,
                                   ulong taps)
{
    size_t t = get_global_id(0);
    size_t c = get_global_id(1);
    if (t > taps || c >= channels)
        return;
    float sum = 0.0f;
    for (size_t b = 0; b < batch; ++b)
        sum += parts[(b * channels + c) * (taps + 1) + t];
    if (t < taps)
        grad_weight[c * taps + t] = sum;
    else if (grad_bias != 0)
        grad_bias[c] = sum;
}

#ifdef FMX_VARIANT_CPU
/* Sum of the sixteen in a fixed order. */
static inline float depthwise_conv1d_sum16(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

/* Outputs [first, last) whose taps all lie inside of the row. */
static inline long depthwise_conv1d_first(long to_n, long stride, long left)
{
    return clamp(left > 0 ? (left + stride - 1) / stride : 0l, 0l, to_n);
}

static inline long depthwise_conv1d_last(long first, long from_n, long to_n, long taps, long stride,
                                         long dilation, long left)
{
    long room = from_n - 1 + left - (taps - 1) * dilation;
    return clamp(room < 0 ? 0l : room / stride + 1, first, to_n);
}

/* Sixteen outputs at `from` on; `taps` is a constant where it is 3. */
static inline float16 depthwise_conv1d_sixteen(__global const float *from,
                                               __global const float *weight, float bias, long taps,
                                               long step, long dilation)
{
    float16 sum = bias;
    for (long t = 0; t < taps; ++t)
        sum = fma((float16)(weight[t * step]), vload16(0, from + t * dilation), sum);
    return sum;
}

/* Outputs [first, last) inside, stride 1; the last vector is shifted to end with them. */
static inline void depthwise_conv1d_inside(__global float *to, __global const float *from,
                                           __global const float *weight, float bias, long taps,
                                           long step, long dilation, long left, long first,
                                           long last)
{
    for (long n = first; n < last; n += 16) {
        long at = min(n, last - 16);
        float16 sum =
            depthwise_conv1d_sixteen(from + (at - left), weight, bias, taps, step, dilation);
        *(__global fmx_float16 *)(to + at) = sum;
    }
}

__kernel void depthwise_conv1d_rows_wide(__global float *to, __global const float *from,
                                         __global const float *weight, __global const float *bias,
                                         ulong rows, ulong channels, long from_n, long to_n,
                                         long taps, long stride, long dilation, long left,
                                         uint flip)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    size_t c = row % channels;
    long step = flip != 0 ? -1 : 1;
    float start = bias != 0 ? bias[c] : 0.0f;
    weight += c * (size_t)taps + (flip != 0 ? (size_t)taps - 1 : 0);
    from += row * (size_t)from_n;
    to += row * (size_t)to_n;
    long first = depthwise_conv1d_first(to_n, stride, left);
    long last = depthwise_conv1d_last(first, from_n, to_n, taps, stride, dilation, left);
    if (stride != 1 || last - first < 16)
        last = first;
    for (long n = 0; n < first; ++n)
        to[n] = depthwise_conv1d_at(start, from, from_n, weight, taps, step, dilation,
                                    n * stride - left);
    if (taps == 3)
        depthwise_conv1d_inside(to, from, weight, start, 3, step, dilation, left, first, last);
    else
        depthwise_conv1d_inside(to, from, weight, start, taps, step, dilation, left, first, last);
    for (long n = last; n < to_n; ++n)
        to[n] = depthwise_conv1d_at(start, from, from_n, weight, taps, step, dilation,
                                    n * stride - left);
}

/* Up to four taps from `t` on, and grad_out's own sum. */
__kernel void depthwise_conv1d_parts_wide(__global float *parts, __global const float *grad_out,
                                          __global const float *in, long in_n, long out_n,
                                          long taps, long stride, long dilation, long left,
                                          ulong rows)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    in += row * (size_t)in_n;
    grad_out += row * (size_t)out_n;
    parts += row * (size_t)(taps + 1);
    long first = depthwise_conv1d_first(out_n, stride, left);
    long last = depthwise_conv1d_last(first, in_n, out_n, taps, stride, dilation, left);
    last = stride == 1 ? first + (last - first) / 16 * 16 : first;
    float16 bias16 = 0.0f;
    for (long t = 0; t < taps; t += 4) {
        float16 sum16[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (long n = first; n < last; n += 16) {
            float16 g = vload16(0, grad_out + n);
#pragma unroll
            for (long k = 0; k < 4; ++k) { /* a tap too many is read again, and not written */
                long at = n - left + min(t + k, taps - 1) * dilation;
                sum16[k] = fma(g, vload16(0, in + at), sum16[k]);
            }
            if (t == 0)
                bias16 += g;
        }
#pragma unroll
        for (long k = 0; k < 4; ++k) {
            float sum = depthwise_conv1d_sum16(sum16[k]);
            for (long n = 0; n < out_n && t + k < taps; n = n + 1 == first ? last : n + 1) {
                long i = n * stride - left + (t + k) * dilation;
                if (i >= 0 && i < in_n && (n < first || n >= last))
                    sum = fma(grad_out[n], in[i], sum);
            }
            if (t + k < taps)
                parts[t + k] = sum;
        }
    }
    float sum = depthwise_conv1d_sum16(bias16);
    for (long n = 0; n < first; ++n)
        sum += grad_out[n];
    for (long n = last; n < out_n; ++n)
        sum += grad_out[n];
    parts[taps] = sum;
}
#endif

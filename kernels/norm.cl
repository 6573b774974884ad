/* Normalisation of x, float [batch][channels][positions], with mean and biased variance of a set of
 * values; a row is one channel of one item.
 *
 *   y = xhat weight_c + bias_c,   xhat = (x - mean) inverse
 *   inverse = 1 / sqrt(variance + epsilon)
 *
 * mode 0, groups       a set is `per_set` neighbouring channels of an item, all positions
 * mode 1, positions    a set is one position of an item, all channels (layer norm)
 * mode 2, cumulative   the statistics at position p are those of all channels at 0 .. p
 *
 * Forward
 *   norm_chunks[_wide]    mode 0: mean and sum of squared deviations of each chunk of a set, float2
 *                         [set][chunk]; a set is contiguous (two passes over the chunk, near by)
 *   norm_sets             one item per set: joins its chunks in their order (Chan et al. 1983) into
 *                         (mean, inverse)
 *   norm_columns[_wide]   modes 1, 2: the same for the channels of each position (two passes);
 *                         `finish`: as (mean, inverse)
 *   norm_scan             mode 2: one item per item of the batch: joins columns from 0 on
 *   norm_apply[_wide]     y
 * Backward, g = dL/dy, q = g weight
 *   norm_gradient_rows[_wide]     sums of g and g xhat of each row: float2 [row]
 *   norm_gradient_channels        their sums over the batch, in its order: gradients of bias and
 *                                 weight
 *   norm_gradient_sets            mode 0: means of q and q xhat over a set, from the rows' sums
 *   norm_gradient_columns[_wide]  modes 1, 2: their sums over channels, divided by `count`
 *   norm_gradient_scan            mode 2: sums from each position p to the end of what the
 *                                 statistics there give back:
 *                                   slope = - sum inverse^2 (sum q xhat) / n
 *                                   shift = - sum (inverse sum q
 *                                                  - inverse^2 (sum q xhat) (mean - m)) / n
 *                                 n = channels (position + 1), m the item's last mean, so that a
 *                                 large mean costs no digits
 *   norm_gradient_apply[_wide]    dL/dx = inverse (q - mean(q) - xhat mean(q xhat)), or
 *                                 inverse q + shift + (x - m) slope
 *
 * The plain kernels: a group per chunk or row, otherwise one item per value or column; _wide: one
 * item per chunk, row or 16 columns, 16 positions at a time, without barriers, for PoCL. weight and
 * bias may both be missing. Sums are in a fixed order.
 *
 * Twin: host/ref/norm_ref.c.
 */

static inline size_t norm_set(size_t row, size_t n, ulong channels, ulong positions, ulong per_set,
                              uint mode)
{
    return mode == 0 ? row / per_set : row / channels * positions + n;
}

FMX_SUBGROUP_KERNEL
__kernel void norm_chunks(__global float2 *parts, __global const float *x, ulong floats,
                          ulong chunk, ulong chunks)
{
    __local float scratch[256];
    size_t part = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    size_t first = part % chunks * chunk;
    size_t count = min((size_t)chunk, (size_t)floats - first);
    __global const float *from = x + part / chunks * floats + first;
    float sum = 0.0f;
    for (size_t n = l; n < count; n += items)
        sum += from[n];
    float mean = fmx_group_sum(sum, scratch) / (float)count;
    float squares = 0.0f;
    for (size_t n = l; n < count; n += items) {
        float d = from[n] - mean;
        squares = fma(d, d, squares);
    }
    squares = fmx_group_sum(squares, scratch);
    if (l == 0)
        parts[part] = (float2)(mean, squares);
}

/* (mean, squares) of `before` and `count` more values together. */
static inline float2 norm_join(float2 all, float before, float2 more, float count)
{
    float delta = more.x - all.x;
    float share = count / (before + count);
    all.x = fma(delta, share, all.x);
    all.y += more.y + delta * delta * before * share;
    return all;
}

static inline float2 norm_finish(float2 all, float count, float epsilon)
{
    return (float2)(all.x, 1.0f / sqrt(all.y / count + epsilon));
}

__kernel void norm_sets(__global float2 *statistics, __global const float2 *parts, ulong sets,
                        ulong floats, ulong chunk, ulong chunks, float epsilon)
{
    size_t set = get_global_id(0);
    if (set >= sets)
        return;
    float2 all = parts[set * chunks];
    for (size_t k = 1; k < chunks; ++k) {
        size_t first = k * chunk;
        all = norm_join(all, (float)first, parts[set * chunks + k],
                        (float)min((size_t)chunk, (size_t)floats - first));
    }
    statistics[set] = norm_finish(all, (float)floats, epsilon);
}

FMX_SUBGROUP_KERNEL
__kernel void norm_columns(__global float2 *columns, __global const float *x, ulong batch,
                           ulong channels, ulong positions, uint finish, float epsilon)
{
    size_t n = get_global_id(0);
    size_t b = get_global_id(1);
    if (n >= positions || b >= batch)
        return;
    __global const float *from = x + b * channels * positions + n;
    float sum = 0.0f;
    for (size_t c = 0; c < channels; ++c)
        sum += from[c * positions];
    float mean = sum / (float)channels;
    float squares = 0.0f;
    for (size_t c = 0; c < channels; ++c) {
        float d = from[c * positions] - mean;
        squares = fma(d, d, squares);
    }
    float2 all = (float2)(mean, squares);
    columns[b * positions + n] = finish != 0 ? norm_finish(all, (float)channels, epsilon) : all;
}

__kernel void norm_scan(__global float2 *statistics, __global const float2 *columns, ulong batch,
                        ulong channels, ulong positions, float epsilon)
{
    size_t b = get_global_id(0);
    if (b >= batch)
        return;
    float each = (float)channels;
    float2 all = columns[b * positions];
    statistics[b * positions] = norm_finish(all, each, epsilon);
    for (size_t n = 1; n < positions; ++n) {
        float before = (float)n * each;
        all = norm_join(all, before, columns[b * positions + n], each);
        statistics[b * positions + n] = norm_finish(all, before + each, epsilon);
    }
}

FMX_SUBGROUP_KERNEL
__kernel void norm_apply(__global float *y, __global const float *x,
                         __global const float2 *statistics, __global const float *weight,
                         __global const float *bias, ulong rows, ulong channels, ulong positions,
                         ulong per_set, uint mode)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= positions || row >= rows)
        return;
    size_t c = row % channels;
    float2 s = statistics[norm_set(row, n, channels, positions, per_set, mode)];
    float xhat = (x[row * positions + n] - s.x) * s.y;
    y[row * positions + n] = weight != 0 ? fma(xhat, weight[c], bias[c]) : xhat;
}

FMX_SUBGROUP_KERNEL
__kernel void norm_gradient_rows(__global float2 *sums, __global const float *grad_y,
                                 __global const float *x, __global const float2 *statistics,
                                 ulong channels, ulong positions, ulong per_set, uint mode)
{
    __local float scratch[256];
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t start = row * positions;
    float sum = 0.0f;
    float product = 0.0f;
    for (size_t n = l; n < positions; n += get_local_size(0)) {
        float2 s = statistics[norm_set(row, n, channels, positions, per_set, mode)];
        float g = grad_y[start + n];
        sum += g;
        product = fma(g, (x[start + n] - s.x) * s.y, product);
    }
    sum = fmx_group_sum(sum, scratch);
    product = fmx_group_sum(product, scratch);
    if (l == 0)
        sums[row] = (float2)(sum, product);
}

__kernel void norm_gradient_channels(__global float *grad_weight, __global float *grad_bias,
                                     __global const float2 *sums, ulong batch, ulong channels)
{
    size_t c = get_global_id(0);
    if (c >= channels)
        return;
    float2 sum = (float2)(0.0f);
    for (size_t b = 0; b < batch; ++b)
        sum += sums[b * channels + c];
    grad_bias[c] = sum.x;
    grad_weight[c] = sum.y;
}

/* scratch: the rows' sums, and behind them, from `means_at` on, the means. */
__kernel void norm_gradient_sets(__global float2 *scratch, ulong means_at,
                                 __global const float *weight, ulong sets, ulong channels,
                                 ulong positions, ulong per_set)
{
    size_t set = get_global_id(0);
    if (set >= sets)
        return;
    float2 sum = (float2)(0.0f);
    for (size_t k = 0; k < per_set; ++k) {
        size_t row = set * per_set + k;
        sum += (weight != 0 ? weight[row % channels] : 1.0f) * scratch[row];
    }
    scratch[means_at + set] = sum / ((float)per_set * (float)positions);
}

FMX_SUBGROUP_KERNEL
__kernel void norm_gradient_columns(__global float2 *scratch, ulong means_at,
                                    __global const float *grad_y, __global const float *x,
                                    __global const float2 *statistics,
                                    __global const float *weight, ulong batch, ulong channels,
                                    ulong positions, float count)
{
    size_t n = get_global_id(0);
    size_t b = get_global_id(1);
    if (n >= positions || b >= batch)
        return;
    size_t start = b * channels * positions + n;
    float2 s = statistics[b * positions + n];
    float2 sum = (float2)(0.0f);
    for (size_t c = 0; c < channels; ++c) {
        size_t at = start + c * positions;
        float q = weight != 0 ? grad_y[at] * weight[c] : grad_y[at];
        sum.x += q;
        sum.y = fma(q, (x[at] - s.x) * s.y, sum.y);
    }
    scratch[means_at + b * positions + n] = sum / count;
}

__kernel void norm_gradient_scan(__global float2 *scratch, ulong means_at,
                                 __global const float2 *statistics, ulong batch, ulong channels,
                                 ulong positions)
{
    size_t b = get_global_id(0);
    if (b >= batch)
        return;
    __global float2 *sums = scratch + means_at + b * positions;
    statistics += b * positions;
    float middle = statistics[positions - 1].x;
    float shift = 0.0f;
    float slope = 0.0f;
    for (size_t n = positions; n-- > 0;) {
        float2 s = statistics[n];
        float count = (float)channels * (float)(n + 1);
        float steep = s.y * s.y * sums[n].y / count;
        slope -= steep;
        shift += steep * (s.x - middle) - s.y * sums[n].x / count;
        sums[n] = (float2)(shift, slope);
    }
}

FMX_SUBGROUP_KERNEL
__kernel void norm_gradient_apply(__global float *grad_x, __global const float *grad_y,
                                  __global const float *x, __global const float2 *statistics,
                                  __global const float2 *scratch, ulong means_at,
                                  __global const float *weight, ulong rows, ulong channels,
                                  ulong positions, ulong per_set, uint mode)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= positions || row >= rows)
        return;
    size_t at = row * positions + n;
    size_t set = norm_set(row, n, channels, positions, per_set, mode);
    float2 s = statistics[set];
    float2 m = scratch[means_at + set];
    float q = weight != 0 ? grad_y[at] * weight[row % channels] : grad_y[at];
    if (mode == 2) {
        float middle = statistics[set - n + positions - 1].x;
        grad_x[at] = fma(s.y, q, fma(x[at] - middle, m.y, m.x));
    } else {
        grad_x[at] = s.y * (q - m.x - (x[at] - s.x) * s.y * m.y);
    }
}

#ifdef FMX_VARIANT_CPU
static inline void norm_store(float16 x, __global float *to)
{
    *(__global fmx_float16 *)to = x;
}

/* Sum of the sixteen in a fixed order. */
static inline float norm_sum16(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

/* Sixteen pairs: the first of each, the second in *second. */
static inline float16 norm_pairs(__global const float2 *pairs, float16 *second)
{
    float16 a = vload16(0, (__global const float *)pairs);
    float16 b = vload16(1, (__global const float *)pairs);
    *second = (float16)(a.odd, b.odd);
    return (float16)(a.even, b.even);
}

static inline void norm_store_pairs(float16 first, float16 second, __global float2 *pairs)
{
    float16 a;
    float16 b;
    a.even = first.lo;
    a.odd = second.lo;
    b.even = first.hi;
    b.odd = second.hi;
    norm_store(a, (__global float *)pairs);
    norm_store(b, (__global float *)(pairs + 8));
}

__kernel void norm_chunks_wide(__global float2 *parts, __global const float *x, ulong floats,
                               ulong chunk, ulong chunks, ulong count_of_parts)
{
    size_t part = get_global_id(0);
    if (part >= count_of_parts)
        return;
    size_t first = part % chunks * chunk;
    size_t count = min((size_t)chunk, (size_t)floats - first);
    __global const float *from = x + part / chunks * floats + first;
    size_t whole = count / 16 * 16;
    float16 sum16 = 0.0f;
    for (size_t n = 0; n < whole; n += 16)
        sum16 += vload16(0, from + n);
    float sum = norm_sum16(sum16);
    for (size_t n = whole; n < count; ++n)
        sum += from[n];
    float mean = sum / (float)count;
    float16 squares16 = 0.0f;
    for (size_t n = 0; n < whole; n += 16) {
        float16 d = vload16(0, from + n) - mean;
        squares16 = fma(d, d, squares16);
    }
    float squares = norm_sum16(squares16);
    for (size_t n = whole; n < count; ++n) {
        float d = from[n] - mean;
        squares = fma(d, d, squares);
    }
    parts[part] = (float2)(mean, squares);
}

/* Item (16 positions, item of the batch); the last ones shift to end with the row. At least 16
 * positions. */
__kernel void norm_columns_wide(__global float2 *columns, __global const float *x, ulong batch,
                                ulong channels, ulong positions, uint finish, float epsilon)
{
    size_t n = min((size_t)get_global_id(0) * 16, (size_t)positions - 16);
    size_t b = get_global_id(1);
    if (b >= batch)
        return;
    __global const float *from = x + b * channels * positions + n;
    float16 sum = 0.0f;
    for (size_t c = 0; c < channels; ++c)
        sum += vload16(0, from + c * positions);
    float16 mean = sum / (float)channels;
    float16 squares = 0.0f;
    for (size_t c = 0; c < channels; ++c) {
        float16 d = vload16(0, from + c * positions) - mean;
        squares = fma(d, d, squares);
    }
    if (finish != 0)
        squares = 1.0f / sqrt(squares / (float)channels + epsilon);
    norm_store_pairs(mean, squares, columns + b * positions + n);
}

/* Rows of at least 16 positions; the last vector is shifted to end with the row. */
__kernel void norm_apply_wide(__global float *y, __global const float *x,
                              __global const float2 *statistics, __global const float *weight,
                              __global const float *bias, ulong rows, ulong channels,
                              ulong positions, ulong per_set, uint mode)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    float w = weight != 0 ? weight[row % channels] : 1.0f;
    float16 add = weight != 0 ? bias[row % channels] : 0.0f;
    statistics += norm_set(row, 0, channels, positions, per_set, mode);
    x += row * positions;
    y += row * positions;
    float16 mean = statistics[0].x;
    float16 inverse = statistics[0].y;
    for (size_t k = 0; k < positions; k += 16) {
        size_t n = min(k, (size_t)positions - 16);
        if (mode != 0)
            mean = norm_pairs(statistics + n, &inverse);
        float16 xhat = (vload16(0, x + n) - mean) * inverse;
        norm_store(fma(xhat, (float16)(w), add), y + n);
    }
}

__kernel void norm_gradient_rows_wide(__global float2 *sums, __global const float *grad_y,
                                      __global const float *x, __global const float2 *statistics,
                                      ulong channels, ulong positions, ulong per_set, uint mode,
                                      ulong rows)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    statistics += norm_set(row, 0, channels, positions, per_set, mode);
    x += row * positions;
    grad_y += row * positions;
    size_t whole = positions / 16 * 16;
    float16 mean = statistics[0].x;
    float16 inverse = statistics[0].y;
    float16 sum16 = 0.0f;
    float16 product16 = 0.0f;
    for (size_t n = 0; n < whole; n += 16) {
        float16 g = vload16(0, grad_y + n);
        if (mode != 0)
            mean = norm_pairs(statistics + n, &inverse);
        sum16 += g;
        product16 = fma(g, (vload16(0, x + n) - mean) * inverse, product16);
    }
    float sum = norm_sum16(sum16);
    float product = norm_sum16(product16);
    for (size_t n = whole; n < positions; ++n) {
        float2 s = statistics[mode != 0 ? n : 0];
        sum += grad_y[n];
        product = fma(grad_y[n], (x[n] - s.x) * s.y, product);
    }
    sums[row] = (float2)(sum, product);
}

/* As norm_columns_wide. */
__kernel void norm_gradient_columns_wide(__global float2 *scratch, ulong means_at,
                                         __global const float *grad_y, __global const float *x,
                                         __global const float2 *statistics,
                                         __global const float *weight, ulong batch, ulong channels,
                                         ulong positions, float count)
{
    size_t n = min((size_t)get_global_id(0) * 16, (size_t)positions - 16);
    size_t b = get_global_id(1);
    if (b >= batch)
        return;
    float16 inverse;
    float16 mean = norm_pairs(statistics + b * positions + n, &inverse);
    float16 sum = 0.0f;
    float16 product = 0.0f;
    for (size_t c = 0; c < channels; ++c) {
        size_t at = (b * channels + c) * positions + n;
        float16 q = vload16(0, grad_y + at) * (weight != 0 ? weight[c] : 1.0f);
        sum += q;
        product = fma(q, (vload16(0, x + at) - mean) * inverse, product);
    }
    norm_store_pairs(sum / count, product / count, scratch + means_at + b * positions + n);
}

/* As norm_apply_wide. */
__kernel void norm_gradient_apply_wide(__global float *grad_x, __global const float *grad_y,
                                       __global const float *x, __global const float2 *statistics,
                                       __global const float2 *scratch, ulong means_at,
                                       __global const float *weight, ulong rows, ulong channels,
                                       ulong positions, ulong per_set, uint mode)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    size_t set = norm_set(row, 0, channels, positions, per_set, mode);
    float w = weight != 0 ? weight[row % channels] : 1.0f;
    statistics += set;
    scratch += means_at + set;
    grad_y += row * positions;
    grad_x += row * positions;
    x += row * positions;
    float16 mean = statistics[0].x;
    float16 inverse = statistics[0].y;
    float16 first = scratch[0].x;
    float16 second = scratch[0].y;
    float16 middle = mode == 2 ? statistics[positions - 1].x : 0.0f;
    for (size_t k = 0; k < positions; k += 16) {
        size_t n = min(k, (size_t)positions - 16);
        if (mode != 0) {
            mean = norm_pairs(statistics + n, &inverse);
            first = norm_pairs(scratch + n, &second);
        }
        float16 q = vload16(0, grad_y + n) * w;
        float16 value = vload16(0, x + n);
        float16 out = mode == 2
                          ? fma(inverse, q, fma(value - middle, second, first))
                          : inverse * (q - first - (value - mean) * inverse * second);
        norm_store(out, grad_x + n);
    }
}
#endif

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
#define TCN_SEGMENT 2048 /* positions; multiple of 16 */
#define TCN_REACH 1024   /* most (taps - 1) dilation */
#define TCN_TAPS 64      /* most */

/* PoCL's vstore16 becomes three stores; this is one. */
typedef float16 __attribute__((aligned(4))) tcn_float16;

/* What a row's kernel knows of it. */
typedef struct tcn_row {
    __global const float *x;
    __global const float *weight;
    long positions;
    long dilation;
    long left;
    float bias;
    float slope;
    float mean;
    float inverse;
} tcn_row;

/* Sum of the sixteen in a fixed order. */
static inline float tcn_sum16(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

/* from[first + i] for i < count, 0 outside of the row: in place where all of it lies inside,
 * otherwise copied to `to`. (PoCL has one address space.) */
static inline const float *tcn_load(float *to, __global const float *from, long first, long count,
                                    long positions)
{
    if (first >= 0 && first + count <= positions)
        return (const float *)(size_t)(from + first);
    long begin = clamp(-first, 0l, count);
    long end = clamp(positions - first, begin, count);
    for (long i = 0; i < begin; ++i)
        to[i] = 0.0f;
    long i = begin;
    for (; i + 16 <= end; i += 16)
        *(tcn_float16 *)(to + i) = vload16(0, from + first + i);
    for (; i < end; ++i)
        to[i] = from[first + i];
    for (i = end; i < count; ++i)
        to[i] = 0.0f;
    return to;
}

static inline float16 tcn_u16(const float *x, const float *weight, float bias, const long taps,
                              long dilation)
{
    if (taps == 0)
        return *(const tcn_float16 *)x;
    float16 u = bias;
#pragma unroll
    for (long t = 0; t < taps; ++t)
        u = fma((float16)(weight[t]), *(const tcn_float16 *)(x + t * dilation), u);
    return u;
}

static inline float tcn_u1(const float *x, const float *weight, float bias, const long taps,
                           long dilation)
{
    if (taps == 0)
        return x[0];
    float u = bias;
    for (long t = 0; t < taps; ++t)
        u = fma(weight[t], x[t * dilation], u);
    return u;
}

static inline float16 tcn_prelu16(float16 u, float slope)
{
    return select(u * slope, u, u > 0.0f);
}

static inline void tcn_weights(float *to, const tcn_row *r, const long taps)
{
    for (long t = 0; t < taps; ++t)
        to[t] = r->weight[t];
}

/* Mean and squared deviations of `count` values from their sums about `shift`. */
static inline float2 tcn_shifted(float shift, float sum, float squares, float count)
{
    float off = sum / count;
    return (float2)(shift + off, fmax(squares - sum * off, 0.0f));
}

static inline float2 tcn_row_statistics(const tcn_row *r, const long taps)
{
    float room[TCN_SEGMENT + TCN_REACH + 16];
    float w[TCN_TAPS];
    float2 all = (float2)(0.0f);
    long reach = taps > 0 ? (taps - 1) * r->dilation : 0;
    tcn_weights(w, r, taps);
    for (long at = 0; at < r->positions; at += TCN_SEGMENT) {
        long count = min((long)TCN_SEGMENT, r->positions - at);
        long whole = count / 16 * 16;
        float shift = 0.0f;
        float16 sum16 = 0.0f;
        float16 squares16 = 0.0f;
        const float *x = tcn_load(room, r->x, at - r->left, count + reach, r->positions);
        if (whole > 0)
            shift =
                tcn_sum16(tcn_prelu16(tcn_u16(x, w, r->bias, taps, r->dilation), r->slope)) / 16;
        else
            shift = tcn_prelu(tcn_u1(x, w, r->bias, taps, r->dilation), r->slope);
        for (long n = 0; n < whole; n += 16) {
            float16 d =
                tcn_prelu16(tcn_u16(x + n, w, r->bias, taps, r->dilation), r->slope) - shift;
            sum16 += d;
            squares16 = fma(d, d, squares16);
        }
        float sum = tcn_sum16(sum16);
        float squares = tcn_sum16(squares16);
        for (long n = whole; n < count; ++n) {
            float d = tcn_prelu(tcn_u1(x + n, w, r->bias, taps, r->dilation), r->slope) - shift;
            sum += d;
            squares = fma(d, d, squares);
        }
        float2 more = tcn_shifted(shift, sum, squares, (float)count);
        float delta = more.x - all.x;
        float share = (float)count / (float)(at + count);
        all.x = fma(delta, share, all.x);
        all.y += more.y + delta * delta * (float)at * share;
    }
    return all;
}

static inline void tcn_row_apply(const tcn_row *r, __global float *y, float norm_weight,
                                 float norm_bias, const long taps)
{
    float room[TCN_SEGMENT + TCN_REACH + 16];
    float w[TCN_TAPS];
    long reach = taps > 0 ? (taps - 1) * r->dilation : 0;
    tcn_weights(w, r, taps);
    for (long at = 0; at < r->positions; at += TCN_SEGMENT) {
        long count = min((long)TCN_SEGMENT, r->positions - at);
        const float *x = tcn_load(room, r->x, at - r->left, count + reach, r->positions);
        long n = 0;
        for (; n + 16 <= count; n += 16) {
            float16 p = tcn_prelu16(tcn_u16(x + n, w, r->bias, taps, r->dilation), r->slope);
            float16 xhat = (p - r->mean) * r->inverse;
            *(__global tcn_float16 *)(y + at + n) =
                fma(xhat, (float16)(norm_weight), (float16)(norm_bias));
        }
        for (; n < count; ++n) {
            float p = tcn_prelu(tcn_u1(x + n, w, r->bias, taps, r->dilation), r->slope);
            y[at + n] = fma((p - r->mean) * r->inverse, norm_weight, norm_bias);
        }
    }
}

/* Sums of g and g xhat. */
static inline float2 tcn_row_sums(const tcn_row *r, __global const float *g, const long taps)
{
    float room[TCN_SEGMENT + TCN_REACH + 16];
    float w[TCN_TAPS];
    float2 tail = (float2)(0.0f);
    float16 sum16 = 0.0f;
    float16 product16 = 0.0f;
    long reach = taps > 0 ? (taps - 1) * r->dilation : 0;
    tcn_weights(w, r, taps);
    for (long at = 0; at < r->positions; at += TCN_SEGMENT) {
        long count = min((long)TCN_SEGMENT, r->positions - at);
        const float *x = tcn_load(room, r->x, at - r->left, count + reach, r->positions);
        long n = 0;
        for (; n + 16 <= count; n += 16) {
            float16 p = tcn_prelu16(tcn_u16(x + n, w, r->bias, taps, r->dilation), r->slope);
            float16 each = vload16(0, g + at + n);
            sum16 += each;
            product16 = fma(each, (p - r->mean) * r->inverse, product16);
        }
        for (; n < count; ++n) {
            float p = tcn_prelu(tcn_u1(x + n, w, r->bias, taps, r->dilation), r->slope);
            tail.x += g[at + n];
            tail.y = fma(g[at + n], (p - r->mean) * r->inverse, tail.y);
        }
    }
    return (float2)(tcn_sum16(sum16) + tail.x, tcn_sum16(product16) + tail.y);
}

/* What the gradients of a row's weights are summed in: sixteen at a time, and what is left over. */
typedef struct tcn_totals {
    float16 slope16;
    float16 bias16;
    float16 weight16[TCN_TAPS];
    float slope;
    float bias;
    float weight[TCN_TAPS];
} tcn_totals;

/* A segment of a row for its gradient: x[n - left + t dilation] of the row stands at x[n - origin
 * + t dilation], dL/du[n] at du[n - origin]. */
typedef struct tcn_segment {
    const float *x;
    float room[TCN_SEGMENT + 2 * TCN_REACH + 16];
    float du[TCN_SEGMENT + TCN_REACH + 16];
    float w[TCN_TAPS];
    long origin;
} tcn_segment;

/* dL/du at positions [from, to); with `own` also their share of the totals. */
static inline void tcn_row_du(const tcn_row *r, tcn_segment *s, tcn_totals *all,
                              __global const float *g, float norm_weight, float2 m, long from,
                              long to, const long taps, const bool own)
{
    float scale = r->inverse * norm_weight;
    float shift = r->inverse * m.x;
    float tilt = r->inverse * m.y;
    long n = from;
    for (; n + 16 <= to; n += 16) {
        const float *x = s->x + (n - s->origin);
        float16 u = tcn_u16(x, s->w, r->bias, taps, r->dilation);
        float16 xhat = (tcn_prelu16(u, r->slope) - r->mean) * r->inverse;
        float16 dp = fma(vload16(0, g + n), (float16)(scale),
                         -fma(xhat, (float16)(tilt), (float16)(shift)));
        float16 d = select(dp * r->slope, dp, u > 0.0f);
        *(tcn_float16 *)(s->du + (n - s->origin)) = d;
        if (own) {
            all->slope16 = fma(dp, fmin(u, 0.0f), all->slope16);
            all->bias16 += d;
#pragma unroll
            for (long t = 0; t < taps; ++t)
                all->weight16[t] =
                    fma(d, *(const tcn_float16 *)(x + t * r->dilation), all->weight16[t]);
        }
    }
    for (; n < to; ++n) {
        const float *x = s->x + (n - s->origin);
        float u = tcn_u1(x, s->w, r->bias, taps, r->dilation);
        float xhat = (tcn_prelu(u, r->slope) - r->mean) * r->inverse;
        float dp = fma(g[n], scale, -fma(xhat, tilt, shift));
        float d = u > 0.0f ? dp : dp * r->slope;
        s->du[n - s->origin] = d;
        if (own) {
            all->slope = fma(dp, fmin(u, 0.0f), all->slope);
            all->bias += d;
            for (long t = 0; t < taps; ++t)
                all->weight[t] = fma(d, x[t * r->dilation], all->weight[t]);
        }
    }
}

/* dL/dx[i] = sum_t weight[t] dL/du[i + left - t dilation] for i in [at, at + count). */
static inline void tcn_row_dx(const tcn_row *r, const tcn_segment *s, __global float *grad_x,
                              long at, long count, long reach, const long taps)
{
    long n = 0;
    for (; n + 16 <= count; n += 16) {
        float16 sum = taps == 0 ? *(const tcn_float16 *)(s->du + n) : (float16)(0.0f);
#pragma unroll
        for (long t = 0; t < taps; ++t)
            sum = fma((float16)(s->w[t]),
                      *(const tcn_float16 *)(s->du + n + reach - t * r->dilation), sum);
        *(__global tcn_float16 *)(grad_x + at + n) = sum;
    }
    for (; n < count; ++n) {
        float sum = taps == 0 ? s->du[n] : 0.0f;
        for (long t = 0; t < taps; ++t)
            sum = fma(s->w[t], s->du[n + reach - t * r->dilation], sum);
        grad_x[at + n] = sum;
    }
}

/* dL/dx of a row (grad_x may be NULL) and parts[2 ..]. dL/du is wanted from at - back to at +
 * count + left. */
static inline void tcn_row_gradient(const tcn_row *r, __global float *grad_x,
                                    __global float *parts, __global const float *g,
                                    float norm_weight, float2 m, const long taps)
{
    tcn_segment s;
    tcn_totals all;
    long reach = taps > 0 ? (taps - 1) * r->dilation : 0;
    long back = reach - r->left;
    tcn_weights(s.w, r, taps);
    all.slope16 = 0.0f;
    all.bias16 = 0.0f;
    all.slope = 0.0f;
    all.bias = 0.0f;
    for (long t = 0; t < taps; ++t) {
        all.weight16[t] = 0.0f;
        all.weight[t] = 0.0f;
    }
    for (long at = 0; at < r->positions; at += TCN_SEGMENT) {
        long count = min((long)TCN_SEGMENT, r->positions - at);
        long first = max(at - back, 0l);
        long last = min(at + count + r->left, r->positions);
        s.origin = at - back;
        s.x = tcn_load(s.room, r->x, at - reach, count + 2 * reach, r->positions);
        for (long n = s.origin; n < first; ++n)
            s.du[n - s.origin] = 0.0f;
        for (long n = last; n < at + count + r->left; ++n)
            s.du[n - s.origin] = 0.0f;
        if (grad_x != 0)
            tcn_row_du(r, &s, &all, g, norm_weight, m, first, at, taps, false);
        tcn_row_du(r, &s, &all, g, norm_weight, m, at, at + count, taps, true);
        if (grad_x == 0)
            continue;
        tcn_row_du(r, &s, &all, g, norm_weight, m, at + count, last, taps, false);
        tcn_row_dx(r, &s, grad_x, at, count, reach, taps);
    }
    parts[2] = tcn_sum16(all.slope16) + all.slope;
    parts[3] = tcn_sum16(all.bias16) + all.bias;
    for (long t = 0; t < taps; ++t)
        parts[4 + t] = tcn_sum16(all.weight16[t]) + all.weight[t];
}

static inline tcn_row tcn_row_of(size_t row, __global const float *x, __global const float *weight,
                                 __global const float *bias, __global const float *slope,
                                 ulong channels, long positions, long taps, long dilation,
                                 long left)
{
    size_t c = row % channels;
    tcn_row r;
    r.x = x + row * (size_t)positions;
    r.weight = weight + c * (size_t)taps;
    r.positions = positions;
    r.dilation = dilation;
    r.left = left;
    r.bias = taps > 0 && bias != 0 ? bias[c] : 0.0f;
    r.slope = slope[0];
    r.mean = 0.0f;
    r.inverse = 0.0f;
    return r;
}

/* CALL with taps as a constant where it is 0 or 3. */
#define TCN_BY_TAPS(CALL)                                                                          \
    if (taps == 3) {                                                                               \
        CALL(3);                                                                                   \
    } else if (taps == 0) {                                                                        \
        CALL(0);                                                                                   \
    } else {                                                                                       \
        CALL(taps);                                                                                \
    }

__kernel void tcn_statistics_wide(__global float2 *rows, __global const float *x,
                                  __global const float *weight, __global const float *bias,
                                  __global const float *slope, ulong channels, long positions,
                                  long taps, long dilation, long left, ulong count)
{
    size_t row = get_global_id(0);
    if (row >= count)
        return;
    tcn_row r = tcn_row_of(row, x, weight, bias, slope, channels, positions, taps, dilation, left);
#define TCN_CALL(TAPS) rows[row] = tcn_row_statistics(&r, TAPS)
    TCN_BY_TAPS(TCN_CALL)
#undef TCN_CALL
}

__kernel void tcn_apply_wide(__global float *y, __global const float *x,
                             __global const float *weight, __global const float *bias,
                             __global const float *slope, __global const float2 *statistics,
                             __global const float *norm_weight, __global const float *norm_bias,
                             ulong rows, ulong channels, long positions, long taps, long dilation,
                             long left)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    size_t c = row % channels;
    tcn_row r = tcn_row_of(row, x, weight, bias, slope, channels, positions, taps, dilation, left);
    r.mean = statistics[row / channels].x;
    r.inverse = statistics[row / channels].y;
    float factor = norm_weight != 0 ? norm_weight[c] : 1.0f;
    float add = norm_weight != 0 ? norm_bias[c] : 0.0f;
    y += row * (size_t)positions;
#define TCN_CALL(TAPS) tcn_row_apply(&r, y, factor, add, TAPS)
    TCN_BY_TAPS(TCN_CALL)
#undef TCN_CALL
}

__kernel void tcn_sums_wide(__global float *work, ulong parts_at,
                            __global const float *grad_y,
                            __global const float *x, __global const float *weight,
                            __global const float *bias, __global const float *slope,
                            __global const float2 *statistics, ulong channels, long positions,
                            long taps, long dilation, long left, ulong count)
{
    size_t row = get_global_id(0);
    if (row >= count)
        return;
    tcn_row r = tcn_row_of(row, x, weight, bias, slope, channels, positions, taps, dilation, left);
    r.mean = statistics[row / channels].x;
    r.inverse = statistics[row / channels].y;
    float2 sums;
    grad_y += row * (size_t)positions;
#define TCN_CALL(TAPS) sums = tcn_row_sums(&r, grad_y, TAPS)
    TCN_BY_TAPS(TCN_CALL)
#undef TCN_CALL
    work[parts_at + row * (size_t)(taps + 4)] = sums.x;
    work[parts_at + row * (size_t)(taps + 4) + 1] = sums.y;
}

__kernel void tcn_gradient_wide(__global float *to, __global float *work, ulong parts_at,
                                __global const float *grad_y, __global const float *x,
                                __global const float *weight, __global const float *bias,
                                __global const float *slope, __global const float2 *statistics,
                                __global const float *norm_weight, ulong channels, long positions,
                                long taps, long dilation, long left, ulong count)
{
    size_t row = get_global_id(0);
    if (row >= count)
        return;
    size_t c = row % channels;
    tcn_row r = tcn_row_of(row, x, weight, bias, slope, channels, positions, taps, dilation, left);
    r.mean = statistics[row / channels].x;
    r.inverse = statistics[row / channels].y;
    float2 m = vload2(row / channels, work);
    float factor = norm_weight != 0 ? norm_weight[c] : 1.0f;
    __global float *parts = work + parts_at + row * (size_t)(taps + 4);
    grad_y += row * (size_t)positions;
    if (to != 0)
        to += row * (size_t)positions;
#define TCN_CALL(TAPS) tcn_row_gradient(&r, to, parts, grad_y, factor, m, TAPS)
    TCN_BY_TAPS(TCN_CALL)
#undef TCN_CALL
}
#endif

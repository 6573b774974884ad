/* A whole block of a temporal convolutional network, for networks whose items are small: x, float
 * [batch][channels][positions] ->
 *
 *   u1 = conv x + conv_bias                                   [hidden]
 *   n1 = normalised prelu(u1, slope_1), over channels and positions of the item
 *   u2[n] = depth_bias + sum_t depth[t] n1[n + t dilation - left]
 *   n2 = normalised prelu(u2, slope_2)
 *   skip = skip_weight n2 + skip_bias                         [skips]
 *   out = x + residual_weight n2 + residual_bias              where there is a residual
 *
 * Inside, activations lie as [position][channel], so that every sum over channels and every channel
 * by itself runs along neighbouring values. A slice takes every slices-th item of the batch, one
 * after the other, in its own part of `work`; activations that backward wants again (u1, u2) and
 * the statistics stay in `saved`. The weights' gradients are summed in a part of each slice, and
 *
 * tcn_block_collect              adds the slices' parts in their order
 * tcn_block_forward[_wide]       everything forward, one launch
 * tcn_block_backward_2, _1       everything backward but that: from the outputs to dL/du2, which
 *                                takes the place of u2, and from there to dL/dx (apart, because
 *                                PoCL's compiler needs minutes for both in one)
 * tcn_block_backward_wide        the same in one launch, a single slice's gradients included
 *
 * The plain kernels: a group of up to 256 items per slice, which meet at barriers between the
 * steps; an item takes every n-th value, or sums a channel or a weight. _wide: an item per slice,
 * 16 channels at a time (channels, hidden and skips are multiples of 16), for PoCL. All sums have
 * a fixed order.
 *
 * A slice's part: conv [channels][hidden], conv_bias, slope_1, norm_1 weight and bias, depth
 * [taps][hidden], depth_bias, slope_2, norm_2 weight and bias, skip [skips][hidden], skip_bias,
 * residual [channels][hidden], residual_bias.
 *
 * Twin: host/ref/tcn_ref.c.
 */

/* Sizes, and where things lie in a slice's work (floats). */
typedef struct tcn_block {
    size_t channels;
    size_t hidden;
    size_t skips;
    size_t positions;
    long taps;
    long dilation;
    long left;
    bool residual;
} tcn_block;

/* Offsets of the parts. */
typedef struct tcn_parts {
    size_t conv;
    size_t conv_bias;
    size_t slope_1;
    size_t norm_1;
    size_t depth;
    size_t depth_bias;
    size_t slope_2;
    size_t norm_2;
    size_t skip;
    size_t skip_bias;
    size_t residual;
    size_t residual_bias;
    size_t count;
} tcn_parts;

static inline tcn_parts tcn_parts_of(const tcn_block *t)
{
    tcn_parts p;
    p.conv = 0;
    p.conv_bias = p.conv + t->channels * t->hidden;
    p.slope_1 = p.conv_bias + t->hidden;
    p.norm_1 = p.slope_1 + 1;
    p.depth = p.norm_1 + 2 * t->hidden;
    p.depth_bias = p.depth + (size_t)t->taps * t->hidden;
    p.slope_2 = p.depth_bias + t->hidden;
    p.norm_2 = p.slope_2 + 1;
    p.skip = p.norm_2 + 2 * t->hidden;
    p.skip_bias = p.skip + t->skips * t->hidden;
    p.residual = p.skip_bias + t->skips;
    p.residual_bias = p.residual + (t->residual ? t->channels * t->hidden : 0);
    p.count = p.residual_bias + (t->residual ? t->channels : 0);
    return p;
}

static inline float tcn_block_prelu(float u, float slope)
{
    return u > 0.0f ? u : slope * u;
}

/* One item per weight; the parts begin at parts_at and then every slice_floats of work. */
__kernel void tcn_block_collect(
    __global float *conv, __global float *conv_bias, __global float *slope_1,
    __global float *norm_1_weight, __global float *norm_1_bias, __global float *depth,
    __global float *depth_bias, __global float *slope_2, __global float *norm_2_weight,
    __global float *norm_2_bias, __global float *skip, __global float *skip_bias,
    __global float *residual, __global float *residual_bias, __global const float *work,
    ulong slices, ulong slice_floats, ulong parts_at, ulong channels, ulong hidden, ulong skips,
    long taps)
{
    tcn_block t;
    t.channels = channels;
    t.hidden = hidden;
    t.skips = skips;
    t.taps = taps;
    t.residual = residual != 0;
    tcn_parts p = tcn_parts_of(&t);
    size_t i = get_global_id(0);
    if (i >= p.count)
        return;
    float sum = 0.0f;
    for (size_t s = 0; s < slices; ++s)
        sum += work[s * slice_floats + parts_at + i];
    if (i < p.conv_bias)
        conv[i % hidden * channels + i / hidden] = sum;
    else if (i < p.slope_1)
        conv_bias[i - p.conv_bias] = sum;
    else if (i < p.norm_1)
        slope_1[0] = sum;
    else if (i < p.norm_1 + hidden)
        norm_1_weight[i - p.norm_1] = sum;
    else if (i < p.depth)
        norm_1_bias[i - p.norm_1 - hidden] = sum;
    else if (i < p.depth_bias)
        depth[(i - p.depth) % hidden * (size_t)taps + (i - p.depth) / hidden] = sum;
    else if (i < p.slope_2)
        depth_bias[i - p.depth_bias] = sum;
    else if (i < p.norm_2)
        slope_2[0] = sum;
    else if (i < p.norm_2 + hidden)
        norm_2_weight[i - p.norm_2] = sum;
    else if (i < p.skip)
        norm_2_bias[i - p.norm_2 - hidden] = sum;
    else if (i < p.skip_bias)
        skip[i - p.skip] = sum;
    else if (i < p.residual)
        skip_bias[i - p.skip_bias] = sum;
    else if (i < p.residual_bias)
        residual[i - p.residual] = sum;
    else
        residual_bias[i - p.residual_bias] = sum;
}

/* ---- a group per slice ----------------------------------------------------------------------- */

/* For each of `count` values, every n-th by an item. All items go round equally often: PoCL puts
 * barriers into loops inside of one that it takes for such, and then loses what the others skip. */
#define TCN_BLOCK_EACH(index, count)                                                               \
    for (size_t index##_first = 0, index = get_local_id(0); index##_first < (count);               \
         index##_first += get_local_size(0), index += get_local_size(0))                           \
        if (index < (count))

/* As fmx_group_sum, without a barrier in a loop where there are no sub-groups: PoCL takes minutes
 * to compile six of those inside the loop over the batch. */
static inline float tcn_block_sum(float x, __local float *scratch)
{
#ifdef FMX_SUBGROUP
    return fmx_group_sum(x, scratch);
#else
    size_t items = get_local_size(0);
    float sum = 0.0f;
    scratch[get_local_id(0)] = x;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t i = 0; i < items; ++i)
        sum += scratch[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    return sum;
#endif
}

/* to[n][c] = from[c][n]. */
static inline void tcn_block_turn(__global float *to, __global const float *from, size_t channels,
                                  size_t positions)
{
    TCN_BLOCK_EACH(i, channels * positions)
        to[i % positions * channels + i / positions] = from[i];
}

/* Mean and inverse of prelu(u) over `count` values. */
static inline float2 tcn_block_statistics(__global const float *u, size_t count, float slope,
                                          float epsilon, __local float *scratch)
{
    float sum = 0.0f;
    TCN_BLOCK_EACH(i, count)
        sum += tcn_block_prelu(u[i], slope);
    float mean = tcn_block_sum(sum, scratch) / (float)count;
    float squares = 0.0f;
    TCN_BLOCK_EACH(i, count) {
        float d = tcn_block_prelu(u[i], slope) - mean;
        squares = fma(d, d, squares);
    }
    squares = tcn_block_sum(squares, scratch);
    return (float2)(mean, 1.0f / sqrt(squares / (float)count + epsilon));
}

static inline void tcn_block_normalise(__global float *to, __global const float *u, size_t count,
                                       size_t hidden, float slope, float2 s,
                                       __global const float *weight, __global const float *bias)
{
    TCN_BLOCK_EACH(i, count) {
        size_t h = i % hidden;
        to[i] = fma((tcn_block_prelu(u[i], slope) - s.x) * s.y, weight[h], bias[h]);
    }
}

FMX_SUBGROUP_KERNEL
__kernel void tcn_block_forward(
    __global float *out, __global float *skip_out, __global float *saved, __global float *work,
    __global const float *x, __global const float *conv, __global const float *conv_bias,
    __global const float *slope_1, __global const float *norm_1_weight,
    __global const float *norm_1_bias, __global const float *depth,
    __global const float *depth_bias, __global const float *slope_2,
    __global const float *norm_2_weight, __global const float *norm_2_bias,
    __global const float *skip, __global const float *skip_bias, __global const float *residual,
    __global const float *residual_bias, ulong batch, ulong slice_floats, ulong channels,
    ulong hidden, ulong skips, ulong positions, long taps, long dilation, long left,
    float epsilon_1, float epsilon_2)
{
    __local float scratch[256];
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    size_t values = positions * hidden;
    __global float *turned = work + get_group_id(0) * slice_floats;
    __global float *normal = turned + positions * channels;
    for (size_t b = get_group_id(0); b < batch; b += get_num_groups(0)) {
        __global float *u1 = saved + b * (2 * values + 4);
        __global float *u2 = u1 + values;
        tcn_block_turn(turned, x + b * channels * positions, channels, positions);
        barrier(CLK_GLOBAL_MEM_FENCE);
        TCN_BLOCK_EACH(i, values) {
            size_t h = i % hidden;
            float sum = conv_bias[h];
            for (size_t c = 0; c < channels; ++c)
                sum = fma(conv[h * channels + c], turned[i / hidden * channels + c], sum);
            u1[i] = sum;
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
        float2 s = tcn_block_statistics(u1, values, slope_1[0], epsilon_1, scratch);
        if (l == 0)
            vstore2(s, 0, u2 + values);
        tcn_block_normalise(normal, u1, values, hidden, slope_1[0], s, norm_1_weight, norm_1_bias);
        barrier(CLK_GLOBAL_MEM_FENCE);
        TCN_BLOCK_EACH(i, values) {
            size_t h = i % hidden;
            float sum = depth_bias[h];
            for (long k = 0; k < taps; ++k) {
                long n = (long)(i / hidden) + k * dilation - left;
                if (n >= 0 && n < (long)positions)
                    sum = fma(depth[h * (size_t)taps + (size_t)k], normal[(size_t)n * hidden + h],
                              sum);
            }
            u2[i] = sum;
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
        s = tcn_block_statistics(u2, values, slope_2[0], epsilon_2, scratch);
        if (l == 0)
            vstore2(s, 1, u2 + values);
        tcn_block_normalise(normal, u2, values, hidden, slope_2[0], s, norm_2_weight, norm_2_bias);
        barrier(CLK_GLOBAL_MEM_FENCE);
        TCN_BLOCK_EACH(i, skips * positions) {
            size_t o = i / positions;
            float sum = skip_bias[o];
            for (size_t h = 0; h < hidden; ++h)
                sum = fma(skip[o * hidden + h], normal[i % positions * hidden + h], sum);
            skip_out[b * skips * positions + i] = sum;
        }
        if (residual != 0)
            TCN_BLOCK_EACH(i, channels * positions) {
            size_t o = i / positions;
            float sum = residual_bias[o];
            for (size_t h = 0; h < hidden; ++h)
                sum = fma(residual[o * hidden + h], normal[i % positions * hidden + h], sum);
            out[b * channels * positions + i] = sum + x[b * channels * positions + i];
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}

/* to: dL/du from d, the gradient of the normalised; parts: slope, and norm's weight and bias. `to`
 * may be d or u. */
static inline void tcn_block_norm_back(__global float *to, __global const float *d,
                                       __global const float *u, size_t positions, size_t hidden,
                                       float slope, float2 s,
                                       __global const float *weight, __global float *slope_part,
                                       __global float *norm_part, __local float *scratch)
{
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    float sum = 0.0f;
    float product = 0.0f;
    TCN_BLOCK_EACH(h, hidden) {
        float weight_sum = 0.0f;
        float bias_sum = 0.0f;
        for (size_t n = 0; n < positions; ++n) {
            size_t i = n * hidden + h;
            float xhat = (tcn_block_prelu(u[i], slope) - s.x) * s.y;
            weight_sum = fma(d[i], xhat, weight_sum);
            bias_sum += d[i];
        }
        norm_part[h] += weight_sum;
        norm_part[hidden + h] += bias_sum;
        product = fma(weight_sum, weight[h], product);
        sum = fma(bias_sum, weight[h], sum);
    }
    float count = (float)positions * (float)hidden;
    barrier(CLK_GLOBAL_MEM_FENCE); /* columns are read, `to` may take their place */
    float mean = tcn_block_sum(sum, scratch) / count;
    float tilt = tcn_block_sum(product, scratch) / count;
    float slope_sum = 0.0f;
    TCN_BLOCK_EACH(i, positions * hidden) {
        float xhat = (tcn_block_prelu(u[i], slope) - s.x) * s.y;
        float dp = s.y * (d[i] * weight[i % hidden] - mean - xhat * tilt);
        float value = u[i];
        slope_sum = fma(dp, fmin(value, 0.0f), slope_sum);
        to[i] = value > 0.0f ? dp : slope * dp;
    }
    slope_sum = tcn_block_sum(slope_sum, scratch);
    if (l == 0)
        slope_part[0] += slope_sum;
}

/* part[k][h] += sum_n a[n][k] b[n][h], bias_part[k] += sum_n a[n][k] (or of b, where `of_b`). */
static inline void tcn_block_outer(__global float *part, __global float *bias_part,
                                   __global const float *a, size_t count, __global const float *b,
                                   size_t hidden, size_t positions, bool of_b)
{
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    size_t biases = of_b ? hidden : count;
    __global const float *summed = of_b ? b : a;
    TCN_BLOCK_EACH(i, count * hidden) {
        float sum = 0.0f;
        for (size_t n = 0; n < positions; ++n)
            sum = fma(a[n * count + i / hidden], b[n * hidden + i % hidden], sum);
        part[i] += sum;
    }
    TCN_BLOCK_EACH(i, biases) {
        float sum = 0.0f;
        for (size_t n = 0; n < positions; ++n)
            sum += summed[n * biases + i];
        bias_part[i] += sum;
    }
}

/* The skip's and the residual's side; dL/du2 takes the place of u2. */
FMX_SUBGROUP_KERNEL
__kernel void tcn_block_backward_2(
    __global const float *grad_out, __global const float *grad_skip, __global float *saved,
    __global float *work, __global const float *slope_2, __global const float *norm_2_weight,
    __global const float *norm_2_bias, __global const float *skip, __global const float *residual,
    ulong batch, ulong slice_floats, ulong parts_at, ulong channels, ulong hidden, ulong skips,
    ulong positions, long taps)
{
    __local float scratch[256];
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    size_t values = positions * hidden;
    tcn_block t;
    t.channels = channels;
    t.hidden = hidden;
    t.skips = skips;
    t.taps = taps;
    t.residual = residual != 0;
    tcn_parts p = tcn_parts_of(&t);
    __global float *normal = work + get_group_id(0) * slice_floats;
    __global float *d_skip = normal + values;
    __global float *d_out = d_skip + positions * skips;
    __global float *d = d_out + positions * channels;
    __global float *parts = work + get_group_id(0) * slice_floats + parts_at;
    for (size_t i = p.slope_2 + l; i < p.count; i += items)
        parts[i] = 0.0f;
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (size_t b = get_group_id(0); b < batch; b += get_num_groups(0)) {
        __global float *u2 = saved + b * (2 * values + 4) + values;
        float2 s2 = vload2(1, u2 + values);
        tcn_block_turn(d_skip, grad_skip + b * skips * positions, skips, positions);
        if (residual != 0)
            tcn_block_turn(d_out, grad_out + b * channels * positions, channels, positions);
        tcn_block_normalise(normal, u2, values, hidden, slope_2[0], s2, norm_2_weight, norm_2_bias);
        barrier(CLK_GLOBAL_MEM_FENCE);
        tcn_block_outer(parts + p.skip, parts + p.skip_bias, d_skip, skips, normal, hidden,
                        positions, false);
        if (residual != 0)
            tcn_block_outer(parts + p.residual, parts + p.residual_bias, d_out, channels, normal,
                            hidden, positions, false);
        TCN_BLOCK_EACH(i, values) {
            float sum = 0.0f;
            size_t n = i / hidden;
            for (size_t o = 0; o < skips; ++o)
                sum = fma(skip[o * hidden + i % hidden], d_skip[n * skips + o], sum);
            for (size_t o = 0; residual != 0 && o < channels; ++o)
                sum = fma(residual[o * hidden + i % hidden], d_out[n * channels + o], sum);
            d[i] = sum;
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
        tcn_block_norm_back(u2, d, u2, positions, hidden, slope_2[0], s2, norm_2_weight,
                            parts + p.slope_2, parts + p.norm_2, scratch);
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}

/* The input's side, from dL/du2. */
FMX_SUBGROUP_KERNEL
__kernel void tcn_block_backward_1(
    __global float *grad_x, __global const float *grad_out, __global const float *saved,
    __global float *work, __global const float *x, __global const float *conv,
    __global const float *slope_1, __global const float *norm_1_weight,
    __global const float *norm_1_bias, __global const float *depth, ulong batch,
    ulong slice_floats, ulong parts_at, ulong channels, ulong hidden, ulong skips, ulong positions,
    long taps, long dilation, long left)
{
    __local float scratch[256];
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    size_t values = positions * hidden;
    tcn_block t;
    t.channels = channels;
    t.hidden = hidden;
    t.skips = skips;
    t.taps = taps;
    t.residual = grad_out != 0;
    tcn_parts p = tcn_parts_of(&t);
    __global float *turned = work + get_group_id(0) * slice_floats;
    __global float *normal = turned + positions * channels;
    __global float *e = normal + values;
    __global float *parts = work + get_group_id(0) * slice_floats + parts_at;
    TCN_BLOCK_EACH(i, p.slope_2)
        parts[i] = 0.0f;
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (size_t b = get_group_id(0); b < batch; b += get_num_groups(0)) {
        __global const float *u1 = saved + b * (2 * values + 4);
        __global const float *d = u1 + values;
        float2 s1 = vload2(0, d + values);
        tcn_block_turn(turned, x + b * channels * positions, channels, positions);
        tcn_block_normalise(normal, u1, values, hidden, slope_1[0], s1, norm_1_weight, norm_1_bias);
        barrier(CLK_GLOBAL_MEM_FENCE);
        TCN_BLOCK_EACH(i, values) {
            size_t h = i % hidden;
            float sum = 0.0f;
            for (long k = 0; k < taps; ++k) {
                long n = (long)(i / hidden) + left - k * dilation;
                if (n >= 0 && n < (long)positions)
                    sum = fma(depth[h * (size_t)taps + (size_t)k], d[(size_t)n * hidden + h], sum);
            }
            e[i] = sum;
        }
        TCN_BLOCK_EACH(i, (size_t)taps * hidden) {
            long ahead = (long)(i / hidden) * dilation - left;
            float sum = 0.0f;
            for (long n = 0; n < (long)positions; ++n) {
                if (n + ahead >= 0 && n + ahead < (long)positions)
                    sum = fma(d[(size_t)n * hidden + i % hidden],
                              normal[(size_t)(n + ahead) * hidden + i % hidden], sum);
            }
            parts[p.depth + i] += sum;
        }
        TCN_BLOCK_EACH(h, hidden) {
            float sum = 0.0f;
            for (size_t n = 0; n < positions; ++n)
                sum += d[n * hidden + h];
            parts[p.depth_bias + h] += sum;
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
        tcn_block_norm_back(e, e, u1, positions, hidden, slope_1[0], s1, norm_1_weight,
                            parts + p.slope_1, parts + p.norm_1, scratch);
        barrier(CLK_GLOBAL_MEM_FENCE);
        tcn_block_outer(parts + p.conv, parts + p.conv_bias, turned, channels, e, hidden, positions,
                        true);
        if (grad_x != 0)
            TCN_BLOCK_EACH(i, channels * positions) {
            size_t c = i / positions;
            size_t n = i % positions;
            float sum = grad_out != 0 ? grad_out[b * channels * positions + i] : 0.0f;
            for (size_t h = 0; h < hidden; ++h)
                sum = fma(conv[h * channels + c], e[n * hidden + h], sum);
            grad_x[b * channels * positions + i] = sum;
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}

#ifdef FMX_VARIANT_CPU
#include "tcn_block_wide.clh"
#endif

/* Losses of an output x against a target t, float [batch][channels][positions], and their
 * gradients.
 *
 * loss_cross_entropy[_wide]
 *                        x: logits, t: proportions of the same shape; a column is one position of
 *                        one item: p = softmax(x), s = sum t over its channels
 *                        loss = share sum_c t_c (log sum exp x - x_c),
 *                        dL/dx_c = scale (s p_c - t_c);
 *                        a column of zero targets counts nothing
 * loss_present[_wide]    shares[item] = 1 / labels of the item that are not below 0; 0 without any
 * loss_labels            cross-entropy where t_c is 1 for the column's label, float
 *                        [batch][sources]: columns whose label is below 0 count nothing, the others
 *                        the item's share; a label that is no class gives NaN
 * loss_label_pairs       pairs[item][i][j]: that loss of column i with label j
 * loss_elements[_wide]   sum of f(x, t) over a chunk of a row, times share; dL/dx = scale f'(x, t);
 *                        f by `kind`, the number of the host's fmx__loss_kind:
 *                          1 binary cross-entropy  t > 0 ? extra softplus(-x) : softplus(x)
 *                          2 mse  (x - t)^2    3 mae  |x - t|, slope 0 where equal
 *                          4 Huber  d = |x - t| <= extra ? d^2 / 2 : extra (d - extra / 2)
 *                        softplus(x) = max(x, 0) + log(1 + exp(-|x|))
 * loss_si_snr[_wide]     a row x and a row t, less their means: a = (x.t + e) / (t.t + e), the
 *                        noise n = a t - x: share -10 log10((a^2 t.t + e) / (n.n + e)); and in
 *                        `slopes` (p, q, mean t, mean x) for its gradient p (t - mean t) + q (x -
 *                        mean x)
 * loss_si_snr_slope[_wide]
 *                        that gradient, times scale; an item per point, or per 16
 * loss_sum[_wide]        sum of the parts of a row, in a fixed order
 *
 * Rows of elements and of SI-SNR: `sources` rows to an item. Without an assignment row r is a pair:
 * output row i against target row j of an item, r = (item sources + i) sources + j (with one
 * source, row r against row r); with one, output row r against the target row that it was given.
 * Where a row is one chunk, or an item one column, the part is the loss itself. Any of parts, grad,
 * assignment may be NULL.
 *
 * Columns: an item for each, over the channels in their order; _wide: an item for 16 of an item of
 * the batch. Elements, SI-SNR and sums: a group per chunk or row, an item takes every n-th value;
 * _wide: an item per chunk or row, 16 values at a time, without barriers, for PoCL.
 *
 * Twin: host/ref/loss_ref.c.
 */
#define LOSS_BINARY 1u
#define LOSS_MSE 2u
#define LOSS_MAE 3u

/* Logarithm that keeps NaN and infinity. */
static inline float loss_log(float x)
{
    return x < INFINITY ? fmx_log(x) : x;
}

/* Sum of the exponentials of x less the largest, and that. */
static inline float loss_exp_sum(__global const float *x, size_t channels, size_t positions,
                                 float *most)
{
    *most = x[0];
    for (size_t c = 1; c < channels; ++c)
        *most = fmax(*most, x[c * positions]);
    float sum = 0.0f;
    for (size_t c = 0; c < channels; ++c)
        sum += fmx_exp(x[c * positions] - *most);
    return sum;
}

/* One column of soft targets: its loss, and its gradient unless that is NULL. */
static inline float loss_column(__global float *grad, __global const float *x,
                                __global const float *t, size_t channels, size_t positions,
                                float scale)
{
    float most;
    float sum = loss_exp_sum(x, channels, positions, &most);
    float whole = loss_log(sum);
    float present = 0.0f;
    float loss = 0.0f;
    for (size_t c = 0; c < channels; ++c) {
        present += t[c * positions];
        loss = fma(t[c * positions], whole - (x[c * positions] - most), loss);
    }
    for (size_t c = 0; grad != 0 && c < channels; ++c) {
        size_t at = c * positions;
        grad[at] = scale * (present * (fmx_exp(x[at] - most) / sum) - t[at]);
    }
    return loss;
}

FMX_SUBGROUP_KERNEL
__kernel void loss_cross_entropy(__global float *parts, __global float *grad,
                                 __global const float *logits, __global const float *target,
                                 ulong columns, ulong channels, ulong positions, float share,
                                 float scale)
{
    size_t column = get_global_id(0);
    if (column >= columns)
        return;
    size_t start = column / positions * channels * positions + column % positions;
    parts[column] = share * loss_column(grad != 0 ? grad + start : 0, logits + start,
                                        target + start, channels, positions, scale);
}

FMX_SUBGROUP_KERNEL
__kernel void loss_present(__global float *shares, __global const float *labels, ulong sources,
                           __local float *scratch)
{
    __global const float *from = labels + get_group_id(0) * sources;
    float present = 0.0f;
    for (size_t s = get_local_id(0); s < sources; s += get_local_size(0))
        present += from[s] < 0.0f ? 0.0f : 1.0f;
    present = fmx_group_sum(present, scratch);
    if (get_local_id(0) == 0)
        shares[get_group_id(0)] = present > 0.0f ? 1.0f / present : 0.0f;
}

/* A label's part in the loss: 0 for none, NaN where it is no class or no number. */
static inline float loss_label_share(float share, float label, ulong classes)
{
    if (label < 0.0f)
        return 0.0f;
    return label < (float)classes ? share : NAN;
}

static inline size_t loss_label_class(float label, ulong classes)
{
    return label >= 0.0f && label < (float)classes ? (size_t)label : 0;
}

FMX_SUBGROUP_KERNEL
__kernel void loss_labels(__global float *parts, __global float *grad, __global const float *logits,
                          __global const float *labels, __global const float *shares,
                          __global const uint *assignment, ulong columns, ulong classes,
                          ulong sources, float scale)
{
    size_t column = get_global_id(0);
    if (column >= columns)
        return;
    size_t item = column / sources;
    size_t start = item * classes * sources + column % sources;
    __global const float *x = logits + start;
    float label = labels[assignment != 0 ? item * sources + assignment[column] : column];
    float share = loss_label_share(shares[item], label, classes);
    size_t class = loss_label_class(label, classes);
    float most;
    float sum = loss_exp_sum(x, classes, sources, &most);
    if (parts != 0) {
        float loss = loss_log(sum) - (x[class * sources] - most);
        parts[column] = share == 0.0f ? 0.0f : share * loss;
    }
    for (size_t c = 0; grad != 0 && c < classes; ++c) {
        float p = fmx_exp(x[c * sources] - most) / sum;
        float slope = c == class ? p - 1.0f : p;
        grad[start + c * sources] = share == 0.0f ? 0.0f : scale * share * slope;
    }
}

FMX_SUBGROUP_KERNEL
__kernel void loss_label_pairs(__global float *pairs, __global const float *logits,
                               __global const float *labels, __global const float *shares,
                               ulong columns, ulong classes, ulong sources)
{
    size_t column = get_global_id(0);
    if (column >= columns)
        return;
    size_t item = column / sources;
    __global const float *x = logits + item * classes * sources + column % sources;
    float most;
    float whole = loss_log(loss_exp_sum(x, classes, sources, &most));
    for (size_t s = 0; s < sources; ++s) {
        float label = labels[item * sources + s];
        float share = loss_label_share(shares[item], label, classes);
        float value = x[loss_label_class(label, classes) * sources] - most;
        pairs[column * sources + s] = share == 0.0f ? 0.0f : share * (whole - value);
    }
}

/* f and its slope; see above. */
#define LOSS_DEFINE_TERM(NAME, FLOAT, EXP, LOG)                                                    \
    static inline FLOAT NAME(uint kind, FLOAT x, FLOAT t, float extra, FLOAT *slope)              \
    {                                                                                              \
        const FLOAT zero = (FLOAT)(0.0f);                                                          \
        const FLOAT one = (FLOAT)(1.0f);                                                           \
        const FLOAT edge = (FLOAT)(extra);                                                         \
        FLOAT d = x - t;                                                                           \
        if (kind == LOSS_MSE) {                                                                    \
            *slope = d + d;                                                                        \
            return d * d;                                                                          \
        }                                                                                          \
        if (kind == LOSS_MAE) {                                                                    \
            *slope = select(select(d, -one, d < zero), one, d > zero); /* NaN stays */             \
            return fabs(d);                                                                        \
        }                                                                                          \
        if (kind == LOSS_BINARY) {                                                                 \
            FLOAT e = EXP(-fabs(x));                                                               \
            FLOAT small = e / (one + e); /* sigmoid of -|x|, without cancellation */               \
            FLOAT large = one / (one + e);                                                         \
            FLOAT tail = LOG(one + e);                                                             \
            FLOAT there = edge * (fmax(-x, zero) + tail);                                          \
            FLOAT term = select(fmax(x, zero) + tail, there, t > zero);                            \
            FLOAT up = select(large, small, x < zero);                                             \
            FLOAT down = select(small, large, x < zero);                                           \
            *slope = select(up, -edge * down, t > zero);                                           \
            return select(term, x, isnan(x));                                                      \
        }                                                                                          \
        FLOAT far = fabs(d);                                                                       \
        *slope = select(select(d, -edge, d < -edge), edge, d > edge);                              \
        return select(edge * (far - 0.5f * edge), 0.5f * d * d, far <= edge);                      \
    }

LOSS_DEFINE_TERM(loss_term, float, fmx_exp, fmx_log)
#ifdef FMX_VARIANT_CPU
LOSS_DEFINE_TERM(loss_term16, float16, fmx_exp16, fmx_log16)
#endif

/* Where output row and target row of a row begin; see above. */
static inline size_t loss_output(size_t row, size_t sources, __global const uint *assignment)
{
    return assignment != 0 ? row : row / sources;
}

static inline size_t loss_target(size_t row, size_t sources, __global const uint *assignment)
{
    return assignment != 0 ? row / sources * sources + assignment[row]
                           : row / (sources * sources) * sources + row % sources;
}

FMX_SUBGROUP_KERNEL
__kernel void loss_elements(__global float *parts, __global float *grad, __global const float *x,
                            __global const float *t, __global const uint *assignment,
                            ulong sources, ulong points, ulong chunk, ulong chunks, uint kind,
                            float extra, float share, float scale, __local float *scratch)
{
    size_t row = get_group_id(0) / chunks;
    size_t first = get_group_id(0) % chunks * chunk;
    size_t end = min(first + chunk, (size_t)points);
    size_t start = loss_output(row, sources, assignment) * points;
    size_t other = loss_target(row, sources, assignment) * points;
    float sum = 0.0f;
    for (size_t k = first + get_local_id(0); k < end; k += get_local_size(0)) {
        float slope;
        sum += loss_term(kind, x[start + k], t[other + k], extra, &slope);
        if (grad != 0)
            grad[start + k] = scale * slope;
    }
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0 && parts != 0)
        parts[get_group_id(0)] = share * sum;
}

/* Loss and slopes from the sums; k = 10 / ln 10. */
static inline float loss_si_snr_end(float xt, float tt, float noise, float scaling, float epsilon,
                                    float2 *slope)
{
    const float k = 4.342944819032518f;
    float whole = tt + epsilon;
    float signal = scaling * scaling * tt + epsilon;
    float rest = noise + epsilon;
    /* noise . t is e (t.t - x.t) / (t.t + e), without the cancellation of its sum */
    float along = epsilon * ((tt - xt) / whole) / whole / rest;
    slope->x = -2.0f * k * (scaling * (tt / whole) / signal - along + scaling / rest);
    slope->y = 2.0f * k / rest;
    return k * (loss_log(rest) - loss_log(signal));
}

FMX_SUBGROUP_KERNEL
__kernel void loss_si_snr(__global float *parts, __global float4 *slopes, __global const float *x,
                          __global const float *t, ulong sources, ulong points, float epsilon,
                          float share, __local float *scratch)
{
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    size_t items = get_local_size(0);
    __global const float *output = x + loss_output(row, sources, 0) * points;
    __global const float *target = t + loss_target(row, sources, 0) * points;
    float2 mean = 0.0f;
    for (size_t k = l; k < points; k += items)
        mean += (float2)(output[k], target[k]);
    mean.x = fmx_group_sum(mean.x, scratch) / (float)points;
    mean.y = fmx_group_sum(mean.y, scratch) / (float)points;
    float xt = 0.0f;
    float tt = 0.0f;
    for (size_t k = l; k < points; k += items) {
        float value = target[k] - mean.y;
        xt = fma(output[k] - mean.x, value, xt);
        tt = fma(value, value, tt);
    }
    xt = fmx_group_sum(xt, scratch);
    tt = fmx_group_sum(tt, scratch);
    float scaling = (xt + epsilon) / (tt + epsilon);
    float noise = 0.0f;
    for (size_t k = l; k < points; k += items) {
        float n = fma(scaling, target[k] - mean.y, mean.x - output[k]);
        noise = fma(n, n, noise);
    }
    noise = fmx_group_sum(noise, scratch);
    if (l == 0) {
        float2 slope;
        parts[row] = share * loss_si_snr_end(xt, tt, noise, scaling, epsilon, &slope);
        slopes[row] = (float4)(slope.x, slope.y, mean.y, mean.x);
    }
}

/* The slopes of a row's SI-SNR, by the target that it was given; its own without an assignment. */
static inline float4 loss_si_snr_of(__global const float4 *slopes, __global const uint *assignment,
                                    size_t row, size_t sources, size_t *target)
{
    *target = assignment != 0 ? loss_target(row, sources, assignment) : row;
    return slopes[assignment != 0 ? row * sources + assignment[row] : row];
}

FMX_SUBGROUP_KERNEL
__kernel void loss_si_snr_slope(__global float *grad, __global const float *x,
                                __global const float *t, __global const float4 *slopes,
                                __global const uint *assignment, ulong sources, ulong points,
                                ulong rows, float scale)
{
    size_t k = get_global_id(0);
    size_t row = get_global_id(1);
    if (k >= points || row >= rows)
        return;
    size_t target;
    float4 slope = loss_si_snr_of(slopes, assignment, row, sources, &target);
    float value = slope.x * (t[target * points + k] - slope.z);
    grad[row * points + k] = scale * fma(slope.y, x[row * points + k] - slope.w, value);
}

FMX_SUBGROUP_KERNEL
__kernel void loss_sum(__global float *losses, __global const float *parts, ulong count,
                       __local float *scratch)
{
    __global const float *from = parts + get_group_id(0) * count;
    float sum = 0.0f;
    for (size_t k = get_local_id(0); k < count; k += get_local_size(0))
        sum += from[k];
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        losses[get_group_id(0)] = sum;
}

#ifdef FMX_VARIANT_CPU
/* Sum of the lanes. */
static inline float loss_lanes(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

__kernel void loss_cross_entropy_wide(__global float *parts, __global float *grad,
                                      __global const float *logits, __global const float *target,
                                      ulong blocks, ulong channels, ulong positions, float share,
                                      float scale, ulong groups)
{
    size_t group = get_global_id(0);
    if (group >= groups)
        return;
    size_t item = group / blocks;
    size_t p = group % blocks * 16;
    size_t start = item * channels * positions + p;
    __global float *to = grad != 0 ? grad + start : 0;
    __global const float *x = logits + start;
    __global const float *t = target + start;
    parts += item * positions + p;
    if (p + 16 > positions) {
        for (size_t k = 0; p + k < positions; ++k)
            parts[k] = share * loss_column(to != 0 ? to + k : 0, x + k, t + k, channels, positions,
                                           scale);
        return;
    }
    float16 most = vload16(0, x);
    for (size_t c = 1; c < channels; ++c)
        most = fmax(most, vload16(0, x + c * positions));
    float16 sum = 0.0f;
    for (size_t c = 0; c < channels; ++c)
        sum += fmx_exp16(vload16(0, x + c * positions) - most);
    float16 whole = select(sum, fmx_log16(sum), sum < (float16)(INFINITY)); /* NaN stays */
    float16 present = 0.0f;
    float16 loss = 0.0f;
    for (size_t c = 0; c < channels; ++c) {
        float16 share_c = vload16(0, t + c * positions);
        present += share_c;
        loss = fma(share_c, whole - (vload16(0, x + c * positions) - most), loss);
    }
    vstore16(share * loss, 0, parts);
    for (size_t c = 0; to != 0 && c < channels; ++c) {
        float16 p_c = fmx_exp16(vload16(0, x + c * positions) - most) / sum;
        vstore16(scale * (present * p_c - vload16(0, t + c * positions)), 0, to + c * positions);
    }
}

__kernel void loss_present_wide(__global float *shares, __global const float *labels,
                                ulong sources, ulong batch)
{
    size_t item = get_global_id(0);
    if (item >= batch)
        return;
    float present = 0.0f;
    for (size_t s = 0; s < sources; ++s)
        present += labels[item * sources + s] < 0.0f ? 0.0f : 1.0f;
    shares[item] = present > 0.0f ? 1.0f / present : 0.0f;
}

__kernel void loss_elements_wide(__global float *parts, __global float *grad,
                                 __global const float *x, __global const float *t,
                                 __global const uint *assignment, ulong sources, ulong points,
                                 ulong chunk, ulong chunks, uint kind, float extra, float share,
                                 float scale, ulong groups)
{
    size_t group = get_global_id(0);
    if (group >= groups)
        return;
    size_t row = group / chunks;
    size_t k = group % chunks * chunk;
    size_t end = min(k + chunk, (size_t)points);
    __global const float *output = x + loss_output(row, sources, assignment) * points;
    __global const float *target = t + loss_target(row, sources, assignment) * points;
    __global float *slopes = grad + loss_output(row, sources, assignment) * points;
    float16 sum = 0.0f;
    float rest = 0.0f;
    for (; k + 16 <= end; k += 16) {
        float16 slope;
        sum += loss_term16(kind, vload16(0, output + k), vload16(0, target + k), extra, &slope);
        if (grad != 0)
            vstore16(scale * slope, 0, slopes + k);
    }
    for (; k < end; ++k) {
        float slope;
        rest += loss_term(kind, output[k], target[k], extra, &slope);
        if (grad != 0)
            slopes[k] = scale * slope;
    }
    if (parts != 0)
        parts[group] = share * (loss_lanes(sum) + rest);
}

__kernel void loss_si_snr_wide(__global float *parts, __global float4 *slopes,
                               __global const float *x, __global const float *t, ulong sources,
                               ulong points, float epsilon, float share, ulong rows)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    __global const float *output = x + loss_output(row, sources, 0) * points;
    __global const float *target = t + loss_target(row, sources, 0) * points;
    size_t whole = points / 16 * 16;
    float16 a = 0.0f;
    float16 b = 0.0f;
    float mean_x = 0.0f;
    float mean_t = 0.0f;
    for (size_t k = 0; k < whole; k += 16) {
        a += vload16(0, output + k);
        b += vload16(0, target + k);
    }
    for (size_t k = whole; k < points; ++k) {
        mean_x += output[k];
        mean_t += target[k];
    }
    mean_x = (mean_x + loss_lanes(a)) / (float)points;
    mean_t = (mean_t + loss_lanes(b)) / (float)points;
    a = b = 0.0f;
    float xt = 0.0f;
    float tt = 0.0f;
    for (size_t k = 0; k < whole; k += 16) {
        float16 value = vload16(0, target + k) - mean_t;
        a = fma(vload16(0, output + k) - mean_x, value, a);
        b = fma(value, value, b);
    }
    for (size_t k = whole; k < points; ++k) {
        float value = target[k] - mean_t;
        xt = fma(output[k] - mean_x, value, xt);
        tt = fma(value, value, tt);
    }
    xt += loss_lanes(a);
    tt += loss_lanes(b);
    float scaling = (xt + epsilon) / (tt + epsilon);
    float noise = 0.0f;
    a = 0.0f;
    for (size_t k = 0; k < whole; k += 16) {
        float16 n = fma((float16)(scaling), vload16(0, target + k) - mean_t,
                        mean_x - vload16(0, output + k));
        a = fma(n, n, a);
    }
    for (size_t k = whole; k < points; ++k) {
        float n = fma(scaling, target[k] - mean_t, mean_x - output[k]);
        noise = fma(n, n, noise);
    }
    float2 slope;
    parts[row] = share * loss_si_snr_end(xt, tt, noise + loss_lanes(a), scaling, epsilon, &slope);
    slopes[row] = (float4)(slope.x, slope.y, mean_t, mean_x);
}

__kernel void loss_si_snr_slope_wide(__global float *grad, __global const float *x,
                                     __global const float *t, __global const float4 *slopes,
                                     __global const uint *assignment, ulong sources, ulong points,
                                     ulong rows, float scale)
{
    size_t k = get_global_id(0) * 16;
    size_t row = get_global_id(1);
    if (k >= points || row >= rows)
        return;
    size_t target;
    float4 slope = loss_si_snr_of(slopes, assignment, row, sources, &target);
    __global const float *output = x + row * points;
    __global const float *other = t + target * points;
    if (k + 16 <= points) {
        float16 value = slope.x * (vload16(0, other + k) - slope.z);
        value = fma((float16)(slope.y), vload16(0, output + k) - slope.w, value);
        vstore16(scale * value, 0, grad + row * points + k);
        return;
    }
    for (; k < points; ++k) {
        float value = slope.x * (other[k] - slope.z);
        grad[row * points + k] = scale * fma(slope.y, output[k] - slope.w, value);
    }
}

__kernel void loss_sum_wide(__global float *losses, __global const float *parts, ulong count,
                            ulong rows)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    __global const float *from = parts + row * count;
    float16 sum = 0.0f;
    float rest = 0.0f;
    size_t k = 0;
    for (; k + 16 <= count; k += 16)
        sum += vload16(0, from + k);
    for (; k < count; ++k)
        rest += from[k];
    losses[row] = loss_lanes(sum) + rest;
}
#endif

/* Losses of an output x against a target t, float [batch][channels][positions], and their gradients.
 *
 * loss_cross_entropy     x: logits, t: proportions of the same shape; a column is one position of one
 *                        item: p = softmax(x), s = sum t over its channels
 *                        loss = share sum_c t_c (log sum exp x - x_c); dL/dx_c = scale (s p_c - t_c);
 *                        a column of zero targets counts nothing
 * loss_labels            the same where t_c is 1 for the column's label, float [batch][positions]: the
 *                        columns whose label is below 0 count nothing, and those of an item that have
 *                        one share 1; a label that is no class gives NaN
 * loss_elements[_wide]   sum of f(x, t) over a chunk of a row, times share; dL/dx = scale f'(x, t);
 *                        f by `kind`, the number of the host's fmx__loss_kind:
 *                          1 binary cross-entropy  t > 0 ? extra softplus(-x) : softplus(x)
 *                          2 mse  (x - t)^2    3 mae  |x - t|, slope 0 where equal
 *                          4 Huber  d = |x - t| <= extra ? d^2 / 2 : extra (d - extra / 2)
 *                        softplus(x) = max(x, 0) + log(1 + exp(-|x|))
 * loss_sum[_wide]        sum of the parts of a row, in a fixed order
 *
 * Where a row is one chunk, or an item one column, the part is the loss itself. grad may be NULL.
 * Columns: one item each, over the channels in their order. Elements and sums: a group per chunk or
 * row, an item takes every n-th value; _wide: an item per chunk or row, 16 values at a time, without
 * barriers, for PoCL.
 *
 * Twin: host/ref/loss_ref.c.
 */
#define LOSS_BINARY 1u
#define LOSS_MSE 2u
#define LOSS_MAE 3u

/* log of the sum of exponentials less the largest, and that. */
static inline float loss_log_sum(__global const float *x, size_t channels, size_t positions,
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
    __global const float *x = logits + start;
    __global const float *t = target + start;
    float most;
    float sum = loss_log_sum(x, channels, positions, &most);
    float whole = fmx_log(sum);
    float present = 0.0f;
    float loss = 0.0f;
    for (size_t c = 0; c < channels; ++c) {
        present += t[c * positions];
        loss = fma(t[c * positions], whole - (x[c * positions] - most), loss);
    }
    parts[column] = share * loss;
    for (size_t c = 0; grad != 0 && c < channels; ++c) {
        size_t at = c * positions;
        grad[start + at] = scale * (present * (fmx_exp(x[at] - most) / sum) - t[at]);
    }
}

/* The column's share of its item: 1 / columns that have a label; 0 without one. */
static inline float loss_label_share(__global const float *labels, size_t sources, float label)
{
    float present = 0.0f;
    for (size_t s = 0; s < sources; ++s)
        present += labels[s] < 0.0f ? 0.0f : 1.0f;
    return label < 0.0f ? 0.0f : 1.0f / present;
}

FMX_SUBGROUP_KERNEL
__kernel void loss_labels(__global float *parts, __global float *grad, __global const float *logits,
                          __global const float *labels, ulong columns, ulong classes,
                          ulong sources, float scale)
{
    size_t column = get_global_id(0);
    if (column >= columns)
        return;
    size_t item = column / sources;
    size_t start = item * classes * sources + column % sources;
    __global const float *x = logits + start;
    float label = labels[column];
    float share = loss_label_share(labels + item * sources, sources, label);
    if (!(label < (float)classes)) /* also where it is no number */
        share = NAN;
    size_t class = label >= 0.0f && label < (float)classes ? (size_t)label : 0;
    float most;
    float sum = loss_log_sum(x, classes, sources, &most);
    parts[column] = share == 0.0f ? 0.0f : share * (fmx_log(sum) - (x[class * sources] - most));
    for (size_t c = 0; grad != 0 && c < classes; ++c) {
        float p = fmx_exp(x[c * sources] - most) / sum;
        float slope = c == class ? p - 1.0f : p;
        grad[start + c * sources] = share == 0.0f ? 0.0f : scale * share * slope;
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
            FLOAT tail = LOG(one + EXP(-fabs(x)));                                                 \
            FLOAT there = edge * (fmax(-x, zero) + tail);                                          \
            FLOAT term = select(fmax(x, zero) + tail, there, t > zero);                            \
            /* sigmoid - 1 without cancellation */                                                 \
            *slope = select(one / (one + EXP(-x)), -edge / (one + EXP(x)), t > zero);              \
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

FMX_SUBGROUP_KERNEL
__kernel void loss_elements(__global float *parts, __global float *grad, __global const float *x,
                            __global const float *t, ulong points, ulong chunk, ulong chunks,
                            uint kind, float extra, float share, float scale,
                            __local float *scratch)
{
    size_t row = get_group_id(0) / chunks;
    size_t first = get_group_id(0) % chunks * chunk;
    size_t end = min(first + chunk, (size_t)points);
    size_t start = row * points;
    float sum = 0.0f;
    for (size_t k = first + get_local_id(0); k < end; k += get_local_size(0)) {
        float slope;
        sum += loss_term(kind, x[start + k], t[start + k], extra, &slope);
        if (grad != 0)
            grad[start + k] = scale * slope;
    }
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        parts[get_group_id(0)] = share * sum;
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

__kernel void loss_elements_wide(__global float *parts, __global float *grad,
                                 __global const float *x, __global const float *t, ulong points,
                                 ulong chunk, ulong chunks, uint kind, float extra, float share,
                                 float scale, ulong groups)
{
    size_t group = get_global_id(0);
    if (group >= groups)
        return;
    size_t k = group / chunks * points + group % chunks * chunk;
    size_t end = group / chunks * points + min((group % chunks + 1) * chunk, (size_t)points);
    float16 sum = 0.0f;
    float rest = 0.0f;
    for (; k + 16 <= end; k += 16) {
        float16 slope;
        sum += loss_term16(kind, vload16(0, x + k), vload16(0, t + k), extra, &slope);
        if (grad != 0)
            vstore16(scale * slope, 0, grad + k);
    }
    for (; k < end; ++k) {
        float slope;
        rest += loss_term(kind, x[k], t[k], extra, &slope);
        if (grad != 0)
            grad[k] = scale * slope;
    }
    parts[group] = share * (loss_lanes(sum) + rest);
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

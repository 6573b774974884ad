/* Convolution along positions on PoCL, forward and back to the input: one item per group, float16
 * along positions, sums in registers, no barriers. The formulas are in conv1d.cl.
 *
 * Rows are copied so that every tap reads a contiguous run: zeros at both ends, and one row per phase
 * of the stride, rows [row][phase][pitch], value j of phase p being padded position j stride + p.
 * Tap t then reads position n at offset[t] + n. Weights are packed in blocks of 8 filters,
 * [block][channel][tap][8]. A table in front of them: for each phase the number of its taps, then
 * `most` offsets. Rows that need no padding and no stride are read in place.
 *
 * Backward to the input is the same product with channels and filters exchanged: phase p of
 * grad_in's padded positions takes the taps with t dilation % stride = p.
 *
 * conv1d_rows_wide              copies rows; item (phase, row)
 * conv1d_weights_forward_wide   table and weights of forward; item (block of filters)
 * conv1d_weights_backward_wide  the same of backward; item (block of channels, phase)
 * conv1d_product_wide           the product; item (range of positions, item of the batch, phase)
 * conv1d_pointwise_wide         the product with one tap, in place; item (range, item of the batch)
 * conv1d_phases_wide            grad_in from its phases; item (row)
 */
#ifdef FMX_VARIANT_CPU

static inline void conv1d_store16(float16 x, size_t offset, __global float *to)
{
    ((__global fmx_float16 *)to)[offset] = x;
}

/* Item (phase, row). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_rows_wide(__global float *scratch, ulong rows_at, __global const float *from,
                               ulong points, ulong stride, ulong pitch, ulong left)
{
    size_t phase = get_group_id(0);
    size_t row = get_group_id(1);
    __global float *to = scratch + rows_at + (row * get_num_groups(0) + phase) * pitch;
    from += row * points;
    /* j stride + phase - left is inside for j in [first, last) */
    size_t first = phase >= left ? 0 : (left - phase + stride - 1) / stride;
    size_t last = points + left > phase ? (points + left - phase + stride - 1) / stride : 0;
    first = min(first, (size_t)pitch);
    last = max(first, min(last, (size_t)pitch));
    for (size_t j = 0; j < first; ++j)
        to[j] = 0.0f;
    if (stride == 1) {
        __global const float *x = from + first - left;
        for (size_t j = first; j < last; ++j)
            to[j] = x[j - first];
    } else {
        __global const float *x = from + (first * stride + phase - left);
        for (size_t j = first; j < last; ++j)
            to[j] = x[(j - first) * stride];
    }
    for (size_t j = last; j < pitch; ++j)
        to[j] = 0.0f;
}

/* `pitch`: 0 where rows are read in place. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_weights_forward_wide(__global float *scratch, ulong weights_at,
                                          __global const float *weight, ulong out_c, ulong terms,
                                          ulong taps, ulong stride, ulong dilation, ulong pitch)
{
    size_t block = get_group_id(0);
    __global float *to = scratch + weights_at + block * terms * 8;
    __global int *table = (__global int *)scratch;
    if (block == 0) {
        table[0] = (int)taps;
        for (size_t t = 0; t < taps; ++t) {
            size_t at = t * dilation;
            table[1 + t] = (int)(at % stride * pitch + at / stride);
        }
    }
    for (size_t i = 0; i < 8; ++i) {
        bool inside = block * 8 + i < out_c;
        __global const float *from = weight + (inside ? block * 8 + i : 0) * terms;
        for (size_t q = 0; q < terms; ++q)
            to[q * 8 + i] = inside ? from[q] : 0.0f;
    }
}

/* Offsets are relative to rows with `left` zeros in front. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_weights_backward_wide(__global float *scratch, ulong weights_at,
                                           __global const float *weight, ulong in_c, ulong out_c,
                                           ulong taps, ulong stride, ulong dilation, ulong left,
                                           ulong most)
{
    size_t block = get_group_id(0);
    size_t phase = get_group_id(1);
    size_t phases = get_num_groups(1);
    __global int *table = (__global int *)scratch;
    __global float *to =
        scratch + weights_at + (phase * get_num_groups(0) + block) * out_c * most * 8;
    size_t count = 0;
    for (size_t t = 0; t < taps; ++t) {
        if (t * dilation % stride != phase)
            continue;
        if (block == 0)
            table[phases + phase * most + count] = (int)left - (int)(t * dilation / stride);
        ++count;
    }
    if (block == 0)
        table[phase] = (int)count;
    for (size_t o = 0; o < out_c; ++o) {
        for (size_t t = 0; t < taps; ++t) {
            if (t * dilation % stride != phase)
                continue;
            for (size_t i = 0; i < 8; ++i) {
                size_t c = block * 8 + i;
                to[i] = c < in_c ? weight[(o * in_c + c) * taps + t] : 0.0f;
            }
            to += 8;
        }
    }
}

/* sum[i][v] += weight(i, c, t) x(c, offset[t] + 16 v) over c, then t. */
#define CONV1D_SUM(NAME, NV)                                                                       \
    static inline void NAME(float16 sum[8][NV], __global const float *x, size_t x_row,             \
                            __global const int *offset, size_t taps, __global const float *weight, \
                            size_t channels)                                                       \
    {                                                                                              \
        for (size_t c = 0; c < channels; ++c) {                                                    \
            for (size_t t = 0; t < taps; ++t) {                                                    \
                __global const float *from = x + offset[t];                                        \
                float16 value[NV];                                                                 \
                _Pragma("unroll") for (size_t v = 0; v < NV; ++v) value[v] = vload16(v, from);     \
                _Pragma("unroll") for (size_t i = 0; i < 8; ++i)                                   \
                {                                                                                  \
                    float16 one = weight[i];                                                       \
                    _Pragma("unroll") for (size_t v = 0; v < NV; ++v) sum[i][v] =                  \
                        fma(one, value[v], sum[i][v]);                                             \
                }                                                                                  \
                weight += 8;                                                                       \
            }                                                                                      \
            x += x_row;                                                                            \
        }                                                                                          \
    }
CONV1D_SUM(conv1d_sum3, 3)
CONV1D_SUM(conv1d_sum1, 1)

/* Bias, relu, and out: `rows` of the 8 rows. `stream`: past the caches, whole aligned vectors. */
#define CONV1D_FINISH(NAME, NV)                                                                    \
    static inline void NAME(float16 sum[8][NV], __global float *out, size_t out_row, size_t rows,  \
                            __global const float *bias, uint relu, bool stream)                    \
    {                                                                                              \
        _Pragma("unroll") for (size_t i = 0; i < 8; ++i)                                           \
        {                                                                                          \
            if (i < rows) {                                                                        \
                float16 add = bias != 0 ? bias[i] : 0.0f;                                          \
                __global float *to = out + i * out_row;                                            \
                _Pragma("unroll") for (size_t v = 0; v < NV; ++v)                                  \
                {                                                                                  \
                    float16 y = sum[i][v] + add;                                                   \
                    if (relu != 0)                                                                 \
                        y = select(y, (float16)(0.0f), y <= 0.0f);                                 \
                    if (stream)                                                                    \
                        __builtin_nontemporal_store(y, (__global float16 *)to + v);                \
                    else                                                                           \
                        conv1d_store16(y, v, to);                                                  \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
CONV1D_FINISH(conv1d_finish3, 3)
CONV1D_FINISH(conv1d_finish1, 1)

#define CONV1D_ZERO(SUM, NV)                                                                       \
    _Pragma("unroll") for (size_t i = 0; i < 8; ++i)                                               \
    {                                                                                              \
        _Pragma("unroll") for (size_t v = 0; v < NV; ++v) SUM[i][v] = 0.0f;                        \
    }

/* Whether every vector of rows of `row` floats from `to`, `count` of them used, is aligned. */
static inline bool conv1d_aligned(__global const float *to, size_t row, size_t count)
{
    return ((size_t)to % 64 | row % 16 | count % 16) == 0;
}

/* The last positions, fewer than 48; the last vector is shifted to end with the row. */
static inline void conv1d_rest(__global float *out, size_t out_row, __global const float *x,
                               size_t x_row, size_t at, size_t last, __global const int *offset,
                               size_t taps, __global const float *weights, size_t block_floats,
                               __global const float *bias, size_t rows, size_t channels, uint relu,
                               bool stream)
{
    while (at < last) {
        size_t start = min(at, last - 16);
        for (size_t r = 0; r < rows; r += 8) {
            float16 sum[8][1];
            CONV1D_ZERO(sum, 1)
            conv1d_sum1(sum, x + start, x_row, offset, taps, weights + r / 8 * block_floats,
                        channels);
            conv1d_finish1(sum, out + r * out_row + start, out_row, rows - r,
                           bias != 0 ? bias + r : bias, relu, stream);
        }
        at = start + 16;
    }
}

/* out[item][row][phase][position] = bias[row] + sum over channels and the phase's taps. At least 16
 * positions. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_product_wide(__global float *out, ulong out_at, ulong out_row,
                                  __global const float *x, ulong x_at, ulong x_row,
                                  __global const float *scratch, ulong weights_at, ulong most,
                                  __global const float *bias, ulong rows, ulong channels,
                                  ulong count, uint relu, uint stream)
{
    size_t ranges = get_num_groups(0);
    size_t range = get_group_id(0);
    size_t phase = get_group_id(2);
    size_t phases = get_num_groups(2);
    size_t share = count / ranges / 48 * 48;
    size_t at = range * share;
    size_t last = range + 1 == ranges ? count : at + share;
    __global const int *table = (__global const int *)scratch;
    __global const int *offset = table + phases + phase * most;
    size_t taps = (size_t)table[phase];
    size_t blocks = (rows + 7) / 8;
    size_t block_floats = channels * most * 8;
    __global const float *weights = scratch + weights_at + phase * blocks * block_floats;
    x += x_at + get_group_id(1) * channels * x_row;
    out += out_at + get_group_id(1) * rows * out_row + phase * (out_row / phases);
    bool past = stream != 0 && conv1d_aligned(out, out_row, count);
    for (; at + 48 <= last; at += 48) {
        for (size_t r = 0; r < rows; r += 8) {
            float16 sum[8][3];
            CONV1D_ZERO(sum, 3)
            conv1d_sum3(sum, x + at, x_row, offset, taps, weights + r / 8 * block_floats, channels);
            conv1d_finish3(sum, out + r * out_row + at, out_row, rows - r,
                           bias != 0 ? bias + r : bias, relu, past);
        }
    }
    conv1d_rest(out, out_row, x, x_row, at, last, offset, taps, weights, block_floats, bias, rows,
                channels, relu, past);
}

/* ---- one tap ---------------------------------------------------------------------------------------
 * Rows are a power of two apart more often than not, so that 48 positions of all channels share few
 * sets of the cache and drive each other out. They are copied to a panel first, 96 positions of
 * CONV1D_PANEL channels at a time, which all filters then read; the next ones are fetched meanwhile. */
#define CONV1D_PANEL 160 /* 60 KB */

/* panel [half][CONV1D_PANEL channels][48 positions] */
static inline void conv1d_pack(__local float16 *panel, __global const float *x, size_t x_row,
                               size_t channels, size_t halves)
{
    for (size_t c = 0; c < channels; ++c) {
        for (size_t h = 0; h < halves; ++h) {
#pragma unroll
            for (size_t v = 0; v < 3; ++v)
                panel[(h * CONV1D_PANEL + c) * 3 + v] = vload16(h * 3 + v, x + c * x_row);
        }
    }
}

static inline void conv1d_panel_sum(float16 sum[8][3], __local const float16 *panel,
                                    __global const float *weight, size_t channels)
{
    for (size_t c = 0; c < channels; ++c) {
        float16 value[3];
#pragma unroll
        for (size_t v = 0; v < 3; ++v)
            value[v] = panel[c * 3 + v];
#pragma unroll
        for (size_t i = 0; i < 8; ++i) {
            float16 one = weight[c * 8 + i];
#pragma unroll
            for (size_t v = 0; v < 3; ++v)
                sum[i][v] = fma(one, value[v], sum[i][v]);
        }
    }
}

/* 96 positions of rows [first, last) on their way. */
static inline void conv1d_fetch(__global const float *x, size_t x_row, size_t first, size_t last)
{
    for (size_t c = first; c < last; ++c) {
#pragma unroll
        for (size_t v = 0; v < 6; ++v)
            __builtin_prefetch((const void *)(size_t)(x + c * x_row + 16 * v), 0, 2);
    }
}

/* out[item][row][position] = bias[row] + sum over channels, from rows in place. At least 16
 * positions. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_pointwise_wide(__global float *out, __global const float *x,
                                    __global const float *scratch, ulong weights_at,
                                    __global const float *bias, ulong rows, ulong channels,
                                    ulong count, uint relu, uint stream)
{
    __local float16 panel[2 * CONV1D_PANEL * 3];
    size_t ranges = get_num_groups(0);
    size_t share = count / ranges / 48 * 48;
    size_t at = get_group_id(0) * share;
    size_t last = get_group_id(0) + 1 == ranges ? count : at + share;
    __global const float *weights = scratch + weights_at;
    x += get_group_id(1) * channels * count;
    out += get_group_id(1) * rows * count;
    bool past = stream != 0 && conv1d_aligned(out, count, count);
    while (at + 48 <= last) {
        size_t halves = at + 96 <= last ? 2 : 1;
        size_t jobs = halves * ((rows + 7) / 8);
        for (size_t c = 0; c < channels; c += CONV1D_PANEL) {
            size_t depth = min(channels - c, (size_t)CONV1D_PANEL);
            bool more = c + depth < channels;
            size_t next_c = more ? c + depth : 0;
            size_t next_at = more ? at : at + 96;
            size_t next = next_at + 96 <= last ? min(channels - next_c, (size_t)CONV1D_PANEL) : 0;
            size_t batch = (next + jobs - 1) / jobs;
            __global const float *ahead = x + next_c * count + next_at;
            size_t fetched = 0;
            conv1d_pack(panel, x + c * count + at, count, depth, halves);
            for (size_t h = 0; h < halves; ++h) {
                for (size_t r = 0; r < rows; r += 8) {
                    __global float *to = out + r * count + at + h * 48;
                    float16 sum[8][3];
                    size_t until = min(fetched + batch, next);
                    conv1d_fetch(ahead, count, fetched, until);
                    fetched = until;
                    CONV1D_ZERO(sum, 3)
                    if (c > 0) {
#pragma unroll
                        for (size_t i = 0; i < 8; ++i) {
                            if (r + i < rows) {
#pragma unroll
                                for (size_t v = 0; v < 3; ++v)
                                    sum[i][v] = vload16(v, to + i * count);
                            }
                        }
                    }
                    conv1d_panel_sum(sum, panel + h * CONV1D_PANEL * 3,
                                     weights + r * channels + c * 8, depth);
                    if (more)
                        conv1d_finish3(sum, to, count, rows - r, 0, 0, false);
                    else
                        conv1d_finish3(sum, to, count, rows - r, bias != 0 ? bias + r : bias, relu,
                                       past);
                }
            }
        }
        at += halves * 48;
    }
    conv1d_rest(out, count, x, count, at, last, (__global const int *)scratch + 1, 1, weights,
                channels * 8, bias, rows, channels, relu, past);
}

/* grad_in from its phases, rows [row][phase][pitch]; item (row). Positions of phases that no tap
 * reaches are 0. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_phases_wide(__global float *grad_in, __global const float *scratch,
                                 ulong rows_at, ulong points, ulong stride, ulong phases,
                                 ulong pitch, ulong left)
{
    size_t row = get_group_id(0);
    __global const float *from = scratch + rows_at + row * phases * pitch;
    grad_in += row * points;
    for (size_t phase = 0; phase < stride; ++phase) {
        size_t first = phase >= left % stride ? phase - left % stride : phase + stride - left % stride;
        size_t j = (first + left) / stride;
        for (size_t i = first; i < points; i += stride)
            grad_in[i] = phase < phases ? from[phase * pitch + j++] : 0.0f;
    }
}
#endif

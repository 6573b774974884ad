/* Convolution along positions (cross-correlation), implicit products of matrices:
 * in [batch][in_c][in_n], weight [out_c][in_c][taps], out [batch][out_c][out_n].
 *
 *   forward      out[b][o][n] = sum_{c,t} weight[o][c][t] in[b][c][n stride + t dilation - left]
 *                               + bias[o]
 *   backward     grad_in[b][c][i] = sum_{o,t} weight[o][c][t] grad_out[b][o][n] over those n with
 *                                   n stride + t dilation - left = i
 *                grad_weight[o][c][t] = sum_{b,n} grad_out[b][o][n]
 *                                       in[b][c][n stride + t dilation - left]
 *                grad_bias[o] = sum_{b,n} grad_out[b][o][n]
 *
 * What lies outside of a row counts as 0. A group of 128 items owns 32 x 64 values of a product.
 *
 * conv1d_forward      group (positions, out_c, batch)
 * conv1d_grad_in      group (positions, in_c, batch)
 * conv1d_grad_weight  group (in_c taps, out_c, slice): parts [slice][out_c][in_c][taps], each the
 *                     sum over `steps` blocks of 16 positions
 * conv1d_bias         masks grad_out where a fused relu cut, and sums rows; one group per row
 * conv1d_sum          sums parts in their order
 *
 * Every sum has a fixed order. Twin: host/ref/conv1d_ref.c.
 */

/* Rows of the item's 4 x 4 values into [rows][columns] at `to`, what lies outside left out. */
static inline void conv1d_store(__global float *to, float16 sum, int row, int rows, int column,
                                int columns)
{
    float4 line[4] = {sum.s0123, sum.s4567, sum.s89ab, sum.scdef};
    __attribute__((opencl_unroll_hint(4)))
    for (int i = 0; i < 4; ++i) {
        __global float *at = to + (size_t)(row + i) * (size_t)columns + (size_t)column;
        if (row + i >= rows)
            continue;
        if (column + 4 <= columns) {
            vstore4(line[i], 0, at);
        } else {
            if (column < columns)
                at[0] = line[i].s0;
            if (column + 1 < columns)
                at[1] = line[i].s1;
            if (column + 2 < columns)
                at[2] = line[i].s2;
        }
    }
}

FMX_GROUP(FMX_TILE_ITEMS)
__kernel void conv1d_forward(__global float *out, __global const float *in,
                             __global const float *weight, __global const float *bias, int in_c,
                             int in_n, int out_c, int out_n, int taps, int stride, int dilation,
                             int left, uint relu)
{
    __local float a_tile[FMX_TILE_K * FMX_TILE_M];
    __local float b_tile[FMX_TILE_K * FMX_TILE_N];
    int l = (int)get_local_id(0);
    int n_first = (int)get_group_id(0) * FMX_TILE_N;
    int o_first = (int)get_group_id(1) * FMX_TILE_M;
    int terms = in_c * taps;
    in += get_group_id(2) * (size_t)in_c * (size_t)in_n;
    out += get_group_id(2) * (size_t)out_c * (size_t)out_n;
    float16 sum = 0.0f;
    for (int at = 0; at < terms; at += FMX_TILE_K) {
        for (int i = l; i < FMX_TILE_K * FMX_TILE_M; i += FMX_TILE_ITEMS) {
            int k = i % FMX_TILE_K;
            int o = o_first + i / FMX_TILE_K;
            a_tile[k * FMX_TILE_M + i / FMX_TILE_K] =
                o < out_c && at + k < terms ? weight[(size_t)o * terms + at + k] : 0.0f;
        }
        for (int i = l; i < FMX_TILE_K * FMX_TILE_N; i += FMX_TILE_ITEMS) {
            int k = at + i / FMX_TILE_N;
            int c = k / taps;
            int n = n_first + i % FMX_TILE_N;
            int from = n * stride + (k - c * taps) * dilation - left;
            bool inside = k < terms && n < out_n && from >= 0 && from < in_n;
            b_tile[i] = inside ? in[(size_t)c * in_n + from] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        sum = fmx_tile_product(sum, a_tile, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    int o = o_first + l / 16 * 4;
    if (bias != 0) {
        sum.s0123 += o < out_c ? bias[o] : 0.0f;
        sum.s4567 += o + 1 < out_c ? bias[o + 1] : 0.0f;
        sum.s89ab += o + 2 < out_c ? bias[o + 2] : 0.0f;
        sum.scdef += o + 3 < out_c ? bias[o + 3] : 0.0f;
    }
    if (relu != 0)
        sum = select(sum, (float16)(0.0f), sum <= 0.0f);
    conv1d_store(out, sum, o, out_c, n_first + l % 16 * 4, out_n);
}

FMX_GROUP(FMX_TILE_ITEMS)
__kernel void conv1d_grad_in(__global float *grad_in, __global const float *grad_out,
                             __global const float *weight, int in_c, int in_n, int out_c,
                             int out_n, int taps, int stride, int dilation, int left)
{
    __local float a_tile[FMX_TILE_K * FMX_TILE_M];
    __local float b_tile[FMX_TILE_K * FMX_TILE_N];
    int l = (int)get_local_id(0);
    int i_first = (int)get_group_id(0) * FMX_TILE_N;
    int c_first = (int)get_group_id(1) * FMX_TILE_M;
    int terms = out_c * taps;
    grad_out += get_group_id(2) * (size_t)out_c * (size_t)out_n;
    grad_in += get_group_id(2) * (size_t)in_c * (size_t)in_n;
    float16 sum = 0.0f;
    for (int at = 0; at < terms; at += FMX_TILE_K) {
        for (int i = l; i < FMX_TILE_K * FMX_TILE_M; i += FMX_TILE_ITEMS) {
            int k = at + i % FMX_TILE_K;
            int o = k / taps;
            int c = c_first + i / FMX_TILE_K;
            a_tile[i % FMX_TILE_K * FMX_TILE_M + i / FMX_TILE_K] =
                c < in_c && k < terms ? weight[((size_t)o * in_c + c) * taps + k - o * taps] : 0.0f;
        }
        for (int i = l; i < FMX_TILE_K * FMX_TILE_N; i += FMX_TILE_ITEMS) {
            int k = at + i / FMX_TILE_N;
            int o = k / taps;
            int strides = i_first + i % FMX_TILE_N + left - (k - o * taps) * dilation;
            int n = strides / stride;
            bool inside = k < terms && strides >= 0 && n * stride == strides && n < out_n;
            b_tile[i] = inside ? grad_out[(size_t)o * out_n + n] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        sum = fmx_tile_product(sum, a_tile, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    conv1d_store(grad_in, sum, c_first + l / 16 * 4, in_c, i_first + l % 16 * 4, in_n);
}

FMX_GROUP(FMX_TILE_ITEMS)
__kernel void conv1d_grad_weight(__global float *parts, __global const float *grad_out,
                                 __global const float *in, int batch, int steps, int in_c,
                                 int in_n, int out_c, int out_n, int taps, int stride,
                                 int dilation, int left)
{
    __local float a_tile[FMX_TILE_K * FMX_TILE_M];
    __local float b_tile[FMX_TILE_K * FMX_TILE_N];
    int l = (int)get_local_id(0);
    int q_first = (int)get_group_id(0) * FMX_TILE_N;
    int o_first = (int)get_group_id(1) * FMX_TILE_M;
    int terms = in_c * taps;
    int blocks = (out_n + FMX_TILE_K - 1) / FMX_TILE_K;
    int first = (int)get_group_id(2) * steps;
    int last = min(first + steps, batch * blocks);
    float16 sum = 0.0f;
    for (int step = first; step < last; ++step) {
        int b = step / blocks;
        int at = (step - b * blocks) * FMX_TILE_K;
        for (int i = l; i < FMX_TILE_K * FMX_TILE_M; i += FMX_TILE_ITEMS) {
            int n = at + i % FMX_TILE_K;
            int o = o_first + i / FMX_TILE_K;
            a_tile[i % FMX_TILE_K * FMX_TILE_M + i / FMX_TILE_K] =
                o < out_c && n < out_n ? grad_out[((size_t)b * out_c + o) * out_n + n] : 0.0f;
        }
        for (int i = l; i < FMX_TILE_K * FMX_TILE_N; i += FMX_TILE_ITEMS) {
            int q = q_first + i / FMX_TILE_K;
            int c = q / taps;
            int n = at + i % FMX_TILE_K;
            int from = n * stride + (q - c * taps) * dilation - left;
            bool inside = q < terms && n < out_n && from >= 0 && from < in_n;
            b_tile[i % FMX_TILE_K * FMX_TILE_N + i / FMX_TILE_K] =
                inside ? in[((size_t)b * in_c + c) * in_n + from] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        sum = fmx_tile_product(sum, a_tile, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    parts += get_group_id(2) * (size_t)out_c * (size_t)terms;
    conv1d_store(parts, sum, o_first + l / 16 * 4, out_c, q_first + l % 16 * 4, terms);
}

/* parts [batch][out_c]: sums of rows. `out` is read where relu is set. */
FMX_SUBGROUP_KERNEL
__kernel void conv1d_bias(__global float *parts, __global float *grad_out,
                          __global const float *out, ulong points, uint relu)
{
    __local float scratch[256];
    size_t l = get_local_id(0);
    size_t row = get_group_id(0);
    float sum = 0.0f;
    for (size_t n = l; n < points; n += get_local_size(0)) {
        size_t i = row * points + n;
        float g = grad_out[i];
        if (relu != 0 && out[i] <= 0.0f) {
            g = 0.0f;
            grad_out[i] = g;
        }
        sum += g;
    }
    sum = fmx_group_sum(sum, scratch);
    if (l == 0)
        parts[row] = sum;
}

/* out[i] = sum of parts[s][i] over s. */
FMX_SUBGROUP_KERNEL
__kernel void conv1d_sum(__global float *out, __global const float *parts, ulong count,
                         ulong slices)
{
    size_t i = get_global_id(0);
    if (i >= count)
        return;
    float sum = 0.0f;
    for (size_t s = 0; s < slices; ++s)
        sum += parts[s * count + i];
    out[i] = sum;
}

#ifdef FMX_VARIANT_CPU
/* ---- the wide variant: one item per group, float16 along positions, sums in registers --------------
 * Rows are copied so that every tap reads a contiguous run: zeros at both ends, and one row per phase
 * of the stride, rows [row][phase][pitch], value j of phase p being padded position j stride + p.
 * Tap t then reads position n at offset[t] + n. Weights are packed in blocks of 8 filters,
 * [block][channel][tap][8]. A table in front of them: for each phase the number of its taps, then
 * `most` offsets. Rows that need no padding and no stride are read in place.
 *
 * Backward to the input is the same product with channels and filters exchanged: phase p of
 * grad_in's padded positions takes the taps with t dilation % stride = p. */

/* PoCL's vstore16 becomes three stores; this is one. */
typedef float16 __attribute__((aligned(4))) conv1d_float16;

static inline void conv1d_store16(float16 x, size_t offset, __global float *to)
{
    ((__global conv1d_float16 *)to)[offset] = x;
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

/* Table and weights of forward; item (channel and tap, block of filters). `pitch`: 0 where rows are
 * read in place. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_weights_forward_wide(__global float *scratch, ulong weights_at,
                                          __global const float *weight, ulong out_c, ulong taps,
                                          ulong stride, ulong dilation, ulong pitch)
{
    size_t terms = get_num_groups(0);
    size_t q = get_group_id(0);
    size_t block = get_group_id(1);
    __global float *to = scratch + weights_at + (block * terms + q) * 8;
    __global int *table = (__global int *)scratch;
    if (block == 0 && q == 0)
        table[0] = (int)taps;
    if (block == 0 && q < taps) {
        size_t at = q * dilation;
        table[1 + q] = (int)(at % stride * pitch + at / stride);
    }
    for (size_t i = 0; i < 8; ++i)
        to[i] = block * 8 + i < out_c ? weight[(block * 8 + i) * terms + q] : 0.0f;
}

/* Table and weights of backward to the input; item (filter, block of channels, phase). Offsets are
 * relative to rows with `left` zeros in front. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_weights_backward_wide(__global float *scratch, ulong weights_at,
                                           __global const float *weight, ulong in_c, ulong taps,
                                           ulong stride, ulong dilation, ulong left, ulong most)
{
    size_t o = get_group_id(0);
    size_t block = get_group_id(1);
    size_t phase = get_group_id(2);
    size_t phases = get_num_groups(2);
    size_t count = 0;
    for (size_t t = 0; t < taps; ++t)
        count += t * dilation % stride == phase;
    __global int *table = (__global int *)scratch;
    __global float *to = scratch + weights_at +
                         ((phase * get_num_groups(1) + block) * get_num_groups(0) * most +
                          o * count) *
                             8;
    if (o == 0 && block == 0)
        table[phase] = (int)count;
    size_t k = 0;
    for (size_t t = 0; t < taps; ++t) {
        if (t * dilation % stride != phase)
            continue;
        if (o == 0 && block == 0)
            table[phases + phase * most + k] = (int)left - (int)(t * dilation / stride);
        for (size_t i = 0; i < 8; ++i) {
            size_t c = block * 8 + i;
            to[k * 8 + i] = c < in_c ? weight[(o * in_c + c) * taps + t] : 0.0f;
        }
        ++k;
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

/* Bias, relu, and out: `rows` of the 8 rows. */
#define CONV1D_FINISH(NAME, NV)                                                                    \
    static inline void NAME(float16 sum[8][NV], __global float *out, size_t out_row, size_t rows,  \
                            __global const float *bias, uint relu)                                 \
    {                                                                                              \
        _Pragma("unroll") for (size_t i = 0; i < 8; ++i)                                           \
        {                                                                                          \
            if (i < rows) {                                                                        \
                float16 add = bias != 0 ? bias[i] : 0.0f;                                          \
                _Pragma("unroll") for (size_t v = 0; v < NV; ++v)                                  \
                {                                                                                  \
                    float16 y = sum[i][v] + add;                                                   \
                    if (relu != 0)                                                                 \
                        y = select(y, (float16)(0.0f), y <= 0.0f);                                 \
                    conv1d_store16(y, v, out + i * out_row);                                       \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
CONV1D_FINISH(conv1d_finish3, 3)
CONV1D_FINISH(conv1d_finish1, 1)

/* out[item][row][phase][position] = bias[row] + sum over channels and the phase's taps; item (range
 * of positions, item of the batch, phase). At least 16 positions; the last vector is shifted to end
 * with the row. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_product_wide(__global float *out, ulong out_at, ulong out_row,
                                  __global const float *x, ulong x_at, ulong x_row,
                                  __global const float *scratch, ulong weights_at, ulong most,
                                  __global const float *bias, ulong rows, ulong channels,
                                  ulong count, uint relu)
{
    size_t ranges = get_num_groups(0);
    size_t range = get_group_id(0);
    size_t phase = get_group_id(2);
    size_t phases = get_num_groups(2);
    size_t share = count / ranges / 48 * 48;
    size_t first = range * share;
    size_t last = range + 1 == ranges ? count : first + share;
    __global const int *table = (__global const int *)scratch;
    __global const int *offset = table + phases + phase * most;
    size_t taps = (size_t)table[phase];
    size_t blocks = (rows + 7) / 8;
    size_t block_floats = channels * most * 8;
    __global const float *weights = scratch + weights_at + phase * blocks * block_floats;
    x += x_at + get_group_id(1) * channels * x_row;
    out += out_at + get_group_id(1) * rows * out_row + phase * (out_row / phases);
    size_t at = first;
    for (; at + 48 <= last; at += 48) {
        for (size_t r = 0; r < rows; r += 8) {
            float16 sum[8][3];
            if (most == 1 && at + 96 <= last) {
                size_t c_last = (r / 8 + 1) * channels / blocks;
                for (size_t c = r / 8 * channels / blocks; c < c_last; ++c) {
#pragma unroll
                    for (size_t v = 0; v < 3; ++v)
                        __builtin_prefetch((const void *)(size_t)(x + c * x_row + at + 48 + 16 * v), 0, 3);
                }
            }
#pragma unroll
            for (size_t i = 0; i < 8; ++i) {
#pragma unroll
                for (size_t v = 0; v < 3; ++v)
                    sum[i][v] = 0.0f;
            }
            conv1d_sum3(sum, x + at, x_row, offset, taps, weights + r / 8 * block_floats, channels);
            conv1d_finish3(sum, out + r * out_row + at, out_row, rows - r,
                           bias != 0 ? bias + r : bias, relu);
        }
    }
    while (at < last) {
        size_t start = min(at, last - 16);
        for (size_t r = 0; r < rows; r += 8) {
            float16 sum[8][1];
#pragma unroll
            for (size_t i = 0; i < 8; ++i)
                sum[i][0] = 0.0f;
            conv1d_sum1(sum, x + start, x_row, offset, taps, weights + r / 8 * block_floats,
                        channels);
            conv1d_finish1(sum, out + r * out_row + start, out_row, rows - r,
                           bias != 0 ? bias + r : bias, relu);
        }
        at = start + 16;
    }
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

/* Sums of 8 vectors, in a fixed tree. */
static inline float8 conv1d_across(const float16 a[8])
{
    float16 b[4];
#pragma unroll
    for (size_t i = 0; i < 4; ++i)
        b[i] = (float16)(a[2 * i].lo + a[2 * i].hi, a[2 * i + 1].lo + a[2 * i + 1].hi);
    float16 c[2];
#pragma unroll
    for (size_t i = 0; i < 2; ++i)
        c[i] = (float16)(b[2 * i].s012389ab + b[2 * i].s4567cdef,
                         b[2 * i + 1].s012389ab + b[2 * i + 1].s4567cdef);
    float16 d = (float16)(c[0].s014589cd + c[0].s2367abef, c[1].s014589cd + c[1].s2367abef);
    return d.even + d.odd;
}

#define CONV1D_RUN 768 /* positions that are summed in registers: 8 rows of them fit the cache */

/* parts [slice][block of 8 filters][channel and tap][8]; item (slice): a run of `steps` runs of
 * positions, each of one item of the batch. At least 16 positions. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_grad_weight_wide(__global float *scratch, ulong parts_at,
                                      __global const float *grad_out, __global const float *x,
                                      ulong x_at, ulong x_row, ulong batch, ulong steps,
                                      ulong in_c, ulong out_c, ulong out_n, ulong taps)
{
    const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __global const int *offset = (__global const int *)scratch + 1;
    size_t terms = in_c * taps;
    size_t runs = (out_n + CONV1D_RUN - 1) / CONV1D_RUN;
    size_t first_step = get_group_id(0) * steps;
    size_t last_step = min(first_step + steps, batch * runs);
    size_t blocks = (out_c + 7) / 8;
    __global float *parts = scratch + parts_at + get_group_id(0) * blocks * terms * 8;
    for (size_t step = first_step; step < last_step; ++step) {
        size_t b = step / runs;
        size_t first = step % runs * CONV1D_RUN;
        size_t last = min(first + CONV1D_RUN, (size_t)out_n);
        for (size_t block = 0; block < blocks; ++block) {
            __global const float *g[8];
#pragma unroll
            for (size_t i = 0; i < 8; ++i)
                g[i] = grad_out + (b * out_c + min(block * 8 + i, (size_t)out_c - 1)) * out_n;
            for (size_t q = 0; q < terms; q += 3) {
                __global const float *from[3];
                float16 sum[3][8];
#pragma unroll
                for (size_t v = 0; v < 3; ++v) {
                    size_t term = min(q + v, terms - 1);
                    from[v] = x + x_at + (b * in_c + term / taps) * x_row + offset[term % taps];
#pragma unroll
                    for (size_t i = 0; i < 8; ++i)
                        sum[v][i] = 0.0f;
                }
                size_t n = first;
                for (; n + 16 <= last; n += 16) {
                    float16 value[3];
#pragma unroll
                    for (size_t v = 0; v < 3; ++v)
                        value[v] = vload16(0, from[v] + n);
#pragma unroll
                    for (size_t i = 0; i < 8; ++i) {
                        float16 one = vload16(0, g[i] + n);
#pragma unroll
                        for (size_t v = 0; v < 3; ++v)
                            sum[v][i] = fma(one, value[v], sum[v][i]);
                    }
                }
                if (n < last) {
                    int16 fresh = lane >= (int)(n + 16 - last);
                    n = last - 16;
#pragma unroll
                    for (size_t i = 0; i < 8; ++i) {
                        float16 one = select((float16)(0.0f), vload16(0, g[i] + n), fresh);
#pragma unroll
                        for (size_t v = 0; v < 3; ++v)
                            sum[v][i] = fma(one, vload16(0, from[v] + n), sum[v][i]);
                    }
                }
#pragma unroll
                for (size_t v = 0; v < 3; ++v) {
                    if (q + v < terms) {
                        __global float *to = parts + (block * terms + q + v) * 8;
                        float8 total = conv1d_across(sum[v]);
                        if (step > first_step)
                            total += vload8(0, to);
                        vstore8(total, 0, to);
                    }
                }
            }
        }
    }
}

/* grad_weight [out_c][channel and tap] from the parts; item (channel and tap, block of filters). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_weight_sum_wide(__global float *grad_weight, __global const float *scratch,
                                     ulong parts_at, ulong slices, ulong out_c)
{
    size_t q = get_group_id(0);
    size_t block = get_group_id(1);
    size_t terms = get_num_groups(0);
    float8 sum = 0.0f;
    for (size_t s = 0; s < slices; ++s)
        sum += vload8((s * get_num_groups(1) + block) * terms + q, scratch + parts_at);
    float value[8];
    vstore8(sum, 0, value);
    for (size_t i = 0; i < 8 && block * 8 + i < out_c; ++i)
        grad_weight[(block * 8 + i) * terms + q] = value[i];
}

/* As conv1d_bias; item (row). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_bias_wide(__global float *parts, __global float *grad_out,
                               __global const float *out, ulong points, uint relu)
{
    size_t row = get_group_id(0);
    float16 sums = 0.0f;
    float sum = 0.0f;
    size_t n = 0;
    grad_out += row * points;
    out += relu != 0 ? row * points : 0;
    for (; n + 16 <= points; n += 16) {
        float16 g = vload16(0, grad_out + n);
        if (relu != 0) {
            g = select(g, (float16)(0.0f), vload16(0, out + n) <= 0.0f);
            conv1d_store16(g, 0, grad_out + n);
        }
        sums += g;
    }
    for (; n < points; ++n) {
        float g = relu != 0 && out[n] <= 0.0f ? 0.0f : grad_out[n];
        grad_out[n] = g;
        sum += g;
    }
    float8 eight = sums.lo + sums.hi;
    float4 four = eight.lo + eight.hi;
    float2 two = four.lo + four.hi;
    parts[row] = two.x + two.y + sum;
}
#endif

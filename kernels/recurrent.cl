/* Layout and products of recurrent layers (LSTM, GRU) over whole sequences; the recurrence itself is
 * recurrent_scan.cl. Cells have four blocks of units, z_q = Wx_q x + Wh_q h + b_q, in PyTorch's
 * order: LSTM i, f, g, o; GRU r, z, n of the input, n of the state.
 *
 * Everything lies in scan order s (the reverse direction begins with the last position) in one
 * state buffer, for each direction and item of the batch:
 *
 *   rows   [steps + 1][inputs | 1 | units]  row s: x(s), 1, h(s-1); the last row: 0, 0, h(steps-1).
 *          The 1 carries the bias, so that bias and weights are one matrix and have one gradient
 *   gates  [steps + 1][blocks][4][lanes]    z, then what backward needs of it (sigma, tanh), then,
 *          in place, the gradient of z; the last row is 0 in the end
 *   cells  [steps + 1][blocks][lanes]       row s: c(s-1); GRU: h(s-1)
 *   packed [blocks][inputs + 1 + units][4][lanes]  weights: the gates' layout, one row per column
 *          of rows
 *   turned [4 units of the gates][width]           the weights of h, the other way round
 *
 * unit u is lane u % lanes of block u / lanes: lanes = units (one block), or 16 in the wide
 * variant, where `width` = 16 blocks covers the units and the rest is padding that nothing reads.
 *
 *   recurrent_pack         packed and turned from PyTorch's tensors of one direction
 *   recurrent_gather       rows from [batch][channels][positions], recurrent_scatter the way back
 *   recurrent_stack        rows of a layer from h of the layer below, recurrent_stack_back back
 *   recurrent_product      out[m][n] = sum_k a(m, k) b(k, n): z of the inputs for all steps at
 *                          once, gradients of weights and of inputs; 128 items own 32 x 64 values
 *   recurrent_combine      sums the slices of the weights' gradient in order, into PyTorch's
 *                          tensors
 *   recurrent_grad_wide, recurrent_grad_rows_wide   the products for PoCL: one item per group,
 *                          float16 along the units, sums in registers; recurrent_gather_wide and
 *                          recurrent_scatter_wide turn blocks of 16 x 16 in registers
 *
 * Every sum has a fixed order. Twin: host/ref/recurrent_ref.c.
 */

/* ---- between PyTorch's tensors and the state ---- */

/* One item per (lane, 4 block + q, row of packed), rows up to inputs + 1 + width. PyTorch stacks the
 * units of i, f, g, o or r, z, n; a GRU's fourth block is n of the state. Biases may be NULL. */
FMX_SUBGROUP_KERNEL
__kernel void recurrent_pack(__global float *state, ulong packed_at, ulong turned_at,
                             __global const float *weight_ih, __global const float *weight_hh,
                             __global const float *bias_ih, __global const float *bias_hh,
                             ulong inputs, ulong units, ulong lanes, uint gru)
{
    size_t blocks = (units + lanes - 1) / lanes;
    size_t width = blocks * lanes;
    size_t lane = get_global_id(0);
    size_t block = get_global_id(1) / 4;
    size_t q = get_global_id(1) % 4;
    size_t k = get_global_id(2);
    size_t u = block * lanes + lane;
    size_t known = inputs + 1 + units;
    if (lane >= lanes)
        return;
    bool of_input = gru == 0 || q < 3;
    bool of_state = gru == 0 || q != 2;
    size_t input_row = q * units + u;
    size_t state_row = (gru != 0 && q == 3 ? 2 : q) * units + u;
    float value = 0.0f;
    if (u < units && k < inputs && of_input)
        value = weight_ih[input_row * inputs + k];
    if (u < units && k == inputs && of_input && bias_ih != 0)
        value = bias_ih[input_row];
    if (u < units && k == inputs && of_state && bias_hh != 0)
        value += bias_hh[state_row];
    if (u < units && k > inputs && k < known && of_state)
        value = weight_hh[state_row * units + (k - inputs - 1)];
    if (k < known)
        state[packed_at + ((block * known + k) * 4 + q) * lanes + lane] = value;
    if (k > inputs)
        state[turned_at + ((block * 4 + q) * lanes + lane) * width + (k - inputs - 1)] = value;
}

/* Position of step s of a direction, and the other way round. */
static inline size_t recurrent_turn(size_t s, size_t direction, size_t steps)
{
    return direction != 0 ? steps - 1 - s : s;
}

/* rows [directions][batch][each][stride], each = steps or steps + 1: columns 0 .. count-1 from
 * channels direction * step .. of in [batch][channels][steps]; behind them the 1 (with ones), or 0 up
 * to stride. One item per row. */
FMX_SUBGROUP_KERNEL
__kernel void recurrent_gather(__global float *rows, ulong rows_at, __global const float *in,
                               ulong batch, ulong steps, ulong each, ulong stride, ulong count,
                               ulong channels, ulong step, uint ones)
{
    size_t s = get_global_id(0);
    size_t b = get_global_id(1);
    size_t d = get_global_id(2);
    if (s >= each || b >= batch)
        return;
    __global float *row = rows + rows_at + ((d * batch + b) * each + s) * stride;
    bool inside = s < steps;
    __global const float *from =
        in + (b * channels + d * step) * steps + (inside ? recurrent_turn(s, d, steps) : 0);
    for (size_t c = 0; c < count; ++c)
        row[c] = inside ? from[c * steps] : 0.0f;
    if (ones != 0) {
        row[count] = inside ? 1.0f : 0.0f;
    } else {
        for (size_t c = count; c < stride; ++c)
            row[c] = 0.0f;
    }
}

/* The way back: out [batch][channels][positions], channel `direction` step + c, from columns `column`
 * + c of row s + skip; with step 0 the sum over the directions. positions 1: the last row. One item per
 * position. */
FMX_SUBGROUP_KERNEL
__kernel void recurrent_scatter(__global float *out, __global const float *rows, ulong rows_at,
                                ulong batch, ulong steps, ulong stride, ulong column, ulong count,
                                ulong skip, ulong directions, ulong step, uint last)
{
    size_t t = get_global_id(0);
    size_t b = get_global_id(1);
    size_t positions = last != 0 ? 1 : steps;
    if (t >= positions || b >= batch)
        return;
    size_t channels = step != 0 ? directions * step : count;
    rows += rows_at + column;
    for (size_t d = 0; d < directions; ++d) {
        size_t s = last != 0 ? steps - 1 : recurrent_turn(t, d, steps);
        __global const float *row = rows + ((d * batch + b) * (steps + 1) + s + skip) * stride;
        __global float *to = out + (b * channels + d * step) * positions + t;
        for (size_t c = 0; c < count; ++c) {
            bool more = step == 0 && d > 0;
            to[c * positions] = more ? to[c * positions] + row[c] : row[c];
        }
    }
}

/* rows of a layer from h of the layer below, whose rows are `below_inputs` + 1 + width. */
FMX_SUBGROUP_KERNEL
__kernel void recurrent_stack(__global float *state, ulong rows_at, ulong below_at, ulong batch,
                              ulong steps, ulong stride, ulong below_stride, ulong below_column,
                              ulong units, ulong directions)
{
    size_t s = get_global_id(0);
    size_t b = get_global_id(1);
    size_t d = get_global_id(2);
    if (s > steps || b >= batch)
        return;
    bool inside = s < steps;
    size_t t = inside ? recurrent_turn(s, d, steps) : 0;
    __global float *row = state + rows_at + ((d * batch + b) * (steps + 1) + s) * stride;
    for (size_t e = 0; e < directions; ++e) {
        size_t from_step = recurrent_turn(t, e, steps) + 1;
        __global const float *from = state + below_at + below_column +
                                     ((e * batch + b) * (steps + 1) + from_step) * below_stride;
        for (size_t u = 0; u < units; ++u)
            row[e * units + u] = inside ? from[u] : 0.0f;
    }
    row[directions * units] = inside ? 1.0f : 0.0f;
}

/* below [directions][batch][steps][width], the gradient of the layer below's h, from grad
 * [directions][batch][steps + 1][directions * units] of this layer's inputs. */
FMX_SUBGROUP_KERNEL
__kernel void recurrent_stack_back(__global float *scratch, ulong below_at, ulong grad_at,
                                   ulong batch, ulong steps, ulong width, ulong units,
                                   ulong directions)
{
    size_t s = get_global_id(0);
    size_t b = get_global_id(1);
    size_t e = get_global_id(2);
    if (s >= steps || b >= batch)
        return;
    size_t t = recurrent_turn(s, e, steps);
    size_t inputs = directions * units;
    __global float *to = scratch + below_at + ((e * batch + b) * steps + s) * width;
    for (size_t u = 0; u < width; ++u) {
        float sum = 0.0f;
        for (size_t d = 0; u < units && d < directions; ++d) {
            size_t row = (d * batch + b) * (steps + 1) + recurrent_turn(t, d, steps);
            sum += scratch[grad_at + row * inputs + e * units + u];
        }
        to[u] = sum;
    }
}

/* parts [slices][packed] of one direction -> PyTorch's tensors, any of which may be NULL. One item per
 * (unit, q, row of packed). */
FMX_SUBGROUP_KERNEL
__kernel void recurrent_combine(__global float *weight_ih, __global float *weight_hh,
                                __global float *bias_ih, __global float *bias_hh,
                                __global const float *parts, ulong parts_at, ulong slices,
                                ulong inputs, ulong units, ulong lanes, uint gru)
{
    size_t u = get_global_id(0);
    size_t q = get_global_id(1);
    size_t k = get_global_id(2);
    size_t known = inputs + 1 + units;
    size_t each = known * 4 * ((units + lanes - 1) / lanes * lanes);
    if (u >= units)
        return;
    parts += parts_at + ((u / lanes * known + k) * 4 + q) * lanes + u % lanes;
    float sum = 0.0f;
    for (size_t s = 0; s < slices; ++s)
        sum += parts[s * each];
    bool of_input = gru == 0 || q < 3;
    bool of_state = gru == 0 || q != 2;
    size_t input_row = q * units + u;
    size_t state_row = (gru != 0 && q == 3 ? 2 : q) * units + u;
    if (k < inputs && of_input && weight_ih != 0)
        weight_ih[input_row * inputs + k] = sum;
    if (k == inputs && of_input && bias_ih != 0)
        bias_ih[input_row] = sum;
    if (k == inputs && of_state && bias_hh != 0)
        bias_hh[state_row] = sum;
    if (k > inputs && of_state && weight_hh != 0)
        weight_hh[state_row * units + (k - inputs - 1)] = sum;
}

#ifndef FMX_VARIANT_CPU
/* ---- products ---- */

/* a(m, k) is a[m a_row + k a_column], b(k, n) is b[k b_row + n b_column]; k runs in slices; group
 * (n, m, direction * slices + slice); a and b of a direction are a_each, b_each apart. */
FMX_GROUP(FMX_TILE_ITEMS)
__kernel void recurrent_product(__global float *out, ulong out_at, __global const float *from,
                                ulong a_at, ulong a_each, ulong b_at, ulong b_each, ulong m, ulong n,
                                ulong k, ulong slice, ulong slices, ulong a_row, ulong a_column,
                                ulong b_row, ulong b_column)
{
    __local float a_tile[FMX_TILE_K * FMX_TILE_M];
    __local float b_tile[FMX_TILE_K * FMX_TILE_N];
    size_t l = get_local_id(0);
    size_t n_first = get_group_id(0) * FMX_TILE_N;
    size_t m_first = get_group_id(1) * FMX_TILE_M;
    size_t direction = get_group_id(2) / slices;
    size_t k_first = get_group_id(2) % slices * slice;
    size_t k_last = min(k_first + slice, (size_t)k);
    __global const float *a = from + a_at + direction * a_each;
    __global const float *b = from + b_at + direction * b_each;
    float16 sum = 0.0f;
    for (size_t at = k_first; at < k_last; at += FMX_TILE_K) {
        for (size_t i = l; i < FMX_TILE_K * FMX_TILE_M; i += FMX_TILE_ITEMS) {
            size_t tk = a_column == 1 ? i % FMX_TILE_K : i / FMX_TILE_M;
            size_t tm = a_column == 1 ? i / FMX_TILE_K : i % FMX_TILE_M;
            bool inside = m_first + tm < m && at + tk < k_last;
            a_tile[tk * FMX_TILE_M + tm] =
                inside ? a[(m_first + tm) * a_row + (at + tk) * a_column] : 0.0f;
        }
        for (size_t i = l; i < FMX_TILE_K * FMX_TILE_N; i += FMX_TILE_ITEMS) {
            size_t tk = b_row == 1 ? i % FMX_TILE_K : i / FMX_TILE_N;
            size_t tn = b_row == 1 ? i / FMX_TILE_K : i % FMX_TILE_N;
            bool inside = n_first + tn < n && at + tk < k_last;
            b_tile[tk * FMX_TILE_N + tn] =
                inside ? b[(at + tk) * b_row + (n_first + tn) * b_column] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        sum = fmx_tile_product(sum, a_tile, b_tile);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    size_t row = m_first + l / 16 * 4;
    size_t column = n_first + l % 16 * 4;
    out += out_at + (get_group_id(2) * m + row) * n + column;
    float4 line[4] = {sum.s0123, sum.s4567, sum.s89ab, sum.scdef};
    __attribute__((opencl_unroll_hint(4)))
    for (size_t i = 0; i < 4; ++i) {
        if (row + i >= m)
            continue;
        if (column < n)
            out[i * n] = line[i].s0;
        if (column + 1 < n)
            out[i * n + 1] = line[i].s1;
        if (column + 2 < n)
            out[i * n + 2] = line[i].s2;
        if (column + 3 < n)
            out[i * n + 3] = line[i].s3;
    }
}
#endif

#ifdef FMX_VARIANT_CPU
/* ---- the wide variant: lanes = 16 ---- */

static inline void recurrent_store16(float16 x, __global float *to)
{
    *(__global fmx_float16 *)to = x;
}

static inline float recurrent_sum16(float16 x)
{
    float8 a = x.lo + x.hi;
    float4 b = a.lo + a.hi;
    return (b.s0 + b.s1) + (b.s2 + b.s3);
}

static inline float16 recurrent_zip_low(float16 a, float16 b)
{
    return (float16)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3, a.s4, b.s4, a.s5, b.s5, a.s6,
                     b.s6, a.s7, b.s7);
}

static inline float16 recurrent_zip_high(float16 a, float16 b)
{
    return (float16)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb, a.sc, b.sc, a.sd, b.sd, a.se,
                     b.se, a.sf, b.sf);
}

/* 16 x 16 values turned round: each pass moves the highest bit of the row's number to the lowest of
 * the lane's, and that of the lane's to the row's. */
static inline void recurrent_transpose(float16 line[16])
{
#pragma unroll
    for (size_t pass = 0; pass < 4; ++pass) {
        float16 next[16];
#pragma unroll
        for (size_t i = 0; i < 8; ++i) {
            next[2 * i] = recurrent_zip_low(line[i], line[i + 8]);
            next[2 * i + 1] = recurrent_zip_high(line[i], line[i + 8]);
        }
#pragma unroll
        for (size_t i = 0; i < 16; ++i)
            line[i] = next[i];
    }
}

/* recurrent_gather, an item for 16 rows; columns up to the next 16 behind count become 0. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void recurrent_gather_wide(__global float *rows, ulong rows_at, __global const float *in,
                                    ulong batch, ulong steps, ulong each, ulong stride, ulong count,
                                    ulong channels, ulong step, uint ones)
{
    size_t first = get_group_id(0) * 16;
    size_t b = get_group_id(1);
    size_t d = get_group_id(2);
    bool whole = first + 16 <= steps;
    in += (b * channels + d * step) * steps;
    rows += rows_at + ((d * batch + b) * each + first) * stride;
    for (size_t c = 0; whole && c < count; c += 16) {
        size_t t = d != 0 ? steps - 16 - first : first;
        float16 line[16];
#pragma unroll
        for (size_t i = 0; i < 16; ++i)
            line[i] = c + i < count ? vload16(0, in + (c + i) * steps + t) : (float16)(0.0f);
        recurrent_transpose(line);
#pragma unroll
        for (size_t i = 0; i < 16; ++i)
            recurrent_store16(line[i], rows + (d != 0 ? 15 - i : i) * stride + c);
    }
    for (size_t i = 0; i < 16 && first + i < each; ++i) {
        bool inside = first + i < steps;
        size_t t = inside ? recurrent_turn(first + i, d, steps) : 0;
        __global float *row = rows + i * stride;
        for (size_t c = 0; !whole && c < count; ++c)
            row[c] = inside ? in[c * steps + t] : 0.0f;
        for (size_t c = count; !whole && ones == 0 && c < stride; ++c)
            row[c] = 0.0f;
        if (ones != 0)
            row[count] = inside ? 1.0f : 0.0f;
    }
}

/* recurrent_scatter, an item for 16 positions. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void recurrent_scatter_wide(__global float *out, __global const float *rows, ulong rows_at,
                                     ulong batch, ulong steps, ulong stride, ulong column,
                                     ulong count, ulong skip, ulong directions, ulong step,
                                     uint last)
{
    size_t first = get_group_id(0) * 16;
    size_t b = get_group_id(1);
    size_t positions = last != 0 ? 1 : steps;
    size_t channels = step != 0 ? directions * step : count;
    bool whole = last == 0 && first + 16 <= steps;
    rows += rows_at + column;
    for (size_t d = 0; d < directions; ++d) {
        bool more = step == 0 && d > 0;
        __global const float *from = rows + ((d * batch + b) * (steps + 1) + skip) * stride;
        __global float *to = out + (b * channels + d * step) * positions + first;
        for (size_t c = 0; whole && c < count; c += 16) {
            float16 line[16];
#pragma unroll
            for (size_t i = 0; i < 16; ++i)
                line[i] = vload16(0, from + recurrent_turn(first + i, d, steps) * stride + c);
            recurrent_transpose(line);
#pragma unroll
            for (size_t i = 0; i < 16; ++i) {
                if (c + i < count) {
                    __global float *at = to + (c + i) * positions;
                    recurrent_store16(more ? vload16(0, at) + line[i] : line[i], at);
                }
            }
        }
        for (size_t i = 0; !whole && i < 16 && first + i < positions; ++i) {
            size_t s = last != 0 ? steps - 1 : recurrent_turn(first + i, d, steps);
            for (size_t c = 0; c < count; ++c) {
                float value = from[s * stride + c];
                to[c * positions + i] = more ? to[c * positions + i] + value : value;
            }
        }
    }
}

#define RECURRENT_GRAD_ROWS 64   /* rows that are summed before the next: they stay near */
#define RECURRENT_GRAD_COLUMNS 6 /* times 4 vectors: 24 sums */

/* parts [directions][slices][packed] = sum over the slice's rows of column k times gate; item (block,
 * slice, direction). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void recurrent_grad_wide(__global float *parts, ulong parts_at, __global const float *state,
                                  ulong rows_at, ulong gates_at, ulong rows, ulong inputs,
                                  ulong units, ulong slice)
{
    size_t blocks = get_num_groups(0);
    size_t known = inputs + 1 + units;
    size_t stride = inputs + 1 + blocks * 16;
    size_t d = get_group_id(2);
    size_t first = get_group_id(1) * slice;
    size_t last = min(first + slice, (size_t)rows);
    __global const float *row = state + rows_at + d * rows * stride;
    __global const float *gates =
        state + gates_at + d * rows * blocks * 64 + get_group_id(0) * 64;
    parts += parts_at +
             ((d * get_num_groups(1) + get_group_id(1)) * blocks + get_group_id(0)) * known * 64;
    for (size_t near = first; near < last; near += RECURRENT_GRAD_ROWS) {
        size_t end = min(near + RECURRENT_GRAD_ROWS, last);
        for (size_t k = 0; k < known; k += RECURRENT_GRAD_COLUMNS) {
            size_t column[RECURRENT_GRAD_COLUMNS];
            float16 sum[RECURRENT_GRAD_COLUMNS][4];
#pragma unroll
            for (size_t i = 0; i < RECURRENT_GRAD_COLUMNS; ++i) {
                column[i] = min(k + i, known - 1);
#pragma unroll
                for (size_t q = 0; q < 4; ++q)
                    sum[i][q] = near == first ? (float16)(0.0f)
                                              : vload16(q, parts + column[i] * 64);
            }
            for (size_t r = near; r < end; ++r) {
                float16 x[4];
#pragma unroll
                for (size_t q = 0; q < 4; ++q)
                    x[q] = vload16(q, gates + r * blocks * 64);
#pragma unroll
                for (size_t i = 0; i < RECURRENT_GRAD_COLUMNS; ++i) {
                    float16 one = row[r * stride + column[i]];
#pragma unroll
                    for (size_t q = 0; q < 4; ++q)
                        sum[i][q] = fma(one, x[q], sum[i][q]);
                }
            }
#pragma unroll
            for (size_t i = 0; i < RECURRENT_GRAD_COLUMNS; ++i) {
                if (k + i < known) {
#pragma unroll
                    for (size_t q = 0; q < 4; ++q)
                        recurrent_store16(sum[i][q], parts + (k + i) * 64 + q * 16);
                }
            }
        }
    }
}

#define RECURRENT_INPUT_ROWS 8

/* Inputs c .. c + NC - 1 of 8 rows: sums over all gates. */
#define RECURRENT_INPUTS(NAME, NC)                                                                 \
    static inline void NAME(__global float *to, __global const float *const *gates,                \
                            __global const float *packed, size_t known, size_t blocks,             \
                            size_t inputs, size_t c, size_t rows)                                  \
    {                                                                                              \
        float16 sum[RECURRENT_INPUT_ROWS][NC];                                                     \
        _Pragma("unroll") for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i)                        \
            _Pragma("unroll") for (size_t k = 0; k < NC; ++k) sum[i][k] = 0.0f;                    \
        for (size_t block = 0; block < blocks; ++block) {                                          \
            for (size_t q = 0; q < 4; ++q) {                                                       \
                float16 w[NC];                                                                     \
                _Pragma("unroll") for (size_t k = 0; k < NC; ++k) w[k] =                           \
                    vload16(q, packed + (block * known + c + k) * 64);                             \
                _Pragma("unroll") for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i)                \
                {                                                                                  \
                    float16 gate = vload16(q, gates[i] + block * 64);                              \
                    _Pragma("unroll") for (size_t k = 0; k < NC; ++k) sum[i][k] =                  \
                        fma(w[k], gate, sum[i][k]);                                                \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        _Pragma("unroll") for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i)                        \
            _Pragma("unroll") for (size_t k = 0; k < NC; ++k)                                      \
        {                                                                                          \
            if (i < rows)                                                                          \
                to[i * inputs + c + k] = recurrent_sum16(sum[i][k]);                               \
        }                                                                                          \
    }
RECURRENT_INPUTS(recurrent_inputs1, 1)
RECURRENT_INPUTS(recurrent_inputs2, 2)

/* grad [directions][rows][inputs] = gates times the inputs' columns of packed; item (8 rows,
 * direction). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void recurrent_grad_rows_wide(__global float *grad, ulong grad_at,
                                       __global const float *state, ulong gates_at,
                                       ulong packed_at, ulong rows, ulong inputs, ulong units)
{
    size_t blocks = (units + 15) / 16;
    size_t known = inputs + 1 + units;
    size_t d = get_group_id(1);
    size_t first = get_group_id(0) * RECURRENT_INPUT_ROWS;
    size_t left = rows - first;
    __global const float *packed = state + packed_at + d * blocks * known * 64;
    __global const float *gates[RECURRENT_INPUT_ROWS];
#pragma unroll
    for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i)
        gates[i] = state + gates_at + (d * rows + first + min(i, left - 1)) * blocks * 64;
    grad += grad_at + (d * rows + first) * inputs;
    size_t c = 0;
    for (; c + 2 <= inputs; c += 2)
        recurrent_inputs2(grad, gates, packed, known, blocks, inputs, c, left);
    if (c < inputs)
        recurrent_inputs1(grad, gates, packed, known, blocks, inputs, c, left);
}
#endif

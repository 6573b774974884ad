/* Recurrent layers over whole sequences, LSTM and GRU: h(s), c(s) from x(s), h(s-1), c(s-1).
 *
 * Both cells have four blocks of units, z_q = Wx_q x + Wh_q h + b_q, in PyTorch's order:
 *
 *   LSTM  q = i, f, g, o:  c' = sigma(f) c + sigma(i) tanh(g),   h' = sigma(o) tanh(c')
 *   GRU   q = r, z, n, m:  n of the input, m of the state, each with its bias (PyTorch's b_in, b_hn);
 *                          N = tanh(n + sigma(r) m),  h' = (1 - sigma(z)) N + sigma(z) h
 *
 * Everything lies in scan order s (the reverse direction begins with the last position) in one state
 * buffer, for each direction and item of the batch:
 *
 *   rows   [steps + 1][inputs | 1 | units]  row s: x(s), 1, h(s-1); the last row: 0, 0, h(steps-1).
 *          The 1 carries the bias, so that bias and weights are one matrix and have one gradient
 *   gates  [steps + 1][blocks][4][lanes]    z, then what backward needs of it (sigma, tanh), then,
 *          in place, the gradient of z; the last row is 0 in the end
 *   cells  [steps + 1][blocks][lanes]       row s: c(s-1); GRU: h(s-1)
 *   packed [blocks][inputs + 1 + units][4][lanes]  weights: the gates' layout, one row per column of rows
 *   turned [4 units of the gates][width]           the weights of h, the other way round
 *
 * unit u is lane u % lanes of block u / lanes: lanes = units (one block), or 16 in the wide variant,
 * where `width` = 16 blocks covers the units and the rest is padding that nothing reads.
 *
 *   recurrent_pack         packed and turned from PyTorch's tensors of one direction
 *   recurrent_gather       rows from [batch][channels][positions], recurrent_scatter the way back
 *   recurrent_stack        rows of a layer from h of the layer below, recurrent_stack_back the way back
 *   recurrent_product      out[m][n] = sum_k a(m, k) b(k, n): z of the inputs for all steps at once,
 *                          gradients of weights and of inputs; 128 items own 32 x 64 values
 *   recurrent_scan         `count` steps from `first` on: a group of 256 per item of the batch and
 *                          direction, item (q, u); Wh stays in registers (columns 0 .. 15) and local
 *                          memory; units <= 64. recurrent_scan_back: the same in reverse, item (q, k)
 *   recurrent_scan_large   any units: Wh is read at every step; also _back
 *   recurrent_combine      sums the slices of the weights' gradient in order, into PyTorch's tensors
 *   *_wide                 for PoCL: one item per group, float16 along the units, 1 or 4 items of the
 *                          batch side by side; the inputs' product is part of the scan
 *
 * Long sequences are cut into launches; h and c lie in rows and cells anyway, the gradients of h and c
 * are carried in `carry` [2][width]. Every sum has a fixed order. Twin: host/ref/recurrent_ref.c.
 */

#define RECURRENT_TILE 64 /* units of a group of recurrent_scan */
#define RECURRENT_HELD 16 /* columns of Wh in registers, 4 at a time */

/* sigma, tanh, a step of a cell and its gradient, for float and float16.
 * exp: Cephes' expf with fused operations, |x| <= 40 or NaN; the integer part comes from the last bits
 * of x log2(e) + 1.5 2^23.
 * step: z[4] becomes what backward needs; c becomes c'; returns h'. sigma is cut at +-20, where it is
 * 2e-9 from its limit; tanh at +-20 is its limit. The gates share one division, 1 / (product).
 * slope: a[4] of step becomes the gradient of z; c, before: c', c; dh: gradient of h' but for what
 * carry holds, the gradient that reaches c' past h' (GRU: that reaches h' directly), which becomes
 * that of the step before. */
#define RECURRENT_CELL(NAME, FLOAT, AS_INT, AS_FLOAT)                                              \
    static inline FLOAT NAME##_exp(FLOAT x)                                                        \
    {                                                                                              \
        FLOAT whole = fma(x, (FLOAT)(1.44269504088896341f), (FLOAT)(12582912.0f));                 \
        FLOAT n = whole - 12582912.0f;                                                             \
        FLOAT r = fma(n, (FLOAT)(2.12194440e-4f), fma(n, (FLOAT)(-0.693359375f), x));              \
        FLOAT y = fma((FLOAT)(1.9875691500e-4f), r, (FLOAT)(1.3981999507e-3f));                    \
        y = fma(y, r, (FLOAT)(8.3334519073e-3f));                                                  \
        y = fma(y, r, (FLOAT)(4.1665795894e-2f));                                                  \
        y = fma(y, r, (FLOAT)(1.6666665459e-1f));                                                  \
        y = fma(y, r, (FLOAT)(5.0000001201e-1f));                                                  \
        y = fma(y, r * r, r) + 1.0f;                                                               \
        return y * AS_FLOAT((AS_INT(whole) << 23) + 0x3f800000);                                   \
    }                                                                                              \
    /* 1 + exp(-x): the inverse of sigma */                                                        \
    static inline FLOAT NAME##_below(FLOAT x)                                                      \
    {                                                                                              \
        x = select(x, (FLOAT)(20.0f), x > 20.0f);                                                  \
        x = select(x, (FLOAT)(-20.0f), x < -20.0f);                                                \
        return 1.0f + NAME##_exp(-x);                                                              \
    }                                                                                              \
    static inline FLOAT NAME##_decay(FLOAT x) /* exp(-2 |x|) */                                    \
    {                                                                                              \
        FLOAT twice = -2.0f * fabs(x);                                                             \
        return NAME##_exp(select(twice, (FLOAT)(-40.0f), twice < -40.0f));                         \
    }                                                                                              \
    static inline FLOAT NAME##_signed(FLOAT size, FLOAT x)                                         \
    {                                                                                              \
        return AS_FLOAT(AS_INT(size) | (AS_INT(x) & (int)0x80000000));                             \
    }                                                                                              \
    static inline FLOAT NAME##_sigma(FLOAT x)                                                      \
    {                                                                                              \
        return 1.0f / NAME##_below(x);                                                             \
    }                                                                                              \
    static inline FLOAT NAME##_tanh(FLOAT x)                                                       \
    {                                                                                              \
        FLOAT e = NAME##_decay(x);                                                                 \
        return NAME##_signed((1.0f - e) / (1.0f + e), x);                                          \
    }                                                                                              \
    static inline FLOAT NAME##_step(uint gru, FLOAT z[4], FLOAT *c)                                \
    {                                                                                              \
        FLOAT first = NAME##_below(z[0]);                                                          \
        FLOAT second = NAME##_below(z[1]);                                                         \
        FLOAT pair = first * second;                                                               \
        if (gru != 0) {                                                                            \
            FLOAT inverse = 1.0f / pair;                                                           \
            z[0] = inverse * second;                                                               \
            z[1] = inverse * first;                                                                \
            z[2] = NAME##_tanh(fma(z[0], z[3], z[2]));                                             \
            *c = fma(z[1], *c - z[2], z[2]);                                                       \
            return *c;                                                                             \
        }                                                                                          \
        FLOAT fourth = NAME##_below(z[3]);                                                         \
        FLOAT e = NAME##_decay(z[2]);                                                              \
        FLOAT third = 1.0f + e;                                                                    \
        FLOAT others = third * fourth;                                                             \
        FLOAT inverse = 1.0f / (pair * others);                                                    \
        FLOAT of_pair = inverse * others;                                                          \
        FLOAT of_others = inverse * pair;                                                          \
        z[0] = of_pair * second;                                                                   \
        z[1] = of_pair * first;                                                                    \
        z[2] = NAME##_signed((1.0f - e) * (of_others * fourth), z[2]);                             \
        z[3] = of_others * third;                                                                  \
        *c = fma(z[1], *c, z[0] * z[2]);                                                           \
        return z[3] * NAME##_tanh(*c);                                                             \
    }                                                                                              \
    static inline void NAME##_slope(uint gru, FLOAT a[4], FLOAT c, FLOAT before, FLOAT dh,         \
                                    FLOAT *carry)                                                  \
    {                                                                                              \
        FLOAT first = a[0];                                                                        \
        FLOAT second = a[1];                                                                       \
        FLOAT third = a[2];                                                                        \
        FLOAT fourth = a[3];                                                                       \
        if (gru != 0) {                                                                            \
            FLOAT all = dh + *carry;                                                               \
            FLOAT dn = all * (1.0f - second) * fma(-third, third, (FLOAT)(1.0f));                  \
            a[0] = dn * fourth * (first * (1.0f - first));                                         \
            a[1] = all * (before - third) * (second * (1.0f - second));                            \
            a[2] = dn;                                                                             \
            a[3] = dn * first;                                                                     \
            *carry = all * second;                                                                 \
            return;                                                                                \
        }                                                                                          \
        FLOAT t = NAME##_tanh(c);                                                                  \
        FLOAT dc = fma(dh * fourth, fma(-t, t, (FLOAT)(1.0f)), *carry);                            \
        a[0] = dc * third * (first * (1.0f - first));                                              \
        a[1] = dc * before * (second * (1.0f - second));                                           \
        a[2] = dc * first * fma(-third, third, (FLOAT)(1.0f));                                     \
        a[3] = dh * t * (fourth * (1.0f - fourth));                                                \
        *carry = dc * second;                                                                      \
    }

RECURRENT_CELL(recurrent, float, as_int, as_float)
#ifdef FMX_VARIANT_CPU
RECURRENT_CELL(recurrent16, float16, as_int16, as_float16)
#endif

/* ---- between PyTorch's tensors and the state -------------------------------------------------- */

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
/* ---- products ----------------------------------------------------------------------------------- */

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

/* ---- the recurrence, a group per item of the batch ---------------------------------------------- */

/* Item (q, u). gates holds z of the inputs and of the bias. `tail`: columns of Wh from RECURRENT_HELD
 * on, [column][256]. */
FMX_GROUP(256)
__kernel void recurrent_scan(__global float *state, ulong rows_at, ulong gates_at, ulong cells_at,
                             ulong packed_at, ulong batch, ulong steps, ulong inputs, ulong units,
                             ulong first, ulong count, uint gru, uint keep, __local float *tail)
{
    __local float h[RECURRENT_TILE];
    __local float value[4 * RECURRENT_TILE];
    size_t l = get_local_id(0);
    size_t q = l / RECURRENT_TILE;
    size_t u = l % RECURRENT_TILE;
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t stride = inputs + 1 + units;
    bool live = u < units;
    bool ends = live && q == 0; /* finishes a unit */
    __global const float *w = state + packed_at + get_group_id(1) * stride * 4 * units +
                              (inputs + 1) * 4 * units + q * units + u;
    __global float *row = state + rows_at + (item * (steps + 1) + first) * stride + inputs + 1 + u;
    __global float *gates =
        state + gates_at + (item * (steps + 1) + first) * 4 * units + q * units + u;
    __global float *cells = state + cells_at + (item * (steps + 1) + first) * units + u;
    float4 held[RECURRENT_HELD / 4];
    __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
    for (size_t i = 0; i < RECURRENT_HELD / 4; ++i) {
        held[i].s0 = live && 4 * i < units ? w[4 * i * 4 * units] : 0.0f;
        held[i].s1 = live && 4 * i + 1 < units ? w[(4 * i + 1) * 4 * units] : 0.0f;
        held[i].s2 = live && 4 * i + 2 < units ? w[(4 * i + 2) * 4 * units] : 0.0f;
        held[i].s3 = live && 4 * i + 3 < units ? w[(4 * i + 3) * 4 * units] : 0.0f;
    }
    for (size_t k = RECURRENT_HELD; k < units; ++k)
        tail[(k - RECURRENT_HELD) * 256 + l] = live ? w[k * 4 * units] : 0.0f;
    float c = 0.0f;
    if (q == 0)
        h[u] = live && first > 0 ? row[0] : 0.0f;
    if (ends && first > 0)
        c = cells[0];
    if (ends && first == 0) {
        row[0] = 0.0f;
        cells[0] = 0.0f;
    }
    float ahead = live ? gates[0] : 0.0f;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t s = 0; s < count; ++s) {
        float4 sum = (float4)(ahead, 0.0f, 0.0f, 0.0f);
        ahead = live ? gates[4 * units] : 0.0f;
        __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
        for (size_t i = 0; i < RECURRENT_HELD / 4; ++i)
            sum = fma(held[i], vload4(i, h), sum);
        for (size_t k = RECURRENT_HELD; k < units; ++k)
            sum.s0 = fma(tail[(k - RECURRENT_HELD) * 256 + l], h[k], sum.s0);
        float z = (sum.s0 + sum.s1) + (sum.s2 + sum.s3);
        if (gru == 0 ? q == 2 : q > 1)
            z = gru == 0 ? recurrent_tanh(z) : z;
        else
            z = recurrent_sigma(z);
        value[l] = z;
        barrier(CLK_LOCAL_MEM_FENCE);
        row += stride;
        cells += units;
        if (ends) {
            float third = value[2 * RECURRENT_TILE + u];
            float fourth = value[3 * RECURRENT_TILE + u];
            float second = value[RECURRENT_TILE + u];
            float out;
            if (gru != 0) {
                third = recurrent_tanh(fma(z, fourth, third));
                c = fma(second, c - third, third);
                out = c;
                if (keep != 0)
                    gates[2 * units] = third;
            } else {
                c = fma(second, c, z * third);
                out = fourth * recurrent_tanh(c);
            }
            h[u] = out;
            row[0] = out;
            cells[0] = c;
        }
        if (live && keep != 0 && (gru == 0 || q != 2))
            gates[0] = z;
        gates += 4 * units;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

/* Item (q, k): its share of the gradient of h_k is the sum over q's units. grad_h
 * [directions][batch][steps][units], or with `last` [directions][batch][units], the last step's only.
 * turned: Wh[q, u][k]. */
FMX_GROUP(256)
__kernel void recurrent_scan_back(__global float *state, ulong gates_at, ulong cells_at,
                                  ulong turned_at, __global const float *grad_h, ulong grad_h_at,
                                  __global float *carry, ulong carry_at, ulong batch, ulong steps,
                                  ulong units, ulong first, ulong count, uint gru, uint last,
                                  __local float *tail)
{
    __local float slope[4 * RECURRENT_TILE];
    __local float part[4 * RECURRENT_TILE];
    size_t l = get_local_id(0);
    size_t q = l / RECURRENT_TILE;
    size_t u = l % RECURRENT_TILE;
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t at = first + count - 1;
    bool live = u < units;
    __global const float *w =
        state + turned_at + (get_group_id(1) * 4 + q) * units * units + u;
    __global float *gates = state + gates_at + (item * (steps + 1) + at) * 4 * units + u;
    __global const float *cells = state + cells_at + (item * (steps + 1) + at) * units + u;
    __global const float *given =
        grad_h + grad_h_at +
        (last != 0 ? item : item * steps + at) * units + u;
    float4 held[RECURRENT_HELD / 4];
    __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
    for (size_t i = 0; i < RECURRENT_HELD / 4; ++i) {
        held[i].s0 = live && 4 * i < units ? w[4 * i * units] : 0.0f;
        held[i].s1 = live && 4 * i + 1 < units ? w[(4 * i + 1) * units] : 0.0f;
        held[i].s2 = live && 4 * i + 2 < units ? w[(4 * i + 2) * units] : 0.0f;
        held[i].s3 = live && 4 * i + 3 < units ? w[(4 * i + 3) * units] : 0.0f;
    }
    for (size_t k = RECURRENT_HELD; k < units; ++k)
        tail[(k - RECURRENT_HELD) * 256 + l] = live ? w[k * units] : 0.0f;
    carry += carry_at + item * 2 * units + u;
    bool resumed = at + 1 < steps;
    float past = live && resumed ? carry[units] : 0.0f;
    part[l] = live && resumed && q == 0 ? carry[0] : 0.0f;
    if (live && !resumed)
        gates[(4 + q) * units] = 0.0f;
    float c = live ? cells[units] : 0.0f;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t s = 0; s < count; ++s) {
        float mine = 0.0f;
        float before = live ? cells[0] : 0.0f;
        if (live) {
            float a[4] = {gates[0], gates[units], gates[2 * units], gates[3 * units]};
            float dh = last == 0 || at - s == steps - 1 ? given[0] : 0.0f;
            dh += (part[u] + part[RECURRENT_TILE + u]) +
                  (part[2 * RECURRENT_TILE + u] + part[3 * RECURRENT_TILE + u]);
            recurrent_slope(gru, a, c, before, dh, &past);
            mine = q < 2 ? (q == 0 ? a[0] : a[1]) : (q == 2 ? a[2] : a[3]);
        }
        slope[l] = mine;
        c = before;
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); /* all four have read the gates */
        if (live)
            gates[q * units] = mine;
        float4 sum = (float4)(0.0f);
        __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
        for (size_t i = 0; i < RECURRENT_HELD / 4; ++i)
            sum = fma(held[i], vload4(i, slope + q * RECURRENT_TILE), sum);
        for (size_t k = RECURRENT_HELD; k < units; ++k)
            sum.s0 = fma(tail[(k - RECURRENT_HELD) * 256 + l], slope[q * RECURRENT_TILE + k],
                         sum.s0);
        part[l] = (sum.s0 + sum.s1) + (sum.s2 + sum.s3);
        barrier(CLK_LOCAL_MEM_FENCE);
        gates -= 4 * units;
        cells -= units;
        if (last == 0)
            given -= units;
    }
    if (live && q == 0) {
        carry[0] = (part[u] + part[RECURRENT_TILE + u]) +
                   (part[2 * RECURRENT_TILE + u] + part[3 * RECURRENT_TILE + u]);
        carry[units] = past;
    }
}

/* Any number of units: item l takes gates l, l + 256, ...; local: h [units], z [4 units]. */
FMX_GROUP(256)
__kernel void recurrent_scan_large(__global float *state, ulong rows_at, ulong gates_at,
                                   ulong cells_at, ulong packed_at, ulong batch, ulong steps,
                                   ulong inputs, ulong units, ulong first, ulong count, uint gru,
                                   uint keep, __local float *local_memory)
{
    __local float *h = local_memory;
    __local float *value = local_memory + units;
    size_t l = get_local_id(0);
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t stride = inputs + 1 + units;
    __global const float *w =
        state + packed_at + (get_group_id(1) * stride + inputs + 1) * 4 * units;
    __global float *row = state + rows_at + (item * (steps + 1) + first) * stride + inputs + 1;
    __global float *gates = state + gates_at + (item * (steps + 1) + first) * 4 * units;
    __global float *cells = state + cells_at + (item * (steps + 1) + first) * units;
    for (size_t u = l; u < units; u += 256) {
        h[u] = first > 0 ? row[u] : 0.0f;
        if (first == 0) {
            row[u] = 0.0f;
            cells[u] = 0.0f;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t s = 0; s < count; ++s) {
        for (size_t j = l; j < 4 * units; j += 256) {
            float z = gates[j];
            for (size_t k = 0; k < units; ++k)
                z = fma(w[k * 4 * units + j], h[k], z);
            value[j] = z;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (size_t u = l; u < units; u += 256) {
            float z[4] = {value[u], value[units + u], value[2 * units + u], value[3 * units + u]};
            float c = cells[u];
            float out = recurrent_step(gru, z, &c);
            h[u] = out;
            row[stride + u] = out;
            cells[units + u] = c;
            if (keep != 0) {
                gates[u] = z[0];
                gates[units + u] = z[1];
                gates[2 * units + u] = z[2];
                gates[3 * units + u] = z[3];
            }
        }
        row += stride;
        cells += units;
        gates += 4 * units;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

/* local: gradients of h and of c [units] each, of z [4 units]. */
FMX_GROUP(256)
__kernel void recurrent_scan_back_large(__global float *state, ulong gates_at, ulong cells_at,
                                        ulong turned_at, __global const float *grad_h,
                                        ulong grad_h_at, __global float *carry, ulong carry_at,
                                        ulong batch, ulong steps, ulong units, ulong first,
                                        ulong count, uint gru, uint last,
                                        __local float *local_memory)
{
    __local float *grad = local_memory;
    __local float *past = local_memory + units;
    __local float *slope = local_memory + 2 * units;
    size_t l = get_local_id(0);
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t at = first + count - 1;
    __global const float *w = state + turned_at + get_group_id(1) * 4 * units * units;
    __global float *gates = state + gates_at + (item * (steps + 1) + at) * 4 * units;
    __global const float *cells = state + cells_at + (item * (steps + 1) + at) * units;
    __global const float *given =
        grad_h + grad_h_at +
        (last != 0 ? item : item * steps + at) * units;
    bool resumed = at + 1 < steps;
    carry += carry_at + item * 2 * units;
    for (size_t u = l; u < units; u += 256) {
        grad[u] = resumed ? carry[u] : 0.0f;
        past[u] = resumed ? carry[units + u] : 0.0f;
    }
    for (size_t j = l; !resumed && j < 4 * units; j += 256)
        gates[4 * units + j] = 0.0f;
    for (size_t s = 0; s < count; ++s) {
        for (size_t u = l; u < units; u += 256) {
            float a[4] = {gates[u], gates[units + u], gates[2 * units + u], gates[3 * units + u]};
            float dh = last == 0 || at - s == steps - 1 ? given[u] : 0.0f;
            float left = past[u];
            recurrent_slope(gru, a, cells[units + u], cells[u], dh + grad[u], &left);
            past[u] = left;
            slope[u] = gates[u] = a[0];
            slope[units + u] = gates[units + u] = a[1];
            slope[2 * units + u] = gates[2 * units + u] = a[2];
            slope[3 * units + u] = gates[3 * units + u] = a[3];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (size_t k = l; k < units; k += 256) {
            float sum = 0.0f;
            for (size_t j = 0; j < 4 * units; ++j)
                sum = fma(w[j * units + k], slope[j], sum);
            grad[k] = sum;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        gates -= 4 * units;
        cells -= units;
        if (last == 0)
            given -= units;
    }
    for (size_t u = l; u < units; u += 256) {
        carry[u] = grad[u];
        carry[units + u] = past[u];
    }
}
#endif

#ifdef FMX_VARIANT_CPU
/* ---- the wide variant: one item per group, float16 along the units ----------------------------------
 * lanes = 16; `width` floats cover the units. */

/* PoCL's vstore16 becomes three stores; this is one. */
typedef float16 __attribute__((aligned(4))) recurrent_float16;

static inline void recurrent_store16(float16 x, __global float *to)
{
    *(__global recurrent_float16 *)to = x;
}

static inline float recurrent_sum16(float16 x)
{
    float8 a = x.lo + x.hi;
    float4 b = a.lo + a.hi;
    return (b.s0 + b.s1) + (b.s2 + b.s3);
}

/* JOBS items of the batch by NV blocks: z = packed rows, then the cell. */
#define RECURRENT_BLOCKS(NAME, JOBS, NV)                                                           \
    static inline void NAME(__global const float *w, size_t known, __global float *const *row,     \
                            __global float *const *gates, __global float *const *cells,            \
                            size_t column, size_t width, size_t block, uint gru, uint keep)        \
    {                                                                                              \
        float16 sum[JOBS][NV][4];                                                                  \
        _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                        \
            _Pragma("unroll") for (size_t v = 0; v < NV; ++v)                                      \
                _Pragma("unroll") for (size_t q = 0; q < 4; ++q) sum[j][v][q] = 0.0f;              \
        w += block * known * 64;                                                                   \
        for (size_t k = 0; k < known; ++k) {                                                       \
            _Pragma("unroll") for (size_t v = 0; v < NV; ++v)                                      \
            {                                                                                      \
                float16 x[4];                                                                      \
                _Pragma("unroll") for (size_t q = 0; q < 4; ++q) x[q] =                            \
                    vload16(q, w + (v * known + k) * 64);                                          \
                _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                \
                {                                                                                  \
                    float16 one = row[j][k];                                                       \
                    _Pragma("unroll") for (size_t q = 0; q < 4; ++q) sum[j][v][q] =                \
                        fma(one, x[q], sum[j][v][q]);                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                        \
            _Pragma("unroll") for (size_t v = 0; v < NV; ++v)                                      \
        {                                                                                          \
            size_t unit = (block + v) * 16;                                                        \
            float16 c = vload16(0, cells[j] + unit);                                               \
            float16 h = recurrent16_step(gru, sum[j][v], &c);                                      \
            recurrent_store16(h, row[j] + column + width + column + unit);                         \
            recurrent_store16(c, cells[j] + width + unit);                                         \
            if (keep != 0) {                                                                       \
                _Pragma("unroll") for (size_t q = 0; q < 4; ++q)                                   \
                    recurrent_store16(sum[j][v][q], gates[j] + unit * 4 + q * 16);                 \
            }                                                                                      \
        }                                                                                          \
    }

/* Item (JOBS items of the batch from first_item on, direction). */
#define RECURRENT_SCAN_WIDE(NAME, JOBS, BLOCKS, NV, REST)                                          \
    __attribute__((reqd_work_group_size(1, 1, 1)))                                                 \
    __kernel void NAME(__global float *state, ulong rows_at, ulong gates_at, ulong cells_at,       \
                       ulong packed_at, ulong batch, ulong steps, ulong inputs, ulong units,       \
                       ulong first, ulong count, uint gru, uint keep, ulong first_item)            \
    {                                                                                              \
        size_t blocks = (units + 15) / 16;                                                         \
        size_t width = blocks * 16;                                                                \
        size_t known = inputs + 1 + units;                                                         \
        size_t stride = inputs + 1 + width;                                                        \
        size_t d = get_group_id(1);                                                                \
        __global const float *w = state + packed_at + d * blocks * known * 64;                     \
        __global float *row[JOBS];                                                                 \
        __global float *gates[JOBS];                                                               \
        __global float *cells[JOBS];                                                               \
        _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                        \
        {                                                                                          \
            size_t item = d * batch + first_item + get_group_id(0) * JOBS + j;                     \
            size_t at = item * (steps + 1) + first;                                                \
            row[j] = state + rows_at + at * stride;                                                \
            gates[j] = state + gates_at + at * 4 * width;                                          \
            cells[j] = state + cells_at + at * width;                                              \
            for (size_t u = 0; first == 0 && u < width; u += 16) {                                 \
                recurrent_store16((float16)(0.0f), row[j] + inputs + 1 + u);                       \
                recurrent_store16((float16)(0.0f), cells[j] + u);                                  \
            }                                                                                      \
        }                                                                                          \
        for (size_t s = 0; s < count; ++s) {                                                       \
            size_t block = 0;                                                                      \
            for (; block + NV <= blocks; block += NV)                                              \
                BLOCKS(w, known, row, gates, cells, inputs + 1, width, block, gru, keep);          \
            for (; block < blocks; ++block)                                                        \
                REST(w, known, row, gates, cells, inputs + 1, width, block, gru, keep);            \
            _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                    \
            {                                                                                      \
                row[j] += stride;                                                                  \
                gates[j] += 4 * width;                                                             \
                cells[j] += width;                                                                 \
            }                                                                                      \
        }                                                                                          \
    }

RECURRENT_BLOCKS(recurrent_blocks_1_1, 1, 1)
RECURRENT_BLOCKS(recurrent_blocks_1_2, 1, 2)
RECURRENT_BLOCKS(recurrent_blocks_4_1, 4, 1)
RECURRENT_SCAN_WIDE(recurrent_scan_wide1, 1, recurrent_blocks_1_2, 2, recurrent_blocks_1_1)
RECURRENT_SCAN_WIDE(recurrent_scan_wide4, 4, recurrent_blocks_4_1, 1, recurrent_blocks_4_1)

/* JOBS items by NV vectors of the gradient of h, from vector `at` on: the sum over all gates of turned
 * [gate][width] slope[gate]; the gates' pads are left out. SPLIT sums side by side, added at the end. */
#define RECURRENT_TURNED(NAME, JOBS, NV, SPLIT)                                                    \
    static inline void NAME(__global const float *w, __global float *const *gates,                 \
                            __global float *const *grad, size_t units, size_t width, size_t at, uint gru)   \
    {                                                                                              \
        float16 sum[SPLIT][JOBS][NV];                                                              \
        _Pragma("unroll") for (size_t i = 0; i < SPLIT; ++i)                                       \
            _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                    \
                _Pragma("unroll") for (size_t v = 0; v < NV; ++v) sum[i][j][v] = 0.0f;             \
        for (size_t block = 0; block * 16 < units; ++block) {                                      \
            size_t live = min((size_t)16, units - block * 16);                                     \
            for (size_t q = 0; q < 4; ++q) {                                                       \
                if (gru != 0 && q == 2)                                                            \
                    continue;                                                                      \
                size_t from = (block * 4 + q) * 16;                                                \
                for (size_t i = 0; i < live; i += SPLIT) {                                         \
                    _Pragma("unroll") for (size_t p = 0; p < SPLIT; ++p)                           \
                    {                                                                              \
                        __global const float *line = w + (from + i + p) * width + at * 16;         \
                        _Pragma("unroll") for (size_t v = 0; v < NV; ++v)                          \
                        {                                                                          \
                            float16 x = vload16(v, line);                                          \
                            _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j) sum[p][j][v] =     \
                                fma((float16)(gates[j][from + i + p]), x, sum[p][j][v]);           \
                        }                                                                          \
                    }                                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                        \
            _Pragma("unroll") for (size_t v = 0; v < NV; ++v)                                      \
        {                                                                                          \
            float16 all = sum[0][j][v];                                                            \
            _Pragma("unroll") for (size_t i = 1; i < SPLIT; ++i) all += sum[i][j][v];              \
            recurrent_store16(all, grad[j] + (at + v) * 16);                                       \
        }                                                                                          \
    }

RECURRENT_TURNED(recurrent_turned_1_1, 1, 1, 2)
RECURRENT_TURNED(recurrent_turned_1_4, 1, 4, 2)
RECURRENT_TURNED(recurrent_turned_4_1, 4, 1, 2)
RECURRENT_TURNED(recurrent_turned_4_4, 4, 4, 1)

/* carry holds the gradients of h and of c while it runs. */
#define RECURRENT_BACK_WIDE(NAME, JOBS, TURNED_1, TURNED_4)                                        \
    __attribute__((reqd_work_group_size(1, 1, 1)))                                                 \
    __kernel void NAME(__global float *state, ulong gates_at, ulong cells_at, ulong turned_at,     \
                       __global const float *grad_h, ulong grad_h_at, __global float *carry,       \
                       ulong carry_at, ulong batch, ulong steps, ulong units, ulong first,         \
                       ulong count, uint gru, uint last, ulong first_item)                         \
    {                                                                                              \
        size_t blocks = (units + 15) / 16;                                                         \
        size_t width = blocks * 16;                                                                \
        size_t d = get_group_id(1);                                                                \
        size_t last_step = first + count - 1;                                                      \
        bool resumed = last_step + 1 < steps;                                                      \
        __global const float *w = state + turned_at + d * 4 * width * width;                       \
        __global float *gates[JOBS];                                                               \
        __global const float *cells[JOBS];                                                         \
        __global const float *given[JOBS];                                                         \
        __global float *grad[JOBS];                                                                \
        _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                        \
        {                                                                                          \
            size_t item = d * batch + first_item + get_group_id(0) * JOBS + j;                     \
            size_t at = item * (steps + 1) + last_step;                                            \
            gates[j] = state + gates_at + at * 4 * width;                                          \
            cells[j] = state + cells_at + at * width;                                              \
            given[j] = grad_h + grad_h_at + (last != 0 ? item : item * steps + last_step) * width; \
            grad[j] = carry + carry_at + item * 2 * width;                                         \
            for (size_t u = 0; !resumed && u < 2 * width; u += 16)                                 \
                recurrent_store16((float16)(0.0f), grad[j] + u);                                   \
            for (size_t u = 0; !resumed && u < 4 * width; u += 16)                                 \
                recurrent_store16((float16)(0.0f), gates[j] + 4 * width + u);                      \
        }                                                                                          \
        for (size_t s = 0; s < count; ++s) {                                                       \
            bool given_now = last == 0 || last_step - s == steps - 1;                              \
            for (size_t u = 0; u < width; u += 16) {                                               \
                _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                \
                {                                                                                  \
                    float16 a[4];                                                                  \
                    _Pragma("unroll") for (size_t q = 0; q < 4; ++q) a[q] =                        \
                        vload16(q, gates[j] + u * 4);                                              \
                    float16 dh = vload16(0, grad[j] + u);                                          \
                    float16 left = vload16(0, grad[j] + width + u);                                \
                    if (given_now)                                                                 \
                        dh += vload16(0, given[j] + u);                                            \
                    recurrent16_slope(gru, a, vload16(0, cells[j] + width + u),                    \
                                      vload16(0, cells[j] + u), dh, &left);                        \
                    recurrent_store16(left, grad[j] + width + u);                                  \
                    _Pragma("unroll") for (size_t q = 0; q < 4; ++q)                               \
                        recurrent_store16(a[q], gates[j] + u * 4 + q * 16);                        \
                }                                                                                  \
            }                                                                                      \
            size_t v = 0;                                                                          \
            for (; v + 4 <= blocks; v += 4)                                                        \
                TURNED_4(w, gates, grad, units, width, v, gru);                                    \
            for (; v < blocks; ++v)                                                                \
                TURNED_1(w, gates, grad, units, width, v, gru);                                    \
            _Pragma("unroll") for (size_t j = 0; j < JOBS; ++j)                                    \
            {                                                                                      \
                gates[j] -= 4 * width;                                                             \
                cells[j] -= width;                                                                 \
                given[j] -= last != 0 ? 0 : width;                                                 \
            }                                                                                      \
        }                                                                                          \
    }

RECURRENT_BACK_WIDE(recurrent_scan_back_wide1, 1, recurrent_turned_1_1, recurrent_turned_1_4)
RECURRENT_BACK_WIDE(recurrent_scan_back_wide4, 4, recurrent_turned_4_1, recurrent_turned_4_4)

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
    __global const float *packed = state + packed_at + d * blocks * known * 64;
    __global const float *gates[RECURRENT_INPUT_ROWS];
#pragma unroll
    for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i)
        gates[i] = state + gates_at + (d * rows + min(first + i, (size_t)rows - 1)) * blocks * 64;
    for (size_t c = 0; c < inputs; ++c) {
        float16 sum[RECURRENT_INPUT_ROWS];
#pragma unroll
        for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i)
            sum[i] = 0.0f;
        for (size_t block = 0; block < blocks; ++block) {
            for (size_t q = 0; q < 4; ++q) {
                float16 w = vload16(q, packed + (block * known + c) * 64);
#pragma unroll
                for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i)
                    sum[i] = fma(w, vload16(q, gates[i] + block * 64), sum[i]);
            }
        }
#pragma unroll
        for (size_t i = 0; i < RECURRENT_INPUT_ROWS; ++i) {
            if (first + i < rows)
                grad[grad_at + (d * rows + first + i) * inputs + c] = recurrent_sum16(sum[i]);
        }
    }
}
#endif

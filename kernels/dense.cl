/* Products of a fully connected layer: in [batch][features], weight [units][features], out and its
 * gradient [batch][units].
 *
 *   forward      out[b][u]      = sum_f in[b][f] weight[u][f] + bias[u]
 *   backward     grad_in[b][f]  = sum_u grad_out[b][u] weight[u][f]
 *                grad_weight[u][f] = sum_b grad_out[b][u] in[b][f],  grad_bias[u] = sum_b grad_out[b][u]
 *
 * dense_product   out[slice][m][n] = sum over the slice's k of a(m, k) b(k, n): all three products;
 *                 a group of 128 items owns 32 x 64 values, group (n, m, slice)
 * dense_combine   sums the slices in their order and adds the bias, relu if asked
 * dense_bias      masks grad_out where a fused relu cut, and sums it over the batch
 *
 * Every sum has a fixed order. Twin: host/ref/dense_ref.c.
 */

/* a(m, k) is a[m a_row + k a_column], b(k, n) is b[k b_row + n b_column]; k runs in slices. */
FMX_GROUP(FMX_TILE_ITEMS)
__kernel void dense_product(__global float *out, __global const float *a, __global const float *b,
                            ulong m, ulong n, ulong k, ulong slice, ulong a_row, ulong a_column,
                            ulong b_row, ulong b_column)
{
    __local float a_tile[FMX_TILE_K * FMX_TILE_M];
    __local float b_tile[FMX_TILE_K * FMX_TILE_N];
    size_t l = get_local_id(0);
    size_t n_first = get_group_id(0) * FMX_TILE_N;
    size_t m_first = get_group_id(1) * FMX_TILE_M;
    size_t k_first = get_group_id(2) * slice;
    size_t k_last = min(k_first + slice, k);
    float16 sum = 0.0f;
    for (size_t at = k_first; at < k_last; at += FMX_TILE_K) {
        /* neighbouring items take neighbouring floats, whichever way the matrix lies */
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
    __global float *to = out + (get_group_id(2) * m + row) * n + column;
    float4 line[4] = {sum.s0123, sum.s4567, sum.s89ab, sum.scdef};
    __attribute__((opencl_unroll_hint(4)))
    for (size_t i = 0; i < 4; ++i) {
        if (row + i >= m)
            continue;
        if (column + 4 <= n) {
            vstore4(line[i], 0, to + i * n);
        } else {
            if (column < n)
                to[i * n] = line[i].s0;
            if (column + 1 < n)
                to[i * n + 1] = line[i].s1;
            if (column + 2 < n)
                to[i * n + 2] = line[i].s2;
        }
    }
}

/* parts [slices][batch][units]; one item per output. */
FMX_SUBGROUP_KERNEL
__kernel void dense_combine(__global float *out, __global const float *parts,
                            __global const float *bias, ulong batch, ulong units, ulong slices,
                            uint relu)
{
    size_t i = get_global_id(0);
    if (i >= batch * units)
        return;
    float sum = 0.0f;
    for (size_t s = 0; s < slices; ++s)
        sum += parts[s * batch * units + i];
    if (bias != 0)
        sum += bias[i % units];
    out[i] = relu != 0 && sum <= 0.0f ? 0.0f : sum;
}

/* One item per unit. grad_bias may be NULL. */
FMX_SUBGROUP_KERNEL
__kernel void dense_bias(__global float *grad_bias, __global float *grad_out,
                         __global const float *out, ulong batch, ulong units, uint relu)
{
    size_t u = get_global_id(0);
    if (u >= units)
        return;
    float sum = 0.0f;
    for (size_t b = 0; b < batch; ++b) {
        size_t i = b * units + u;
        float g = grad_out[i];
        if (relu != 0 && out[i] <= 0.0f) {
            g = 0.0f;
            grad_out[i] = g;
        }
        sum += g;
    }
    if (grad_bias != 0)
        grad_bias[u] = sum;
}

#ifdef FMX_VARIANT_CPU
/* ---- the wide variant: one item per group, float16 along the contiguous axis, sums in registers ----
 * Few rows (the batch) by many weights: the weights stream through once in each direction. */

static inline void dense_store16(float16 x, size_t offset, __global float *to)
{
    ((__global fmx_float16 *)to)[offset] = x;
}

/* in [batch][features] -> panels [batch / 32][features][32], zeros behind the batch. One item per 16
 * features of half a panel. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void dense_panels_wide(__global float *panels, __global const float *in, ulong batch,
                                ulong features)
{
    size_t first = get_global_id(0) * 16;
    size_t half_panel = get_global_id(1);
    if (first >= features)
        return;
    size_t count = min((size_t)16, (size_t)features - first);
    __global float *to = panels + (half_panel / 2 * features + first) * 32 + half_panel % 2 * 16;
    for (size_t j = 0; j < 16; ++j) {
        size_t b = half_panel * 16 + j;
        __global const float *from = in + b * features + first;
        for (size_t k = 0; k < count; ++k)
            to[k * 32 + j] = b < batch ? from[k] : 0.0f;
    }
}

#define DENSE_ROWS 12 /* units of an item of dense_forward_wide; with two vectors: 24 sums */

/* parts [slices][panels][units][32] = the slice's sum of weight[u][f] panels[panel][f][32], both in
 * scratch, the parts from parts_at on; item (panel, 12 units, slice): a slice of weights serves all
 * panels while it is near. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void dense_forward_wide(__global float *scratch, ulong parts_at,
                                 __global const float *weight, ulong features, ulong units,
                                 ulong slice)
{
    __global const float *panels = scratch;
    __global float *parts = scratch + parts_at;
    size_t panel = get_group_id(0);
    size_t u = get_group_id(1) * DENSE_ROWS;
    size_t first = get_group_id(2) * slice;
    size_t last = min(first + slice, (size_t)features);
    __global const float *x = panels + (panel * features + first) * 32;
    __global const float *w[DENSE_ROWS];
    float16 sum[DENSE_ROWS][2];
#pragma unroll
    for (size_t i = 0; i < DENSE_ROWS; ++i) {
        w[i] = weight + min(u + i, (size_t)units - 1) * features + first;
        sum[i][0] = 0.0f;
        sum[i][1] = 0.0f;
    }
    for (size_t f = 0; f < last - first; ++f) {
        float16 x0 = vload16(0, x + f * 32);
        float16 x1 = vload16(1, x + f * 32);
#pragma unroll
        for (size_t i = 0; i < DENSE_ROWS; ++i) {
            float16 one = w[i][f];
            sum[i][0] = fma(one, x0, sum[i][0]);
            sum[i][1] = fma(one, x1, sum[i][1]);
        }
    }
    parts += ((get_group_id(2) * get_num_groups(0) + panel) * units + u) * 32;
#pragma unroll
    for (size_t i = 0; i < DENSE_ROWS; ++i) {
        if (u + i < units) {
            dense_store16(sum[i][0], 0, parts + i * 32);
            dense_store16(sum[i][1], 1, parts + i * 32);
        }
    }
}

/* Sums the slices, adds the bias, turns [unit][batch] round; item (unit, half a panel). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void dense_combine_wide(__global float *out, __global const float *scratch,
                                 ulong parts_at, __global const float *bias, ulong batch,
                                 ulong units, ulong slices, uint relu)
{
    __global const float *parts = scratch + parts_at;
    size_t u = get_global_id(0);
    size_t half_panel = get_global_id(1);
    size_t panels = (batch + 31) / 32;
    if (u >= units)
        return;
    float16 sum = 0.0f;
    for (size_t s = 0; s < slices; ++s)
        sum += vload16(half_panel % 2, parts + ((s * panels + half_panel / 2) * units + u) * 32);
    if (bias != 0)
        sum += bias[u];
    if (relu != 0)
        sum = select(sum, (float16)(0.0f), sum <= 0.0f);
    float value[16];
    vstore16(sum, 0, value);
    for (size_t j = 0; j < 16 && half_panel * 16 + j < batch; ++j)
        out[(half_panel * 16 + j) * units + u] = value[j];
}

/* Sums over `terms` of 8 numbers by NV vectors of 16: sum[i][v] += a[i][t] b[t][v], t outermost;
 * a[i] at a + i a_row (clamped to row `rows` - 1) + t a_column, b[t] at b + t b_row. */
#define DENSE_SUM(NAME, NV)                                                                      \
    static inline void NAME(float16 sum[8][NV], __global const float *a, size_t rows,              \
                            size_t a_row, size_t a_column, __global const float *b, size_t b_row,  \
                            size_t terms)                                                          \
    {                                                                                              \
        __global const float *from[8];                                                             \
        _Pragma("unroll") for (size_t i = 0; i < 8; ++i) from[i] = a + min(i, rows - 1) * a_row;   \
        for (size_t t = 0; t < terms; ++t) {                                                       \
            float16 x[NV];                                                                         \
            _Pragma("unroll") for (size_t v = 0; v < NV; ++v) x[v] = vload16(v, b + t * b_row);    \
            _Pragma("unroll") for (size_t i = 0; i < 8; ++i)                                       \
            {                                                                                      \
                float16 one = from[i][t * a_column];                                               \
                _Pragma("unroll") for (size_t v = 0; v < NV; ++v) sum[i][v] =                      \
                    fma(one, x[v], sum[i][v]);                                                     \
            }                                                                                      \
        }                                                                                          \
    }
DENSE_SUM(dense_sum3, 3)
DENSE_SUM(dense_sum1, 1)

/* One value of what dense_sum3 computes, for rows shorter than a vector. */
static inline float dense_single(float sum, __global const float *a, size_t a_column,
                                 __global const float *b, size_t b_row, size_t terms)
{
    for (size_t t = 0; t < terms; ++t)
        sum = fma(a[t * a_column], b[t * b_row], sum);
    return sum;
}

/* out [rows][columns], 8 rows of 48 columns from `at` on: sum over t of a(row, t) b(t, column), added
 * to what is there where `more`. */
static inline void dense_block(__global float *out, size_t rows, size_t columns, bool more,
                               __global const float *a, size_t a_row, size_t a_column,
                               __global const float *b, size_t terms)
{
    float16 sum[8][3];
#pragma unroll
    for (size_t i = 0; i < 8; ++i) {
        __global float *from = out + min(i, rows - 1) * columns;
#pragma unroll
        for (size_t v = 0; v < 3; ++v)
            sum[i][v] = more ? vload16(v, from) : (float16)(0.0f);
    }
    dense_sum3(sum, a, rows, a_row, a_column, b, columns, terms);
#pragma unroll
    for (size_t i = 0; i < 8; ++i) {
        if (i < rows) {
#pragma unroll
            for (size_t v = 0; v < 3; ++v)
                dense_store16(sum[i][v], v, out + i * columns);
        }
    }
}

/* The same for 16 columns, of which the first `kept` are left alone. */
static inline void dense_narrow_block(__global float *out, size_t rows, size_t columns, bool more,
                                      __global const float *a, size_t a_row, size_t a_column,
                                      __global const float *b, size_t terms, int kept)
{
    const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    float16 sum[8][1];
#pragma unroll
    for (size_t i = 0; i < 8; ++i)
        sum[i][0] = more ? vload16(0, out + min(i, rows - 1) * columns) : (float16)(0.0f);
    dense_sum1(sum, a, rows, a_row, a_column, b, columns, terms);
#pragma unroll
    for (size_t i = 0; i < 8; ++i) {
        if (i < rows) {
            __global float *to = out + i * columns;
            if (kept == 0)
                dense_store16(sum[i][0], 0, to);
            else
                dense_store16(select(vload16(0, to), sum[i][0], lane >= kept), 0, to);
        }
    }
}

/* 48 columns of rows [first, last): they are far apart, which the hardware does not foresee. A
 * quarter of the rows at a time, between the blocks of the 32 rows of a batch. */
static inline void dense_prefetch(__global const float *b, size_t columns, size_t first,
                                  size_t last)
{
    for (size_t t = first; t < last; ++t) {
#pragma unroll
        for (size_t v = 0; v < 3; ++v)
            __builtin_prefetch((const void *)(size_t)(b + t * columns + 16 * v), 0, 3);
    }
}

/* Columns [first, last) of all rows. The last vector is shifted to end with `last`. */
static inline void dense_columns(__global float *out, size_t rows, size_t columns, size_t first,
                                 size_t last, bool more, __global const float *a, size_t a_row,
                                 size_t a_column, __global const float *b, size_t terms)
{
    size_t at = first;
    for (; at + 48 <= last; at += 48) {
        for (size_t r = 0; r < rows; r += 8) {
            if (more && r < 32 && at + 96 <= last)
                dense_prefetch(b + at + 48, columns, r / 8 * terms / 4, (r / 8 + 1) * terms / 4);
            dense_block(out + r * columns + at, min((size_t)8, rows - r), columns, more,
                        a + r * a_row, a_row, a_column, b + at, terms);
        }
    }
    if (last - first < 16) {
        for (; at < last; ++at) {
            for (size_t r = 0; r < rows; ++r) {
                __global float *to = out + r * columns + at;
                *to = dense_single(more ? *to : 0.0f, a + r * a_row, a_column, b + at, columns,
                                   terms);
            }
        }
    }
    while (at < last) {
        size_t start = min(at, last - 16);
        for (size_t r = 0; r < rows; r += 8)
            dense_narrow_block(out + r * columns + start, min((size_t)8, rows - r), columns, more,
                               a + r * a_row, a_row, a_column, b + start, terms,
                               (int)(at - start));
        at = start + 16;
    }
}

/* Columns of item i of n: whole multiples of 16, the last item takes the rest. */
static inline void dense_share(size_t columns, size_t *first, size_t *last)
{
    size_t n = get_num_groups(0);
    size_t i = get_group_id(0);
    size_t share = columns / n / 16 * 16;
    *first = i * share;
    *last = i + 1 == n ? columns : *first + share;
}

#define DENSE_CHUNK 16 /* weight rows that are summed before the next: they stay in the cache */

/* grad_in [batch][features]; item (features). The item's part of grad_in stays in the cache. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void dense_grad_in_wide(__global float *grad_in, __global const float *grad_out,
                                 __global const float *weight, ulong batch, ulong features,
                                 ulong units)
{
    size_t first;
    size_t last;
    dense_share(features, &first, &last);
    for (size_t u = 0; u < units; u += DENSE_CHUNK) {
        size_t terms = min((size_t)DENSE_CHUNK, (size_t)units - u);
        dense_columns(grad_in, batch, features, first, last, u > 0, grad_out + u, units, 1,
                      weight + u * features, terms);
    }
}

/* grad_weight [units][features]; item (features, 64 units). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void dense_grad_weight_wide(__global float *grad_weight, __global const float *grad_out,
                                     __global const float *in, ulong batch, ulong features,
                                     ulong units)
{
    size_t first;
    size_t last;
    size_t u_first = get_group_id(1) * 64;
    size_t u_last = min(u_first + 64, (size_t)units);
    dense_share(features, &first, &last);
    for (size_t u = u_first; u < u_last; u += 8)
        dense_columns(grad_weight + u * features, min((size_t)8, u_last - u), features, first,
                      last, false, grad_out + u, 1, units, in, batch);
}
#endif

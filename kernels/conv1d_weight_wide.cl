/* Convolution along positions on PoCL, the gradients of weight and bias: one item per group, float16
 * along positions, no barriers. Rows as in conv1d_wide.cl.
 *
 *   8 filters x 3 taps:  sum[o][c,t] += grad_out[o][n..n+15] row[c][t][n..n+15]
 *
 * over a run of positions, then across the lanes in a fixed tree. A cell is a channel and tap; the
 * bias is a last cell, whose row is all ones.
 *
 * conv1d_mask_wide         masks grad_out where a fused relu cut; item (row)
 * conv1d_grad_weight_wide  parts [slice][block of 8 filters][cell][8]; item (slice)
 * conv1d_weight_sum_wide   their sums over slices, in order; item (16 cells, block of filters)
 */
#ifdef FMX_VARIANT_CPU

#define CONV1D_RUN 1024 /* positions that are summed in registers: 8 rows of them fit the cache */
#define CONV1D_NEAR 128 /* rows of which this run and the next fit half of the second cache */

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_mask_wide(__global float *grad_out, __global const float *out, ulong points)
{
    size_t n = 0;
    grad_out += get_group_id(0) * points;
    out += get_group_id(0) * points;
    for (; n + 16 <= points; n += 16) {
        float16 g = select(vload16(0, grad_out + n), (float16)(0.0f), vload16(0, out + n) <= 0.0f);
        *(__global fmx_float16 *)(grad_out + n) = g;
    }
    for (; n < points; ++n)
        grad_out[n] = out[n] <= 0.0f ? 0.0f : grad_out[n];
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

/* *to = the total of a run, or += it. */
static inline void conv1d_add(__global float *to, const float16 sum[8], bool first)
{
    float8 total = conv1d_across(sum);
    if (!first)
        total += vload8(0, to);
    vstore8(total, 0, to);
}

/* Of the vector that ends a row, lanes that an earlier one has had are left out. */
static inline float16 conv1d_load(__global const float *from, int16 fresh)
{
    return select((float16)(0.0f), vload16(0, from), fresh);
}

static inline int16 conv1d_fresh(size_t n, size_t last)
{
    const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return lane >= (int)(n + 16 - last);
}

/* The cell of the bias: sums of positions [n, last) of 8 rows. */
static inline void conv1d_rows_sum(float16 sum[8], __global const float *const g[8], size_t n,
                                   size_t last)
{
#pragma unroll
    for (size_t i = 0; i < 8; ++i)
        sum[i] = 0.0f;
    for (; n + 16 <= last; n += 16) {
#pragma unroll
        for (size_t i = 0; i < 8; ++i)
            sum[i] += vload16(0, g[i] + n);
    }
    if (n < last) {
        int16 fresh = conv1d_fresh(n, last);
#pragma unroll
        for (size_t i = 0; i < 8; ++i)
            sum[i] += conv1d_load(g[i] + last - 16, fresh);
    }
}

/* Three cells; meanwhile `ahead`, what a later run reads, is fetched. */
static inline void conv1d_cells_sum(float16 sum[3][8], __global const float *const g[8],
                                    __global const float *const from[3], size_t n, size_t last,
                                    __global const float *ahead)
{
#pragma unroll
    for (size_t v = 0; v < 3; ++v) {
#pragma unroll
        for (size_t i = 0; i < 8; ++i)
            sum[v][i] = 0.0f;
    }
    for (; n + 16 <= last; n += 16) {
        float16 value[3];
        __builtin_prefetch((const void *)(size_t)(ahead + n), 0, 2);
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
        int16 fresh = conv1d_fresh(n, last);
        n = last - 16;
#pragma unroll
        for (size_t i = 0; i < 8; ++i) {
            float16 one = conv1d_load(g[i] + n, fresh);
#pragma unroll
            for (size_t v = 0; v < 3; ++v)
                sum[v][i] = fma(one, vload16(0, from[v] + n), sum[v][i]);
        }
    }
}

/* A run of `steps` runs of positions, each of one item of the batch. At least 16 positions. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_grad_weight_wide(__global float *scratch, ulong parts_at,
                                      __global const float *grad_out, __global const float *x,
                                      ulong x_at, ulong x_row, ulong batch, ulong steps,
                                      ulong in_c, ulong out_c, ulong out_n, ulong taps,
                                      ulong stride, ulong dilation, ulong pitch)
{
    size_t terms = in_c * taps;
    size_t runs = (out_n + CONV1D_RUN - 1) / CONV1D_RUN;
    size_t first_step = get_group_id(0) * steps;
    size_t last_step = min(first_step + steps, batch * runs);
    size_t blocks = (out_c + 7) / 8;
    __global float *parts = scratch + parts_at + get_group_id(0) * blocks * (terms + 1) * 8;
    size_t rows = in_c + out_c <= CONV1D_NEAR ? in_c + out_c : 0; /* to be fetched ahead */
    x += x_at;
    for (size_t step = first_step; step < last_step; ++step) {
        size_t b = step / runs;
        size_t first = step % runs * CONV1D_RUN;
        size_t last = min(first + CONV1D_RUN, (size_t)out_n);
        /* where the next run is, seen from this one's first position */
        size_t next_b = (step + 1) / runs;
        size_t next_first = (step + 1) % runs * CONV1D_RUN;
        size_t next_rows = step + 1 < batch * runs ? rows : 0;
        size_t row = 0;
        for (size_t block = 0; block < blocks; ++block) {
            __global float *to = parts + block * (terms + 1) * 8;
            __global const float *g[8];
            float16 sum[3][8];
#pragma unroll
            for (size_t i = 0; i < 8; ++i)
                g[i] = grad_out + (b * out_c + min(block * 8 + i, (size_t)out_c - 1)) * out_n;
            conv1d_rows_sum(sum[0], g, first, last);
            conv1d_add(to + terms * 8, sum[0], step == first_step);
            for (size_t q = 0; q < terms; q += 3, ++row) {
                __global const float *from[3];
#pragma unroll
                for (size_t v = 0; v < 3; ++v) {
                    size_t term = min(q + v, terms - 1);
                    size_t at = term % taps * dilation;
                    size_t offset = stride == 1 ? at : at % stride * pitch + at / stride;
                    from[v] = x + (b * in_c + term / taps) * x_row + offset;
                }
                __global const float *ahead = from[0] + first;
                if (row < min(next_rows, (size_t)in_c))
                    ahead = x + (next_b * in_c + row) * x_row + next_first;
                else if (row < next_rows)
                    ahead = grad_out + (next_b * out_c + row - in_c) * out_n + next_first;
                conv1d_cells_sum(sum, g, from, first, last, ahead - first);
#pragma unroll
                for (size_t v = 0; v < 3; ++v) {
                    if (q + v < terms)
                        conv1d_add(to + (q + v) * 8, sum[v], step == first_step);
                }
            }
        }
    }
}

/* grad_weight [out_c][cell but the last], and grad_bias [out_c] unless it is null. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv1d_weight_sum_wide(__global float *grad_weight, __global float *grad_bias,
                                     __global const float *scratch, ulong parts_at, ulong slices,
                                     ulong terms, ulong out_c)
{
    size_t block = get_group_id(1);
    size_t first = get_group_id(0) * 16;
    size_t last = min(first + 16, (size_t)terms + 1);
    size_t slice_floats = get_num_groups(1) * (terms + 1) * 8;
    __global const float *parts = scratch + parts_at + (block * (terms + 1) + first) * 8;
    for (size_t q = first; q < last; ++q, parts += 8) {
        float8 sum = 0.0f;
        float value[8];
        for (size_t s = 0; s < slices; ++s)
            sum += vload8(0, parts + s * slice_floats);
        vstore8(sum, 0, value);
        for (size_t i = 0; i < 8 && block * 8 + i < out_c; ++i) {
            if (q < terms)
                grad_weight[(block * 8 + i) * terms + q] = value[i];
            else if (grad_bias != 0)
                grad_bias[block * 8 + i] = value[i];
        }
    }
}
#endif

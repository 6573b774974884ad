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

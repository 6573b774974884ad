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
 * Every sum has a fixed order. Twin: host/ref/conv1d_ref.c. PoCL takes conv1d_wide.cl and
 * conv1d_weight_wide.cl where rows are long enough.
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

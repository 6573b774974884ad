/* Locally connected layer along positions (cross-correlation whose weights differ from position to
 * position): in [batch][channels][in_n], weight [filters][channels][taps][out_n], bias
 * [filters][out_n], out [batch][filters][out_n].
 *
 *   forward   out[b][f][n] = bias[f][n] + sum_{c,t} weight[f][c][t][n] in[b][c][n + t - left]
 *   input     grad_in[b][c][i] = sum_{f,t} weight[f][c][t][n] grad_out[b][f][n], n = i + left - t
 *   weight    grad_weight[f][c][t][n] = sum_b grad_out[b][f][n] in[b][c][n + t - left]
 *             grad_bias[f][n] = sum_b grad_out[b][f][n]
 *
 * What lies outside of a row counts as 0. Positions lie next to each other in every operand: at
 * each position all three are products of small matrices. locally_connected1d_*: an item per
 * position and tile of the result, so that what is loaded serves several sums; _wide, for PoCL: 16
 * positions, operands copied together first (locally_connected1d_wide.clh). Sums have a fixed
 * order: channels (filters) outside, taps inside; items of the batch ascending.
 *
 * Twin: host/ref/locally_connected1d_ref.c.
 */

typedef struct {
    long batch;
    long channels;
    long filters;
    long taps;
    long in_n;
    long out_n;
    long left;
} local_sizes;

/* Value i of a row of n. */
static inline float local_at(__global const float *row, long i, long n)
{
    return i >= 0 && i < n ? row[i] : 0.0f;
}

/* Rows of weight, input and grad_out; numbers beyond the end are the last one. */
static inline __global const float *local_weight(__global const float *weight, local_sizes s,
                                                 long f, long c, long t)
{
    f = min(f, s.filters - 1);
    c = min(c, s.channels - 1);
    return weight + ((f * s.channels + c) * s.taps + t) * s.out_n;
}

static inline __global const float *local_in(__global const float *in, local_sizes s, long b,
                                             long c)
{
    return in + (min(b, s.batch - 1) * s.channels + min(c, s.channels - 1)) * s.in_n;
}

static inline __global const float *local_out(__global const float *out, local_sizes s, long b,
                                              long f)
{
    return out + (min(b, s.batch - 1) * s.filters + min(f, s.filters - 1)) * s.out_n;
}

/* A tile of the result: so many filters (channels) times so many items (channels). */
#define LOCAL_FEW 2
#define LOCAL_MANY 4

static inline void local_product(float sum[LOCAL_FEW][LOCAL_MANY], const float few[LOCAL_FEW],
                                 const float many[LOCAL_MANY])
{
#pragma unroll
    for (long k = 0; k < LOCAL_FEW; ++k)
#pragma unroll
        for (long j = 0; j < LOCAL_MANY; ++j)
            sum[k][j] = fma(few[k], many[j], sum[k][j]);
}

/* Item (position, tile of filters, tile of items). */
FMX_SUBGROUP_KERNEL
__kernel void locally_connected1d_forward(__global float *out, __global const float *in,
                                          __global const float *weight, __global const float *bias,
                                          long batch, long channels, long filters, long taps,
                                          long in_n, long out_n, long left)
{
    local_sizes s = {batch, channels, filters, taps, in_n, out_n, left};
    long n = (long)get_global_id(0);
    long f0 = (long)get_global_id(1) * LOCAL_FEW;
    long b0 = (long)get_global_id(2) * LOCAL_MANY;
    float sum[LOCAL_FEW][LOCAL_MANY];
    float w[LOCAL_FEW];
    float x[LOCAL_MANY];
    if (n >= out_n || f0 >= filters || b0 >= batch)
        return;
#pragma unroll
    for (long k = 0; k < LOCAL_FEW; ++k)
#pragma unroll
        for (long j = 0; j < LOCAL_MANY; ++j)
            sum[k][j] = bias != 0 ? bias[min(f0 + k, filters - 1) * out_n + n] : 0.0f;
    for (long c = 0; c < channels; ++c) {
        for (long t = 0; t < taps; ++t) {
#pragma unroll
            for (long k = 0; k < LOCAL_FEW; ++k)
                w[k] = local_weight(weight, s, f0 + k, c, t)[n];
#pragma unroll
            for (long j = 0; j < LOCAL_MANY; ++j)
                x[j] = local_at(local_in(in, s, b0 + j, c), n + t - left, in_n);
            local_product(sum, w, x);
        }
    }
#pragma unroll
    for (long k = 0; k < LOCAL_FEW; ++k)
#pragma unroll
        for (long j = 0; j < LOCAL_MANY; ++j)
            if (f0 + k < filters && b0 + j < batch)
                out[((b0 + j) * filters + f0 + k) * out_n + n] = sum[k][j];
}

/* Item (position, tile of channels, tile of items). */
FMX_SUBGROUP_KERNEL
__kernel void locally_connected1d_input(__global float *grad_in, __global const float *grad_out,
                                        __global const float *weight, long batch, long channels,
                                        long filters, long taps, long in_n, long out_n, long left)
{
    local_sizes s = {batch, channels, filters, taps, in_n, out_n, left};
    long i = (long)get_global_id(0);
    long c0 = (long)get_global_id(1) * LOCAL_FEW;
    long b0 = (long)get_global_id(2) * LOCAL_MANY;
    float sum[LOCAL_FEW][LOCAL_MANY] = {{0.0f}};
    float w[LOCAL_FEW];
    float g[LOCAL_MANY];
    if (i >= in_n || c0 >= channels || b0 >= batch)
        return;
    for (long f = 0; f < filters; ++f) {
        for (long t = 0; t < taps; ++t) {
            long n = i + left - t;
#pragma unroll
            for (long k = 0; k < LOCAL_FEW; ++k)
                w[k] = local_at(local_weight(weight, s, f, c0 + k, t), n, out_n);
#pragma unroll
            for (long j = 0; j < LOCAL_MANY; ++j)
                g[j] = local_at(local_out(grad_out, s, b0 + j, f), n, out_n);
            local_product(sum, w, g);
        }
    }
#pragma unroll
    for (long k = 0; k < LOCAL_FEW; ++k)
#pragma unroll
        for (long j = 0; j < LOCAL_MANY; ++j)
            if (c0 + k < channels && b0 + j < batch)
                grad_in[((b0 + j) * channels + c0 + k) * in_n + i] = sum[k][j];
}

/* Item (position, tile of filters, tap of a tile of channels). grad_bias may be missing. */
FMX_SUBGROUP_KERNEL
__kernel void locally_connected1d_weight(__global float *grad_weight, __global float *grad_bias,
                                         __global const float *grad_out, __global const float *in,
                                         long batch, long channels, long filters, long taps,
                                         long in_n, long out_n, long left)
{
    local_sizes s = {batch, channels, filters, taps, in_n, out_n, left};
    long n = (long)get_global_id(0);
    long f0 = (long)get_global_id(1) * LOCAL_FEW;
    long c0 = (long)get_global_id(2) / taps * LOCAL_MANY;
    long t = (long)get_global_id(2) % taps;
    float sum[LOCAL_FEW][LOCAL_MANY] = {{0.0f}};
    float g[LOCAL_FEW];
    float x[LOCAL_MANY];
    if (n >= out_n || f0 >= filters || c0 >= channels)
        return;
    for (long b = 0; b < batch; ++b) {
#pragma unroll
        for (long k = 0; k < LOCAL_FEW; ++k)
            g[k] = local_out(grad_out, s, b, f0 + k)[n];
#pragma unroll
        for (long j = 0; j < LOCAL_MANY; ++j)
            x[j] = local_at(local_in(in, s, b, c0 + j), n + t - left, in_n);
        local_product(sum, g, x);
    }
#pragma unroll
    for (long k = 0; k < LOCAL_FEW; ++k)
#pragma unroll
        for (long j = 0; j < LOCAL_MANY; ++j)
            if (f0 + k < filters && c0 + j < channels)
                grad_weight[(((f0 + k) * channels + c0 + j) * taps + t) * out_n + n] = sum[k][j];
    for (long f = f0; grad_bias != 0 && c0 + t == 0 && f < min(f0 + LOCAL_FEW, filters); ++f) {
        float all = 0.0f;
        for (long b = 0; b < batch; ++b)
            all += local_out(grad_out, s, b, f)[n];
        grad_bias[f * out_n + n] = all;
    }
}

#ifdef FMX_VARIANT_CPU
#include "locally_connected1d_wide.clh"
#endif

/* A part of every row: float in [rows][whole] -> out [rows][part], from `first` on.
 *
 *   slice_forward    out[r][i] = in[r][first + i]
 *   slice_backward   grad_in[r][n] = grad_out[r][n - first] inside of the part, 0 outside
 *
 * One item per value written; ..._wide: one per 1024 of them, for PoCL. Exact. Twin:
 * host/ref/slice_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void slice_forward(__global float *out, __global const float *in, ulong rows, ulong whole,
                            ulong part, ulong first)
{
    size_t i = get_global_id(0);
    size_t row = get_global_id(1);
    if (i < part && row < rows)
        out[row * part + i] = in[row * whole + first + i];
}

FMX_SUBGROUP_KERNEL
__kernel void slice_backward(__global float *grad_in, __global const float *grad_out, ulong rows,
                             ulong whole, ulong part, ulong first)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= whole || row >= rows)
        return;
    bool inside = n >= first && n < first + part;
    grad_in[row * whole + n] = inside ? grad_out[row * part + n - first] : 0.0f;
}

#ifdef FMX_VARIANT_CPU
#define SLICE_RUN 1024

static inline void slice_copy(__global float *to, __global const float *from, size_t count)
{
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        vstore16(vload16(0, from + i), 0, to + i);
    for (; i < count; ++i)
        to[i] = from[i];
}

__kernel void slice_forward_wide(__global float *out, __global const float *in, ulong rows,
                                 ulong whole, ulong part, ulong first)
{
    size_t i = get_global_id(0) * SLICE_RUN;
    size_t row = get_global_id(1);
    if (i < part && row < rows)
        slice_copy(out + row * part + i, in + row * whole + first + i,
                   min((size_t)SLICE_RUN, part - i));
}

__kernel void slice_backward_wide(__global float *grad_in, __global const float *grad_out, ulong rows,
                                  ulong whole, ulong part, ulong first)
{
    size_t n = get_global_id(0) * SLICE_RUN;
    size_t row = get_global_id(1);
    if (n >= whole || row >= rows)
        return;
    size_t end = min(n + SLICE_RUN, (size_t)whole);
    size_t from = clamp((size_t)first, n, end);
    size_t to = clamp((size_t)(first + part), n, end);
    grad_in += row * whole;
    for (size_t i = n; i < from; ++i)
        grad_in[i] = 0.0f;
    if (to > from)
        slice_copy(grad_in + from, grad_out + row * part + from - first, to - from);
    for (size_t i = to; i < end; ++i)
        grad_in[i] = 0.0f;
}
#endif

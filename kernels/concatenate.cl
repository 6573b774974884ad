/* One input of a concatenation: its rows (of channels: channels x positions floats of an item; of positions:
 * one channel) go to their place in the longer rows of the output, or its gradient comes from there.
 *
 *   concatenate_forward   out[b][first + i] = in[b][i],        i < part
 *   concatenate_backward  grad_in[b][i] = grad_out[b][first + i]
 *
 * float [batch][whole] and [batch][part]; one item per value of the part. Exact.
 *
 * Twin: host/ref/concatenate_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void concatenate_forward(__global float *out, __global const float *in, ulong batch,
                                  ulong part, ulong whole, ulong first)
{
    size_t i = get_global_id(0);
    size_t b = get_global_id(1);
    if (i < part && b < batch)
        out[b * whole + first + i] = in[b * part + i];
}

FMX_SUBGROUP_KERNEL
__kernel void concatenate_backward(__global float *grad_in, __global const float *grad_out,
                                   ulong batch, ulong part, ulong whole, ulong first)
{
    size_t i = get_global_id(0);
    size_t b = get_global_id(1);
    if (i < part && b < batch)
        grad_in[b * part + i] = grad_out[b * whole + first + i];
}

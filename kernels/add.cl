/* Sum of two tensors: out[i] = a[i] + b[i], float[count]; out may be a or b.
 *
 * add       one item per value
 * add_wide  one item per 16 values, the last one takes its tail value by value; for PoCL
 *
 * Twin: host/ref/add_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void add(__global float *out, __global const float *a, __global const float *b, ulong count)
{
    size_t i = get_global_id(0);
    if (i < count)
        out[i] = a[i] + b[i];
}

#ifdef FMX_VARIANT_CPU
__kernel void add_wide(__global float *out, __global const float *a, __global const float *b,
                       ulong count)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            out[i] = a[i] + b[i];
        return;
    }
    vstore16(vload16(0, a + first) + vload16(0, b + first), 0, out + first);
}
#endif

/* Real part: out[i] = re, im or sqrt(re^2 + im^2) of in[i].
 *
 * out   float [count]       count = rows * points
 * in    complex64 [count]
 * part  0 real, 1 imaginary, 2 magnitude
 *
 * real_part       one item per point; GPUs and Intel's CPU runtime
 * real_part_wide  one item per 16 points, for PoCL; the last item goes point by point
 *
 * The magnitude's square overflows above 1.8e19 and loses digits below 1e-19: spectra of 32-bit
 * receivers stay far inside. Twin: host/ref/real_part_ref.c.
 */

inline float real_part_of(float2 z, uint part)
{
    if (part == 2)
        return sqrt(z.x * z.x + z.y * z.y);
    return part == 1 ? z.y : z.x;
}

FMX_SUBGROUP_KERNEL
__kernel void real_part(__global float *out, __global const float2 *in, uint count, uint part)
{
    size_t i = get_global_id(0);
    if (i < count)
        out[i] = real_part_of(in[i], part);
}

#ifdef FMX_VARIANT_CPU
__kernel void real_part_wide(__global float *out, __global const float2 *in, uint count, uint part)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            out[i] = real_part_of(in[i], part);
        return;
    }
    __global const float *at = (__global const float *)(in + first);
    float16 low = vload16(0, at);
    float16 high = vload16(1, at);
    float16 x = (float16)(low.even, high.even);
    float16 y = (float16)(low.odd, high.odd);
    if (part == 2)
        x = sqrt(x * x + y * y);
    vstore16(part == 1 ? y : x, 0, out + first);
}
#endif

/* Phase correction: data[row][j] *= exp(2 pi i turns(row, j)).
 *
 *   turns(row, j) = start + step j, modulo 1
 *
 * data    complex64 [rows][points], in place
 * phases  ulong2 [rows]: start, and step per point, in 2^-64 of a turn; whole turns drop out by
 *         unsigned overflow
 *
 * A float holds p1 j / N to 2^-24 of its size, which is not enough beside many turns of p1; in
 * fixed point the angle at the first of every 8 points is exact to 2^-32, the steps within the 8
 * add 8 2^-32, and the rounding to float is 2^-25 of a turn. Both variants compute the same bits.
 *
 * phase       one item per complex point; GPUs and Intel's CPU runtime
 * phase_wide  one item per 8 complex points of one row, without barriers, for PoCL; the last item
 *             of a row goes through its tail point by point
 *
 * Twin: host/ref/phase_ref.c.
 */

static inline float2 phase_turned(float2 z, size_t j, ulong2 angle)
{
    uint base = (uint)((angle.x + angle.y * (ulong)(j & ~(size_t)7)) >> 32);
    uint step = (uint)(angle.y >> 32);
    int turn = (int)(base + step * (uint)(j & 7));
    float c;
    float s = fmx_sincos_turns(convert_float(turn) * 0x1p-32f, &c);
    return (float2)(z.x * c - z.y * s, z.x * s + z.y * c);
}

FMX_SUBGROUP_KERNEL
__kernel void phase(__global float2 *data, __global const ulong2 *phases, uint rows, uint points)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    data[row * points + j] = phase_turned(data[row * points + j], j, phases[row]);
}

#ifdef FMX_VARIANT_CPU
FMX_DEFINE_SINCOS_TURNS(phase_sincos8, float8, int8, convert_int8)

__kernel void phase_wide(__global float2 *data, __global const ulong2 *phases, uint rows,
                         uint points)
{
    size_t first = get_global_id(0) * 8;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows)
        return;
    ulong2 angle = phases[row];
    __global float2 *at = data + row * points + first;
    if (first + 8 > points) {
        for (size_t i = 0; first + i < points; ++i)
            at[i] = phase_turned(at[i], first + i, angle);
        return;
    }
    uint base = (uint)((angle.x + angle.y * (ulong)first) >> 32);
    uint step = (uint)(angle.y >> 32);
    int8 turn = as_int8(base + step * (uint8)(0, 1, 2, 3, 4, 5, 6, 7));
    float8 c;
    float8 s = phase_sincos8(convert_float8(turn) * 0x1p-32f, &c);
    float16 z = vload16(0, (__global float *)at);
    float8 x = z.even;
    float8 y = z.odd;
    z.even = x * c - y * s;
    z.odd = x * s + y * c;
    vstore16(z, 0, (__global float *)at);
}
#endif

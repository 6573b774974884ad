/* What the device can do at most.
 *
 * limits_copy: to[i] = from[i], one float16 an item.
 * limits_fma:  16 independent chains x_j = fma(x_j, a, b) of float16 an item, `steps` rounds,
 *              x_j(0) = j + item / 2^20; out[item] = sum_j x_j in the order of j. Enough chains to
 *              hide the latency of fma on every device, few enough for the registers of AVX-512 and
 *              (as sixteen passes of one lane) of an Xe core.
 *
 * to, from, out  float16 [items]. Twin: host/ref/limits_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void limits_copy(__global float16 *to, __global const float16 *from, uint items)
{
    size_t i = get_global_id(0);
    if (i < items)
        to[i] = from[i];
}

#ifdef FMX_VARIANT_CPU
#define LIMITS_FLOAT float16
#define LIMITS_PASSES 1
#else
/* One lane at a time: 16 floats an item, 32 of the 128 registers at SIMD16. */
#define LIMITS_FLOAT float
#define LIMITS_PASSES 16
#endif

FMX_SUBGROUP_KERNEL
__kernel void limits_fma(__global LIMITS_FLOAT *out, uint items, uint steps, float a, float b)
{
    size_t i = get_global_id(0);
    if (i >= items)
        return;
    float start = (float)(uint)i * 0x1p-20f;
    LIMITS_FLOAT va = (LIMITS_FLOAT)(a);
    LIMITS_FLOAT vb = (LIMITS_FLOAT)(b);
    for (uint pass = 0; pass < LIMITS_PASSES; ++pass) {
        LIMITS_FLOAT x0 = (LIMITS_FLOAT)(start), x1 = x0 + 1.0f, x2 = x0 + 2.0f, x3 = x0 + 3.0f;
        LIMITS_FLOAT x4 = x0 + 4.0f, x5 = x0 + 5.0f, x6 = x0 + 6.0f, x7 = x0 + 7.0f;
        LIMITS_FLOAT x8 = x0 + 8.0f, x9 = x0 + 9.0f, xa = x0 + 10.0f, xb = x0 + 11.0f;
        LIMITS_FLOAT xc = x0 + 12.0f, xd = x0 + 13.0f, xe = x0 + 14.0f, xf = x0 + 15.0f;
        for (uint s = 0; s < steps; ++s) {
            x0 = fma(x0, va, vb);
            x1 = fma(x1, va, vb);
            x2 = fma(x2, va, vb);
            x3 = fma(x3, va, vb);
            x4 = fma(x4, va, vb);
            x5 = fma(x5, va, vb);
            x6 = fma(x6, va, vb);
            x7 = fma(x7, va, vb);
            x8 = fma(x8, va, vb);
            x9 = fma(x9, va, vb);
            xa = fma(xa, va, vb);
            xb = fma(xb, va, vb);
            xc = fma(xc, va, vb);
            xd = fma(xd, va, vb);
            xe = fma(xe, va, vb);
            xf = fma(xf, va, vb);
        }
        LIMITS_FLOAT sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + xa + xb + xc + xd + xe + xf;
        out[i * LIMITS_PASSES + pass] = sum;
    }
}

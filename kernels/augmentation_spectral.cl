/* Broadening and phase errors of augmentation, by way of the time domain. With n the power of two that
 * a row is widened to and g the gap between row and n, bridged by a straight line from the last point
 * to the first:
 *
 * augmentation_spread   work[i][k] = (x[k], 0) for k < points, the bridge beyond
 *                       (then a transform exp(-2 pi i k t / n), so that t = 0 .. n / 2 is the decay)
 * augmentation_decay    work[i][t] *= c(t) exp(-(rate + curve t) t): c = 1 at t = 0 and n / 2, 2
 *                       between, 0 beyond, so that the way back gives spectrum + i Hilbert partner
 * augmentation_collect  out[i][j] = re cos(phi) - im sin(phi), phi = 2 pi (p0_turns + p1_turns j / points)
 *
 * rate = lorentzian_ppm lorentz_unit, curve = (gaussian_ppm gauss_unit)^2. One work-item per
 * point, or per 16 points of a row (_wide, PoCL). items: as in augmentation.h.
 *
 * library  float [rows][points]     work  complex64 [count][n]     out  float [count][points]
 */
typedef struct augmentation_item {
    uint row;
    uint item_low;
    uint item_high;
    uint draw;
    uint key;
    uint spectral;
    float shift_ppm;
    float stretch;
    float lorentzian_ppm;
    float gaussian_ppm;
    float p0_turns;
    float p1_turns;
    float baseline[6];
    float ripple;
    float ripple_per_ppm;
    float ripple_turns;
    float noise;
    float slow_noise;
    float amplitude;
    float warp_ppm[16];
} augmentation_item;

static inline float augmentation_bridged(__global const float *x, uint points, uint n, size_t k)
{
    if (k < points)
        return x[k];
    float t = (float)(k - points + 1) / (float)(n - points + 1);
    return fma(t, x[0] - x[points - 1], x[points - 1]);
}

static inline float augmentation_rate(__global const augmentation_item *item, float t,
                                      float lorentz_unit, float gauss_unit)
{
    float width = item->gaussian_ppm * gauss_unit;
    return fma(width * width, t, item->lorentzian_ppm * lorentz_unit);
}

static inline float augmentation_factor(__global const augmentation_item *item, size_t t, uint n,
                                        float lorentz_unit, float gauss_unit)
{
    if (t > n / 2)
        return 0.0f;
    float rate = augmentation_rate(item, (float)t, lorentz_unit, gauss_unit);
    return (t == 0 || t == n / 2 ? 1.0f : 2.0f) * fmx_exp(-rate * (float)t);
}

static inline float augmentation_turned(float2 v, __global const augmentation_item *item, size_t j,
                                        float per_point)
{
    float c;
    float s = fmx_sincos_turns(fma((float)j * per_point, item->p1_turns, item->p0_turns), &c);
    return fma(v.x, c, -(v.y * s));
}

FMX_SUBGROUP_KERNEL
__kernel void augmentation_spread(__global float2 *work, __global const float *library,
                                  __global const augmentation_item *items, uint item_first,
                                  uint count, uint rows, uint points, uint n)
{
    size_t k = get_global_id(0);
    size_t i = get_global_id(1);
    if (k >= n || i >= count)
        return;
    uint row = items[item_first + i].row;
    __global const float *x = library + (size_t)(row < rows ? row : 0) * points;
    __global float *to = (__global float *)(work + i * n + k);
    to[0] = augmentation_bridged(x, points, n, k); /* one by one: Oclgrind takes a vector made of */
    to[1] = 0.0f;                                  /* a constant for uninitialised */
}

FMX_SUBGROUP_KERNEL
__kernel void augmentation_decay(__global float2 *work, __global const augmentation_item *items,
                                 uint item_first, uint count, uint n, float lorentz_unit,
                                 float gauss_unit)
{
    size_t t = get_global_id(0);
    size_t i = get_global_id(1);
    if (t >= n || i >= count)
        return;
    work[i * n + t] *= augmentation_factor(items + item_first + i, t, n, lorentz_unit, gauss_unit);
}

FMX_SUBGROUP_KERNEL
__kernel void augmentation_collect(__global float *out, __global const float2 *work,
                                   __global const augmentation_item *items, uint item_first,
                                   uint count, uint points, uint n, float per_point)
{
    size_t j = get_global_id(0);
    size_t i = get_global_id(1);
    if (j >= points || i >= count)
        return;
    out[(item_first + i) * points + j] =
        augmentation_turned(work[i * n + j], items + item_first + i, j, per_point);
}

#ifdef FMX_VARIANT_CPU
#define AUGMENTATION_LANES (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

__kernel void augmentation_spread_wide(__global float2 *work, __global const float *library,
                                       __global const augmentation_item *items, uint item_first,
                                       uint count, uint rows, uint points, uint n)
{
    size_t first = get_global_id(0) * 16;
    size_t i = get_global_id(1);
    if (first >= n || i >= count)
        return;
    uint row = items[item_first + i].row;
    __global const float *x = library + (size_t)(row < rows ? row : 0) * points;
    __global float2 *to = work + i * n + first;
    if (first + 16 > points || first + 16 > n) {
        for (size_t k = first; k < min(first + 16, (size_t)n); ++k)
            to[k - first] = (float2)(augmentation_bridged(x, points, n, k), 0.0f);
        return;
    }
    float16 v = vload16(0, x + first);
    float16 a = 0.0f;
    float16 b = 0.0f;
    a.even = v.lo;
    b.even = v.hi;
    vstore16(a, 0, (__global float *)to);
    vstore16(b, 1, (__global float *)to);
}

__kernel void augmentation_decay_wide(__global float2 *work,
                                      __global const augmentation_item *items, uint item_first,
                                      uint count, uint n, float lorentz_unit, float gauss_unit)
{
    size_t first = get_global_id(0) * 16;
    size_t i = get_global_id(1);
    if (first >= n || i >= count)
        return;
    __global const augmentation_item *item = items + item_first + i;
    __global float2 *at = work + i * n + first;
    if (first == 0 || first + 16 > n / 2) {
        for (size_t t = first; t < min(first + 16, (size_t)n); ++t)
            at[t - first] *= augmentation_factor(item, t, n, lorentz_unit, gauss_unit);
        return;
    }
    float16 t = (float)first + AUGMENTATION_LANES;
    float width = item->gaussian_ppm * gauss_unit;
    float16 rate = fma((float16)(width * width), t, (float16)(item->lorentzian_ppm * lorentz_unit));
    float16 factor = 2.0f * fmx_exp16(-rate * t);
    float16 a;
    float16 b;
    a.even = factor.lo;
    a.odd = factor.lo;
    b.even = factor.hi;
    b.odd = factor.hi;
    __global float *x = (__global float *)at;
    vstore16(vload16(0, x) * a, 0, x);
    vstore16(vload16(1, x) * b, 1, x);
}

__kernel void augmentation_collect_wide(__global float *out, __global const float2 *work,
                                        __global const augmentation_item *items, uint item_first,
                                        uint count, uint points, uint n, float per_point)
{
    size_t first = get_global_id(0) * 16;
    size_t i = get_global_id(1);
    if (first >= points || i >= count)
        return;
    __global const augmentation_item *item = items + item_first + i;
    __global const float2 *from = work + i * n + first;
    __global float *to = out + (item_first + i) * points + first;
    if (first + 16 > points) {
        for (size_t j = first; j < points; ++j)
            to[j - first] = augmentation_turned(from[j - first], item, j, per_point);
        return;
    }
    float16 a = vload16(0, (__global const float *)from);
    float16 b = vload16(1, (__global const float *)from);
    float16 turns = fma(((float)first + AUGMENTATION_LANES) * per_point, (float16)(item->p1_turns),
                        (float16)(item->p0_turns));
    float16 c;
    float16 s = fmx_sincos_turns16(turns, &c);
    vstore16(fma((float16)(a.even, b.even), c, -((float16)(a.odd, b.odd) * s)), 0, to);
}
#endif

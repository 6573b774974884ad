/* Resample: out[row][j] = in[row] at the position p = start + j step, in points of the row's own axis.
 *
 * out   float [rows][points]
 * in    float [rows][from]
 * axes  per row: start and step in 2^-32 points (64-bit, so that the last position is as exact as the
 *       first), sigma of the noise outside, item
 * mode  method + 4 outside; methods 0 linear, 1 cubic, 2 area; outside 0 noise, 1 zero, 2 edge
 *
 * With i = floor p, t = p - i:
 *   linear  x[i] + t (x[i + 1] - x[i])
 *   cubic   Catmull-Rom through x[i - 1] to x[i + 2], end points repeated
 *   area    (1 / |step|) integral over [p - |step| / 2, p + |step| / 2] of the staircase whose sample i
 *           covers [i - 1/2, i + 1/2], cut off at the ends; added from the left; linear where |step|
 *           is at most 1
 * Positions up to 2^-10 points outside [0, from - 1] count as the end points. Noise: four normal samples
 * per Philox block, position j / 4, draw 2.
 *
 * resample       one item per new point; GPUs and Intel's CPU runtime
 * resample_wide  one item per 16 new points of a row (linear and cubic inside the row as float16,
 *                otherwise point by point), for PoCL
 * Twin: host/ref/resample_ref.c.
 */

typedef struct resample_axis {
    long start;
    long step;
    float sigma;
    uint item_low;
    uint item_high;
    uint unused;
} resample_axis;

/* The fraction of a position, 0 <= t <= 1. */
static inline float resample_fraction(long position)
{
    return convert_float((uint)position) * 0x1p-32f;
}

static inline float resample_cubic(float4 x, float t)
{
    float c1 = x.z - x.x;
    float c2 = 2.0f * x.x - 5.0f * x.y + 4.0f * x.z - x.w;
    float c3 = 3.0f * (x.y - x.z) + x.w - x.x;
    return x.y + 0.5f * t * (c1 + t * (c2 + t * c3));
}

static inline float resample_area(__global const float *x, uint from, long position, long step)
{
    long width = step < 0 ? -step : step;
    long end = (long)from << 32;
    long low = clamp(position - width / 2 + (1L << 31), 0L, end); /* sample i covers [i, i + 1) */
    long high = clamp(position - width / 2 + (1L << 31) + width, 0L, end);
    uint i = (uint)(low >> 32);
    uint last = (uint)(high >> 32);
    if (i == last || high == low)
        return x[min(i, from - 1)];
    float sum = x[i] * (1.0f - resample_fraction(low));
    for (++i; i < last; ++i)
        sum += x[i];
    if (last < from)
        sum += x[last] * resample_fraction(high);
    return sum / (convert_float(high - low) * 0x1p-32f);
}

static inline float resample_outside(__global const float *x, uint from, bool below, uint j,
                                     resample_axis axis, uint outside, uint seed)
{
    if (outside == 1)
        return 0.0f;
    if (outside == 2)
        return below ? x[0] : x[from - 1];
    uint4 counter = (uint4)(axis.item_low, axis.item_high, 2, j / 4);
    float4 normal = fmx_normal4(fmx_philox(counter, (uint2)(seed, FMX_PURPOSE_COMPLETION)));
    uint k = j % 4;
    return axis.sigma * (k == 0 ? normal.x : k == 1 ? normal.y : k == 2 ? normal.z : normal.w);
}

static inline float resample_point(__global const float *x, uint from, uint j, resample_axis axis,
                                   uint mode, uint seed)
{
    long position = axis.start + (long)j * axis.step;
    long end = (long)(from - 1) << 32;
    if (position < -(1L << 22) || position > end + (1L << 22))
        return resample_outside(x, from, position < 0, j, axis, mode / 4, seed);
    position = clamp(position, 0L, end);
    long width = axis.step < 0 ? -axis.step : axis.step;
    if (mode % 4 == 2 && width > 1L << 32)
        return resample_area(x, from, position, axis.step);
    uint i = (uint)(position >> 32);
    float t = resample_fraction(position);
    uint next = min(i + 1, from - 1);
    if (mode % 4 != 1)
        return fma(t, x[next] - x[i], x[i]);
    return resample_cubic((float4)(x[i > 0 ? i - 1 : 0], x[i], x[next], x[min(i + 2, from - 1)]), t);
}

FMX_SUBGROUP_KERNEL
__kernel void resample(__global float *out, __global const float *in,
                       __global const resample_axis *axes, uint rows, uint points, uint from,
                       uint mode, uint seed)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    out[row * points + j] =
        resample_point(in + row * from, from, (uint)j, axes[row], mode, seed);
}

#ifdef FMX_VARIANT_CPU
__kernel void resample_wide(__global float *out, __global const float *in,
                            __global const resample_axis *axes, uint rows, uint points, uint from,
                            uint mode, uint seed)
{
    size_t first = get_global_id(0) * 16;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows)
        return;
    resample_axis axis = axes[row];
    __global const float *x = in + row * from;
    __global float *to = out + row * points + first;
    long begin = axis.start + (long)first * axis.step;
    long end = begin + 15 * axis.step;
    long least = 1L << 32; /* one point below and two above a position must exist */
    long most = ((long)from - 2) << 32;
    if (first + 16 > points || mode % 4 == 2 || min(begin, end) < least || max(begin, end) >= most) {
        for (size_t j = first; j < min(first + 16, (size_t)points); ++j)
            out[row * points + j] = resample_point(x, from, (uint)j, axis, mode, seed);
        return;
    }
    float before[16];
    float a[16];
    float b[16];
    float after[16];
    float fraction[16];
    for (int k = 0; k < 16; ++k) {
        long position = begin + k * axis.step;
        __global const float *at = x + (position >> 32);
        before[k] = at[-1];
        a[k] = at[0];
        b[k] = at[1];
        after[k] = at[2];
        fraction[k] = resample_fraction(position);
    }
    float16 t = vload16(0, fraction);
    float16 x1 = vload16(0, a);
    float16 x2 = vload16(0, b);
    if (mode % 4 == 0) {
        vstore16(fma(t, x2 - x1, x1), 0, to);
        return;
    }
    float16 x0 = vload16(0, before);
    float16 x3 = vload16(0, after);
    float16 c1 = x2 - x0;
    float16 c2 = 2.0f * x0 - 5.0f * x1 + 4.0f * x2 - x3;
    float16 c3 = 3.0f * (x1 - x2) + x3 - x0;
    vstore16(x1 + 0.5f * t * (c1 + t * (c2 + t * c3)), 0, to);
}
#endif

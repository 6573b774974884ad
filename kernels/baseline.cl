/* Baseline by a rolling percentile or median, and the subtraction of baselines known at blocks.
 *
 * baseline_percentile: one work-group per row makes M means of `block` points (block a power of
 * two, about 0.005 ppm; the last mean may be of fewer points):
 *     Y[i]   mean of points i block .. i block + block - 1
 *     s      median |Y[i+1] - Y[i]| / (0.6745 sqrt 2): noise of Y
 *     b      boxcar of W means over the rank-th smallest (from 0) of W means around i
 * baseline_round: likewise, with r = Y - b and m = clamp(3 - |r| / s, 0, 1):
 *     b += boxcar_V( boxcar_W(m r) / (boxcar_W(m) + 0.05) )
 * Boxcars are means over W or V (both odd) values centred on i; beyond the ends the end value stands.
 *
 * baseline_subtract: x[n] -= linear interpolation of b between the centres of the blocks,
 * i block + (block - 1) / 2; constant beyond the first and last centre. b of a row
 * starts at estimate[start + row row_step], its values are `step` apart.
 *
 * spectrum  float [rows][points], in place
 * windows   int4 [rows]: block, M, W, V
 * scratch   float [rows][6][stride], stride > M + 2 pad + 16: b, Y, its keys, t, m r, m, each from
 *           pad on; the last value of a row is s
 *
 * baseline_median_keys, _median, _smooth: with S = window + 1 and taps g[0 .. K-1] of sum 1,
 *     t[i]   the S/2-th smallest (from 0) of x[i - S/2 .. i - S/2 + S - 1], mirrored at the ends
 *     b[i]   sum_k g[k] t[i + (K-1)/2 - k] / sum_k g[k], over the k that stay inside the row
 *     x[i]  -= b[i]
 * keys, t   uint, float [rows][stride], point 0 at pad
 *
 * The GPU variant has BASELINE_GROUP items per row, the CPU variant (PoCL) one item per row with 16
 * lanes and no barriers. Order of additions: ascending positions. Twin: host/ref/baseline_ref.c.
 */

#ifndef BASELINE_GROUP
#define BASELINE_GROUP 256 /* items per row on GPUs: 64 to 256 */
#endif

#ifdef FMX_VARIANT_CPU
#define LANES 16
typedef float16 lanes __attribute__((aligned(4)));
typedef uint16 ulanes __attribute__((aligned(4)));
typedef int16 ilanes;
#define LANES_SUM(x)                                                                               \
    (x.s0 + x.s1 + x.s2 + x.s3 + x.s4 + x.s5 + x.s6 + x.s7 + x.s8 + x.s9 + x.sa + x.sb + x.sc +   \
     x.sd + x.se + x.sf)
#define ROW_FENCE()
#define AS_ULANES as_uint16
#define AS_LANES as_float16
#define IOTA ((uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define MASK(condition) as_uint16(condition)
#else
#define LANES 1
typedef float lanes;
typedef uint ulanes;
typedef int ilanes;
#define LANES_SUM(x) (x)
#define ROW_FENCE() barrier(CLK_GLOBAL_MEM_FENCE)
#define AS_ULANES as_uint
#define AS_LANES as_float
#define IOTA 0u
#define MASK(condition) ((condition) ? 0xffffffffu : 0u)
#endif

/* Unsigned keys in the order of the floats. */
static inline ulanes ordered(lanes x)
{
    ulanes bits = AS_ULANES(x);
    return bits ^ ((0u - (bits >> 31)) | 0x80000000u);
}

static inline lanes from_ordered(ulanes key)
{
    ulanes sign = 0u - (key >> 31); /* of keys of positive floats all ones */
    return AS_LANES(key ^ ((sign & 0x80000000u) | ~sign));
}

/* Copies the end values into the pads of an array whose first value stands at pad. */
static inline void fill_pads(__global float *a, uint m, uint pad, uint l, uint n)
{
    ROW_FENCE();
    for (uint i = l; i < pad; i += n)
        a[i] = a[pad];
    for (uint i = l; i < pad + 16; i += n)
        a[pad + m + i] = a[pad + m - 1];
    ROW_FENCE();
}

/* Sum over `width` values around position i of a padded array. */
static inline lanes window_sum(__global const float *a, uint i, uint pad, uint width)
{
    __global const float *at = a + i + pad - width / 2;
    lanes sum = (lanes)(0.0f);
    for (uint k = 0; k < width; ++k)
        sum += *(__global const lanes *)(at + k);
    return sum;
}

/* The rank-th smallest of `width` keys around i, bit by bit from the highest. */
static inline ulanes window_select(__global const uint *keys, uint i, uint pad, uint width,
                                   uint rank)
{
    __global const uint *at = keys + i + pad - width / 2;
    ulanes found = (ulanes)(0u);
    for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
        ulanes candidate = found | bit;
        ulanes below = (ulanes)(0u);
        for (uint k = 0; k < width; ++k)
            below -= MASK(*(__global const ulanes *)(at + k) < candidate);
        found |= MASK(below <= rank) & bit;
    }
    return found;
}

static inline uint row_sum(uint x, __local float *scratch)
{
#ifdef FMX_VARIANT_CPU
    return x;
#else
    return (uint)fmx_group_sum((float)x, scratch); /* counts below 2^24: exact */
#endif
}

/* Median of |y[i+1] - y[i]| over a row: the (m - 1) / 2-th smallest, bit by bit. */
static inline float median_step(__global const float *y, uint m, uint l, uint n,
                                __local float *scratch)
{
    uint found = 0;
    for (uint bit = 0x40000000u; bit != 0; bit >>= 1) {
        uint candidate = found | bit;
        ulanes below = (ulanes)(0u);
        for (uint i = l * LANES; i + 1 < m; i += n * LANES) {
            lanes step = fabs(*(__global const lanes *)(y + i + 1) - *(__global const lanes *)(y + i));
            below -= MASK(AS_ULANES(step) < candidate) & MASK(i + IOTA + 1u < m);
        }
        if (row_sum(LANES_SUM(below), scratch) <= (m - 2) / 2)
            found = candidate;
    }
    return as_float(found);
}

static inline void block_means(__global float *y, __global uint *keys, __global const float *x,
                               uint points, uint block, uint m, uint pad, uint l, uint n)
{
    for (uint i = l; i < m; i += n) {
        uint first = i * block;
        uint end = min(first + block, points);
        float sum = 0.0f;
#ifdef FMX_VARIANT_CPU
        float16 part = (float16)(0.0f);
        for (; first + 16 <= end; first += 16)
            part += *(__global const lanes *)(x + first);
        sum = LANES_SUM(part);
#endif
        for (uint k = first; k < end; ++k)
            sum += x[k];
        y[pad + i] = sum / (float)(end - i * block);
    }
    fill_pads(y, m, pad, l, n);
    for (uint i = l * LANES; i < m + 2 * pad; i += n * LANES)
        *(__global ulanes *)(keys + i) = ordered(*(__global const lanes *)(y + i));
    ROW_FENCE();
}

#ifdef FMX_VARIANT_CPU
#define ROW_KERNEL
#define ROW_ITEM                                                                                   \
    uint row = (uint)get_global_id(0);                                                             \
    uint l = 0;                                                                                    \
    uint n = 1
#else
#define ROW_KERNEL FMX_GROUP(BASELINE_GROUP)
#define ROW_ITEM                                                                                   \
    uint row = (uint)get_group_id(0);                                                              \
    uint l = (uint)get_local_id(0);                                                                \
    uint n = (uint)get_local_size(0)
#endif

ROW_KERNEL
__kernel void baseline_percentile(__global float *scratch, __global const float *spectrum,
                                  __global const int4 *windows, uint points, uint stride, uint pad,
                                  float percentile, __local float *sums)
{
    /* sums [BASELINE_GROUP] is an argument: of a local array that a kernel only hands to functions
     * PoCL 3.1 makes one for all threads */
    ROW_ITEM;
    uint block = (uint)windows[row].x;
    uint m = (uint)windows[row].y;
    uint wide = (uint)windows[row].z;
    __global float *b = scratch + (size_t)row * 6 * stride;
    __global float *y = b + stride;
    __global uint *keys = (__global uint *)(y + stride);
    __global float *t = y + 2 * stride;
    block_means(y, keys, spectrum + (size_t)row * points, points, block, m, pad, l, n);
    float noise = 0.0f;
    if (m > 1) /* the same for the whole group */
        noise = median_step(y + pad, m, l, n, sums) / (0.6745f * 1.41421356f);
    if (l == 0)
        b[6 * stride - 1] = noise;
    uint rank = min(wide - 1, (uint)(percentile * 0.01f * (float)wide));
    for (uint i = l * LANES; i < m; i += n * LANES) {
        ulanes key = window_select(keys, i, pad, wide, rank);
        *(__global lanes *)(t + pad + i) = from_ordered(key);
    }
    fill_pads(t, m, pad, l, n);
    for (uint i = l * LANES; i < m; i += n * LANES)
        *(__global lanes *)(b + pad + i) = window_sum(t, i, pad, wide) / (float)wide;
}

ROW_KERNEL
__kernel void baseline_round(__global float *scratch, __global const int4 *windows, uint stride,
                             uint pad)
{
    ROW_ITEM;
    uint m = (uint)windows[row].y;
    uint wide = (uint)windows[row].z;
    uint narrow = (uint)windows[row].w;
    __global float *b = scratch + (size_t)row * 6 * stride;
    __global float *y = b + stride;
    __global float *t = y + 2 * stride;
    __global float *mr = t + stride;
    __global float *mw = mr + stride;
    float noise = b[6 * stride - 1];
    float scale = noise > 0.0f ? 1.0f / noise : 0.0f;
    for (uint i = l * LANES; i < m; i += n * LANES) {
        lanes r = *(__global const lanes *)(y + pad + i) - *(__global const lanes *)(b + pad + i);
        lanes weight = clamp(3.0f - fabs(r) * scale, (lanes)(0.0f), (lanes)(1.0f));
        *(__global lanes *)(mr + pad + i) = weight * r;
        *(__global lanes *)(mw + pad + i) = weight;
    }
    fill_pads(mr, m, pad, l, n);
    fill_pads(mw, m, pad, l, n);
    for (uint i = l * LANES; i < m; i += n * LANES) {
        lanes num = window_sum(mr, i, pad, wide) / (float)wide;
        lanes den = window_sum(mw, i, pad, wide) / (float)wide;
        *(__global lanes *)(t + pad + i) = num / (den + 0.05f);
    }
    fill_pads(t, m, pad, l, n);
    for (uint i = l * LANES; i < m; i += n * LANES)
        *(__global lanes *)(b + pad + i) += window_sum(t, i, pad, narrow) / (float)narrow;
}

/* The baseline at point p between blocks i and i + 1; b's values are `step` floats apart. */
static inline float between(__global const float *b, size_t step, int i, uint m, float p,
                            float block)
{
    size_t left = (size_t)clamp(i, 0, (int)m - 1) * step;
    size_t right = (size_t)clamp(i + 1, 0, (int)m - 1) * step;
    float t = (p - ((float)i * block + 0.5f * (block - 1.0f))) / block;
    return b[left] + (b[right] - b[left]) * t;
}

FMX_SUBGROUP_KERNEL
__kernel void baseline_subtract(__global float *spectrum, __global const float *estimate,
                                __global const int4 *windows, uint rows, uint points,
                                uint row_step, uint step, uint first)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= points || row >= rows)
        return;
    int block = windows[row].x;
    int i = (2 * (int)n + block + 1) / (2 * block) - 1; /* floor((n - (block - 1) / 2) / block) */
    spectrum[row * points + n] -=
        between(estimate + first + row * row_step, step, i, (uint)windows[row].y, (float)n,
                (float)block);
}

#ifdef FMX_VARIANT_CPU
/* One item per stretch between two centres: its points lie on one straight line. */
__kernel void baseline_subtract_wide(__global float *spectrum, __global const float *estimate,
                                     __global const int4 *windows, uint rows, uint points,
                                     uint row_step, uint step, uint start)
{
    size_t row = get_global_id(1);
    int i = (int)get_global_id(0) - 1;
    int block = windows[row].x;
    int m = windows[row].y;
    if (row >= rows || i >= m)
        return;
    __global const float *b = estimate + start + row * row_step;
    __global float *x = spectrum + row * points;
    /* points n with floor((n - (block - 1) / 2) / block) = i */
    int first = max(0, i * block + block / 2);
    int end = min((int)points, (i + 1) * block + block / 2);
    if (i == m - 1)
        end = (int)points;
    float left = b[max(i, 0) * (size_t)step];
    float right = b[min(i + 1, m - 1) * (size_t)step];
    float centre = (float)i * (float)block + 0.5f * ((float)block - 1.0f);
    int n = first;
    for (; n + 16 <= end; n += 16) {
        float16 t = ((float)n + convert_float16(IOTA) - centre) / (float)block;
        *(__global lanes *)(x + n) -= left + (right - left) * t;
    }
    for (; n < end; ++n)
        x[n] -= left + (right - left) * (((float)n - centre) / (float)block);
}
#endif

/* ---- median ---------------------------------------------------------------------------------- */

/* Point i of a row that is mirrored at its ends without repeating them. */
static inline size_t mirrored(int i, int points)
{
    int period = max(2 * (points - 1), 1);
    int folded = i % period;
    folded = folded < 0 ? folded + period : folded;
    return (size_t)min(folded, period - folded);
}

FMX_SUBGROUP_KERNEL
__kernel void baseline_median_keys(__global uint *keys, __global const float *spectrum, uint rows,
                                   uint points, uint stride, uint pad)
{
    size_t first = get_global_id(0) * LANES;
    size_t row = get_global_id(1);
    if (first >= stride || row >= rows)
        return;
    __global const float *x = spectrum + row * points;
    __global uint *to = keys + row * stride + first;
#ifdef FMX_VARIANT_CPU
    if (first >= pad && first + LANES <= (size_t)pad + points) {
        *(__global ulanes *)to = ordered(*(__global const lanes *)(x + (first - pad)));
        return;
    }
#endif
    for (int k = 0; k < LANES; ++k) {
        uint bits = as_uint(x[mirrored((int)first + k - (int)pad, (int)points)]);
        to[k] = bits ^ ((0u - (bits >> 31)) | 0x80000000u);
    }
}

/* The group's stretch of keys goes through local memory: `tile` holds group size + size - 1. */
FMX_SUBGROUP_KERNEL
__kernel void baseline_median(__global float *t, __global const uint *keys, uint rows, uint points,
                              uint stride, uint pad, uint size, __local uint *tile)
{
    size_t l = get_local_id(0);
    size_t n = get_local_size(0);
    size_t first = get_group_id(0) * n;
    size_t row = get_group_id(1);
    __global const uint *from = keys + row * stride + pad + first - size / 2;
    for (size_t i = l; i < n + size - 1; i += n)
        tile[i] = from[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    uint found = 0;
    for (uint bit = 0x80000000u; bit != 0; bit >>= 1) {
        uint candidate = found | bit;
        uint below = 0;
        for (uint k = 0; k < size; ++k)
            below += tile[l + k] < candidate ? 1u : 0u;
        found = below <= size / 2 ? candidate : found;
    }
    uint sign = 0u - (found >> 31);
    if (first + l < points)
        t[row * stride + pad + first + l] = as_float(found ^ ((sign & 0x80000000u) | ~sign));
}

#ifdef FMX_VARIANT_CPU
#define BASELINE_FEW 65 /* widest window whose median is found by forgetting extremes */

static inline void order(uint16 *low, uint16 *high)
{
    uint16 smaller = min(*low, *high);
    *high = max(*low, *high);
    *low = smaller;
}

/* The median of `size` <= BASELINE_FEW keys at `from`, of an even number the upper one. More than
 * half of them, the smallest and the largest cannot be the median: each is replaced by, or makes
 * room for, one more key, until three are left. About 0.4 size^2 comparisons. */
static inline uint16 forgetful_median(__global const uint *from, uint size)
{
    uint16 kept[BASELINE_FEW / 2 + 2];
    uint odd = size | 1; /* an even number is filled up with one more largest key */
    uint m = odd / 2 + 2;
    for (uint k = 0; k < m; ++k)
        kept[k] = k < size ? *(__global const ulanes *)(from + k) : (uint16)(0xffffffffu);
    for (uint next = m;; ++next, --m) {
        for (uint k = 0; k < m / 2; ++k)
            order(&kept[k], &kept[m - 1 - k]);
        uint16 least = kept[0];
        uint16 most = kept[m - 1];
        for (uint k = 1; k < (m + 1) / 2; ++k)
            order(&least, &kept[k]);
        for (uint k = m / 2; k < m - 1; ++k)
            order(&kept[k], &most);
        if (m == 3)
            return kept[1];
        kept[0] = next < size ? *(__global const ulanes *)(from + next) : (uint16)(0xffffffffu);
    }
}

__kernel void baseline_median_wide(__global float *t, __global const uint *keys, uint rows,
                                   uint points, uint stride, uint pad, uint size)
{
    size_t first = get_global_id(0) * LANES;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows)
        return;
    __global const uint *row_keys = keys + row * stride;
    ulanes key;
    if (size <= BASELINE_FEW)
        key = forgetful_median(row_keys + pad + first - size / 2, size);
    else
        key = window_select(row_keys, (uint)first, pad, size, size / 2);
    *(__global lanes *)(t + row * stride + pad + first) = from_ordered(key);
}
#endif

/* The smoothed median at points i .. i + LANES - 1. */
static inline lanes smoothed(__global const float *t, __global const float *taps, uint i,
                             uint points, uint pad, uint count)
{
    lanes sum = (lanes)(0.0f);
    lanes weight = (lanes)(0.0f);
    for (uint k = 0; k < count; ++k) {
        uint at = i + (count - 1) / 2 - k; /* before the row's start: wraps, beyond its points */
        ulanes inside = MASK(at + IOTA < points);
        lanes value = *(__global const lanes *)(t + pad + (int)at);
        sum += taps[k] * AS_LANES(AS_ULANES(value) & inside);
        weight += AS_LANES(AS_ULANES((lanes)(taps[k])) & inside);
    }
    return sum / weight;
}

FMX_SUBGROUP_KERNEL
__kernel void baseline_smooth(__global float *spectrum, __global const float *t,
                              __global const float *taps, uint rows, uint points, uint stride,
                              uint pad, uint count)
{
    size_t first = get_global_id(0) * LANES;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows)
        return;
    lanes b = smoothed(t + row * stride, taps, (uint)first, points, pad, count);
    __global float *x = spectrum + row * points + first;
#ifdef FMX_VARIANT_CPU
    if (first + LANES > points) {
        float part[LANES];
        vstore16(b, 0, part);
        for (size_t k = 0; first + k < points; ++k)
            x[k] -= part[k];
        return;
    }
#endif
    *(__global lanes *)x -= b;
}

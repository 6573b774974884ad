/* Baseline by a polynomial through the means of blocks that lie near it, one row a work-group.
 *
 * u[i] is the centre of block i on [-1, 1] (point 0 at -1, the last at 1), y[i] its mean, T_n
 * Chebyshev's polynomials, c the coefficients so far (0 in the first round). A round:
 *     r = y - sum_n c[n] T_n(u)
 *     w = clamp(clip + 1 - |d| / sigma, 0, 1), d = r (first round: y - b, b the percentile's)
 *     c += the minimum of sum w (r - sum_n delta[n] T_n)^2 + ridge |delta|^2
 *     sigma = max(s, sqrt(sum w (r - sum delta T)^2 / sum w)), s the means' noise
 * Its normal equations need moments only, T_j T_k = (T_{j+k} + T_{|j-k|}) / 2. As every round fits the
 * rest of the one before, rounding in float is mended as well, and ridge = 2^-17 sum w (which keeps
 * what the points do not determine at zero) fades. Blocks with w = 0 (or NaN) do not count.
 * Of M blocks, the order is at most M / 4.
 *
 * baseline_polynomial_subtract: x[n] -= sum c T(2 n / (points - 1) - 1), at the points themselves.
 *
 * coefficients float [rows][16]: c[0 .. 9], sigma at 10
 * scratch, windows, stride, pad as in baseline.cl: b, y, s
 *
 * GPUs: 64 items a row, sums through local memory; PoCL: one item a row with 16 lanes.
 * Twin: host/ref/baseline_ref.c.
 */

#define MOMENTS 19 /* T_0 .. T_18 */
#define TERMS 10
#define SUMS (MOMENTS + TERMS + 1)
#define SIGMA_AT 10
#define ITEMS 64

#ifdef FMX_VARIANT_CPU
#define LANES 16
typedef float16 lanes __attribute__((aligned(4)));
typedef uint16 ulanes;
#define LANES_SUM(x)                                                                               \
    (x.s0 + x.s1 + x.s2 + x.s3 + x.s4 + x.s5 + x.s6 + x.s7 + x.s8 + x.s9 + x.sa + x.sb + x.sc +   \
     x.sd + x.se + x.sf)
#define AS_ULANES as_uint16
#define AS_LANES as_float16
#define TO_LANES convert_float16
#define IOTA ((uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define MASK(condition) as_uint16(condition)
#else
#define LANES 1
typedef float lanes;
typedef uint ulanes;
#define LANES_SUM(x) (x)
#define AS_ULANES as_uint
#define AS_LANES as_float
#define TO_LANES convert_float
#define IOTA 0u
#define MASK(condition) ((condition) ? 0xffffffffu : 0u)
#endif

/* sum_n c[n] T_n(u), n = 0 .. order, by Clenshaw's recurrence. */
static inline lanes chebyshev_sum(__global const float *c, uint order, lanes u)
{
    lanes b1 = (lanes)(0.0f);
    lanes b2 = (lanes)(0.0f);
    for (uint n = order; n > 0; --n) {
        lanes b0 = fma(2.0f * u, b1, c[n] - b2);
        b2 = b1;
        b1 = b0;
    }
    return fma(u, b1, c[0] - b2);
}

/* The weighted moments of blocks i .. i + LANES - 1, added to sums. */
static inline void add_moments(lanes *sums, lanes u, lanes w, lanes r)
{
    lanes before = w; /* w T_{n-1}, w T_n */
    lanes now = w * u;
    lanes twice = 2.0f * u;
    sums[0] += before;
    sums[MOMENTS] += before * r;
    sums[MOMENTS + TERMS] += w * r * r;
#pragma unroll
    for (int n = 1; n < MOMENTS; ++n) {
        sums[n] += now;
        if (n < TERMS)
            sums[MOMENTS + n] += now * r;
        lanes next = fma(twice, now, -before);
        before = now;
        now = next;
    }
}

/* Cholesky of the normal equations in sums; a is work, delta the solution. */
static inline void solve(__local const float *sums, __local float *a, __local float *delta,
                         uint order)
{
    float ridge = 0x1p-17f * sums[0];
    for (uint j = 0; j <= order; ++j) {
        float value = sums[MOMENTS + j];
        for (uint k = 0; k <= j; ++k) {
            float sum = 0.5f * (sums[j + k] + sums[j - k]);
            sum += j == k ? ridge : 0.0f;
            for (uint n = 0; n < k; ++n)
                sum -= a[j * TERMS + n] * a[k * TERMS + n];
            if (k < j)
                a[j * TERMS + k] = sum * a[k * TERMS + k];
            else /* the inverse of the diagonal; a pivot lost to rounding takes its term out */
                a[j * TERMS + j] = sum > 0.5f * ridge ? 1.0f / sqrt(sum) : 0.0f;
            value -= k < j ? a[j * TERMS + k] * delta[k] : 0.0f;
        }
        delta[j] = value * a[j * TERMS + j];
    }
    for (uint j = order + 1; j-- > 0;) {
        float value = delta[j];
        for (uint k = j + 1; k <= order; ++k)
            value -= a[k * TERMS + j] * delta[k];
        delta[j] = value * a[j * TERMS + j];
    }
}

#ifdef FMX_VARIANT_CPU
#define ROW_KERNEL
#define ROW_ITEMS 1
#else
#define ROW_KERNEL FMX_GROUP(ITEMS)
#define ROW_ITEMS ITEMS
#endif

ROW_KERNEL
__kernel void baseline_polynomial_round(__global float *coefficients,
                                        __global const float *scratch,
                                        __global const int4 *windows, uint points, uint stride,
                                        uint pad, uint most_order, float clip, uint is_first,
                                        __local float *total)
{
    /* total [SUMS], then what follows; an argument, see baseline_percentile */
    __local float *matrix = total + SUMS;           /* [TERMS][TERMS] */
    __local float *delta = matrix + TERMS * TERMS;  /* [TERMS] */
#ifndef FMX_VARIANT_CPU
    __local float *part = delta + TERMS;            /* [SUMS][ITEMS] */
#endif
    size_t row = get_group_id(0);
    uint l = (uint)get_local_id(0);
    uint block = (uint)windows[row].x;
    uint m = (uint)windows[row].y;
    uint order = min(most_order, m / 4);
    __global const float *b = scratch + row * 6 * stride;
    __global const float *y = b + stride;
    __global float *c = coefficients + row * 16;
    float noise = b[6 * stride - 1];
    float sigma = is_first ? noise : c[SIGMA_AT];
    float scale = sigma > 0.0f ? 1.0f / sigma : 0.0f;
    float per_point = points > 1 ? 2.0f / (float)(points - 1) : 0.0f;
    lanes sums[SUMS];
#pragma unroll
    for (int n = 0; n < SUMS; ++n)
        sums[n] = (lanes)(0.0f);
    for (uint i = l * LANES; i < m; i += ROW_ITEMS * LANES) {
        ulanes first = (i + IOTA) * block;
        ulanes end = min(first + block, (ulanes)(points));
        lanes u = fma(0.5f * TO_LANES(first + end - 1u), (lanes)(per_point), (lanes)(-1.0f));
        lanes value = *(__global const lanes *)(y + pad + i);
        lanes r = value;
        lanes distance = value - *(__global const lanes *)(b + pad + i);
        if (is_first == 0) {
            r = value - chebyshev_sum(c, order, u);
            distance = r;
        }
        lanes w = clip + 1.0f - fabs(distance) * scale;
        ulanes counts = MASK(w > 0.0f) & MASK(i + IOTA < m);
        w = AS_LANES(AS_ULANES(fmin(w, (lanes)(1.0f))) & counts);
        r = AS_LANES(AS_ULANES(r) & counts);
        u = AS_LANES(AS_ULANES(u) & counts);
        add_moments(sums, u, w, r);
    }
#ifdef FMX_VARIANT_CPU
    for (int n = 0; n < SUMS; ++n)
        total[n] = LANES_SUM(sums[n]);
#else
#pragma unroll
    for (int n = 0; n < SUMS; ++n)
        part[n * ITEMS + l] = sums[n];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (l < SUMS) {
        float sum = 0.0f;
        for (uint k = 0; k < ITEMS; ++k)
            sum += part[l * ITEMS + k];
        total[l] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#endif
    if (l != 0)
        return;
    solve(total, matrix, delta, order);
    float rest = total[MOMENTS + TERMS];
    for (uint n = 0; n <= order; ++n) {
        rest -= delta[n] * total[MOMENTS + n];
        c[n] = is_first ? delta[n] : c[n] + delta[n];
    }
    for (uint n = order + 1; n <= most_order; ++n)
        c[n] = 0.0f;
    float spread = total[0] > 0.0f ? sqrt(fmax(rest, 0.0f) / total[0]) : 0.0f;
    c[SIGMA_AT] = fmax(noise, spread);
}

FMX_SUBGROUP_KERNEL
__kernel void baseline_polynomial_subtract(__global float *spectrum,
                                           __global const float *coefficients, uint rows,
                                           uint points, uint order)
{
    size_t first = get_global_id(0) * LANES;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows)
        return;
    float per_point = points > 1 ? 2.0f / (float)(points - 1) : 0.0f;
    lanes u = fma(TO_LANES((uint)first + IOTA), (lanes)(per_point), (lanes)(-1.0f));
    lanes value = chebyshev_sum(coefficients + row * 16, order, u);
    __global float *x = spectrum + row * points + first;
#ifdef FMX_VARIANT_CPU
    if (first + LANES > points) {
        float part[LANES];
        vstore16(value, 0, part);
        for (size_t k = 0; first + k < points; ++k)
            x[k] -= part[k];
        return;
    }
#endif
    *(__global lanes *)x -= value;
}

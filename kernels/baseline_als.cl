/* Baseline by asymmetric least squares (Eilers), on the means y of blocks as in baseline.cl.
 *
 * A round minimises sum_i w[i] (y[i] - b[i])^2 + lambda sum_i (b[i] - 2 b[i+1] + b[i+2])^2 with
 * w = asymmetry where y lies above the b of the round before, 1 - asymmetry elsewhere, and 1 in the
 * first round: (W + lambda D'D) b = W y, a matrix of five diagonals that is factored as L diag(d) L'.
 *
 * In float its smallest eigenvalue (about w) would drown in the rounding of its largest (16 lambda):
 * all of it is computed in pairs of floats whose sum is the value, about 2^-44 exact. The host rounds
 * lambda to 16 bits, so that its multiples are exact.
 *
 * Rows stand beside each other: work is float [8][M][R], M the longest row's means, R the rows rounded
 * up to 16; its parts are y, b, e = L[i][i-1], f = L[i][i-2], v = z/d, the last three high then low.
 * An item owns one row (GPUs) or 16 (PoCL) and goes along it twice; from a row's own number of means
 * on, equations stand alone. Twin: host/ref/baseline_ref.c.
 *
 * spectrum float [rows][points]   windows int4 [rows]: block, means, -, -
 * count    uint [R], lambda float [R]: of each row, 0 for rows that do not exist
 */

#ifdef FMX_VARIANT_CPU
#define LANES 16
typedef float16 lanes __attribute__((aligned(4)));
typedef uint16 ulanes __attribute__((aligned(4)));
#define AS_ULANES as_uint16
#define AS_LANES as_float16
#define MASK(condition) as_uint16(condition)
#else
#define LANES 1
typedef float lanes;
typedef uint ulanes;
#define AS_ULANES as_uint
#define AS_LANES as_float
#define MASK(condition) ((condition) ? 0xffffffffu : 0u)
#endif

/* A value as the sum of two floats, |lo| at most half a unit in the last place of hi. */
typedef struct pair {
    lanes hi;
    lanes lo;
} pair;

static inline pair pair_sum(lanes a, lanes b)
{
    pair s;
    s.hi = a + b;
    lanes part = s.hi - a;
    s.lo = (a - (s.hi - part)) + (b - part);
    return s;
}

/* As pair_sum where |a| >= |b|. */
static inline pair pair_quick(lanes a, lanes b)
{
    pair s;
    s.hi = a + b;
    s.lo = b - (s.hi - a);
    return s;
}

static inline pair pair_add(pair a, pair b)
{
    pair high = pair_sum(a.hi, b.hi);
    pair low = pair_sum(a.lo, b.lo);
    pair s = pair_quick(high.hi, high.lo + low.hi);
    return pair_quick(s.hi, s.lo + low.lo);
}

static inline pair pair_negative(pair a)
{
    a.hi = -a.hi;
    a.lo = -a.lo;
    return a;
}

static inline pair pair_mul(pair a, pair b)
{
    lanes p = a.hi * b.hi;
    lanes error = fma(a.hi, b.hi, -p);
    return pair_quick(p, fma(a.hi, b.lo, fma(a.lo, b.hi, error)));
}

static inline pair pair_scale(pair a, lanes b)
{
    lanes p = a.hi * b;
    return pair_quick(p, fma(a.lo, b, fma(a.hi, b, -p)));
}

static inline pair pair_inverse(pair a)
{
    lanes q = 1.0f / a.hi;
    lanes error = fma(-a.lo, q, fma(-a.hi, q, (lanes)(1.0f))); /* 1 - a q */
    return pair_quick(q, q * fma(error, error, error));
}

static inline void pair_store(__global float *part, size_t size, size_t at, pair a)
{
    *(__global lanes *)(part + at) = a.hi;
    *(__global lanes *)(part + size + at) = a.lo;
}

static inline pair pair_load(__global const float *part, size_t size, size_t at)
{
    pair a;
    a.hi = *(__global const lanes *)(part + at);
    a.lo = *(__global const lanes *)(part + size + at);
    return a;
}

static inline lanes choose(ulanes mask, lanes yes, lanes no)
{
    return AS_LANES((AS_ULANES(yes) & mask) | (AS_ULANES(no) & ~mask));
}

/* Means of blocks, one an item: y[i][row]; 0 where a row has no such block. */
FMX_SUBGROUP_KERNEL
__kernel void baseline_als_means(__global float *work, __global const float *spectrum,
                                 __global const int4 *windows, uint rows, uint points,
                                 uint row_lanes, uint means)
{
    size_t i = get_global_id(0);
    size_t row = get_global_id(1);
    if (i >= means || row >= row_lanes)
        return;
    float y = 0.0f;
    if (row < rows && i < (size_t)windows[row].y) {
        uint block = (uint)windows[row].x;
        uint first = (uint)i * block;
        uint end = min(first + block, points);
        __global const float *x = spectrum + row * points;
        for (uint n = first; n < end; ++n)
            y += x[n];
        y /= (float)(end - first);
    }
    work[i * row_lanes + row] = y;
}

FMX_SUBGROUP_KERNEL
__kernel void baseline_als_round(__global float *work, __global const uint *count,
                                 __global const float *lambda, uint row_lanes, uint means,
                                 float asymmetry, uint is_first)
{
    size_t row = get_global_id(0) * LANES;
    if (row >= row_lanes)
        return;
    size_t size = (size_t)means * row_lanes;
    __global float *y = work + row;
    __global float *b = y + size;
    __global float *e = b + size;
    __global float *f = e + 2 * size;
    __global float *v = f + 2 * size;
    lanes stiff = *(__global const lanes *)(lambda + row);
    ulanes m = *(__global const ulanes *)(count + row);
    pair zero = {(lanes)(0.0f), (lanes)(0.0f)};
    pair e1 = zero; /* e, z and 1/d of the row before, 2: of the one before that */
    pair z1 = zero;
    pair z2 = zero;
    pair r1 = zero;
    pair r2 = zero;
    lanes s1 = (lanes)(0.0f); /* lambda where the difference that starts there exists */
    lanes s2 = (lanes)(0.0f);
    for (uint i = 0; i < means; ++i) {
        size_t at = (size_t)i * row_lanes;
        lanes value = *(__global const lanes *)(y + at);
        lanes w = (lanes)(1.0f);
        if (is_first == 0)
            w = choose(MASK(value > *(__global const lanes *)(b + at)), (lanes)(asymmetry),
                       (lanes)(1.0f - asymmetry));
        lanes s0 = choose(MASK(i + 2 < m), stiff, (lanes)(0.0f));
        lanes side = -2.0f * (s1 + s2);
        pair g = pair_negative(pair_scale(e1, s2));
        g = pair_add(g, pair_sum(side, (lanes)(0.0f)));
        pair ei = pair_mul(g, r1);
        pair fi = pair_scale(r2, s2);
        pair d = pair_sum(s0 + 4.0f * s1 + s2, w);
        d = pair_add(d, pair_negative(pair_add(pair_mul(ei, g), pair_scale(fi, s2))));
        pair ri = pair_inverse(d);
        pair wy = {w * value, fma(w, value, -(w * value))};
        pair z = pair_add(wy, pair_negative(pair_add(pair_mul(ei, z1), pair_mul(fi, z2))));
        pair_store(e, size, at, ei);
        pair_store(f, size, at, fi);
        pair_store(v, size, at, pair_mul(z, ri));
        e1 = ei;
        z2 = z1;
        z1 = z;
        r2 = r1;
        r1 = ri;
        s2 = s1;
        s1 = s0;
    }
    pair x1 = zero;
    pair x2 = zero;
    pair e_next = zero; /* e of i + 1, f of i + 1 and i + 2 */
    pair f_next = zero;
    pair f_second = zero;
    for (uint i = means; i-- > 0;) {
        size_t at = (size_t)i * row_lanes;
        pair x = pair_add(pair_mul(e_next, x1), pair_mul(f_second, x2));
        x = pair_add(pair_load(v, size, at), pair_negative(x));
        *(__global lanes *)(b + at) = x.hi;
        x2 = x1;
        x1 = x;
        f_second = f_next;
        e_next = pair_load(e, size, at);
        f_next = pair_load(f, size, at);
    }
}

/* Augmentation: out[i][j] = a (x(j + d(j)) + M e(j)), x = row items[i].row of the library (or, where the
 * item is broadened or phased, row i of `broad`), indices modulo the number of points:
 *
 *   d(j) = per_ppm shift + stretch (j - middle) + per_ppm warp(j)     points
 *   e(j) = baseline(u) + ripple sin(2 pi (ripple_turns + j ripple_per_point)) + slow_noise s(j) + noise n(j)
 *   M    = largest value of the library's row, at least 0
 *
 * baseline: polynomial in u = -1 + j u_step. warp and s: Catmull-Rom through evenly spaced knots, end
 * knots repeated. n(j): normal sample (j mod 64) / 16 of the Philox block at position 16 (j / 64) +
 * j mod 16, so that both variants read neighbours; knot k of s is sample k mod 4 of the block at
 * position 2^30 + k / 4. Then division by the row's largest value or by its sum of magnitudes (area,
 * in points; the host's unit_area makes it ppm): a row without a positive one stays.
 *
 * out      float [count][points]      library  float [rows][points]
 * broad    float [count][points]      items    as fmx__augmentation_item in augmentation.h
 *
 * augmentation        a group of 256 per item; a work-item has points 64 b + l + 16 w of 1024
 * augmentation_wide   a work-item per item, 64 points a turn, for PoCL
 *
 * The sum for the area has 1024 parts (points j mod 1024), added in one order in both variants, and every
 * other operation is the same too: both give the same bits wherever sqrt and division are exact.
 * kernels/augmentation_spectral.cl makes `broad`. Twin: host/ref/augmentation_ref.c.
 */
#define AUGMENTATION_GROUP 256
#define AUGMENTATION_WARP 16
#define AUGMENTATION_SLOW 64
#define AUGMENTATION_SLOW_POSITION 0x40000000u

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
    float warp_ppm[AUGMENTATION_WARP];
} augmentation_item;

/* Weights of points i - 1 .. i + 2 at i + t, 0 <= t < 1. */
static inline float4 augmentation_weights(float t, uint interpolation)
{
    if (interpolation == 2)
        return (float4)(t * fma(t, fma(-0.5f, t, 1.0f), -0.5f), fma(t * t, fma(1.5f, t, -2.5f), 1.0f),
                        t * fma(t, fma(-1.5f, t, 2.0f), 0.5f), t * t * fma(0.5f, t, -0.5f));
    return (float4)(0.0f, 1.0f - t, t, 0.0f);
}

/* Splits a displacement into whole points and the rest. */
static inline float augmentation_split(float d, uint interpolation, int *whole)
{
    float below = floor(interpolation == 0 ? d + 0.5f : d);
    *whole = convert_int(below);
    return interpolation == 0 ? 0.0f : d - below;
}

static inline uint augmentation_wrap(long i, uint points)
{
    long r = i % (long)points;
    return (uint)(r < 0 ? r + (long)points : r);
}

/* What a point is read from: four weighted neighbours. */
static inline float augmentation_read(__global const float *x, uint points, long i, float4 w)
{
    float y = w.x * x[augmentation_wrap(i - 1, points)];
    y = fma(w.y, x[augmentation_wrap(i, points)], y);
    y = fma(w.z, x[augmentation_wrap(i + 1, points)], y);
    return fma(w.w, x[augmentation_wrap(i + 2, points)], y);
}

/* Catmull-Rom between y[1] and y[2]. */
static inline float4 augmentation_piece(float y0, float y1, float y2, float y3)
{
    return (float4)(y1, 0.5f * (y2 - y0), fma(-2.5f, y1, y0) + fma(-0.5f, y3, 2.0f * y2),
                    fma(1.5f, y1 - y2, 0.5f * (y3 - y0)));
}

/* Which piece of `knots` knots a point lies in, and where. */
static inline float augmentation_place(float j, float step, uint knots, uint *piece)
{
    float u = j * step;
    float k = fmin(floor(u), (float)(knots - 2));
    *piece = convert_uint(k);
    return u - k;
}

static inline float augmentation_polynomial(__global const augmentation_item *item, float u)
{
    float e = item->baseline[5];
    e = fma(e, u, item->baseline[4]);
    e = fma(e, u, item->baseline[3]);
    e = fma(e, u, item->baseline[2]);
    e = fma(e, u, item->baseline[1]);
    return fma(e, u, item->baseline[0]);
}

/* x / m, right to the last bit or nearly, without a division: r = 1 / m. */
#define AUGMENTATION_DIVIDE(x, m, r) fma(fma(-((x) * (r)), (m), (x)), (r), (x) * (r))

static inline float4 augmentation_noise(__global const augmentation_item *item, uint position)
{
    uint4 counter = (uint4)(item->item_low, item->item_high, item->draw, position);
    return fmx_normal4(fmx_philox(counter, (uint2)(item->key, FMX_PURPOSE_AUGMENT)));
}

/* Baseline, ripple and slow noise at point j; `slow` holds the knots with one repeated at each end. */
#define AUGMENTATION_EXTRA(j)                                                                      \
    float e = augmentation_polynomial(item, fma((j), u_step, -1.0f));                              \
    float cosine;                                                                                  \
    e = fma(item->ripple,                                                                          \
            fmx_sincos_turns(fma((j), item->ripple_per_ppm * ppm_step, item->ripple_turns), &cosine), \
            e);                                                                                    \
    if (item->slow_noise != 0.0f) {                                                                \
        uint k;                                                                                    \
        float t = augmentation_place((j), slow_step, slow_knots, &k);                              \
        float4 c = augmentation_piece(slow[k], slow[k + 1], slow[k + 2], slow[k + 3]);             \
        e = fma(item->slow_noise, fma(t, fma(t, fma(t, c.w, c.z), c.y), c.x), e);                  \
    }

#define AUGMENTATION_DISPLACEMENT(j)                                                               \
    float d = fma(item->stretch, (j) - middle, shift);                                             \
    if (warp_knots > 0) {                                                                          \
        uint k;                                                                                    \
        float t = augmentation_place((j), warp_step, warp_knots, &k);                              \
        float4 c = augmentation_piece(warp[k], warp[k + 1], warp[k + 2], warp[k + 3]);             \
        d = fma(per_ppm, fma(t, fma(t, fma(t, c.w, c.z), c.y), c.x), d);                           \
    }

#define AUGMENTATION_PARAMETERS                                                                    \
    uint rows, uint points, float per_ppm, float ppm_step, float u_step, float warp_step,          \
        float slow_step, uint warp_knots, uint slow_knots, uint interpolation, uint normalise,     \
        float unit_area

/* warp, slow: local float [AUGMENTATION_WARP + 2], [AUGMENTATION_SLOW + 2]; scratch: [256] */
FMX_GROUP(AUGMENTATION_GROUP)
__kernel void augmentation(__global float *out, __global const float *library,
                           __global const float *broad, __global const augmentation_item *items,
                           __local float *scratch, __local float *warp, __local float *slow,
                           AUGMENTATION_PARAMETERS)
{
    size_t l = get_local_id(0);
    size_t i = get_group_id(0);
    __global const augmentation_item *item = items + i;
    __global float *y = out + i * points;
    uint row = item->row < rows ? item->row : 0;
    __global const float *x = library + (size_t)row * points;
    if (l < warp_knots + 2 && warp_knots > 0)
        warp[l] = item->warp_ppm[clamp((int)l - 1, 0, (int)warp_knots - 1)];
    if (l < slow_knots + 2 && item->slow_noise != 0.0f) {
        uint k = (uint)clamp((int)l - 1, 0, (int)slow_knots - 1);
        float4 s = augmentation_noise(item, AUGMENTATION_SLOW_POSITION + k / 4);
        slow[l] = k % 4 == 0 ? s.x : k % 4 == 1 ? s.y : k % 4 == 2 ? s.z : s.w;
    }
    float most = 0.0f;
    for (size_t j = l; j < points; j += AUGMENTATION_GROUP)
        most = fmax(most, x[j]);
    most = fmx_group_max(most, scratch); /* its barriers are those of warp and slow too */
    if (item->spectral)
        x = broad + i * points;
    float middle = 0.5f * (float)(points - 1);
    float shift = item->shift_ppm * per_ppm;
    float4 sum = (float4)(0.0f);
    float largest = -INFINITY;
    for (size_t first = 0; first < points; first += 4 * AUGMENTATION_GROUP) {
        size_t block = first / 64 + l / 16;
        float4 white = (float4)(0.0f);
        if (item->noise != 0.0f)
            white = augmentation_noise(item, (uint)(16 * block + l % 16));
#define AUGMENTATION_POINT(W, S)                                                                   \
    {                                                                                              \
        size_t j = 64 * block + l % 16 + 16 * W;                                                   \
        if (j < points) {                                                                          \
            float at = (float)j;                                                                   \
            AUGMENTATION_DISPLACEMENT(at)                                                          \
            AUGMENTATION_EXTRA(at)                                                                 \
            int whole;                                                                             \
            float part = augmentation_split(d, interpolation, &whole);                             \
            float4 w = augmentation_weights(part, interpolation);                                  \
            float v = augmentation_read(x, points, (long)j + whole, w);                            \
            v = item->amplitude * fma(most, fma(item->noise, white.S, e), v);                      \
            y[j] = v;                                                                              \
            sum.S += fabs(v);                                                                      \
            largest = fmax(largest, v);                                                            \
        }                                                                                          \
    }
        AUGMENTATION_POINT(0, x)
        AUGMENTATION_POINT(1, y)
        AUGMENTATION_POINT(2, z)
        AUGMENTATION_POINT(3, w)
#undef AUGMENTATION_POINT
    }
    if (normalise == 0)
        return;
    if (normalise == 1) {
        largest = fmx_group_max(largest, scratch);
    } else {
        scratch[l] = (sum.x + sum.y) + (sum.z + sum.w);
        for (size_t width = AUGMENTATION_GROUP / 2; width > 0; width /= 2) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (l < width)
                scratch[l] += scratch[l + width];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        largest = unit_area * scratch[0];
    }
    if (!(largest > 0.0f && largest < INFINITY))
        return;
    float r = 1.0f / largest;
    for (size_t first = 0; first < points; first += 4 * AUGMENTATION_GROUP) {
        for (size_t w = 0; w < 4; ++w) {
            size_t j = 64 * (first / 64 + l / 16) + l % 16 + 16 * w;
            if (j < points)
                y[j] = AUGMENTATION_DIVIDE(y[j], largest, r);
        }
    }
}

#ifdef FMX_VARIANT_CPU
#define AUGMENTATION_LANES (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)

/* A curve through knots at 16 neighbours: one piece as a rule. */
static inline float16 augmentation_curve16(float16 at, float step, uint knots, const float *knot)
{
    uint first;
    uint last;
    augmentation_place(at.s0, step, knots, &first);
    augmentation_place(at.sf, step, knots, &last);
    if (first == last) {
        float4 c = augmentation_piece(knot[first], knot[first + 1], knot[first + 2], knot[first + 3]);
        float16 t = at * step - convert_float(first);
        return fma(t, fma(t, fma(t, (float16)(c.w), (float16)(c.z)), (float16)(c.y)), (float16)(c.x));
    }
    float lane[16];
    float value[16];
    vstore16(at, 0, lane);
    for (int l = 0; l < 16; ++l) {
        uint k;
        float t = augmentation_place(lane[l], step, knots, &k);
        float4 c = augmentation_piece(knot[k], knot[k + 1], knot[k + 2], knot[k + 3]);
        value[l] = fma(t, fma(t, fma(t, c.w, c.z), c.y), c.x);
    }
    return vload16(0, value);
}

/* The source at 16 neighbours from j on, each at its own displacement. */
static inline float16 augmentation_read16(__global const float *x, uint points, size_t j, float16 d,
                                          uint interpolation)
{
    float16 below = floor(interpolation == 0 ? d + 0.5f : d);
    int16 whole = convert_int16(below);
    float16 t = interpolation == 0 ? (float16)(0.0f) : d - below;
    size_t start = augmentation_wrap((long)j + whole.s0 - 1, points);
    if (all(whole == whole.s0) && start + 19 <= points) {
        float16 w0 = 0.0f;
        float16 w1 = 1.0f - t;
        float16 w2 = t;
        float16 w3 = 0.0f;
        if (interpolation == 2) {
            w0 = t * fma(t, fma((float16)(-0.5f), t, (float16)(1.0f)), (float16)(-0.5f));
            w1 = fma(t * t, fma((float16)(1.5f), t, (float16)(-2.5f)), (float16)(1.0f));
            w2 = t * fma(t, fma((float16)(-1.5f), t, (float16)(2.0f)), (float16)(0.5f));
            w3 = t * t * fma((float16)(0.5f), t, (float16)(-0.5f));
        }
        float16 y = w0 * vload16(0, x + start);
        y = fma(w1, vload16(0, x + start + 1), y);
        y = fma(w2, vload16(0, x + start + 2), y);
        return fma(w3, vload16(0, x + start + 3), y);
    }
    int at[16];
    float part[16];
    float y[16];
    vstore16(whole, 0, at);
    vstore16(t, 0, part);
    for (int l = 0; l < 16; ++l)
        y[l] = augmentation_read(x, points, (long)j + l + at[l],
                                 augmentation_weights(part[l], interpolation));
    return vload16(0, y);
}

/* The same at one displacement for all: start is that of the first neighbour, 0 <= start < points. */
static inline float16 augmentation_shift16(__global const float *x, uint points, size_t start,
                                           float4 w)
{
    if (start + 19 <= points) {
        if (w.z == 0.0f) /* by whole points */
            return vload16(0, x + start + 1);
        float16 y = w.x * vload16(0, x + start);
        y = fma((float16)(w.y), vload16(0, x + start + 1), y);
        y = fma((float16)(w.z), vload16(0, x + start + 2), y);
        return fma((float16)(w.w), vload16(0, x + start + 3), y);
    }
    float y[16];
    for (int l = 0; l < 16; ++l)
        y[l] = augmentation_read(x, points, (long)start + 1 + l, w);
    return vload16(0, y);
}

static inline float augmentation_most(__global const float *x, uint points)
{
    float16 most = 0.0f;
    float rest = 0.0f;
    size_t j = 0;
    for (; j + 16 <= points; j += 16)
        most = max(most, vload16(0, x + j));
    for (; j < points; ++j)
        rest = fmax(rest, x[j]);
    float8 a = fmax(most.lo, most.hi);
    float4 b = fmax(a.lo, a.hi);
    return fmax(rest, fmax(fmax(b.x, b.y), fmax(b.z, b.w)));
}

/* The 1024 parts of the sum, in the order of the other variant. */
static inline float augmentation_total(const float *sum)
{
    float s[AUGMENTATION_GROUP];
    for (int l = 0; l < AUGMENTATION_GROUP; ++l) {
        const float *a = sum + 64 * (l / 16) + l % 16;
        s[l] = (a[0] + a[16]) + (a[32] + a[48]);
    }
    for (int width = AUGMENTATION_GROUP / 2; width > 0; width /= 2) {
        for (int l = 0; l < width; ++l)
            s[l] += s[l + width];
    }
    return s[0];
}

static inline void augmentation_divide(__global float *y, uint points, float m)
{
    float r = 1.0f / m;
    size_t j = 0;
    for (; j + 16 <= points; j += 16) {
        float16 v = vload16(0, y + j);
        vstore16(AUGMENTATION_DIVIDE(v, (float16)(m), (float16)(r)), 0, y + j);
    }
    for (; j < points; ++j)
        y[j] = AUGMENTATION_DIVIDE(y[j], m, r);
}

/* White noise of 64 points from `first` on. */
static inline void augmentation_white16(__global const augmentation_item *item, size_t first,
                                        float16 white[4])
{
    uint16 words[4];
    if (item->noise == 0.0f) {
        white[0] = white[1] = white[2] = white[3] = (float16)(0.0f);
        return;
    }
    words[0] = (uint16)(item->item_low);
    words[1] = (uint16)(item->item_high);
    words[2] = (uint16)(item->draw);
    words[3] = (uint)(first / 4) + (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    fmx_philox16(words, (uint2)(item->key, FMX_PURPOSE_AUGMENT));
    fmx_normal16(words, white);
}

/* Baseline and ripple. */
static inline float16 augmentation_curved16(__global const augmentation_item *item, float16 at,
                                            float u_step, float ppm_step)
{
    float16 u = fma(at, (float16)(u_step), (float16)(-1.0f));
    float16 turns =
        fma(at, (float16)(item->ripple_per_ppm * ppm_step), (float16)(item->ripple_turns));
    float16 cosine;
    float16 e = item->baseline[5];
    for (int k = 4; k >= 0; --k)
        e = fma(e, u, (float16)(item->baseline[k]));
    return fma((float16)(item->ripple), fmx_sincos_turns16(turns, &cosine), e);
}

/* The knots of slow noise, one repeated at each end. */
static inline void augmentation_slow_knots(__global const augmentation_item *item, uint knots,
                                           float *slow)
{
    for (uint k = 0; k < knots; k += 4)
        vstore4(augmentation_noise(item, AUGMENTATION_SLOW_POSITION + k / 4), 0, slow + 1 + k);
    slow[0] = slow[1];
    slow[knots + 1] = slow[knots];
}

/* The knots of the warp, the same; whether one is not zero. */
static inline bool augmentation_warp_knots(__global const augmentation_item *item, uint knots,
                                           float *warp)
{
    bool warped = false;
    for (uint k = 0; k < knots; ++k) {
        warp[k + 1] = item->warp_ppm[k];
        warped = warped || item->warp_ppm[k] != 0.0f;
    }
    if (knots > 0) {
        warp[0] = warp[1];
        warp[knots + 1] = warp[knots];
    }
    return warped;
}

static inline bool augmentation_is_curved(__global const augmentation_item *item)
{
    bool curved = item->ripple != 0.0f;
    for (int k = 0; k < 6; ++k)
        curved = curved || item->baseline[k] != 0.0f;
    return curved;
}

static inline float augmentation_largest(float16 x)
{
    float8 a = max(x.lo, x.hi);
    float4 b = max(a.lo, a.hi);
    return fmax(fmax(b.x, b.y), fmax(b.z, b.w));
}

/* sum: 1024 parts, or nothing where the area is not wanted. */
#define AUGMENTATION_STORE16(y, v, j, points, largest, sum, area)                                  \
    if ((j) + 16 <= (points)) {                                                                    \
        vstore16(v, 0, (y) + (j));                                                                 \
        largest = max(largest, v); /* a NaN leaves it, as in fmax */                               \
        if (area)                                                                                  \
            vstore16(vload16(0, (sum) + (j) % 1024) + fabs(v), 0, (sum) + (j) % 1024);             \
    } else {                                                                                       \
        float lane[16];                                                                            \
        vstore16(v, 0, lane);                                                                      \
        for (size_t k = 0; (j) + k < (points); ++k) {                                              \
            (y)[(j) + k] = lane[k];                                                                \
            largest.s0 = fmax(largest.s0, lane[k]);                                                \
            (sum)[((j) + k) % 1024] += fabs(lane[k]);                                              \
        }                                                                                          \
    }

__kernel void augmentation_wide(__global float *out, __global const float *library,
                                __global const float *broad,
                                __global const augmentation_item *items, uint count,
                                AUGMENTATION_PARAMETERS)
{
    size_t i = get_global_id(0);
    if (i >= count)
        return;
    __global const augmentation_item *item = items + i;
    __global float *y = out + i * points;
    uint row = item->row < rows ? item->row : 0;
    __global const float *x = library + (size_t)row * points;
    float warp[AUGMENTATION_WARP + 2];
    float slow[AUGMENTATION_SLOW + 3 + 2];
    float sum[1024];
    bool warped = augmentation_warp_knots(item, warp_knots, warp);
    if (item->slow_noise != 0.0f)
        augmentation_slow_knots(item, slow_knots, slow);
    bool curved = augmentation_is_curved(item);
    bool extra = curved || item->slow_noise != 0.0f || item->noise != 0.0f;
    float most = extra ? augmentation_most(x, points) : 0.0f;
    if (item->spectral)
        x = broad + i * points;
    if (normalise == 2) {
        for (int k = 0; k < 1024; ++k)
            sum[k] = 0.0f;
    }
    float middle = 0.5f * (float)(points - 1);
    float shift = item->shift_ppm * per_ppm;
    bool moved = item->stretch != 0.0f || warped;
    int whole;
    float part = augmentation_split(shift, interpolation, &whole);
    float4 weight = augmentation_weights(part, interpolation);
    size_t start = augmentation_wrap((long)whole - 1, points);
    float16 largest = -INFINITY;
    float a = item->amplitude;
    for (size_t first = 0; first < points; first += 64) {
        float16 white[4];
        augmentation_white16(item, first, white);
        for (size_t w = 0; w < 4; ++w) {
            size_t j = first + 16 * w;
            if (j >= points)
                break;
            float16 at = (float)j + AUGMENTATION_LANES;
            float16 v;
            if (moved) {
                float16 d = fma((float16)(item->stretch), at - middle, (float16)(shift));
                if (warp_knots > 0)
                    d = fma((float16)(per_ppm),
                            augmentation_curve16(at, warp_step, warp_knots, warp), d);
                v = augmentation_read16(x, points, j, d, interpolation);
            } else {
                v = augmentation_shift16(x, points, start, weight);
                start += 16;
                if (start >= points)
                    start %= points;
            }
            if (extra) {
                float16 e =
                    curved ? augmentation_curved16(item, at, u_step, ppm_step) : (float16)(0.0f);
                if (item->slow_noise != 0.0f)
                    e = fma((float16)(item->slow_noise),
                            augmentation_curve16(at, slow_step, slow_knots, slow), e);
                v = fma((float16)(most), fma((float16)(item->noise), white[w], e), v);
            }
            v = a * v;
            AUGMENTATION_STORE16(y, v, j, points, largest, sum, normalise == 2)
        }
    }
    float divisor = augmentation_largest(largest);
    if (normalise == 2)
        divisor = unit_area * augmentation_total(sum);
    if (normalise != 0 && divisor > 0.0f && divisor < INFINITY)
        augmentation_divide(y, points, divisor);
}
#endif

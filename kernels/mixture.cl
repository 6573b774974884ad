/* Mixture: out[m][j] = (sum_k weight[m][k] library[row[m][k]][(j + turn[m][k]) mod points]
 *                      + sigma_m normal) / max.
 *
 * out      float [mixtures][points]
 * facts    float [mixtures][2]: sigma_m after the division, divisor
 * library  float [rows][points]
 * plans    uint [mixtures][8 + 3 most]: parts, item low, item high, draw, noise (float), bias (float), 2
 *          unused;
 *          then for each part its row, its weight (float) and its turn, below points
 * scratch  float [256]; an argument, because PoCL 3.1 may share a __local array between threads
 *
 * Parts are added in their order, each with one fma, so the sum has the same bits everywhere.
 * sigma_m = noise times the tallest peak of the sum (noise itself where nothing is above zero).
 * Sample j of the noise is (n_j + smooth n_{j-1}) / sqrt(1 + smooth^2) + bias, n_j normal: element j % 4 of block j / 4 of the stream (FMX_PURPOSE_MIXTURE, item,
 * draw with its highest bit turned: the lower half of the draws says what the mixture is made of).
 * max is that of sum and noise, or with divide = 2 sigma_m; where it is not above zero, or divide is 0,
 * nothing is divided.
 *
 * mixture       one group of 256 per mixture; an item owns blocks of four points, l, l + 256, ...
 * mixture_wide  one item per mixture, 64 points at a time, for PoCL
 *
 * The sum is written, then read again for the noise and for the division: by then it lies in cache.
 * Twin: host/ref/mixture_ref.c.
 */
#define MIXTURE_GROUP 256
#define MIXTURE_HEAD 8
#define MIXTURE_PART 3

typedef struct mixture_plan {
    uint parts;
    uint item_low;
    uint item_high;
    uint draw;
    float noise;
    float bias;
    __global const uint *part;
} mixture_plan;

static inline mixture_plan mixture_open(__global const uint *plans, size_t m, uint most)
{
    __global const uint *words = plans + m * (MIXTURE_HEAD + MIXTURE_PART * (size_t)most);
    mixture_plan p;
    p.parts = min(words[0], most);
    p.item_low = words[1];
    p.item_high = words[2];
    p.draw = words[3] ^ 0x80000000u;
    p.noise = as_float(words[4]);
    p.bias = as_float(words[5]);
    p.part = words + MIXTURE_HEAD;
    return p;
}

static inline __global const float *mixture_row(const mixture_plan *p, uint k,
                                                __global const float *library, uint points)
{
    return library + (size_t)p->part[MIXTURE_PART * k] * points;
}

static inline float mixture_weight(const mixture_plan *p, uint k)
{
    return as_float(p->part[MIXTURE_PART * k + 1]);
}

/* Where point j of part k comes from. */
static inline size_t mixture_from(const mixture_plan *p, uint k, uint points, size_t j)
{
    size_t at = j + p->part[MIXTURE_PART * k + 2];
    return at < points ? at : at - points;
}

static inline float mixture_sum_point(const mixture_plan *p, __global const float *library,
                                      uint points, size_t j)
{
    float s = 0.0f;
    for (uint k = 0; k < p->parts; ++k)
        s = fma(mixture_weight(p, k), mixture_row(p, k, library, points)[mixture_from(p, k, points, j)],
                s);
    return s;
}

/* What the mixture is divided by: 0 nothing, 1 its maximum, 2 its noise. */
static inline float mixture_divisor(uint divide, float top, float sigma)
{
    float by = divide == 2 ? sigma : top;
    return divide != 0 && by > 0.0f ? by : 1.0f;
}

/* Four points of a row from `at` on; behind its end it begins again. */
static inline float4 mixture_load4(__global const float *row, size_t at, uint points)
{
    if (at + 4 <= points)
        return vload4(0, row + at);
    size_t b = at + 1 < points ? at + 1 : at + 1 - points;
    size_t c = at + 2 < points ? at + 2 : at + 2 - points;
    size_t d = at + 3 < points ? at + 3 : at + 3 - points;
    return (float4)(row[at], row[b], row[c], row[d]);
}

static inline float4 mixture_normal(const mixture_plan *p, uint block, uint seed)
{
    uint4 counter = (uint4)(p->item_low, p->item_high, p->draw, block);
    return fmx_normal4(fmx_philox(counter, (uint2)(seed, FMX_PURPOSE_MIXTURE)));
}

/* Four samples of the noise, of which `before` is the normal number in front. */
static inline float4 mixture_colour(const mixture_plan *p, float4 normal, float before,
                                    float smooth)
{
    float scale = 1.0f / sqrt(fma(smooth, smooth, 1.0f));
    float4 late = (float4)(before, normal.xyz);
    return fma(fma((float4)(smooth), late, normal), (float4)(scale), (float4)(p->bias));
}

/* The last normal number of the block in front of `block`. */
static inline float mixture_before(const mixture_plan *p, uint block, uint seed, float smooth)
{
    return block > 0 && smooth != 0.0f ? mixture_normal(p, block - 1, seed).w : 0.0f;
}

FMX_SUBGROUP_KERNEL
__kernel void mixture(__global float *out, __global float *facts, __global const float *library,
                      __global const uint *plans, __local float *scratch, uint points, uint most,
                      uint divide, uint seed, float smooth)
{
    size_t l = get_local_id(0);
    size_t step = 4 * get_local_size(0);
    size_t m = get_group_id(0);
    mixture_plan p = mixture_open(plans, m, most);
    __global float *x = out + m * points;
    float top = 0.0f;
    for (size_t j = 4 * l; j < points; j += step) {
        if (j + 4 > points) {
            for (; j < points; ++j) {
                x[j] = mixture_sum_point(&p, library, points, j);
                top = fmax(top, x[j]);
            }
            break;
        }
        float4 s = 0.0f;
        for (uint k = 0; k < p.parts; ++k)
            s = fma((float4)(mixture_weight(&p, k)),
                    mixture_load4(mixture_row(&p, k, library, points),
                                  mixture_from(&p, k, points, j), points),
                    s);
        vstore4(s, 0, x + j);
        float2 t = fmax(s.xy, s.zw);
        top = fmax(top, fmax(t.x, t.y));
    }
    top = fmx_group_max(top, scratch);
    float sigma = p.noise * (top > 0.0f ? top : 1.0f);
    if (p.noise > 0.0f) { /* the same for the whole group */
        top = 0.0f;
        for (size_t j = 4 * l; j < points; j += step) {
            float4 normal = mixture_normal(&p, (uint)(j / 4), seed);
            normal = mixture_colour(&p, normal, mixture_before(&p, (uint)(j / 4), seed, smooth),
                                    smooth);
            float noise[4] = {normal.x, normal.y, normal.z, normal.w};
#pragma unroll
            for (uint i = 0; i < 4; ++i) {
                if (j + i < points) {
                    float v = fma(sigma, noise[i], x[j + i]);
                    x[j + i] = v;
                    top = fmax(top, v);
                }
            }
        }
        top = fmx_group_max(top, scratch);
    }
    float divisor = mixture_divisor(divide, top, sigma);
    if (divisor != 1.0f) {
        for (size_t j = 4 * l; j < points; j += step) {
#pragma unroll
            for (uint i = 0; i < 4; ++i) {
                if (j + i < points)
                    x[j + i] /= divisor;
            }
        }
    }
    if (l == 0) {
        facts[2 * m] = sigma / divisor;
        facts[2 * m + 1] = divisor;
    }
}

#ifdef FMX_VARIANT_CPU
static inline float mixture_largest(float16 v)
{
    float8 a = fmax(v.lo, v.hi);
    float4 b = fmax(a.lo, a.hi);
    float2 c = fmax(b.lo, b.hi);
    return fmax(c.x, c.y);
}

/* 64 points of a row from `at` on into `tile`, across the row's end. */
static inline void mixture_turn(float *tile, __global const float *row, size_t at, uint points)
{
    for (uint i = 0; i < 64; ++i) {
        tile[i] = row[at];
        at = at + 1 < points ? at + 1 : 0;
    }
}

/* The sum, 64 points at a time; its tallest peak, at least 0. */
static inline float mixture_sum_wide(__global float *x, const mixture_plan *p,
                                     __global const float *library, uint points)
{
    float16 top = 0.0f;
    size_t j = 0;
    for (; j + 64 <= points; j += 64) {
        float16 s0 = 0.0f;
        float16 s1 = 0.0f;
        float16 s2 = 0.0f;
        float16 s3 = 0.0f;
        for (uint k = 0; k < p->parts; ++k) {
            __global const float *y = mixture_row(p, k, library, points);
            size_t at = mixture_from(p, k, points, j);
            float16 w = mixture_weight(p, k);
            if (at + 64 > points) {
                float tile[64];
                mixture_turn(tile, y, at, points);
                s0 = fma(w, vload16(0, tile), s0);
                s1 = fma(w, vload16(1, tile), s1);
                s2 = fma(w, vload16(2, tile), s2);
                s3 = fma(w, vload16(3, tile), s3);
                continue;
            }
            y += at;
            s0 = fma(w, vload16(0, y), s0);
            s1 = fma(w, vload16(1, y), s1);
            s2 = fma(w, vload16(2, y), s2);
            s3 = fma(w, vload16(3, y), s3);
        }
        vstore16(s0, 0, x + j);
        vstore16(s1, 1, x + j);
        vstore16(s2, 2, x + j);
        vstore16(s3, 3, x + j);
        top = fmax(top, fmax(fmax(s0, s1), fmax(s2, s3)));
    }
    float highest = mixture_largest(top);
    for (; j < points; ++j) {
        x[j] = mixture_sum_point(p, library, points, j);
        highest = fmax(highest, x[j]);
    }
    return highest;
}

/* Adds the noise, sixteen blocks of four points at a time; the maximum, at least 0. */
static inline float mixture_noise_wide(__global float *x, const mixture_plan *p, float sigma,
                                       uint points, uint seed, float smooth)
{
    const uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    float16 top = 0.0f;
    float highest = 0.0f;
    float before = 0.0f;
    for (size_t j = 0; j < points; j += 64) {
        uint16 words[4] = {p->item_low, p->item_high, p->draw, (uint)(j / 4) + lane};
        float16 normal[4];
        float noise[64];
        fmx_philox16(words, (uint2)(seed, FMX_PURPOSE_MIXTURE));
        fmx_normal16(words, normal);
        for (uint k = 0; k < 4; ++k) { /* lane i of normal[k] is point 4 i + k */
            float value[16];
            vstore16(normal[k], 0, value);
            for (uint i = 0; i < 16; ++i)
                noise[4 * i + k] = value[i];
        }
        for (uint i = 0; i < 16; ++i) {
            float4 white = vload4(i, noise);
            vstore4(mixture_colour(p, white, before, smooth), i, noise);
            before = white.w;
        }
        if (j + 64 > points) {
            for (uint i = 0; j + i < points; ++i) {
                x[j + i] = fma(sigma, noise[i], x[j + i]);
                highest = fmax(highest, x[j + i]);
            }
            break;
        }
        for (uint i = 0; i < 4; ++i) {
            float16 v = fma((float16)(sigma), vload16(i, noise), vload16(i, x + j));
            vstore16(v, i, x + j);
            top = fmax(top, v);
        }
    }
    return fmax(highest, mixture_largest(top));
}

__kernel void mixture_wide(__global float *out, __global float *facts,
                           __global const float *library, __global const uint *plans,
                           __local float *scratch, uint points, uint most, uint divide, uint seed,
                           float smooth)
{
    size_t m = get_group_id(0);
    mixture_plan p = mixture_open(plans, m, most);
    __global float *x = out + m * points;
    float top = mixture_sum_wide(x, &p, library, points);
    float sigma = p.noise * (top > 0.0f ? top : 1.0f);
    if (p.noise > 0.0f)
        top = mixture_noise_wide(x, &p, sigma, points, seed, smooth);
    float divisor = mixture_divisor(divide, top, sigma);
    if (divisor != 1.0f) {
        size_t j = 0;
        for (; j + 16 <= points; j += 16)
            vstore16(vload16(0, x + j) / divisor, 0, x + j);
        for (; j < points; ++j)
            x[j] /= divisor;
    }
    facts[2 * m] = sigma / divisor;
    facts[2 * m + 1] = divisor;
    (void)scratch;
}
#endif

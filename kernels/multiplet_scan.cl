/* Where in a spectrum each multiplet of a library fits best: a list of (spectrum, pattern) pairs, each
 * tried at the 2 reach + 1 shifts s = rint(centre) - reach .. rint(centre) + reach.
 *
 *   crest[j]  = max of obs[j - 2 .. j + 2]
 *   a(s)      = max(0, quantile over the pattern's samples k of crest[base + s + point_k] / height_k)
 *   prior(s)  = 0.65 exp(-d^2 / (2 12^2)) + 0.35 exp(-d^2 / (2 44^2)), d = s - centre, points
 *   r(s)      = correlation of obs[base + s + i] with height[i] over the pattern's points i
 * Two hits a pair: the shift with the largest a prior, and among those with a >= 0.6 of the a found
 * there the one with the largest r. Of equal values the first counts; where a is 0 everywhere both
 * are at rint(centre). Points outside of the axis are 0.
 *
 * hits     float4 [pairs][2]: shift in points (the top of a parabola through a prior, or r, and its
 *          neighbours), a / highest, r at the whole shift, largest obs of the samples there
 * spectra  float [count][points], finite
 * records  uint [widths][patterns][8], heights, shapes uint4 [widths][patterns], samples uint2:
 *          host/signal/pattern_table.h
 * width    uint [count], centre float [count], pairs uint2 [pair_count]: spectrum, pattern
 * local    floats: window [length], crest [length], a [shifts], r [shifts], length >= longest pattern
 *          + shifts, shifts a multiple of 16 and >= 2 reach + 1
 *
 * The quantile is the value of rank (uint)(quantile (samples - 1) + 0.5); the MULTIPLET_SCAN_KEPT
 * smallest values are kept in order, a new one is passed down the row.
 *
 * multiplet_scan       a group of up to 64 per pair, an item has shifts l, l + n, ...
 * multiplet_scan_wide  an item per pair, sixteen shifts at a time; r only where a allows it: PoCL
 * Twin: host/ref/multiplet_scan_ref.c.
 */
#define MULTIPLET_SCAN_KEPT 10 /* ranks up to 9: quantiles up to 0.15 of 64 samples */
#define MULTIPLET_SCAN_SHARE 0.6f

typedef struct scan_job {
    __global const float *obs;
    __global const float *height;
    __global const uint2 *sample;
    uint samples;
    uint rank;
    uint count;
    int base;  /* of the pattern at the first shift */
    int first; /* shift */
    float centre;
    float highest;
    float mean;
    float inverse;
} scan_job;

static inline scan_job scan_open(__global const float *spectra, __global const uint *records,
                                 __global const float *heights, __global const uint4 *shapes,
                                 __global const uint2 *samples, __global const uint *width,
                                 __global const float *centre, uint2 pair, uint points, uint patterns,
                                 uint reach, float quantile)
{
    scan_job s;
    size_t at = (size_t)width[pair.x] * patterns + pair.y;
    __global const uint *record = records + 8 * at;
    uint4 shape = shapes[at];
    s.obs = spectra + (size_t)pair.x * points;
    s.height = heights + record[0];
    s.sample = samples + shape.x;
    s.samples = shape.y;
    s.rank = (uint)(quantile * (float)(shape.y - 1) + 0.5f);
    s.count = record[1];
    s.centre = clamp(centre[pair.x], -(float)points, (float)points);
    s.first = convert_int_rte(s.centre) - (int)reach;
    s.base = as_int(record[2]) + s.first;
    s.highest = as_float(record[4]);
    s.mean = as_float(shape.z);
    s.inverse = as_float(shape.w);
    return s;
}

static inline float scan_obs(const scan_job *s, int j, int points)
{
    return j >= 0 && j < points ? s->obs[j] : 0.0f;
}

static inline float scan_crest(const scan_job *s, int j, int points)
{
    float a = fmax(scan_obs(s, j - 2, points), scan_obs(s, j - 1, points));
    float b = fmax(scan_obs(s, j + 1, points), scan_obs(s, j + 2, points));
    return fmax(fmax(a, b), scan_obs(s, j, points));
}

static inline float scan_prior(const scan_job *s, size_t shift)
{
    float d = (float)(s->first + (int)shift) - s->centre;
    d *= d;
    return fma(0.65f, fmx_exp(d * (-1.0f / 288.0f)), 0.35f * fmx_exp(d * (-1.0f / 3872.0f)));
}

/* A correlation from sums over c points of o, o (h - mean) and o^2; 0 where obs is flat. */
static inline float scan_correlation(float sum, float product, float square, const scan_job *s)
{
    float spread = square - sum * (sum / (float)s->count);
    return spread > 1e-6f * square ? product * s->inverse / sqrt(spread) : 0.0f;
}

/* Where between its neighbours the top of b lies, -0.499 to 0.499. */
static inline float scan_top(float a, float b, float c)
{
    float bend = a - 2.0f * b + c;
    return bend < 0.0f ? clamp(0.5f * (a - c) / bend, -0.499f, 0.499f) : 0.0f;
}

/* A hit at a whole shift; `values` rises to it. */
static inline float4 scan_hit(const scan_job *s, size_t at, float before, float here, float after,
                              float a, float r, float height)
{
    return (float4)((float)(s->first + (int)at) + scan_top(before, here, after),
                    a > 0.0f ? a / s->highest : 0.0f, r, height);
}

/* The first of the indices whose items say so, in every item. Never in a branch: PoCL takes minutes
 * to compile barriers there. */
static inline size_t scan_first(bool is_top, size_t index, __local float *scratch)
{
    return (size_t)-fmx_group_max(is_top ? -(float)index : -1e9f, scratch);
}

FMX_SUBGROUP_KERNEL
__kernel void multiplet_scan(__global float4 *hits, __global const float *spectra,
                             __global const uint *records, __global const float *heights,
                             __global const uint4 *shapes, __global const uint2 *samples,
                             __global const uint *width, __global const float *centre,
                             __global const uint2 *pairs, __local float *local_floats,
                             __local float *scratch, uint first_pair, uint points, uint patterns,
                             uint reach, float quantile, uint length, uint shifts)
{
    size_t l = get_local_id(0);
    size_t n = get_local_size(0);
    size_t pair = first_pair + get_group_id(0);
    size_t tried = 2 * (size_t)reach + 1;
    __local float *window = local_floats;
    __local float *crest = window + length;
    __local float *a = crest + length;
    __local float *r = a + shifts;
    scan_job s = scan_open(spectra, records, heights, shapes, samples, width, centre, pairs[pair],
                           points, patterns, reach, quantile);
    size_t used = s.count + tried - 1; /* a pattern without points goes through all of it too */
    float sum = 0.0f;
    for (size_t j = l; j < used; j += n) {
        window[j] = scan_obs(&s, s.base + (int)j, (int)points);
        crest[j] = scan_crest(&s, s.base + (int)j, (int)points);
        sum += window[j];
    }
    float pivot = fmx_group_sum(sum, scratch) / (float)used; /* its barriers show crest to all */
    float best = 0.0f;
    size_t at = reach;
    for (size_t i = l; i < tried; i += n) {
        float kept[MULTIPLET_SCAN_KEPT];
        float square = 0.0f, product = 0.0f;
        float quantile_value = 0.0f;
        sum = 0.0f;
#pragma unroll
        for (int k = 0; k < MULTIPLET_SCAN_KEPT; ++k)
            kept[k] = INFINITY;
        for (uint q = 0; q < s.samples; ++q) {
            uint2 sample = s.sample[q];
            float v = crest[i + sample.x] * as_float(sample.y);
#pragma unroll
            for (int k = 0; k < MULTIPLET_SCAN_KEPT; ++k) {
                float small = fmin(v, kept[k]);
                v = fmax(v, kept[k]);
                kept[k] = small;
            }
        }
#pragma unroll
        for (int k = 0; k < MULTIPLET_SCAN_KEPT; ++k)
            quantile_value = (uint)k == s.rank ? kept[k] : quantile_value;
        a[i] = s.count > 0 ? fmax(0.0f, quantile_value) : 0.0f;
        for (size_t j = 0; j < s.count; ++j) {
            float o = window[i + j] - pivot;
            sum += o;
            product = fma(o, s.height[j] - s.mean, product);
            square = fma(o, o, square);
        }
        r[i] = scan_correlation(sum, product, square, &s);
        float score = a[i] * scan_prior(&s, i);
        at = score > best ? i : at;
        best = fmax(score, best);
    }
    float top = fmx_group_max(best, scratch);
    at = scan_first(best == top, at, scratch);
    at = top > 0.0f ? at : reach;
    float least = MULTIPLET_SCAN_SHARE * a[at];
    float closest = -2.0f;
    size_t near = at;
    for (size_t i = l; i < tried && top > 0.0f; i += n) {
        near = a[i] >= least && r[i] > closest ? i : near;
        closest = a[i] >= least ? fmax(r[i], closest) : closest;
    }
    float top_r = fmx_group_max(closest, scratch);
    near = scan_first(closest == top_r, near, scratch);
    near = top > 0.0f ? near : at;
    float high = s.count > 0 ? -INFINITY : 0.0f;
    float high_near = high;
    for (size_t q = l; q < s.samples; q += n) {
        high = fmax(high, window[at + s.sample[q].x]);
        high_near = fmax(high_near, window[near + s.sample[q].x]);
    }
    high = fmx_group_max(high, scratch);
    high_near = fmx_group_max(high_near, scratch);
    if (l > 0)
        return;
    bool inside = at > 0 && at + 1 < tried;
    hits[2 * pair] = scan_hit(&s, at, inside ? a[at - 1] * scan_prior(&s, at - 1) : 0.0f,
                              inside ? top : 0.0f, inside ? a[at + 1] * scan_prior(&s, at + 1) : 0.0f,
                              a[at], r[at], high);
    inside = near > 0 && near + 1 < tried && top > 0.0f;
    hits[2 * pair + 1] = scan_hit(&s, near, inside ? r[near - 1] : 0.0f, inside ? r[near] : 0.0f,
                                  inside ? r[near + 1] : 0.0f, a[near], r[near], high_near);
}

#ifdef FMX_VARIANT_CPU
/* min and max as they compile to one instruction; nothing here is NaN */
#define SCAN_LESS(a, b) select(b, a, (int16)((a) < (b)))
#define SCAN_MORE(a, b) select(a, b, (int16)((a) < (b)))

/* Window and crest of points base .. base + used - 1; up to 15 values more are written. */
static inline void scan_load16(const scan_job *s, size_t used, int points, __local float *window,
                               __local float *crest)
{
    if (s->base >= 2 && s->base + (int)used + 18 <= points) {
        __global const float *obs = s->obs + s->base;
        for (size_t j = 0; j < used; j += 16) {
            float16 v = vload16(0, obs + j);
            float16 top = v;
            for (size_t k = 0; k < 5; ++k) {
                float16 other = vload16(0, obs + j + k - 2);
                top = SCAN_MORE(top, other);
            }
            vstore16(v, 0, window + j);
            vstore16(top, 0, crest + j);
        }
        return;
    }
    for (size_t j = 0; j < used; ++j) {
        window[j] = scan_obs(s, s->base + (int)j, points);
        crest[j] = scan_crest(s, s->base + (int)j, points);
    }
}

/* a of sixteen shifts, rank below `kept`, which is known where this is inlined. */
static inline float16 scan_quantile16(const int kept, const scan_job *s, __local const float *crest)
{
    float16 row[MULTIPLET_SCAN_KEPT];
    float16 value = 0.0f;
#pragma unroll
    for (int k = 0; k < kept; ++k)
        row[k] = INFINITY;
    for (uint q = 0; q < s->samples; ++q) {
        float16 v = vload16(0, crest + s->sample[q].x) * as_float(s->sample[q].y);
#pragma unroll
        for (int k = 0; k < kept; ++k) {
            float16 small = SCAN_LESS(v, row[k]);
            v = SCAN_MORE(v, row[k]);
            row[k] = small;
        }
    }
#pragma unroll
    for (int k = 0; k < kept; ++k)
        value = (uint)k == s->rank ? row[k] : value;
    return SCAN_MORE(value, (float16)(0.0f));
}

static inline void scan_quantiles(const scan_job *s, __local const float *crest, size_t tried,
                                  __local float *a)
{
    for (size_t i = 0; i < tried; i += 16) {
        float16 v;
        if (s->rank == 0)
            v = scan_quantile16(1, s, crest + i);
        else if (s->rank == 1)
            v = scan_quantile16(2, s, crest + i);
        else if (s->rank <= 3)
            v = scan_quantile16(4, s, crest + i);
        else if (s->rank <= 6)
            v = scan_quantile16(7, s, crest + i);
        else
            v = scan_quantile16(MULTIPLET_SCAN_KEPT, s, crest + i);
        vstore16(v, 0, a + i);
    }
}

/* r of sixteen shifts. */
static inline float16 scan_correlation16(const scan_job *s, __local const float *window, float pivot)
{
    float16 sum = 0.0f, product = 0.0f, square = 0.0f;
    for (size_t j = 0; j < s->count; ++j) {
        float16 o = vload16(0, window + j) - pivot;
        sum += o;
        product = fma(o, (float16)(s->height[j] - s->mean), product);
        square = fma(o, o, square);
    }
    float16 spread = square - sum * (sum / (float)s->count);
    float16 r = product * s->inverse / sqrt(fmax(spread, 1e-6f * square));
    return select((float16)(0.0f), r, (int16)(spread > 1e-6f * square));
}

static inline float scan_largest(const scan_job *s, __local const float *window)
{
    float high = -INFINITY;
    for (uint q = 0; q < s->samples; ++q)
        high = fmax(high, window[s->sample[q].x]);
    return high;
}

/* A shift's own r, as scan_correlation16 has it. */
static inline float scan_one(const scan_job *s, __local const float *window, float pivot)
{
    float sum = 0.0f, product = 0.0f, square = 0.0f;
    for (size_t j = 0; j < s->count; ++j) {
        float o = window[j] - pivot;
        sum += o;
        product = fma(o, s->height[j] - s->mean, product);
        square = fma(o, o, square);
    }
    return scan_correlation(sum, product, square, s);
}

__kernel void multiplet_scan_wide(__global float4 *hits, __global const float *spectra,
                                  __global const uint *records, __global const float *heights,
                                  __global const uint4 *shapes, __global const uint2 *samples,
                                  __global const uint *width, __global const float *centre,
                                  __global const uint2 *pairs, __local float *local_floats,
                                  __local float *scratch, uint first_pair, uint points, uint patterns,
                                  uint reach, float quantile, uint length, uint shifts)
{
    size_t pair = first_pair + get_group_id(0);
    size_t tried = 2 * (size_t)reach + 1;
    __local float *window = local_floats;
    __local float *crest = window + length;
    __local float *a = crest + length;
    __local float *r = a + shifts;
    scan_job s = scan_open(spectra, records, heights, shapes, samples, width, centre, pairs[pair],
                           points, patterns, reach, quantile);
    if (s.count == 0) {
        hits[2 * pair] = (float4)((float)(s.first + (int)reach), 0.0f, 0.0f, 0.0f);
        hits[2 * pair + 1] = hits[2 * pair];
        return;
    }
    size_t used = s.count + shifts - 1;
    scan_load16(&s, used, (int)points, window, crest);
    scan_quantiles(&s, crest, tried, a);
    float16 sums = 0.0f;
    for (size_t j = 0; j + 16 <= used; j += 16)
        sums += vload16(0, window + j);
    float8 half_sum = sums.lo + sums.hi;
    float4 quarter = half_sum.lo + half_sum.hi;
    float pivot = (quarter.x + quarter.y + quarter.z + quarter.w) / (float)(used / 16 * 16);
    float top = 0.0f;
    size_t at = reach;
    for (size_t i = 0; i < tried; ++i) {
        if (a[i] <= top) /* the prior is 1 at most */
            continue;
        float score = a[i] * scan_prior(&s, i);
        at = score > top ? i : at;
        top = fmax(score, top);
    }
    float least = MULTIPLET_SCAN_SHARE * a[at];
    float closest = -2.0f;
    size_t near = at;
    for (size_t first = 0; first < tried && top > 0.0f; first += 16) {
        if (!any(vload16(0, a + first) >= least))
            continue;
        vstore16(scan_correlation16(&s, window + first, pivot), 0, r + first);
        for (size_t i = first; i < min(first + 16, tried); ++i) {
            if (a[i] >= least && r[i] > closest) {
                near = i;
                closest = r[i];
            }
        }
    }
    float r_at = scan_one(&s, window + at, pivot);
    bool inside = at > 0 && at + 1 < tried;
    hits[2 * pair] = scan_hit(&s, at, inside ? a[at - 1] * scan_prior(&s, at - 1) : 0.0f,
                              inside ? top : 0.0f, inside ? a[at + 1] * scan_prior(&s, at + 1) : 0.0f,
                              a[at], r_at, scan_largest(&s, window + at));
    inside = near > 0 && near + 1 < tried && top > 0.0f;
    hits[2 * pair + 1] =
        scan_hit(&s, near, inside ? scan_one(&s, window + near - 1, pivot) : 0.0f,
                 inside ? closest : 0.0f, inside ? scan_one(&s, window + near + 1, pivot) : 0.0f, a[near],
                 top > 0.0f ? closest : r_at, scan_largest(&s, window + near));
}
#endif

/* Synthesis: spectra straight from lines, each value the mean of the spectrum over its point's cell.
 *
 *   out[row][j] = (sum over parts, lines of amount weight shape(j - place - stretch offset) + sum over
 *                 humps of height exp(-((j - place) / width)^2)) / divisor
 *
 * out     float [rows][points]
 * lines   float2 [lines]: offset from the multiplet's place in points, weight; rising within a part
 * plan    uint: heads [rows][8], parts [][8] from word parts_at on, humps [][4] from humps_at on
 *         head  first part, parts, first hump, humps, divide, cosine, sine, gauss (floats)
 *         part  first line, lines, whole points of its place (int), fraction, amount, half width in
 *               points, stretch (floats), window: first block of 16 points | number of blocks << 16
 *         hump  place, 1 / width, height (floats), unused
 * reach   half widths over which the dispersive part fades
 * half    half of a cell, in points
 *
 * With g the half width at half height and h half a cell,
 *   shape = (1 - gauss) (cosine A + sine D) + gauss G
 *   A = atan2(2 h g, g^2 + x^2 - h^2) / (2 pi h)                 a Lorentzian of area 1
 *   D = log((g^2 + (x + h)^2) / (g^2 + (x - h)^2)) / (4 pi h) max(0, 1 - (x / (reach g))^2)
 *   G = (erf(s (x + h)) - erf(s (x - h))) / (4 h), s = sqrt(log 2) / g     a Gaussian of area 1
 * A line reaches over the window of its multiplet; nothing is added outside of it. divisor: the
 * largest value of the row where the head asks for it and that is above 0, else 1. Order of
 * additions: parts as listed, lines of a part first among themselves, then humps.
 *
 * synthesis       a group of up to 256 per row; an item owns points l, l + n, ...
 * synthesis_wide  an item per row, 16 points at a time, for PoCL
 * synthesis_sources  what each part of a mixture adds to it: an item per four points
 * Twin: host/ref/synthesis_ref.c.
 */
#define SYNTHESIS_HEAD 8
#define SYNTHESIS_PART 8
#define SYNTHESIS_HUMP 4

typedef struct synthesis_shape {
    float g;
    float h;
    float square;  /* g^2 - h^2 */
    float product; /* 2 h g */
    float fade;    /* 1 / (reach g)^2 */
    float inverse; /* sqrt(log 2) / g */
    float absorption;
    float dispersion;
    float gauss;
} synthesis_shape;

typedef struct synthesis_part {
    uint line;
    uint lines;
    int base;
    float fraction;
    float amount;
    float stretch;
    uint first; /* point */
    uint end;
    synthesis_shape shape;
} synthesis_part;

static inline synthesis_part synthesis_open(__global const uint *words, __global const uint *head,
                                            uint points, float reach, float half_cell)
{
    synthesis_part p;
    float g = as_float(words[5]);
    float gauss = as_float(head[7]);
    p.line = words[0];
    p.lines = words[1];
    p.base = as_int(words[2]);
    p.fraction = as_float(words[3]);
    p.amount = as_float(words[4]);
    p.stretch = as_float(words[6]);
    p.first = 16 * (words[7] & 0xffffu);
    p.end = min(points, p.first + 16 * (words[7] >> 16));
    p.shape.g = g;
    p.shape.h = half_cell;
    p.shape.square = g * g - half_cell * half_cell;
    p.shape.product = 2.0f * half_cell * g;
    p.shape.fade = 1.0f / (reach * reach * g * g);
    p.shape.inverse = 0.83255461115769776f / g;
    p.shape.absorption = (1.0f - gauss) * as_float(head[5]) / (6.2831853071795865f * half_cell);
    p.shape.dispersion = (1.0f - gauss) * as_float(head[6]) / (12.566370614359173f * half_cell);
    p.shape.gauss = gauss / (4.0f * half_cell);
    return p;
}

/* The arc tangent is Hastings' polynomial (Abramowitz and Stegun 4.4.49, 2e-8), erf theirs 7.1.26
 * (1.5e-7). */
#define SYNTHESIS_DEFINE(SUFFIX, FLOAT, INT, LOG, EXP)                                             \
    static inline FLOAT synthesis_angle##SUFFIX(FLOAT x, const synthesis_shape *s)                 \
    {                                                                                              \
        FLOAT y = (FLOAT)(s->product);                                                             \
        FLOAT d = fma(x, x, (FLOAT)(s->square));                                                   \
        FLOAT a = fabs(d);                                                                         \
        FLOAT t = fmin(a, y) / fmax(a, y);                                                         \
        FLOAT z = t * t;                                                                           \
        FLOAT p = fma((FLOAT)(0.0028662257f), z, (FLOAT)(-0.0161657367f));                         \
        p = fma(p, z, (FLOAT)(0.0429096138f));                                                     \
        p = fma(p, z, (FLOAT)(-0.0752896400f));                                                    \
        p = fma(p, z, (FLOAT)(0.1065626393f));                                                     \
        p = fma(p, z, (FLOAT)(-0.1420889944f));                                                    \
        p = fma(p, z, (FLOAT)(0.1999355085f));                                                     \
        p = fma(p, z, (FLOAT)(-0.3333314528f));                                                    \
        p = fma(p * z, t, t);                                                                      \
        p = select(p, 1.5707963267948966f - p, (INT)(y > a));                                      \
        return select(p, 3.1415926535897932f - p, (INT)(d < 0.0f));                                \
    }                                                                                              \
    static inline FLOAT synthesis_erf##SUFFIX(FLOAT x)                                             \
    {                                                                                              \
        FLOAT a = fabs(x);                                                                         \
        FLOAT t = 1.0f / fma((FLOAT)(0.3275911f), a, (FLOAT)(1.0f));                               \
        FLOAT p = fma((FLOAT)(1.061405429f), t, (FLOAT)(-1.453152027f));                           \
        p = fma(p, t, (FLOAT)(1.421413741f));                                                      \
        p = fma(p, t, (FLOAT)(-0.284496736f));                                                     \
        p = fma(p, t, (FLOAT)(0.254829592f));                                                      \
        return copysign(1.0f - p * t * EXP(-a * a), x);                                            \
    }                                                                                              \
    static inline FLOAT synthesis_value##SUFFIX(FLOAT x, const synthesis_shape *s)                 \
    {                                                                                              \
        FLOAT v = s->absorption * synthesis_angle##SUFFIX(x, s);                                   \
        if (s->dispersion != 0.0f) {                                                               \
            FLOAT above = fma(x + s->h, x + s->h, (FLOAT)(s->g * s->g));                           \
            FLOAT below = fma(x - s->h, x - s->h, (FLOAT)(s->g * s->g));                           \
            FLOAT fade = fmax((FLOAT)(0.0f), 1.0f - x * x * s->fade);                              \
            v = fma(s->dispersion * fade, LOG(above / below), v);                                  \
        }                                                                                          \
        if (s->gauss > 0.0f)                                                                       \
            v = fma((FLOAT)(s->gauss),                                                             \
                    synthesis_erf##SUFFIX(s->inverse * (x + s->h)) -                               \
                        synthesis_erf##SUFFIX(s->inverse * (x - s->h)),                            \
                    v);                                                                            \
        return v;                                                                                  \
    }

SYNTHESIS_DEFINE(, float, int, fmx_log, fmx_exp)

/* All lines of a part at point j. */
static inline float synthesis_point(const synthesis_part *p, __global const float2 *lines, size_t j)
{
    float at = (float)((int)j - p->base) - p->fraction;
    float sum = 0.0f;
    for (uint i = p->line; i < p->line + p->lines; ++i)
        sum = fma(lines[i].y, synthesis_value(fma(-p->stretch, lines[i].x, at), &p->shape), sum);
    return sum;
}

static inline float synthesis_hump(__global const uint *hump, size_t j)
{
    float u = ((float)j - as_float(hump[0])) * as_float(hump[1]);
    return as_float(hump[2]) * fmx_exp(-u * u);
}

/* No declared group size: it may be clamped. An item keeps to its own points, so nothing but the
 * maximum is shared. */
FMX_SUBGROUP_KERNEL
__kernel void synthesis(__global float *out, __global const float2 *lines, __global const uint *plan,
                        __local float *scratch, uint parts_at, uint humps_at, uint points, float reach,
                        float half_cell)
{
    size_t l = get_local_id(0);
    size_t n = get_local_size(0);
    size_t row = get_group_id(0);
    __global const uint *head = plan + SYNTHESIS_HEAD * row;
    __global float *x = out + row * points;
    for (size_t j = l; j < points; j += n)
        x[j] = 0.0f;
    for (uint k = head[0]; k < head[0] + head[1]; ++k) {
        synthesis_part p = synthesis_open(plan + parts_at + SYNTHESIS_PART * (size_t)k, head, points,
                                          reach, half_cell);
        for (size_t j = p.first + (l + n - p.first % n) % n; j < p.end; j += n)
            x[j] = fma(p.amount, synthesis_point(&p, lines, j), x[j]);
    }
    float top = 0.0f;
    for (size_t j = l; j < points; j += n) {
        float v = x[j];
        for (uint k = head[2]; k < head[2] + head[3]; ++k)
            v += synthesis_hump(plan + humps_at + SYNTHESIS_HUMP * (size_t)k, j);
        x[j] = v;
        top = fmax(top, v);
    }
    top = fmx_group_max(top, scratch);
    if (head[4] != 0 && top > 0.0f) {
        for (size_t j = l; j < points; j += n)
            x[j] /= top;
    }
}

/* sources[m][s][j] = weight / divisor_m times a row, 0 where there is none.
 *
 * sources  float [mixtures][slots][points]
 * rows     float [rows][points]
 * facts    float [mixtures][2]: of the mixture kernel, the second is the divisor
 * slot     uint [mixtures][slots][2]: row (0xffffffff: none), weight (float)
 */
__kernel void synthesis_sources(__global float *sources, __global const float *rows,
                                __global const float *facts, __global const uint *slot, uint slots,
                                uint mixtures, uint points)
{
    size_t block = get_global_id(0);
    size_t s = get_global_id(1);
    size_t j = 4 * block;
    if (j >= points || s >= (size_t)slots * mixtures)
        return;
    uint row = slot[2 * s];
    float weight = as_float(slot[2 * s + 1]) / facts[2 * (s / slots) + 1];
    __global float *to = sources + s * points;
    __global const float *from = rows + (row == 0xffffffffu ? 0 : row) * (size_t)points;
    for (size_t end = min(j + 4, (size_t)points); j < end; ++j)
        to[j] = row == 0xffffffffu ? 0.0f : weight * from[j];
}

#ifdef FMX_VARIANT_CPU
SYNTHESIS_DEFINE(16, float16, int16, fmx_log16, fmx_exp16)

#define SYNTHESIS_IOTA ((float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))

/* Far from a line, beyond 8 (g + h), the angle is small: z - z^3 / 3, the next term is below 1e-9 of
 * it; the logarithm is 2 (z + z^3 / 3 + z^5 / 5) with z = 2 x h / (x^2 + g^2 + h^2) below 1/8, the
 * next term below 6e-7 of it; and the Gaussian is below 1e-18. */
static inline float16 synthesis_block(const synthesis_part *p, __global const float2 *lines, size_t j)
{
    const synthesis_shape *s = &p->shape;
    float at = (float)((int)j - p->base) - p->fraction;
    float near = 8.0f * (s->g + s->h);
    float both = s->g * s->g + s->h * s->h;
    float16 sum = 0.0f;
    for (uint i = p->line; i < p->line + p->lines; ++i) {
        float from = fma(-p->stretch, lines[i].x, at);
        float16 x = from + SYNTHESIS_IOTA;
        if (from > near || from + 15.0f < -near) {
            float16 z = s->product / fma(x, x, (float16)(s->square));
            float16 angle = fma(z * z, z * (-1.0f / 3.0f), z);
            sum = fma((float16)(lines[i].y * s->absorption), angle, sum);
            if (s->dispersion != 0.0f) {
                float16 u = 2.0f * s->h * x / fma(x, x, (float16)(both));
                float16 w = u * u;
                float16 fade = fmax((float16)(0.0f), 1.0f - x * x * s->fade);
                u *= fma(w, fma(w, (float16)(0.4f), (float16)(2.0f / 3.0f)), (float16)(2.0f));
                sum = fma((float16)(lines[i].y * s->dispersion), fade * u, sum);
            }
        } else {
            sum = fma((float16)(lines[i].y), synthesis_value16(x, s), sum);
        }
    }
    return sum;
}

static inline float16 synthesis_hump16(__global const uint *hump, size_t j)
{
    float16 u = (((float)j - as_float(hump[0])) + SYNTHESIS_IOTA) * as_float(hump[1]);
    return as_float(hump[2]) * fmx_exp16(-u * u);
}

__kernel void synthesis_wide(__global float *out, __global const float2 *lines,
                             __global const uint *plan, __local float *scratch, uint parts_at,
                             uint humps_at, uint points, float reach, float half_cell)
{
    size_t row = get_group_id(0);
    __global const uint *head = plan + SYNTHESIS_HEAD * row;
    __global float *x = out + row * points;
    float top = 0.0f;
    size_t j = 0;
    for (; j + 16 <= points; j += 16)
        vstore16((float16)(0.0f), 0, x + j);
    for (; j < points; ++j)
        x[j] = 0.0f;
    for (uint k = head[0]; k < head[0] + head[1]; ++k) {
        synthesis_part p = synthesis_open(plan + parts_at + SYNTHESIS_PART * (size_t)k, head, points,
                                          reach, half_cell);
        for (j = p.first; j + 16 <= p.end; j += 16)
            vstore16(fma((float16)(p.amount), synthesis_block(&p, lines, j), vload16(0, x + j)), 0,
                     x + j);
        for (; j < p.end; ++j)
            x[j] = fma(p.amount, synthesis_point(&p, lines, j), x[j]);
    }
    float16 tops = 0.0f;
    for (j = 0; j + 16 <= points; j += 16) {
        float16 v = vload16(0, x + j);
        for (uint k = head[2]; k < head[2] + head[3]; ++k)
            v += synthesis_hump16(plan + humps_at + SYNTHESIS_HUMP * (size_t)k, j);
        if (head[3] > 0)
            vstore16(v, 0, x + j);
        tops = select(tops, v, (int16)(v > tops));
    }
    for (; j < points; ++j) {
        float v = x[j];
        for (uint k = head[2]; k < head[2] + head[3]; ++k)
            v += synthesis_hump(plan + humps_at + SYNTHESIS_HUMP * (size_t)k, j);
        x[j] = v;
        top = fmax(top, v);
    }
    float8 t8 = fmax(tops.lo, tops.hi);
    float4 t4 = fmax(t8.lo, t8.hi);
    top = fmax(top, fmax(fmax(t4.x, t4.y), fmax(t4.z, t4.w)));
    if (head[4] != 0 && top > 0.0f) {
        for (j = 0; j + 16 <= points; j += 16)
            vstore16(vload16(0, x + j) / top, 0, x + j);
        for (; j < points; ++j)
            x[j] /= top;
    }
}
#endif

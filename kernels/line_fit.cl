/* The first line of a spectrum, fitted by least squares.
 *
 * lines     float [rows][values]: the first `values` of place x0, area A, half width gamma, Gaussian
 *           share eta (0 for Lorentz)
 * spectra   float [rows][points], point k at k step_hz
 *
 *   Lorentz       y = A L,  L = gamma / (pi (u^2 + gamma^2)),  u = x - x0
 *   pseudo-Voigt  y = A ((1 - eta) L + eta G),  G = sqrt(ln 2 / pi) / gamma exp(-ln 2 u^2 / gamma^2)
 *
 * Peak: a point above its neighbours (the middle of a plateau), prominence = its height over the
 * higher of the two lowest values between it and the next higher value on either side; the first one
 * with a prominence of at least `least`, otherwise the highest point.
 * Fit: Levenberg and Marquardt over all points in units of points from the peak, from x0 = peak,
 * gamma = half the width at half height, A = pi gamma height; `rounds` rounds, each one pass over the
 * row that gives the sum of squares and the normal equations of the next step. A step stays when the
 * sum falls, or when the sum is the same within its rounding and the gradient gets smaller (as the
 * normal equations weigh it: the sum alone would end at the root of the rounding unit); otherwise it
 * is undone and damped.
 *
 * line_fit       a group of 256 for each row
 * line_fit_wide  an item for each row, sixteen points at a time; PoCL
 *
 * sums of a pass, float16: J^T J (00 01 02 03 11 12 13 22 23 33), J^T r (0 1 2 3), r^2, unused.
 * Orders of additions are fixed. Twin: host/ref/line_fit_ref.c.
 */
#define LINE_FIT_GROUP 256
#define LINE_FIT_PI 3.14159265358979f
#define LINE_FIT_LN2 0.693147180559945f
#define LINE_FIT_GAUSS 0.469718639349826f /* sqrt(ln 2 / pi) */

/* ---- the peak ------------------------------------------------------------------------------------ */

/* The peak that begins with a rise at i: its middle, or -1. */
static inline int line_fit_peak(__global const float *y, int points, int i)
{
    if (i < 1 || !(y[i - 1] < y[i]))
        return -1;
    int j = i;
    while (j + 1 < points && y[j + 1] == y[i])
        ++j;
    return j + 1 < points && y[j + 1] < y[i] ? (i + j) / 2 : -1;
}

static inline float line_fit_prominence(__global const float *y, int points, int peak)
{
    float left = y[peak];
    float right = y[peak];
    for (int i = peak; i >= 0 && y[i] <= y[peak]; --i)
        left = fmin(left, y[i]);
    for (int i = peak; i < points && y[i] <= y[peak]; ++i)
        right = fmin(right, y[i]);
    return y[peak] - fmax(left, right);
}

/* Half the width at half height, in points, at least half a point. */
static inline float line_fit_width(__global const float *y, int points, int peak)
{
    int left = peak;
    int right = peak;
    while (left > 0 && y[left] > 0.5f * y[peak])
        --left;
    while (right + 1 < points && y[right] > 0.5f * y[peak])
        ++right;
    return fmax(0.5f, 0.25f * (float)(right - left));
}

/* ---- the fit ------------------------------------------------------------------------------------- */

/* The Cholesky factor of the damped normal equations solved for the step; 0 where they have none.
 * Unknowns that do not count have rows of the unit matrix. */
static inline float4 line_fit_solve(float16 s, float damping)
{
    float d = 1.0f + damping;
    float l00 = sqrt(s.s0 * d);
    float l10 = s.s1 / l00;
    float l20 = s.s2 / l00;
    float l30 = s.s3 / l00;
    float l11 = sqrt(s.s4 * d - l10 * l10);
    float l21 = (s.s5 - l20 * l10) / l11;
    float l31 = (s.s6 - l30 * l10) / l11;
    float l22 = sqrt(s.s7 * d - l20 * l20 - l21 * l21);
    float l32 = (s.s8 - l30 * l20 - l31 * l21) / l22;
    float l33 = sqrt(s.s9 * d - l30 * l30 - l31 * l31 - l32 * l32);
    float a = s.sa / l00;
    float b = (s.sb - l10 * a) / l11;
    float c = (s.sc - l20 * a - l21 * b) / l22;
    float e = (s.sd - l30 * a - l31 * b - l32 * c) / l33;
    float4 x;
    x.w = e / l33;
    x.z = (c - l32 * x.w) / l22;
    x.y = (b - l21 * x.z - l31 * x.w) / l11;
    x.x = (a - l10 * x.y - l20 * x.z - l30 * x.w) / l00;
    bool good = isfinite(x.x) && isfinite(x.y) && isfinite(x.z) && isfinite(x.w);
    return good ? x : (float4)(0.0f);
}

typedef struct line_fit_state {
    float4 best;  /* x0 in points from the peak, A, gamma, eta */
    float4 tried;
    float16 sums; /* of best */
    float excess; /* of best: what the normal equations promise that its sum can still fall by */
    float damping;
} line_fit_state;

/* Takes the sums of the line that was tried and chooses the next one. */
static inline void line_fit_step(line_fit_state *f, float16 sums, int first)
{
    float4 step = line_fit_solve(sums, 1e-2f);
    float excess = step.x * sums.sa + step.y * sums.sb + step.z * sums.sc + step.w * sums.sd;
    bool falls = sums.se < f->sums.se * (1.0f - 1e-6f);
    /* below the rounding of the sum the gradient decides */
    bool nears = sums.se <= f->sums.se * (1.0f + 4e-6f) && excess < f->excess;
    if (first || falls || nears) {
        f->best = f->tried;
        f->sums = sums;
        f->excess = excess;
        f->damping *= 0.2f;
    } else {
        f->damping *= 8.0f;
    }
    f->damping = clamp(f->damping, 1e-7f, 1e7f);
    f->tried = f->best + line_fit_solve(f->sums, f->damping);
}

/* Both signs of A and gamma together are one line. */
static inline void line_fit_store(__global float *out, const line_fit_state *f, int peak, float step,
                                  uint values)
{
    float turned = f->best.z < 0.0f ? -1.0f : 1.0f;
    out[0] = ((float)peak + f->best.x) * step;
    if (values > 1)
        out[1] = turned * f->best.y * step;
    if (values > 2)
        out[2] = turned * f->best.z * step;
    if (values > 3)
        out[3] = f->best.w;
}

static inline line_fit_state line_fit_start(__global const float *y, int points, int peak)
{
    line_fit_state f;
    float width = line_fit_width(y, points, peak);
    f.best = (float4)(0.0f, LINE_FIT_PI * width * y[peak], width, 0.0f);
    f.tried = f.best;
    f.sums = (float16)(0.0f);
    f.excess = 0.0f;
    f.damping = 1e-2f;
    return f;
}

/* Value and derivatives by x0, A, gamma, eta at u points from the place; FLOAT: float or float16. */
#define LINE_FIT_DEFINE_SHAPE(NAME, FLOAT, EXP)                                                    \
    static inline FLOAT NAME(FLOAT u, float4 p, int voigt, FLOAT *dx, FLOAT *da, FLOAT *dg,        \
                             FLOAT *de)                                                            \
    {                                                                                              \
        FLOAT d = (FLOAT)(1.0f) / fma(u, u, (FLOAT)(p.z * p.z));                                   \
        FLOAT l = d * (p.z / LINE_FIT_PI);                                                         \
        FLOAT lx = (FLOAT)(2.0f) * u * d * l;                                                      \
        FLOAT lg = fma(u, u, (FLOAT)(-p.z * p.z)) * d * d * (FLOAT)(1.0f / LINE_FIT_PI);           \
        if (!voigt) {                                                                              \
            *dx = p.y * lx;                                                                        \
            *da = l;                                                                               \
            *dg = p.y * lg;                                                                        \
            *de = (FLOAT)(0.0f);                                                                   \
            return p.y * l;                                                                        \
        }                                                                                          \
        FLOAT v = u * (FLOAT)(1.0f / p.z);                                                         \
        FLOAT g = EXP(v * v * (FLOAT)(-LINE_FIT_LN2)) * (FLOAT)(LINE_FIT_GAUSS / fabs(p.z));       \
        FLOAT gx = g * v * (FLOAT)(2.0f * LINE_FIT_LN2 / p.z);                                     \
        FLOAT gg = g * fma(v * v, (FLOAT)(2.0f * LINE_FIT_LN2), (FLOAT)(-1.0f)) / p.z;             \
        *dx = p.y * fma((FLOAT)(p.w), gx - lx, lx);                                                \
        *da = fma((FLOAT)(p.w), g - l, l);                                                         \
        *dg = p.y * fma((FLOAT)(p.w), gg - lg, lg);                                                \
        *de = p.y * (g - l);                                                                       \
        return p.y * *da;                                                                          \
    }

LINE_FIT_DEFINE_SHAPE(line_fit_shape, float, fmx_exp)

/* What one point adds to the sums. */
static inline float16 line_fit_add(float16 s, float u, float y, float4 p, int voigt)
{
    float dx, da, dg, de;
    float r = y - line_fit_shape(u, p, voigt, &dx, &da, &dg, &de);
    return s + (float16)(dx * dx, dx * da, dx * dg, dx * de, da * da, da * dg, da * de, dg * dg,
                         dg * de, de * de, dx * r, da * r, dg * r, de * r, r * r, 0.0f);
}

__kernel void line_fit(__global float *lines, __global const float *spectra,
                       __local float16 *scratch, uint count, uint voigt, uint rounds, float least,
                       float step, uint values)
{
    int l = (int)get_local_id(0);
    int n = (int)get_local_size(0);
    int points = (int)count;
    size_t row = get_group_id(0);
    __global const float *y = spectra + row * count;
    __local float *best = (__local float *)scratch;
    float first = -(float)points;
    float highest = -INFINITY;
    for (int i = l; i < points; i += n) {
        int peak = y[i] >= least ? line_fit_peak(y, points, i) : -1;
        if (peak >= 0 && (float)-peak > first && line_fit_prominence(y, points, peak) >= least)
            first = (float)-peak;
        highest = fmax(highest, y[i]);
    }
    first = fmx_group_max(first, best);
    highest = fmx_group_max(highest, best);
    if (first == -(float)points) { /* none: the first of the highest points */
        for (int i = l; i < points; i += n) {
            if (y[i] == highest)
                first = fmax(first, (float)-i);
        }
        first = fmx_group_max(first, best);
    }
    int peak = min((int)-first, points - 1);
    line_fit_state f = line_fit_start(y, points, peak);
    for (uint round = 0; round <= rounds; ++round) {
        float16 s = (float16)(0.0f);
        for (int i = l; i < points; i += n)
            s = line_fit_add(s, (float)(i - peak) - f.tried.x, y[i], f.tried, voigt != 0);
        scratch[l] = s;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int width = n; width > 1;) {
            int half_width = (width + 1) / 2;
            if (l + half_width < width)
                scratch[l] += scratch[l + half_width];
            barrier(CLK_LOCAL_MEM_FENCE);
            width = half_width;
        }
        s = scratch[0];
        barrier(CLK_LOCAL_MEM_FENCE);
        s.s9 = voigt != 0 ? s.s9 : 1.0f;
        line_fit_step(&f, s, round == 0);
    }
    if (l == 0)
        line_fit_store(lines + values * row, &f, peak, step, values);
}

#ifdef FMX_VARIANT_CPU
LINE_FIT_DEFINE_SHAPE(line_fit_shape16, float16, fmx_exp16)

static inline float line_fit_total(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

static inline float16 line_fit_pass(__global const float *y, int points, int peak, float4 p,
                                    int voigt)
{
    const float16 lane = (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    float16 t[15];
    for (int k = 0; k < 15; ++k)
        t[k] = (float16)(0.0f);
    int i = 0;
    for (; i + 16 <= points; i += 16) {
        float16 dx, da, dg, de;
        float16 u = lane + ((float)(i - peak) - p.x);
        float16 r = vload16(0, y + i) - line_fit_shape16(u, p, voigt, &dx, &da, &dg, &de);
        t[0] = fma(dx, dx, t[0]);
        t[1] = fma(dx, da, t[1]);
        t[2] = fma(dx, dg, t[2]);
        t[4] = fma(da, da, t[4]);
        t[5] = fma(da, dg, t[5]);
        t[7] = fma(dg, dg, t[7]);
        t[10] = fma(dx, r, t[10]);
        t[11] = fma(da, r, t[11]);
        t[12] = fma(dg, r, t[12]);
        t[14] = fma(r, r, t[14]);
        if (voigt) {
            t[3] = fma(dx, de, t[3]);
            t[6] = fma(da, de, t[6]);
            t[8] = fma(dg, de, t[8]);
            t[9] = fma(de, de, t[9]);
            t[13] = fma(de, r, t[13]);
        }
    }
    float16 s;
    s.s0 = line_fit_total(t[0]);
    s.s1 = line_fit_total(t[1]);
    s.s2 = line_fit_total(t[2]);
    s.s3 = line_fit_total(t[3]);
    s.s4 = line_fit_total(t[4]);
    s.s5 = line_fit_total(t[5]);
    s.s6 = line_fit_total(t[6]);
    s.s7 = line_fit_total(t[7]);
    s.s8 = line_fit_total(t[8]);
    s.s9 = line_fit_total(t[9]);
    s.sa = line_fit_total(t[10]);
    s.sb = line_fit_total(t[11]);
    s.sc = line_fit_total(t[12]);
    s.sd = line_fit_total(t[13]);
    s.se = line_fit_total(t[14]);
    s.sf = 0.0f;
    for (; i < points; ++i)
        s = line_fit_add(s, (float)(i - peak) - p.x, y[i], p, voigt);
    return s;
}

__kernel void line_fit_wide(__global float *lines, __global const float *spectra, uint rows,
                            uint count, uint voigt, uint rounds, float least, float step,
                            uint values)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    int points = (int)count;
    __global const float *y = spectra + row * count;
    int peak = -1;
    int highest = 0;
    for (int i = 0; i < points && peak < 0; ++i) {
        int found = y[i] >= least ? line_fit_peak(y, points, i) : -1;
        if (found >= 0 && line_fit_prominence(y, points, found) >= least)
            peak = found;
        if (y[i] > y[highest])
            highest = i;
    }
    peak = peak < 0 ? highest : peak;
    line_fit_state f = line_fit_start(y, points, peak);
    for (uint round = 0; round <= rounds; ++round) {
        float16 s = line_fit_pass(y, points, peak, f.tried, voigt != 0);
        s.s9 = voigt != 0 ? s.s9 : 1.0f;
        line_fit_step(&f, s, round == 0);
    }
    line_fit_store(lines + values * row, &f, peak, step, values);
}
#endif

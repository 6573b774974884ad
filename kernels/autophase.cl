/* Automatic phase: finds a0, a1 (turns) such that point j of a row of N is
 * exp(2 pi i (a0 + a1 j / N)) times an absorption spectrum, docs/stages/autophase.md.
 *
 * `lines`: narrow positive lines are found, and fitted with one phase for all of them.
 *
 *   decimate    Z[k]: means of `dec` points, about 0.25 Hz each
 *   difference  G[k] = 2 Z[k] - Z[k + L] - Z[k - L]: narrow lines stay, humps and tails of water go
 *   blocks      moments of the strong points of G, 32 points a block
 *   start       a1 of the largest sum of moments, among 181; a0 is its argument
 *   peaks       local maxima of the phased Re G, the tallest FIT_LINES of them
 *   windows     383 points of Z about each, free of their mean and slope
 *   fit         one Gauss-Newton step per line: amplitude, frequency, width and phase error, all
 *               lines at once, each seeing the others where they were
 *   update      weighted robust fit of a straight line to the phase errors
 *   (rest, seek, keep: lines that were missed, autophase_rest.cl; then from peaks again)
 *   sign        half a turn more when the narrow lines come out negative
 *
 * Line at frequency f0, half width w: A exp(2 pi i (a0 + a1 x)) / (w + i (f - f0)), x = j / N; f
 * falls from point to point. Its derivatives make the step a complex least squares with two
 * columns, g = 1 / z and g^2:  r = alpha g + beta g^2, alpha = dA + i A dphi,
 * beta = A (i df0 - dw).
 *
 * params  fmx rows' facts, struct autophase_row
 * Z       complex64 [rows][most], most = largest m
 * state   float4 [rows]: a0, a1 (turns), noise of Z (per component), spare
 * line    float8 [rows][FIT_LINES]: A, f0 - f(centre) in Hz, w in Hz, phase error (rad), its
 *         variance, cos and sin of its phase, spare
 *
 * fit has a variant for PoCL, float16 over the points of a window; the others are light enough to
 * have one form. Twin: host/ref/autophase_ref.c.
 */
#define FIT_LINES 128
#define FIT_HALF 191 /* points at either side of a window's centre */
#define FIT_WINDOW 384
#define FIT_NEAR_HZ 90.0f /* lines farther away are mean and slope within a window */
#define BLOCK 32
#define TWO_PI 6.283185307179586f

typedef struct autophase_row {
    uint dec;        /* points per point of Z */
    uint m;          /* points of Z */
    uint first;      /* points of Z in use: first .. end - 1, */
    uint end;        /* but not */
    uint skip_first; /* skip_first .. */
    uint skip_end;   /* skip_end - 1 (water) */
    uint lag_coarse; /* 4 Hz */
    uint lag_fine;   /* 2.2 Hz */
    uint apart;      /* least distance of two peaks, 1 Hz */
    float h_hz;      /* from a point of Z to the next */
    float x_first;   /* x of point 0 of Z */
    float x_step;
    float noise;     /* factor of variances */
    uint apart_rest; /* the same where old lines were subtracted, 0.8 Hz */
    uint spare0;
    uint spare1;
} autophase_row;

static inline bool autophase_used(__global const autophase_row *row, uint k, uint margin)
{
    return k >= row->first && k < row->end && !(k >= row->skip_first && k < row->skip_end) &&
           k >= margin && k + margin < row->m;
}

/* z exp(-2 pi i t) */
static inline float2 autophase_back(float2 z, float t)
{
    float c;
    float s = fmx_sincos_turns(t, &c);
    return (float2)(z.x * c + z.y * s, z.y * c - z.x * s);
}

__kernel void autophase_decimate(__global float2 *z, __global const float2 *data,
                                 __global const autophase_row *params, uint rows, uint points,
                                 uint most)
{
    size_t k = get_global_id(0);
    size_t r = get_global_id(1);
    if (k >= most || r >= rows)
        return;
    uint dec = params[r].dec;
    float2 sum = 0.0f;
    if (k < params[r].m) {
        __global const float2 *at = data + r * points + k * dec;
        for (uint i = 0; i < dec; ++i)
            sum += at[i];
        sum /= (float)dec;
    }
    z[r * most + k] = sum;
}

static inline float2 autophase_second(__global const float2 *at, uint lag)
{
    return 2.0f * at[0] - at[lag] - *(at - lag);
}

/* out: |G| at the coarse lag, or (fine) Re(G exp(-2 pi i phase)) at the fine lag; NaN where a point
 * is not used, which the median passes over. */
__kernel void autophase_difference(__global float *out, __global const float2 *z,
                                   __global const autophase_row *params,
                                   __global const float4 *state, uint rows, uint most, uint fine)
{
    size_t k = get_global_id(0);
    size_t r = get_global_id(1);
    if (k >= most || r >= rows)
        return;
    __global const autophase_row *row = params + r;
    uint lag = fine ? row->lag_fine : row->lag_coarse;
    float value = NAN;
    if (autophase_used(row, (uint)k, lag)) {
        float2 g = autophase_second(z + r * most + k, lag);
        if (fine)
            value = autophase_back(g, state[r].x + state[r].y * (row->x_first + row->x_step * (float)k)).x;
        else
            value = sqrt(g.x * g.x + g.y * g.y);
    }
    out[r * most + k] = value;
}

/* moments: sum over a block of w G, w = sqrt(max(|G|^2 - (4 s)^2, 0)), s = median / 1.1774 (of a
 * Rayleigh distribution: noise per component) */
__kernel void autophase_blocks(__global float2 *moments, __global const float2 *z,
                               __global const autophase_row *params,
                               __global const float *median, uint rows, uint most, uint blocks)
{
    size_t b = get_global_id(0);
    size_t r = get_global_id(1);
    if (b >= blocks || r >= rows)
        return;
    __global const autophase_row *row = params + r;
    float s = 4.0f / 1.1774f * median[r];
    float2 sum = 0.0f;
    for (uint k = (uint)b * BLOCK; k < (uint)(b + 1) * BLOCK; ++k) {
        if (!autophase_used(row, k, row->lag_coarse))
            continue;
        float2 g = autophase_second(z + r * most + k, row->lag_coarse);
        float over = g.x * g.x + g.y * g.y - s * s;
        if (over > 0.0f)
            sum += sqrt(over) * g;
    }
    moments[r * blocks + b] = sum;
}

#define START_GROUP 256
#define START_TRIES 181 /* a1 = (try - 90) 2 degrees */

FMX_GROUP(START_GROUP)
__kernel void autophase_start(__global float4 *state, __global const float2 *moments,
                              __global const autophase_row *params, uint blocks)
{
    __local float scratch[START_GROUP];
    __local float score[START_GROUP];
    __local float angle[START_GROUP];
    size_t l = get_local_id(0);
    size_t r = get_group_id(0);
    __global const float2 *at = moments + r * blocks;
    float total = 0.0f;
    for (size_t b = l; b < blocks; b += START_GROUP)
        total += sqrt(at[b].x * at[b].x + at[b].y * at[b].y);
    total = fmx_group_sum(total, scratch);
    float mine = -1.0f;
    float2 sum = 0.0f;
    if (l < START_TRIES) {
        float a1 = ((float)l - (START_TRIES / 2)) * (2.0f / 360.0f);
        float x_block = params[r].x_step * BLOCK;
        float x_first = params[r].x_first + 0.5f * (x_block - params[r].x_step);
        for (uint b = 0; b < blocks; ++b) {
            float2 t = at[b];
            if (t.x != 0.0f || t.y != 0.0f) /* few blocks hold lines */
                sum += autophase_back(t, a1 * (x_first + x_block * (float)b));
        }
        float p = a1 * (360.0f / 80.0f);
        mine = total > 0.0f ? sqrt(sum.x * sum.x + sum.y * sum.y) / total - 0.02f * p * p : -2.0f;
    }
    score[l] = mine;
    angle[l] = atan2(sum.y, sum.x) / TWO_PI;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (l == 0) {
        uint best = START_TRIES / 2;
        for (uint i = 0; i < START_TRIES; ++i)
            if (score[i] > score[best])
                best = i;
        bool any = total > 0.0f;
        state[r] = (float4)(any ? angle[best] : 0.0f,
                            any ? ((float)best - (START_TRIES / 2)) * (2.0f / 360.0f) : 0.0f, 0.0f,
                            0.0f);
    }
}

#define PEAK_GROUP 256

static inline bool autophase_is_peak(__global const float *d, __global const autophase_row *row,
                                     uint k, float least, uint apart)
{
    float v = d[k];
    if (!(v > least) || !autophase_used(row, k, FIT_HALF + 2))
        return false;
    for (uint i = 1; i <= apart; ++i) /* the first of equals; NaN neighbours do not count */
        if ((k >= i && d[k - i] >= v) || (k + i < row->m && d[k + i] > v))
            return false;
    return true;
}

/* centres: the peaks' points in ascending order; count: how many. noise = median |d| / 0.6745. Of
 * more than FIT_LINES peaks the tallest stay: the height is searched bit by bit. Items own runs of
 * points, so the order is that of the points. again: d is that of autophase_rest.cl. */
FMX_GROUP(PEAK_GROUP)
__kernel void autophase_peaks(__global uint *centres, __global uint *count, __global float4 *state,
                              __global float *d, __global const float *median,
                              __global const autophase_row *params, uint most, float threshold,
                              uint again)
{
    __local float scratch[PEAK_GROUP];
    __local uint before[PEAK_GROUP];
    size_t l = get_local_id(0);
    size_t r = get_group_id(0);
    __global const autophase_row *row = params + r;
    __global float *at = d + r * most;
    float noise = median[r] / 0.6745f;
    uint apart = again ? row->apart_rest : row->apart;
    float least = threshold * noise;
    uint run = (row->m + PEAK_GROUP - 1) / PEAK_GROUP;
    uint from = min((uint)l * run, row->m);
    uint to = min(from + run, row->m);
    uint own = 0;
    for (uint k = from; k < to; ++k)
        own += autophase_is_peak(at, row, k, least, apart) ? 1u : 0u;
    float all = fmx_group_sum((float)own, scratch); /* below 2^24: exact */
    uint low = as_uint(fmax(least, 0.0f)); /* positive floats are ordered as their bits */
    for (uint bit = 1u << 30; bit != 0; bit >>= 1) {
        /* largest height that at least FIT_LINES + 1 peaks exceed: they are too many */
        uint trial = low + bit;
        float more = 0.0f;
        if (all > FIT_LINES && trial > low && trial < 0x7f800000u)
            for (uint k = from; k < to && own > 0; ++k)
                more += at[k] > as_float(trial) && autophase_is_peak(at, row, k, least, apart) ? 1.0f
                                                                                          : 0.0f;
        more = fmx_group_sum(more, scratch);
        if (more > FIT_LINES)
            low = trial;
    }
    bool cut = all > FIT_LINES;
    float height = cut ? as_float(low + 1) : least; /* strictly above: at most FIT_LINES */
    own = 0;
    for (uint k = from; k < to; ++k)
        own += at[k] > height && autophase_is_peak(at, row, k, least, apart) ? 1u : 0u;
    before[l] = own;
    barrier(CLK_LOCAL_MEM_FENCE);
    uint place = 0;
    for (size_t i = 0; i < l; ++i)
        place += before[i];
    for (uint k = from; k < to; ++k) {
        if (at[k] > height && autophase_is_peak(at, row, k, least, apart) && place < FIT_LINES)
            centres[r * FIT_LINES + place++] = k;
    }
    if (l == PEAK_GROUP - 1)
        count[r] = min(place, (uint)FIT_LINES);
    if (l == 0 && !again) /* a second difference has 6 times the variance of its points */
        state[r].z = noise * sqrt(row->noise / 6.0f);
}

/* window: float [rows][FIT_LINES][2][FIT_WINDOW], real then imaginary parts, the last point zero;
 * line: the start of the fit. */
__kernel void autophase_windows(__global float *window, __global float8 *line,
                                __global const float2 *z, __global const uint *centres,
                                __global const uint *count, __global const float4 *state,
                                __global const autophase_row *params, uint rows, uint most)
{
    size_t i = get_global_id(0);
    size_t r = get_global_id(1);
    if (i >= FIT_LINES || r >= rows || i >= count[r])
        return;
    __global const autophase_row *row = params + r;
    uint centre = centres[r * FIT_LINES + i];
    __global const float2 *at = z + r * most + centre - FIT_HALF;
    __global float *re = window + (r * FIT_LINES + i) * 2 * FIT_WINDOW;
    __global float *im = re + FIT_WINDOW;
    const float count_inverse = 1.0f / (2 * FIT_HALF + 1);
    const float slope_inverse = 3.0f / (FIT_HALF * (FIT_HALF + 1) * (2 * FIT_HALF + 1));
    float2 mean = 0.0f;
    float2 slope = 0.0f;
    for (int n = 0; n <= 2 * FIT_HALF; ++n)
        mean += at[n];
    mean *= count_inverse;
    for (int n = 0; n <= 2 * FIT_HALF; ++n)
        slope += (float)(n - FIT_HALF) * (at[n] - mean);
    slope *= slope_inverse;
    /* amplitude with the start's width: column g without its mean and slope */
    const float w = 0.6f;
    float t = state[r].x + state[r].y * (row->x_first + row->x_step * (float)centre);
    float norm = 0.0f;
    float product = 0.0f;
    float2 g_mean = 0.0f;
    float2 g_slope = 0.0f;
    for (int n = 0; n <= 2 * FIT_HALF; ++n) {
        float f = (float)(FIT_HALF - n) * row->h_hz;
        float q = 1.0f / (w * w + f * f);
        float2 g = (float2)(w * q, -f * q);
        float2 v = at[n] - mean - (float)(n - FIT_HALF) * slope;
        re[n] = v.x;
        im[n] = v.y;
        v = autophase_back(v, t);
        norm += q;
        product += g.x * v.x + g.y * v.y;
        g_mean += g;
        g_slope += (float)(n - FIT_HALF) * g;
    }
    re[FIT_WINDOW - 1] = 0.0f;
    im[FIT_WINDOW - 1] = 0.0f;
    norm -= dot(g_mean, g_mean) * count_inverse + dot(g_slope, g_slope) * slope_inverse;
    float8 start = 0.0f;
    start.s0 = 0.7f * fmax(product / norm, 0.0f);
    start.s2 = w;
    start.s4 = 1e6f;
    float c;
    start.s6 = fmx_sincos_turns(t, &c);
    start.s5 = c;
    line[r * FIT_LINES + i] = start;
}

/* What a window adds up to, of residual r (turned back by the line's phase) and columns g, g^2:
 * s = sum, t = sum of (n - FIT_HALF) times, over the window's points. */
typedef struct autophase_sums {
    float gg;   /* |g|^2 */
    float hh;   /* |g^2|^2 */
    float rr;   /* |r|^2 */
    float2 gh;  /* conj(g) g^2 */
    float2 gr;  /* conj(g) r */
    float2 hr;  /* conj(g^2) r */
    float2 s_g;
    float2 t_g;
    float2 s_h;
    float2 t_h;
    float2 s_r;
    float2 t_r;
} autophase_sums;

static inline float2 autophase_conj_mul(float2 a, float2 b)
{
    return (float2)(a.x * b.x + a.y * b.y, a.x * b.y - a.y * b.x);
}

static inline float2 autophase_mul(float2 a, float2 b)
{
    return (float2)(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

/* One Gauss-Newton step of a line: mean and slope are taken out of all columns, then the 2 x 2
 * complex system is solved with 2 % on its diagonal (Levenberg-Marquardt). moves: frequency and
 * width move too. */
static inline float8 autophase_step(float8 line, autophase_sums s, float noise, bool moves)
{
    const float count = 2 * FIT_HALF + 1;
    const float damping = 0.7f;
    const float ci = 1.0f / count;
    const float si = 3.0f / (FIT_HALF * (FIT_HALF + 1) * count);
    float gg = s.gg - dot(s.s_g, s.s_g) * ci - dot(s.t_g, s.t_g) * si;
    float hh = s.hh - dot(s.s_h, s.s_h) * ci - dot(s.t_h, s.t_h) * si;
    float rr = s.rr - dot(s.s_r, s.s_r) * ci - dot(s.t_r, s.t_r) * si;
    float2 gh = s.gh - autophase_conj_mul(s.s_g, s.s_h) * ci - autophase_conj_mul(s.t_g, s.t_h) * si;
    float2 gr = s.gr - autophase_conj_mul(s.s_g, s.s_r) * ci - autophase_conj_mul(s.t_g, s.t_r) * si;
    float2 hr = s.hr - autophase_conj_mul(s.s_h, s.s_r) * ci - autophase_conj_mul(s.t_h, s.t_r) * si;
    gg *= 1.02f;
    hh *= 1.02f;
    float determinant = gg * hh - dot(gh, gh);
    float2 alpha = (hh * gr - autophase_mul(gh, hr)) / determinant;
    float2 beta = (gg * hr - autophase_conj_mul(gh, gr)) / determinant;
    float a = line.s0;
    float information = determinant / hh * a * a; /* on the phase, times the noise variance */
    float spread = noise * noise + 1.5f * fmax(rr, 0.0f) * ci;
    const float floor_rad = 0.4f * TWO_PI / 360.0f;
    bool any = a > 0.0f && information > 0.0f;
    float inverse = any ? 1.0f / a : 0.0f;
    line.s3 = clamp(alpha.y * inverse, -1.0f, 1.0f);
    line.s4 = any ? fmin(spread / information + floor_rad * floor_rad, 1e6f) : 1e6f;
    line.s0 = fmax(a + damping * alpha.x, 0.0f);
    if (moves) {
        line.s1 = clamp(line.s1 + damping * clamp(beta.y * inverse, -0.2f, 0.2f), -1.0f, 1.0f);
        line.s2 = clamp(line.s2 - damping * clamp(beta.x * inverse, -0.2f, 0.2f), 0.25f, 3.0f);
    }
    return line;
}

/* The first of the lines that reach into the window of line i, and one past the last. */
static inline uint2 autophase_near(__global const uint *centres, uint i, uint n, float h_hz)
{
    uint reach = (uint)(FIT_NEAR_HZ / h_hz);
    uint2 range = (uint2)(i, i + 1);
    while (range.x > 0 && centres[i] - centres[range.x - 1] <= reach)
        --range.x;
    while (range.y < n && centres[range.y] - centres[i] <= reach)
        ++range.y;
    return range;
}

#ifdef FMX_VARIANT_CPU
static inline float autophase_add16(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

__kernel void autophase_fit_wide(__global float8 *fresh, __global const float8 *line,
                                 __global const float *window, __global const uint *centres,
                                 __global const uint *count, __global const float4 *state,
                                 __global const autophase_row *params, uint rows, uint moves)
{
    size_t i = get_global_id(0);
    size_t r = get_global_id(1);
    if (i >= FIT_LINES || r >= rows || i >= count[r])
        return;
    float h = params[r].h_hz;
    __global const float8 *all = line + r * FIT_LINES;
    __global const uint *centre = centres + r * FIT_LINES;
    __global const float *at = window + (r * FIT_LINES + i) * 2 * FIT_WINDOW;
    uint2 near = autophase_near(centre, (uint)i, count[r], h);
    float8 own = all[i];
    const float16 lanes = (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    float16 gg = 0.0f, hh = 0.0f, rr = 0.0f, ghx = 0.0f, ghy = 0.0f, grx = 0.0f, gry = 0.0f;
    float16 hrx = 0.0f, hry = 0.0f, sgx = 0.0f, sgy = 0.0f, tgx = 0.0f, tgy = 0.0f, shx = 0.0f;
    float16 shy = 0.0f, thx = 0.0f, thy = 0.0f, srx = 0.0f, sry = 0.0f, trx = 0.0f, tryy = 0.0f;
    for (uint b = 0; b < FIT_WINDOW / 16; ++b) {
        float16 n = lanes + (float)(16 * b) - (float)FIT_HALF;
        float16 f = -h * n;
        float16 x = vload16(b, at);
        float16 y = vload16(b + FIT_WINDOW / 16, at);
        for (uint j = near.x; j < near.y; ++j) {
            float8 o = all[j];
            float16 im = f + (h * ((float)centre[j] - (float)centre[i]) - o.s1);
            float16 q = o.s0 / (im * im + o.s2 * o.s2);
            float16 gx = o.s2 * q;
            float16 gy = im * q; /* minus the imaginary part */
            x -= o.s5 * gx + o.s6 * gy;
            y -= o.s6 * gx - o.s5 * gy;
        }
        /* the last lane of the last block is no point */
        float16 on = select((float16)(1.0f), (float16)(0.0f), n > (float)FIT_HALF);
        float16 rx = on * (x * own.s5 + y * own.s6);
        float16 ry = on * (y * own.s5 - x * own.s6);
        float16 im = f - own.s1;
        float16 q = on / (im * im + own.s2 * own.s2);
        float16 gx = own.s2 * q;
        float16 gy = -im * q;
        float16 hx = gx * gx - gy * gy;
        float16 hy = 2.0f * gx * gy;
        gg += q;
        hh += q * q;
        rr += rx * rx + ry * ry;
        ghx += gx * hx + gy * hy;
        ghy += gx * hy - gy * hx;
        grx += gx * rx + gy * ry;
        gry += gx * ry - gy * rx;
        hrx += hx * rx + hy * ry;
        hry += hx * ry - hy * rx;
        sgx += gx;
        sgy += gy;
        tgx += n * gx;
        tgy += n * gy;
        shx += hx;
        shy += hy;
        thx += n * hx;
        thy += n * hy;
        srx += rx;
        sry += ry;
        trx += n * rx;
        tryy += n * ry;
    }
    autophase_sums s;
    s.gg = autophase_add16(gg);
    s.hh = autophase_add16(hh);
    s.rr = autophase_add16(rr);
    s.gh = (float2)(autophase_add16(ghx), autophase_add16(ghy));
    s.gr = (float2)(autophase_add16(grx), autophase_add16(gry));
    s.hr = (float2)(autophase_add16(hrx), autophase_add16(hry));
    s.s_g = (float2)(autophase_add16(sgx), autophase_add16(sgy));
    s.t_g = (float2)(autophase_add16(tgx), autophase_add16(tgy));
    s.s_h = (float2)(autophase_add16(shx), autophase_add16(shy));
    s.t_h = (float2)(autophase_add16(thx), autophase_add16(thy));
    s.s_r = (float2)(autophase_add16(srx), autophase_add16(sry));
    s.t_r = (float2)(autophase_add16(trx), autophase_add16(tryy));
    fresh[r * FIT_LINES + i] = autophase_step(own, s, state[r].z, moves != 0);
}
#endif

FMX_SUBGROUP_KERNEL
__kernel void autophase_fit(__global float8 *fresh, __global const float8 *line,
                            __global const float *window, __global const uint *centres,
                            __global const uint *count, __global const float4 *state,
                            __global const autophase_row *params, uint rows, uint moves)
{
    size_t i = get_global_id(0);
    size_t r = get_global_id(1);
    if (i >= FIT_LINES || r >= rows || i >= count[r])
        return;
    float h = params[r].h_hz;
    __global const float8 *all = line + r * FIT_LINES;
    __global const uint *centre = centres + r * FIT_LINES;
    __global const float *at = window + (r * FIT_LINES + i) * 2 * FIT_WINDOW;
    uint2 near = autophase_near(centre, (uint)i, count[r], h);
    float8 own = all[i];
    /* two loops: sums of both at once are more than the registers of a GPU hold */
    autophase_sums s = {0};
    for (int p = 0; p <= 2 * FIT_HALF; ++p) {
        float n = (float)(p - FIT_HALF);
        float f = -h * n;
        float x = at[p];
        float y = at[p + FIT_WINDOW];
        for (uint j = near.x; j < near.y; ++j) {
            float8 o = all[j];
            float im = f + (h * ((float)centre[j] - (float)centre[i]) - o.s1);
            float q = o.s0 / (im * im + o.s2 * o.s2);
            float gx = o.s2 * q;
            float gy = im * q;
            x -= o.s5 * gx + o.s6 * gy;
            y -= o.s6 * gx - o.s5 * gy;
        }
        float2 v = (float2)(x * own.s5 + y * own.s6, y * own.s5 - x * own.s6);
        float im = f - own.s1;
        float q = 1.0f / (im * im + own.s2 * own.s2);
        float2 g = (float2)(own.s2 * q, -im * q);
        float2 g2 = (float2)(g.x * g.x - g.y * g.y, 2.0f * g.x * g.y);
        s.rr += dot(v, v);
        s.gr += autophase_conj_mul(g, v);
        s.hr += autophase_conj_mul(g2, v);
        s.s_r += v;
        s.t_r += n * v;
    }
    for (int p = 0; p <= 2 * FIT_HALF; ++p) {
        float n = (float)(p - FIT_HALF);
        float im = -h * n - own.s1;
        float q = 1.0f / (im * im + own.s2 * own.s2);
        float2 g = (float2)(own.s2 * q, -im * q);
        float2 g2 = (float2)(g.x * g.x - g.y * g.y, 2.0f * g.x * g.y);
        s.gg += q;
        s.hh += q * q;
        s.gh += autophase_conj_mul(g, g2);
        s.s_g += g;
        s.t_g += n * g;
        s.s_h += g2;
        s.t_h += n * g2;
    }
    fresh[r * FIT_LINES + i] = autophase_step(own, s, state[r].z, moves != 0);
}

/* Straight line through the phase errors: weights of Student's distribution with 20 degrees of
 * freedom; prior a1 = 0 within prior_rad. Then every line gets its new phase. Where the phase of a
 * line is not known to half a radian, it is a spike of noise more often than a line, found because
 * it has the present phase: it would only confirm that. */
FMX_GROUP(FIT_LINES)
__kernel void autophase_update(__global float4 *state, __global float8 *line,
                               __global const uint *centres, __global const uint *count,
                               __global const autophase_row *params,
                               uint turns, float prior_rad)
{
    __local float scratch[FIT_LINES];
    size_t l = get_local_id(0);
    size_t r = get_group_id(0);
    size_t at = r * FIT_LINES + l;
    bool mine = l < count[r];
    float x = mine ? params[r].x_first + params[r].x_step * (float)centres[at] : 0.0f;
    float4 now = state[r];
    float error = mine ? line[at].s3 : 0.0f;
    float variance = mine ? line[at].s4 : 1e6f;
    float weight = mine ? 21.0f / ((20.0f + error * error / variance) * variance) : 0.0f;
    weight /= 1.0f + fmx_exp((2.0f - 1.0f / sqrt(variance)) / 0.3f);
    float sum = fmx_group_sum(weight, scratch);
    float x_mean = fmx_group_sum(weight * x, scratch);
    float e_mean = fmx_group_sum(weight * error, scratch);
    bool any = sum > 0.0f;
    x_mean /= any ? sum : 1.0f;
    e_mean /= any ? sum : 1.0f;
    float xx = fmx_group_sum(weight * (x - x_mean) * (x - x_mean), scratch);
    float xe = fmx_group_sum(weight * (x - x_mean) * error, scratch);
    if (turns && any) {
        float prior = 1.0f / (prior_rad * prior_rad);
        float slope = (xe - now.y * TWO_PI * prior) / (xx + prior);
        now.x += 0.7f / TWO_PI * (e_mean - slope * x_mean);
        now.y += 0.7f / TWO_PI * slope;
    }
    if (mine) {
        float c;
        line[at].s6 = fmx_sincos_turns(now.x + now.y * x, &c);
        line[at].s5 = c;
    }
    if (l == 0)
        state[r] = now;
}

#define SIGN_GROUP 256

/* Half a turn when the sum of (Re G)^3 is negative; a0 is kept within +-1/2. */
FMX_GROUP(SIGN_GROUP)
__kernel void autophase_sign(__global float4 *state, __global const float2 *z,
                             __global const autophase_row *params,
                             __global const float *median, uint most)
{
    __local float scratch[SIGN_GROUP];
    size_t l = get_local_id(0);
    size_t r = get_group_id(0);
    __global const autophase_row *row = params + r;
    float4 now = state[r];
    float scale = median[r] > 0.0f ? 0.01f / median[r] : 0.0f; /* cubes stay within float */
    float sum = 0.0f;
    for (uint k = (uint)l; k < row->m; k += SIGN_GROUP) {
        if (!autophase_used(row, k, row->lag_coarse))
            continue;
        float2 g = autophase_second(z + r * most + k, row->lag_coarse);
        float v = scale * autophase_back(g, now.x + now.y * (row->x_first + row->x_step * (float)k)).x;
        sum += v * v * v;
    }
    sum = fmx_group_sum(sum, scratch);
    if (l == 0) {
        now.x += sum < 0.0f ? 0.5f : 0.0f;
        now.x -= floor(now.x + 0.5f);
        state[r] = now;
    }
}

/* ---- the published objectives: many candidate phases in one pass over a row ------------------------
 *
 *   candidates  16 angles: around the best one so far, or absolute
 *   tries       sums over chunks of a row, for all 16 at once; each point is loaded once
 *   pick        objectives from the sums; a better candidate becomes the best
 *
 * candidates  float2 [rows][TRIES]: a0, a1 (turns)
 * sums        float4 [rows][chunks][TRIES], with re = Re(z exp(-2 pi i (a0 + a1 x))) and
 *             d = |re(k + 1) - re(k)| / 2:  sum d, sum d log d, sum of squares (ACME) or of sizes
 *             (negative area) of negative re, largest re
 * state       float4 [rows]: a0, a1 of the best, (noise), its objective
 */
#define TRIES 16
#define TRY_CHUNK 1024
#define TRY_RUN 64 /* points turned by steps before the angle is set anew */

__kernel void autophase_candidates(__global float2 *candidates, __global const float4 *state,
                                   __global const float2 *offsets, uint rows, uint absolute)
{
    size_t c = get_global_id(0);
    size_t r = get_global_id(1);
    if (c < TRIES && r < rows)
        candidates[r * TRIES + c] = offsets[c] + (absolute ? (float2)(0.0f) : state[r].xy);
}

/* Body of tries: FLOAT holds one candidate, or all 16 of them. */
#define AUTOPHASE_TRIES(NAME, FLOAT, LOG, SINCOS)                                                  \
    static inline void NAME(__global const float2 *z, uint from, uint to, uint last, FLOAT a0,     \
                            FLOAT a1, float x_first, float x_step, uint entropy, FLOAT *change,    \
                            FLOAT *log_change, FLOAT *negative, FLOAT *largest)                    \
    {                                                                                              \
        FLOAT before = 0.0f;                                                                       \
        FLOAT step_c;                                                                              \
        FLOAT step_s = SINCOS(a1 * x_step, &step_c);                                               \
        for (uint run = from; run <= to && run < last; run += TRY_RUN) {                           \
            FLOAT c;                                                                               \
            FLOAT s = SINCOS(a0 + a1 * (x_first + x_step * (float)run), &c);                       \
            uint stop = min(min(run + TRY_RUN, to + 1), last);                                     \
            for (uint k = run; k < stop; ++k) {                                                    \
                FLOAT re = z[k].x * c + z[k].y * s;                                                \
                if (entropy && k > from) {                                                         \
                    FLOAT d = 0.5f * fabs(re - before);                                            \
                    *change += d;                                                                  \
                    *log_change += d * LOG(fmax(d, (FLOAT)(1e-37f)));                              \
                }                                                                                  \
                before = re;                                                                       \
                if (k < to) {                                                                      \
                    FLOAT low = fmin(re, (FLOAT)(0.0f));                                           \
                    *negative += entropy ? low * low : -low;                                       \
                    *largest = fmax(*largest, re);                                                 \
                }                                                                                  \
                FLOAT next = c * step_c - s * step_s;                                              \
                s = s * step_c + c * step_s;                                                       \
                c = next;                                                                          \
            }                                                                                      \
        }                                                                                          \
    }

AUTOPHASE_TRIES(autophase_try, float, fmx_log, fmx_sincos_turns)

/* A chunk is first .. first + TRY_CHUNK - 1 and, for the difference, the point after it; for the
 * negative area the points in use. */
static inline uint2 autophase_chunk(__global const autophase_row *row, uint chunk, uint points,
                                    uint entropy)
{
    uint first = chunk * TRY_CHUNK;
    uint last = entropy ? points : row->m;
    uint2 range = (uint2)(min(first, last), min(first + TRY_CHUNK, last));
    if (!entropy)
        range = (uint2)(max(range.x, row->first), min(range.y, row->end));
    return range;
}

/* z [rows][stride]; x of its points: x_first, x_step of the row, or (entropy) 0 and 1 / points. */
__kernel void autophase_tries(__global float4 *sums, __global const float2 *z,
                              __global const float2 *candidates,
                              __global const autophase_row *params, uint rows, uint stride,
                              uint chunks, uint entropy)
{
    size_t c = get_global_id(0);
    size_t chunk = get_global_id(1);
    size_t r = get_global_id(2);
    if (c >= TRIES || chunk >= chunks || r >= rows)
        return;
    __global const autophase_row *row = params + r;
    uint2 range = autophase_chunk(row, (uint)chunk, stride, entropy);
    float2 a = candidates[r * TRIES + c];
    float4 sum = (float4)(0.0f, 0.0f, 0.0f, -INFINITY);
    float change = 0.0f;
    float log_change = 0.0f;
    float negative = 0.0f;
    float largest = -INFINITY;
    if (range.x < range.y)
        autophase_try(z + r * stride, range.x, range.y, entropy ? stride : range.y, a.x, a.y,
                      entropy ? 0.0f : row->x_first, entropy ? 1.0f / (float)stride : row->x_step,
                      entropy, &change, &log_change, &negative, &largest);
    sum = (float4)(change, log_change, negative, largest);
    sums[(r * chunks + chunk) * TRIES + c] = sum;
}

#ifdef FMX_VARIANT_CPU
AUTOPHASE_TRIES(autophase_try16, float16, fmx_log16, fmx_sincos_turns16)

__kernel void autophase_tries_wide(__global float4 *sums, __global const float2 *z,
                                   __global const float2 *candidates,
                                   __global const autophase_row *params, uint rows, uint stride,
                                   uint chunks, uint entropy)
{
    size_t chunk = get_global_id(0);
    size_t r = get_global_id(1);
    if (chunk >= chunks || r >= rows)
        return;
    __global const autophase_row *row = params + r;
    uint2 range = autophase_chunk(row, (uint)chunk, stride, entropy);
    __global const float *a = (__global const float *)(candidates + r * TRIES);
    float16 low = vload16(0, a);
    float16 high = vload16(1, a);
    float16 change = 0.0f;
    float16 log_change = 0.0f;
    float16 negative = 0.0f;
    float16 largest = -INFINITY;
    if (range.x < range.y)
        autophase_try16(z + r * stride, range.x, range.y, entropy ? stride : range.y,
                        (float16)(low.even, high.even), (float16)(low.odd, high.odd),
                        entropy ? 0.0f : row->x_first,
                        entropy ? 1.0f / (float)stride : row->x_step, entropy, &change,
                        &log_change, &negative, &largest);
    __global float *out = (__global float *)(sums + (r * chunks + chunk) * TRIES);
    float lane[4][TRIES];
    vstore16(change, 0, lane[0]);
    vstore16(log_change, 0, lane[1]);
    vstore16(negative, 0, lane[2]);
    vstore16(largest, 0, lane[3]);
    for (uint c = 0; c < TRIES; ++c)
        for (uint i = 0; i < 4; ++i)
            out[4 * c + i] = lane[i][c];
}
#endif

/* Objective from the sums D, E = sum d log d, n, M:  negative area n;  ACME, as nmrglue has it,
 * (log D - E / D + 1000 n) / points / M: the entropy of d / D, and the penalty. */
__kernel void autophase_pick(__global float4 *state, __global float *objectives,
                             __global const float4 *sums, __global const float2 *candidates,
                             uint rows, uint points, uint chunks, uint entropy, uint begin)
{
    size_t r = get_global_id(0);
    if (r >= rows)
        return;
    float4 now = state[r];
    if (begin)
        now.w = INFINITY;
    for (uint c = 0; c < TRIES; ++c) {
        float4 sum = (float4)(0.0f, 0.0f, 0.0f, -INFINITY);
        for (uint i = 0; i < chunks; ++i) {
            float4 part = sums[(r * chunks + i) * TRIES + c];
            sum.xyz += part.xyz;
            sum.w = fmax(sum.w, part.w);
        }
        float value = sum.z;
        if (entropy)
            value = sum.x > 0.0f && sum.w > 0.0f
                        ? (fmx_log(sum.x) - sum.y / sum.x + 1000.0f * sum.z) / (float)points / sum.w
                        : INFINITY;
        objectives[r * TRIES + c] = value;
        if (value < now.w) {
            now.xy = candidates[r * TRIES + c];
            now.w = value;
        }
    }
    state[r] = now;
}

/* For the negative area: a local baseline is taken from Z, the same whatever the phase.
 * level: per block of 32 points the sums of w Z and w, w = 1 / (1 + (|G| / (3 s))^2)^2: points
 * without narrow lines count. */
__kernel void autophase_levels(__global float4 *level, __global const float2 *z,
                               __global const autophase_row *params,
                               __global const float *median, uint rows, uint most, uint blocks)
{
    size_t b = get_global_id(0);
    size_t r = get_global_id(1);
    if (b >= blocks || r >= rows)
        return;
    __global const autophase_row *row = params + r;
    float s = 3.0f / 1.1774f * median[r];
    float4 sum = 0.0f;
    for (uint k = (uint)b * BLOCK; k < (uint)(b + 1) * BLOCK; ++k) {
        if (!autophase_used(row, k, row->lag_coarse))
            continue;
        float2 g = autophase_second(z + r * most + k, row->lag_coarse);
        float u = s > 0.0f ? 1.0f + (g.x * g.x + g.y * g.y) / (s * s) : 1.0f;
        float w = 1.0f / (u * u);
        sum += (float4)(w * z[r * most + k], w, 0.0f);
    }
    level[r * blocks + b] = sum;
}

/* out = Z minus the weighted mean of 19 blocks about the point; 0 where Z is not used. */
__kernel void autophase_leveled(__global float2 *out, __global const float2 *z,
                                __global const float4 *level,
                                __global const autophase_row *params, uint rows, uint most,
                                uint blocks)
{
    size_t k = get_global_id(0);
    size_t r = get_global_id(1);
    if (k >= most || r >= rows)
        return;
    float2 value = 0.0f;
    if (autophase_used(params + r, (uint)k, params[r].lag_coarse)) {
        uint b = (uint)k / BLOCK;
        float4 sum = 0.0f;
        for (uint i = b < 9 ? 0 : b - 9; i < min(b + 10, blocks); ++i)
            sum += level[r * blocks + i];
        value = z[r * most + k] - (sum.z > 0.0f ? sum.xy / sum.z : (float2)(0.0f));
    }
    out[r * most + k] = value;
}

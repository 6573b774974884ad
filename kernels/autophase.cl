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

#include "autophase_fit.clh"

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

#include "autophase_tries.clh"

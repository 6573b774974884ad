/* Automatic phase by lines, continued from autophase.cl: what the fitted lines leave of a spectrum, and
 * the lines in it that were missed, being weak or the shoulder of another.
 *
 *   rest   Z minus all lines, and how bright the lines are that stand near
 *   seek   amplitude of a line at each point by least squares, minus 2 % of the near lines
 *   keep   old lines enter that as its highest points, so that `peaks` finds old and new
 *
 * A line's amplitude is that of 1 / (w + i f), w = 0.7 Hz, within 41 points free of their mean and
 * slope, both parts turned back by the row's phase: the taps t of a row make it sum conj(t) r. Of a
 * measured line some percent are not Lorentzian and have any phase; so near a tall line nothing below
 * 2 % of it counts, A / (1 + (f / 5 Hz)^2) summed over lines.
 *
 * rest   float [rows][3][most]: real part, imaginary part, near lines
 * taps   float [rows][2][TAPS]: real and imaginary parts
 * the others as in autophase.cl. rest and seek have a variant for PoCL, float16 over the points.
 * Twin: host/ref/autophase_ref.c.
 */
#define FIT_LINES 128
#define TAPS 41
#define HALF (TAPS / 2)
#define NEAR_PER_HZ 0.2f /* 1 / 5 Hz */
#define NEAR_SHARE 0.02f

/* As in autophase.cl. */
typedef struct autophase_row {
    uint dec;
    uint m;
    uint first;
    uint end;
    uint skip_first;
    uint skip_end;
    uint lag_coarse;
    uint lag_fine;
    uint apart;
    float h_hz;
    float x_first;
    float x_step;
    float noise;
    uint apart_rest;
    uint spare0;
    uint spare1;
} autophase_row;

static inline bool autophase_used(__global const autophase_row *row, uint k)
{
    return k >= row->first && k < row->end && !(k >= row->skip_first && k < row->skip_end) &&
           k >= HALF && k + HALF < row->m;
}

/* Subtracts the lines from x + i y at points k (FLOAT of them) and sums their nearness. */
#define AUTOPHASE_LEAVE(NAME, FLOAT)                                                               \
    static inline FLOAT NAME(FLOAT *x, FLOAT *y, FLOAT k, __global const float8 *line,             \
                             __global const uint *centre, uint count, float h)                     \
    {                                                                                              \
        FLOAT near = 0.0f;                                                                         \
        for (uint j = 0; j < count; ++j) {                                                         \
            float8 o = line[j];                                                                    \
            FLOAT f = h * ((float)centre[j] - k);                                                  \
            FLOAT im = f - o.s1;                                                                   \
            FLOAT q = o.s0 / (im * im + o.s2 * o.s2);                                              \
            FLOAT gx = o.s2 * q;                                                                   \
            FLOAT gy = im * q; /* minus the imaginary part */                                      \
            *x -= o.s5 * gx + o.s6 * gy;                                                           \
            *y -= o.s6 * gx - o.s5 * gy;                                                           \
            f *= NEAR_PER_HZ;                                                                      \
            near += o.s0 / (1.0f + f * f);                                                         \
        }                                                                                          \
        return near;                                                                               \
    }

AUTOPHASE_LEAVE(autophase_leave, float)

static inline void autophase_rest_point(__global float *to, __global const float2 *z,
                                        __global const float8 *line, __global const uint *centre,
                                        uint count, float h, uint k, uint most)
{
    float x = z[k].x;
    float y = z[k].y;
    to[k + 2 * most] = autophase_leave(&x, &y, (float)k, line, centre, count, h);
    to[k] = x;
    to[k + most] = y;
}

__kernel void autophase_rest(__global float *rest, __global const float2 *z,
                             __global const float8 *line, __global const uint *centres,
                             __global const uint *count, __global const autophase_row *params,
                             uint rows, uint most)
{
    size_t k = get_global_id(0);
    size_t r = get_global_id(1);
    if (k < most && r < rows)
        autophase_rest_point(rest + 3 * r * most, z + r * most, line + r * FIT_LINES,
                             centres + r * FIT_LINES, count[r], params[r].h_hz, (uint)k, most);
}

/* Out of use: NaN, which the median passes over. */
static inline float autophase_sought(__global const autophase_row *row, uint k, float2 sum,
                                     float near, float4 state)
{
    float c;
    float s = fmx_sincos_turns(state.x + state.y * (row->x_first + row->x_step * (float)k), &c);
    return autophase_used(row, k) ? sum.x * c + sum.y * s - NEAR_SHARE * near : NAN;
}

static inline float autophase_seek_point(__global const float *rest, __global const float *taps,
                                         __global const autophase_row *row, float4 state, uint k,
                                         uint most)
{
    if (!autophase_used(row, k))
        return NAN;
    __global const float *at = rest + k - HALF;
    float2 sum = 0.0f;
    for (uint n = 0; n < TAPS; ++n) {
        sum.x += taps[n] * at[n] + taps[n + TAPS] * at[n + most];
        sum.y += taps[n] * at[n + most] - taps[n + TAPS] * at[n];
    }
    return autophase_sought(row, k, sum, rest[k + 2 * most], state);
}

__kernel void autophase_seek(__global float *out, __global const float *rest,
                             __global const float *taps, __global const float4 *state,
                             __global const autophase_row *params, uint rows, uint most)
{
    size_t k = get_global_id(0);
    size_t r = get_global_id(1);
    if (k < most && r < rows)
        out[r * most + k] = autophase_seek_point(rest + 3 * r * most, taps + r * 2 * TAPS,
                                                 params + r, state[r], (uint)k, most);
}

#ifdef FMX_VARIANT_CPU
AUTOPHASE_LEAVE(autophase_leave16, float16)

__kernel void autophase_rest_wide(__global float *rest, __global const float2 *z,
                                  __global const float8 *line, __global const uint *centres,
                                  __global const uint *count, __global const autophase_row *params,
                                  uint rows, uint most)
{
    uint k = 16 * (uint)get_global_id(0);
    size_t r = get_global_id(1);
    if (k >= most || r >= rows)
        return;
    const float16 lanes = (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __global float *to = rest + 3 * r * most;
    __global const float2 *from = z + r * most;
    __global const float8 *of = line + r * FIT_LINES;
    __global const uint *centre = centres + r * FIT_LINES;
    float h = params[r].h_hz;
    if (k + 16 > most) {
        for (; k < most; ++k)
            autophase_rest_point(to, from, of, centre, count[r], h, k, most);
        return;
    }
    __global const float *at = (__global const float *)(from + k);
    float16 low = vload16(0, at);
    float16 high = vload16(1, at);
    float16 x = (float16)(low.even, high.even);
    float16 y = (float16)(low.odd, high.odd);
    float16 near = autophase_leave16(&x, &y, (float)k + lanes, of, centre, count[r], h);
    vstore16(x, 0, to + k);
    vstore16(y, 0, to + k + most);
    vstore16(near, 0, to + k + 2 * most);
}

__kernel void autophase_seek_wide(__global float *out, __global const float *rest,
                                  __global const float *taps, __global const float4 *state,
                                  __global const autophase_row *params, uint rows, uint most)
{
    uint k = 16 * (uint)get_global_id(0);
    size_t r = get_global_id(1);
    if (k >= most || r >= rows)
        return;
    __global const float *from = rest + 3 * r * most;
    __global const float *tap = taps + r * 2 * TAPS;
    __global float *to = out + r * most;
    if (k < HALF || k + 16 + HALF > most) {
        for (uint stop = min(k + 16, most); k < stop; ++k)
            to[k] = autophase_seek_point(from, tap, params + r, state[r], k, most);
        return;
    }
    __global const float *at = from + k - HALF;
    float16 sum_x = 0.0f;
    float16 sum_y = 0.0f;
    for (uint n = 0; n < TAPS; ++n) {
        float16 x = vload16(0, at + n);
        float16 y = vload16(0, at + n + most);
        sum_x += tap[n] * x + tap[n + TAPS] * y;
        sum_y += tap[n] * y - tap[n + TAPS] * x;
    }
    float lane[2][16];
    vstore16(sum_x, 0, lane[0]);
    vstore16(sum_y, 0, lane[1]);
    for (uint i = 0; i < 16; ++i)
        to[k + i] = autophase_sought(params + r, k + i, (float2)(lane[0][i], lane[1][i]),
                                     from[k + i + 2 * most], state[r]);
}
#endif

/* Old lines, where their frequencies are now, in order of amplitude and above whatever was sought.
 * A row per item: places of two lines may be the same. */
__kernel void autophase_keep(__global float *sought, __global const float8 *line,
                             __global const uint *centres, __global const uint *count,
                             __global const float *median, __global const autophase_row *params,
                             uint rows, uint most)
{
    size_t r = get_global_id(0);
    if (r >= rows)
        return;
    for (size_t j = r * FIT_LINES; j < r * FIT_LINES + count[r]; ++j) {
        int k = (int)centres[j] - (int)rint(line[j].s1 / params[r].h_hz);
        if (line[j].s0 > 0.0f)
            sought[r * most + (uint)clamp(k, 0, (int)params[r].m - 1)] =
                1e6f * (median[r] + line[j].s0);
    }
}

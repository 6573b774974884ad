/* Query windows: what a network is shown of a compound in a spectrum. For each of its multiplets
 * three channels, y(v) = sign(v) ln(1 + |v|):
 *
 *   out[q][3 p    ][w] = y(mean of obs / h)
 *   out[q][3 p + 1][w] = mean of the pattern, 1 at its tallest point
 *   out[q][3 p + 2][w] = y(mean of (obs - fitted + own pattern) / h)
 *   out[q][24     ][w] = numbers[q][w]
 *
 * means over the `step` points start + w step ..., added in their order; outside of the axis obs,
 * fitted and pattern are 0.
 *
 * out      float [queries][25][192]
 * spectra, fitted  float [count][points], units of the noise
 * heights  float: patterns, the tallest point of each 1
 * windows  [queries][8], 32 bytes: query_window below; step 0: zeros
 * numbers  float [queries][192]
 *
 * query_windows       one item per position of a window; GPUs, Intel's CPU runtime
 * query_windows_wide  one item per window, 16 positions at a time, for PoCL
 * Twin: host/ref/query_windows_ref.c.
 */
#define QUERY_PARTS 8
#define QUERY_WINDOW 192
#define QUERY_CHANNELS 25

typedef struct query_window {
    int start;     /* point of the axis where it begins */
    uint step;     /* points of a position */
    uint spectrum;
    uint first;    /* of the pattern, in heights */
    uint count;
    int base;      /* where it begins on the axis */
    float own;     /* height of its tallest point in the fit */
    float inverse; /* 1 / h */
} query_window;

static inline float query_log(float v)
{
    return copysign(fmx_log(1.0f + fabs(v)), v);
}

/* (obs, pattern, obs - fitted + own) of a position, the sums. */
static inline float3 query_sums(__global const float *obs, __global const float *fitted,
                                __global const float *heights, const query_window *q, int w,
                                int points)
{
    float3 sum = 0.0f;
    for (uint k = 0; k < q->step; ++k) {
        int j = q->start + w * (int)q->step + (int)k;
        int at = j - q->base;
        float pattern = at >= 0 && at < (int)q->count ? heights[q->first + (uint)at] : 0.0f;
        bool inside = j >= 0 && j < points;
        float o = inside ? obs[j] : 0.0f;
        float f = inside ? fitted[j] : 0.0f;
        sum += (float3)(o, pattern, fma(q->own, pattern, o - f));
    }
    return sum;
}

FMX_SUBGROUP_KERNEL
__kernel void query_windows(__global float *out, __global const float *spectra,
                            __global const float *fitted, __global const float *heights,
                            __global const query_window *windows, __global const float *numbers,
                            uint queries, uint points)
{
    size_t w = get_global_id(0);
    size_t row = get_global_id(1);
    size_t query = row / (QUERY_PARTS + 1);
    size_t part = row % (QUERY_PARTS + 1);
    if (w >= QUERY_WINDOW || query >= queries)
        return;
    __global float *y = out + (query * QUERY_CHANNELS + 3 * part) * QUERY_WINDOW + w;
    if (part == QUERY_PARTS) {
        y[0] = numbers[query * QUERY_WINDOW + w];
        return;
    }
    query_window q = windows[query * QUERY_PARTS + part];
    size_t first = q.spectrum * (size_t)points;
    float3 sum = query_sums(spectra + first, fitted + first, heights, &q, (int)w, (int)points);
    float share = q.step > 0 ? 1.0f / (float)q.step : 0.0f;
    float scale = share * q.inverse;
    y[0] = query_log(sum.x * scale);
    y[QUERY_WINDOW] = sum.y * share;
    y[2 * QUERY_WINDOW] = query_log(sum.z * scale);
}

#ifdef FMX_VARIANT_CPU
static inline float16 query_log16(float16 v)
{
    return copysign(fmx_log16(1.0f + fabs(v)), v);
}

__kernel void query_windows_wide(__global float *out, __global const float *spectra,
                                 __global const float *fitted, __global const float *heights,
                                 __global const query_window *windows,
                                 __global const float *numbers, uint queries, uint points)
{
    size_t row = get_global_id(1);
    size_t query = row / (QUERY_PARTS + 1);
    size_t part = row % (QUERY_PARTS + 1);
    if (query >= queries)
        return;
    __global float *y = out + (query * QUERY_CHANNELS + 3 * part) * QUERY_WINDOW;
    if (part == QUERY_PARTS) {
        for (size_t w = 0; w < QUERY_WINDOW; w += 16)
            vstore16(vload16(0, numbers + query * QUERY_WINDOW + w), 0, y + w);
        return;
    }
    query_window q = windows[query * QUERY_PARTS + part];
    size_t first = q.spectrum * (size_t)points;
    float share = q.step > 0 ? 1.0f / (float)q.step : 0.0f;
    float scale = share * q.inverse;
    for (int w = 0; w < QUERY_WINDOW; w += 16) {
        float obs[16], pattern[16], rest[16];
        for (int k = 0; k < 16; ++k) {
            float3 sum = query_sums(spectra + first, fitted + first, heights, &q, w + k,
                                    (int)points);
            obs[k] = sum.x;
            pattern[k] = sum.y;
            rest[k] = sum.z;
        }
        vstore16(query_log16(vload16(0, obs) * scale), 0, y + w);
        vstore16(vload16(0, pattern) * share, 0, y + QUERY_WINDOW + w);
        vstore16(query_log16(vload16(0, rest) * scale), 0, y + 2 * QUERY_WINDOW + w);
    }
}
#endif

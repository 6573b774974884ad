/* Completion: outside [keep_first, keep_end) x[j] = b(u_j) + sigma normal_j, for each part of the data.
 *
 * b is the least-squares quadratic over two ranges of points. With q_0, q_1, q_2 the polynomials of
 * degree 0, 1, 2 that are orthonormal over those points (made by the host in double, so that nothing
 * here is ill-conditioned),
 *
 *   c_k = sum_j q_k(u_j) x[j] over the ranges,   b(u) = sum_k c_k q_k(u)
 *   q_0 = a, q_1 = b u + c, q_2 = (d u + e) u + f,   u = scale j + offset in [-1, 1] over the ranges
 *
 * fits   float [rows][parts][4]: c_0, c_1, c_2, 0
 * data   float or complex64 [rows][points]; parts = 1 or 2
 * rows   per row: see completion_row
 *
 * completion_fit        one group of 64 items per row and part; sums by fmx_group_sum; scratch holds 64
 *                       floats (an argument: PoCL 3.1 may share a __local array between threads)
 * completion_fill       one item per 4 points (one Philox block) and part of a row
 * completion_fill_wide  one item per 64 points (16 blocks) of a row, for PoCL
 * Twin: host/ref/completion_ref.c.
 */
#define COMPLETION_GROUP 64

typedef struct completion_row {
    uint low_first; /* ranges of the fit: [first, end) */
    uint low_end;
    uint high_first;
    uint high_end;
    uint keep_first; /* points that stay: [first, end) */
    uint keep_end;
    uint item_low;
    uint item_high;
    float scale;
    float offset;
    float least; /* u is held within [least, most] */
    float most;
    float q[6];
    float sigma;
    float unused;
} completion_row;

static inline float completion_u(float j, const completion_row *r)
{
    return fmin(fmax(fma(j, r->scale, r->offset), r->least), r->most);
}

FMX_GROUP(COMPLETION_GROUP)
__kernel void completion_fit(__global float4 *fits, __global const float *data,
                             __global const completion_row *rows, __local float *scratch,
                             uint points, uint parts)
{
    size_t l = get_local_id(0);
    size_t group = get_group_id(0);
    size_t row = group / parts;
    size_t part = group % parts;
    completion_row r = rows[row];
    __global const float *x = data + row * points * parts + part;
    float3 sum = (float3)(0.0f);
    for (uint side = 0; side < 2; ++side) {
        uint end = side == 0 ? r.low_end : r.high_end;
        for (uint j = (side == 0 ? r.low_first : r.high_first) + l; j < end;
             j += COMPLETION_GROUP) {
            float u = completion_u((float)j, &r);
            float3 q = (float3)(r.q[0], fma(r.q[1], u, r.q[2]),
                                fma(fma(r.q[3], u, r.q[4]), u, r.q[5]));
            sum += q * x[(size_t)j * parts];
        }
    }
    float c0 = fmx_group_sum(sum.x, scratch);
    float c1 = fmx_group_sum(sum.y, scratch);
    float c2 = fmx_group_sum(sum.z, scratch);
    if (l == 0)
        fits[group] = (float4)(c0, c1, c2, 0.0f);
}

static inline float completion_baseline(float j, const completion_row *r, float4 fit)
{
    float u = completion_u(j, r);
    return fit.x * r->q[0] + fit.y * fma(r->q[1], u, r->q[2]) +
           fit.z * fma(fma(r->q[3], u, r->q[4]), u, r->q[5]);
}

static inline void completion_block(__global float *x, uint points, uint parts, uint part,
                                    uint block, const completion_row *r, float4 fit, uint seed)
{
    uint first = 4 * block;
    if (first >= points || (first >= r->keep_first && first + 4 <= r->keep_end))
        return;
    uint4 counter = (uint4)(r->item_low, r->item_high, part, block);
    float4 normal = fmx_normal4(fmx_philox(counter, (uint2)(seed, FMX_PURPOSE_COMPLETION)));
    float noise[4] = {normal.x, normal.y, normal.z, normal.w};
#pragma unroll
    for (uint k = 0; k < 4; ++k) {
        uint j = first + k;
        if (j < points && (j < r->keep_first || j >= r->keep_end))
            x[(size_t)j * parts + part] =
                completion_baseline((float)j, r, fit) + r->sigma * noise[k];
    }
}

FMX_SUBGROUP_KERNEL
__kernel void completion_fill(__global float *data, __global const float4 *fits,
                              __global const completion_row *rows, uint count, uint points,
                              uint parts, uint seed)
{
    size_t block = get_global_id(0);
    size_t row = get_global_id(1);
    if (4 * block >= points || row >= count)
        return;
    completion_row r = rows[row];
    for (uint part = 0; part < parts; ++part)
        completion_block(data + row * points * parts, points, parts, part, (uint)block, &r,
                         fits[row * parts + part], seed);
}

#ifdef FMX_VARIANT_CPU
__kernel void completion_fill_wide(__global float *data, __global const float4 *fits,
                                   __global const completion_row *rows, uint count, uint points,
                                   uint parts, uint seed)
{
    const float16 lane = (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t first = get_global_id(0) * 64;
    size_t row = get_global_id(1);
    if (first >= points || row >= count)
        return;
    completion_row r = rows[row];
    if (first >= r.keep_first && first + 64 <= r.keep_end)
        return;
    bool whole = first + 64 <= points && (first + 64 <= r.keep_first || first >= r.keep_end);
    for (uint part = 0; part < parts; ++part) {
        float4 fit = fits[row * parts + part];
        __global float *x = data + row * points * parts;
        if (!whole) {
            for (uint i = 0; i < 16; ++i)
                completion_block(x, points, parts, part, (uint)(first / 4) + i, &r, fit, seed);
            continue;
        }
        uint16 words[4] = {r.item_low, r.item_high, part,
                           (uint)(first / 4) + convert_uint16(lane)};
        float16 normal[4];
        fmx_philox16(words, (uint2)(seed, FMX_PURPOSE_COMPLETION));
        fmx_normal16(words, normal);
        for (uint k = 0; k < 4; ++k) { /* points 4 block + k of the sixteen blocks */
            float16 j = (float)first + 4.0f * lane + (float)k;
            float16 u = fmin(fmax(fma(j, (float16)(r.scale), (float16)(r.offset)), r.least), r.most);
            float16 b = fit.x * r.q[0] + fit.y * fma((float16)(r.q[1]), u, (float16)(r.q[2])) +
                        fit.z * fma(fma((float16)(r.q[3]), u, (float16)(r.q[4])), u,
                                    (float16)(r.q[5]));
            float value[16];
            vstore16(b + r.sigma * normal[k], 0, value);
            for (uint i = 0; i < 16; ++i)
                x[(first + 4 * i + k) * parts + part] = value[i];
        }
    }
}
#endif

/* Regions: points outside a row's spans become sigma normal_j; inside a span
 *
 *   x[j] -= a + (b - a) (j - edge_first) / (edge_end - 1 - edge_first)
 *
 * with a, b the means of `edge_points` points at both edges of the region that the span is a part of.
 *
 * data     float [rows][points], in place
 * offsets  float2 [spans]: a, b
 * spans    uint4 [spans]: first point, end, and the region's edge_first, edge_end; edge_end 0: the span
 *          becomes zero. A row's spans ascend and do not overlap.
 * rows     per row: first span, end, sigma, item
 * mode     0 edge (b = a), 1 line, 2 no offset
 *
 * regions_offsets     one item per span
 * regions_apply       one item per 4 points (one Philox block) of a row
 * regions_apply_wide  one item per 64 points of a row, for PoCL: float16 noise where no span is near
 * Twin: host/ref/regions_ref.c.
 */

typedef struct regions_row {
    uint first;
    uint end;
    float sigma;
    uint item_low;
    uint item_high;
    uint unused[3];
} regions_row;

static inline float regions_mean(__global const float *x, uint first, uint end)
{
    float sum = 0.0f;
    for (uint j = first; j < end; ++j)
        sum += x[j];
    return sum / (float)(end - first);
}

FMX_SUBGROUP_KERNEL
__kernel void regions_offsets(__global float2 *offsets, __global const float *data,
                              __global const uint4 *spans, __global const uint *row_of,
                              uint count, uint points, uint edge_points, uint mode)
{
    size_t i = get_global_id(0);
    if (i >= count)
        return;
    uint4 s = spans[i];
    float2 offset = (float2)(0.0f);
    if (mode != 2 && s.w > s.z) {
        __global const float *x = data + (size_t)row_of[i] * points;
        uint n = min(edge_points, s.w - s.z);
        offset.x = regions_mean(x, s.z, s.z + n);
        offset.y = mode == 1 ? regions_mean(x, s.w - n, s.w) : offset.x;
    }
    offsets[i] = offset;
}

/* The first span of a row that ends behind point j, or the row's end. */
static inline uint regions_find(__global const uint4 *spans, const regions_row *r, uint j)
{
    uint low = r->first;
    uint high = r->end;
    while (low < high) {
        uint middle = (low + high) / 2;
        if (spans[middle].y > j)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static inline void regions_block(__global float *x, uint points, uint block,
                                 __global const uint4 *spans, __global const float2 *offsets,
                                 const regions_row *r, uint seed)
{
    uint first = 4 * block;
    uint span = regions_find(spans, r, first);
    uint4 counter = (uint4)(r->item_low, r->item_high, 0, block);
    float4 normal = fmx_normal4(fmx_philox(counter, (uint2)(seed, FMX_PURPOSE_REGIONS)));
    float noise[4] = {normal.x, normal.y, normal.z, normal.w};
#pragma unroll
    for (uint k = 0; k < 4; ++k) {
        uint j = first + k;
        if (j >= points)
            continue;
        while (span < r->end && spans[span].y <= j)
            ++span;
        if (span == r->end || spans[span].x > j) {
            x[j] = r->sigma * noise[k];
            continue;
        }
        uint4 s = spans[span];
        float2 offset = offsets[span];
        float length = (float)max(s.w - s.z, 2u) - 1.0f;
        float t = (float)(j - s.z) / length;
        x[j] = s.w > 0 ? x[j] - (offset.x + (offset.y - offset.x) * t) : 0.0f;
    }
}

FMX_SUBGROUP_KERNEL
__kernel void regions_apply(__global float *data, __global const float2 *offsets,
                            __global const uint4 *spans, __global const regions_row *rows,
                            uint count, uint points, uint seed)
{
    size_t block = get_global_id(0);
    size_t row = get_global_id(1);
    if (4 * block >= points || row >= count)
        return;
    regions_row r = rows[row];
    regions_block(data + row * points, points, (uint)block, spans, offsets, &r, seed);
}

#ifdef FMX_VARIANT_CPU
__kernel void regions_apply_wide(__global float *data, __global const float2 *offsets,
                                 __global const uint4 *spans, __global const regions_row *rows,
                                 uint count, uint points, uint seed)
{
    size_t first = get_global_id(0) * 64;
    size_t row = get_global_id(1);
    if (first >= points || row >= count)
        return;
    regions_row r = rows[row];
    __global float *x = data + row * points;
    uint span = regions_find(spans, &r, (uint)first);
    if (first + 64 > points || (span < r.end && spans[span].x < first + 64)) {
        for (uint i = 0; i < 16 && first + 4 * i < points; ++i)
            regions_block(x, points, (uint)(first / 4) + i, spans, offsets, &r, seed);
        return;
    }
    uint16 words[4] = {r.item_low, r.item_high, 0,
                       (uint)(first / 4) +
                           (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)};
    float16 normal[4];
    fmx_philox16(words, (uint2)(seed, FMX_PURPOSE_REGIONS));
    fmx_normal16(words, normal);
    for (uint k = 0; k < 4; ++k) {
        float value[16];
        vstore16(r.sigma * normal[k], 0, value);
        for (uint i = 0; i < 16; ++i)
            x[first + 4 * i + k] = value[i];
    }
}
#endif

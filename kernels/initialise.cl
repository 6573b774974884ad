/* First values of a weight, float[count].
 *
 *   kind 0  constant a
 *   kind 1  uniform on [-a, a):  a (2 word / 2^32 - 1), from the word's upper 24 bits
 *   kind 2  normal, standard deviation a, values beyond 2 a replaced by later draws (at most 7)
 *   kind 3  normal, standard deviation a
 *
 * Philox key (seed, WEIGHTS), counter (position / 4, tensor, 0, try): word position % 4; normals come
 * in fours from four words. One item per four values: the same values on every device for kinds 0 and
 * 1, within 4 ulp for kinds 2 and 3.
 *
 * Twin: host/ref/initialise_ref.c.
 */

inline float initialise_normal(float4 four, uint i)
{
    return i == 0 ? four.x : i == 1 ? four.y : i == 2 ? four.z : four.w;
}

FMX_SUBGROUP_KERNEL
__kernel void initialise(__global float *out, ulong count, uint kind, float a, uint tensor, uint seed)
{
    size_t block = get_global_id(0);
    if (block * 4 >= count)
        return;
    uint2 key = (uint2)(seed, FMX_PURPOSE_WEIGHTS);
    uint4 words = fmx_philox((uint4)((uint)block, tensor, 0, 0), key);
    float4 value = (float4)(a);
    if (kind == 1)
        value = a * (convert_float4(words >> 8) * 0x1p-23f - 1.0f);
    if (kind == 3)
        value = fmx_normal4(words) * a;
    if (kind == 2) {
        value = fmx_normal4(words);
        for (uint attempt = 1; attempt < 8; ++attempt) {
            float4 more = fmx_normal4(fmx_philox((uint4)((uint)block, tensor, 0, attempt), key));
            value = select(value, more, fabs(value) > 2.0f);
        }
        value = clamp(value, -2.0f, 2.0f) * a;
    }
    if (block * 4 + 4 <= count) {
        vstore4(value, block, out);
        return;
    }
    for (uint i = 0; block * 4 + i < count; ++i)
        out[block * 4 + i] = initialise_normal(value, i);
}

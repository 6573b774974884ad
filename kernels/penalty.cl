/* Penalties on weights w: what they add to the loss, and to the gradients.
 *
 * penalty_apply[_wide]  parts[first + p] = sum over part p of l1 |w| + l2 w^2;
 *                       where grad is not NULL: grad += l1 sign(w) + 2 l2 w, sign(0) = 0
 * penalty_sum[_wide]    total[0] = sum of all parts, in a fixed order
 *
 * w, grad  float [count]     parts  float [parts of all tensors]
 *
 * A part has `chunk` weights. A group owns one, an item takes every n-th weight; _wide: an item per
 * part, 16 weights at a time, for PoCL.
 *
 * Twin: host/ref/penalty_ref.c.
 */

/* The term of a weight; its slope in *slope. NaN stays. */
#define PENALTY_DEFINE_TERM(NAME, FLOAT)                                                           \
    static inline FLOAT NAME(FLOAT w, float l1, float l2, FLOAT *slope)                            \
    {                                                                                              \
        const FLOAT a = (FLOAT)(l1);                                                               \
        FLOAT step = select(select(w, -a, w < (FLOAT)(0.0f)), a, w > (FLOAT)(0.0f));               \
        *slope = fma((FLOAT)(l2 + l2), w, step);                                                   \
        return fma(l2 * w, w, a * fabs(w));                                                        \
    }

PENALTY_DEFINE_TERM(penalty_term, float)
#ifdef FMX_VARIANT_CPU
PENALTY_DEFINE_TERM(penalty_term16, float16)
#endif

FMX_SUBGROUP_KERNEL
__kernel void penalty_apply(__global float *parts, __global float *grad, __global const float *w,
                            ulong count, ulong chunk, ulong first, float l1, float l2,
                            __local float *scratch)
{
    size_t start = get_group_id(0) * chunk;
    size_t end = min(start + chunk, (size_t)count);
    float sum = 0.0f;
    for (size_t k = start + get_local_id(0); k < end; k += get_local_size(0)) {
        float slope;
        sum += penalty_term(w[k], l1, l2, &slope);
        if (grad != 0)
            grad[k] += slope;
    }
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        parts[first + get_group_id(0)] = sum;
}

FMX_SUBGROUP_KERNEL
__kernel void penalty_sum(__global float *total, __global const float *parts, ulong count,
                          __local float *scratch)
{
    float sum = 0.0f;
    for (size_t k = get_local_id(0); k < count; k += get_local_size(0))
        sum += parts[k];
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        total[0] = sum;
}

#ifdef FMX_VARIANT_CPU
static inline float penalty_lanes(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

__kernel void penalty_apply_wide(__global float *parts, __global float *grad,
                                 __global const float *w, ulong count, ulong chunk, ulong first,
                                 float l1, float l2, ulong groups)
{
    size_t part = get_global_id(0);
    if (part >= groups)
        return;
    size_t k = part * chunk;
    size_t end = min(k + chunk, (size_t)count);
    float16 sum = 0.0f;
    float rest = 0.0f;
    for (; k + 16 <= end; k += 16) {
        float16 slope;
        sum += penalty_term16(vload16(0, w + k), l1, l2, &slope);
        if (grad != 0)
            vstore16(vload16(0, grad + k) + slope, 0, grad + k);
    }
    for (; k < end; ++k) {
        float slope;
        rest += penalty_term(w[k], l1, l2, &slope);
        if (grad != 0)
            grad[k] += slope;
    }
    parts[first + part] = penalty_lanes(sum) + rest;
}

__kernel void penalty_sum_wide(__global float *total, __global const float *parts, ulong count,
                               ulong groups)
{
    if (get_global_id(0) >= groups)
        return;
    float16 sum = 0.0f;
    float rest = 0.0f;
    size_t k = 0;
    for (; k + 16 <= count; k += 16)
        sum += vload16(0, parts + k);
    for (; k < count; ++k)
        rest += parts[k];
    total[0] = penalty_lanes(sum) + rest;
}
#endif

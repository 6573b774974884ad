/* Masks of several sources on one encoded signal, float masks [batch][sources][n], in [batch][n],
 * out [batch][sources][n]; n = channels x positions.
 *
 *   out_s = in m_s,   m = f(masks)
 *   f: 0 none    m_s = a_s
 *      1 sigmoid m_s = 1 / (1 + exp(-a_s))
 *      2 relu    m_s = max(a_s, 0)
 *      3 softmax m_s = exp(a_s - max a) / sum over k of exp(a_k - max a)
 *
 *   dL/dx   = sum over s of g_s m_s
 *   dL/da_s = g_s x f'(a_s);   softmax: m_s (g_s x - sum over k of g_k x m_k)
 *
 * mask_forward, mask_backward   one item per value of `in`; it goes over the sources in their order
 * ..._wide                      one item per 16 of them, the last one takes its tail value by value, for
 *                               PoCL
 *
 * Backward makes the masks anew from `masks`; grad_masks or grad_in may be NULL (not wanted).
 * Twin: host/ref/mask_ref.c.
 */

#define MASK_NONE 0
#define MASK_SIGMOID 1
#define MASK_RELU 2
#define MASK_SOFTMAX 3

/* Exponentials are costly on CPUs: each is made once and kept where the result will stand (`kept`,
 * NULL: made again).
 *
 * _value   the mask of one source; `scale`: 1 / sum of exponentials, of softmax
 * _totals  softmax: the largest a and `scale`; leaves the exponentials in `kept` */
#define MASK_DEFINE(NAME, FLOAT, LOAD, STORE, EXP)                                                 \
    static inline FLOAT NAME##_value(FLOAT a, uint kind, FLOAT most, FLOAT scale)                  \
    {                                                                                              \
        if (kind == MASK_SIGMOID)                                                                  \
            return 1.0f / (1.0f + EXP(-a));                                                        \
        if (kind == MASK_RELU)                                                                     \
            return select(a, (FLOAT)(0.0f), a <= 0.0f);                                            \
        return kind == MASK_SOFTMAX ? EXP(a - most) * scale : a;                                   \
    }                                                                                              \
                                                                                                   \
    static inline void NAME##_totals(__global const float *a, __global float *kept, ulong n,       \
                                     uint sources, FLOAT *most, FLOAT *scale)                      \
    {                                                                                              \
        *most = LOAD(a);                                                                           \
        for (uint s = 1; s < sources; ++s)                                                         \
            *most = fmax(*most, LOAD(a + s * n));                                                  \
        FLOAT sum = (FLOAT)(0.0f);                                                                 \
        for (uint s = 0; s < sources; ++s) {                                                       \
            FLOAT e = EXP(LOAD(a + s * n) - *most);                                                \
            if (kept)                                                                              \
                STORE(e, kept + s * n);                                                            \
            sum += e;                                                                              \
        }                                                                                          \
        *scale = 1.0f / sum;                                                                       \
    }                                                                                              \
                                                                                                   \
    static inline void NAME##_forward(__global float *out, __global const float *a,                \
                                      __global const float *in, ulong n, uint sources, uint kind)  \
    {                                                                                              \
        FLOAT x = LOAD(in);                                                                        \
        FLOAT most = (FLOAT)(0.0f);                                                                \
        FLOAT scale = (FLOAT)(1.0f);                                                               \
        if (kind == MASK_SOFTMAX)                                                                  \
            NAME##_totals(a, out, n, sources, &most, &scale);                                      \
        for (uint s = 0; s < sources; ++s) {                                                       \
            FLOAT m = kind == MASK_SOFTMAX ? LOAD(out + s * n) * scale                             \
                                           : NAME##_value(LOAD(a + s * n), kind, most, scale);     \
            STORE(x * m, out + s * n);                                                             \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static inline void NAME##_backward(__global float *grad_a, __global float *grad_in,            \
                                       __global const float *grad, __global const float *a,        \
                                       __global const float *in, ulong n, uint sources, uint kind) \
    {                                                                                              \
        FLOAT x = LOAD(in);                                                                        \
        FLOAT most = (FLOAT)(0.0f);                                                                \
        FLOAT scale = (FLOAT)(1.0f);                                                               \
        FLOAT sum = (FLOAT)(0.0f);                                                                 \
        bool keeps = grad_a && (kind == MASK_SIGMOID || kind == MASK_SOFTMAX);                     \
        if (kind == MASK_SOFTMAX)                                                                  \
            NAME##_totals(a, grad_a, n, sources, &most, &scale);                                   \
        for (uint s = 0; s < sources; ++s) {                                                       \
            FLOAT m = keeps && kind == MASK_SOFTMAX                                                \
                          ? LOAD(grad_a + s * n) * scale                                           \
                          : NAME##_value(LOAD(a + s * n), kind, most, scale);                      \
            if (keeps)                                                                             \
                STORE(m, grad_a + s * n);                                                          \
            sum = fma(LOAD(grad + s * n), m, sum);                                                 \
        }                                                                                          \
        if (grad_in)                                                                               \
            STORE(sum, grad_in);                                                                   \
        for (uint s = 0; grad_a && s < sources; ++s) {                                             \
            FLOAT g = LOAD(grad + s * n);                                                          \
            FLOAT slope = (FLOAT)(1.0f);                                                           \
            if (kind == MASK_SIGMOID) {                                                            \
                slope = LOAD(grad_a + s * n);                                                      \
                slope *= 1.0f - slope;                                                             \
            }                                                                                      \
            if (kind == MASK_RELU)                                                                 \
                slope = select((FLOAT)(0.0f), (FLOAT)(1.0f), LOAD(a + s * n) > 0.0f);              \
            if (kind == MASK_SOFTMAX) {                                                            \
                slope = LOAD(grad_a + s * n);                                                      \
                g -= sum;                                                                          \
            }                                                                                      \
            STORE(g * x * slope, grad_a + s * n);                                                  \
        }                                                                                          \
    }

#define MASK_LOAD1(at) (*(at))
#define MASK_STORE1(value, at) (*(at) = (value))
MASK_DEFINE(mask_one, float, MASK_LOAD1, MASK_STORE1, fmx_exp)

FMX_SUBGROUP_KERNEL
__kernel void mask_forward(__global float *out, __global const float *masks,
                           __global const float *in, ulong batch, ulong n, uint sources, uint kind)
{
    size_t i = get_global_id(0);
    size_t b = get_global_id(1);
    size_t first = b * sources * n + i;
    if (i < n && b < batch)
        mask_one_forward(out + first, masks + first, in + b * n + i, n, sources, kind);
}

FMX_SUBGROUP_KERNEL
__kernel void mask_backward(__global float *grad_masks, __global float *grad_in,
                            __global const float *grad, __global const float *masks,
                            __global const float *in, ulong batch, ulong n, uint sources, uint kind)
{
    size_t i = get_global_id(0);
    size_t b = get_global_id(1);
    size_t first = b * sources * n + i;
    if (i >= n || b >= batch)
        return;
    mask_one_backward(grad_masks ? grad_masks + first : 0, grad_in ? grad_in + b * n + i : 0,
                  grad + first, masks + first, in + b * n + i, n, sources, kind);
}

#ifdef FMX_VARIANT_CPU
#define MASK_LOAD16(at) vload16(0, at)
#define MASK_STORE16(value, at) vstore16(value, 0, at)
MASK_DEFINE(mask_sixteen, float16, MASK_LOAD16, MASK_STORE16, fmx_exp16)

__kernel void mask_forward_wide(__global float *out, __global const float *masks,
                                __global const float *in, ulong batch, ulong n, uint sources,
                                uint kind)
{
    size_t i = get_global_id(0) * 16;
    size_t b = get_global_id(1);
    if (i >= n || b >= batch)
        return;
    out += b * sources * n;
    masks += b * sources * n;
    in += b * n;
    if (i + 16 <= n) {
        mask_sixteen_forward(out + i, masks + i, in + i, n, sources, kind);
        return;
    }
    for (; i < n; ++i)
        mask_one_forward(out + i, masks + i, in + i, n, sources, kind);
}

__kernel void mask_backward_wide(__global float *grad_masks, __global float *grad_in,
                                 __global const float *grad, __global const float *masks,
                                 __global const float *in, ulong batch, ulong n, uint sources,
                                 uint kind)
{
    size_t i = get_global_id(0) * 16;
    size_t b = get_global_id(1);
    if (i >= n || b >= batch)
        return;
    size_t first = b * sources * n;
    bool whole = i + 16 <= n;
    for (size_t end = min(i + 16, (size_t)n); i < end; i += whole ? 16 : 1) {
        __global float *to_masks = grad_masks ? grad_masks + first + i : 0;
        __global float *to_in = grad_in ? grad_in + b * n + i : 0;
        if (whole)
            mask_sixteen_backward(to_masks, to_in, grad + first + i, masks + first + i,
                                  in + b * n + i, n, sources, kind);
        else
            mask_one_backward(to_masks, to_in, grad + first + i, masks + first + i, in + b * n + i, n,
                              sources, kind);
    }
}
#endif

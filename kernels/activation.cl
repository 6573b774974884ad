/* Elementwise activations of float[count], kind and parameters as host/ops/activation.h says them.
 *
 *    0 relu       y = max(x, 0)                          dy/dx = y > 0
 *    1 sigmoid    y = 1 / (1 + exp(-x))                  dy/dx = y (1 - y)
 *    2 compress   y = sign(x) ln(1 + a |x|)              dy/dx = a exp(-|y|)
 *    3 leaky_relu y = x > 0 ? x : a x                    dy/dx = y > 0 ? 1 : a
 *    4 elu        y = x > 0 ? b x : a (exp(x) - 1)       dy/dx = y > 0 ? b : y + a
 *    5 relu6      y = min(max(x, 0), 6)                  dy/dx = 0 < y < 6
 *    6 tanh       y = tanh x                             dy/dx = (1 - y) (1 + y)
 *    7 gelu       y = x P(x)                             dy/dx = P(x) + x p(x)
 *    8 gelu_tanh  y = x s(2 z), z = c (x + 0.044715 x^3), c = sqrt(2 / pi)
 *                                                        dy/dx = s + 2 x z' s (1 - s)
 *    9 silu       y = x s(x)                             dy/dx = s (1 + x (1 - s))
 *   10 softplus   y = a x > b ? x : ln(1 + exp(a x)) / a dy/dx = a x > b ? 1 : s(a x)
 *
 * P, p: normal distribution and density; s: sigmoid. Slopes of 0 to 6 are taken from y, of 7 to 10 from
 * x.
 *
 * activation_forward   out[i] = f(in[i]); the third argument is not read
 * activation_backward  grad_in[i] = grad_out[i] f'(x), value = y or x
 *
 * One item per value; _wide: one item per 16 values, the last one takes its tail value by value, for
 * PoCL. One body for both, and the kind is an argument: programs for one kind each were no faster. All may
 * work in place. NaN stays NaN.
 *
 * Twin: host/ref/activation_ref.c.
 */

/* Normal distribution P(-u) for u >= 0: exp(-u^2 / 2) times t q(t), t = 1 / (1 + 0.26 u), q of degree 8,
 * fitted to exp(u^2 / 2) P(-u) on [0, 13.3] with a relative error of 2.1e-8; at most 8 + u^2 units of
 * 2^-24. *bell = exp(-u^2 / 2). */
#define ACTIVATION_DEFINE_TAIL(NAME, FLOAT, EXP)                                                   \
    static inline FLOAT NAME(FLOAT u, FLOAT *bell)                                                 \
    {                                                                                              \
        FLOAT t = 1.0f / (0.26f * u + 1.0f);                                                       \
        FLOAT q = fma(t, (FLOAT)(0.030896248296f), (FLOAT)(-0.15474092960f));                      \
        q = fma(q, t, (FLOAT)(0.25546798110f));                                                    \
        q = fma(q, t, (FLOAT)(-0.15553733706f));                                                   \
        q = fma(q, t, (FLOAT)(0.16415336728f));                                                    \
        q = fma(q, t, (FLOAT)(0.049642119557f));                                                   \
        q = fma(q, t, (FLOAT)(0.10339142382f));                                                    \
        q = fma(q, t, (FLOAT)(0.10296492279f));                                                    \
        q = fma(q, t, (FLOAT)(0.10376219421f));                                                    \
        *bell = EXP(-0.5f * u * u);                                                                \
        return *bell * (q * t);                                                                    \
    }

/* ln(1 + v) for v in [0, 1], also small: what 1 + v loses is put back. At most 4 ulp. */
#define ACTIVATION_DEFINE_LOG1P(NAME, FLOAT, LOG)                                                  \
    static inline FLOAT NAME(FLOAT v)                                                              \
    {                                                                                              \
        FLOAT u = 1.0f + v;                                                                        \
        return LOG(u) + (v - (u - 1.0f)) / u;                                                      \
    }

#define ACTIVATION_DEFINE_VALUE(NAME, FLOAT, EXP, EXPM1, LOG, LOG1P, TANH, TAIL)                   \
    static inline FLOAT NAME(FLOAT x, uint kind, float a, float b)                                 \
    {                                                                                              \
        FLOAT s;                                                                                   \
        switch (kind) {                                                                            \
        case 0:                                                                                    \
            return select(x, (FLOAT)(0.0f), x <= 0.0f);                                            \
        case 1:                                                                                    \
            return 1.0f / (1.0f + EXP(-x));                                                        \
        case 2:                                                                                    \
            return copysign(LOG(1.0f + fabs(x) * a), x);                                           \
        case 3:                                                                                    \
            return select(x * a, x, x > 0.0f);                                                     \
        case 4:                                                                                    \
            return select(a * EXPM1(x), b * x, x > 0.0f);                                          \
        case 5:                                                                                    \
            s = select(x, (FLOAT)(0.0f), x <= 0.0f);                                               \
            return select(s, (FLOAT)(6.0f), x > 6.0f);                                             \
        case 6:                                                                                    \
            return TANH(x);                                                                        \
        case 7: {                                                                                  \
            FLOAT bell;                                                                            \
            s = TAIL(fabs(x), &bell);                                                              \
            return x * select(s, 1.0f - s, x > 0.0f);                                              \
        }                                                                                          \
        case 8:                                                                                    \
            s = x * fma(x * x, (FLOAT)(0.0713548163f), (FLOAT)(1.5957691216f));                    \
            return x / (1.0f + EXP(-s));                                                           \
        case 9:                                                                                    \
            return x / (1.0f + EXP(-x));                                                           \
        default:                                                                                   \
            s = x * a;                                                                             \
            s = select(s, (FLOAT)(0.0f), s <= 0.0f) + LOG1P(EXP(-fabs(s)));                        \
            return select(s / a, x, x * a > b);                                                    \
        }                                                                                          \
    }

/* v: y for kinds 0 to 6, x for 7 to 10. */
#define ACTIVATION_DEFINE_SLOPE(NAME, FLOAT, EXP, TAIL)                                            \
    static inline FLOAT NAME(FLOAT v, uint kind, float a, float b)                                 \
    {                                                                                              \
        FLOAT s;                                                                                   \
        FLOAT e;                                                                                   \
        switch (kind) {                                                                            \
        case 0:                                                                                    \
            return select((FLOAT)(0.0f), (FLOAT)(1.0f), v > 0.0f);                                 \
        case 1:                                                                                    \
            return v * (1.0f - v);                                                                 \
        case 2:                                                                                    \
            return EXP(-fabs(v)) * a;                                                              \
        case 3:                                                                                    \
            return select((FLOAT)(a), (FLOAT)(1.0f), v > 0.0f);                                    \
        case 4:                                                                                    \
            return select(v + a, (FLOAT)(b), v > 0.0f);                                            \
        case 5:                                                                                    \
            s = select((FLOAT)(0.0f), (FLOAT)(1.0f), v > 0.0f);                                    \
            return select(s, (FLOAT)(0.0f), v >= 6.0f);                                            \
        case 6:                                                                                    \
            return (1.0f - v) * (1.0f + v);                                                        \
        case 7:                                                                                    \
            s = TAIL(fabs(v), &e);                                                                 \
            return fma(v, 0.3989422804f * e, select(s, 1.0f - s, v > 0.0f));                       \
        case 8:                                                                                    \
            e = EXP(-v * fma(v * v, (FLOAT)(0.0713548163f), (FLOAT)(1.5957691216f)));              \
            s = 1.0f / (1.0f + e);                                                                 \
            e = v * fma(v * v, (FLOAT)(0.2140644488f), (FLOAT)(1.5957691216f)) * (e * s);          \
            return fma(e, s, s);                                                                   \
        case 9:                                                                                    \
            e = EXP(-v);                                                                           \
            s = 1.0f / (1.0f + e);                                                                 \
            return fma(v * (e * s), s, s);                                                         \
        default:                                                                                   \
            return select(1.0f / (1.0f + EXP(-v * a)), (FLOAT)(1.0f), v * a > b);                  \
        }                                                                                          \
    }

ACTIVATION_DEFINE_TAIL(activation_tail, float, fmx_exp)
ACTIVATION_DEFINE_LOG1P(activation_log1p, float, fmx_log)
ACTIVATION_DEFINE_VALUE(activation_value, float, fmx_exp, fmx_expm1, fmx_log, activation_log1p,
                        fmx_tanh, activation_tail)
ACTIVATION_DEFINE_SLOPE(activation_slope, float, fmx_exp, activation_tail)

FMX_SUBGROUP_KERNEL
__kernel void activation_forward(__global float *out, __global const float *in,
                                 __global const float *unused, ulong count, uint kind, float a,
                                 float b)
{
    size_t i = get_global_id(0);
    if (i < count)
        out[i] = activation_value(in[i], kind, a, b);
}

FMX_SUBGROUP_KERNEL
__kernel void activation_backward(__global float *grad_in, __global const float *grad_out,
                                  __global const float *value, ulong count, uint kind, float a,
                                  float b)
{
    size_t i = get_global_id(0);
    if (i < count)
        grad_in[i] = grad_out[i] * activation_slope(value[i], kind, a, b);
}

#ifdef FMX_VARIANT_CPU
ACTIVATION_DEFINE_TAIL(activation_tail16, float16, fmx_exp16)
ACTIVATION_DEFINE_LOG1P(activation_log1p16, float16, fmx_log16)
ACTIVATION_DEFINE_VALUE(activation_value16, float16, fmx_exp16, fmx_expm1_16, fmx_log16,
                        activation_log1p16, fmx_tanh16, activation_tail16)
ACTIVATION_DEFINE_SLOPE(activation_slope16, float16, fmx_exp16, activation_tail16)

__kernel void activation_forward_wide(__global float *out, __global const float *in,
                                      __global const float *unused, ulong count, uint kind, float a,
                                      float b)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            out[i] = activation_value(in[i], kind, a, b);
        return;
    }
    vstore16(activation_value16(vload16(0, in + first), kind, a, b), 0, out + first);
}

__kernel void activation_backward_wide(__global float *grad_in, __global const float *grad_out,
                                       __global const float *value, ulong count, uint kind, float a,
                                       float b)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            grad_in[i] = grad_out[i] * activation_slope(value[i], kind, a, b);
        return;
    }
    float16 slope = activation_slope16(vload16(0, value + first), kind, a, b);
    vstore16(vload16(0, grad_out + first) * slope, 0, grad_in + first);
}
#endif

/* Optimisers on a slab of weights, float[count]; formulas by kind, in place:
 *
 *   g := coupled w + clip(factor g)      clip to +-limit; factor[0] from optimiser_slab.cl, 1 where NULL
 *   sgd       b := momentum b + rate_in g          d = nesterov ? momentum b + rate_in g : b
 *             without momentum (b is NULL)         d = rate_in g
 *   adam      m += (1 - beta1) (g - m);  v += (1 - beta2) (g g - v)
 *                                                  d = m / (sqrt(v) + epsilon)
 *   rmsprop   v += (1 - rho) (g g - v);  centred: a += (1 - rho) (g - a), x = v - a a; otherwise x = v
 *             q = g / (sqrt(x + epsilon_in) + epsilon_out)
 *             b := momentum b + rate_in q, d = b;  b NULL: d = rate_in q
 *   w := keep w - rate_out d
 *
 * keep = 1 - learning rate times decoupled decay. The host gives rate, keep and epsilon for every
 * step (host/train/optimiser.c): Keras keeps the rate inside of the momentum (rate_in), PyTorch
 * outside (rate_out); Adam's corrections for the zero start are in rate_out and epsilon.
 *
 * optimiser_NAME       one item per weight
 * optimiser_NAME_wide  one item per 16 weights, the last takes its tail one by one; for PoCL
 *
 * A NaN stays one: nothing here clips it away. Bound by memory: 12 bytes a weight, 8 more for each
 * moment.
 *
 * Twin: host/ref/optimiser_ref.c.
 */

#define OPTIMISER_DEFINE(SUFFIX, FLOAT)                                                            \
    static inline FLOAT optimiser_clip##SUFFIX(FLOAT g, FLOAT w, float factor, float limit,        \
                                               float coupled)                                      \
    {                                                                                              \
        FLOAT most = (FLOAT)(limit);                                                               \
        g = g * factor;                                                                            \
        g = select(g, most, g > most);                                                             \
        g = select(g, -most, g < -most);                                                           \
        return fma((FLOAT)(coupled), w, g);                                                        \
    }                                                                                              \
                                                                                                   \
    static inline FLOAT optimiser_sgd_way##SUFFIX(FLOAT g, FLOAT *b, float momentum,               \
                                                  uint nesterov, float rate_in)                    \
    {                                                                                              \
        FLOAT push = rate_in * g;                                                                  \
        *b = fma((FLOAT)(momentum), *b, push);                                                     \
        return nesterov ? fma((FLOAT)(momentum), *b, push) : *b;                                   \
    }                                                                                              \
                                                                                                   \
    static inline FLOAT optimiser_adam_way##SUFFIX(FLOAT g, FLOAT *m, FLOAT *v, float beta1_rest,  \
                                                   float beta2_rest, float rate, float epsilon)    \
    {                                                                                              \
        *m = fma((FLOAT)(beta1_rest), g - *m, *m);                                                 \
        *v = fma((FLOAT)(beta2_rest), g * g - *v, *v);                                             \
        return rate * *m / (sqrt(*v) + epsilon);                                                   \
    }                                                                                              \
                                                                                                   \
    static inline FLOAT optimiser_rms##SUFFIX(FLOAT g, FLOAT square, float epsilon_in,             \
                                              float epsilon_out)                                   \
    {                                                                                              \
        FLOAT x = select(square, (FLOAT)(0.0f), square < 0.0f);                                    \
        return g / (sqrt(x + epsilon_in) + epsilon_out);                                           \
    }

OPTIMISER_DEFINE(, float)

/* One weight of each kind; the kernels differ in how many they take. */
static inline void optimiser_sgd_one(size_t i, __global float *w, __global float *b,
                                     __global const float *g, float factor, float limit,
                                     float coupled, float keep, float momentum, uint nesterov,
                                     float rate_in, float rate_out)
{
    float gradient = optimiser_clip(g[i], w[i], factor, limit, coupled);
    float way = rate_in * gradient;
    if (b != 0) {
        float moment = b[i];
        way = optimiser_sgd_way(gradient, &moment, momentum, nesterov, rate_in);
        b[i] = moment;
    }
    w[i] = w[i] * keep - rate_out * way;
}

static inline void optimiser_adam_one(size_t i, __global float *w, __global float *m,
                                      __global float *v, __global const float *g, float factor,
                                      float limit, float coupled, float keep, float beta1_rest,
                                      float beta2_rest, float rate, float epsilon)
{
    float gradient = optimiser_clip(g[i], w[i], factor, limit, coupled);
    float mean = m[i];
    float square = v[i];
    float way = optimiser_adam_way(gradient, &mean, &square, beta1_rest, beta2_rest, rate, epsilon);
    m[i] = mean;
    v[i] = square;
    w[i] = w[i] * keep - way;
}

static inline void optimiser_rmsprop_one(size_t i, __global float *w, __global float *v,
                                         __global float *a, __global float *b,
                                         __global const float *g, float factor, float limit,
                                         float coupled, float keep, float rho_rest, float momentum,
                                         float rate_in, float rate_out, float epsilon_in,
                                         float epsilon_out)
{
    float gradient = optimiser_clip(g[i], w[i], factor, limit, coupled);
    float square = fma(rho_rest, gradient * gradient - v[i], v[i]);
    v[i] = square;
    if (a != 0) {
        float mean = fma(rho_rest, gradient - a[i], a[i]);
        a[i] = mean;
        square = square - mean * mean;
    }
    float way = rate_in * optimiser_rms(gradient, square, epsilon_in, epsilon_out);
    if (b != 0) {
        way = fma(momentum, b[i], way);
        b[i] = way;
    }
    w[i] = w[i] * keep - rate_out * way;
}

FMX_SUBGROUP_KERNEL
__kernel void optimiser_sgd(__global float *w, __global float *b, __global const float *g,
                            __global const float *factor, ulong count, float limit, float coupled,
                            float keep, float momentum, uint nesterov, float rate_in,
                            float rate_out)
{
    size_t i = get_global_id(0);
    if (i < count)
        optimiser_sgd_one(i, w, b, g, factor != 0 ? factor[0] : 1.0f, limit, coupled, keep,
                          momentum, nesterov, rate_in, rate_out);
}

FMX_SUBGROUP_KERNEL
__kernel void optimiser_adam(__global float *w, __global float *m, __global float *v,
                             __global const float *g, __global const float *factor, ulong count,
                             float limit, float coupled, float keep, float beta1_rest,
                             float beta2_rest, float rate, float epsilon)
{
    size_t i = get_global_id(0);
    if (i < count)
        optimiser_adam_one(i, w, m, v, g, factor != 0 ? factor[0] : 1.0f, limit, coupled, keep,
                           beta1_rest, beta2_rest, rate, epsilon);
}

FMX_SUBGROUP_KERNEL
__kernel void optimiser_rmsprop(__global float *w, __global float *v, __global float *a,
                                __global float *b, __global const float *g,
                                __global const float *factor, ulong count, float limit,
                                float coupled, float keep, float rho_rest, float momentum,
                                float rate_in, float rate_out, float epsilon_in, float epsilon_out)
{
    size_t i = get_global_id(0);
    if (i < count)
        optimiser_rmsprop_one(i, w, v, a, b, g, factor != 0 ? factor[0] : 1.0f, limit, coupled,
                              keep, rho_rest, momentum, rate_in, rate_out, epsilon_in, epsilon_out);
}

#ifdef FMX_VARIANT_CPU
OPTIMISER_DEFINE(_16, float16)

__kernel void optimiser_sgd_wide(__global float *w, __global float *b, __global const float *g,
                                 __global const float *factor, ulong count, float limit,
                                 float coupled, float keep, float momentum, uint nesterov,
                                 float rate_in, float rate_out)
{
    size_t first = get_global_id(0) * 16;
    float scale = factor != 0 ? factor[0] : 1.0f;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            optimiser_sgd_one(i, w, b, g, scale, limit, coupled, keep, momentum, nesterov, rate_in,
                              rate_out);
        return;
    }
    float16 weight = vload16(0, w + first);
    float16 gradient = optimiser_clip_16(vload16(0, g + first), weight, scale, limit, coupled);
    float16 way = rate_in * gradient;
    if (b != 0) {
        float16 moment = vload16(0, b + first);
        way = optimiser_sgd_way_16(gradient, &moment, momentum, nesterov, rate_in);
        vstore16(moment, 0, b + first);
    }
    vstore16(weight * keep - rate_out * way, 0, w + first);
}

__kernel void optimiser_adam_wide(__global float *w, __global float *m, __global float *v,
                                  __global const float *g, __global const float *factor,
                                  ulong count, float limit, float coupled, float keep,
                                  float beta1_rest, float beta2_rest, float rate, float epsilon)
{
    size_t first = get_global_id(0) * 16;
    float scale = factor != 0 ? factor[0] : 1.0f;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            optimiser_adam_one(i, w, m, v, g, scale, limit, coupled, keep, beta1_rest, beta2_rest,
                               rate, epsilon);
        return;
    }
    float16 weight = vload16(0, w + first);
    float16 mean = vload16(0, m + first);
    float16 square = vload16(0, v + first);
    float16 gradient = optimiser_clip_16(vload16(0, g + first), weight, scale, limit, coupled);
    float16 way =
        optimiser_adam_way_16(gradient, &mean, &square, beta1_rest, beta2_rest, rate, epsilon);
    vstore16(mean, 0, m + first);
    vstore16(square, 0, v + first);
    vstore16(weight * keep - way, 0, w + first);
}

__kernel void optimiser_rmsprop_wide(__global float *w, __global float *v, __global float *a,
                                     __global float *b, __global const float *g,
                                     __global const float *factor, ulong count, float limit,
                                     float coupled, float keep, float rho_rest, float momentum,
                                     float rate_in, float rate_out, float epsilon_in,
                                     float epsilon_out)
{
    size_t first = get_global_id(0) * 16;
    float scale = factor != 0 ? factor[0] : 1.0f;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            optimiser_rmsprop_one(i, w, v, a, b, g, scale, limit, coupled, keep, rho_rest, momentum,
                                  rate_in, rate_out, epsilon_in, epsilon_out);
        return;
    }
    float16 weight = vload16(0, w + first);
    float16 square = vload16(0, v + first);
    float16 gradient = optimiser_clip_16(vload16(0, g + first), weight, scale, limit, coupled);
    square = fma((float16)(rho_rest), gradient * gradient - square, square);
    vstore16(square, 0, v + first);
    if (a != 0) {
        float16 mean = vload16(0, a + first);
        mean = fma((float16)(rho_rest), gradient - mean, mean);
        vstore16(mean, 0, a + first);
        square = square - mean * mean;
    }
    float16 way = rate_in * optimiser_rms_16(gradient, square, epsilon_in, epsilon_out);
    if (b != 0) {
        way = fma((float16)(momentum), vload16(0, b + first), way);
        vstore16(way, 0, b + first);
    }
    vstore16(weight * keep - rate_out * way, 0, w + first);
}
#endif

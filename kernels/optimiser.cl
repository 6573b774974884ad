/* Adam (Kingma and Ba 2015) on a slab of weights, float[count].
 *
 *   m += (1 - beta1) (g - m);  v += (1 - beta2) (g g - v);  w -= rate m / (sqrt(v) + epsilon)
 *
 * rate and epsilon hold the corrections for the zero start, by the host in double at step t from 1:
 *   rate = learning rate sqrt(1 - beta2^t) / (1 - beta1^t);
 *   epsilon as it is (Keras), or times sqrt(1 - beta2^t) (PyTorch: outside of the corrected root).
 *
 * optimiser_adam       one item per weight
 * optimiser_adam_wide  one item per 16 weights, the last takes its tail one by one; for PoCL
 *
 * In place. Bound by memory: 28 bytes a weight.
 *
 * Twin: host/ref/optimiser_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void optimiser_adam(__global float *w, __global float *m, __global float *v,
                             __global const float *g, ulong count, float beta1_rest,
                             float beta2_rest, float rate, float epsilon)
{
    size_t i = get_global_id(0);
    if (i >= count)
        return;
    float gradient = g[i];
    float mean = fma(beta1_rest, gradient - m[i], m[i]);
    float square = fma(beta2_rest, gradient * gradient - v[i], v[i]);
    m[i] = mean;
    v[i] = square;
    w[i] -= rate * mean / (sqrt(square) + epsilon);
}

#ifdef FMX_VARIANT_CPU
__kernel void optimiser_adam_wide(__global float *w, __global float *m, __global float *v,
                                  __global const float *g, ulong count, float beta1_rest,
                                  float beta2_rest, float rate, float epsilon)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i) {
            float gradient = g[i];
            float mean = fma(beta1_rest, gradient - m[i], m[i]);
            float square = fma(beta2_rest, gradient * gradient - v[i], v[i]);
            m[i] = mean;
            v[i] = square;
            w[i] -= rate * mean / (sqrt(square) + epsilon);
        }
        return;
    }
    float16 gradient = vload16(0, g + first);
    float16 mean = vload16(0, m + first);
    float16 square = vload16(0, v + first);
    mean = fma((float16)(beta1_rest), gradient - mean, mean);
    square = fma((float16)(beta2_rest), gradient * gradient - square, square);
    vstore16(mean, 0, m + first);
    vstore16(square, 0, v + first);
    vstore16(vload16(0, w + first) - rate * mean / (sqrt(square) + epsilon), 0, w + first);
}
#endif

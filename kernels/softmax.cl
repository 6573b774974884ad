/* Softmax over the channels of each position, float [batch][channels][positions].
 *
 *   y_c = exp(x_c - max x) / sum over k of exp(x_k - max x)
 *   dL/dx_c = y_c (g_c - sum over k of g_k y_k),  g = dL/dy
 *
 * One item per position of an item of the batch; it goes over the channels in their order. For the few
 * dozen to few hundred classes of a last layer that is all there is to do.
 *
 * Twin: host/ref/softmax_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void softmax_forward(__global float *y, __global const float *x, ulong columns,
                              ulong channels, ulong positions)
{
    size_t i = get_global_id(0);
    if (i >= columns)
        return;
    size_t start = i / positions * channels * positions + i % positions;
    float most = x[start];
    for (size_t c = 1; c < channels; ++c)
        most = fmax(most, x[start + c * positions]);
    float sum = 0.0f;
    for (size_t c = 0; c < channels; ++c) {
        float e = fmx_exp(x[start + c * positions] - most);
        y[start + c * positions] = e;
        sum += e;
    }
    for (size_t c = 0; c < channels; ++c)
        y[start + c * positions] /= sum;
}

FMX_SUBGROUP_KERNEL
__kernel void softmax_backward(__global float *grad_x, __global const float *grad_y,
                               __global const float *y, ulong columns, ulong channels,
                               ulong positions)
{
    size_t i = get_global_id(0);
    if (i >= columns)
        return;
    size_t start = i / positions * channels * positions + i % positions;
    float sum = 0.0f;
    for (size_t c = 0; c < channels; ++c)
        sum = fma(grad_y[start + c * positions], y[start + c * positions], sum);
    for (size_t c = 0; c < channels; ++c) {
        size_t at = start + c * positions;
        grad_x[at] = y[at] * (grad_y[at] - sum);
    }
}

/* Elementwise activations of float[count], kind as fmx__activation (host/ops/activation.h).
 *
 *   0 relu     y = max(x, 0)            dy/dx = y > 0
 *   1 sigmoid  y = 1 / (1 + exp(-x))    dy/dx = y (1 - y)
 *   2 compress y = sign(x) ln(1 + |x| / scale)    dy/dx = exp(-|y|) / scale
 *
 * activation_forward   out[i] = f(in[i]); the third argument is not read
 * activation_backward  grad_in[i] = grad_out[i] f'(x), from out = f(x)
 *
 * One item per value; _wide: one item per 16 values, the last one takes its tail value by value, for
 * PoCL. per_scale: 1 / scale. All may work in place. NaN stays NaN.
 *
 * Twin: host/ref/activation_ref.c.
 */

inline float activation_value(float x, uint kind, float per_scale)
{
    if (kind == 0)
        return x > 0.0f || isnan(x) ? x : 0.0f;
    if (kind == 2)
        return copysign(fmx_log(1.0f + fabs(x) * per_scale), x);
    return 1.0f / (1.0f + fmx_exp(-x));
}

inline float activation_slope(float y, uint kind, float per_scale)
{
    if (kind == 0)
        return y > 0.0f ? 1.0f : 0.0f;
    if (kind == 2)
        return fmx_exp(-fabs(y)) * per_scale;
    return y * (1.0f - y);
}

FMX_SUBGROUP_KERNEL
__kernel void activation_forward(__global float *out, __global const float *in,
                                 __global const float *unused, ulong count, uint kind,
                                 float per_scale)
{
    size_t i = get_global_id(0);
    if (i < count)
        out[i] = activation_value(in[i], kind, per_scale);
}

FMX_SUBGROUP_KERNEL
__kernel void activation_backward(__global float *grad_in, __global const float *grad_out,
                                  __global const float *out, ulong count, uint kind,
                                 float per_scale)
{
    size_t i = get_global_id(0);
    if (i < count)
        grad_in[i] = grad_out[i] * activation_slope(out[i], kind, per_scale);
}

#ifdef FMX_VARIANT_CPU
__kernel void activation_forward_wide(__global float *out, __global const float *in,
                                      __global const float *unused, ulong count, uint kind,
                                 float per_scale)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            out[i] = activation_value(in[i], kind, per_scale);
        return;
    }
    float16 x = vload16(0, in + first);
    float16 y;
    if (kind == 0)
        y = select(x, (float16)(0.0f), x <= 0.0f);
    else if (kind == 2)
        y = copysign(fmx_log16(1.0f + fabs(x) * per_scale), x);
    else
        y = 1.0f / (1.0f + fmx_exp16(-x));
    vstore16(y, 0, out + first);
}

__kernel void activation_backward_wide(__global float *grad_in, __global const float *grad_out,
                                       __global const float *out, ulong count, uint kind,
                                 float per_scale)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            grad_in[i] = grad_out[i] * activation_slope(out[i], kind, per_scale);
        return;
    }
    float16 y = vload16(0, out + first);
    float16 slope;
    if (kind == 0)
        slope = select((float16)(0.0f), (float16)(1.0f), y > 0.0f);
    else if (kind == 2)
        slope = fmx_exp16(-fabs(y)) * per_scale;
    else
        slope = y * (1.0f - y);
    vstore16(vload16(0, grad_out + first) * slope, 0, grad_in + first);
}
#endif

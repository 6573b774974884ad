/* Apodisation: data[row][n] *= w_row(n).
 *
 *   w(n) = s(n) exp(rate u + curve u^2),  u = n - start (points since the decay began)
 *   s(n) = sin(pi (offset + turns u))^power, power 0, 1 or 2 (0: no bell); 0 outside [0, pi]
 *
 * data     complex64 [rows][points], in place
 * windows  float4 [rows]: start (points), rate (per point), curve (per point^2), turns (half turns
 *          per point)
 *
 * apodisation       one item per complex point; GPUs and Intel's CPU runtime
 * apodisation_wide  one item per 8 complex points of one row, without barriers, for PoCL; the last
 *                   item of a row goes through its tail point by point
 *
 * Twin: host/ref/apodisation_ref.c.
 */

inline float apodisation_weight(float n, float4 window, float offset, uint power)
{
    float u = n - window.x;
    float w = fmx_exp((window.y + window.z * u) * u);
    if (power == 0)
        return w;
    float half_turns = offset + window.w * u;
    float cosine;
    float sine = fmx_sincos_turns(0.5f * half_turns, &cosine);
    if (half_turns < 0.0f || half_turns > 1.0f)
        sine = 0.0f;
    return power == 2 ? w * sine * sine : w * sine;
}

FMX_SUBGROUP_KERNEL
__kernel void apodisation(__global float2 *data, __global const float4 *windows, uint rows,
                          uint points, float offset, uint power)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= points || row >= rows)
        return;
    float w = apodisation_weight((float)n, windows[row], offset, power);
    data[row * points + n] *= w;
}

#ifdef FMX_VARIANT_CPU
__kernel void apodisation_wide(__global float2 *data, __global const float4 *windows, uint rows,
                               uint points, float offset, uint power)
{
    size_t first = get_global_id(0) * 8;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows)
        return;
    float4 window = windows[row];
    __global float *at = (__global float *)(data + row * points + first);
    if (first + 8 > points) {
        size_t end = points - first;
        for (size_t i = 0; i < end; ++i) {
            float w = apodisation_weight((float)(first + i), window, offset, power);
            at[2 * i] *= w;
            at[2 * i + 1] *= w;
        }
        return;
    }
    /* (re, im) of a point share its weight */
    float16 n = (float)first + (float16)(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    float16 u = n - window.x;
    float16 w = fmx_exp16((window.y + window.z * u) * u);
    if (power != 0) {
        float16 half_turns = offset + window.w * u;
        float16 cosine;
        float16 sine = fmx_sincos_turns16(0.5f * half_turns, &cosine);
        sine = select(sine, (float16)(0.0f), half_turns < 0.0f || half_turns > 1.0f);
        w *= power == 2 ? sine * sine : sine;
    }
    vstore16(vload16(0, at) * w, 0, at);
}
#endif

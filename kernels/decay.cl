/* Simple decays (FIDs of one line) and their magnitude spectra.
 *
 * fid       float [count][points]: amplitude sin(2 pi f t + phi) exp(-t / T2) + noise
 * rows      uint [count][8]: phi and f per point in 2^-32 turns, decay per point (float), amplitude
 *           (float), item low, item high, draw, unused
 * spectrum  complex64 [count][points]; magnitude float [count][points / 2]: scale |X_k|
 *
 * decay            an item owns four points, a block of the noise: mean + sigma normal, key (seed,
 *                  NOISE), counter (item, draw, block). The phase is a sum of 32-bit fractions of a
 *                  turn: exact however many turns there are.
 * decay_pack       fid -> (fid, 0), for the transform; an item per point
 * decay_magnitude  an item per point of the lower half
 *
 * Work of a few operations a value: one variant. Twin: host/ref/decay_ref.c.
 */

__kernel void decay(__global float *fid, __global const uint *rows, uint points, float mean,
                    float sigma, uint seed)
{
    size_t block = get_global_id(0);
    size_t row = get_global_id(1);
    size_t n = 4 * block;
    if (n >= points)
        return;
    __global const uint *r = rows + 8 * row;
    float rate = as_float(r[2]);
    float amplitude = as_float(r[3]);
    float4 noise = fmx_normal4(fmx_philox((uint4)(r[4], r[5], r[6], (uint)block),
                                          (uint2)(seed, FMX_PURPOSE_NOISE)));
    const float normal[4] = {noise.x, noise.y, noise.z, noise.w};
#pragma unroll
    for (uint i = 0; i < 4; ++i) {
        if (n + i < points) {
            float cosine;
            uint phase = r[0] + (uint)(n + i) * r[1];
            float sine = fmx_sincos_turns(convert_float(as_int(phase)) * 0x1p-32f, &cosine);
            float value = amplitude * fmx_exp(-rate * (float)(n + i)) * sine;
            fid[row * points + n + i] = value + fma(sigma, normal[i], mean);
        }
    }
}

__kernel void decay_pack(__global float2 *out, __global const float *fid, ulong count)
{
    size_t i = get_global_id(0);
    if (i < count)
        out[i] = (float2)(fid[i], 0.0f);
}

__kernel void decay_magnitude(__global float *magnitude, __global const float2 *spectrum,
                              uint points, uint count, float scale)
{
    size_t k = get_global_id(0);
    size_t row = get_global_id(1);
    if (k >= points / 2 || row >= count)
        return;
    float2 x = spectrum[row * points + k];
    magnitude[row * (points / 2) + k] = scale * sqrt(fma(x.x, x.x, x.y * x.y));
}

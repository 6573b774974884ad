/* Fast Fourier transform of rows, length N = 2^m, 2 .. 2^20; the spectrum's order; chirps.
 *
 *   forward  out[k] = scale sum_n in[n] exp(-2 pi i k n / N)
 *   inverse  the same with exp(+2 pi i k n / N): re and im are swapped on load and on store
 *
 * out, in   complex64 [rows][stride >= N], from element out_first, in_first on; they may be the
 *           same rows (each pass reads all that it overwrites first, or writes to scratch)
 * scratch   float; laid out by each kernel as its comment says
 * table     float; all twiddles, made by the host in double and rounded once (fft_plan.c). Offsets
 *           o_* are in floats for the wide kernels and in float2 for fft_pass
 *
 * Four steps, N = n1 n2, n = t2 + n2 t1, k = k1 + n1 k2:
 *   pass 1: for each t2 an n1-point transform over t1, times exp(-2 pi i t2 k1 / N), into scratch
 *   pass 2: for each k1 an n2-point transform over t2, stored at k1 + n1 k2
 *
 * fft_wide, fft_short_wide  one item owns 16 columns (the lanes of a float16) or a whole row;
 *           groups of one item, no barriers, for PoCL. Tile: 16 columns x L points, L = 16 .. 1024
 *           (2 .. 128 for fft_short_wide), 256 L bytes of local memory
 * fft_pass  a group owns C columns x L points, 16 points per item in registers. W = 16 .. 256 items
 *           (a power of two), L <= 16 W, C = 16 W / L, at most 160 W bytes of local memory; for
 *           GPUs and Intel's CPU runtime
 * fft_spectrum, fft_chirp_*  one item per point; *_wide: one item per 16 points
 *
 * Each complex product is two products and two fma(): a variant gives the same bits on every
 * device. The variants factorise N differently, so their last bits differ. Twin:
 * host/ref/fft_ref.c.
 */

#ifdef FMX_VARIANT_CPU
typedef float16 fft_v;
#else
typedef float fft_v;
#endif

#include "fft_butterflies.clh"

#ifdef FMX_VARIANT_CPU
#include "fft_wide.clh"
#else
#include "fft_group.clh"
#endif

/* ---- the spectrum's order, and the ramp of a group delay ----
 *
 * out[j] = exp(2 pi i k step) in[k mod N],  k = half - 1 - j,  half = ceil(N / 2)
 *
 * which is its own inverse for step = 0. steps: ulong [rows], turns per k in units of 2^-64, so
 * that k step is exact modulo one turn; its upper 32 bits are the angle. One item per point. */
static inline float2 fft_ramp(float2 z, ulong angle)
{
    float cosine;
    float sine = fmx_sincos_turns(convert_float(as_int((uint)(angle >> 32))) * 0x1p-32f, &cosine);
    return (float2)(fma(z.x, cosine, -(z.y * sine)), fma(z.x, sine, z.y * cosine));
}

FMX_SUBGROUP_KERNEL
__kernel void fft_spectrum(__global float2 *out, __global const float2 *in,
                           __global const ulong *steps, uint rows, uint points)
{
    uint j = get_global_id(0);
    uint row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    uint half_points = points / 2 + (points & 1);
    uint k = half_points - 1 - j; /* modulo 2^32, so k < 0 is above all points */
    ulong angle = (ulong)(long)as_int(k) * steps[row];
    float2 z = in[(size_t)row * points + (j < half_points ? k : k + points)];
    out[(size_t)row * points + j] = angle != 0 ? fft_ramp(z, angle) : z;
}

#ifdef FMX_VARIANT_CPU
/* 16 points of one side of the order as one vector; other items go point by point. The angle of
 * lane l is that of the lowest k plus l times the step's upper half: at most 16 2^-32 turns off. */
__kernel void fft_spectrum_wide(__global float2 *out, __global const float2 *in,
                                __global const ulong *steps, uint rows, uint points)
{
    uint j = get_global_id(0) * 16;
    uint row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    uint half_points = points / 2 + (points & 1);
    ulong step = steps[row];
    in += (size_t)row * points;
    out += (size_t)row * points;
    if (j + 16 > points || (j < half_points && j + 16 > half_points)) {
        uint end = min(j + 16, points);
        for (; j < end; ++j) {
            uint k = half_points - 1 - j;
            ulong angle = (ulong)(long)as_int(k) * step;
            float2 z = in[j < half_points ? k : k + points];
            out[j] = angle != 0 ? fft_ramp(z, angle) : z;
        }
        return;
    }
    uint lowest = half_points - 1 - j - 15;
    __global const float *from =
        (__global const float *)(in + (j < half_points ? lowest : lowest + points));
    float16 a = FFT_LDG(from);
    float16 b = FFT_LDG(from + 16);
    float16 x = FFT_EVEN(a, b);
    float16 y = FFT_ODD(a, b);
    if (step != 0) {
        uint angle = (uint)(((ulong)(long)as_int(lowest) * step) >> 32);
        uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        uint16 angles = angle + lane * (uint)(step >> 32);
        float16 cosine;
        float16 sine =
            fmx_sincos_turns16(convert_float16(as_int16(angles)) * 0x1p-32f, &cosine);
        float16 turned = fma(x, cosine, -(y * sine));
        y = fma(x, sine, y * cosine);
        x = turned;
    }
    x = x.sfedcba9876543210;
    y = y.sfedcba9876543210;
    FFT_STG(FFT_ZIP_LO(x, y), (__global float *)(out + j));
    FFT_STG(FFT_ZIP_HI(x, y), (__global float *)(out + j + 8));
}
#endif

#include "fft_chirp.clh"

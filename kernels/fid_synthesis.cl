/* Sums of decaying lines:
 *   out[row][first + n] = exp(curve u^2) sum_l a_l exp(-rate_l u) exp(2 pi i phase_l(u)),
 * u = u0 + n in points.
 *
 * The points are cut into tiles. Phases at the start of a tile are 32-bit fractions of a turn, so
 * that they are exact however long the decay; inside a tile the line is the product of its value
 * at the start and factors w^k = exp((-rate + 2 pi i f) k) that the host computed in double.
 *
 * out    complex64 [rows][stride]
 * lines  uint [5][total], planes: phase at n = 0, phase per tile, phase per point (all in 2^-32
 *        turns), rate (float, per point), amplitude (float); a row's lines are padded to a multiple
 *        of 16 with amplitude 0
 * near   float [total][2][16]: re, im of the factors (w^(64 k), wide: w^k), k = 0 .. 15
 * far    float [total][2][16]: wide only, w^(16 k)
 * rows   uint4 [rows]: first line, number of lines (multiple of 16), u0 (float), curve (float)
 * Lines skip .. skip + most - 1 of every row are taken; with skip > 0 they are added to out.
 *
 * fid_synthesis       64 items own 1024 points, an item every 64th of them; GPUs and Intel's CPU
 *                     runtime
 * fid_synthesis_wide  an item owns 256 points of a row, 16 lines at a time; PoCL
 * fid_synthesis_onset the digital filter over the start of the decay: out[row][n] = sum_t
 *                     taps[row][t] fine[row][ratio n - offset_row - t]; an item per point
 * fid_synthesis_noise receiver noise and errors of the first points; an item per two points, wide:
 *                     per 32 points
 *
 * Order of additions: lines in order, in each variant. Twin: host/ref/fid_synthesis_ref.c.
 */

FMX_GROUP(64)
__kernel void fid_synthesis(__global float2 *out, __global const uint *lines,
                            __global const float *near, __global const uint4 *rows, uint total,
                            uint row_first, uint row_count, uint points, uint first, uint stride,
                            uint skip, uint most)
{
    size_t l = get_local_id(0);
    size_t tile = get_group_id(0);
    size_t row = get_group_id(1);
    if (row >= row_count)
        return;
    uint4 r = rows[row];
    float curve = as_float(r.w);
    float u = as_float(r.z) + (float)(tile * 1024 + l);
    float16 re = (float16)(0.0f);
    float16 im = (float16)(0.0f);
    uint end = r.x + min(r.y, skip + most);
    for (uint line = r.x + skip; line < end; ++line) {
        uint phase = lines[line] + (uint)tile * lines[total + line] +
                     (uint)l * lines[2 * (size_t)total + line];
        float a = as_float(lines[4 * (size_t)total + line]) *
                  fmx_exp(-as_float(lines[3 * (size_t)total + line]) * u);
        float c;
        float s = fmx_sincos_turns(convert_float(as_int(phase)) * 0x1p-32f, &c);
        c *= a;
        s *= a;
        float16 wr = vload16(0, near + 32 * (size_t)line);
        float16 wi = vload16(1, near + 32 * (size_t)line);
        re = fma((float16)(c), wr, fma((float16)(-s), wi, re));
        im = fma((float16)(c), wi, fma((float16)(s), wr, im));
    }
    float16 v = u + 64.0f * (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t n = tile * 1024 + l;
    __global float2 *at = out + (row_first + row) * (size_t)stride + first + n;
#define FID_SYNTHESIS_STORE(I, S)                                                                  \
    if (n + 64 * I < points) {                                                                     \
        float g = fmx_exp(curve * v.s##S * v.s##S);                                                \
        float2 value = (float2)(re.s##S * g, im.s##S * g);                                         \
        at[64 * I] = skip > 0 ? at[64 * I] + value : value;                                        \
    }
    FID_SYNTHESIS_STORE(0, 0)
    FID_SYNTHESIS_STORE(1, 1)
    FID_SYNTHESIS_STORE(2, 2)
    FID_SYNTHESIS_STORE(3, 3)
    FID_SYNTHESIS_STORE(4, 4)
    FID_SYNTHESIS_STORE(5, 5)
    FID_SYNTHESIS_STORE(6, 6)
    FID_SYNTHESIS_STORE(7, 7)
    FID_SYNTHESIS_STORE(8, 8)
    FID_SYNTHESIS_STORE(9, 9)
    FID_SYNTHESIS_STORE(10, a)
    FID_SYNTHESIS_STORE(11, b)
    FID_SYNTHESIS_STORE(12, c)
    FID_SYNTHESIS_STORE(13, d)
    FID_SYNTHESIS_STORE(14, e)
    FID_SYNTHESIS_STORE(15, f)
#undef FID_SYNTHESIS_STORE
}

#ifdef FMX_VARIANT_CPU
__kernel void fid_synthesis_wide(__global float2 *out, __global const uint *lines,
                                 __global const float *near, __global const float *far,
                                 __global const uint4 *rows, uint total, uint row_first,
                                 uint row_count, uint points, uint first, uint stride, uint skip,
                                 uint most)
{
    size_t tile = get_global_id(0);
    size_t row = get_global_id(1);
    size_t n = tile * 256;
    if (n >= points || row >= row_count)
        return;
    uint4 r = rows[row];
    float curve = as_float(r.w);
    float u = as_float(r.z) + (float)n;
    float16 re[16];
    float16 im[16];
    for (int s = 0; s < 16; ++s)
        re[s] = im[s] = (float16)(0.0f);
    uint end = r.x + min(r.y, skip + most);
    for (size_t line = r.x + skip; line < end; line += 16) {
        float zr[16], zi[16], fr[16], fi[16];
        uint16 phase = vload16(0, lines + line) + (uint)tile * vload16(0, lines + total + line);
        float16 rate = as_float16(vload16(0, lines + 3 * (size_t)total + line));
        float16 a = as_float16(vload16(0, lines + 4 * (size_t)total + line)) * fmx_exp16(-rate * u);
        float16 c;
        float16 s16 = fmx_sincos_turns16(convert_float16(as_int16(phase)) * 0x1p-32f, &c);
        vstore16(a * c, 0, zr);
        vstore16(a * s16, 0, zi);
        for (int k = 0; k < 16; ++k) {
            __global const float *w = near + 32 * (line + k);
            float16 wr = vload16(0, w);
            float16 wi = vload16(1, w);
            float16 vr = vload16(0, far + 32 * (line + k));
            float16 vi = vload16(1, far + 32 * (line + k));
            vstore16(fma((float16)(zr[k]), vr, (float16)(-zi[k]) * vi), 0, fr);
            vstore16(fma((float16)(zr[k]), vi, (float16)(zi[k]) * vr), 0, fi);
            for (int s = 0; s < 16; ++s) {
                re[s] = fma((float16)(fr[s]), wr, fma((float16)(-fi[s]), wi, re[s]));
                im[s] = fma((float16)(fr[s]), wi, fma((float16)(fi[s]), wr, im[s]));
            }
        }
    }
    __global float *at = (__global float *)(out + (row_first + row) * (size_t)stride + first + n);
    for (size_t s = 0; s < 16 && n + 16 * s < points; ++s) {
        float16 v = u + (float)(16 * s) +
                    (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        float16 g = fmx_exp16(curve * v * v);
        float xr[16], xi[16];
        vstore16(re[s] * g, 0, xr);
        vstore16(im[s] * g, 0, xi);
        size_t left = min((size_t)16, points - n - 16 * s);
        for (size_t i = 0; i < left; ++i) {
            size_t p = 2 * (16 * s + i);
            at[p] = skip > 0 ? at[p] + xr[i] : xr[i];
            at[p + 1] = skip > 0 ? at[p + 1] + xi[i] : xi[i];
        }
    }
}
#endif

/* taps: float [rows][tap_count]; offset: int [rows]; fine: complex64 [rows][fine_points], zero
 * outside; points: those before the plain sum takes over. */
FMX_SUBGROUP_KERNEL
__kernel void fid_synthesis_onset(__global float2 *out, __global const float2 *fine,
                                  __global const float *taps, __global const int *offset,
                                  uint rows, uint points, uint stride, uint fine_points,
                                  uint tap_count, uint ratio)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= points || row >= rows)
        return;
    int newest = (int)(ratio * (uint)n) - offset[row];
    int from = max(0, newest - (int)fine_points + 1);
    int to = min((int)tap_count, newest + 1);
    __global const float *tap = taps + row * tap_count;
    __global const float2 *x = fine + row * fine_points;
    float2 sum = (float2)(0.0f);
    for (int t = from; t < to; ++t)
        sum = fma((float2)(tap[t]), x[newest - t], sum);
    out[row * stride + n] = sum;
}

/* sigma: float [rows]; item: uint2 [rows]; error: float2 [rows][4], added to points error_first ..
 * error_first + 3. Counter (item, draw 0, position n / 2): a pair of points takes four samples. */
FMX_SUBGROUP_KERNEL
__kernel void fid_synthesis_noise(__global float2 *data, __global const float *sigma,
                                  __global const uint2 *item, __global const float2 *error,
                                  uint rows, uint points, uint error_first, uint seed)
{
    size_t pair = get_global_id(0);
    size_t row = get_global_id(1);
    if (2 * pair >= points || row >= rows)
        return;
    uint2 who = item[row];
    uint4 counter = (uint4)(who.x, who.y, 0u, (uint)pair);
    uint4 words = fmx_philox(counter, (uint2)(seed, FMX_PURPOSE_NOISE));
    float4 sample = sigma[row] * fmx_normal4(words);
    for (size_t i = 0; i < 2; ++i) {
        size_t n = 2 * pair + i;
        if (n < points)
            data[row * points + n] += i == 0 ? sample.xy : sample.zw;
        if (n < points && n >= error_first && n < error_first + 4)
            data[row * points + n] += error[4 * row + n - error_first];
    }
}

#ifdef FMX_VARIANT_CPU
__kernel void fid_synthesis_noise_wide(__global float2 *data, __global const float *sigma,
                                       __global const uint2 *item, __global const float2 *error,
                                       uint rows, uint points, uint error_first, uint seed)
{
    size_t first = get_global_id(0) * 32;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows)
        return;
    uint2 who = item[row];
    uint16 words[4];
    float16 sample[4];
    words[0] = (uint16)(who.x);
    words[1] = (uint16)(who.y);
    words[2] = (uint16)(0u);
    words[3] = (uint)(first / 2) + (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    fmx_philox16(words, (uint2)(seed, FMX_PURPOSE_NOISE));
    fmx_normal16(words, sample);
    float value[4][16];
    for (int i = 0; i < 4; ++i)
        vstore16(sample[i] * sigma[row], 0, value[i]);
    __global float2 *at = data + row * points + first;
    size_t left = min((size_t)32, points - first);
    for (size_t i = 0; i < left; ++i)
        at[i] += (float2)(value[2 * (i & 1)][i / 2], value[2 * (i & 1) + 1][i / 2]);
    for (size_t i = 0; i < 4; ++i) {
        size_t n = error_first + i;
        if (n >= first && n < first + left)
            data[row * points + n] += error[4 * row + i];
    }
}
#endif

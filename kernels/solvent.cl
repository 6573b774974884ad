/* Solvent suppression in the time domain: takes what is slow (near the transmitter) out of a decay.
 *
 * valid   uint [rows]: measured points, the rest of a row is zero and stays zero
 * filters float2 [rows]: pole p and gain g of the first-order high-pass
 *
 *                       h
 * solvent_low_pass      out[n] = x[n] - sum  x[n + k] / (2 h + 1), x = 0 outside 0 .. valid - 1
 *                       k=-h            (added from k = -h on); out and in are different buffers
 * solvent_bessel        `rounds` times forward and backward y[n] = p y[n - 1] + g (x[n] - x[n - 1]),
 *                       the decay prolonged at both ends by 6 points, 2 x[end] - x[mirrored], and
 *                       x[-1] = x[0], y[-1] = 0 where a direction starts (scipy.signal.filtfilt);
 *                       in place in data, work holds the forward result, complex64 [rows][points + 12]
 * solvent_turn          data[n] *= exp(2 pi i n turn), turn = turns[row] / 2^64, in place
 *
 * The recurrence along a row is a scan. GPU: one group of 256 per row; an item runs 4 points in
 * order, the group scans its items' last values with the factor p^4, p^8, p^16 ..., and one value is
 * carried on to the next 1024 points. Wide: an item per row scans 8 points inside a float16 (factors
 * p, p^2, p^4) and carries one value on. Rounding errors die out with p^n, so a pass's error stays
 * below a few units of the largest value / (1 - p).
 *
 * The _wide variants are for PoCL. Twin: host/ref/solvent_ref.c.
 */
#define SOLVENT_GROUP 256
#define SOLVENT_ITEMS 4 /* points that an item runs in order */
#define SOLVENT_PAD 6   /* scipy's padlen: 3 * max(len(a), len(b)) */

static inline float2 solvent_low_pass_point(__global const float2 *x, uint valid, uint half_width,
                                            float scale, uint n)
{
    if (n >= valid)
        return (float2)(0.0f);
    uint from = n > half_width ? n - half_width : 0;
    uint to = min(n + half_width, valid - 1);
    float2 sum = (float2)(0.0f);
    for (uint i = from; i <= to; ++i)
        sum += x[i];
    return x[n] - sum * scale;
}

FMX_SUBGROUP_KERNEL
__kernel void solvent_low_pass(__global float2 *out, __global const float2 *in,
                               __global const uint *valid, uint rows, uint points, uint half_width,
                               float scale)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= points || row >= rows)
        return;
    out[row * points + n] =
        solvent_low_pass_point(in + row * points, valid[row], half_width, scale, (uint)n);
}

/* exp(2 pi i turn) for a fraction of a turn in 64 bits. */
static inline float2 solvent_phasor(ulong turn)
{
    float cosine;
    float sine = fmx_sincos_turns(convert_float((int)(uint)(turn >> 32) >> 8) * 0x1p-24f, &cosine);
    return (float2)(cosine, sine);
}

FMX_SUBGROUP_KERNEL
__kernel void solvent_turn(__global float2 *data, __global const ulong *turns, uint rows,
                           uint points)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= points || row >= rows)
        return;
    float2 e = solvent_phasor(turns[row] * n);
    float2 x = data[row * points + n];
    data[row * points + n] = (float2)(x.x * e.x - x.y * e.y, x.x * e.y + x.y * e.x);
}

/* Point i of the decay prolonged at both ends. */
static inline float2 solvent_extended(__global const float2 *x, uint valid, uint i)
{
    if (i < SOLVENT_PAD)
        return 2.0f * x[0] - x[SOLVENT_PAD - i];
    if (i >= SOLVENT_PAD + valid)
        return 2.0f * x[valid - 1] - x[valid - 2 - (i - SOLVENT_PAD - valid)];
    return x[i - SOLVENT_PAD];
}

/* Step i of a direction: forward reads the prolonged decay, backward the forward result. */
static inline float2 solvent_input(__global const float2 *x, __global const float2 *work,
                                   uint valid, uint i, uint backward)
{
    return backward ? work[valid + 2 * SOLVENT_PAD - 1 - i] : solvent_extended(x, valid, i);
}

static inline void solvent_output(__global float2 *x, __global float2 *work, uint valid, uint i,
                                  uint backward, float2 y)
{
    uint at = backward ? valid + SOLVENT_PAD - 1 - i : i; /* wraps below 0 and beyond valid */
    if (backward) {
        if (at < valid)
            x[at] = y;
    } else {
        work[at] = y;
    }
}

FMX_GROUP(SOLVENT_GROUP)
__kernel void solvent_bessel(__global float2 *data, __global float2 *work,
                             __global const uint *valids, __global const float2 *filters,
                             uint points, uint rounds)
{
    __local float2 last[SOLVENT_GROUP];
    uint l = (uint)get_local_id(0);
    size_t row = get_group_id(0);
    uint valid = valids[row];
    uint steps = valid + 2 * SOLVENT_PAD;
    float p = filters[row].x;
    float g = filters[row].y;
    __global float2 *x = data + row * points;
    __global float2 *w = work + row * (points + 2 * SOLVENT_PAD);
    float p2 = p * p;
    float p3 = p2 * p;
    float p4 = p2 * p2;
    /* p^(4 l), what the carry has shrunk to before this item's first point; p^1024 */
    float shrunk = 1.0f;
    float power = p4;
    for (uint bit = 1; bit < SOLVENT_GROUP; bit *= 2) {
        shrunk = (l & bit) ? shrunk * power : shrunk;
        power *= power;
    }
    for (uint pass = 0; pass < 2 * rounds; ++pass) {
        uint backward = pass & 1;
        float2 carry = (float2)(0.0f);
        for (uint tile = 0; tile < steps; tile += SOLVENT_GROUP * SOLVENT_ITEMS) {
            uint i = tile + l * SOLVENT_ITEMS;
            uint end = steps - 1;
            float2 before = solvent_input(x, w, valid, min(max(i, 1u) - 1, end), backward);
            float2 x0 = solvent_input(x, w, valid, min(i, end), backward);
            float2 x1 = solvent_input(x, w, valid, min(i + 1, end), backward);
            float2 x2 = solvent_input(x, w, valid, min(i + 2, end), backward);
            float2 x3 = solvent_input(x, w, valid, min(i + 3, end), backward);
            float2 y0 = g * (x0 - before);
            float2 y1 = fma(p, y0, g * (x1 - x0));
            float2 y2 = fma(p, y1, g * (x2 - x1));
            float2 y3 = fma(p, y2, g * (x3 - x2));
            last[l] = y3;
            barrier(CLK_LOCAL_MEM_FENCE);
            float factor = p4;
            for (uint width = 1; width < SOLVENT_GROUP; width *= 2) {
                float2 add = l >= width ? last[l - width] : (float2)(0.0f);
                barrier(CLK_LOCAL_MEM_FENCE);
                last[l] = fma((float2)(factor), add, last[l]);
                factor *= factor;
                barrier(CLK_LOCAL_MEM_FENCE);
            }
            float2 start = l > 0 ? last[l - 1] : (float2)(0.0f);
            start = fma((float2)(shrunk), carry, start);
            carry = fma((float2)(power), carry, last[SOLVENT_GROUP - 1]);
            if (i <= end)
                solvent_output(x, w, valid, i, backward, fma(p, start, y0));
            if (i + 1 <= end)
                solvent_output(x, w, valid, i + 1, backward, fma(p2, start, y1));
            if (i + 2 <= end)
                solvent_output(x, w, valid, i + 2, backward, fma(p3, start, y2));
            if (i + 3 <= end)
                solvent_output(x, w, valid, i + 3, backward, fma(p4, start, y3));
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}

#ifdef FMX_VARIANT_CPU
/* 8 points an item. */
__kernel void solvent_low_pass_wide(__global float2 *out, __global const float2 *in,
                                    __global const uint *valid, uint rows, uint points,
                                    uint half_width, float scale)
{
    uint n = (uint)get_global_id(0) * 8;
    size_t row = get_global_id(1);
    if (n >= points || row >= rows)
        return;
    __global const float2 *x = in + row * points;
    __global float2 *to = out + row * points + n;
    if (n >= half_width && n + 8 + half_width <= valid[row]) {
        __global const float *from = (__global const float *)(x + n - half_width);
        float16 sum = (float16)(0.0f);
        for (uint k = 0; k <= 2 * half_width; ++k)
            sum += vload16(0, from + 2 * k);
        vstore16(vload16(0, from + 2 * half_width) - sum * scale, 0, (__global float *)to);
    } else {
        uint end = min(points - n, 8u);
        for (uint i = 0; i < end; ++i)
            to[i] = solvent_low_pass_point(x, valid[row], half_width, scale, n + i);
    }
}

/* Eight steps of the recurrence; state and before are those of the step before and become those of
 * the last. c1, c2, c4: p, p^2, p^4 where a point 1, 2, 4 before lies within the eight, else 0. */
static inline float16 solvent_steps(float16 x, float2 *state, float2 *before, float g, float16 c1,
                                    float16 c2, float16 c4, float16 powers)
{
    float16 earlier = x.s010123456789abcd;
    earlier.s01 = *before;
    float16 y = g * (x - earlier);
    y = fma(c1, y.s010123456789abcd, y);
    y = fma(c2, y.s01230123456789ab, y);
    y = fma(c4, y.s0123456701234567, y);
    y = fma(powers, (float16)(*state, *state, *state, *state, *state, *state, *state, *state), y);
    *state = y.sef;
    *before = x.sef;
    return y;
}

static inline float2 solvent_step(float2 x, float2 *state, float2 *before, float p, float g)
{
    float2 y = fma((float2)(p), *state, g * (x - *before));
    *state = y;
    *before = x;
    return y;
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void solvent_bessel_wide(__global float2 *data, __global float2 *work,
                         __global const uint *valids, __global const float2 *filters, uint points,
                         uint rounds)
{
    size_t row = get_global_id(0);
    uint valid = valids[row];
    uint blocks = valid / 8 * 8;
    uint steps = valid + 2 * SOLVENT_PAD;
    float p = filters[row].x;
    float g = filters[row].y;
    __global float2 *x = data + row * points;
    __global float2 *w = work + row * (points + 2 * SOLVENT_PAD);
    float2 q1 = (float2)(p);
    float2 q2 = q1 * q1;
    float2 q3 = q2 * q1;
    float2 q4 = q2 * q2;
    float2 q5 = q4 * q1;
    float2 q6 = q4 * q2;
    float2 q7 = q4 * q3;
    float2 q8 = q4 * q4;
    float2 zero = (float2)(0.0f);
    float16 c1 = (float16)(zero, q1, q1, q1, q1, q1, q1, q1);
    float16 c2 = (float16)(zero, zero, q2, q2, q2, q2, q2, q2);
    float16 c4 = (float16)(zero, zero, zero, zero, q4, q4, q4, q4);
    float16 powers = (float16)(q1, q2, q3, q4, q5, q6, q7, q8);
    for (uint round = 0; round < rounds; ++round) {
        float2 state = zero;
        float2 before = solvent_extended(x, valid, 0);
        for (uint i = 0; i < SOLVENT_PAD; ++i)
            w[i] = solvent_step(solvent_extended(x, valid, i), &state, &before, p, g);
        for (uint n = 0; n < blocks; n += 8) {
            float16 in = vload16(0, (__global const float *)(x + n));
            vstore16(solvent_steps(in, &state, &before, g, c1, c2, c4, powers), 0,
                     (__global float *)(w + SOLVENT_PAD + n));
        }
        for (uint i = SOLVENT_PAD + blocks; i < steps; ++i)
            w[i] = solvent_step(solvent_extended(x, valid, i), &state, &before, p, g);
        state = zero;
        before = w[steps - 1];
        for (uint i = steps; i > SOLVENT_PAD + blocks; --i) {
            float2 y = solvent_step(w[i - 1], &state, &before, p, g);
            if (i - 1 < SOLVENT_PAD + valid)
                x[i - 1 - SOLVENT_PAD] = y;
        }
        for (uint n = blocks; n > 0; n -= 8) {
            float16 in = vload16(0, (__global const float *)(w + SOLVENT_PAD + n - 8));
            float16 y = solvent_steps(in.sefcdab8967452301, &state, &before, g, c1, c2, c4, powers);
            vstore16(y.sefcdab8967452301, 0, (__global float *)(x + n - 8));
        }
    }
}

/* 8 points an item; phases by point, then one float16 product. */
__kernel void solvent_turn_wide(__global float2 *data, __global const ulong *turns, uint rows,
                                uint points)
{
    ulong n = get_global_id(0) * 8;
    size_t row = get_global_id(1);
    if (n >= points || row >= rows)
        return;
    ulong turn = turns[row];
    __global float *at = (__global float *)(data + row * points + n);
    if (n + 8 > points) {
        for (ulong i = 0; n + i < points; ++i) {
            float2 e = solvent_phasor(turn * (n + i));
            float2 x = vload2(i, at);
            vstore2((float2)(x.x * e.x - x.y * e.y, x.x * e.y + x.y * e.x), i, at);
        }
        return;
    }
    ulong16 k = (ulong16)(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7) + n;
    float16 cosine;
    int16 part = as_int16(convert_uint16((k * turn) >> 32)) >> 8;
    float16 sine = fmx_sincos_turns16(convert_float16(part) * 0x1p-24f, &cosine);
    float16 x = vload16(0, at);
    /* (re, im): re cos - im sin, im cos + re sin */
    float16 sign = (float16)(-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1);
    vstore16(x * cosine + sign * (x.s1032547698badcfe * sine), 0, at);
}
#endif

/* The recurrence of LSTM and GRU: h(s), c(s) from z of the inputs, h(s-1), c(s-1), and back.
 *
 *   LSTM  q = i, f, g, o:  c' = sigma(f) c + sigma(i) tanh(g),   h' = sigma(o) tanh(c')
 *   GRU   q = r, z, n, m:  n of the input, m of the state, each with its bias (PyTorch's b_in, b_hn);
 *                          N = tanh(n + sigma(r) m),  h' = (1 - sigma(z)) N + sigma(z) h
 *
 * rows, gates, cells, packed, turned, lanes and width: as recurrent.cl says.
 *
 *   recurrent_scan         `count` steps from `first` on: a group of 256 per item of the batch and
 *                          direction, item (q, u); Wh stays in registers (columns 0 .. 15) and local
 *                          memory; units <= 64. recurrent_scan_back: the same in reverse, item (q, k)
 *   recurrent_scan_large   any units: Wh is read at every step; also _back
 *   *_wide                 for PoCL: one item per group, float16 along the units, 1 or 4 items of the
 *                          batch side by side; the inputs' product is part of the scan
 *
 * Long sequences are cut into launches; h and c lie in rows and cells anyway, the gradients of h and c
 * are carried in `carry` [2][width]. Every sum has a fixed order. Twin: host/ref/recurrent_ref.c.
 */

#define RECURRENT_TILE 64 /* units of a group of recurrent_scan */
#define RECURRENT_HELD 16 /* columns of Wh in registers, 4 at a time */

/* sigma, tanh, a step of a cell and its gradient, for float and float16.
 * exp: Cephes' expf with fused operations, |x| <= 40 or NaN; the integer part comes from the last bits
 * of x log2(e) + 1.5 2^23.
 * step: z[4] becomes what backward needs; c becomes c'; returns h'. sigma is cut at +-20, where it is
 * 2e-9 from its limit; tanh at +-20 is its limit. The gates share one division, 1 / (product).
 * slope: a[4] of step becomes the gradient of z; c, before: c', c; dh: gradient of h' but for what
 * carry holds, the gradient that reaches c' past h' (GRU: that reaches h' directly), which becomes
 * that of the step before. */
#define RECURRENT_CELL(NAME, FLOAT, AS_INT, AS_FLOAT)                                              \
    static inline FLOAT NAME##_exp(FLOAT x)                                                        \
    {                                                                                              \
        FLOAT whole = fma(x, (FLOAT)(1.44269504088896341f), (FLOAT)(12582912.0f));                 \
        FLOAT n = whole - 12582912.0f;                                                             \
        FLOAT r = fma(n, (FLOAT)(2.12194440e-4f), fma(n, (FLOAT)(-0.693359375f), x));              \
        FLOAT y = fma((FLOAT)(1.9875691500e-4f), r, (FLOAT)(1.3981999507e-3f));                    \
        y = fma(y, r, (FLOAT)(8.3334519073e-3f));                                                  \
        y = fma(y, r, (FLOAT)(4.1665795894e-2f));                                                  \
        y = fma(y, r, (FLOAT)(1.6666665459e-1f));                                                  \
        y = fma(y, r, (FLOAT)(5.0000001201e-1f));                                                  \
        y = fma(y, r * r, r) + 1.0f;                                                               \
        return y * AS_FLOAT((AS_INT(whole) << 23) + 0x3f800000);                                   \
    }                                                                                              \
    /* 1 + exp(-x): the inverse of sigma */                                                        \
    static inline FLOAT NAME##_below(FLOAT x)                                                      \
    {                                                                                              \
        x = select(x, (FLOAT)(20.0f), x > 20.0f);                                                  \
        x = select(x, (FLOAT)(-20.0f), x < -20.0f);                                                \
        return 1.0f + NAME##_exp(-x);                                                              \
    }                                                                                              \
    static inline FLOAT NAME##_decay(FLOAT x) /* exp(-2 |x|) */                                    \
    {                                                                                              \
        FLOAT twice = -2.0f * fabs(x);                                                             \
        return NAME##_exp(select(twice, (FLOAT)(-40.0f), twice < -40.0f));                         \
    }                                                                                              \
    static inline FLOAT NAME##_signed(FLOAT size, FLOAT x)                                         \
    {                                                                                              \
        return AS_FLOAT(AS_INT(size) | (AS_INT(x) & (int)0x80000000));                             \
    }                                                                                              \
    static inline FLOAT NAME##_sigma(FLOAT x)                                                      \
    {                                                                                              \
        return 1.0f / NAME##_below(x);                                                             \
    }                                                                                              \
    static inline FLOAT NAME##_tanh(FLOAT x)                                                       \
    {                                                                                              \
        FLOAT e = NAME##_decay(x);                                                                 \
        return NAME##_signed((1.0f - e) / (1.0f + e), x);                                          \
    }                                                                                              \
    static inline FLOAT NAME##_step(uint gru, FLOAT z[4], FLOAT *c)                                \
    {                                                                                              \
        FLOAT first = NAME##_below(z[0]);                                                          \
        FLOAT second = NAME##_below(z[1]);                                                         \
        FLOAT pair = first * second;                                                               \
        if (gru != 0) {                                                                            \
            FLOAT inverse = 1.0f / pair;                                                           \
            z[0] = inverse * second;                                                               \
            z[1] = inverse * first;                                                                \
            z[2] = NAME##_tanh(fma(z[0], z[3], z[2]));                                             \
            *c = fma(z[1], *c - z[2], z[2]);                                                       \
            return *c;                                                                             \
        }                                                                                          \
        FLOAT fourth = NAME##_below(z[3]);                                                         \
        FLOAT e = NAME##_decay(z[2]);                                                              \
        FLOAT third = 1.0f + e;                                                                    \
        FLOAT others = third * fourth;                                                             \
        FLOAT inverse = 1.0f / (pair * others);                                                    \
        FLOAT of_pair = inverse * others;                                                          \
        FLOAT of_others = inverse * pair;                                                          \
        z[0] = of_pair * second;                                                                   \
        z[1] = of_pair * first;                                                                    \
        z[2] = NAME##_signed((1.0f - e) * (of_others * fourth), z[2]);                             \
        z[3] = of_others * third;                                                                  \
        *c = fma(z[1], *c, z[0] * z[2]);                                                           \
        return z[3] * NAME##_tanh(*c);                                                             \
    }                                                                                              \
    static inline void NAME##_slope(uint gru, FLOAT a[4], FLOAT c, FLOAT before, FLOAT dh,         \
                                    FLOAT *carry)                                                  \
    {                                                                                              \
        FLOAT first = a[0];                                                                        \
        FLOAT second = a[1];                                                                       \
        FLOAT third = a[2];                                                                        \
        FLOAT fourth = a[3];                                                                       \
        if (gru != 0) {                                                                            \
            FLOAT all = dh + *carry;                                                               \
            FLOAT dn = all * (1.0f - second) * fma(-third, third, (FLOAT)(1.0f));                  \
            a[0] = dn * fourth * (first * (1.0f - first));                                         \
            a[1] = all * (before - third) * (second * (1.0f - second));                            \
            a[2] = dn;                                                                             \
            a[3] = dn * first;                                                                     \
            *carry = all * second;                                                                 \
            return;                                                                                \
        }                                                                                          \
        FLOAT t = NAME##_tanh(c);                                                                  \
        FLOAT dc = fma(dh * fourth, fma(-t, t, (FLOAT)(1.0f)), *carry);                            \
        a[0] = dc * third * (first * (1.0f - first));                                              \
        a[1] = dc * before * (second * (1.0f - second));                                           \
        a[2] = dc * first * fma(-third, third, (FLOAT)(1.0f));                                     \
        a[3] = dh * t * (fourth * (1.0f - fourth));                                                \
        *carry = dc * second;                                                                      \
    }

RECURRENT_CELL(recurrent, float, as_int, as_float)
#ifdef FMX_VARIANT_CPU
RECURRENT_CELL(recurrent16, float16, as_int16, as_float16)
#endif

#ifndef FMX_VARIANT_CPU
/* ---- the recurrence, a group per item of the batch ---- */

/* Item (q, u). gates holds z of the inputs and of the bias. `tail`: columns of Wh from RECURRENT_HELD
 * on, [column][256]. */
FMX_GROUP(256)
__kernel void recurrent_scan(__global float *state, ulong rows_at, ulong gates_at, ulong cells_at,
                             ulong packed_at, ulong batch, ulong steps, ulong inputs, ulong units,
                             ulong first, ulong count, uint gru, uint keep, __local float *tail)
{
    __local float h[RECURRENT_TILE];
    __local float value[4 * RECURRENT_TILE];
    size_t l = get_local_id(0);
    size_t q = l / RECURRENT_TILE;
    size_t u = l % RECURRENT_TILE;
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t stride = inputs + 1 + units;
    bool live = u < units;
    bool ends = live && q == 0; /* finishes a unit */
    __global const float *w = state + packed_at + get_group_id(1) * stride * 4 * units +
                              (inputs + 1) * 4 * units + q * units + u;
    __global float *row = state + rows_at + (item * (steps + 1) + first) * stride + inputs + 1 + u;
    __global float *gates =
        state + gates_at + (item * (steps + 1) + first) * 4 * units + q * units + u;
    __global float *cells = state + cells_at + (item * (steps + 1) + first) * units + u;
    float4 held[RECURRENT_HELD / 4];
    __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
    for (size_t i = 0; i < RECURRENT_HELD / 4; ++i) {
        held[i].s0 = live && 4 * i < units ? w[4 * i * 4 * units] : 0.0f;
        held[i].s1 = live && 4 * i + 1 < units ? w[(4 * i + 1) * 4 * units] : 0.0f;
        held[i].s2 = live && 4 * i + 2 < units ? w[(4 * i + 2) * 4 * units] : 0.0f;
        held[i].s3 = live && 4 * i + 3 < units ? w[(4 * i + 3) * 4 * units] : 0.0f;
    }
    for (size_t k = RECURRENT_HELD; k < units; ++k)
        tail[(k - RECURRENT_HELD) * 256 + l] = live ? w[k * 4 * units] : 0.0f;
    float c = 0.0f;
    if (q == 0)
        h[u] = live && first > 0 ? row[0] : 0.0f;
    if (ends && first > 0)
        c = cells[0];
    if (ends && first == 0) {
        row[0] = 0.0f;
        cells[0] = 0.0f;
    }
    float ahead = live ? gates[0] : 0.0f;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t s = 0; s < count; ++s) {
        float4 sum = (float4)(ahead, 0.0f, 0.0f, 0.0f);
        ahead = live ? gates[4 * units] : 0.0f;
        __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
        for (size_t i = 0; i < RECURRENT_HELD / 4; ++i)
            sum = fma(held[i], vload4(i, h), sum);
        for (size_t k = RECURRENT_HELD; k < units; ++k)
            sum.s0 = fma(tail[(k - RECURRENT_HELD) * 256 + l], h[k], sum.s0);
        float z = (sum.s0 + sum.s1) + (sum.s2 + sum.s3);
        if (gru == 0 ? q == 2 : q > 1)
            z = gru == 0 ? recurrent_tanh(z) : z;
        else
            z = recurrent_sigma(z);
        value[l] = z;
        barrier(CLK_LOCAL_MEM_FENCE);
        row += stride;
        cells += units;
        if (ends) {
            float third = value[2 * RECURRENT_TILE + u];
            float fourth = value[3 * RECURRENT_TILE + u];
            float second = value[RECURRENT_TILE + u];
            float out;
            if (gru != 0) {
                third = recurrent_tanh(fma(z, fourth, third));
                c = fma(second, c - third, third);
                out = c;
            } else {
                c = fma(second, c, z * third);
                out = fourth * recurrent_tanh(c);
            }
            h[u] = out;
            row[0] = out;
            cells[0] = c;
        }
        if (gru != 0 && q == 2)
            z = recurrent_tanh(fma(value[u], value[3 * RECURRENT_TILE + u], z));
        if (live && keep != 0)
            gates[0] = z;
        gates += 4 * units;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

/* Item (q, k): its share of the gradient of h_k is the sum over q's units. grad_h
 * [directions][batch][steps][units], or with `last` [directions][batch][units], the last step's only.
 * turned: Wh[q, u][k]. */
FMX_GROUP(256)
__kernel void recurrent_scan_back(__global float *state, ulong gates_at, ulong cells_at,
                                  ulong turned_at, __global const float *grad_h, ulong grad_h_at,
                                  __global float *carry, ulong carry_at, ulong batch, ulong steps,
                                  ulong units, ulong first, ulong count, uint gru, uint last,
                                  __local float *tail)
{
    __local float slope[4 * RECURRENT_TILE];
    __local float part[4 * RECURRENT_TILE];
    size_t l = get_local_id(0);
    size_t q = l / RECURRENT_TILE;
    size_t u = l % RECURRENT_TILE;
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t at = first + count - 1;
    bool live = u < units;
    __global const float *w =
        state + turned_at + (get_group_id(1) * 4 + q) * units * units + u;
    __global float *gates = state + gates_at + (item * (steps + 1) + at) * 4 * units + u;
    __global const float *cells = state + cells_at + (item * (steps + 1) + at) * units + u;
    __global const float *given =
        grad_h + grad_h_at +
        (last != 0 ? item : item * steps + at) * units + u;
    float4 held[RECURRENT_HELD / 4];
    __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
    for (size_t i = 0; i < RECURRENT_HELD / 4; ++i) {
        held[i].s0 = live && 4 * i < units ? w[4 * i * units] : 0.0f;
        held[i].s1 = live && 4 * i + 1 < units ? w[(4 * i + 1) * units] : 0.0f;
        held[i].s2 = live && 4 * i + 2 < units ? w[(4 * i + 2) * units] : 0.0f;
        held[i].s3 = live && 4 * i + 3 < units ? w[(4 * i + 3) * units] : 0.0f;
    }
    for (size_t k = RECURRENT_HELD; k < units; ++k)
        tail[(k - RECURRENT_HELD) * 256 + l] = live ? w[k * units] : 0.0f;
    carry += carry_at + item * 2 * units + u;
    bool resumed = at + 1 < steps;
    float past = live && resumed ? carry[units] : 0.0f;
    part[l] = live && resumed && q == 0 ? carry[0] : 0.0f;
    if (live && !resumed)
        gates[(4 + q) * units] = 0.0f;
    float c = live ? cells[units] : 0.0f;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t s = 0; s < count; ++s) {
        float mine = 0.0f;
        float before = live ? cells[0] : 0.0f;
        if (live) {
            float a[4] = {gates[0], gates[units], gates[2 * units], gates[3 * units]};
            float dh = last == 0 || at - s == steps - 1 ? given[0] : 0.0f;
            dh += (part[u] + part[RECURRENT_TILE + u]) +
                  (part[2 * RECURRENT_TILE + u] + part[3 * RECURRENT_TILE + u]);
            recurrent_slope(gru, a, c, before, dh, &past);
            mine = q < 2 ? (q == 0 ? a[0] : a[1]) : (q == 2 ? a[2] : a[3]);
        }
        slope[l] = mine;
        c = before;
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); /* all four have read the gates */
        if (live)
            gates[q * units] = mine;
        float4 sum = (float4)(0.0f);
        __attribute__((opencl_unroll_hint(RECURRENT_HELD / 4)))
        for (size_t i = 0; i < RECURRENT_HELD / 4; ++i)
            sum = fma(held[i], vload4(i, slope + q * RECURRENT_TILE), sum);
        for (size_t k = RECURRENT_HELD; k < units; ++k)
            sum.s0 = fma(tail[(k - RECURRENT_HELD) * 256 + l], slope[q * RECURRENT_TILE + k],
                         sum.s0);
        part[l] = (sum.s0 + sum.s1) + (sum.s2 + sum.s3);
        barrier(CLK_LOCAL_MEM_FENCE);
        gates -= 4 * units;
        cells -= units;
        if (last == 0)
            given -= units;
    }
    if (live && q == 0) {
        carry[0] = (part[u] + part[RECURRENT_TILE + u]) +
                   (part[2 * RECURRENT_TILE + u] + part[3 * RECURRENT_TILE + u]);
        carry[units] = past;
    }
}

/* Any number of units: item l takes gates l, l + 256, ...; local: h [units], z [4 units]. */
FMX_GROUP(256)
__kernel void recurrent_scan_large(__global float *state, ulong rows_at, ulong gates_at,
                                   ulong cells_at, ulong packed_at, ulong batch, ulong steps,
                                   ulong inputs, ulong units, ulong first, ulong count, uint gru,
                                   uint keep, __local float *local_memory)
{
    __local float *h = local_memory;
    __local float *value = local_memory + units;
    size_t l = get_local_id(0);
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t stride = inputs + 1 + units;
    __global const float *w =
        state + packed_at + (get_group_id(1) * stride + inputs + 1) * 4 * units;
    __global float *row = state + rows_at + (item * (steps + 1) + first) * stride + inputs + 1;
    __global float *gates = state + gates_at + (item * (steps + 1) + first) * 4 * units;
    __global float *cells = state + cells_at + (item * (steps + 1) + first) * units;
    for (size_t u = l; u < units; u += 256) {
        h[u] = first > 0 ? row[u] : 0.0f;
        if (first == 0) {
            row[u] = 0.0f;
            cells[u] = 0.0f;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (size_t s = 0; s < count; ++s) {
        for (size_t j = l; j < 4 * units; j += 256) {
            float z = gates[j];
            for (size_t k = 0; k < units; ++k)
                z = fma(w[k * 4 * units + j], h[k], z);
            value[j] = z;
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); /* others' gates have been read */
        for (size_t u = l; u < units; u += 256) {
            float z[4] = {value[u], value[units + u], value[2 * units + u], value[3 * units + u]};
            float c = cells[u];
            float out = recurrent_step(gru, z, &c);
            h[u] = out;
            row[stride + u] = out;
            cells[units + u] = c;
            if (keep != 0) {
                gates[u] = z[0];
                gates[units + u] = z[1];
                gates[2 * units + u] = z[2];
                gates[3 * units + u] = z[3];
            }
        }
        row += stride;
        cells += units;
        gates += 4 * units;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

/* local: gradients of h and of c [units] each, of z [4 units]. */
FMX_GROUP(256)
__kernel void recurrent_scan_back_large(__global float *state, ulong gates_at, ulong cells_at,
                                        ulong turned_at, __global const float *grad_h,
                                        ulong grad_h_at, __global float *carry, ulong carry_at,
                                        ulong batch, ulong steps, ulong units, ulong first,
                                        ulong count, uint gru, uint last,
                                        __local float *local_memory)
{
    __local float *grad = local_memory;
    __local float *past = local_memory + units;
    __local float *slope = local_memory + 2 * units;
    size_t l = get_local_id(0);
    size_t item = get_group_id(1) * batch + get_group_id(0);
    size_t at = first + count - 1;
    __global const float *w = state + turned_at + get_group_id(1) * 4 * units * units;
    __global float *gates = state + gates_at + (item * (steps + 1) + at) * 4 * units;
    __global const float *cells = state + cells_at + (item * (steps + 1) + at) * units;
    __global const float *given =
        grad_h + grad_h_at +
        (last != 0 ? item : item * steps + at) * units;
    bool resumed = at + 1 < steps;
    carry += carry_at + item * 2 * units;
    for (size_t u = l; u < units; u += 256) {
        grad[u] = resumed ? carry[u] : 0.0f;
        past[u] = resumed ? carry[units + u] : 0.0f;
    }
    for (size_t j = l; !resumed && j < 4 * units; j += 256)
        gates[4 * units + j] = 0.0f;
    for (size_t s = 0; s < count; ++s) {
        for (size_t u = l; u < units; u += 256) {
            float a[4] = {gates[u], gates[units + u], gates[2 * units + u], gates[3 * units + u]};
            float dh = last == 0 || at - s == steps - 1 ? given[u] : 0.0f;
            float left = past[u];
            recurrent_slope(gru, a, cells[units + u], cells[u], dh + grad[u], &left);
            past[u] = left;
            slope[u] = gates[u] = a[0];
            slope[units + u] = gates[units + u] = a[1];
            slope[2 * units + u] = gates[2 * units + u] = a[2];
            slope[3 * units + u] = gates[3 * units + u] = a[3];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (size_t k = l; k < units; k += 256) {
            float sum = 0.0f;
            for (size_t j = 0; j < 4 * units; ++j)
                sum = fma(w[j * units + k], slope[j], sum);
            grad[k] = sum;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        gates -= 4 * units;
        cells -= units;
        if (last == 0)
            given -= units;
    }
    for (size_t u = l; u < units; u += 256) {
        carry[u] = grad[u];
        carry[units + u] = past[u];
    }
}
#endif

#ifdef FMX_VARIANT_CPU
#include "recurrent_scan_wide.clh"
#endif

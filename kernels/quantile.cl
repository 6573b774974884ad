/* Quantile of every row, or of every block of a row: exact order statistics, no sorting.
 *
 * Elements of output o (row o / blocks, block o % blocks), i = 0 .. count - 1, with
 * at(i) = data[row stride + block block_stride + first + i step]:
 *
 *   v(i) = at(i) - c     c = at(i) shifted by lag floats, or centre[o], or 0
 *   |v(i)| instead with QUANTILE_ABSOLUTE
 *
 * An element takes part when v(i) <= limit_factor limit[o] (QUANTILE_LIMIT) and is no NaN. Of the
 * m that do, sorted, the result is x[j] + (x[j + 1] - x[j]) f with h = q (m - 1) = j + f, as
 * numpy.quantile (linear); NaN when m = 0. q comes as an integer, q 2^38, so that j is exact.
 *
 * out     float [rows][blocks]
 * data    float [rows][stride]
 * centre  float [rows][blocks], read with QUANTILE_CENTRE
 * limit   float [rows][blocks], read with QUANTILE_LIMIT
 *
 * A float's bits, mapped so that integer order is numeric order, are the key; each pass counts the
 * keys that agree with the digits found so far by their next digit, and walks to the digit that
 * holds rank j. Counting is exact, so the order of atomics does not matter: bit for bit the same
 * result everywhere.
 *
 * quantile       one group of 256 per output, 4 digits of 8 bits, COPIES histograms against contention
 * quantile_wide  one item per output, for PoCL: no histogram but a bracket low..high of keys, cut in
 *                four by each pass, which counts the keys below three pivots sixteen at a time
 *
 * Twin: host/ref/quantile_ref.c.
 */
#define QUANTILE_ABSOLUTE 1u
#define QUANTILE_CENTRE 2u
#define QUANTILE_LIMIT 4u
#define QUANTILE_Q_BITS 38

static inline uint quantile_key(float v)
{
    uint bits = as_uint(v);
    return bits ^ ((uint)((int)bits >> 31) | 0x80000000u);
}

static inline float quantile_value(uint key)
{
    return as_float(key ^ ((key & 0x80000000u) ? 0x80000000u : 0xffffffffu));
}

/* at points at element i. */
static inline float quantile_element(__global const float *at, uint lag, float centre, uint flags)
{
    float v = at[0] - (lag != 0 ? at[lag] : centre);
    return (flags & QUANTILE_ABSOLUTE) ? fabs(v) : v;
}

static inline float quantile_between(float low, float high, ulong h)
{
    float f = (float)(h & (((ulong)1 << QUANTILE_Q_BITS) - 1)) * 0x1p-38f;
    return f > 0.0f ? low + (high - low) * f : low;
}

#define QUANTILE_GROUP 256
#define QUANTILE_COPIES 8 /* histograms per group: neighbours in a sub-group count into others */

FMX_GROUP(QUANTILE_GROUP)
__kernel void quantile(__global float *out, __global const float *data,
                       __global const float *centre, __global const float *limit, uint stride,
                       uint blocks, uint block_stride, uint first, uint step, uint lag, uint count,
                       uint flags, float limit_factor, ulong q)
{
    __local uint bins[QUANTILE_COPIES * 256];
    __local uint below[256]; /* inclusive running count of keys by digit */
    __local uint found[2];   /* digit, rank within it */
    __local uint next_key;
    size_t l = get_local_id(0);
    size_t o = get_group_id(0);
    __global const float *at =
        data + o / blocks * stride + o % blocks * (size_t)block_stride + first;
    float c = (flags & QUANTILE_CENTRE) ? centre[o] : 0.0f;
    float most = (flags & QUANTILE_LIMIT) ? limit_factor * limit[o] : INFINITY;
    uint prefix = 0;
    uint rank = 0;
    uint equal = 0;
    uint m = 0;
    ulong h = 0;
    /* with m = 0 no item finds a digit; the group walks on all the same, through every barrier */
    if (l == 0) {
        found[0] = 0;
        found[1] = 0;
        next_key = 0xffffffffu;
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (uint i = 0; i < QUANTILE_COPIES; ++i)
            bins[i * 256 + l] = 0;
        barrier(CLK_LOCAL_MEM_FENCE);
        __local uint *mine = bins + (l % QUANTILE_COPIES) * 256;
        for (size_t i = l; i < count; i += QUANTILE_GROUP) {
            float v = quantile_element(at + i * step, lag, c, flags);
            uint key = quantile_key(v);
            bool agrees = shift == 24 || (key >> (shift + 8)) == prefix;
            if (v <= most && agrees)
                atomic_inc(&mine[(key >> shift) & 255u]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        uint own = 0;
        for (uint i = 0; i < QUANTILE_COPIES; ++i)
            own += bins[i * 256 + l];
        below[l] = own;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint width = 1; width < 256; width *= 2) {
            uint add = l >= width ? below[l - width] : 0;
            barrier(CLK_LOCAL_MEM_FENCE);
            below[l] += add;
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        if (shift == 24) {
            m = below[255];
            h = q * (max(m, 1u) - 1);
            rank = (uint)(h >> QUANTILE_Q_BITS);
        }
        if (rank < below[l] && rank >= below[l] - own) {
            found[0] = (uint)l;
            found[1] = rank - (below[l] - own);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        prefix = (prefix << 8) | found[0];
        rank = found[1];
        equal = below[found[0]] - (found[0] > 0 ? below[found[0] - 1] : 0);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    /* the key after it, where it differs and is needed; no choice around a barrier */
    bool last = rank + 1 == equal && (h & (((ulong)1 << QUANTILE_Q_BITS) - 1)) != 0;
    uint least = 0xffffffffu;
    for (size_t i = l; i < (last ? count : 0); i += QUANTILE_GROUP) {
        float v = quantile_element(at + i * step, lag, c, flags);
        uint key = quantile_key(v);
        if (v <= most && key > prefix)
            least = min(least, key);
    }
    atomic_min(&next_key, least);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (l == 0)
        out[o] = m > 0 ? quantile_between(quantile_value(prefix),
                                            quantile_value(last ? next_key : prefix), h)
                         : NAN;
}

#ifdef FMX_VARIANT_CPU
/* Without it PoCL calls a function for every sixteen elements. */
#define QUANTILE_INLINE static inline __attribute__((always_inline))

/* Signed keys here: int compares are single instructions everywhere. INT_MAX (a NaN) stands for an
 * element that does not take part: it is below no pivot. */
QUANTILE_INLINE int16 quantile_keys16(float16 v, float most)
{
    int16 bits = as_int16(v);
    int16 key = bits ^ ((bits >> 31) & 0x7fffffff);
    return select((int16)(INT_MAX), key, v <= most);
}

QUANTILE_INLINE float16 quantile_load16(__global const float *at, uint step)
{
    if (step == 1)
        return vload16(0, at);
    if (step == 2)
        return (float16)(vload16(0, at).even, vload16(1, at).even);
    float16 v;
    v.s0123 = (float4)(at[0], at[step], at[2 * step], at[3 * step]);
    at += 4 * (size_t)step;
    v.s4567 = (float4)(at[0], at[step], at[2 * step], at[3 * step]);
    at += 4 * (size_t)step;
    v.s89ab = (float4)(at[0], at[step], at[2 * step], at[3 * step]);
    at += 4 * (size_t)step;
    v.scdef = (float4)(at[0], at[step], at[2 * step], at[3 * step]);
    return v;
}

/* Keys of elements i .. i + 15 of a row at `at`; differs: lag is not 0. */
QUANTILE_INLINE int16 quantile_row16(__global const float *at, size_t i, uint step, bool differs,
                                     uint lag, float centre, uint flags, float most)
{
    float16 v = quantile_load16(at + i * step, step);
    v -= differs ? quantile_load16(at + i * step + lag, step) : (float16)(centre);
    return quantile_keys16((flags & QUANTILE_ABSOLUTE) ? fabs(v) : v, most);
}

static inline int quantile_sum16(int16 x)
{
    int8 a = x.lo + x.hi;
    int4 b = a.lo + a.hi;
    int2 c = b.lo + b.hi;
    return c.x + c.y;
}

static inline int quantile_min16(int16 x)
{
    int8 a = min(x.lo, x.hi);
    int4 b = min(a.lo, a.hi);
    int2 c = min(b.lo, b.hi);
    return min(c.x, c.y);
}

/* Inlined per kind of step and lag, so that the loops hold no choices. */
QUANTILE_INLINE float quantile_search(__global const float *at, uint step, bool differs, uint lag,
                                      uint count, uint flags, float c, float most, ulong q)
{
    /* the last 1 to 16 elements one by one, once: step 2 reads a float past its last element */
    size_t whole = (count - 1) / 16 * 16;
    int ends[16];
    for (size_t k = 0; k < 16; ++k)
        ends[k] = INT_MAX;
    for (size_t i = whole; i < count; ++i) {
        float v = quantile_element(at + i * step, lag, c, flags);
        ends[i - whole] = v <= most ? (int)(quantile_key(v) ^ 0x80000000u) : INT_MAX;
    }
    int16 tail = vload16(0, ends);
    int16 least = tail;
    int16 largest = select(tail, (int16)(INT_MIN), tail == INT_MAX);
    int16 missing = tail == INT_MAX; /* -1 each */
    for (size_t i = 0; i < whole; i += 16) {
        int16 key = quantile_row16(at, i, step, differs, lag, c, flags, most);
        int16 none = key == INT_MAX;
        least = min(least, key);
        largest = max(largest, select(key, (int16)(INT_MIN), none));
        missing += none;
    }
    uint m = (uint)whole + 16 + quantile_sum16(missing);
    if (m == 0)
        return NAN;
    ulong h = q * (m - 1);
    uint rank = (uint)(h >> QUANTILE_Q_BITS);
    int low = quantile_min16(least); /* the key of rank lies in low .. high, */
    int high = ~quantile_min16(~largest);
    uint before = 0; /* `before` keys are below low, */
    uint upto = m;   /* `upto` keys are at most high */
    while (low < high && upto - before > 1) {
        uint width = (uint)high - (uint)low;
        int p1 = (int)((uint)low + width / 4 + 1);
        int p2 = (int)((uint)low + width / 2 + 1);
        int p3 = (int)((uint)low + (uint)((ulong)width * 3 / 4) + 1);
        int16 n1 = tail < p1;
        int16 n2 = tail < p2;
        int16 n3 = tail < p3;
        for (size_t i = 0; i < whole; i += 16) {
            int16 key = quantile_row16(at, i, step, differs, lag, c, flags, most);
            n1 += key < p1;
            n2 += key < p2;
            n3 += key < p3;
        }
        uint below1 = -quantile_sum16(n1);
        uint below2 = -quantile_sum16(n2);
        uint below3 = -quantile_sum16(n3);
        if (rank < below1) {
            high = p1 - 1;
            upto = below1;
        } else if (rank < below2) {
            low = p1;
            high = p2 - 1;
            before = below1;
            upto = below2;
        } else if (rank < below3) {
            low = p2;
            high = p3 - 1;
            before = below2;
            upto = below3;
        } else {
            low = p3;
            before = below3;
        }
    }
    /* one key is left in low .. high, perhaps many times */
    int16 found = select(tail, (int16)(INT_MAX), tail < low);
    int16 next = select(tail, (int16)(INT_MAX), tail <= high);
    for (size_t i = 0; i < whole; i += 16) {
        int16 key = quantile_row16(at, i, step, differs, lag, c, flags, most);
        found = min(found, select(key, (int16)(INT_MAX), key < low));
        next = min(next, select(key, (int16)(INT_MAX), key <= high));
    }
    uint lower = (uint)quantile_min16(found) ^ 0x80000000u;
    uint upper = rank + 1 < upto ? lower : (uint)quantile_min16(next) ^ 0x80000000u;
    return quantile_between(quantile_value(lower), quantile_value(upper), h);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void quantile_wide(__global float *out, __global const float *data, __global const float *centre,
                   __global const float *limit, uint stride, uint blocks, uint block_stride,
                   uint first, uint step, uint lag, uint count, uint flags, float limit_factor,
                   ulong q)
{
    size_t o = get_global_id(0);
    __global const float *at =
        data + o / blocks * stride + o % blocks * (size_t)block_stride + first;
    float c = (flags & QUANTILE_CENTRE) ? centre[o] : 0.0f;
    float most = (flags & QUANTILE_LIMIT) ? limit_factor * limit[o] : INFINITY;
    uint absolute = flags & QUANTILE_ABSOLUTE;
    if (step == 1 && lag == 0 && absolute)
        out[o] = quantile_search(at, 1, false, 0, count, QUANTILE_ABSOLUTE, c, most, q);
    else if (step == 1 && lag == 0)
        out[o] = quantile_search(at, 1, false, 0, count, 0, c, most, q);
    else if (step == 1 && absolute)
        out[o] = quantile_search(at, 1, true, lag, count, QUANTILE_ABSOLUTE, c, most, q);
    else
        out[o] = quantile_search(at, step, lag != 0, lag, count, flags, c, most, q);
}
#endif

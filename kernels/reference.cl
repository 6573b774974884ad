/* Reference: the highest line inside a window of every row, with all that is needed to judge it.
 *
 * found    float [rows][8]: index of the highest point (from the window's start; -1: none), offset of
 *          its apex from there (points), height above the base, full width at half height (points; -1:
 *          one side never falls below half height inside the window), base, sigma, rival, 0
 * data     float [rows][points], or the real parts of complex64 with stride 2
 * windows  uint2 [rows]: first point, number of points (0: nothing is looked for)
 *
 * The window is cut into 16 blocks (block b: points b n / 16 to (b + 1) n / 16). base is the 8th
 * smallest block mean, sigma the 5th smallest block standard deviation: a line and its tails spoil a
 * few blocks only. The apex is that of the parabola through the highest point and its neighbours,
 * half height lies between base and apex, and both crossings are interpolated linearly. rival is
 * the largest value above the base further than one width from the apex.
 *
 * One group of 128 items per row; partial sums are added in the order of the items. Positions are
 * below 2^24 and therefore exact in float. Twin: host/ref/reference_ref.c.
 */
#define REFERENCE_GROUP 128
#define REFERENCE_BLOCKS 16
#define REFERENCE_LANES (REFERENCE_GROUP / REFERENCE_BLOCKS) /* items that share a block */

/* The value with `rank` smaller ones (ties by position) among the 16 in `value`. */
static inline float reference_ranked(__local const float *value, uint rank, __local float *result)
{
    size_t l = get_local_id(0);
    if (l < REFERENCE_BLOCKS) {
        float own = value[l];
        uint smaller = 0;
        for (uint i = 0; i < REFERENCE_BLOCKS; ++i)
            smaller += value[i] < own || (value[i] == own && i < l);
        if (smaller == rank)
            *result = own;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    float ranked = *result;
    barrier(CLK_LOCAL_MEM_FENCE);
    return ranked;
}

/* Adds up the parts of each block's items: block[b] = sum. */
static inline void reference_block_sum(float part, __local float *scratch, __local float *block)
{
    size_t l = get_local_id(0);
    scratch[l] = part;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (l < REFERENCE_BLOCKS) {
        float sum = 0.0f;
        for (uint i = 0; i < REFERENCE_LANES; ++i)
            sum += scratch[l * REFERENCE_LANES + i];
        block[l] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

FMX_GROUP(REFERENCE_GROUP)
__kernel void reference(__global float *found, __global const float *data,
                        __global const uint2 *windows, __local float *scratch, uint points,
                        uint stride)
{
    /* scratch [REFERENCE_GROUP] is an argument: of a local array that a kernel only hands to
     * functions PoCL 3.1 makes one for all threads */
    __local float mean[REFERENCE_BLOCKS];
    __local float spread[REFERENCE_BLOCKS];
    __local float ranked;
    size_t row = get_group_id(0);
    size_t l = get_local_id(0);
    uint2 window = windows[row];
    uint n = window.y;
    __global const float *x = data + (row * points + window.x) * stride;
    __global float *out = found + row * 8;

    /* block means, then the spread around them */
    uint block = l / REFERENCE_LANES;
    uint begin = (uint)((ulong)block * n / REFERENCE_BLOCKS);
    uint end = (uint)((ulong)(block + 1) * n / REFERENCE_BLOCKS);
    float length = fmax((float)(end - begin), 1.0f);
    float sum = 0.0f;
    for (uint i = begin + l % REFERENCE_LANES; i < end; i += REFERENCE_LANES)
        sum += x[i * stride];
    reference_block_sum(sum / length, scratch, mean);
    float centre = mean[block];
    sum = 0.0f;
    for (uint i = begin + l % REFERENCE_LANES; i < end; i += REFERENCE_LANES) {
        float d = x[i * stride] - centre;
        sum += d * d;
    }
    reference_block_sum(sum / length, scratch, spread);
    float base = reference_ranked(mean, 7, &ranked);
    float sigma = sqrt(reference_ranked(spread, 4, &ranked));

    /* the highest point; the first of equal ones */
    float top = -INFINITY;
    for (uint i = l; i < n; i += REFERENCE_GROUP)
        top = fmax(top, x[i * stride]);
    top = fmx_group_max(top, scratch);
    float first = -INFINITY;
    for (uint i = l; i < n; i += REFERENCE_GROUP)
        if (x[i * stride] == top)
            first = fmax(first, -(float)i);
    float peak = -fmx_group_max(first, scratch);
    /* None, or at the window's edge: the rest then runs on harmless values and is not written. No
     * early return: PoCL 3.1 hangs in a kernel that returns in front of a barrier. */
    bool inside = peak > 0.0f && peak + 1.0f < (float)n;

    /* apex of the parabola through three points; the middle one is no lower than the others */
    uint at = inside ? (uint)peak : 1;
    float left = inside ? x[(at - 1) * stride] : 0.0f;
    float right = inside ? x[(at + 1) * stride] : 0.0f;
    float bend = (top - left) + (top - right);
    float offset = bend > 0.0f ? 0.5f * (right - left) / bend : 0.0f;
    float apex = top + 0.25f * (right - left) * offset;
    float half_height = base + 0.5f * (apex - base);

    /* nearest points below half height on both sides */
    float below_left = -1.0f;
    float below_right = -INFINITY;
    for (uint i = l; i < n; i += REFERENCE_GROUP) {
        if (x[i * stride] < half_height) {
            if (i < at)
                below_left = fmax(below_left, (float)i);
            else if (i > at)
                below_right = fmax(below_right, -(float)i);
        }
    }
    below_left = fmx_group_max(below_left, scratch);
    below_right = -fmx_group_max(below_right, scratch);
    float width = -1.0f;
    if (inside && below_left >= 0.0f && below_right < (float)n) {
        uint a = (uint)below_left;
        uint b = (uint)below_right;
        float xa = x[a * stride];
        float xb = x[b * stride];
        float cross_left = (half_height - xa) / (x[(a + 1) * stride] - xa);
        float cross_right = (half_height - xb) / (x[(b - 1) * stride] - xb);
        width = (below_right - below_left) - cross_left - cross_right;
    }
    float rival = -INFINITY;
    for (uint i = l; i < n; i += REFERENCE_GROUP)
        if (fabs((float)i - peak - offset) > width)
            rival = fmax(rival, x[i * stride]);
    rival = fmx_group_max(rival, scratch);
    if (l == 0)
        vstore8(inside ? (float8)(peak, offset, apex - base, width, base, sigma, rival - base, 0.0f)
                       : (float8)(-1.0f, 0.0f, 0.0f, -1.0f, base, sigma, 0.0f, 0.0f),
                0, out);
}

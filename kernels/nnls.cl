/* Non-negative least squares of many spectra b on one library A:
 * x = argmin |b - sum_k x[k] A[k]|^2, x >= 0.
 *
 * nnls_dots     out[m][k] = scale sum_j left[m][j] right[k][j]: with left = right = A the Gram
 *               matrix G, with left = b and scale = -1 the gradient of x = 0. Columns rows_right ..
 *               stride - 1 are set to 0.
 * nnls_norms    norms[m] = sqrt(sum_j (weights[j] spectra[m][j])^2)
 * nnls_descent  coordinate descent with the gradient g = G x - A b at hand: for k in order
 *                   x[k] <- max(0, x[k] - g[k] / G[k][k]),  g <- g + step G[k]
 *               A step is taken when it changes the gradient by more than tolerance times the
 *               largest of A b, or when it ends at zero; a sweep without steps is the solution.
 *               Nothing happens for a row of the library that is zero.
 *
 * left      float [rows_left][points], right float [rows_right][points]
 * out, gram, gradient  float [...][stride], stride a multiple of 16 and >= rows
 * amounts   float [mixtures][stride], written
 * gradient  float [mixtures][stride]; -A b on entry, G x - A b on return
 *
 * nnls_dots          group of 16 x 16 items, an item owns 4 x 4 outputs; 64 x 16 values of each side
 *                    in local memory at a time; partial sums of 256 points are added up, so that
 *                    the error grows with their number, not with the points
 * nnls_dots_wide     one item owns 4 x 4 outputs, sixteen points at a time: PoCL
 * nnls_norms         one group of up to 256 per spectrum
 * nnls_norms_wide    one item per spectrum, sixteen points at a time: PoCL
 * nnls_descent       one group per mixture, gradient and amounts in local memory
 * nnls_descent_wide  one item per mixture, sixteen values at a time: PoCL
 *
 * Twin: host/ref/nnls_ref.c.
 */
#define NNLS_SIDE 16                /* items of a group in each direction */
#define NNLS_OWN 4                  /* outputs of an item in each direction */
#define NNLS_TILE 64                /* NNLS_SIDE * NNLS_OWN */
#define NNLS_DEEP 16                /* points in local memory */
#define NNLS_PAD (NNLS_TILE + 4)    /* floats from a point to the next; a multiple of 4 */
#define NNLS_PART 256               /* points of a partial sum */

/* One side's tile, transposed: tile[point][row]. What lies outside is 0. */
static inline void nnls_load(__local float *tile, __global const float *from, size_t first_row,
                             uint rows, size_t first, uint points, size_t item)
{
    size_t j = item % NNLS_DEEP;
    for (size_t r = item / NNLS_DEEP; r < NNLS_TILE; r += NNLS_SIDE) {
        bool inside = first_row + r < rows && first + j < points;
        tile[j * NNLS_PAD + r] = inside ? from[(first_row + r) * points + first + j] : 0.0f;
    }
}

__attribute__((reqd_work_group_size(NNLS_SIDE, NNLS_SIDE, 1))) FMX_SUBGROUP_KERNEL
__kernel void nnls_dots(__global float *out, __global const float *left,
                        __global const float *right, __local float *tiles, uint rows_left,
                        uint rows_right, uint points, uint stride, float scale)
{
    size_t lx = get_local_id(0);
    size_t ly = get_local_id(1);
    size_t item = ly * NNLS_SIDE + lx;
    size_t m0 = get_group_id(1) * NNLS_TILE;
    size_t k0 = get_group_id(0) * NNLS_TILE;
    __local float *tile_left = tiles;
    __local float *tile_right = tiles + NNLS_DEEP * NNLS_PAD;
    __local const float4 *left4 = (__local const float4 *)tile_left;
    __local const float4 *right4 = (__local const float4 *)tile_right;
    float4 sum0 = 0.0f, sum1 = 0.0f, sum2 = 0.0f, sum3 = 0.0f;
    for (size_t part = 0; part < points; part += NNLS_PART) {
        float4 s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
        size_t end = min(part + NNLS_PART, (size_t)points);
        for (size_t first = part; first < end; first += NNLS_DEEP) {
            nnls_load(tile_left, left, m0, rows_left, first, points, item);
            nnls_load(tile_right, right, k0, rows_right, first, points, item);
            barrier(CLK_LOCAL_MEM_FENCE);
            for (size_t j = 0; j < NNLS_DEEP; ++j) {
                float4 a = left4[j * (NNLS_PAD / 4) + ly];
                float4 b = right4[j * (NNLS_PAD / 4) + lx];
                s0 = fma((float4)(a.x), b, s0);
                s1 = fma((float4)(a.y), b, s1);
                s2 = fma((float4)(a.z), b, s2);
                s3 = fma((float4)(a.w), b, s3);
            }
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        sum0 += s0;
        sum1 += s1;
        sum2 += s2;
        sum3 += s3;
    }
    /* tiles beyond rows_right hold zeros, so the padding gets its 0 here */
    size_t m = m0 + ly * NNLS_OWN;
    size_t k = k0 + lx * NNLS_OWN;
    if (k >= stride) /* stride is a multiple of 16, so four are aligned, all of them or none */
        return;
    if (m < rows_left)
        *(__global float4 *)(out + m * stride + k) = scale * sum0;
    if (m + 1 < rows_left)
        *(__global float4 *)(out + (m + 1) * stride + k) = scale * sum1;
    if (m + 2 < rows_left)
        *(__global float4 *)(out + (m + 2) * stride + k) = scale * sum2;
    if (m + 3 < rows_left)
        *(__global float4 *)(out + (m + 3) * stride + k) = scale * sum3;
}

FMX_SUBGROUP_KERNEL
__kernel void nnls_norms(__global float *norms, __global const float *spectra,
                         __global const float *weights, __local float *scratch, uint points)
{
    size_t first = get_group_id(0) * (size_t)points;
    float sum = 0.0f;
    for (size_t j = get_local_id(0); j < points; j += get_local_size(0)) {
        float v = weights[j] * spectra[first + j];
        sum = fma(v, v, sum);
    }
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        norms[get_group_id(0)] = sqrt(sum);
}

/* The new value of a coordinate; 0 for a row of the library that is zero. */
static inline float nnls_next(float x, float g, float diagonal)
{
    return diagonal > 0.0f ? fmax(0.0f, x - g / diagonal) : 0.0f;
}

/* Whether a step is worth taking; `least` is in units of the gradient. */
static inline bool nnls_counts(float next, float x, float diagonal, float least)
{
    return fabs(next - x) * diagonal > least || (next == 0.0f && x > 0.0f);
}

FMX_SUBGROUP_KERNEL
__kernel void nnls_descent(__global float *amounts, __global float *gradient,
                           __global const float *gram, __local float *g, __local float *x,
                           __local float *scratch, uint rows, uint stride, uint sweeps,
                           float tolerance)
{
    size_t l = get_local_id(0);
    size_t step = get_local_size(0);
    size_t row = get_group_id(0) * (size_t)stride;
    float top = 0.0f;
    for (size_t k = l; k < rows; k += step) {
        g[k] = gradient[row + k];
        x[k] = 0.0f;
        top = fmax(top, -g[k]);
    }
    /* its barriers also let every item see g and x */
    float least = tolerance * fmax(fmx_group_max(top, scratch), 1e-37f);
    for (uint sweep = 0; sweep < sweeps; ++sweep) {
        bool moved = false; /* the same in every item, as all that decides it is in local memory */
        for (size_t k = 0; k < rows; ++k) {
            float old = x[k];
            float slope = g[k];
            if (old == 0.0f && slope >= 0.0f)
                continue;
            float diagonal = gram[k * stride + k];
            float next = nnls_next(old, slope, diagonal);
            if (!nnls_counts(next, old, diagonal, least))
                continue;
            moved = true;
            barrier(CLK_LOCAL_MEM_FENCE); /* everybody has read x[k] and g[k] */
            for (size_t j = l; j < rows; j += step)
                g[j] = fma(next - old, gram[k * stride + j], g[j]);
            if (l == 0)
                x[k] = next;
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        if (!moved)
            break;
    }
    for (size_t k = l; k < stride; k += step) {
        amounts[row + k] = k < rows ? x[k] : 0.0f;
        gradient[row + k] = k < rows ? g[k] : 0.0f;
    }
}

#ifdef FMX_VARIANT_CPU
static inline float nnls_sum16(float16 v)
{
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    float2 c = b.lo + b.hi;
    return c.x + c.y;
}

__kernel void nnls_norms_wide(__global float *norms, __global const float *spectra,
                              __global const float *weights, __local float *scratch, uint points)
{
    __global const float *row = spectra + get_group_id(0) * (size_t)points;
    float16 sum = 0.0f;
    size_t j = 0;
    for (; j + 16 <= points; j += 16) {
        float16 v = vload16(0, weights + j) * vload16(0, row + j);
        sum = fma(v, v, sum);
    }
    float total = nnls_sum16(sum);
    for (; j < points; ++j) {
        float v = weights[j] * row[j];
        total = fma(v, v, total);
    }
    norms[get_group_id(0)] = sqrt(total);
}

/* Rows beyond the end repeat the last one; their sums are not stored. */
__kernel void nnls_dots_wide(__global float *out, __global const float *left,
                             __global const float *right, __local float *tiles, uint rows_left,
                             uint rows_right, uint points, uint stride, float scale)
{
    size_t k = get_global_id(0) * NNLS_OWN;
    size_t m = get_global_id(1) * NNLS_OWN;
    if (k >= stride || m >= rows_left)
        return;
    float result[NNLS_OWN][NNLS_OWN] = {{0.0f}};
    if (k < rows_right) {
        __global const float *a[NNLS_OWN];
        __global const float *b[NNLS_OWN];
        float16 s[NNLS_OWN][NNLS_OWN];
        for (int i = 0; i < NNLS_OWN; ++i) {
            a[i] = left + min(m + i, (size_t)rows_left - 1) * points;
            b[i] = right + min(k + i, (size_t)rows_right - 1) * points;
            for (int n = 0; n < NNLS_OWN; ++n)
                s[i][n] = 0.0f;
        }
        size_t j = 0;
        for (; j + 16 <= points; j += 16) {
            float16 b0 = vload16(0, b[0] + j);
            float16 b1 = vload16(0, b[1] + j);
            float16 b2 = vload16(0, b[2] + j);
            float16 b3 = vload16(0, b[3] + j);
#pragma unroll
            for (int i = 0; i < NNLS_OWN; ++i) {
                float16 v = vload16(0, a[i] + j);
                s[i][0] = fma(v, b0, s[i][0]);
                s[i][1] = fma(v, b1, s[i][1]);
                s[i][2] = fma(v, b2, s[i][2]);
                s[i][3] = fma(v, b3, s[i][3]);
            }
        }
        for (int i = 0; i < NNLS_OWN; ++i)
            for (int n = 0; n < NNLS_OWN; ++n) {
                float sum = nnls_sum16(s[i][n]);
                for (size_t tail = j; tail < points; ++tail)
                    sum = fma(a[i][tail], b[n][tail], sum);
                result[i][n] = scale * sum;
            }
    }
    for (size_t i = 0; i < NNLS_OWN && m + i < rows_left; ++i)
        for (size_t n = 0; n < NNLS_OWN; ++n)
            out[(m + i) * stride + k + n] = k + n < rows_right ? result[i][n] : 0.0f;
}

__kernel void nnls_descent_wide(__global float *amounts, __global float *gradient,
                                __global const float *gram, __local float *unused_g,
                                __local float *unused_x, __local float *scratch, uint rows,
                                uint stride, uint sweeps, float tolerance)
{
    size_t row = get_group_id(0) * (size_t)stride;
    __global float *x = amounts + row;
    __global float *g = gradient + row;
    float16 top = 0.0f;
    for (size_t k = 0; k < stride; k += 16) {
        top = fmax(top, -vload16(0, g + k));
        vstore16((float16)(0.0f), 0, x + k);
    }
    float8 top8 = fmax(top.lo, top.hi);
    float4 top4 = fmax(top8.lo, top8.hi);
    float2 top2 = fmax(top4.lo, top4.hi);
    float least = tolerance * fmax(fmax(top2.x, top2.y), 1e-37f);
    for (uint sweep = 0; sweep < sweeps; ++sweep) {
        bool moved = false;
        for (size_t block = 0; block < stride; block += 16) {
            /* what is at zero and stays there needs no further look */
            if (!any(vload16(0, x + block) > 0.0f || vload16(0, g + block) < 0.0f))
                continue;
            size_t end = min(block + 16, (size_t)rows);
            for (size_t k = block; k < end; ++k) {
                float old = x[k];
                float diagonal = gram[k * stride + k];
                float next = nnls_next(old, g[k], diagonal);
                if (!nnls_counts(next, old, diagonal, least))
                    continue;
                float16 by = next - old;
                moved = true;
                for (size_t j = 0; j < stride; j += 16)
                    vstore16(fma(by, vload16(0, gram + k * stride + j), vload16(0, g + j)), 0,
                             g + j);
                x[k] = next;
            }
        }
        if (!moved)
            break;
    }
}
#endif

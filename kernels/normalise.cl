/* Normalise: x[row][j] /= factor[row], and what the factors are made of.
 *
 * normalise_measure         parts[row][p] = (largest x, sum of |x|) over part p of 64 of a row: points
 *                           p, p + 64, ...; an item per part, so that neighbours read neighbours
 * normalise_measure_wide    the same with blocks of 16 points, for PoCL: blocks p, p + 64, ...; in
 *                           a part, points with the same position in their block are added up first
 * normalise_divide[_wide]   one item per point (16 points); a factor of 0 leaves the row as it is
 * normalise_quotient        out = x / reference where reference > level[row], NaN elsewhere; an item
 *                           per point
 *
 * data, out  float [rows][points]     parts  float2 [rows][64]     factors, levels  float [rows]
 * reference  float [points]
 *
 * The parts are put together by the host, in double. Twin: host/ref/normalise_ref.c.
 */
#define NORMALISE_PARTS 64

FMX_SUBGROUP_KERNEL
__kernel void normalise_measure(__global float2 *parts, __global const float *data, uint rows,
                                uint points)
{
    size_t p = get_global_id(0);
    size_t row = get_global_id(1);
    if (p >= NORMALISE_PARTS || row >= rows)
        return;
    __global const float *x = data + row * points;
    float largest = -INFINITY;
    float sum = 0.0f;
    for (size_t j = p; j < points; j += NORMALISE_PARTS) {
        largest = fmax(largest, x[j]);
        sum += fabs(x[j]);
    }
    parts[row * NORMALISE_PARTS + p] = (float2)(largest, sum);
}

FMX_SUBGROUP_KERNEL
__kernel void normalise_divide(__global float *data, __global const float *factors, uint rows,
                               uint points)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= points || row >= rows || factors[row] == 0.0f)
        return;
    data[row * points + j] /= factors[row];
}

FMX_SUBGROUP_KERNEL
__kernel void normalise_quotient(__global float *out, __global const float *data,
                                 __global const float *reference, __global const float *levels,
                                 uint rows, uint points)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    float r = reference[j];
    out[row * points + j] = r > levels[row] ? data[row * points + j] / r : NAN;
}

#ifdef FMX_VARIANT_CPU
__kernel void normalise_measure_wide(__global float2 *parts, __global const float *data, uint rows,
                                     uint points)
{
    size_t p = get_global_id(0);
    size_t row = get_global_id(1);
    if (p >= NORMALISE_PARTS || row >= rows)
        return;
    __global const float *x = data + row * points;
    float16 largest = -INFINITY;
    float16 sum = 0.0f;
    size_t j = 16 * p;
    for (; j + 16 <= points; j += 16 * NORMALISE_PARTS) {
        float16 v = vload16(0, x + j);
        largest = fmax(largest, v);
        sum += fabs(v);
    }
    float a[16];
    float b[16];
    vstore16(largest, 0, a);
    vstore16(sum, 0, b);
    for (size_t k = 0; j < points && k < points - j; ++k) { /* the row's last, shorter block */
        a[k] = fmax(a[k], x[j + k]);
        b[k] += fabs(x[j + k]);
    }
    for (int k = 1; k < 16; ++k) {
        a[0] = fmax(a[0], a[k]);
        b[0] += b[k];
    }
    parts[row * NORMALISE_PARTS + p] = (float2)(a[0], b[0]);
}

__kernel void normalise_divide_wide(__global float *data, __global const float *factors, uint rows,
                                    uint points)
{
    size_t first = get_global_id(0) * 16;
    size_t row = get_global_id(1);
    if (first >= points || row >= rows || factors[row] == 0.0f)
        return;
    __global float *x = data + row * points;
    if (first + 16 <= points) {
        vstore16(vload16(0, x + first) / factors[row], 0, x + first);
        return;
    }
    for (size_t j = first; j < points; ++j)
        x[j] /= factors[row];
}
#endif

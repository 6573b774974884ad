/* Pooling of x, float [rows][in_n] -> y [rows][out_n]; a row is one channel of one item. Output j looks
 * at the places of x from first_j up to end_j:
 *
 *   window > 0   j stride - left <= n < j stride - left + window, places outside the row left out
 *   window = 0   adaptive: floor(j in_n / out_n) <= n < ceil((j + 1) in_n / out_n)
 *
 *   max       y[j] = the largest x[n];  dL/dx[n] = sum of the dL/dy[j] whose largest it was
 *   average   y[j] = sum of x[n] / c_j; dL/dx[n] = sum over the j that look at n of dL/dy[j] / c_j,
 *             c_j = end_j - first_j, or the window where `whole` (places outside count as zeros)
 *
 * pool_max            one item per output; index[row][j] (int32): which x it was, the first of equals;
 *                     NaN wins
 * pool_max_gradient   one item per input, over the outputs that look at it, from left to right
 * pool_average        one item per output, from left to right
 * pool_average_long   a group per output, for long windows: every get_local_size(0)-th value an item,
 *                     then fmx_group_sum
 * pool_average_gradient  one item per input, over the outputs that look at it, from left to right
 *
 * ..._wide            for CPUs: one item per row; averages of 64 places and more in vectors of 16, the
 *                     rest with the same bits as above; gradients go from each output to its places
 *
 * Twin: host/ref/pool_ref.c.
 */

static inline size_t pool_first(size_t j, size_t in_n, size_t out_n, size_t window, size_t stride,
                                size_t left)
{
    if (window == 0)
        return j * in_n / out_n;
    return (size_t)max((long)(j * stride) - (long)left, 0L);
}

static inline size_t pool_end(size_t j, size_t in_n, size_t out_n, size_t window, size_t stride,
                              size_t left)
{
    if (window == 0)
        return ((j + 1) * in_n + out_n - 1) / out_n;
    return (size_t)min((long)(j * stride + window) - (long)left, (long)in_n);
}

/* The outputs that look at n: from pool_first_holder up to pool_end_holder. */
static inline size_t pool_first_holder(size_t n, size_t in_n, size_t out_n, size_t window,
                                       size_t stride, size_t left)
{
    if (window == 0)
        return n * out_n / in_n;
    return (size_t)max((long)(n + left + stride) - (long)window, 0L) / stride;
}

static inline size_t pool_end_holder(size_t n, size_t in_n, size_t out_n, size_t window,
                                     size_t stride, size_t left)
{
    if (window == 0)
        return ((n + 1) * out_n + in_n - 1) / in_n;
    return min((n + left) / stride + 1, out_n);
}

FMX_SUBGROUP_KERNEL
__kernel void pool_max(__global float *y, __global int *index, __global const float *x, ulong rows,
                       ulong in_n, ulong out_n, ulong window, ulong stride, ulong left)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= out_n || row >= rows)
        return;
    __global const float *from = x + row * in_n;
    size_t first = pool_first(j, in_n, out_n, window, stride, left);
    size_t end = pool_end(j, in_n, out_n, window, stride, left);
    size_t best = first;
    float most = from[first];
    for (size_t n = first + 1; n < end; ++n) {
        float value = from[n];
        if (value > most || (isnan(value) && !isnan(most))) {
            most = value;
            best = n;
        }
    }
    y[row * out_n + j] = most;
    index[row * out_n + j] = (int)best;
}

FMX_SUBGROUP_KERNEL
__kernel void pool_max_gradient(__global float *grad_x, __global const float *grad_y,
                                __global const int *index, ulong rows, ulong in_n, ulong out_n,
                                ulong window, ulong stride, ulong left)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= in_n || row >= rows)
        return;
    size_t end = pool_end_holder(n, in_n, out_n, window, stride, left);
    float sum = 0.0f;
    for (size_t j = pool_first_holder(n, in_n, out_n, window, stride, left); j < end; ++j) {
        if (index[row * out_n + j] == (int)n)
            sum += grad_y[row * out_n + j];
    }
    grad_x[row * in_n + n] = sum;
}

FMX_SUBGROUP_KERNEL
__kernel void pool_average(__global float *y, __global const float *x, ulong rows, ulong in_n,
                           ulong out_n, ulong window, ulong stride, ulong left, uint whole)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= out_n || row >= rows)
        return;
    size_t first = pool_first(j, in_n, out_n, window, stride, left);
    size_t end = pool_end(j, in_n, out_n, window, stride, left);
    float sum = 0.0f;
    for (size_t n = first; n < end; ++n)
        sum += x[row * in_n + n];
    y[row * out_n + j] = sum / (float)(whole ? window : end - first);
}

FMX_SUBGROUP_KERNEL
__kernel void pool_average_long(__global float *y, __global const float *x, ulong rows, ulong in_n,
                                ulong out_n, ulong window, ulong stride, ulong left, uint whole,
                                __local float *scratch)
{
    size_t row = get_group_id(0) / out_n;
    size_t j = get_group_id(0) % out_n;
    size_t first = pool_first(j, in_n, out_n, window, stride, left);
    size_t end = pool_end(j, in_n, out_n, window, stride, left);
    float sum = 0.0f;
    for (size_t n = first + get_local_id(0); n < end; n += get_local_size(0))
        sum += x[row * in_n + n];
    sum = fmx_group_sum(sum, scratch);
    if (get_local_id(0) == 0)
        y[row * out_n + j] = sum / (float)(whole ? window : end - first);
}

FMX_SUBGROUP_KERNEL
__kernel void pool_average_gradient(__global float *grad_x, __global const float *grad_y, ulong rows,
                                    ulong in_n, ulong out_n, ulong window, ulong stride, ulong left,
                                    uint whole)
{
    size_t n = get_global_id(0);
    size_t row = get_global_id(1);
    if (n >= in_n || row >= rows)
        return;
    size_t end = pool_end_holder(n, in_n, out_n, window, stride, left);
    float sum = 0.0f;
    for (size_t j = pool_first_holder(n, in_n, out_n, window, stride, left); j < end; ++j) {
        size_t count = whole ? window
                             : pool_end(j, in_n, out_n, window, stride, left) -
                                   pool_first(j, in_n, out_n, window, stride, left);
        sum += grad_y[row * out_n + j] / (float)count;
    }
    grad_x[row * in_n + n] = sum;
}

#ifdef FMX_VARIANT_CPU
__kernel void pool_max_wide(__global float *y, __global int *index, __global const float *x, ulong rows,
                            ulong in_n, ulong out_n, ulong window, ulong stride, ulong left)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    __global const float *from = x + row * in_n;
    for (size_t j = 0; j < out_n; ++j) {
        long first = (long)pool_first(j, in_n, out_n, window, stride, left);
        long end = (long)pool_end(j, in_n, out_n, window, stride, left);
        long best = first;
        float most = from[first];
        for (long n = first + 1; n < end; ++n) {
            float value = from[n];
            bool larger = !(value <= most) && most == most; /* NaN is larger than any number */
            most = larger ? value : most;
            best = larger ? n : best;
        }
        y[row * out_n + j] = most;
        index[row * out_n + j] = (int)best;
    }
}

__kernel void pool_max_gradient_wide(__global float *grad_x, __global const float *grad_y,
                                     __global const int *index, ulong rows, ulong in_n, ulong out_n,
                                     ulong window, ulong stride, ulong left)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    __global float *to = grad_x + row * in_n;
    for (size_t n = 0; n < in_n; ++n)
        to[n] = 0.0f;
    for (size_t j = 0; j < out_n; ++j)
        to[index[row * out_n + j]] += grad_y[row * out_n + j];
}

__kernel void pool_average_wide(__global float *y, __global const float *x, ulong rows, ulong in_n,
                                ulong out_n, ulong window, ulong stride, ulong left, uint whole)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    x += row * in_n;
    for (size_t j = 0; j < out_n; ++j) {
        size_t n = pool_first(j, in_n, out_n, window, stride, left);
        size_t end = pool_end(j, in_n, out_n, window, stride, left);
        float count = (float)(whole ? window : end - n);
        float sum = 0.0f;
        if (end - n >= 64) {
            float16 sums = (float16)(0.0f);
            for (; n + 16 <= end; n += 16)
                sums += vload16(0, x + n);
            float8 eight = sums.lo + sums.hi;
            float4 four = eight.lo + eight.hi;
            sum = (four.x + four.y) + (four.z + four.w);
        }
        for (; n < end; ++n)
            sum += x[n];
        y[row * out_n + j] = sum / count;
    }
}

__kernel void pool_average_gradient_wide(__global float *grad_x, __global const float *grad_y,
                                         ulong rows, ulong in_n, ulong out_n, ulong window,
                                         ulong stride, ulong left, uint whole)
{
    size_t row = get_global_id(0);
    if (row >= rows)
        return;
    grad_x += row * in_n;
    for (size_t n = 0; n < in_n; ++n)
        grad_x[n] = 0.0f;
    for (size_t j = 0; j < out_n; ++j) {
        size_t first = pool_first(j, in_n, out_n, window, stride, left);
        size_t end = pool_end(j, in_n, out_n, window, stride, left);
        float value = grad_y[row * out_n + j] / (float)(whole ? window : end - first);
        for (size_t n = first; n < end; ++n)
            grad_x[n] += value;
    }
}
#endif

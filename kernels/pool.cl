/* Max-pooling of x, float [rows][in_n] -> y [rows][out_n]; a row is one channel of one item.
 *
 *   y[j] = max over t < window of x[j stride - left + t], places outside the row left out
 *
 * pool_max           one item per output; index[row][j] (int32): which x it was, the first of equals;
 *                    NaN wins
 * pool_max_gradient  one item per input: dL/dx[n] = sum over the outputs whose window holds n and whose
 *                    index is n, from left to right
 *
 * pool_max_wide, pool_max_gradient_wide   for CPUs: one item per row, the same bits; the gradient goes
 *                    from each output to its place, from left to right
 *
 * Twin: host/ref/pool_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void pool_max(__global float *y, __global int *index, __global const float *x, ulong rows,
                       ulong in_n, ulong out_n, ulong window, ulong stride, ulong left)
{
    size_t j = get_global_id(0);
    size_t row = get_global_id(1);
    if (j >= out_n || row >= rows)
        return;
    __global const float *from = x + row * in_n;
    long start = (long)(j * stride) - (long)left;
    size_t first = (size_t)max(start, 0L);
    size_t end = (size_t)min(start + (long)window, (long)in_n);
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
    /* windows j with j stride - left <= n < j stride - left + window */
    size_t at = n + left;
    size_t first = (size_t)max((long)(at + stride) - (long)window, 0L) / stride;
    size_t end = min(at / stride + 1, (size_t)out_n);
    float sum = 0.0f;
    for (size_t j = first; j < end; ++j) {
        if (index[row * out_n + j] == (int)n)
            sum += grad_y[row * out_n + j];
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
    long start = -(long)left;
    for (size_t j = 0; j < out_n; ++j, start += (long)stride) {
        long first = max(start, 0L);
        long end = min(start + (long)window, (long)in_n);
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
#endif

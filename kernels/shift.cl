/* Shift: out[i][j] = in[items[i].x][(j + items[i].y) mod points], a circular roll towards high ppm.
 *
 * out    float [count][points]      in  float [rows][points]
 * items  uint2 [count]: row, and by how many points, 0 .. points - 1
 *
 * shift        one item per point; GPUs and Intel's CPU runtime
 * shift_wide   one item per 256 points of a row, for PoCL
 * Bound by memory: 8 bytes a point. Twin: host/ref/shift_ref.c.
 */
FMX_SUBGROUP_KERNEL
__kernel void shift(__global float *out, __global const float *in, __global const uint2 *items,
                    uint count, uint rows, uint points)
{
    size_t j = get_global_id(0);
    size_t i = get_global_id(1);
    if (j >= points || i >= count)
        return;
    uint2 item = items[i];
    size_t row = item.x < rows ? item.x : 0;
    size_t from = j + item.y % points;
    out[i * points + j] = in[row * points + (from < points ? from : from - points)];
}

#ifdef FMX_VARIANT_CPU
__kernel void shift_wide(__global float *out, __global const float *in,
                         __global const uint2 *items, uint count, uint rows, uint points)
{
    size_t first = get_global_id(0) * 256;
    size_t i = get_global_id(1);
    if (first >= points || i >= count)
        return;
    uint2 item = items[i];
    size_t row = item.x < rows ? item.x : 0;
    size_t by = item.y % points;
    size_t end = min(first + 256, (size_t)points);
    __global float *y = out + i * points;
    __global const float *x = in + row * points;
    for (size_t j = first; j < end; j += 16) {
        size_t from = j + by < points ? j + by : j + by - points;
        if (j + 16 <= end && from + 16 <= points) {
            vstore16(vload16(0, x + from), 0, y + j);
            continue;
        }
        for (size_t k = j; k < min(j + 16, end); ++k)
            y[k] = x[k + by < points ? k + by : k + by - points];
    }
}
#endif

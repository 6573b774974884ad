/* Sum of tensors, float[count]: out[i] = a[i] + b[i]; out may be a or b.
 *
 * add            one item per value
 * add_wide       one item per 16 values, the last one takes its tail value by value; for PoCL
 * add_all[_wide] three to 16 tensors, added in their order; those that are missing are NULL
 *
 * Twin: host/ref/add_ref.c.
 */

FMX_SUBGROUP_KERNEL
__kernel void add(__global float *out, __global const float *a, __global const float *b, ulong count)
{
    size_t i = get_global_id(0);
    if (i < count)
        out[i] = a[i] + b[i];
}

/* The tensors behind the second, in a row. */
#define ADD_REST(X) X(c) X(d) X(e) X(f) X(g) X(h) X(i) X(j) X(k) X(l) X(m) X(n) X(o) X(p)

FMX_SUBGROUP_KERNEL
__kernel void add_all(__global float *out, __global const float *a, __global const float *b,
                      __global const float *c, __global const float *d, __global const float *e,
                      __global const float *f, __global const float *g, __global const float *h,
                      __global const float *i, __global const float *j, __global const float *k,
                      __global const float *l, __global const float *m, __global const float *n,
                      __global const float *o, __global const float *p, ulong count)
{
    size_t at = get_global_id(0);
    if (at >= count)
        return;
    float sum = a[at] + b[at];
#define ADD_ONE(FROM)                                                                              \
    if (FROM != 0)                                                                                 \
        sum += FROM[at];
    ADD_REST(ADD_ONE)
#undef ADD_ONE
    out[at] = sum;
}

#ifdef FMX_VARIANT_CPU
__kernel void add_all_wide(__global float *out, __global const float *a, __global const float *b,
                           __global const float *c, __global const float *d,
                           __global const float *e, __global const float *f,
                           __global const float *g, __global const float *h,
                           __global const float *i, __global const float *j,
                           __global const float *k, __global const float *l,
                           __global const float *m, __global const float *n,
                           __global const float *o, __global const float *p, ulong count)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t at = first; at < count; ++at) {
            float sum = a[at] + b[at];
#define ADD_ONE(FROM)                                                                              \
    if (FROM != 0)                                                                                 \
        sum += FROM[at];
            ADD_REST(ADD_ONE)
#undef ADD_ONE
            out[at] = sum;
        }
        return;
    }
    float16 sum = vload16(0, a + first) + vload16(0, b + first);
#define ADD_ONE(FROM)                                                                              \
    if (FROM != 0)                                                                                 \
        sum += vload16(0, FROM + first);
    ADD_REST(ADD_ONE)
#undef ADD_ONE
    vstore16(sum, 0, out + first);
}

__kernel void add_wide(__global float *out, __global const float *a, __global const float *b,
                       ulong count)
{
    size_t first = get_global_id(0) * 16;
    if (first >= count)
        return;
    if (first + 16 > count) {
        for (size_t i = first; i < count; ++i)
            out[i] = a[i] + b[i];
        return;
    }
    vstore16(vload16(0, a + first) + vload16(0, b + first), 0, out + first);
}
#endif

/* Broadening and phase errors of augmentation, by way of the time domain. With n the power of two that
 * a row is widened to and g the gap between row and n, bridged by a straight line from the last point
 * to the first:
 *
 * augmentation_spread   work[i][k] = (x[k], 0) for k < points, the bridge beyond
 *                       (then a transform exp(-2 pi i k t / n), so that t = 0 .. n / 2 is the decay)
 * augmentation_decay    work[i][t] *= c(t) exp(-(rate + curve t) t): c = 1 at t = 0 and n / 2, 2
 *                       between, 0 beyond, so that the way back gives spectrum + i Hilbert partner
 * augmentation_collect  out[i][j] = re cos(phi) - im sin(phi), phi = 2 pi (p0_turns + p1_turns j / points)
 *
 * rate = lorentzian_ppm lorentz_unit, curve = (gaussian_ppm gauss_unit)^2. One work-item per point
 * (wide: 8 complex points). items: as in augmentation.h; only rows whose `spectral` is set are worked on.
 *
 * library  float [rows][points]     work  complex64 [count][n]     out  float [count][points]
 */
typedef struct augmentation_item {
    uint row;
    uint item_low;
    uint item_high;
    uint draw;
    uint key;
    uint spectral;
    float shift_ppm;
    float stretch;
    float lorentzian_ppm;
    float gaussian_ppm;
    float p0_turns;
    float p1_turns;
    float baseline[6];
    float ripple;
    float ripple_per_ppm;
    float ripple_turns;
    float noise;
    float slow_noise;
    float amplitude;
    float warp_ppm[16];
} augmentation_item;

FMX_SUBGROUP_KERNEL
__kernel void augmentation_spread(__global float2 *work, __global const float *library,
                                  __global const augmentation_item *items, uint item_first,
                                  uint count, uint rows, uint points, uint n)
{
    size_t k = get_global_id(0);
    size_t i = get_global_id(1);
    if (k >= n || i >= count)
        return;
    uint row = items[item_first + i].row;
    __global const float *x = library + (size_t)(row < rows ? row : 0) * points;
    float value;
    if (k < points) {
        value = x[k];
    } else {
        float t = (float)(k - points + 1) / (float)(n - points + 1);
        value = fma(t, x[0] - x[points - 1], x[points - 1]);
    }
    work[i * n + k] = (float2)(value, 0.0f);
}

FMX_SUBGROUP_KERNEL
__kernel void augmentation_decay(__global float2 *work, __global const augmentation_item *items,
                                 uint item_first, uint count, uint n, float lorentz_unit,
                                 float gauss_unit)
{
    size_t t = get_global_id(0);
    size_t i = get_global_id(1);
    if (t >= n || i >= count)
        return;
    float factor = 0.0f;
    if (t <= n / 2) {
        __global const augmentation_item *item = items + item_first + i;
        float width = item->gaussian_ppm * gauss_unit;
        float rate = fma(width * width, (float)t, item->lorentzian_ppm * lorentz_unit);
        factor = (t == 0 || t == n / 2 ? 1.0f : 2.0f) * fmx_exp(-rate * (float)t);
    }
    work[i * n + t] *= factor;
}

FMX_SUBGROUP_KERNEL
__kernel void augmentation_collect(__global float *out, __global const float2 *work,
                                   __global const augmentation_item *items, uint item_first,
                                   uint count, uint points, uint n, float per_point)
{
    size_t j = get_global_id(0);
    size_t i = get_global_id(1);
    if (j >= points || i >= count)
        return;
    __global const augmentation_item *item = items + item_first + i;
    float2 v = work[i * n + j];
    float c;
    float s = fmx_sincos_turns(fma((float)j * per_point, item->p1_turns, item->p0_turns), &c);
    out[(item_first + i) * points + j] = fma(v.x, c, -(v.y * s));
}

/* Noise: what a polynomial leaves of a spectrum in one or two stretches of it.
 *
 *   out[row] = sum over the chosen points of (y - c0 f0(u) - c1 f1(u) - c2 f2(u))^2
 *
 * with y(i) = data[row stride + i step], u = (i - middle) scale, f the orthonormal polynomials of
 * the chosen points, and c the least-squares coefficients, c_k = sum y f_k(u). The projection is
 * done twice, the second time on what is left: f is orthonormal to float accuracy only.
 *
 * out      float [rows]
 * data     float [rows][stride]
 * ranges   uint4 [rows]: first point and number of points of both stretches (number 0: none)
 * fits     float8 [rows]: middle, scale, then f0 = s2, f1 = s3 + s4 u, f2 = s5 + s6 u + s7 u^2;
 *          zeros for polynomials that are not wanted
 * scratch  float [256]; an argument, because PoCL 3.1 makes one array for all threads of a local
 *          array that the kernel only hands to functions
 *
 * noise  one group of 256 per row, sums in the order of fmx_group_sum. There is no wide variant: the
 *        stretches are a hundred to a few thousand points. Twin: host/ref/noise_ref.c.
 */
#define NOISE_GROUP 256

static inline float noise_u(uint i, float8 fit)
{
    return ((float)i - fit.s0) * fit.s1;
}

static inline float3 noise_basis(float u, float8 fit)
{
    return (float3)(fit.s2, fma(fit.s4, u, fit.s3), fma(fma(fit.s7, u, fit.s6), u, fit.s5));
}

/* y minus the polynomial so far. */
static inline float noise_rest(float y, float3 c, float3 f)
{
    return y - fma(c.x, f.x, fma(c.y, f.y, c.z * f.z));
}

FMX_GROUP(NOISE_GROUP)
__kernel void noise(__global float *out, __global const float *data, __global const uint4 *ranges,
                    __global const float8 *fits, __local float *scratch, uint stride, uint step)
{
    size_t l = get_local_id(0);
    size_t row = get_group_id(0);
    __global const float *y = data + row * stride;
    uint4 range = ranges[row];
    float8 fit = fits[row];
    uint count = range.y + range.w;
    float3 c = (float3)(0.0f);
    for (uint pass = 0; pass < 2; ++pass) {
        float3 sum = (float3)(0.0f);
        for (size_t k = l; k < count; k += NOISE_GROUP) {
            uint i = k < range.y ? range.x + (uint)k : range.z + (uint)k - range.y;
            float3 f = noise_basis(noise_u(i, fit), fit);
            sum += f * noise_rest(y[i * (size_t)step], c, f);
        }
        float c0 = fmx_group_sum(sum.x, scratch);
        float c1 = fmx_group_sum(sum.y, scratch);
        float c2 = fmx_group_sum(sum.z, scratch);
        c += (float3)(c0, c1, c2);
    }
    float squares = 0.0f;
    for (size_t k = l; k < count; k += NOISE_GROUP) {
        uint i = k < range.y ? range.x + (uint)k : range.z + (uint)k - range.y;
        float rest = noise_rest(y[i * (size_t)step], c, noise_basis(noise_u(i, fit), fit));
        squares = fma(rest, rest, squares);
    }
    squares = fmx_group_sum(squares, scratch);
    if (l == 0)
        out[row] = squares;
}

/* Fast Fourier transform of rows, length N = 2^m, 2 .. 2^20; the spectrum's order; chirps.
 *
 *   forward  out[k] = scale sum_n in[n] exp(-2 pi i k n / N)
 *   inverse  the same with exp(+2 pi i k n / N): re and im are swapped on load and on store
 *
 * out, in   complex64 [rows][stride >= N], from element out_first, in_first on; they may be the
 *           same rows (each pass reads all that it overwrites first, or writes to scratch)
 * scratch   float; laid out by each kernel as its comment says
 * table     float; all twiddles, made by the host in double and rounded once (fft_plan.c). Offsets
 *           o_* are in floats for the wide kernels and in float2 for fft_pass
 *
 * Four steps, N = n1 n2, n = t2 + n2 t1, k = k1 + n1 k2:
 *   pass 1: for each t2 an n1-point transform over t1, times exp(-2 pi i t2 k1 / N), into scratch
 *   pass 2: for each k1 an n2-point transform over t2, stored at k1 + n1 k2
 *
 * fft_wide, fft_short_wide  one item owns 16 columns (the lanes of a float16) or a whole row;
 *           groups of one item, no barriers, for PoCL. Tile: 16 columns x L points, L = 16 .. 1024
 *           (2 .. 128 for fft_short_wide), 256 L bytes of local memory
 * fft_pass  a group owns C columns x L points, 16 points per item in registers. W = 16 .. 256 items
 *           (a power of two), L <= 16 W, C = 16 W / L, at most 160 W bytes of local memory; for
 *           GPUs and Intel's CPU runtime
 * fft_spectrum, fft_chirp_*  one item per point; *_wide: one item per 16 points
 *
 * Each complex product is two products and two fma(): a variant gives the same bits on every
 * device. The variants factorise N differently, so their last bits differ. Twin:
 * host/ref/fft_ref.c.
 */

#ifdef FMX_VARIANT_CPU
typedef float16 fft_v;
#else
typedef float fft_v;
#endif

/* ---- butterflies on the arrays re[] and im[] from index o on; the indices are literals, so that
 * the arrays live in registers ---- */
#define FFT_C8 0.70710678118654752440f /* cos(pi/4) */
#define FFT_C1 0.92387953251128675613f /* cos(pi/8) */
#define FFT_S1 0.38268343236508977173f /* sin(pi/8) */

/* x[a] *= c - i s  (c, s >= 0 or < 0 literals or vectors) */
#define FFT_MULW(a, c, s)                                                                          \
    {                                                                                              \
        const fft_v tr_ = re[a];                                                                   \
        re[a] = fma(tr_, (fft_v)(c), im[a] * (fft_v)(s));                                          \
        im[a] = fma(im[a], (fft_v)(c), -(tr_ * (fft_v)(s)));                                       \
    }
/* x[a] *= -i */
#define FFT_MULJ(a)                                                                                \
    {                                                                                              \
        const fft_v tr_ = re[a];                                                                   \
        re[a] = im[a];                                                                             \
        im[a] = -tr_;                                                                              \
    }
/* x[a] *= exp(-i pi/4), exp(-3 i pi/4) */
#define FFT_MUL81(a)                                                                               \
    {                                                                                              \
        const fft_v tr_ = re[a];                                                                   \
        re[a] = (tr_ + im[a]) * FFT_C8;                                                            \
        im[a] = (im[a] - tr_) * FFT_C8;                                                            \
    }
#define FFT_MUL83(a)                                                                               \
    {                                                                                              \
        const fft_v tr_ = re[a];                                                                   \
        re[a] = (im[a] - tr_) * FFT_C8;                                                            \
        im[a] = (tr_ + im[a]) * -FFT_C8;                                                           \
    }

#define FFT_B2(a, b)                                                                               \
    {                                                                                              \
        const fft_v r_ = re[a], i_ = im[a];                                                        \
        re[a] = r_ + re[b];                                                                        \
        im[a] = i_ + im[b];                                                                        \
        re[b] = r_ - re[b];                                                                        \
        im[b] = i_ - im[b];                                                                        \
    }
#define FFT_B4(a, b, c, d)                                                                         \
    {                                                                                              \
        const fft_v r0_ = re[a] + re[c], i0_ = im[a] + im[c], r1_ = re[a] - re[c],                 \
                    i1_ = im[a] - im[c];                                                           \
        const fft_v r2_ = re[b] + re[d], i2_ = im[b] + im[d], r3_ = re[b] - re[d],                 \
                    i3_ = im[b] - im[d];                                                           \
        re[a] = r0_ + r2_;                                                                         \
        im[a] = i0_ + i2_;                                                                         \
        re[c] = r0_ - r2_;                                                                         \
        im[c] = i0_ - i2_;                                                                         \
        re[b] = r1_ + i3_;                                                                         \
        im[b] = i1_ - r3_;                                                                         \
        re[d] = r1_ - i3_;                                                                         \
        im[d] = i1_ + r3_;                                                                         \
    }

#define FFT_BF2(o) FFT_B2((o), (o) + 1);
#define FFT_BF4(o) FFT_B4((o), (o) + 1, (o) + 2, (o) + 3);
#define FFT_BF8(o)                                                                                 \
    {                                                                                              \
        FFT_B2((o), (o) + 4);                                                                      \
        FFT_B2((o) + 1, (o) + 5);                                                                  \
        FFT_B2((o) + 2, (o) + 6);                                                                  \
        FFT_B2((o) + 3, (o) + 7);                                                                  \
        FFT_MUL81((o) + 5);                                                                        \
        FFT_MULJ((o) + 6);                                                                         \
        FFT_MUL83((o) + 7);                                                                        \
        FFT_BF4(o);                                                                                \
        FFT_BF4((o) + 4);                                                                          \
    }
#define FFT_BF16(o)                                                                                \
    {                                                                                              \
        FFT_B4((o), (o) + 4, (o) + 8, (o) + 12);                                                   \
        FFT_B4((o) + 1, (o) + 5, (o) + 9, (o) + 13);                                               \
        FFT_B4((o) + 2, (o) + 6, (o) + 10, (o) + 14);                                              \
        FFT_B4((o) + 3, (o) + 7, (o) + 11, (o) + 15);                                              \
        FFT_MULW((o) + 5, FFT_C1, FFT_S1);                                                         \
        FFT_MUL81((o) + 6);                                                                        \
        FFT_MULW((o) + 7, FFT_S1, FFT_C1);                                                         \
        FFT_MUL81((o) + 9);                                                                        \
        FFT_MULJ((o) + 10);                                                                        \
        FFT_MUL83((o) + 11);                                                                       \
        FFT_MULW((o) + 13, FFT_S1, FFT_C1);                                                        \
        FFT_MUL83((o) + 14);                                                                       \
        FFT_MULW((o) + 15, -FFT_C1, -FFT_S1);                                                      \
        FFT_BF4(o);                                                                                \
        FFT_BF4((o) + 4);                                                                          \
        FFT_BF4((o) + 8);                                                                          \
        FFT_BF4((o) + 12);                                                                         \
    }
/* where output k of the butterfly lies */
#define FFT_P2(k) (k)
#define FFT_P4(k) (k)
#define FFT_P8(k) ((((k)&1) << 2) + ((k) >> 1))
#define FFT_P16(k) ((((k)&3) << 2) + ((k) >> 2))

/* M for every index but 0 */
#define FFT_R1_2(M) M(1);
#define FFT_R1_4(M) FFT_R1_2(M) M(2); M(3);
#define FFT_R1_8(M) FFT_R1_4(M) M(4); M(5); M(6); M(7);
#define FFT_R1_16(M) FFT_R1_8(M) M(8); M(9); M(10); M(11); M(12); M(13); M(14); M(15);

#ifdef FMX_VARIANT_CPU
/* ---- wide variant ----
 * Work array A: point j of 16 columns is A[32 j .. 32 j + 15] (re) and A[32 j + 16 .. 32 j + 31].
 * An L-point transform over A is decimation in frequency, in place, radices R0 * (R1) * RL = L; its
 * output is digit-reversed, which the last stage undoes by storing at k = r0 + R0 r1 + R0 R1 s.
 * Radix word: R0 | R1 << 8 | RL << 16, 1 for an absent stage. Stage table of block length M and
 * radix R: [M/R][R-1] (cos, sin) of 2 pi i r / M. */

/* PoCL 3.1 makes two or four narrow accesses of vload16 and vstore16; a float16 with the alignment
 * of float stays one */
typedef float16 fft_u16 __attribute__((aligned(4)));
#define FFT_LDG(p) (*(__global const fft_u16 *)(p))
#define FFT_LDL(p) (*(__local const fft_u16 *)(p))
#define FFT_STG(v, p) (*(__global fft_u16 *)(p) = (v))
#define FFT_STL(v, p) (*(__local fft_u16 *)(p) = (v))
#if defined(__has_builtin)
#if __has_builtin(__builtin_nontemporal_store)
/* past the cache; p must be a multiple of 64 bytes */
#define FFT_STREAM(v, p) __builtin_nontemporal_store((v), (__global float16 *)(p))
#endif
#endif
#ifndef FFT_STREAM
#define FFT_STREAM(v, p) FFT_STG((v), (p));
#endif

#define FFT_LOAD_A(x, p)                                                                           \
    {                                                                                              \
        re[x] = FFT_LDL(p);                                                                        \
        im[x] = FFT_LDL((p) + 16);                                                                 \
    }
#define FFT_DIF_LD(r) FFT_LOAD_A(r, p_ + (r)*m * 32);
#define FFT_DIF_ST(r)                                                                              \
    {                                                                                              \
        const fft_v c_ = (fft_v)(w_[2 * (r)-2]), s_ = (fft_v)(w_[2 * (r)-1]);                      \
        const fft_v xr_ = re[FFT_PX(r)], xi_ = im[FFT_PX(r)];                                      \
        FFT_STL(fma(xr_, c_, xi_ *s_), p_ + (r)*m * 32);                                           \
        FFT_STL(fma(xi_, c_, -(xr_ * s_)), p_ + (r)*m * 32 + 16);                                  \
    }

/* one stage, in place, on one block of M points */
#define FFT_DEF_DIF(NAME, R)                                                                       \
    static inline void NAME(__local float *A, const uint M, __global const float *tw)              \
    {                                                                                              \
        const size_t m = M / R;                                                                    \
        for (size_t i = 0; i < m; i++) {                                                           \
            fft_v re[R], im[R];                                                                    \
            __local float *p_ = A + i * 32;                                                        \
            __global const float *w_ = tw + i * (2 * (R - 1));                                     \
            FFT_DIF_LD(0);                                                                         \
            FFT_R1_##R(FFT_DIF_LD);                                                                \
            FFT_BF##R(0);                                                                          \
            FFT_STL(re[0], p_);                                                                    \
            FFT_STL(im[0], p_ + 16);                                                               \
            FFT_R1_##R(FFT_DIF_ST);                                                                \
        }                                                                                          \
    }

#define FFT_PX FFT_P4
FFT_DEF_DIF(fft_dif4, 4)
#undef FFT_PX
#define FFT_PX FFT_P8
FFT_DEF_DIF(fft_dif8, 8)
#undef FFT_PX
#define FFT_PX FFT_P16
FFT_DEF_DIF(fft_dif16, 16)
#undef FFT_PX

/* Last stage: RL neighbouring points of A -> output k = k0 + kstep s, with two ways to store:
 * T  split into scratch (blocks), times exp(-2 pi i t2 k1 / N) scale = T1[k][lane] T2[block][k]
 * B  into B, times scale */
#define FFT_LAST_LD(r) FFT_LOAD_A(r, p_ + (r)*32);
#define FFT_LAST_T(s)                                                                              \
    {                                                                                              \
        const size_t k_ = k0 + kstep * (s);                                                        \
        const fft_v xr_ = re[FFT_PX(s)], xi_ = im[FFT_PX(s)];                                      \
        const fft_v a_ = FFT_LDG(t1 + k_ * 32), b_ = FFT_LDG(t1 + k_ * 32 + 16);                   \
        const fft_v c_ = (fft_v)(t2[2 * k_] * scale), d_ = (fft_v)(t2[2 * k_ + 1] * scale);        \
        const fft_v wc_ = fma(a_, c_, -(b_ * d_)), ws_ = fma(a_, d_, b_ * c_);                     \
        FFT_STG(fma(xr_, wc_, xi_ *ws_), out + k_ * 32);                                           \
        FFT_STG(fma(xi_, wc_, -(xr_ * ws_)), out + k_ * 32 + 16);                                  \
    }
#define FFT_LAST_B(s)                                                                              \
    {                                                                                              \
        const size_t k_ = k0 + kstep * (s);                                                        \
        FFT_STL(re[FFT_PX(s)] * scale, out + k_ * 32);                                             \
        FFT_STL(im[FFT_PX(s)] * scale, out + k_ * 32 + 16);                                        \
    }

#define FFT_DEF_LAST(R, MODE, SPACE, ...)                                                          \
    static inline void fft_last##R##_##MODE(__local const float *A, const uint R0, const uint R1,  \
                                            SPACE float *out, __VA_ARGS__)                         \
    {                                                                                              \
        const size_t kstep = R0 * R1;                                                              \
        for (size_t r0 = 0; r0 < R0; r0++)                                                         \
            for (size_t r1 = 0; r1 < R1; r1++) {                                                   \
                fft_v re[R], im[R];                                                                \
                __local const float *p_ = A + (r0 * R1 + r1) * (R * 32);                           \
                const size_t k0 = r0 + R0 * r1;                                                    \
                FFT_LAST_LD(0);                                                                    \
                FFT_R1_##R(FFT_LAST_LD);                                                           \
                FFT_BF##R(0);                                                                      \
                FFT_LAST_##MODE(0);                                                                \
                FFT_R1_##R(FFT_LAST_##MODE);                                                       \
            }                                                                                      \
    }
#define FFT_ARGS_T __global const float *t1, __global const float *t2, const float scale
#define FFT_PX FFT_P4
FFT_DEF_LAST(4, T, __global, FFT_ARGS_T)
FFT_DEF_LAST(4, B, __local, const float scale)
#undef FFT_PX
#define FFT_PX FFT_P8
FFT_DEF_LAST(8, T, __global, FFT_ARGS_T)
FFT_DEF_LAST(8, B, __local, const float scale)
#undef FFT_PX
#define FFT_PX FFT_P16
FFT_DEF_LAST(16, T, __global, FFT_ARGS_T)
FFT_DEF_LAST(16, B, __local, const float scale)
#undef FFT_PX
#define FFT_PX FFT_P2
FFT_DEF_LAST(2, B, __local, const float scale)
#undef FFT_PX

/* all stages but the last, over A */
static inline void fft_stages(__local float *A, const uint L, const uint R0, const uint R1,
                              __global const float *tab)
{
    switch (R0) {
    case 16:
        fft_dif16(A, L, tab);
        break;
    case 8:
        fft_dif8(A, L, tab);
        break;
    case 4:
        fft_dif4(A, L, tab);
        break;
    default:
        break;
    }
    if (R1 == 8)
        for (uint r = 0; r < R0; r++)
            fft_dif8(A + (size_t)r * (L / R0) * 32, L / R0, tab + (size_t)(L / R0) * (R0 - 1) * 2);
}
#define FFT_LAST(MODE, A, R0, R1, RL, ...)                                                         \
    switch (RL) {                                                                                  \
    case 16:                                                                                       \
        fft_last16_##MODE((A), (R0), (R1), __VA_ARGS__);                                           \
        break;                                                                                     \
    case 8:                                                                                        \
        fft_last8_##MODE((A), (R0), (R1), __VA_ARGS__);                                            \
        break;                                                                                     \
    default:                                                                                       \
        fft_last4_##MODE((A), (R0), (R1), __VA_ARGS__);                                            \
        break;                                                                                     \
    }

/* Two-operand shuffles. The builtin (clang) keeps each one instruction, swizzles do not. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define FFT_SHUF(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif
#endif
#ifdef FFT_SHUF
#define FFT_EVEN(a, b) FFT_SHUF(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define FFT_ODD(a, b) FFT_SHUF(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define FFT_ZIP_LO(a, b) FFT_SHUF(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define FFT_ZIP_HI(a, b)                                                                           \
    FFT_SHUF(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define FFT_HALF_LO(a, b) FFT_SHUF(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
#define FFT_HALF_HI(a, b)                                                                          \
    FFT_SHUF(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
#define FFT_QUAD_LO(a, b) FFT_SHUF(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define FFT_QUAD_HI(a, b) FFT_SHUF(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#define FFT_UNPACK_LO(a, b) FFT_SHUF(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define FFT_UNPACK_HI(a, b)                                                                        \
    FFT_SHUF(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define FFT_PAIR_LO(a, b) FFT_SHUF(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define FFT_PAIR_HI(a, b) FFT_SHUF(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#else
#define FFT_EVEN(a, b) (float16)((a).even, (b).even)
#define FFT_ODD(a, b) (float16)((a).odd, (b).odd)
#define FFT_ZIP_LO(a, b)                                                                           \
    (float16)((a).s0, (b).s0, (a).s1, (b).s1, (a).s2, (b).s2, (a).s3, (b).s3, (a).s4, (b).s4,      \
              (a).s5, (b).s5, (a).s6, (b).s6, (a).s7, (b).s7)
#define FFT_ZIP_HI(a, b)                                                                           \
    (float16)((a).s8, (b).s8, (a).s9, (b).s9, (a).sa, (b).sa, (a).sb, (b).sb, (a).sc, (b).sc,      \
              (a).sd, (b).sd, (a).se, (b).se, (a).sf, (b).sf)
#define FFT_HALF_LO(a, b) (float16)((a).lo, (b).lo)
#define FFT_HALF_HI(a, b) (float16)((a).hi, (b).hi)
#define FFT_QUAD_LO(a, b) (float16)((a).s0123, (a).s89ab, (b).s0123, (b).s89ab)
#define FFT_QUAD_HI(a, b) (float16)((a).s4567, (a).scdef, (b).s4567, (b).scdef)
#define FFT_UNPACK_LO(a, b)                                                                        \
    (float16)((a).s0, (b).s0, (a).s1, (b).s1, (a).s4, (b).s4, (a).s5, (b).s5, (a).s8, (b).s8,      \
              (a).s9, (b).s9, (a).sc, (b).sc, (a).sd, (b).sd)
#define FFT_UNPACK_HI(a, b)                                                                        \
    (float16)((a).s2, (b).s2, (a).s3, (b).s3, (a).s6, (b).s6, (a).s7, (b).s7, (a).sa, (b).sa,      \
              (a).sb, (b).sb, (a).se, (b).se, (a).sf, (b).sf)
#define FFT_PAIR_LO(a, b)                                                                          \
    (float16)((a).s01, (b).s01, (a).s45, (b).s45, (a).s89, (b).s89, (a).scd, (b).scd)
#define FFT_PAIR_HI(a, b)                                                                          \
    (float16)((a).s23, (b).s23, (a).s67, (b).s67, (a).sab, (b).sab, (a).sef, (b).sef)
#endif

/* q[32 j + lane] = p[32 lane + j], 16 x 16 floats, in two loops through memory: chunks of 4 floats
 * first, then 4 x 4 inside each quarter. LLVM 14 makes several times the shuffles of one
 * expression. */
static inline void fft_tile(__global const float *p, __local float *q)
{
    __attribute__((opencl_unroll_hint(1))) for (size_t i = 0; i < 4; i++)
    {
        const float16 a = FFT_LDG(p + i * 32), b = FFT_LDG(p + i * 32 + 128),
                      c = FFT_LDG(p + i * 32 + 256), d = FFT_LDG(p + i * 32 + 384);
        const float16 x = FFT_HALF_LO(a, b), y = FFT_HALF_LO(c, d), z = FFT_HALF_HI(a, b),
                      w = FFT_HALF_HI(c, d);
        FFT_STL(FFT_QUAD_LO(x, y), q + i * 32);
        FFT_STL(FFT_QUAD_HI(x, y), q + i * 32 + 128);
        FFT_STL(FFT_QUAD_LO(z, w), q + i * 32 + 256);
        FFT_STL(FFT_QUAD_HI(z, w), q + i * 32 + 384);
    }
    __attribute__((opencl_unroll_hint(1))) for (size_t c = 0; c < 4; c++, q += 128)
    {
        const float16 v0 = FFT_LDL(q), v1 = FFT_LDL(q + 32), v2 = FFT_LDL(q + 64),
                      v3 = FFT_LDL(q + 96);
        const float16 a = FFT_UNPACK_LO(v0, v1), b = FFT_UNPACK_HI(v0, v1),
                      d = FFT_UNPACK_LO(v2, v3), e = FFT_UNPACK_HI(v2, v3);
        FFT_STL(FFT_PAIR_LO(a, d), q);
        FFT_STL(FFT_PAIR_HI(a, d), q + 32);
        FFT_STL(FFT_PAIR_LO(b, e), q + 64);
        FFT_STL(FFT_PAIR_HI(b, e), q + 96);
    }
}

/* `count` points of 16 columns between interleaved global memory (ps floats from point to point)
 * and A; h = 16 swaps re and im */
static inline void fft_columns_in(__global const float *p, const size_t ps, __local float *A,
                                  const uint count, const size_t h)
{
    for (size_t j = 0; j < count; j++) {
        const float16 a = FFT_LDG(p + j * ps), b = FFT_LDG(p + j * ps + 16);
        FFT_STL(FFT_EVEN(a, b), A + j * 32 + h);
        FFT_STL(FFT_ODD(a, b), A + j * 32 + (16 - h));
    }
}
static inline void fft_columns_out(__local const float *B, __global float *p, const size_t ps,
                                   const uint count, const size_t h, const bool stream)
{
    if (stream)
        for (size_t j = 0; j < count; j++) {
            const float16 x = FFT_LDL(B + j * 32 + h), y = FFT_LDL(B + j * 32 + (16 - h));
            FFT_STREAM(FFT_ZIP_LO(x, y), p + j * ps);
            FFT_STREAM(FFT_ZIP_HI(x, y), p + j * ps + 16);
        }
    else
        for (size_t j = 0; j < count; j++) {
            const float16 x = FFT_LDL(B + j * 32 + h), y = FFT_LDL(B + j * 32 + (16 - h));
            FFT_STG(FFT_ZIP_LO(x, y), p + j * ps);
            FFT_STG(FFT_ZIP_HI(x, y), p + j * ps + 16);
        }
}

/* Four steps, n1 and n2 both 16 .. 1024. Item (g0, g1) owns, of the rows g1, g1 + size1, ...:
 * mode & 1  its share of the n2/16 blocks of columns (pass 1)
 * mode & 2  its share of the n1/16 blocks (pass 2)
 * mode & 4  stores past the cache, where out and its stride are multiples of 64 bytes
 * Mode 3 is one launch with size0 = 1, a whole row per item and one slot of scratch per g1;
 * otherwise the passes are two launches and scratch has a slot per row. Slot: [n2/16][n1][re 16 |
 * im 16]. work: max(n1, n2) * 64 floats. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) __attribute__((vec_type_hint(float16))) void
fft_wide(__global float *out, __global const float *in, __global float *scratch,
         __global const float *restrict table, __local float *work, uint n1, uint n2, uint rad1,
         uint rad2, uint o_st1, uint o_st2, uint o_t1, uint o_t2, uint rows, ulong out_first,
         ulong out_stride, ulong in_first, ulong in_stride, uint mode, uint inverse, float scale)
{
    size_t g0 = get_global_id(0);
    size_t s0 = get_global_size(0);
    size_t s1 = get_global_size(1);
    size_t h = inverse ? 16 : 0;
    __local float *B = work + (size_t)max(n1, n2) * 32;
    out += 2 * out_first;
    in += 2 * in_first;
    for (size_t row = get_global_id(1); row < rows; row += s1) {
        size_t slot = (mode & 3) == 3 ? get_global_id(1) : row;
        __global float *tp = scratch + 2 * (size_t)n1 * n2 * slot;
        if (mode & 1) {
            uint R0 = rad1 & 255;
            uint R1 = (rad1 >> 8) & 255;
            uint RL = rad1 >> 16;
            for (size_t b = g0; b < n2 / 16; b += s0) {
                fft_columns_in(in + 2 * row * in_stride + b * 32, 2 * (size_t)n2, work, n1, h);
                fft_stages(work, n1, R0, R1, table + o_st1);
                FFT_LAST(T, work, R0, R1, RL, tp + b * n1 * 32, table + o_t1,
                         table + o_t2 + b * n1 * 2, scale);
            }
        }
        if (mode & 2) {
            uint R0 = rad2 & 255;
            uint R1 = (rad2 >> 8) & 255;
            uint RL = rad2 >> 16;
            for (size_t b = g0; b < n1 / 16; b += s0) {
                for (size_t c = 0; c < n2 / 16; ++c)
                    for (size_t k = 0; k < 32; k += 16)
                        fft_tile(tp + (c * n1 + b * 16) * 32 + k, work + c * 512 + k);
                fft_stages(work, n2, R0, R1, table + o_st2);
                FFT_LAST(B, work, R0, R1, RL, B, 1.0f);
                fft_columns_out(B, out + 2 * row * out_stride + b * 32, 2 * (size_t)n1, n2, h,
                                (mode & 4) && (((size_t)out | (8 * out_stride)) & 63) == 0);
            }
        }
    }
}

/* N = 2 .. 128: one item owns 16 rows (the lanes). work: 2 N * 32 floats, input and output. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) __attribute__((vec_type_hint(float16))) void
fft_short_wide(__global float *out, __global const float *in, __global const float *restrict table,
               __local float *work, uint n, uint rad, uint o_st, uint rows, ulong out_first,
               ulong out_stride, ulong in_first, ulong in_stride, uint inverse, float scale)
{
    size_t row0 = get_global_id(0) * 16;
    size_t here = min((size_t)16, rows - row0);
    size_t h = inverse ? 16 : 0;
    uint R0 = rad & 255;
    uint R1 = (rad >> 8) & 255;
    uint RL = rad >> 16;
    __local float *B = work + n * 32;
    for (size_t l = 0; l < 16; ++l) {
        __global const float *p = in + 2 * (in_first + (row0 + min(l, here - 1)) * in_stride);
        for (size_t j = 0; j < n; ++j) {
            work[j * 32 + l + h] = p[2 * j];
            work[j * 32 + l + (16 - h)] = p[2 * j + 1];
        }
    }
    fft_stages(work, n, R0, R1, table + o_st);
    if (RL == 2) {
        fft_last2_B(work, R0, R1, B, scale);
    } else {
        FFT_LAST(B, work, R0, R1, RL, B, scale);
    }
    for (size_t l = 0; l < here; ++l) {
        __global float *p = out + 2 * (out_first + (row0 + l) * out_stride);
        for (size_t j = 0; j < n; ++j) {
            p[2 * j] = B[j * 32 + l + h];
            p[2 * j + 1] = B[j * 32 + l + (16 - h)];
        }
    }
}

#else
/* ---- GPU variant ----
 * One pass: L-point transforms (L = 2 .. 16 W, W items a group), C = 16 W / L columns per group.
 * Point j of column c of outer index o is in[in_first + o so + c sc + j sj]; output k goes to
 * out[out_first + o os + c dc + k dk], times tw4[k n4 + c] where n4 > 0 (the twiddle between the
 * passes), times scale. Columns from climit on are skipped. Range: (W ceil(climit / C), outer).
 * Stockham, decimation in time; radix word: log2 of each radix, 4 bits each, first stage lowest, 0
 * ends it. Stage table of radix R after p points: [R-1][p] (cos, sin) of 2 pi q r / (p R); none
 * for p = 1. Local memory: C (L + L/16 + 1) float2; none is touched when there is one stage.
 * Indices are uint: size_t spills on Gen9. */
typedef uint fft_ix;

#define FFT_UNROLL _Pragma("unroll")
#define FFT_G_2                                                                                    \
    FFT_BF2(0);                                                                                    \
    FFT_BF2(2);                                                                                    \
    FFT_BF2(4);                                                                                    \
    FFT_BF2(6);                                                                                    \
    FFT_BF2(8);                                                                                    \
    FFT_BF2(10);                                                                                   \
    FFT_BF2(12);                                                                                   \
    FFT_BF2(14);
#define FFT_G_4                                                                                    \
    FFT_BF4(0);                                                                                    \
    FFT_BF4(4);                                                                                    \
    FFT_BF4(8);                                                                                    \
    FFT_BF4(12);
#define FFT_G_8                                                                                    \
    FFT_BF8(0);                                                                                    \
    FFT_BF8(8);
#define FFT_G_16 FFT_BF16(0);

/* butterfly number b of a stage with m = L/R butterflies per column -> column c, index i */
#define FFT_MAP(colfast)                                                                           \
    const fft_ix b_ = l + W * t_;                                                                  \
    fft_ix c_, i_;                                                                                 \
    if (colfast) {                                                                                 \
        c_ = b_ & (C - 1);                                                                         \
        i_ = b_ >> logC;                                                                           \
    } else {                                                                                       \
        i_ = b_ & (m_ - 1);                                                                        \
        c_ = b_ >> (logL - LR_);                                                                   \
    }

#define FFT_G_LOAD(R, LR)                                                                          \
    {                                                                                              \
        const uint LR_ = LR;                                                                       \
        const fft_ix m_ = L >> LR;                                                                 \
        FFT_UNROLL for (uint t_ = 0; t_ < 16 / R; t_++)                                            \
        {                                                                                          \
            FFT_MAP(order & 1);                                                                    \
            const bool ok_ = c0 + c_ < climit;                                                     \
            __global const float2 *p_ = src + (c0 + c_) * sc + i_ * sj;                            \
            const size_t step_ = m_ * sj;                                                          \
            FFT_UNROLL for (uint r_ = 0; r_ < R; r_++, p_ += step_)                                \
            {                                                                                      \
                const float2 v_ = ok_ ? *p_ : (float2)(0.0f);                                      \
                re[t_ * R + r_] = inverse ? v_.y : v_.x;                                           \
                im[t_ * R + r_] = inverse ? v_.x : v_.y;                                           \
            }                                                                                      \
        }                                                                                          \
    }
#define FFT_G_READ(R, LR)                                                                          \
    {                                                                                              \
        const uint LR_ = LR;                                                                       \
        const fft_ix m_ = L >> LR;                                                                 \
        FFT_UNROLL for (uint t_ = 0; t_ < 16 / R; t_++)                                            \
        {                                                                                          \
            FFT_MAP(cf);                                                                           \
            __global const float2 *w_ = tw + (i_ & (p - 1));                                       \
            FFT_UNROLL for (uint r_ = 0; r_ < R; r_++)                                             \
            {                                                                                      \
                const fft_ix j_ = i_ + r_ * m_;                                                    \
                const float2 v_ = lds[c_ * LP + j_ + (j_ >> 4)];                                   \
                re[t_ * R + r_] = v_.x;                                                            \
                im[t_ * R + r_] = v_.y;                                                            \
            }                                                                                      \
            FFT_UNROLL for (uint r_ = 1; r_ < R; r_++, w_ += p)                                    \
            {                                                                                      \
                const float2 u_ = *w_;                                                             \
                const float x_ = re[t_ * R + r_];                                                  \
                re[t_ * R + r_] = fma(x_, u_.x, im[t_ * R + r_] * u_.y);                           \
                im[t_ * R + r_] = fma(im[t_ * R + r_], u_.x, -(x_ * u_.y));                        \
            }                                                                                      \
        }                                                                                          \
    }
#define FFT_G_WRITE(R, LR)                                                                         \
    {                                                                                              \
        const uint LR_ = LR;                                                                       \
        const fft_ix m_ = L >> LR;                                                                 \
        FFT_UNROLL for (uint t_ = 0; t_ < 16 / R; t_++)                                            \
        {                                                                                          \
            FFT_MAP(cf);                                                                           \
            const fft_ix q_ = i_ & (p - 1), k0_ = ((i_ - q_) << LR) + q_;                          \
            FFT_UNROLL for (uint r_ = 0; r_ < R; r_++)                                             \
            {                                                                                      \
                const fft_ix k_ = k0_ + r_ * p;                                                    \
                lds[c_ * LP + k_ + (k_ >> 4)] =                                                    \
                    (float2)(re[t_ * R + FFT_P##R(r_)], im[t_ * R + FFT_P##R(r_)]);                \
            }                                                                                      \
        }                                                                                          \
    }
/* in the last stage p = m, so k = i + r m */
#define FFT_G_STORE(R, LR)                                                                         \
    {                                                                                              \
        const uint LR_ = LR;                                                                       \
        const fft_ix m_ = L >> LR;                                                                 \
        FFT_UNROLL for (uint t_ = 0; t_ < 16 / R; t_++)                                            \
        {                                                                                          \
            FFT_MAP(cf);                                                                           \
            if (c0 + c_ < climit) {                                                                \
                __global float2 *p_ = dst + (c0 + c_) * dc + i_ * dk;                              \
                const size_t step_ = m_ * dk;                                                      \
                __global const float2 *w_ = tw4 + i_ * n4 + (uint)(c0 + c_);                       \
                const uint wstep_ = (uint)m_ * n4;                                                 \
                FFT_UNROLL for (uint r_ = 0; r_ < R; r_++, p_ += step_, w_ += wstep_)              \
                {                                                                                  \
                    float xr_ = re[t_ * R + FFT_P##R(r_)], xi_ = im[t_ * R + FFT_P##R(r_)];        \
                    if (n4) {                                                                      \
                        const float2 u_ = *w_;                                                     \
                        const float y_ = fma(xr_, u_.x, xi_ * u_.y);                               \
                        xi_ = fma(xi_, u_.x, -(xr_ * u_.y));                                       \
                        xr_ = y_;                                                                  \
                    }                                                                              \
                    xr_ *= scale;                                                                  \
                    xi_ *= scale;                                                                  \
                    *p_ = (float2)(oswap ? xi_ : xr_, oswap ? xr_ : xi_);                          \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

#define FFT_G_CASE(LR)                                                                             \
    switch (LR) {                                                                                  \
    case 4:                                                                                        \
        FFT_G_DO(16, 4);                                                                           \
        break;                                                                                     \
    case 3:                                                                                        \
        FFT_G_DO(8, 3);                                                                            \
        break;                                                                                     \
    case 2:                                                                                        \
        FFT_G_DO(4, 2);                                                                            \
        break;                                                                                     \
    default:                                                                                       \
        FFT_G_DO(2, 1);                                                                            \
        break;                                                                                     \
    }

/* flags: 1 lanes run over columns first when loading (sc = 1), 2 when storing (dc = 1); 4 swaps re
 * and im on load, 8 on store */
FMX_SUBGROUP_KERNEL
__kernel void fft_pass(__global float2 *out, __global const float2 *in,
                       __global const float2 *restrict table, __local float2 *lds, uint logL,
                       uint logC, uint radices, uint flags, uint o_st, uint o_t4, uint n4,
                       uint climit, ulong out_first, ulong os, ulong dc, ulong dk, ulong in_first,
                       ulong so, ulong sc, ulong sj, float scale)
{
    fft_ix l = get_local_id(0);
    fft_ix W = get_local_size(0);
    fft_ix L = (fft_ix)1 << logL;
    fft_ix C = (fft_ix)1 << logC;
    fft_ix LP = L + (L >> 4) + 1;
    size_t c0 = get_group_id(0) << logC;
    uint order = flags & 3;
    uint inverse = flags & 4;
    uint oswap = flags & 8;
    __global const float2 *tw = table + o_st;
    __global const float2 *tw4 = table + o_t4;
    float re[16];
    float im[16];
    uint rad = radices;
    uint p = 1;
    bool cf = (order & 1) != 0;
    __global const float2 *src = in + in_first + get_group_id(1) * so;
    __global float2 *dst = out + out_first + get_group_id(1) * os;
#define FFT_G_DO(R, LR)                                                                            \
    FFT_G_LOAD(R, LR);                                                                             \
    FFT_G_##R;
    FFT_G_CASE(rad & 15);
#undef FFT_G_DO
    while (rad >> 4) {
        const uint lr = rad & 15;
#define FFT_G_DO(R, LR) FFT_G_WRITE(R, LR);
        FFT_G_CASE(lr);
#undef FFT_G_DO
        /* global: in may be out, and all loads come before any store */
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        if (p > 1)
            tw += (p << lr) - p;
        p <<= lr;
        rad >>= 4;
        cf = (rad >> 4) ? false : (order & 2) != 0;
#define FFT_G_DO(R, LR)                                                                            \
    FFT_G_READ(R, LR);                                                                             \
    FFT_G_##R;
        FFT_G_CASE(rad & 15);
#undef FFT_G_DO
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#define FFT_G_DO(R, LR) FFT_G_STORE(R, LR);
    FFT_G_CASE(rad & 15);
#undef FFT_G_DO
}
#endif

/* ---- the spectrum's order, and the ramp of a group delay ----
 *
 * out[j] = exp(2 pi i k step) in[k mod N],  k = half - 1 - j,  half = ceil(N / 2)
 *
 * which is its own inverse for step = 0. steps: ulong [rows], turns per k in units of 2^-64, so
 * that k step is exact modulo one turn; its upper 32 bits are the angle. One item per point. */
static inline float2 fft_ramp(float2 z, ulong angle)
{
    float cosine;
    float sine = fmx_sincos_turns(convert_float(as_int((uint)(angle >> 32))) * 0x1p-32f, &cosine);
    return (float2)(fma(z.x, cosine, -(z.y * sine)), fma(z.x, sine, z.y * cosine));
}

FMX_SUBGROUP_KERNEL
__kernel void fft_spectrum(__global float2 *out, __global const float2 *in,
                           __global const ulong *steps, uint rows, uint points)
{
    uint j = get_global_id(0);
    uint row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    uint half_points = points / 2 + (points & 1);
    uint k = half_points - 1 - j; /* modulo 2^32, so k < 0 is above all points */
    ulong angle = (ulong)(long)as_int(k) * steps[row];
    float2 z = in[(size_t)row * points + (j < half_points ? k : k + points)];
    out[(size_t)row * points + j] = angle != 0 ? fft_ramp(z, angle) : z;
}

#ifdef FMX_VARIANT_CPU
/* 16 points of one side of the order as one vector; other items go point by point. The angle of
 * lane l is that of the lowest k plus l times the step's upper half: at most 16 2^-32 turns off. */
__kernel void fft_spectrum_wide(__global float2 *out, __global const float2 *in,
                                __global const ulong *steps, uint rows, uint points)
{
    uint j = get_global_id(0) * 16;
    uint row = get_global_id(1);
    if (j >= points || row >= rows)
        return;
    uint half_points = points / 2 + (points & 1);
    ulong step = steps[row];
    in += (size_t)row * points;
    out += (size_t)row * points;
    if (j + 16 > points || (j < half_points && j + 16 > half_points)) {
        uint end = min(j + 16, points);
        for (; j < end; ++j) {
            uint k = half_points - 1 - j;
            ulong angle = (ulong)(long)as_int(k) * step;
            float2 z = in[j < half_points ? k : k + points];
            out[j] = angle != 0 ? fft_ramp(z, angle) : z;
        }
        return;
    }
    uint lowest = half_points - 1 - j - 15;
    __global const float *from =
        (__global const float *)(in + (j < half_points ? lowest : lowest + points));
    float16 a = FFT_LDG(from);
    float16 b = FFT_LDG(from + 16);
    float16 x = FFT_EVEN(a, b);
    float16 y = FFT_ODD(a, b);
    if (step != 0) {
        uint angle = (uint)(((ulong)(long)as_int(lowest) * step) >> 32);
        uint16 lane = (uint16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        uint16 angles = angle + lane * (uint)(step >> 32);
        float16 cosine;
        float16 sine =
            fmx_sincos_turns16(convert_float16(as_int16(angles)) * 0x1p-32f, &cosine);
        float16 turned = fma(x, cosine, -(y * sine));
        y = fma(x, sine, y * cosine);
        x = turned;
    }
    x = x.sfedcba9876543210;
    y = y.sfedcba9876543210;
    FFT_STG(FFT_ZIP_LO(x, y), (__global float *)(out + j));
    FFT_STG(FFT_ZIP_HI(x, y), (__global float *)(out + j + 8));
}
#endif

/* ---- any length by powers of two (Bluestein): with w[n] = exp(-pi i n^2 / N),
 *
 *   out[k] = scale w[k] sum_n (in[n] w[n]) conj(w[k - n])
 *
 * a circular convolution of length M >= 2 N - 1. chirp: w [N], response: the transform of conj(w)
 * over M, divided by M. swap: re and im change places, which makes the inverse. */
static inline float2 fft_product(float2 a, float2 b)
{
    return (float2)(fma(a.x, b.x, -(a.y * b.y)), fma(a.x, b.y, a.y * b.x));
}

/* out [rows][m] = in w, zero from n on */
FMX_SUBGROUP_KERNEL
__kernel void fft_chirp_in(__global float2 *out, __global const float2 *in,
                           __global const float2 *chirp, uint rows, uint n, uint m, ulong in_first,
                           ulong in_stride, uint swap)
{
    size_t i = get_global_id(0);
    size_t row = get_global_id(1);
    if (i >= m || row >= rows)
        return;
    float2 z = (float2)(0.0f);
    if (i < n) {
        z = in[in_first + row * in_stride + i];
        z = fft_product(swap ? z.yx : z, chirp[i]);
    }
    out[row * m + i] = z;
}

/* data [rows][m] *= response */
FMX_SUBGROUP_KERNEL
__kernel void fft_chirp_filter(__global float2 *data, __global const float2 *response, uint rows,
                               uint m)
{
    size_t i = get_global_id(0);
    size_t row = get_global_id(1);
    if (i < m && row < rows)
        data[row * m + i] = fft_product(data[row * m + i], response[i]);
}

/* out [rows][n] = scale in w, in [rows][m] */
FMX_SUBGROUP_KERNEL
__kernel void fft_chirp_out(__global float2 *out, __global const float2 *in,
                            __global const float2 *chirp, uint rows, uint n, uint m,
                            ulong out_first, ulong out_stride, uint swap, float scale)
{
    size_t k = get_global_id(0);
    size_t row = get_global_id(1);
    if (k >= n || row >= rows)
        return;
    float2 z = scale * fft_product(in[row * m + k], chirp[k]);
    out[out_first + row * out_stride + k] = swap ? z.yx : z;
}

#ifdef FMX_VARIANT_CPU
/* z[i] = scale z[i] w[i] for 16 points; swap_in, swap_out: re and im change places before, after */
static inline void fft_product16(__global float *out, __global const float *in,
                                 __global const float *w, bool swap_in, bool swap_out, float scale)
{
    float16 a = FFT_LDG(in);
    float16 b = FFT_LDG(in + 16);
    float16 c = FFT_LDG(w);
    float16 d = FFT_LDG(w + 16);
    float16 re = FFT_EVEN(a, b);
    float16 im = FFT_ODD(a, b);
    float16 x = swap_in ? im : re;
    float16 y = swap_in ? re : im;
    float16 u = FFT_EVEN(c, d);
    float16 v = FFT_ODD(c, d);
    re = scale * fma(x, u, -(y * v));
    im = scale * fma(x, v, y * u);
    x = swap_out ? im : re;
    y = swap_out ? re : im;
    FFT_STG(FFT_ZIP_LO(x, y), out);
    FFT_STG(FFT_ZIP_HI(x, y), out + 16);
}

/* As the kernels above, one item per 16 points. */
__kernel void fft_chirp_in_wide(__global float2 *out, __global const float2 *in,
                                __global const float2 *chirp, uint rows, uint n, uint m,
                                ulong in_first, ulong in_stride, uint swap)
{
    size_t first = get_global_id(0) * 16;
    size_t row = get_global_id(1);
    if (first >= m || row >= rows)
        return;
    in += in_first + row * in_stride;
    out += row * m;
    if (first + 16 <= n) {
        fft_product16((__global float *)(out + first), (__global const float *)(in + first),
                      (__global const float *)(chirp + first), swap != 0, false, 1.0f);
    } else if (first >= n && first + 16 <= m) {
        FFT_STG((float16)(0.0f), (__global float *)(out + first));
        FFT_STG((float16)(0.0f), (__global float *)(out + first + 8));
    } else {
        size_t end = min(first + 16, (size_t)m);
        for (size_t i = first; i < end; ++i) {
            float2 z = (float2)(0.0f);
            if (i < n)
                z = fft_product(swap ? in[i].yx : in[i], chirp[i]);
            out[i] = z;
        }
    }
}

__kernel void fft_chirp_filter_wide(__global float2 *data, __global const float2 *response,
                                    uint rows, uint m)
{
    size_t first = get_global_id(0) * 16;
    size_t row = get_global_id(1);
    if (first >= m || row >= rows)
        return;
    data += row * m;
    __global float *at = (__global float *)(data + first);
    if (first + 16 <= m)
        fft_product16(at, at, (__global const float *)(response + first), false, false, 1.0f);
    else
        for (size_t i = first; i < m; ++i)
            data[i] = fft_product(data[i], response[i]);
}

__kernel void fft_chirp_out_wide(__global float2 *out, __global const float2 *in,
                                 __global const float2 *chirp, uint rows, uint n, uint m,
                                 ulong out_first, ulong out_stride, uint swap, float scale)
{
    size_t first = get_global_id(0) * 16;
    size_t row = get_global_id(1);
    if (first >= n || row >= rows)
        return;
    in += row * m;
    out += out_first + row * out_stride;
    if (first + 16 <= n) {
        fft_product16((__global float *)(out + first), (__global const float *)(in + first),
                      (__global const float *)(chirp + first), false, swap != 0, scale);
    } else {
        for (size_t k = first; k < n; ++k) {
            float2 z = scale * fft_product(in[k], chirp[k]);
            out[k] = swap ? z.yx : z;
        }
    }
}
#endif

/* Plain C twin of kernels/augmentation.cl and kernels/augmentation_spectral.cl: the specification
 * that tests compare with. Loops in the order of the formula, double accumulation, no OpenCL,
 * nothing shared with the host path. */
#ifndef FIDMIX_AUGMENTATION_REF_H
#define FIDMIX_AUGMENTATION_REF_H

#include <stddef.h>
#include <stdint.h>

enum { FMX_REF_WARP = 16, FMX_REF_BASELINE = 6 };

/* One item. Widths are full widths at half height. */
typedef struct fmx_ref_augmentation {
    double shift_ppm;
    double stretch; /* displacement per point from the middle */
    double warp_ppm[FMX_REF_WARP];
    size_t warp_knots; /* 0: none */
    double lorentzian_ppm;
    double gaussian_ppm;
    double p0_turns;
    double p1_turns;
    double baseline[FMX_REF_BASELINE]; /* of u^k */
    double ripple;
    double ripple_per_ppm;
    double ripple_turns;
    double noise;
    double slow_noise;
    size_t slow_knots;
    double amplitude;
    int interpolation; /* 0 nearest, 1 linear, 2 cubic */
    int normalise;     /* 0 none, 1 maximum, 2 area */
    uint64_t seed;
    uint64_t item;
    uint32_t draw;
} fmx_ref_augmentation;

/* out[points] from x[points], points ppm_step apart (positive); divisor (may be NULL) is what the
 * normalisation divided by, 1 if nothing. */
void fmx_ref_augment(double *out, const float *x, size_t points, double ppm_step,
                     const fmx_ref_augmentation *a, double *divisor);

/* x broadened and turned, by sums over the widened row: slow, for short rows. */
void fmx_ref_augment_spectral(double *out, const float *x, size_t points, double ppm_step,
                              const fmx_ref_augmentation *a);

/* Where point j is read, in points from j. */
double fmx_ref_augment_displacement(double j, size_t points, double ppm_step,
                                    const fmx_ref_augmentation *a);

#endif

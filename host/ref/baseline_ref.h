/* Plain C twin of kernels/baseline.cl: the specification that tests compare with. Loops in the
 * order of the formula, double accumulation, no OpenCL, nothing shared with the host path. */
#ifndef FIDMIX_BASELINE_REF_H
#define FIDMIX_BASELINE_REF_H

#include <stddef.h>

/* One row in place: x [points]; block, W (wide), V (narrow) as in the kernel's comment. `work`
 * holds at least 5 * ceil(points / block) doubles; its first ceil(points / block) are the baseline
 * at the blocks' centres afterwards. Returns the noise of the block means. */
double fmx_ref_baseline(float *x, size_t points, size_t block, size_t wide, size_t narrow,
                        double percentile, int iterations, double *work);

/* One row in place, by the median: x [points]; t [points] is work, the medians afterwards. */
void fmx_ref_baseline_median(float *x, size_t points, size_t size, size_t taps, double sigma,
                             double *t);

/* One row in place, by asymmetric least squares on means of `block` points; work holds at least 6 *
 * ceil(points / block) doubles, its first ceil(points / block) are the baseline afterwards. Returns
 * the noise of the means. */
double fmx_ref_baseline_als(float *x, size_t points, size_t block, double lambda, double asymmetry,
                            int rounds, double *work);

/* One row in place, by a polynomial through means of `block` points; b [ceil(points / block)] is
 * the estimate that the first round starts from, y the means, noise theirs. */
void fmx_ref_baseline_polynomial(float *x, size_t points, size_t block, const double *b,
                                 const double *y, double noise, int order, double clip, int rounds);

#endif

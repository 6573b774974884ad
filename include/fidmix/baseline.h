/** @file baseline.h
 *  Baseline: what lies under the lines is estimated and subtracted, docs/stages/baseline.md.
 */
#ifndef FIDMIX_BASELINE_H
#define FIDMIX_BASELINE_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_baseline_method {
    FMX_BASELINE_PERCENTILE, /**< rolling percentile, then means of what lies near it */
    FMX_BASELINE_MEDIAN,     /**< the published one: rolling median, smoothed by a Gaussian */
    FMX_BASELINE_ALS,        /**< asymmetric least squares */
    FMX_BASELINE_POLYNOMIAL, /**< through what lies near it */
} fmx_baseline_method;

/** Options of baseline. */
typedef struct fmx_baseline {
    int method;            /**< fmx_baseline_method */
    double window_ppm;     /**< percentile: width of the window, ppm */
    double percentile;     /**< percentile: which one, 0..100 */
    int64_t iterations;    /**< percentile: rounds of clipped means */
    int64_t median_points; /**< median: width of the window less one, points of the spectrum */
    int64_t smooth_points; /**< median: width of the smoothing kernel, points */
    double smooth_sigma;   /**< median: standard deviation of its Gaussian, points */
    double length_ppm;     /**< als: a wave of this length is followed by half, ppm */
    double asymmetry;      /**< als: weight of what lies above, 0.001..0.5 */
    int64_t als_rounds;    /**< als: rounds of reweighting */
    int64_t order;         /**< polynomial: its order, 0..9 */
    double clip_sigma;     /**< polynomial: what lies nearer, in noise deviations, counts in full */
    int64_t fit_rounds;    /**< polynomial: rounds of reweighting */
} fmx_baseline;

/** Rolling 30th percentile over 0.25 ppm, three rounds. The median's are the published ones. */
#define FMX_BASELINE_DEFAULT                                                                       \
    {                                                                                              \
        FMX_BASELINE_PERCENTILE, 0.25, 30, 3, 24, 24, 5, 0.5, 0.01, 10, 5, 2, 5                    \
    }

/** Subtracts the baseline from every real spectrum. In place; rows do not influence each other; a
 *  row with a NaN becomes NaN near it. Errors: FMX_ERROR_SHAPE (no real spectrum),
 *  FMX_ERROR_ARGUMENT (also a row without ppm_step), device errors. */
fmx_status fmx_correct_baseline(fmx_signal *signal, const fmx_baseline *options);

#ifdef __cplusplus
}
#endif
#endif

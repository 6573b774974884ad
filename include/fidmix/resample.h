/** @file resample.h
 *  Resampling: every spectrum onto one common ppm axis, docs/stages/resample.md.
 */
#ifndef FIDMIX_RESAMPLE_H
#define FIDMIX_RESAMPLE_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_resample_method {
    FMX_RESAMPLE_LINEAR, /**< straight lines between points, as published */
    FMX_RESAMPLE_CUBIC,  /**< Catmull-Rom: through the points, slopes by central differences */
    FMX_RESAMPLE_AREA,   /**< mean over the new point's interval: keeps areas where the new axis is
                              coarser, linear where it is finer */
} fmx_resample_method;

typedef enum fmx_resample_outside {
    FMX_RESAMPLE_NOISE, /**< Gaussian noise of row.noise_sigma around zero */
    FMX_RESAMPLE_ZERO,
    FMX_RESAMPLE_EDGE, /**< the spectrum's first or last value */
} fmx_resample_outside;

/** Options of resample: point j of the new axis lies at
 *  first_ppm + j (last_ppm - first_ppm) / (points - 1). */
typedef struct fmx_resample {
    double first_ppm;
    double last_ppm;
    int64_t
        points;  /**< in a recipe's `process`, 0: the axis section's first_ppm, last_ppm, points */
    int method;  /**< fmx_resample_method */
    int outside; /**< fmx_resample_outside: points that the spectrum does not cover */
} fmx_resample;

/** The published axis: 21800 points from 10 to 0 ppm, linear. */
#define FMX_RESAMPLE_DEFAULT                                                                       \
    {                                                                                              \
        10.0, 0.0, 21800, FMX_RESAMPLE_LINEAR, FMX_RESAMPLE_NOISE                                  \
    }

/** Takes every row from its own axis to the common one; a complex batch becomes real first. The
 *  buffer is replaced: float [rows][points]. All rows then share ppm_first and ppm_step (either
 *  direction); sw_hz and valid follow. Draws of the noise outside: purpose COMPLETION, draw 2.
 *  Errors: FMX_ERROR_SHAPE (time domain), FMX_ERROR_ARGUMENT (no axis in a row, fewer than 2
 *  points), device errors; after an error rows keep their axes. */
fmx_status fmx_resample_axis(fmx_signal *signal, const fmx_resample *options);

#ifdef __cplusplus
}
#endif
#endif

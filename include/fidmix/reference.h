/** @file reference.h
 *  Referencing: moves the ppm axis so that a known line sits at its chemical shift,
 *  docs/stages/reference.md.
 */
#ifndef FIDMIX_REFERENCE_H
#define FIDMIX_REFERENCE_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_reference_compound {
    FMX_REFERENCE_NONE, /**< the axis stays */
    FMX_REFERENCE_DSS,  /**< 0 ppm, as the next two; the name is kept in the provenance only */
    FMX_REFERENCE_TSP,
    FMX_REFERENCE_TMS,
    FMX_REFERENCE_PEAK, /**< the line near `ppm` becomes `ppm` */
} fmx_reference_compound;

/** Options of reference. */
typedef struct fmx_reference {
    int compound;           /**< fmx_reference_compound */
    double ppm;             /**< peak only: where the line belongs, ppm */
    double window_ppm;      /**< it is looked for within +- this much of its place, ppm */
    double threshold_sigma; /**< least height, in standard deviations of the window's noise */
    double most_width_hz;   /**< greatest full width at half height, Hz */
    double most_rival;      /**< greatest height of anything else in the window, in its height */
    bool again;             /**< also rows that are referenced already (row.referenced) */
} fmx_reference;

/** TSP within +-0.3 ppm: nominal axes (Bruker BF1) were off by -0.21 to +0.03 ppm in the 26
 * measured proton spectra that this was chosen on. */
#define FMX_REFERENCE_DEFAULT                                                                      \
    {                                                                                              \
        FMX_REFERENCE_TSP, 0.0, 0.3, 30.0, 10.0, 0.4, false                                        \
    }

/** Finds the reference line of every row (of the real part, phased) and moves the row's axis:
 *  ppm_first, ppm_step, sf_mhz, shift_ppm; line_width_hz becomes the line's width and `referenced`
 *  is set. Data do not change. A row that is referenced already stays unless `again` is set. A row
 * is left alone, and the log says why, unless the highest point of the window belongs to a line
 * that is high, narrow, whole and without a rival (the four rules of docs/stages/reference.md).
 * Waits for the positions. Errors: FMX_ERROR_SHAPE (time domain), FMX_ERROR_ARGUMENT, device
 * errors. */
fmx_status fmx_reference_axis(fmx_signal *signal, const fmx_reference *options);

#ifdef __cplusplus
}
#endif
#endif

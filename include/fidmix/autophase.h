/** @file autophase.h
 *  Automatic phase: finds the correction of every spectrum and applies it,
 * docs/stages/autophase.md.
 */
#ifndef FIDMIX_AUTOPHASE_H
#define FIDMIX_AUTOPHASE_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_autophase_method {
    FMX_AUTOPHASE_LINES,         /**< positive Lorentzian lines, fitted with one phase for all */
    FMX_AUTOPHASE_NEGATIVE_AREA, /**< least sum of negative intensities above a baseline */
    FMX_AUTOPHASE_ACME,          /**< least entropy of the first derivative (Chen et al. 2002) */
} fmx_autophase_method;

/** Options of autophase. The region is what the search looks at; a spectrum of which it covers less
 *  than a quarter, or fewer than 256 points of 0.25 Hz, is of another nucleus or width: then all of
 *  it is looked at. */
typedef struct fmx_autophase {
    int method;         /**< fmx_autophase_method */
    double low_ppm;     /**< region, lower end */
    double high_ppm;    /**< region, upper end */
    double water_low;   /**< left out of it: residual water, lower end, ppm */
    double water_high;  /**< upper end, ppm */
    double threshold;   /**< lines: height of a line in the second difference, noise sigmas */
    int64_t rounds;     /**< lines: fits, the later ones with the lines that were missed */
    int64_t iterations; /**< lines: steps of each fit */
    double prior_deg;   /**< lines: first order expected within +- this many degrees */
} fmx_autophase;

/** Default: lines, within -0.7 to 11 ppm without 4.5 to 5.2. */
#define FMX_AUTOPHASE_DEFAULT                                                                      \
    {                                                                                              \
        FMX_AUTOPHASE_LINES, -0.7, 11.0, 4.5, 5.2, 3.3, 2, 20, 60.0                                \
    }

/** Corrects the phase of every row but those marked `phased`, and adds the correction to
 *  row.p0_deg and row.p1_deg. In place, complex spectra with ppm axes. A row's result does not
 *  depend on the rest of the batch. Reads the angles back once at its end, so it waits. Errors:
 *  FMX_ERROR_SHAPE (no complex spectrum), FMX_ERROR_ARGUMENT (options; a row without spectral
 *  width or axis), device errors. */
fmx_status fmx_find_phase(fmx_signal *signal, const fmx_autophase *options);

#ifdef __cplusplus
}
#endif
#endif

/** @file completion.h
 *  Completion: both ends of a spectrum replaced by its baseline and noise,
 * docs/stages/completion.md.
 */
#ifndef FIDMIX_COMPLETION_H
#define FIDMIX_COMPLETION_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_completion_baseline {
    FMX_COMPLETION_QUADRATIC, /**< fitted to the two ranges below, as published */
    FMX_COMPLETION_ZERO,      /**< none: for spectra whose baseline was corrected */
} fmx_completion_baseline;

/** Options of completion. */
typedef struct fmx_completion {
    double low_ppm;      /**< points below are replaced, ppm */
    double high_ppm;     /**< points above are replaced, ppm */
    int baseline;        /**< fmx_completion_baseline */
    double low_from_ppm; /**< the ranges that the baseline is fitted to, ppm */
    double low_to_ppm;
    double high_from_ppm;
    double high_to_ppm;
    bool noise; /**< adds Gaussian noise of row.noise_sigma */
} fmx_completion;

/** The published values: 0.2 to 10 ppm is kept; a quadratic through 0.1-0.5 and 9.5-10 ppm. */
#define FMX_COMPLETION_DEFAULT                                                                     \
    {                                                                                              \
        0.2, 10.0, FMX_COMPLETION_QUADRATIC, 0.1, 0.5, 9.5, 10.0, true                             \
    }

/** Replaces what lies outside low_ppm to high_ppm on every row's own axis, in place; real and
 *  imaginary part each with their own baseline and noise. Outside the fitted ranges the baseline
 * keeps its value at their ends. A row with fewer than 3 points in the ranges gets the baseline
 * zero, one without noise_sigma no noise, and the log says so. Draws: purpose COMPLETION, draw 0
 * (real), 1 (imaginary), by point. Errors: FMX_ERROR_SHAPE (time domain), FMX_ERROR_ARGUMENT,
 * device errors. */
fmx_status fmx_complete_ends(fmx_signal *signal, const fmx_completion *options);

#ifdef __cplusplus
}
#endif
#endif

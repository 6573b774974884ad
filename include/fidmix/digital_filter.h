/** @file digital_filter.h
 *  Digital filter: takes the group delay of the receiver's filter out,
 * docs/stages/digital_filter.md.
 */
#ifndef FIDMIX_DIGITAL_FILTER_H
#define FIDMIX_DIGITAL_FILTER_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_digital_filter_mode {
    FMX_DIGITAL_FILTER_PHASE_RAMP, /**< all of it, fraction included, as a phase in the spectrum */
    FMX_DIGITAL_FILTER_TIME_SHIFT, /**< whole points shifted out of the decay, the fraction dropped
                                    */
} fmx_digital_filter_mode;

/** What becomes of the points before the decay's start (time shift only). */
typedef enum fmx_digital_filter_start {
    FMX_DIGITAL_FILTER_FOLD, /**< mirrored and added to the start, as nmrglue does */
    FMX_DIGITAL_FILTER_CUT,  /**< dropped */
    FMX_DIGITAL_FILTER_WRAP, /**< put at the end of the row */
} fmx_digital_filter_start;

/** Options of digital_filter. */
typedef struct fmx_digital_filter {
    int mode;  /**< fmx_digital_filter_mode */
    int start; /**< fmx_digital_filter_start, time shift only */
} fmx_digital_filter;

/** The exact one: flattest baseline on real data (see the docs page). nmrglue's and the published
 *  one is {FMX_DIGITAL_FILTER_TIME_SHIFT, FMX_DIGITAL_FILTER_FOLD}. */
#define FMX_DIGITAL_FILTER_DEFAULT                                                                 \
    {                                                                                              \
        FMX_DIGITAL_FILTER_PHASE_RAMP, FMX_DIGITAL_FILTER_FOLD                                     \
    }

/** Removes row.group_delay = n + f points (n whole, 0 <= f < 1) from every FID.
 *
 *  Time shift: point n becomes point 0, by `start` the n points before it are folded, cut or
 *  wrapped; row.group_delay becomes 0 and row.valid what is left (fold: nmrglue drops the last n +
 * 2 points).
 *
 *  Phase ramp: the decay stays as it is, points before its start included, and row.group_delay
 * stays n + f: the following stages count time from there, zero_filling takes the n points out, fft
 * the rest, by X[k] exp(+2 pi i k group_delay / N). Only checks then, and launches nothing.
 *
 *  Time domain, complex. Errors: FMX_ERROR_SHAPE (frequency domain), FMX_ERROR_ARGUMENT (also a
 *  delay that is negative or not within the measured points), device errors; after an error the
 *  batch is as it was. */
fmx_status fmx_remove_digital_filter(fmx_signal *signal, const fmx_digital_filter *options);

#ifdef __cplusplus
}
#endif
#endif

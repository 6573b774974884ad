/** @file solvent.h
 *  Solvent suppression in the time domain, docs/stages/solvent.md.
 */
#ifndef FIDMIX_SOLVENT_H
#define FIDMIX_SOLVENT_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_solvent_mode {
    FMX_SOLVENT_NONE,
    FMX_SOLVENT_LOW_PASS, /**< the moving average is subtracted */
    FMX_SOLVENT_BESSEL,   /**< zero-phase first-order Bessel high-pass */
    FMX_SOLVENT_BOTH,     /**< the one, then the other */
} fmx_solvent_mode;

typedef enum fmx_solvent_at {
    FMX_SOLVENT_AT_TRANSMITTER,
    FMX_SOLVENT_AT_OFFSET, /**< offset_hz from the transmitter */
    FMX_SOLVENT_AT_PPM,    /**< ppm, by the row's obs_mhz and sf_mhz */
} fmx_solvent_at;

/** Options of solvent. */
typedef struct fmx_solvent {
    int mode;           /**< fmx_solvent_mode */
    int64_t half_width; /**< low pass: points on either side of the middle, 1..256 */
    double corner_hz;   /**< Bessel: corner frequency of the analogue filter, Hz */
    int64_t rounds;     /**< Bessel: how often it runs forward and backward, 1..8 */
    int at;             /**< fmx_solvent_at: where the solvent lies */
    double offset_hz;   /**< Hz, positive to the left (high ppm) */
    double ppm;
} fmx_solvent;

/** The published default: both, 5 points, 60 Hz, twice, at the transmitter. */
#define FMX_SOLVENT_DEFAULT                                                                        \
    {                                                                                              \
        FMX_SOLVENT_BOTH, 5, 60.0, 2, FMX_SOLVENT_AT_TRANSMITTER, 0.0, 4.7                         \
    }

/** Subtracts from every FID what is slow around the solvent's frequency. The same filter takes away
 *  lines near the solvent: see the docs page for how much. In place, time domain, complex.
 *
 *  Low pass: x[n] - (x[n - h] + ... + x[n + h]) / (2 h + 1), x = 0 outside the measured points.
 *  Bessel: `rounds` times scipy.signal.filtfilt (odd padding of 6 points) with
 *  scipy.signal.bessel(1, corner_hz, "highpass", fs = sw_hz).
 *
 *  Errors: FMX_ERROR_SHAPE (frequency domain; Bessel: fewer than 7 measured points),
 *  FMX_ERROR_ARGUMENT (also a corner at or above sw_hz / 2), device errors, after which the
 * contents of the batch are undefined unless memory was lacking. */
fmx_status fmx_suppress_solvent(fmx_signal *signal, const fmx_solvent *options);

#ifdef __cplusplus
}
#endif
#endif

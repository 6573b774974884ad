/** @file noise.h
 *  Noise estimate of spectra, docs/stages/noise.md.
 */
#ifndef FIDMIX_NOISE_H
#define FIDMIX_NOISE_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_noise_mode {
    FMX_NOISE_ROBUST,    /**< median differences in the quietest blocks of the whole spectrum */
    FMX_NOISE_PUBLISHED, /**< standard deviation of the first points, divided */
    FMX_NOISE_EDGES,     /**< what a quadratic leaves of two stretches near the ends */
} fmx_noise_mode;

/** Options of noise. */
typedef struct fmx_noise {
    int mode;             /**< fmx_noise_mode */
    int64_t first_points; /**< published: how many points from the high-ppm end */
    double divisor;       /**< published: the standard deviation is divided by this */
    double low_from_ppm;  /**< edges: the two stretches */
    double low_to_ppm;
    double high_from_ppm;
    double high_to_ppm;
} fmx_noise;

/** Robust; the published figures for the other modes (100 points, 8; 0.1-0.5 and 9.5-10 ppm). */
#define FMX_NOISE_DEFAULT                                                                          \
    {                                                                                              \
        FMX_NOISE_ROBUST, 100, 8.0, 0.1, 0.5, 9.5, 10.0                                            \
    }

/** Writes row.noise_sigma, the standard deviation of the noise of a spectrum's real part (robust:
 * of both parts together). The data stay as they are. A spectrum of zeros, or without finite
 *  values, gets 0, "not known". Frequency domain, real or complex.
 *
 *  Waits for the work under way: the estimates are read back, one float a row (robust: 64).
 *
 *  Errors: FMX_ERROR_SHAPE (time domain; fewer than 2 points; edges: fewer than 8 points of a row's
 *  axis within the stretches), FMX_ERROR_ARGUMENT, device errors; rows then keep their values. */
fmx_status fmx_estimate_noise(fmx_signal *signal, const fmx_noise *options);

#ifdef __cplusplus
}
#endif
#endif

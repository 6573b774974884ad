/** @file fft.h
 *  Fourier transform of FIDs to spectra and back, docs/stages/fft.md.
 */
#ifndef FIDMIX_FFT_H
#define FIDMIX_FFT_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_fft_scale {
    FMX_FFT_UNSCALED,  /**< X[k] = sum_n x[n] exp(-2 pi i k n / N) */
    FMX_FFT_BY_POINTS, /**< that divided by N */
    FMX_FFT_BY_ROOT,   /**< that divided by sqrt(N): keeps the noise's standard deviation */
} fmx_fft_scale;

/** Options of fft. */
typedef struct fmx_fft_options {
    int scale; /**< fmx_fft_scale */
} fmx_fft_options;

/** The published default: unscaled. */
#define FMX_FFT_DEFAULT                                                                            \
    {                                                                                              \
        FMX_FFT_UNSCALED                                                                           \
    }

/** Transforms every FID of a complex batch [rows][N] to its spectrum, any N up to 2^20.
 *
 *  Point j of the spectrum is k = ceil(N/2) - 1 - j, so that it runs from high to low ppm (for even
 *  N from k = N/2 - 1 to -N/2, for odd N from (N-1)/2 to -(N-1)/2), k < 0 meaning k + N. What is
 * left of a row's group delay is taken out by exp(+2 pi i k group_delay / N), after which it is 0;
 *  ppm_first and ppm_step are set from sw_hz, obs_mhz and sf_mhz.
 *  Errors: FMX_ERROR_SHAPE (not a complex time-domain batch; a length that cannot be transformed),
 *  FMX_ERROR_ARGUMENT (an option, or a row without sw_hz, obs_mhz or sf_mhz), device errors; after
 *  an error the batch is as it was. */
fmx_status fmx_fft(fmx_signal *signal, const fmx_fft_options *options);

/** The way back: a complex spectrum in that order becomes a time-domain batch. With the options of
 *  fmx_fft it undoes the transform up to rounding (not the group delay, which is gone). Errors as
 *  there, FMX_ERROR_SHAPE for a batch that is no complex spectrum. */
fmx_status fmx_fft_inverse(fmx_signal *signal, const fmx_fft_options *options);

#ifdef __cplusplus
}
#endif
#endif

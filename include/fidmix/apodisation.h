/** @file apodisation.h
 *  Apodisation: a window over the free induction decay, docs/stages/apodisation.md.
 */
#ifndef FIDMIX_APODISATION_H
#define FIDMIX_APODISATION_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_apodisation_window {
    FMX_APODISATION_EXPONENTIAL,      /**< exp(-pi lb t): adds lb_hz to the width of every line */
    FMX_APODISATION_GAUSSIAN,         /**< exp(-(pi lb t)^2 / (4 ln 2)): Gaussian of width lb_hz */
    FMX_APODISATION_SINE_BELL,        /**< sin(pi offset + pi (end - offset) t / acquired)^power */
    FMX_APODISATION_LORENTZ_TO_GAUSS, /**< exp(+pi lb t - (pi gb t)^2 / (4 ln 2)) */
} fmx_apodisation_window;

/** Options of apodisation; t is the time since the start of the decay: row.group_delay points after
 *  point 0 while the digital filter is still in the data. */
typedef struct fmx_apodisation {
    int window;    /**< fmx_apodisation_window */
    double lb_hz;  /**< line width added (or, Lorentz to Gauss, taken away), Hz */
    double gb_hz;  /**< Gaussian line width, Lorentz to Gauss only, Hz */
    double offset; /**< sine bell: start of the window, in half periods, 0..1 */
    double end;    /**< sine bell: end of the window, in half periods, 0..1 */
    int64_t power; /**< sine bell: 1 or 2 */
} fmx_apodisation;

/** The published default: exponential, 0.3 Hz. */
#define FMX_APODISATION_DEFAULT                                                                    \
    {                                                                                              \
        FMX_APODISATION_EXPONENTIAL, 0.3, 0.0, 0.0, 1.0, 1                                         \
    }

/** Multiplies every FID by a window. In place, time domain, complex.
 *  Errors: FMX_ERROR_SHAPE (frequency domain), FMX_ERROR_ARGUMENT, device errors. */
fmx_status fmx_apodise(fmx_signal *signal, const fmx_apodisation *options);

#ifdef __cplusplus
}
#endif
#endif

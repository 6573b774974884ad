/* The first line of a spectrum, fitted by least squares: a Lorentzian or a pseudo-Voigt line.
 * docs/stages/line_fit.md. */
#ifndef FIDMIX_LINE_FIT_H
#define FIDMIX_LINE_FIT_H

#include "launch.h"

typedef enum fmx__line_shape {
    FMX__LINE_LORENTZ,      /* A L */
    FMX__LINE_PSEUDO_VOIGT, /* A ((1 - eta) L + eta G), both of half width gamma */
} fmx__line_shape;

enum { FMX__LINE_FIT_ROUNDS = 60, FMX__LINE_VALUES = 4 };

typedef struct fmx__line_fit_of {
    fmx_buffer *spectra; /* float [rows][points]; point k at k step_hz */
    size_t rows;
    size_t points; /* at least 4 */
    double step_hz;
    double least; /* prominence of the peak that is fitted; above 0 */
    fmx__line_shape shape;
    size_t rounds; /* 0: FMX__LINE_FIT_ROUNDS */
    size_t values; /* of a line that are written, from the first on, 1 to 4; 0: 4 */
} fmx__line_fit_of;

/* lines float [rows][values]: x0 in Hz, area A (height times Hz), half width gamma in Hz, eta (0
 * for a Lorentzian). Enqueues only. Errors: FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__line_fit(fmx_device *device, fmx_buffer *lines, const fmx__line_fit_of *of);

#endif

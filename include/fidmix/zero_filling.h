/** @file zero_filling.h
 *  Zero filling: longer rows, docs/stages/zero_filling.md.
 */
#ifndef FIDMIX_ZERO_FILLING_H
#define FIDMIX_ZERO_FILLING_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Options of zero_filling. */
typedef struct fmx_zero_filling {
    int64_t points;     /**< complex points of a row afterwards; 0: by `factor` */
    int64_t factor;     /**< points = factor x (power of two that holds the longest row's measured
                             points) */
    double first_point; /**< the first point is multiplied by this; 0.5 takes away the offset of a
                             decay that starts at full height. Rows whose group delay is still in
                           the data (1 point or more) start at zero height and are left alone. */
} fmx_zero_filling;

/** The published default for the first point (untouched), and twice the points. */
#define FMX_ZERO_FILLING_DEFAULT                                                                   \
    {                                                                                              \
        0, 2, 1.0                                                                                  \
    }

/** Copies every FID into a row of `points` complex points, the rest zero. Whole points of group
 *  delay that are still in the data are taken out: the points before the decay's start go to the
 * end of the new row, which is where negative times lie for a Fourier transform, and
 * row.group_delay keeps the fraction (0 <= f < 1) for the fft stage. Apodise and filter before, not
 * after. Time domain, complex; the buffer is replaced. Errors: FMX_ERROR_SHAPE (frequency domain,
 * rows with more measured points than asked for), FMX_ERROR_ARGUMENT, device errors; after an error
 * the batch is as it was. */
fmx_status fmx_zero_fill(fmx_signal *signal, const fmx_zero_filling *options);

#ifdef __cplusplus
}
#endif
#endif

/** @file fid_synthesis.h
 *  Raw FIDs from lines, on the device, as a spectrometer would record them: digital filter with its
 *  group delay, phase errors, errors of the first points, noise. docs/stages/fid_synthesis.md.
 */
#ifndef FIDMIX_FID_SYNTHESIS_H
#define FIDMIX_FID_SYNTHESIS_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Points at the start of the decay that may carry an error. */
#define FMX_SYNTHESIS_ERRORS 4

/** One decaying line: amplitude exp(i pi/180 phase_deg) exp(2 pi i hz t - pi width_hz t). */
typedef struct fmx_synthesis_line {
    double hz;        /**< from the transmitter, within +-sw_hz / 2 */
    double amplitude; /**< value at t = 0 */
    double width_hz;  /**< Lorentzian full width at half height, 0 to sw_hz / 20 */
    double phase_deg; /**< the line's own phase */
} fmx_synthesis_line;

/** What one row of a batch becomes. */
typedef struct fmx_synthesis {
    const fmx_synthesis_line *line; /**< [count], not owned */
    size_t count;
    double gaussian_hz; /**< Gaussian part of all widths, full width at half height, Hz */
    double p0_deg;      /**< the phase correction (signal.h) that makes the spectrum absorptive */
    double p1_deg;      /**< its first-order part, -360 to 360 */
    double noise_sigma; /**< standard deviation of the noise, of real and imaginary part each */
    float error[FMX_SYNTHESIS_ERRORS][2]; /**< added to the first points of the decay */
} fmx_synthesis;

/** Overwrites every row of a time-domain batch: row r becomes the sum of row[r].line, delayed by
 * the group delay in signal->row[r].group_delay (0, or 8 to 128 points), with phase errors and
 * noise. Uses sw_hz, group_delay (both the same in all rows), item and signal->seed; sets `valid`.
 * Noise is keyed by (seed, item), so a row comes out the same in every batch. Errors:
 * FMX_ERROR_SHAPE (no complex decay), FMX_ERROR_ARGUMENT (values outside their range),
 *  FMX_ERROR_MEMORY, device errors. */
fmx_status fmx_synthesise(fmx_signal *signal, const fmx_synthesis *row);

#ifdef __cplusplus
}
#endif
#endif

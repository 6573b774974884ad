/* The methods of baseline, one file each; percentile lies in baseline.c. Options are checked and
 * the batch is real before any of them is called. */
#ifndef FIDMIX_BASELINE_INTERNAL_H
#define FIDMIX_BASELINE_INTERNAL_H

#include "fidmix/baseline.h"
#include "signal_internal.h"

enum { FMX__BASELINE_PARTS = 6 }; /* arrays per row that the percentile works in */

/* As in the kernels: points in a mean, means, windows in means (odd). */
typedef struct fmx__baseline_window {
    int32_t block;
    int32_t count;
    int32_t wide;
    int32_t narrow;
} fmx__baseline_window;

/* Every row's blocks, at least about least_ppm wide, and windows; *longest: most means of a row.
 * Errors: FMX_ERROR_ARGUMENT (a row without ppm_step). */
fmx_status fmx__baseline_windows(const fmx_signal *signal, const fmx_baseline *options,
                                 double least_ppm, fmx__baseline_window *window, size_t *longest);

/* The percentile and its rounds in a new *scratch (to be released, also after an error), laid out
 * as kernels/baseline.cl says; nothing is subtracted. */
fmx_status fmx__baseline_percentile(fmx_signal *signal, const fmx_baseline *options,
                                    const fmx__baseline_window *window, fmx_buffer **scratch,
                                    size_t *row_stride, size_t *row_pad);

/* A baseline at the centres of blocks: of block i of row r at start + r row_step + i step. */
typedef struct fmx__baseline_estimate {
    fmx_buffer *buffer;
    size_t start;
    size_t row_step;
    size_t step;
} fmx__baseline_estimate;

fmx_status fmx__baseline_subtract(fmx_signal *signal, const fmx__baseline_window *window,
                                  const fmx__baseline_estimate *estimate);

/* The methods. */
fmx_status fmx__baseline_als(fmx_signal *signal, const fmx_baseline *options);
fmx_status fmx__baseline_polynomial(fmx_signal *signal, const fmx_baseline *options);
fmx_status fmx__baseline_median(fmx_signal *signal, const fmx_baseline *options);

#endif

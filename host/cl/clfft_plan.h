/* Transforms through clFFT: the only file that calls it. */
#ifndef FIDMIX_CLFFT_PLAN_H
#define FIDMIX_CLFFT_PLAN_H

#include "fidmix/device.h"

enum { FMX__CLFFT_MOST_POINTS = 1 << 24 };

/* out[row][k] = scale sum_n in[row][n] exp(-+2 pi i k n / points), complex64, rows from element 0
 * on, `out_stride` and `in_stride` complex elements apart; in place where out is in. */
typedef struct fmx__clfft_of {
    fmx_buffer *out;
    fmx_buffer *in;
    size_t rows;
    size_t points;
    size_t out_stride;
    size_t in_stride;
    bool inverse;
    double scale;
} fmx__clfft_of;

/* Whether clFFT knows the length: 1 to 2^24, factors 2, 3, 5, 7, 11 and 13 only. */
bool fmx__clfft_knows(size_t points);

/* Makes the plan at first use (seconds: clFFT writes and compiles a kernel per length, number of
 * rows, stride and scale) and keeps it with the device; then only enqueues. Errors:
 * FMX_ERROR_SHAPE, device errors, FMX_ERROR_BUILD where the driver refuses clFFT's kernels. */
fmx_status fmx__clfft(fmx_device *device, const fmx__clfft_of *of);

#endif

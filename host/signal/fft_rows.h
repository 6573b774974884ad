/* Transforms of the rows of a buffer, any length: what the stage fft and networks are made of. */
#ifndef FIDMIX_FFT_ROWS_H
#define FIDMIX_FFT_ROWS_H

#include "launch.h"

/* out[row][k] = scale sum_n in[row][n] exp(-+2 pi i k n / points), k = 0 .. points - 1, complex64.
 * out and in may be the same rows of one buffer; otherwise they must not overlap. */
typedef struct fmx__fft {
    fmx_buffer *out;
    fmx_buffer *in;
    size_t rows;
    size_t points;
    size_t out_first;  /* complex elements in front of row 0 */
    size_t out_stride; /* complex elements from a row to the next; 0: points */
    size_t in_first;
    size_t in_stride;
    bool inverse; /* exp(+2 pi i k n / points); nothing is divided unless scale does */
    double scale;
} fmx__fft;

/* Powers of two up to 2^20 run on the kernels of kernels/fft.cl; any other length up to 2^19 on
 * those too, as a convolution with a chirp; what is longer, to 2^24 with no factors but 2 to 13, on
 * clFFT (rows must start at element 0; the plan costs seconds at first). A row's bits depend
 * neither on the other rows nor on how many there are. Only enqueues. Errors: FMX_ERROR_SHAPE (a
 * buffer too small, overlap, a length that cannot be done), device errors. */
fmx_status fmx__fft_rows(fmx_device *device, const fmx__fft *given);

/* Whether fmx__fft_rows can do that length; FMX_ERROR_SHAPE with a message if not. */
fmx_status fmx__fft_length(fmx_device *device, size_t points);

/* For the stem's own files: a power of two; any length through a chirp. `of` has its strides. */
fmx_status fmx__fft_power(fmx_device *device, const fmx__fft *of);
fmx_status fmx__fft_chirp(fmx_device *device, const fmx__fft *of);

/* Rows that one go takes so that `row_bytes` of scratch per row stay within reason. */
size_t fmx__fft_chunk(fmx_device *device, size_t rows, size_t row_bytes);

#endif

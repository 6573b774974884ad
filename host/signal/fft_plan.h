/* Planning a transform of power-of-two length: which kernels of kernels/fft.cl run over which
 * range, with which table of twiddles. Pure: no device is asked, nothing is allocated. */
#ifndef FIDMIX_FFT_PLAN_H
#define FIDMIX_FFT_PLAN_H

#include "launch.h"

enum { FMX__FFT_MOST_POINTS = 1 << 20, FMX__FFT_MOST_ARGS = 24 };

/* What is to be done, and what the device allows. */
typedef struct fmx__fft_shape {
    uint32_t n;          /* length: a power of two, 2 to 2^20 */
    uint32_t rows;       /* at least 1 */
    uint64_t out_first;  /* complex elements in front of row 0 */
    uint64_t out_stride; /* complex elements from a row to the next, >= n */
    uint64_t in_first;
    uint64_t in_stride;
    float scale; /* multiplies the result */
    bool inverse;
    bool in_place;          /* in and out are the same rows: they stay in the cache */
    bool wide;              /* the wide variant's kernels */
    uint32_t largest_group; /* fft_pass: items a group may have, >= 64 */
    uint64_t local_bytes;   /* local memory of the device */
    uint32_t compute_units; /* wide: rows kept in flight follow from it */
} fmx__fft_shape;

/* One launch; launch.arg points to arg, so a pass is not copied. */
typedef struct fmx__fft_pass {
    fmx__arg arg[FMX__FFT_MOST_ARGS];
    fmx__launch launch;
} fmx__fft_pass;

typedef struct fmx__fft_buffers {
    fmx_buffer *out;
    fmx_buffer *in;
    fmx_buffer *scratch;
    fmx_buffer *table;
} fmx__fft_buffers;

/* Whether the device can do it with these kernels (length, local memory, group size). */
bool fmx__fft_possible(const fmx__fft_shape *shape);

/* Bytes of scratch that the passes need; 0: none. */
size_t fmx__fft_scratch_bytes(const fmx__fft_shape *shape);

/* Floats of the twiddle table; it depends on n, wide and largest_group only. With `table` not NULL
 * it is filled, in double arithmetic rounded once. */
size_t fmx__fft_table(const fmx__fft_shape *shape, float *table);

/* The launches, in order; returns how many (1 or 2). */
size_t fmx__fft_passes(const fmx__fft_shape *shape, const fmx__fft_buffers *buffers,
                       fmx__fft_pass pass[2]);

#endif

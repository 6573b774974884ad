/* Simple decays of one line each (reference system S3) and their magnitude spectra: what networks
 * learn on. docs/stages/decay.md. */
#ifndef FIDMIX_DECAY_H
#define FIDMIX_DECAY_H

#include "launch.h"

/* One decay as the kernel reads it. */
typedef struct fmx__decay {
    uint32_t phase; /* at point 0, 2^-32 turns */
    uint32_t step;  /* per point, 2^-32 turns */
    float rate;     /* of the exponential, per point */
    float amplitude;
    uint32_t item_low; /* identity, for the noise */
    uint32_t item_high;
    uint32_t draw;
    uint32_t unused;
} fmx__decay;

/* amplitude sin(2 pi frequency t + phase) exp(-t / T2), sampled at sample_hz; the frequency is
 * rounded to 2^-32 sample_hz. */
fmx__decay fmx__decay_of(double frequency_hz, double phase_turns, double t2_s, double amplitude,
                         double sample_hz);

typedef struct fmx__decays_of {
    fmx_buffer *rows; /* fmx__decay [count] */
    size_t count;
    size_t points;
    double mean; /* of the noise */
    double sigma;
    uint64_t seed;
} fmx__decays_of;

/* fid float [count][points]. Enqueues only. Errors: FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__decays(fmx_device *device, fmx_buffer *fid, const fmx__decays_of *of);

/* magnitude[row][k] = |sum_n fid[row][n] exp(-2 pi i k n / points)| / points, k < points / 2; float
 * [count][points / 2]. scratch holds complex64 [count][points]. Enqueues only. Errors: those of
 * fmx__fft_rows. */
fmx_status fmx__decays_spectrum(fmx_device *device, fmx_buffer *magnitude, fmx_buffer *scratch,
                                fmx_buffer *fid, size_t count, size_t points);

#endif

/* Non-negative least squares of spectra on a library, on the device: the classical way to say what
 * is in a mixture. docs/stages/nnls.md. */
#ifndef FIDMIX_NNLS_H
#define FIDMIX_NNLS_H

#include "launch.h"

enum {
    FMX__NNLS_SWEEPS = 1000,    /* of coordinate descent at most; it ends when nothing moves */
    FMX__NNLS_MOST_ROWS = 7168, /* of a library: amounts and gradient lie in 56 KB of local memory
                                 */
};

/* A step that changes the gradient by less than this share of the largest A b is not taken; the
 * products themselves are known to about 1e-6. */
#define FMX__NNLS_TOLERANCE 1e-6

/* Floats from the amounts of a mixture to the next, and of the Gram matrix. */
size_t fmx__nnls_stride(size_t rows);

typedef struct fmx__nnls_of {
    fmx_buffer *library; /* float [rows][points] */
    fmx_buffer *gram;    /* float [rows][stride], from fmx__nnls_gram */
    size_t rows;         /* 1 to FMX__NNLS_MOST_ROWS */
    size_t points;
    fmx_buffer *spectra; /* float [count][points] */
    size_t count;
    fmx_buffer *gradient; /* float [count][stride]: scratch; G x - A b on return */
    size_t sweeps;        /* 0: FMX__NNLS_SWEEPS */
    double tolerance;     /* 0: FMX__NNLS_TOLERANCE */
} fmx__nnls_of;

/* gram[i][k] = library row i times row k, for all spectra of this library. Enqueues only. Errors:
 * FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__nnls_gram(fmx_device *device, fmx_buffer *gram, fmx_buffer *library, size_t rows,
                          size_t points);

/* amounts[m] (float [count][stride], 0 beyond rows) = the x >= 0 with the least
 * |spectra[m] - sum_k x[k] library[k]|. A row of the library that is zero gets 0, NaN in a spectrum
 * gives 0 throughout. Enqueues only; give it a few hundred spectra at a time, so that no kernel
 * runs for long. Errors: FMX_ERROR_SHAPE, FMX_ERROR_ARGUMENT (tolerance), device errors. */
fmx_status fmx__nnls(fmx_device *device, fmx_buffer *amounts, const fmx__nnls_of *of);

/* norms[m] (float [count]) = |weights spectra[m]|, spectra float [count][points], weights float
 * [points]. Enqueues only. Errors: FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__nnls_norms(fmx_device *device, fmx_buffer *norms, fmx_buffer *spectra,
                           fmx_buffer *weights, size_t count, size_t points);

#endif

/* The classical baseline: non-negative least squares of mixtures on the spectra of pure compounds.
 * Gives what a network gives, a presence and a proportion for every class.
 * docs/training/least_squares.md. */
#ifndef FIDMIX_LEAST_SQUARES_H
#define FIDMIX_LEAST_SQUARES_H

#include "nnls.h"

enum { FMX__LEAST_SQUARES_BATCH = 256 }; /* mixtures of a launch at most */

typedef struct fmx__least_squares_library {
    const float *spectra;     /* [rows][points], of the training set; amounts are in their units */
    const uint32_t *class_of; /* [rows], below classes */
    size_t rows;
    size_t points;
    size_t classes;
    const float *weight; /* [points], 0: a point is ignored, 1: it counts; NULL: all count */
    bool means;          /* one mean spectrum for a class instead of each of its rows */
    size_t shift;        /* points: copies are shifted by up to so many to either side */
    size_t shift_steps;  /* copies on either side; 0: none */
} fmx__least_squares_library;

/* A library on the device, with room for a batch. */
typedef struct fmx__least_squares {
    fmx_device *device;
    size_t classes;
    size_t points;
    size_t rows;        /* shifted copies included */
    uint32_t *class_of; /* [rows] */
    float *norm;        /* [rows] */
    fmx_buffer *library;
    fmx_buffer *gram;
    fmx_buffer *weights;  /* [points] */
    fmx_buffer *spectra;  /* [FMX__LEAST_SQUARES_BATCH][points] */
    fmx_buffer *gradient; /* [FMX__LEAST_SQUARES_BATCH][stride] */
    fmx_buffer *amounts;
    fmx_buffer *norms;
    float *host_amounts; /* as above, read back */
    float *host_norms;
} fmx__least_squares;

/* Uploads the library with its shifted copies (zero where nothing is shifted in). Release with
 * fmx__least_squares_clear, also after an error. Errors: FMX_ERROR_SHAPE (nothing in it, more rows
 * than nnls takes, with what to lower), FMX_ERROR_FORMAT (NaN), FMX_ERROR_MEMORY, device errors. */
fmx_status fmx__least_squares_open(fmx_device *device, const fmx__least_squares_library *library,
                                   fmx__least_squares *out);

/* NULL and zeroed are allowed. */
void fmx__least_squares_clear(fmx__least_squares *ls);

/* With amounts x of the rows A of the library and a mixture b:
 *     proportion[m][c] = sum of x over the class's rows / sum of x over all, 0 where that is 0
 *     presence[m][c]   = min(1, sum over the class's rows of x |A| / |b|), the share of the
 *                        mixture's norm, which stays near 0 in noise; |.| over points that count
 * both [count][classes]. The first reads spectra [count][points] of the host, the second a buffer
 * [count][points] of the device with at most FMX__LEAST_SQUARES_BATCH of them. Both wait for the
 * result. Errors: FMX_ERROR_FORMAT (NaN in a spectrum), FMX_ERROR_SHAPE, FMX_ERROR_INTERRUPTED,
 * device errors. */
fmx_status fmx__least_squares_run(fmx__least_squares *ls, const float *spectra, size_t count,
                                  float *presence, float *proportion);
fmx_status fmx__least_squares_run_buffer(fmx__least_squares *ls, fmx_buffer *spectra, size_t count,
                                         float *presence, float *proportion);

#endif

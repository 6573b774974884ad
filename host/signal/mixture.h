/* Mixtures on the device: weighted sums of spectra, with noise, divided by the maximum.
 * docs/stages/mixture.md. */
#ifndef FIDMIX_MIXTURE_H
#define FIDMIX_MIXTURE_H

#include "launch.h"

/* One mixture of a plan, as kernels/mixture.cl reads it: this head, then `most` parts. The whole
 * plan is one array of 32-bit words, [count][fmx__mixture_words(most)]. */
typedef struct fmx__mixture_head {
    uint32_t parts;     /* how many of the entries behind it are used; 0: noise alone */
    uint32_t item_low;  /* identity of the mixture, for its noise */
    uint32_t item_high; /* */
    uint32_t draw;      /* */
    float noise;        /* standard deviation of the noise in tallest peaks of the sum; 0: none */
    float bias;         /* added to the noise, in its standard deviations */
    uint32_t unused[2];
} fmx__mixture_head;

typedef struct fmx__mixture_part {
    uint32_t row; /* of the library */
    float weight;
    uint32_t turn; /* points, below those of a spectrum: point j is the row's j + turn, round */
} fmx__mixture_part;

enum { FMX__MIXTURE_HEAD_WORDS = 8, FMX__MIXTURE_MOST = 64 };

/* 32-bit words of one mixture with at most `most` parts. */
size_t fmx__mixture_words(size_t most);

typedef struct fmx__mixture_of {
    fmx_buffer *library; /* float [library_rows][points] */
    size_t library_rows;
    size_t points;
    fmx_buffer *plan; /* uint32 [count][fmx__mixture_words(most)]; rows must be below library_rows,
                             turns below points */
    size_t most;      /* parts that a mixture has room for, 1..FMX__MIXTURE_MOST */
    size_t count;     /* mixtures */
    bool divide;      /* by the maximum, where that is above zero */
    bool by_noise;    /* by sigma_m instead, where that is above zero: units of the noise */
    double smooth;    /* weight of the sample before in one of the noise; 0: white */
    uint64_t seed;
    size_t parts; /* in all, for the statement of bytes; 0: count * most */
} fmx__mixture_of;

/* out[m][j] = (sum_k weight[m][k] library[row[m][k]][(j + turn[m][k]) mod points] + sigma_m normal)
 * / max, [count][points]; facts[m] = (sigma_m after the division, divisor), float [count][2].
 * sigma_m = noise_m times the tallest peak of the sum, or noise_m itself where nothing is above
 * zero. Enqueues only. Errors: FMX_ERROR_ARGUMENT, FMX_ERROR_SHAPE, device errors. */
fmx_status fmx__mixture(fmx_device *device, fmx_buffer *out, fmx_buffer *facts,
                        const fmx__mixture_of *of);

#endif

/* Twin of kernels/fft.cl. */
#ifndef FIDMIX_FFT_REF_H
#define FIDMIX_FFT_REF_H

#include <stdbool.h>
#include <stddef.h>

/* out[k] = sum_n in[n] exp(-2 pi i k n / points) (inverse: +), complex, literally: points^2 steps.
 */
void fmx_ref_dft(double *out, const double *in, size_t points, bool inverse);

/* The same by splitting off prime factors, for long rows; in and out must not overlap. */
void fmx_ref_fft(double *out, const double *in, size_t points, bool inverse);

/* The stage: spectrum of in [points][2], out[j] = scale exp(2 pi i k delay / points) X[k] with
 * k = ceil(points / 2) - 1 - j. */
void fmx_ref_fft_spectrum(double *out, const float *in, size_t points, double delay, double scale);

#endif

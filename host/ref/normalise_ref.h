/* Twin of kernels/normalise.cl. */
#ifndef FIDMIX_NORMALISE_REF_H
#define FIDMIX_NORMALISE_REF_H

#include <stddef.h>

/* Largest value, and sum |x| step. */
double fmx_ref_normalise_max(const float *x, size_t count);
double fmx_ref_normalise_area(const float *x, size_t count, double step);

/* reference[j] = median of x[row][j] over the rows. */
void fmx_ref_normalise_reference(double *reference, const float *x, size_t rows, size_t points);

/* Median of x[j] / reference[j] where reference[j] > level. */
double fmx_ref_normalise_quotient(const float *x, const float *reference, size_t count,
                                  double level);

#endif

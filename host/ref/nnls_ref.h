/* Plain C twin of kernels/nnls.cl: another algorithm for the same optimum, in double. */
#ifndef FIDMIX_NNLS_REF_H
#define FIDMIX_NNLS_REF_H

#include <stddef.h>

/* gram[i][k] = library[i] . library[k], [rows][rows]. */
void fmx_ref_nnls_gram(double *gram, const float *library, size_t rows, size_t points);

/* x[rows] = the x >= 0 with the least |spectrum - sum_k x[k] library[k]|: Lawson and Hanson,
 * Solving Least Squares Problems (1974), chapter 23, on the normal equations. 0 on success, -1
 * without memory. */
int fmx_ref_nnls(double *x, const double *gram, const float *library, size_t rows, size_t points,
                 const float *spectrum);

#endif

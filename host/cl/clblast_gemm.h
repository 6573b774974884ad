/* Products of float32 matrices through CLBlast; docs/device/gemm.md. */
#ifndef FIDMIX_CLBLAST_GEMM_H
#define FIDMIX_CLBLAST_GEMM_H

#include "fidmix/device.h"

/* C = alpha op(A) op(B) + beta C, row-major: C [m][n], op(A) [m][k], op(B) [k][n]. op(A) is A,
 * stored [m][k], or with transpose_a the transpose of A, stored [k][m]; B likewise. */
typedef struct fmx__gemm_of {
    fmx_buffer *c;
    fmx_buffer *a;
    fmx_buffer *b;
    size_t m;
    size_t n;
    size_t k;
    bool transpose_a;
    bool transpose_b;
    size_t c_first; /* floats in front of the matrix */
    size_t a_first;
    size_t b_first;
    size_t c_stride; /* floats from a row, as stored, to the next; 0: rows without gaps */
    size_t a_stride;
    size_t b_stride;
    double alpha;
    double beta; /* with 0, C is not read: it may hold NaN */
} fmx__gemm_of;

/* Only enqueues, except for the first product of a shape class, which compiles. C must not overlap
 * A or B. Errors: FMX_ERROR_SHAPE (a size of 0, a stride shorter than a row, a buffer too small,
 * more than 2^31 - 1 elements in a matrix), device errors. */
fmx_status fmx__gemm(fmx_device *device, const fmx__gemm_of *given);

#endif

/* Twin of mask: a [batch][sources][n], x [batch][n]; kind 0 none, 1 sigmoid, 2 relu, 3 softmax. */
#ifndef FIDMIX_MASK_REF_H
#define FIDMIX_MASK_REF_H

#include <stddef.h>

typedef struct fmx_ref_mask {
    size_t batch;
    size_t sources;
    size_t n;
    int kind;
} fmx_ref_mask;

/* The mask of source s at value i of an item's a [sources][n]. */
double fmx_ref_mask_value(const fmx_ref_mask *m, const double *a, size_t s, size_t i);

void fmx_ref_mask_forward(const fmx_ref_mask *m, double *out, const double *a, const double *x);

/* size [batch][n]: sum over the sources of |g m|. */
void fmx_ref_mask_backward(const fmx_ref_mask *m, double *grad_a, double *grad_x, double *size,
                           const double *grad, const double *a, const double *x);

#endif

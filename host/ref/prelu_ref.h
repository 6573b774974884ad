/* Twin of prelu: x [batch][channels][positions], w [slopes], slopes 1 or channels. */
#ifndef FIDMIX_PRELU_REF_H
#define FIDMIX_PRELU_REF_H

#include <stddef.h>

typedef struct fmx_ref_prelu {
    size_t batch;
    size_t channels;
    size_t positions;
    size_t slopes;
} fmx_ref_prelu;

void fmx_ref_prelu_forward(const fmx_ref_prelu *p, double *y, const double *x, const double *w);

/* size[slope]: sum of the absolute terms of grad_w[slope]. */
void fmx_ref_prelu_backward(const fmx_ref_prelu *p, double *grad_x, double *grad_w, double *size,
                            const double *grad_y, const double *x, const double *w);

#endif

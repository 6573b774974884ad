/* Twin of multiply: out [batch][channels][positions]; in[i] has channels[i] and positions[i], each
 * 1 or those of out. */
#ifndef FIDMIX_MULTIPLY_REF_H
#define FIDMIX_MULTIPLY_REF_H

#include <stddef.h>

typedef struct fmx_ref_multiply {
    size_t batch;
    size_t channels;
    size_t positions;
    size_t inputs;
    size_t in_channels[4];
    size_t in_positions[4];
} fmx_ref_multiply;

void fmx_ref_multiply_forward(const fmx_ref_multiply *m, double *out, const double *const *in);

/* dL/d in[i]; size: sum of the absolute terms. */
void fmx_ref_multiply_backward(const fmx_ref_multiply *m, size_t i, double *grad_in, double *size,
                               const double *grad_out, const double *const *in);

#endif

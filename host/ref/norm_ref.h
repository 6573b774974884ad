/* Twin of the normalisations: x, y, gradients [batch][channels][positions]. */
#ifndef FIDMIX_NORM_REF_H
#define FIDMIX_NORM_REF_H

#include <stddef.h>

/* What is normalised together. */
typedef enum fmx_ref_norm_set {
    FMX_REF_NORM_GROUPS,     /* channels / groups neighbouring channels, all positions */
    FMX_REF_NORM_POSITIONS,  /* all channels at one position */
    FMX_REF_NORM_CUMULATIVE, /* all channels at positions 0 .. p */
} fmx_ref_norm_set;

typedef struct fmx_ref_norm {
    fmx_ref_norm_set set;
    size_t batch;
    size_t channels;
    size_t positions;
    size_t groups;
    double epsilon;
} fmx_ref_norm;

/* mean and inverse = 1 / sqrt(variance + epsilon) for every value of x; weight and bias may be
 * NULL.
 */
void fmx_ref_norm_forward(const fmx_ref_norm *n, double *y, double *mean, double *inverse,
                          const double *x, const double *weight, const double *bias);

/* From forward's mean and inverse; grad_weight and grad_bias may be NULL. */
void fmx_ref_norm_backward(const fmx_ref_norm *n, double *grad_x, double *grad_weight,
                           double *grad_bias, const double *grad_y, const double *x,
                           const double *mean, const double *inverse, const double *weight);

#endif

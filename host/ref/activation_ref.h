/* Twin of activation: each function as its paper has it. */
#ifndef FIDMIX_ACTIVATION_REF_H
#define FIDMIX_ACTIVATION_REF_H

#include <stddef.h>

typedef enum fmx_ref_activation_kind {
    FMX_REF_RELU,
    FMX_REF_SIGMOID,
    FMX_REF_COMPRESS,   /* a: scale */
    FMX_REF_LEAKY_RELU, /* a: slope below 0 */
    FMX_REF_ELU,        /* a: alpha */
    FMX_REF_SELU,
    FMX_REF_RELU6,
    FMX_REF_TANH,
    FMX_REF_GELU,
    FMX_REF_GELU_TANH,
    FMX_REF_SILU,
    FMX_REF_SOFTPLUS, /* a: beta, b: threshold */
} fmx_ref_activation_kind;

double fmx_ref_activation(double x, fmx_ref_activation_kind kind, double a, double b);

/* df/dx at x. */
double fmx_ref_activation_slope(double x, fmx_ref_activation_kind kind, double a, double b);

#endif

/* Elementwise activations as buffer-level functions. */
#ifndef FIDMIX_ACTIVATION_H
#define FIDMIX_ACTIVATION_H

#include "op.h"

/* y = f(x) with parameters a and b; the kernel knows them by number. */
typedef enum fmx__activation_kind {
    FMX__ACTIVATION_RELU,       /* max(x, 0) */
    FMX__ACTIVATION_SIGMOID,    /* 1 / (1 + exp(-x)) */
    FMX__ACTIVATION_COMPRESS,   /* sign(x) ln(1 + a |x|) */
    FMX__ACTIVATION_LEAKY_RELU, /* x > 0 ? x : a x, a >= 0 */
    FMX__ACTIVATION_ELU,        /* x > 0 ? b x : a (exp(x) - 1), a, b > 0 */
    FMX__ACTIVATION_RELU6,      /* min(max(x, 0), 6) */
    FMX__ACTIVATION_TANH,       /* tanh x */
    FMX__ACTIVATION_GELU,       /* x Phi(x), Phi the normal distribution */
    FMX__ACTIVATION_GELU_TANH,  /* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
    FMX__ACTIVATION_SILU,       /* x / (1 + exp(-x)) */
    FMX__ACTIVATION_SOFTPLUS,   /* a x > b ? x : ln(1 + exp(a x)) / a */
} fmx__activation_kind;

typedef struct fmx__activation {
    fmx__activation_kind kind;
    double a;
    double b;
} fmx__activation;

/* out[i] = f(in[i]) for `count` floats; in place allowed. */
fmx_status fmx__activation_forward(fmx_device *device, const fmx__activation *f, size_t count,
                                   fmx_buffer *in, fmx_buffer *out);

/* Whether backward reads x = in; otherwise y = out. */
bool fmx__activation_reads_input(fmx__activation_kind kind);

/* grad_in[i] = grad_out[i] f'(x), from x or y as above in `value`; in place allowed. */
fmx_status fmx__activation_backward(fmx_device *device, const fmx__activation *f, size_t count,
                                    fmx_buffer *grad_out, fmx_buffer *value, fmx_buffer *grad_in);

#endif

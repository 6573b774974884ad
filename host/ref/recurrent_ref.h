/* Twin of lstm and gru: PyTorch's equations, one line per gate.
 *
 * in [batch][channels][steps], out [batch][directions units][steps], or with `last` [..][1], the
 * state after each direction's last step. weight: for each layer and direction weight_ih
 * [gates][inputs], weight_hh [gates][units] and, with bias, bias_ih, bias_hh [gates].
 *
 * `rounding` above 0 adds to every result what a float computation might: a random share, drawn
 * from `seed`, of rounding times the square root of the number of terms times the sum of their
 * absolute values. How far that moves a result says how well the result is determined. */
#ifndef FIDMIX_RECURRENT_REF_H
#define FIDMIX_RECURRENT_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fmx_ref_recurrent {
    bool gru;
    bool bidirectional;
    bool last;
    bool bias;
    size_t batch;
    size_t channels;
    size_t steps;
    size_t units;
    size_t layers;
    double rounding;
    uint64_t seed;
} fmx_ref_recurrent;

/* 0, or -1 where memory is short. */
int fmx_ref_recurrent_forward(const fmx_ref_recurrent *n, double *out, const double *in,
                              double *const *weight);

/* Gradients of sum out grad_out; all are written. */
int fmx_ref_recurrent_backward(const fmx_ref_recurrent *n, double *grad_in,
                               double *const *grad_weight, const double *grad_out, const double *in,
                               double *const *weight);

#endif

/* Twin of loss: one item; gradients are those of the item's own loss. All return the loss. */
#ifndef FIDMIX_LOSS_REF_H
#define FIDMIX_LOSS_REF_H

#include <stddef.h>

/* x, t, grad [channels][positions]: the mean over positions. */
double fmx_ref_cross_entropy(double *grad, const double *x, const double *t, size_t channels,
                             size_t positions);

/* x, grad [classes][sources], labels [sources], below 0: none; the mean over those with a label. */
double fmx_ref_label_entropy(double *grad, const double *x, const double *labels, size_t classes,
                             size_t sources);

/* Means over `count` values. */
double fmx_ref_binary_cross_entropy(double *grad, const double *x, const double *t, size_t count,
                                    double positive_weight);
double fmx_ref_mse(double *grad, const double *x, const double *t, size_t count);
double fmx_ref_mae(double *grad, const double *x, const double *t, size_t count);
double fmx_ref_huber(double *grad, const double *x, const double *t, size_t count, double delta);

/* One source: 10 log10 of noise over signal energy, both less their means. */
double fmx_ref_si_snr(double *grad, const double *x, const double *t, size_t count, double epsilon);

#endif

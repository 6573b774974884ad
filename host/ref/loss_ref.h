/* Twin of loss: one row; gradients are those of the row's own loss. Both return the loss. */
#ifndef FIDMIX_LOSS_REF_H
#define FIDMIX_LOSS_REF_H

#include <stddef.h>

double fmx_ref_cross_entropy(double *grad, const double *logits, const double *target,
                             size_t classes);

double fmx_ref_binary_cross_entropy(double *grad, const double *logits, const double *target,
                                    size_t classes, double positive_weight);

#endif

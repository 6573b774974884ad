/* Twin of activation: kind 0 relu, 1 sigmoid, 2 compress (scale is its own). */
#ifndef FIDMIX_ACTIVATION_REF_H
#define FIDMIX_ACTIVATION_REF_H

#include <stddef.h>

double fmx_ref_activation(double x, int kind, double scale);

/* df/dx at x. */
double fmx_ref_activation_slope(double x, int kind, double scale);

#endif

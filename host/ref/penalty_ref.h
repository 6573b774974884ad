/* Twin of penalty. */
#ifndef FIDMIX_PENALTY_REF_H
#define FIDMIX_PENALTY_REF_H

#include <stddef.h>

/* l1 sum |w| + l2 sum w^2; its gradient is added to grad [count]. */
double fmx_ref_penalty(double *grad, const double *w, size_t count, double l1, double l2);

#endif

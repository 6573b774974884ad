/* First values of weights. */
#ifndef FIDMIX_INITIALISE_H
#define FIDMIX_INITIALISE_H

#include "op.h"

/* Fills a weight as its initialiser says. `tensor`: its number in the model; `seed`: the recipe's,
 * folded to 32 bits. */
fmx_status fmx__initialise(fmx_device *device, const fmx__op_weight *weight, uint32_t tensor,
                           uint32_t seed, fmx_buffer *out);

/* kernels/initialise.cl: kind, and the constant, half width or standard deviation. */
void fmx__initialise_law(const fmx__op_weight *weight, uint32_t *kind, double *a);

#endif

/* First values of weights. */
#ifndef FIDMIX_INITIALISE_H
#define FIDMIX_INITIALISE_H

#include "op.h"

/* Fills a weight as its initialiser says. `tensor`: its number in the model; `seed`: the recipe's,
 * folded to 32 bits. Waits for nothing, but for `orthogonal`, which the host makes of normal
 * values.
 */
fmx_status fmx__initialise(fmx_device *device, const fmx__op_weight *weight, uint32_t tensor,
                           uint32_t seed, fmx_buffer *out);

/* As in kernels/initialise.cl. */
enum { FMX__LAW_CONSTANT, FMX__LAW_UNIFORM, FMX__LAW_CUT_NORMAL, FMX__LAW_NORMAL };

/* Kind, and the constant, half width or standard deviation (before a cut). */
void fmx__initialise_law(const fmx__op_weight *weight, uint32_t *kind, double *a);

#endif

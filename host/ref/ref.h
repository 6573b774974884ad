/* The plain C twins of the kernels: the specification that tests compare with. Loops in the order
 * of the formula, double accumulation, no OpenCL, nothing shared with the host path. */
#ifndef FIDMIX_REF_H
#define FIDMIX_REF_H

#include <stddef.h>
#include <stdint.h>

/* kernels/apodisation.cl. One row: data [points][2], in place. See fmx_apodisation for the windows;
 * sw_hz spectral width, delay_points where the decay starts, valid measured points. */
void fmx_ref_apodisation(float *data, size_t points, double sw_hz, double delay_points,
                         size_t valid, int window, double lb_hz, double gb_hz, double offset,
                         double end, int power);

/* kernels/limits.cl, limits_fma: out [items][16]. */
void fmx_ref_limits_fma(float *out, size_t items, size_t steps, float a, float b);

#endif

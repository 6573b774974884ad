/* Plain C twin of kernels/apodisation.cl: the specification that tests compare with. Loops in the
 * order of the formula, double accumulation, no OpenCL, nothing shared with the host path. */
#ifndef FIDMIX_APODISATION_REF_H
#define FIDMIX_APODISATION_REF_H

#include <stddef.h>
#include <stdint.h>

/* One row: data [points][2], in place. See fmx_apodisation for the windows;
 * sw_hz spectral width, delay_points where the decay starts, valid measured points. */
void fmx_ref_apodisation(float *data, size_t points, double sw_hz, double delay_points,
                         size_t valid, int window, double lb_hz, double gb_hz, double offset,
                         double end, int power);

#endif

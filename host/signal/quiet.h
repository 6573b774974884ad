/* How loud a spectrum is where nothing is in it: what noise, baseline and the foot of the water
 * leave there, whatever the instrument's noise alone would be. On the host. */
#ifndef FIDMIX_QUIET_H
#define FIDMIX_QUIET_H

#include <stddef.h>

#include "fidmix/context.h"

/* Of windows of 0.2 ppm, wider than any multiplet, those wholly between water_low_ppm and
 * water_high_ppm left out, the standard deviation that the median absolute deviation of the window
 * at the 10 % quantile tells. `spectrum` and `ppm` are [points], ppm evenly spaced. *sigma is 0
 * where the axis is shorter than a window or a window is one point. Errors: FMX_ERROR_MEMORY. */
fmx_status fmx__quiet_deviation(fmx_context *ctx, const float *spectrum, const double *ppm,
                                size_t points, double water_low_ppm, double water_high_ppm,
                                double *sigma);

#endif

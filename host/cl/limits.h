/* What this device can do at most, measured: the base of every "share of the roofline". */
#ifndef FIDMIX_LIMITS_H
#define FIDMIX_LIMITS_H

#include "fidmix/device.h"

/* Copies `floats` floats (a multiple of 16) from one buffer to another by a kernel. */
fmx_status fmx__limits_copy(fmx_device *device, fmx_buffer *to, fmx_buffer *from, size_t floats);

/* Runs `steps` rounds of 16 independent x = fma(x, a, b) chains on each of `items` work-items and
 * writes one float16 sum per item to `out` (16 floats each). 2 * 16 * 16 * steps FLOPs an item. */
fmx_status fmx__limits_fma(fmx_device *device, fmx_buffer *out, size_t items, size_t steps, float a,
                           float b);

#endif

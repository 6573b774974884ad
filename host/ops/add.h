/* Sums of tensors as a buffer-level function. */
#ifndef FIDMIX_ADD_H
#define FIDMIX_ADD_H

#include "op.h"

/* out[i] = a[i] + b[i] for `count` floats; out may be a or b. */
fmx_status fmx__add(fmx_device *device, size_t count, fmx_buffer *a, fmx_buffer *b,
                    fmx_buffer *out);

#endif

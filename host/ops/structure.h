/* Exchange of two axes as a buffer-level function. */
#ifndef FIDMIX_STRUCTURE_H
#define FIDMIX_STRUCTURE_H

#include "op.h"

/* to[row][j][i][k] = from[row][i][j][k] for i < a, j < b, k < n; not in place. `rows` * `a` * `b` *
 * `n` floats; a * b * n below 2^32. */
fmx_status fmx__swap_axes(fmx_device *device, size_t rows, size_t a, size_t b, size_t n,
                          fmx_buffer *from, fmx_buffer *to);

#endif

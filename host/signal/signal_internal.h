/* What the stages share. */
#ifndef FIDMIX_SIGNAL_INTERNAL_H
#define FIDMIX_SIGNAL_INTERNAL_H

#include "fidmix/signal.h"
#include "launch.h"
#include "stage.h"

/* Longest row: indices inside kernels are 32 bits, and 2^24 points are far beyond any FID. */
#define FMX__MOST_POINTS ((size_t)1 << 24)

/* As fmx_signal_create, contents undefined: for outputs that a kernel fills whole. */
fmx_status fmx__signal_create_raw(fmx_device *device, fmx_domain domain, bool is_complex,
                                  size_t rows, size_t points, fmx_signal *out);

/* Swaps the batch's buffer for `fresh` (the old one is released), for stages whose output has
 * another length, type or domain. Rows stay. */
void fmx__signal_replace(fmx_signal *signal, fmx_buffer *fresh, fmx_domain domain, bool is_complex,
                         size_t points);

/* Bytes of a batch's data. */
size_t fmx__signal_bytes(const fmx_signal *signal);

/* FMX_ERROR_SHAPE with a message naming the stage unless the batch is of that domain and type. */
fmx_status fmx__need(const fmx_signal *signal, const char *stage, fmx_domain domain,
                     bool is_complex);

/* Reduces a complex spectrum to its real part, host/signal/real_part.c; a real one stays. Errors:
 * FMX_ERROR_SHAPE (time domain), device errors; then the batch is as it was. */
fmx_status fmx__signal_to_real(fmx_signal *signal);

#endif

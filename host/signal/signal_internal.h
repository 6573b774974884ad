/* What the stages share. */
#ifndef FIDMIX_SIGNAL_INTERNAL_H
#define FIDMIX_SIGNAL_INTERNAL_H

#include "fidmix/signal.h"
#include "launch.h"
#include "stage.h"

/* Longest row: indices inside kernels are 32 bits, and 2^24 points are far beyond any FID. */
#define FMX__MOST_POINTS ((size_t)1 << 24)

/* Bytes of a batch's data. */
size_t fmx__signal_bytes(const fmx_signal *signal);

/* FMX_ERROR_SHAPE with a message naming the stage unless the batch is of that domain and type. */
fmx_status fmx__need(const fmx_signal *signal, const char *stage, fmx_domain domain,
                     bool is_complex);

/* Reduces a complex spectrum to its real part, host/signal/real_part.c; a real one stays. Errors:
 * FMX_ERROR_SHAPE (time domain), device errors; then the batch is as it was. */
fmx_status fmx__signal_to_real(fmx_signal *signal);

#endif

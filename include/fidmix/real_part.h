/** @file real_part.h
 *  Real part: a complex spectrum becomes a real one, docs/stages/real_part.md.
 */
#ifndef FIDMIX_REAL_PART_H
#define FIDMIX_REAL_PART_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_real_part_of {
    FMX_REAL_PART_REAL,      /**< re: the absorption spectrum, once phased */
    FMX_REAL_PART_IMAGINARY, /**< im: the dispersion spectrum */
    FMX_REAL_PART_MAGNITUDE, /**< sqrt(re^2 + im^2): needs no phase, but its lines are broader */
} fmx_real_part_of;

/** Options of real_part. */
typedef struct fmx_real_part {
    int part; /**< fmx_real_part_of */
} fmx_real_part;

/** The published default: the real part. */
#define FMX_REAL_PART_DEFAULT                                                                      \
    {                                                                                              \
        FMX_REAL_PART_REAL                                                                         \
    }

/** Reduces a complex spectrum [rows][points] to float [rows][points] and clears is_complex; the old
 *  buffer is released. A batch that is real already stays as it is. Rows' facts do not change.
 *  Errors: FMX_ERROR_SHAPE (time domain), FMX_ERROR_ARGUMENT, device errors; after an error the
 *  batch is as it was. */
fmx_status fmx_to_real(fmx_signal *signal, const fmx_real_part *options);

#ifdef __cplusplus
}
#endif
#endif

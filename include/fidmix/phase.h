/** @file phase.h
 *  Phase: the correction with given angles, docs/stages/phase.md. autophase.h finds the angles.
 */
#ifndef FIDMIX_PHASE_H
#define FIDMIX_PHASE_H

#include "fidmix/signal.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Options of phase: point j of N is multiplied by exp(i pi/180 (p0_deg + p1_deg j / N)). */
typedef struct fmx_phase {
    double p0_deg; /**< zero order, degrees */
    double p1_deg; /**< first order: from the high-ppm end over the whole width, degrees */
} fmx_phase;

/** The default: nothing is turned. */
#define FMX_PHASE_DEFAULT                                                                          \
    {                                                                                              \
        0.0, 0.0                                                                                   \
    }

/** Turns every row by the same angles and adds them to row.p0_deg (kept within +-180) and
 *  row.p1_deg. In place, complex spectra. Rows marked as phased are turned too: these angles were
 *  asked for. Errors: FMX_ERROR_SHAPE (no complex spectrum), FMX_ERROR_ARGUMENT, device errors. */
fmx_status fmx_apply_phase(fmx_signal *signal, const fmx_phase *options);

#ifdef __cplusplus
}
#endif
#endif

/* Plain C twin of kernels/solvent.cl. */
#ifndef FIDMIX_SOLVENT_REF_H
#define FIDMIX_SOLVENT_REF_H

#include <stddef.h>

/* One row in double, data [valid][2] in place: x[n] - sum of x[n - h .. n + h] / (2 h + 1), x = 0
 * outside. Returns 0, or -1 without memory. */
int fmx_ref_solvent_low_pass(double *data, size_t valid, size_t half_width);

/* One row in double, data [valid][2] in place: scipy.signal.filtfilt (odd padding, 6 points) with
 * scipy.signal.bessel(1, corner_hz, "highpass", fs=sw_hz). Returns 0, or -1 without memory. */
int fmx_ref_solvent_bessel(double *data, size_t valid, double corner_hz, double sw_hz);

/* data[n] *= exp(2 pi i n hz / sw_hz). */
void fmx_ref_solvent_turn(double *data, size_t valid, double hz, double sw_hz);

#endif

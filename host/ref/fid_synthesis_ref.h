/* Twin of kernels/fid_synthesis.cl. */
#ifndef FIDMIX_FID_SYNTHESIS_REF_H
#define FIDMIX_FID_SYNTHESIS_REF_H

#include <stddef.h>
#include <stdint.h>

typedef struct fmx_ref_line {
    double hz;
    double amplitude;
    double width_hz;
    double phase_deg;
} fmx_ref_line;

/* One FID without noise, [points][2]. With a group delay every point is the converter's points (8
 * per point of the FID) through the digital filter; without one the decay itself. */
void fmx_ref_fid_synthesis(double *out, size_t points, double sw_hz, double group_delay,
                           const fmx_ref_line *line, size_t lines, double gaussian_hz,
                           double p0_deg, double p1_deg);

/* The noise of one row with standard deviation 1, [points][2]. */
void fmx_ref_fid_noise(double *out, size_t points, uint64_t seed, uint64_t item);

#endif

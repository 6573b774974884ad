/* Heights of lines in the spectrum of a simulated FID. */
#ifndef FIDMIX_SIMULATE_HEIGHT_H
#define FIDMIX_SIMULATE_HEIGHT_H

#include "fidmix/fid_synthesis.h"

/* How the spectrum is made: exponential window, unscaled transform of `points` points. */
typedef struct fmx__height_of {
    double sw_hz;
    double points; /* of the decay, group delay not counted */
    double window_hz;
    double gaussian_hz;
} fmx__height_of;

/* Real part of the spectrum of `lines` (sorted by hz, phases ignored) at hz; those further away
 * than 30 widths or 10 Hz, whichever is more, are left out. */
double fmx__height_at(const fmx__height_of *of, const fmx_synthesis_line *line, size_t lines,
                      double hz);

/* The largest height, on or beside a line. 0 without lines. */
double fmx__height_largest(const fmx__height_of *of, const fmx_synthesis_line *line, size_t lines);

/* sqrt(sum of the squared window): the noise of the real spectrum per noise of the FID. */
double fmx__height_noise(double sw_hz, size_t points, double window_hz);

#endif

/* States between the measured ones of a compound: docs/library.md, "States between two measured
 * ones". */
#ifndef FIDMIX_LIBRARY_BETWEEN_H
#define FIDMIX_LIBRARY_BETWEEN_H

#include "base.h"
#include "fidmix/library.h"

/* Adds entries between neighbouring variants of a compound whose shifts differ, behind those that
 * it has; *added counts them. `*library` is replaced where there are some. Its sums must be known
 * (fmx__library_sum). Entries of measured spectra (width_hz > 0) are left alone. */
fmx_status fmx__library_add_between(fmx_context *ctx, fmx_library **library, size_t *added);

#endif

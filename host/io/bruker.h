/* Bruker experiment folders (XWIN-NMR, TopSpin): fid + acqus, pdata/N/1r + procs. */
#ifndef FIDMIX_BRUKER_H
#define FIDMIX_BRUKER_H

#include "fidmix/fid.h"
#include "jcamp_parameters.h"
#include "values_read.h"

/* Points of group delay that the digital filter left in a FID, from DIGMOD, DSPFVS, GRPDLY and
 * DECIM. Errors: FMX_ERROR_FORMAT, FMX_ERROR_UNSUPPORTED (a filter that is not in the table). */
fmx_status fmx__bruker_group_delay(fmx_context *ctx, const fmx__parameters *acqus, double *points);

/* Reads "<folder>/<status>", or "<folder>/<setup>" where the first does not exist. */
fmx_status fmx__bruker_parameters(fmx_context *ctx, const char *folder, const char *status_name,
                                  const char *setup_name, fmx__parameters *out);

/* nucleus, obs_mhz, base_mhz, scans and solvent from acqus. */
fmx_status fmx__bruker_describe(fmx_context *ctx, const fmx__parameters *acqus, fmx_fid *out);

/* The title in the first of `count` folders that has one, "" when none has. */
fmx_status fmx__bruker_title(fmx_context *ctx, const char *const *folder, size_t count, char **out);

/* A processed spectrum: `folder` is ".../pdata/N". */
fmx_status fmx__bruker_read_spectrum(fmx_context *ctx, const char *folder, fmx_read_depth depth,
                                     fmx_fid *out);

#endif

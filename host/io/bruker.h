/* Bruker experiment folders (XWIN-NMR, TopSpin): fid + acqus, pdata/N/1r + procs. */
#ifndef FIDMIX_BRUKER_H
#define FIDMIX_BRUKER_H

#include "fidmix/fid.h"
#include "jcamp_parameters.h"

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

/* Binary values of a file: type 0 int32, 1 float32, 2 float64. */
typedef struct fmx__bruker_values {
    const char *path;
    int64_t type;
    bool big_endian;
    double scale; /* 2^NC */
} fmx__bruker_values;

size_t fmx__bruker_value_bytes(int64_t type);

/* Reads the first `count` values into out[0], out[stride], ... Errors: FMX_ERROR_READ,
 * FMX_ERROR_FORMAT (file shorter; a value that is not finite, with its offset). */
fmx_status fmx__bruker_read_values(fmx_context *ctx, const fmx__bruker_values *values, size_t count,
                                   size_t stride, float *out);

/* Size of a regular file in bytes. */
fmx_status fmx__bruker_file_bytes(fmx_context *ctx, const char *path, uint64_t *bytes);

/* A processed spectrum: `folder` is ".../pdata/N". */
fmx_status fmx__bruker_read_spectrum(fmx_context *ctx, const char *folder, fmx_read_depth depth,
                                     fmx_fid *out);

#endif

/* Processed spectra: pdata/N/1r, 1i and procs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bruker.h"
#include "io.h"

enum { SI_MOST = 1 << 27, NC_PROC_MOST = 200 };

/* The axis: TopSpin's point 0 lies at OFFSET, and SW_p covers all points that were stored; point j
 * is where the transform of docs/formats.md has its point j - 1. */
static fmx_status read_axis(fmx_context *ctx, const fmx__parameters *procs, fmx_fid *out)
{
    double sf_mhz = 0;
    int64_t si = 0;
    int64_t strip = 0;
    fmx_status status = fmx__parameters_integer(ctx, procs, "SI", 1, SI_MOST, true, 0, &si);
    if (status == FMX_OK) /* a strip transform keeps STSI points of the SI */
        status = fmx__parameters_integer(ctx, procs, "STSI", 0, SI_MOST, false, 0, &strip);
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, procs, "SF", 0.01, 1e4, NAN, &sf_mhz);
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, procs, "SW_p", 0.1, 1e9, NAN, &out->sw_hz);
    if (status == FMX_OK)
        status = fmx__parameters_number(ctx, procs, "OFFSET", -1e6, 1e6, NAN, &out->ppm_first);
    if (status != FMX_OK)
        return status;
    out->points = (size_t)(strip > 0 && strip < si ? strip : si);
    out->base_mhz = sf_mhz;
    out->ppm_step = -out->sw_hz / sf_mhz / (double)out->points;
    return FMX_OK;
}

/* acqus two folders above where it is there; else what procs knows. */
static fmx_status read_acquisition(fmx_context *ctx, const char *experiment,
                                   const fmx__parameters *procs, fmx_fid *out)
{
    fmx__parameters acqus = {0};
    double sf_mhz = out->base_mhz;
    const char *nucleus = fmx__parameters_text(procs, "AXNUC");
    fmx_status status = FMX_OK;
    if (fmx__is_file_in(experiment, "acqus") || fmx__is_file_in(experiment, "acqu")) {
        status = fmx__bruker_parameters(ctx, experiment, "acqus", "acqu", &acqus);
        if (status == FMX_OK)
            status = fmx__bruker_describe(ctx, &acqus, out);
    } else {
        double centre_ppm = out->ppm_first + 0.5 * (double)out->points * out->ppm_step;
        out->obs_mhz = sf_mhz * (1 + 1e-6 * centre_ppm);
        if (nucleus != NULL && strlen(nucleus) < sizeof out->nucleus)
            strcpy(out->nucleus, nucleus);
        status = fmx__format(ctx, &out->solvent, "%s", "");
    }
    out->base_mhz = sf_mhz; /* of this spectrum, as referenced */
    fmx__parameters_clear(&acqus);
    return status;
}

/* 1i counts where it fits 1r. */
static fmx_status find_imaginary(fmx_context *ctx, const char *folder, const char *path,
                                 uint64_t real_bytes, bool *usable)
{
    uint64_t bytes = 0;
    *usable = false;
    if (!fmx__is_file_in(folder, "1i"))
        return FMX_OK;
    fmx_status status = fmx__file_bytes(ctx, path, &bytes);
    *usable = status == FMX_OK && bytes == real_bytes;
    if (status == FMX_OK && !*usable)
        fmx__log(ctx, FMX_LOG_WARNING, "%s: %ju bytes, 1r has %ju; read without an imaginary part",
                 path, (uintmax_t)bytes, (uintmax_t)real_bytes);
    return status;
}

static fmx_status check_size(fmx_context *ctx, const fmx__values *values, size_t points,
                             uint64_t bytes)
{
    uint64_t needed = (uint64_t)points * fmx__value_bytes(values->type);
    if (bytes >= needed)
        return FMX_OK;
    return fmx__fail(ctx, FMX_ERROR_FORMAT,
                     "%s: %ju bytes, the %zu points (SI, STSI) of procs need %ju; copy the file "
                     "again or process the FID again",
                     values->path, (uintmax_t)bytes, points, (uintmax_t)needed);
}

static fmx_status value_layout(fmx_context *ctx, const fmx__parameters *procs, fmx__values *values)
{
    int64_t order = 0;
    int64_t exponent = 0;
    fmx_status status = fmx__parameters_integer(ctx, procs, "DTYPP", 0, 2, false, 0, &values->type);
    if (status == FMX_OK)
        status = fmx__parameters_integer(ctx, procs, "BYTORDP", 0, 1, false, 0, &order);
    if (status == FMX_OK)
        status = fmx__parameters_integer(ctx, procs, "NC_proc", -NC_PROC_MOST, NC_PROC_MOST, false,
                                         0, &exponent);
    values->big_endian = order == 1;
    values->scale = ldexp(1.0, (int)exponent);
    return status;
}

/* TopSpin's 1i has the sign of exp(+i w t); ours is that of exp(-i w t). */
static fmx_status read_points(fmx_context *ctx, fmx__values *values, const char *imaginary,
                              fmx_fid *out)
{
    size_t stride = out->is_complex ? 2 : 1;
    fmx_status status =
        fmx__alloc(ctx, out->points, stride * sizeof *out->data, values->path, &out->data);
    if (status == FMX_OK)
        status = fmx__values_read(ctx, values, out->points, stride, out->data);
    if (status == FMX_OK && out->is_complex) {
        values->path = imaginary;
        values->scale = -values->scale;
        status = fmx__values_read(ctx, values, out->points, stride, out->data + 1);
    }
    return status;
}

fmx_status fmx__bruker_read_spectrum(fmx_context *ctx, const char *folder, fmx_read_depth depth,
                                     fmx_fid *out)
{
    fmx__parameters procs = {0};
    fmx__values values = {0};
    char *experiment = NULL;
    char *real = NULL;
    char *imaginary = NULL;
    uint64_t bytes = 0;
    fmx_status status = fmx__format(ctx, &experiment, "%s/../..", folder);
    if (status == FMX_OK)
        status = fmx__format(ctx, &real, "%s/1r", folder);
    if (status == FMX_OK)
        status = fmx__format(ctx, &imaginary, "%s/1i", folder);
    if (status == FMX_OK)
        status = fmx__bruker_parameters(ctx, folder, "procs", "proc", &procs);
    values.path = real;
    if (status == FMX_OK)
        status = read_axis(ctx, &procs, out);
    if (status == FMX_OK)
        status = read_acquisition(ctx, experiment, &procs, out);
    if (status == FMX_OK)
        status = value_layout(ctx, &procs, &values);
    if (status == FMX_OK)
        status = fmx__file_bytes(ctx, real, &bytes);
    if (status == FMX_OK)
        status = check_size(ctx, &values, out->points, bytes);
    if (status == FMX_OK)
        status = find_imaginary(ctx, folder, imaginary, bytes, &out->is_complex);
    if (status == FMX_OK) {
        const char *const folders[] = {folder, experiment};
        status = fmx__bruker_title(ctx, folders, 2, &out->title);
    }
    if (status == FMX_OK && depth == FMX_READ_DATA)
        status = read_points(ctx, &values, imaginary, out);
    free(imaginary);
    free(real);
    free(experiment);
    fmx__parameters_clear(&procs);
    return status;
}

/* NMRPipe, one dimension. Single precision as here, so that values come back bit for bit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic_file.h"
#include "base.h"
#include "raw_write.h"

enum { HEADER_FLOATS = 512, TITLE_BYTES = 60, LABEL_BYTES = 8, POINTS_MOST = 1 << 24 };

/* Numbers of the header that are not 0, as nmrglue's and NMRPipe's own fdatap.h name them. */
static void fill_header(float header[HEADER_FLOATS], const fmx_fid *fid)
{
    bool decay = fid->kind == FMX_KIND_FID;
    double zero_mhz = fid->reference_mhz > 0 ? fid->reference_mhz : fid->base_mhz;
    double n = (double)fid->points;
    double step_hz = fid->sw_hz / n;
    /* ppm of the transmitter, or of a spectrum's point N/2 */
    double centre_ppm =
        decay ? (fid->obs_mhz / zero_mhz - 1) * 1e6 : fid->ppm_first + floor(n / 2) * fid->ppm_step;
    double observe = fid->obs_mhz;
    if (!decay) /* the axis is kept: width in ppm times the frequency */
        step_hz = -fid->ppm_step * observe;
    header[1] = 4008636160.0F; /* FDFLTFORMAT */
    header[2] = 2.345F;        /* FDFLTORDER */
    header[9] = 1;             /* FDDIMCOUNT */
    header[24] = 2;            /* FDDIMORDER */
    header[25] = 1;
    header[26] = 3;
    header[27] = 4;
    header[40] = (float)fid->group_delay;               /* FDDMXVAL */
    header[41] = decay && fid->group_delay > 0 ? 1 : 0; /* FDDMXFLAG */
    header[56] = fid->is_complex ? 0 : 1;               /* FDF2QUADFLAG */
    header[66] = (float)centre_ppm;                     /* FDF2CAR */
    header[79] = (float)(floor(n / 2) + 1);             /* FDF2CENTER */
    header[95] = (float)n;                              /* FDF2APOD */
    header[96] = decay ? 0 : (float)n;                  /* FDF2FTSIZE */
    header[99] = (float)n;                              /* FDSIZE */
    header[100] = (float)(step_hz * n);                 /* FDF2SW */
    header[101] = (float)(centre_ppm * observe - step_hz * (n - 1 - floor(n / 2))); /* FDF2ORIG */
    header[106] = fid->is_complex ? 0 : 1;                                          /* FDQUADFLAG */
    header[119] = (float)observe;                                                   /* FDF2OBS */
    header[219] = 1;                                                                /* FDSPECNUM */
    header[220] = decay ? 0 : 1;                                                    /* FDF2FTFLAG */
    header[386] = (float)n;                                                         /* FDF2TDSIZE */
    memcpy(header + 16, fid->nucleus, strnlen(fid->nucleus, LABEL_BYTES));          /* FDF2LABEL */
    memcpy(header + 297, fid->title, strnlen(fid->title, TITLE_BYTES - 1));         /* FDTITLE */
}

fmx_status fmx__nmrpipe_write(fmx_context *ctx, const char *path, const fmx_fid *fid)
{
    size_t parts = fid->is_complex ? 2 : 1;
    float *file = NULL;
    if (fid->points > POINTS_MOST)
        return fmx__fail(ctx, FMX_ERROR_ARGUMENT,
                         "%s: %zu points; NMRPipe counts them in single precision, up to 2^24",
                         path, fid->points);
    fmx_status status =
        fmx__alloc(ctx, HEADER_FLOATS + parts * fid->points, sizeof *file, path, &file);
    if (status != FMX_OK)
        return status;
    fill_header(file, fid);
    for (size_t k = 0; k < parts; ++k) {
        /* the format knows one sense of rotation only */
        float sign = k == 1 && fid->reversed ? -1.0F : 1.0F;
        for (size_t i = 0; i < fid->points; ++i)
            file[HEADER_FLOATS + k * fid->points + i] = sign * fid->data[parts * i + k];
    }
    status = fmx__atomic_write(ctx, path, false, file,
                               (HEADER_FLOATS + parts * fid->points) * sizeof *file);
    free(file);
    return status;
}

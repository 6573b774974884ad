/* What the methods of autophase share: facts of the rows and the decimated spectra.
 * kernels/autophase.cl says what the buffers hold. */
#ifndef FIDMIX_AUTOPHASE_INTERNAL_H
#define FIDMIX_AUTOPHASE_INTERNAL_H

#include "fidmix/autophase.h"
#include "signal_internal.h"

enum {
    FMX__FIT_LINES = 128,  /* most lines of a row */
    FMX__FIT_WINDOW = 384, /* points kept about each */
    FMX__REST_TAPS = 41,   /* points from which a missed line's amplitude is taken */
    FMX__PHASE_BLOCK = 32  /* points of Z summed to one moment */
};

/* As in the kernels. */
typedef struct fmx__autophase_row {
    uint32_t dec;
    uint32_t m;
    uint32_t first;
    uint32_t end;
    uint32_t skip_first;
    uint32_t skip_end;
    uint32_t lag_coarse;
    uint32_t lag_fine;
    uint32_t apart;
    float h_hz;
    float x_first;
    float x_step;
    float noise;
    uint32_t apart_rest;
    uint32_t spare[2];
} fmx__autophase_row;

typedef struct fmx__autophase_work {
    fmx_device *device;
    size_t rows;
    size_t points;
    size_t most;   /* points of the longest Z */
    size_t blocks; /* moments per row */
    fmx__autophase_row *param;
    fmx_buffer *data;  /* the spectra, not owned */
    fmx_buffer *z;     /* complex64 [rows][most] */
    fmx_buffer *state; /* float4 [rows] */
    fmx_buffer *difference;
    fmx_buffer *median;
    fmx_buffer *moments;
    fmx_buffer *centres;
    fmx_buffer *count;
    fmx_buffer *line[2];
    fmx_buffer *window;
    fmx_buffer *rest; /* float [rows][3][most] */
    float *taps;      /* [rows][2][FMX__REST_TAPS] */
} fmx__autophase_work;

/* Facts of one row; false when it has no spectral width or axis. */
bool fmx__autophase_facts(const fmx_row *row, size_t points, const fmx_autophase *options,
                          fmx__autophase_row *out);

/* Checks rows, makes buffers, decimates, and sets the start (a0, a1) of every row in `state`. */
fmx_status fmx__autophase_open(const fmx_signal *signal, const fmx_autophase *options,
                               fmx__autophase_work *work);
void fmx__autophase_close(fmx__autophase_work *work);

/* Steps of the common start: Z; then |G| (fine = false) or phased Re G, and the median of its size;
 * then moments and start. */
fmx_status fmx__autophase_decimate(fmx__autophase_work *work);
fmx_status fmx__autophase_difference(fmx__autophase_work *work, bool fine);
fmx_status fmx__autophase_start(fmx__autophase_work *work);

/* host/signal/autophase_lines.c: steps. */
fmx_status fmx__autophase_peaks(fmx__autophase_work *work, double threshold, bool again);
fmx_status fmx__autophase_windows(fmx__autophase_work *work);
fmx_status fmx__autophase_fit(fmx__autophase_work *work, bool moves);
fmx_status fmx__autophase_update(fmx__autophase_work *work, bool turns, double prior_deg);
fmx_status fmx__autophase_sign(fmx__autophase_work *work);

/* host/signal/autophase_rest.c: taps of all rows, when `param` is set; what the lines leave;
 * amplitudes sought in that, with the old lines among them, for `peaks` (again = true). */
fmx_status fmx__autophase_taps(fmx__autophase_work *work);
fmx_status fmx__autophase_rest(fmx__autophase_work *work);
fmx_status fmx__autophase_seek(fmx__autophase_work *work);

/* All of the method. */
fmx_status fmx__autophase_lines(fmx__autophase_work *work, const fmx_autophase *options);

#endif

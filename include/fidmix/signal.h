/** @file signal.h
 *  A batch of FIDs or spectra on the device, and the stages that take the one to the other.
 *
 *  Every stage works in place on all rows of a batch and has an options struct with an
 *  initialiser holding the published defaults. Stages only enqueue work unless their comment says
 *  that they wait.
 *
 *  Conventions. FIDs are complex (re, im interleaved), point 0 first. Spectra run from high to low
 *  ppm. The forward transform is X[k] = sum_n x[n] exp(-2 pi i k n / N), unscaled; point j of the
 *  spectrum is k = N/2 - 1 - j (k < 0 meaning k + N), with frequency k sw_hz / N from the
 *  transmitter, so ppm(j) = ppm_first + j ppm_step. A phase correction multiplies point j by
 *  exp(i pi/180 (p0_deg + p1_deg j / N)).
 */
#ifndef FIDMIX_SIGNAL_H
#define FIDMIX_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fidmix/device.h"
#include "fidmix/fid.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_domain {
    FMX_DOMAIN_TIME,
    FMX_DOMAIN_FREQUENCY,
} fmx_domain;

/** What is known of one row of a batch. Stages keep it current. */
typedef struct fmx_row {
    char name[128];     /**< sample or compound, cut at 127 bytes */
    uint64_t item;      /**< identity of the row for random draws (position in the whole job) */
    double sw_hz;       /**< spectral width, Hz */
    double obs_mhz;     /**< transmitter frequency, MHz */
    double sf_mhz;      /**< frequency of 0 ppm, MHz */
    double group_delay; /**< points of digital-filter delay still in the data */
    size_t valid;       /**< time domain: measured points; the rest of the row is zero */
    double ppm_first;   /**< frequency domain: chemical shift of point 0, ppm */
    double ppm_step;    /**< frequency domain: from one point to the next, ppm (negative) */
    double p0_deg;      /**< phase correction applied so far */
    double p1_deg;
    bool phased;         /**< a processed spectrum: automatic phase leaves it alone */
    bool referenced;     /**< sf_mhz stands on a reference: found, or set by the user in the
                              vendor's software */
    float noise_sigma;   /**< standard deviation of the noise; 0: not known */
    float line_width_hz; /**< full width at half height of the reference line; 0: not known */
    double shift_ppm;    /**< by how much referencing moved the axis, ppm */
    double scale;        /**< product of the factors that were divided out; 0: none */
} fmx_row;

/** A batch on the device: complex64 [rows][points], or float [rows][points] when !is_complex. */
typedef struct fmx_signal {
    fmx_device *device; /**< not owned */
    fmx_domain domain;
    bool is_complex;
    size_t rows;
    size_t points;    /**< allocated points per row */
    fmx_buffer *data; /**< owned */
    fmx_row *row;     /**< [rows], owned */
    uint64_t seed;    /**< of the recipe; key of every random draw */
} fmx_signal;

/** Makes a zeroed batch. Errors: FMX_ERROR_DEVICE_MEMORY, FMX_ERROR_MEMORY, FMX_ERROR_SHAPE. */
fmx_status fmx_signal_create(fmx_device *device, fmx_domain domain, bool is_complex, size_t rows,
                             size_t points, fmx_signal *out);

/** Releases what a batch holds and zeroes it. */
void fmx_signal_clear(fmx_signal *signal);

/** Copies one FID or spectrum into row `row`, the rest of the row becomes zero, and fills its
 *  fmx_row (the name is copied). `item` is the row's identity for random draws: its position in the
 *  whole job, whatever the batch. Errors: FMX_ERROR_SHAPE when the kind or length does not fit. */
fmx_status fmx_signal_load(fmx_signal *signal, size_t row, const fmx_fid *fid, uint64_t item);

/** Reads all rows into `out` (points * rows floats, twice that when complex). Waits. */
fmx_status fmx_signal_read(fmx_signal *signal, float *out);

#ifdef __cplusplus
}
#endif
#endif

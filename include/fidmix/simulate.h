/** @file simulate.h
 *  Simulated samples: from spin systems and amounts to raw FIDs with the faults of measured ones.
 *  docs/simulate.md.
 */
#ifndef FIDMIX_SIMULATE_H
#define FIDMIX_SIMULATE_H

#include "fidmix/signal.h"
#include "fidmix/spins.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fmx_simulate_reference {
    FMX_SIMULATE_DSS,
    FMX_SIMULATE_TSP,
    FMX_SIMULATE_TMS,
    FMX_SIMULATE_NONE,
} fmx_simulate_reference;

/** How samples are measured. Ranges are drawn from uniformly, one draw per FID. */
typedef struct fmx_simulation {
    double field_mhz;      /**< 1H frequency of 0 ppm, MHz */
    size_t points;         /**< complex points of a FID */
    double sw_hz;          /**< spectral width, Hz; 0: 12 ppm */
    double centre_ppm;     /**< where the transmitter stands, ppm */
    double group_delay;    /**< of the digital filter, points; 0: none, or 8 to 128 */
    double width_low_hz;   /**< Lorentzian line width, full width at half height, from ... */
    double width_high_hz;  /**< ... to */
    double gaussian_hz;    /**< Gaussian part of the width */
    double snr;            /**< signal to noise, see fmx_simulator_make; 0: no noise */
    double water;          /**< height of the water line, in highest lines of the sample; 0: none */
    double water_ppm;      /**< its place; +-0.02 ppm are drawn */
    double water_width_hz; /**< its Lorentzian width */
    double water_phase_deg; /**< its own phase, drawn from +- this */
    double p0_deg;          /**< phase error: p0 is drawn from +- this */
    double p1_deg;          /**< and p1 from +- this, at most 360 */
    double baseline_error;  /**< error of the first four points, in amplitudes of the sample */
    int reference;          /**< fmx_simulate_reference, added to every sample */
    double reference_amount;
    uint64_t seed;
    double snr_high;            /**< above snr: drawn log-uniformly from snr to this */
    double multiplet_shift_ppm; /**< each multiplet of each compound is moved by up to +- this */
} fmx_simulation;

/** Lines of a compound further apart than this belong to different multiplets: wider than any
 *  coupling between protons. */
#define FMX_SIMULATION_MULTIPLET_GAP_HZ 18.0

#define FMX_SIMULATION_DEFAULT                                                                     \
    {                                                                                              \
        400, 16384, 0, 4.7, 67.9842071533203, 0.8, 1.6, 0.2, 200, 1, 4.7, 4, 20, 180, 30, 0.01,    \
            FMX_SIMULATE_DSS, 0.1, 1, 0, 0                                                         \
    }

/** So much of one compound. */
typedef struct fmx_simulated_part {
    size_t compound; /**< index in the library */
    double amount;   /**< above 0; a line of one proton has this area */
} fmx_simulated_part;

/** One FID to make. */
typedef struct fmx_simulated_sample {
    const char *name;   /**< names the sample; with `replicate` it keys every random draw */
    uint32_t replicate; /**< which FID of this sample */
    const fmx_simulated_part *part; /**< [count], not owned */
    size_t count;
} fmx_simulated_sample;

/** What was drawn for one FID. */
typedef struct fmx_simulated_truth {
    double p0_deg; /**< the phase correction (signal.h) that makes the spectrum absorptive */
    double p1_deg;
    double line_width_hz; /**< Lorentzian part */
    double snr;           /**< signal to noise; 0: no noise */
    double water_ppm;
    double highest; /**< height of the highest line, unscaled transform, see fmx_simulator_make */
    double noise_sigma; /**< of each of re and im, time domain */
} fmx_simulated_truth;

/** Keeps the lines of compounds at one field between calls. */
typedef struct fmx_simulator fmx_simulator;

/** `library` must live as long as the simulator. Errors: FMX_ERROR_ARGUMENT naming the option,
 *  FMX_ERROR_MEMORY. Release with fmx_simulator_destroy, before the context. */
fmx_status fmx_simulator_create(fmx_context *ctx, const fmx_spin_library *library,
                                const fmx_simulation *options, fmx_simulator **out);

/** NULL is allowed. */
void fmx_simulator_destroy(fmx_simulator *simulator);

/** Makes a batch of `count` FIDs in *signal (released with fmx_signal_clear) and their truth in
 *  truth[count] (NULL: not wanted). A sample comes out the same to the bit in whatever batch. Lines
 *  outside the spectral width are left out (the digital filter takes them away).
 *
 *  Signal to noise: the real spectrum of the noiseless FID without water and reference, with exact
 *  phase, after removal of the group delay and an exponential window of 0.3 Hz over all points, has
 *  its highest line at height h; the noise of that spectrum has the standard deviation s. snr = h /
 * s. Errors: FMX_ERROR_ARGUMENT, those of fmx_spin_lines, FMX_ERROR_MEMORY, device errors. */
fmx_status fmx_simulator_make(fmx_simulator *simulator, fmx_device *device,
                              const fmx_simulated_sample *sample, size_t count, fmx_signal *signal,
                              fmx_simulated_truth *truth);

#ifdef __cplusplus
}
#endif
#endif
